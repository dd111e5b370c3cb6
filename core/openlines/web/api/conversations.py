"""Reading conversations: lists, one of them, its thread's story, its customer's CRM records."""

from __future__ import annotations

from openlines.domain import rights
from openlines.runtime.filters import Filters
from openlines.runtime.reader import BadCursor, Listed, members
from openlines.runtime.words import TooManyWords
from openlines.web.endpoint import Call
from openlines.web.problems import denied, invalid, not_found
from openlines.web.schemas import (
    ConversationDetail,
    ConversationPage,
    ConversationsQuery,
    Counters,
    EntriesQuery,
    EntryPage,
    Narrowing,
    RecordList,
    RecordOut,
)
from openlines.web.shapes import conversation_out, customer_out, entry_out


async def page(call: Call, query: ConversationsQuery) -> ConversationPage:
    """A page of one of the lists."""
    hub = call.hub
    filters = narrowed(call, query)
    try:
        found = await hub.reader.page(
            call.agent, hub.policies.lines, query.view, filters=filters, cursor=query.cursor, limit=query.limit
        )
    except BadCursor as error:
        raise invalid("cursor", str(error)) from error
    except TooManyWords as error:
        raise invalid("text", str(error)) from error
    return ConversationPage(
        items=[conversation_out(row, hub.policies, call.agent) for row in found.rows], next=found.next
    )


def narrowed(call: Call, asked: Narrowing) -> Filters:
    """What was asked, with departments told by their agents."""
    responsible: set[str] | None = set(asked.agent) if asked.agent else None
    if asked.department:
        wanted = set(asked.department)
        of_them = {agent.id for agent in call.hub.people.view.values() if wanted & set(agent.departments)}
        responsible = of_them if responsible is None else responsible & of_them
    return Filters(
        line=tuple(asked.line),
        channel=tuple(asked.channel),
        status=tuple(asked.status),
        responsible=None if responsible is None else tuple(sorted(responsible)),
        created_from=asked.created_from,
        created_to=asked.created_to,
        closed_from=asked.closed_from,
        closed_to=asked.closed_to,
        rating=tuple(asked.rating),
        supervisor_rating=tuple(asked.supervisor_rating),
        late=asked.late,
        unanswered=asked.unanswered,
        pinned=asked.pinned,
        text=getattr(asked, "text", ""),
        file=getattr(asked, "file", ""),
    )


async def counters(call: Call) -> Counters:
    """How many conversations each list holds."""
    count = await call.hub.reader.count(call.agent, call.hub.policies.lines)
    return Counters(mine=count.mine, queue=count.queue, waiting=count.waiting, open=count.open)


async def detail(call: Call) -> ConversationDetail:
    """One conversation with its customer, and what the asker may do."""
    row = await visible(call)
    thread = await call.hub.reader.thread(row.summary.thread)
    if thread is None:
        raise not_found(f"conversation {call.number}")
    return ConversationDetail(
        conversation=conversation_out(row, call.hub.policies, call.agent),
        customer=customer_out(thread, row.summary.customer_id),
    )


async def entries(call: Call, query: EntriesQuery) -> EntryPage:
    """The story of the conversation's thread, earlier conversations included; pages go backwards in time."""
    row = await visible(call)
    found, before = await call.hub.reader.entries(
        call.agent, call.hub.policies.lines, row.summary, before=query.before, limit=query.limit
    )
    return EntryPage(items=[entry_out(kept) for kept in found], before=before)


async def records(call: Call) -> RecordList:
    """What the CRM knows of the customer."""
    row = await visible(call)
    if not rights.reads_records(call.agent, row.summary, members(call.hub.policies.lines, row.summary)):
        raise denied("your role does not read the CRM here")
    thread = await call.hub.reader.thread(row.summary.thread)
    if thread is None:
        raise not_found(f"conversation {call.number}")
    found = await call.hub.records(thread, row.summary.line)
    return RecordList(
        items=[
            RecordOut(
                crm=crm,
                id=record.id,
                kind=record.kind,
                name=record.name,
                responsible=record.responsible,
                url=record.url,
                fields=dict(record.fields),
                timeline=list(record.timeline),
            )
            for crm, record in found
        ]
    )


async def visible(call: Call) -> Listed:
    """The conversation that the path names. Raises `Refusal` where there is none or the agent may not see it."""
    row = await call.hub.reader.row(call.number)
    if row is None:
        raise not_found(f"conversation {call.number}")
    if not rights.sees(call.agent, row.summary, members(call.hub.policies.lines, row.summary)):
        raise denied("this conversation is not yours to see")
    return row
