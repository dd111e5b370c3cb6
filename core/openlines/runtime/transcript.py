"""A finished conversation as text, for the CRM's timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from openlines.domain.entries import Decision, Message
from openlines.domain.messages import Content
from openlines.runtime.records import Kept

LONGEST = 200_000
"""Characters; of a longer one the end is kept."""


def transcript(number: int, entries: Iterable[Kept]) -> str:
    """What customer, agents and bots said to each other, a line each, times in UTC; no notes."""
    lines = [f"Conversation #{number}"]
    for kept in entries:
        entry = kept.entry
        if entry.conversation != number:
            continue
        at = datetime.fromtimestamp(kept.at, UTC).strftime("%Y-%m-%d %H:%M")
        if isinstance(entry, Message) and not entry.dropped:
            who = (
                entry.author.name
                or {"customer": "Customer", "agent": "Agent", "bot": "Bot", "auto": "Line"}[entry.author.kind]
            )
            lines.append(f"{at} {who}: {_said(entry.content)}")
        elif isinstance(entry, Decision) and entry.what == "rated":
            lines.append(f"{at} rated: {entry.fields.get('rating', '')} {entry.text}".rstrip())
    return "\n".join(lines)[-LONGEST:]


def _said(content: Content) -> str:
    said = [content.text] if content.text else []
    said += [f"[{file.name}]" for file in content.files]
    if content.location:
        said.append(f"[location {content.location.latitude}, {content.location.longitude}]")
    if content.contact:
        said.append(f"[contact {content.contact.name} {content.contact.phone}]")
    return " ".join(said)
