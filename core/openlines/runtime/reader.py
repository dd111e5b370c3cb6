"""What screens and plugins read: lists, one conversation, the story of a thread. Few statements, none that writes.

A list is paged by its sort key (`after` a row), so a page costs the same wherever it is, and rows that move between
two pages are at worst seen twice.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select, true, tuple_

from openlines.api.link import Story
from openlines.domain import rights
from openlines.domain.entries import AnyEntry, Message, customer_sees
from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.domain.state import Status, Thread
from openlines.runtime.database import Database
from openlines.runtime.filters import NOT_NARROWED, Filters, conditions
from openlines.runtime.records import Kept, Summary
from openlines.runtime.search import BadCursor as BadCursor
from openlines.runtime.search import Search
from openlines.runtime.tables import conversations, entries, involved, parked, threads
from openlines.runtime.visibility import members as members
from openlines.runtime.visibility import visible, visible_at_all

View = Literal["mine", "queue", "waiting", "open", "closed", "all"]

OPEN = tuple(status.value for status in Status if status is not Status.CLOSED)
PREVIEW = 140
"""Characters of the last message that a list shows."""

_SUMMARY = msgspec.json.Decoder(Summary)
_ENTRY: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)
_THREAD = msgspec.json.Decoder(Thread)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list."""

    summary: Summary
    last: Message | None = None
    last_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Listed]
    next: str | None


@dataclass(frozen=True, slots=True)
class Count:
    mine: int
    queue: int
    waiting: int
    open: int


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that could not be decided; `event` is its JSON."""

    id: int
    partition: int
    thread: str
    at: float
    event: bytes
    error: str

    @property
    def kind(self) -> str:
        return str(msgspec.json.decode(self.event, type=_Tagged).type)


class _Tagged(msgspec.Struct):
    type: str = ""


class Reader:
    """Reads what the steps have committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.search = Search(database)

    # -- lists ----------------------------------------------------------------------------------------------------

    async def page(
        self,
        agent: Agent,
        lines: Mapping[str, Line],
        view: View,
        *,
        filters: Filters = NOT_NARROWED,
        cursor: str = "",
        limit: int = 50,
    ) -> Page:
        """A page of conversations that the agent may see. Raises `BadCursor`, and for words `TooManyWords`, `NotReady`.

        mine: the agent is responsible, takes part or is offered it. queue: nobody has it yet, the longest waiting
        first. waiting: the customer waits for an agent's answer. open: all open ones. closed: the history. all: both.
        """
        place = _read_cursor(cursor) if cursor else None
        narrowed = [*conditions(filters), *await self.search.holding(filters)]
        return await self._database.read(
            lambda connection: _list(connection, agent, lines, view, narrowed, place, limit)
        )

    async def each(
        self, agent: Agent, lines: Mapping[str, Line], filters: Filters, *, after: int = 0, limit: int = 500
    ) -> list[Summary]:
        """Conversations that the agent may see, by number: nothing is missed or met twice, however they change.

        Fewer than `limit` does not mean that there are no more: only none does. Raises as `page` does.
        """
        columns = conversations.c
        query = select(columns.number, columns.summary).where(visible_at_all(agent, lines), *conditions(filters))
        query = query.where(*await self.search.holding(filters)).order_by(columns.number).limit(limit)

        def work(connection: Connection) -> list[Summary]:
            place = after
            while rows := connection.execute(query.where(columns.number > place)).all():
                place = rows[-1].number
                found = [_SUMMARY.decode(row.summary) for row in rows]
                if seen := [each for each in found if rights.sees(agent, each, members(lines, each))]:
                    return seen
            return []

        return await self._database.read(work)

    async def total(self, agent: Agent, lines: Mapping[str, Line], filters: Filters) -> int:
        """How many conversations `each` comes upon, about: rows that the agent has lost since are counted too."""
        query = select(func.count()).select_from(conversations).where(visible_at_all(agent, lines))
        query = query.where(*conditions(filters), *await self.search.holding(filters))
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def count(self, agent: Agent, lines: Mapping[str, Line]) -> Count:
        """How many each list of open conversations holds."""
        return await self._database.read(lambda connection: _count(connection, agent, lines))

    async def rows(self, numbers: Collection[int]) -> dict[int, Listed]:
        """Conversations by their numbers, each with its last message; unknown numbers are left out."""
        if not numbers:
            return {}
        query = _listed().where(conversations.c.number.in_(numbers))

        def work(connection: Connection) -> dict[int, Listed]:
            return {row.number: _row(row) for row in connection.execute(query)}

        return await self._database.read(work)

    async def row(self, number: int) -> Listed | None:
        """One conversation."""
        return (await self.rows([number])).get(number)

    # -- one thread -----------------------------------------------------------------------------------------------

    async def thread(self, thread: str) -> Thread | None:
        """The whole state of a thread, as of its last step."""
        query = select(threads.c.state).where(threads.c.id == thread)
        state = await self._database.read(lambda connection: connection.execute(query).scalar())
        return None if state is None else _THREAD.decode(state)

    async def entries(
        self, agent: Agent, lines: Mapping[str, Line], summary: Summary, *, before: int = 0, limit: int = 50
    ) -> tuple[list[Kept], int | None]:
        """A page of a thread's story, oldest first, and where the page before it ends.

        Whoever may see a conversation may see what came before it in its thread; what came after it only with a
        right of its own. Notices are no part of the story.
        """

        def work(connection: Connection) -> list[Kept]:
            hidden = _hidden(connection, agent, lines, summary)
            query = select(entries).where(entries.c.thread == summary.thread, entries.c.kind != "Notice")
            if before:
                query = query.where(entries.c.n < before)
            if hidden:
                query = query.where(entries.c.conversation.not_in(hidden))
            newest_first = connection.execute(query.order_by(entries.c.n.desc()).limit(limit + 1))
            return [_kept(row) for row in newest_first]

        found = await self._database.read(work)
        more = len(found) > limit
        page = found[:limit][::-1]
        return page, page[0].n if more else None

    async def story(self, thread: str, *, after: int = 0, before: int = 0, limit: int = 50) -> list[Story]:
        """What the customer may see of a thread, oldest first.

        `after`: the first `limit` entries behind it. `before`: the last `limit` before it. Neither: the newest.
        """
        forward = after > 0 and not before

        def work(connection: Connection) -> list[Story]:
            found: list[Story] = []
            low, high = after, before
            while True:
                query = select(entries).where(entries.c.thread == thread, entries.c.kind.in_(_CUSTOMER_KINDS))
                query = query.where(entries.c.n > low) if low else query
                query = query.where(entries.c.n < high) if high else query
                order = entries.c.n.asc() if forward else entries.c.n.desc()
                batch = [_kept(row) for row in connection.execute(query.order_by(order).limit(limit))]
                found += [Story(kept.n, kept.at, kept.entry) for kept in batch if customer_sees(kept.entry)]
                if len(batch) < limit or len(found) >= limit:
                    return found[:limit]
                if forward:
                    low = batch[-1].n
                else:
                    high = batch[-1].n

        found = await self._database.read(work)
        return found if forward else found[::-1]

    # -- all threads ----------------------------------------------------------------------------------------------

    async def after(self, vector: Mapping[int, int], limit: int) -> list[Kept]:
        """Entries behind a place in the feed, at most `limit`, in order within each partition.

        `vector` maps partitions to the last `n` that is known; partitions it does not name are left out. Fewer than
        `limit` means that there is nothing more.
        """
        if not vector:
            return []
        behind = or_(*(and_(entries.c.partition == p, entries.c.n > n) for p, n in vector.items()))
        query = select(entries).where(behind).order_by(entries.c.partition, entries.c.n).limit(limit)
        return await self._database.read(lambda connection: [_kept(row) for row in connection.execute(query)])

    async def parked(self, *, after: int = 0, limit: int = 100) -> list[Parked]:
        """Events that could not be decided, oldest first."""
        query = select(parked).where(parked.c.id > after).order_by(parked.c.id).limit(limit)

        def work(connection: Connection) -> list[Parked]:
            return [Parked(**row) for row in connection.execute(query).mappings()]

        return await self._database.read(work)

    async def ready(self) -> None:
        """Raise unless the store answers."""
        await self._database.read(lambda connection: connection.execute(select(1)).scalar())


# -- lists ------------------------------------------------------------------------------------------------------


def _of_view(agent: Agent, lines: Mapping[str, Line], view: View) -> ColumnElement[bool]:
    status = conversations.c.status
    match view:
        case "all":
            return visible_at_all(agent, lines)
        case "closed":
            return and_(status == Status.CLOSED.value, visible(agent, lines, "history"))
        case "queue":
            return and_(status == Status.WAITING.value, visible(agent, lines, "conversations"))
        case "waiting":
            return and_(status == Status.AWAITING_AGENT.value, visible(agent, lines, "conversations"))
        case "open":
            return and_(status.in_(OPEN), visible(agent, lines, "conversations"))
        case "mine":
            ever = conversations.c.number.in_(select(involved.c.conversation).where(involved.c.agent == agent.id))
            return and_(status.in_(OPEN), ever, visible(agent, lines, "conversations"))


def _is_mine(agent: Agent, summary: Summary) -> bool:
    """`involved` also holds who had it once; the list shows who has it now."""
    return agent.id == summary.responsible or agent.id in (*summary.offered, *summary.participants)


def _list(
    connection: Connection,
    agent: Agent,
    lines: Mapping[str, Line],
    view: View,
    narrowed: Sequence[ColumnElement[bool]],
    place: tuple[float, int] | None,
    limit: int,
) -> Page:
    oldest_first = view == "queue"
    key = conversations.c.created_at if oldest_first else conversations.c.changed_at
    order = tuple_(key, conversations.c.number)
    query = _listed(key.label("key")).where(_of_view(agent, lines, view), *narrowed)
    ordered = (key, conversations.c.number) if oldest_first else (key.desc(), conversations.c.number.desc())
    query = query.order_by(*ordered).limit(limit + 1)
    rows: list[tuple[Row[Any], Listed]] = []
    while True:
        beyond = (order > place if oldest_first else order < place) if place else true()
        batch = connection.execute(query.where(beyond)).all()
        decoded = [(row, _row(row)) for row in batch]
        rows += [
            (row, listed)
            for row, listed in decoded
            if (view != "mine" or _is_mine(agent, listed.summary))
            and rights.sees(agent, listed.summary, members(lines, listed.summary))
        ]
        if len(batch) <= limit or len(rows) > limit:
            break
        place = (batch[-1].key, batch[-1].number)
    page = rows[:limit]
    more = len(rows) > limit
    return Page([listed for _, listed in page], _write_cursor(page[-1][0]) if more else None)


def _count(connection: Connection, agent: Agent, lines: Mapping[str, Line]) -> Count:
    views: tuple[View, ...] = ("queue", "waiting", "open")
    sums = [func.coalesce(func.sum(case((_of_view(agent, lines, view), 1), else_=0)), 0) for view in views]
    queue, waiting, open_ = connection.execute(select(*sums).where(conversations.c.status.in_(OPEN))).one()
    held = connection.execute(select(conversations.c.summary).where(_of_view(agent, lines, "mine"))).scalars()
    mine = sum(_is_mine(agent, _SUMMARY.decode(summary)) for summary in held)
    return Count(mine=mine, queue=queue, waiting=waiting, open=open_)


def _hidden(connection: Connection, agent: Agent, lines: Mapping[str, Line], summary: Summary) -> list[int]:
    query = select(conversations.c.summary).where(
        conversations.c.thread == summary.thread, conversations.c.created_at > summary.created_at
    )
    later = [_SUMMARY.decode(each) for each in connection.execute(query).scalars()]
    return [each.number for each in later if not rights.sees(agent, each, members(lines, each))]


# -- rows -------------------------------------------------------------------------------------------------------


def _listed(*more: ColumnElement[Any]) -> Select[Any]:
    """Conversations with their last message: a walk back in the thread's index that stops at the first hit."""
    told = entries.alias("told")
    last = (
        select(told.c.n)
        .where(
            told.c.thread == conversations.c.thread,
            told.c.conversation == conversations.c.number,
            told.c.kind == "Message",
        )
        .order_by(told.c.n.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    return select(conversations.c.number, conversations.c.summary, entries.c.body, entries.c.at, *more).select_from(
        conversations.outerjoin(entries, and_(entries.c.thread == conversations.c.thread, entries.c.n == last))
    )


def _row(row: Row[Any]) -> Listed:
    message = None if row.body is None else _ENTRY.decode(row.body)
    last = message if isinstance(message, Message) else None
    return Listed(_SUMMARY.decode(row.summary), last, row.at or 0.0)


def _kept(row: Row[Any]) -> Kept:
    return Kept(partition=row.partition, n=row.n, thread=row.thread, at=row.at, entry=_ENTRY.decode(row.body))


def preview(message: Message) -> str:
    """A message in one short line."""
    content = message.content
    said: Iterable[str] = (
        content.text,
        *(file.name for file in content.files),
        content.location.title or "location" if content.location else "",
        content.contact.name or content.contact.phone or content.contact.email if content.contact else "",
    )
    line = " ".join(next((text for text in said if text.strip()), "").split())
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"


_CUSTOMER_KINDS = ("Message", "Held", "Edited", "Deleted", "Delivery", "Decision")


# -- cursors ----------------------------------------------------------------------------------------------------


def _write_cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(f"{row.key!r}:{row.number}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[float, int]:
    try:
        key, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        return float(key), int(number)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("this cursor was not given by a page of this list: start without one") from error
