"""What an agent sees, by the rights and the reads of their console; and what the audit tells."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, or_, select

from openlines.domain import rights
from openlines.domain.entries import AnyEntry, Held, Message, Noted
from openlines.domain.people import Agent
from openlines.domain.state import Thread
from openlines.rehearsal.stage import Stage
from openlines.rehearsal.words import audit, text_of
from openlines.runtime.audit import Audit
from openlines.runtime.hub import Hub
from openlines.runtime.reader import members
from openlines.runtime.records import Kept, Summary, customer_id
from openlines.runtime.tables import conversations, customers

DENIED = "denied"
"""In the place of what is seen."""
PAGE = 200


async def conversation_seen_by(hub: Hub, agent: str, number: int) -> list[str] | str:
    """The texts of a conversation, in order."""
    listed, person = await hub.reader.row(number), hub.people.view.get(agent)
    if listed is None or person is None or not _sees(hub, person, listed.summary):
        return DENIED
    story = await _story(hub, person, listed.summary)
    return [text for kept in story if kept.entry.conversation == number if (text := _text(kept.entry))]


async def history_seen_by(hub: Hub, agent: str, thread: Thread | None) -> list[str] | str:
    """The texts of all threads of a customer, in order of time."""
    person = hub.people.view.get(agent)
    if thread is None or person is None:
        return DENIED
    newest: dict[str, Summary] = {}
    for summary in await _conversations(hub, customer_id(thread)):
        if _sees(hub, person, summary):
            newest[summary.thread] = summary
    if not newest:
        return DENIED
    stories = [kept for summary in newest.values() for kept in await _story(hub, person, summary)]
    return [text for kept in sorted(stories, key=lambda kept: kept.at) if (text := _text(kept.entry))]


async def draft_seen_by(stage: Stage, agent: str, thread: Thread | None) -> str:
    """The unsent text that is shown; "" where none is."""
    hub, person = stage.hub, stage.hub.people.view.get(agent)
    listed = await hub.reader.row(thread.open.number) if thread and thread.open else None
    if thread is None or listed is None or person is None or not _sees(hub, person, listed.summary):
        return ""
    return stage.drafts.get(thread.id, "")


async def last_audited(stage: Stage) -> str:
    """The last thing of note: decided in a thread, or done by staff and noted in the journal; "" = nothing yet."""
    told = [(kept.at, text) for kept in stage.told if (text := audit(kept.entry))]
    journal = await Audit(stage.hub.database, stage.clock).page()
    done = next((noted for noted in journal if not noted.target.startswith("conversation:")), None)
    if done and (not told or done.at >= told[-1][0]):
        detail = " ".join(f"{name} {value}" for name, value in done.detail.items())
        return " ".join(filter(None, [done.what.replace("_", " "), done.target, f"by {done.who}", detail]))
    return told[-1][1] if told else ""


def _text(entry: AnyEntry) -> str:
    match entry:
        case Message() if entry.dropped:
            return ""  # it was not said; the audit tells of it
        case Held():
            return ""  # it is in the line's list
        case Message():
            return f"auto: {text_of(entry.content)}" if entry.author.kind == "auto" else text_of(entry.content)
        case Noted():
            return f"note: {text_of(entry.content)}"
        case _:
            return ""


def _sees(hub: Hub, agent: Agent, summary: Summary) -> bool:
    return rights.sees(agent, summary, members(hub.policies.lines, summary))


async def _story(hub: Hub, agent: Agent, summary: Summary) -> list[Kept]:
    """A thread's entries as far as the agent may read them, oldest first."""
    story: list[Kept] = []
    before: int | None = 0
    while before is not None:
        page, before = await hub.reader.entries(agent, hub.policies.lines, summary, before=before, limit=PAGE)
        story = [*page, *story]
    return story


async def _conversations(hub: Hub, customer: str) -> list[Summary]:
    """All conversations of a person, on whatever channel, oldest first."""

    def work(connection: Connection) -> list[Summary]:
        merged = select(customers.c.merged_into).where(customers.c.id == customer)
        person = connection.execute(merged).scalar() or customer
        same = select(customers.c.id).where(or_(customers.c.id == person, customers.c.merged_into == person))
        query = select(conversations.c.summary).where(conversations.c.customer.in_(same))
        rows = connection.execute(query.order_by(conversations.c.number)).scalars()
        return [msgspec.json.decode(row, type=Summary) for row in rows]

    return await hub.database.read(work)
