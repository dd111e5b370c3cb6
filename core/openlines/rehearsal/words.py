"""What happened, in words: one line for each entry that somebody who looks for a mistake would want to see."""

from __future__ import annotations

import json

from openlines.domain.entries import AnyEntry, Author, Decision, Deleted, Delivery, Edited, Held, Message, Noted, Notice
from openlines.domain.messages import Content


def text_of(content: Content) -> str:
    """What a message says: its text, or the names of its files."""
    return content.text or ", ".join(file.name for file in content.files)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def told(entry: AnyEntry) -> str:
    """An entry in words; "" for what goes without saying."""
    match entry:
        case Held():
            return f"held for line {entry.line or 'none'}: {quoted(text_of(entry.content))}"
        case Message():
            return _message(entry)
        case Noted():
            return f"{entry.by} notes {quoted(text_of(entry.content))}"
        case Edited():
            return f"the customer changes a message to {quoted(text_of(entry.content))}"
        case Deleted():
            return "the customer takes back a message"
        case Delivery():
            return f"a message could not be delivered: {entry.reason}" if entry.state == "failed" else ""
        case Decision():
            return _decision(entry)
        case Notice():
            return f"{entry.agent} is told {quoted(entry.text)}"


def audit(entry: AnyEntry) -> str:
    """An entry as the audit keeps it: what was decided, and what was dropped; "" for what people said."""
    if isinstance(entry, Decision) or (isinstance(entry, Message) and entry.dropped):
        return told(entry)
    return ""


def _message(entry: Message) -> str:
    said = quoted(text_of(entry.content))
    if entry.dropped:
        return f"{_author(entry.author)}'s answer came too late and is dropped: {said}"
    if entry.automatic:
        return f"the line says {said} ({entry.automatic.replace('_', ' ')})"
    return f"{_author(entry.author)} says {said}"


def _author(author: Author) -> str:
    return f"bot:{author.id}" if author.kind == "bot" else author.id or "the line"


def _decision(entry: Decision) -> str:
    what = entry.what.replace("_", " ")
    by = f" by {entry.by}" if entry.by else ""
    whom = f": {', '.join(entry.agents)}" if entry.agents else ""
    line = f" (line {entry.line})" if entry.line else ""
    fields = " ".join(f"{name} {value}" for name, value in entry.fields.items())
    more = "; ".join(filter(None, [entry.text, fields, entry.reason.words if entry.reason else ""]))
    return f"{what}{by}{whom}{line}" + (f" [{more}]" if more else "")
