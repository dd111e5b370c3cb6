"""Full-text search: messages, notes and file names, newest first, as far as the one who asks may read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import SQLAlchemyError

from openlines.domain import rights
from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.runtime.database import Database
from openlines.runtime.filters import NOT_NARROWED, Filters, conditions
from openlines.runtime.records import Summary
from openlines.runtime.tables import conversations
from openlines.runtime.text_index import Hit, Said, Span, TextIndex, Where, index_for, searchable
from openlines.runtime.visibility import members, visible_among
from openlines.runtime.words import Part, Phrase, asked, excerpt, holds

LOOKED_THROUGH = 2_000
"""Hits that one page looks at. Where few of them may be read, a page holds less than was asked, and leads on."""
LARGEST_LOOK = 1_000
PASSES = 4
"""How far a search brings the index up to date before it answers; further back, it says that it is not complete."""

log = structlog.get_logger("openlines.search")

_SUMMARY = msgspec.json.Decoder(Summary)


class BadCursor(ValueError):
    """A cursor that no page gave."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message that holds what was asked, and its conversation."""

    summary: Summary
    said: Said
    excerpt: tuple[Part, ...]
    files: tuple[str, ...]
    """Names of its files that hold it."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    rows: list[Found]
    next: str | None
    complete: bool
    """Whether the index knows all that was said: not while it is made, after an upgrade."""


class Search:
    """Searches what the steps have committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def index(self) -> TextIndex:
        """Raises `NotReady` where the store has none."""
        return index_for(self._database.engine.dialect)

    async def catch_up(self, passes: int | None = PASSES) -> bool:
        """Bring the index up to date, in at most so many transactions; whether it is. Raises `NotReady`."""
        try:
            if not await self._database.read(self.index.behind):
                return True
            while passes is None or passes > 0:
                if not await self._database.run(self.index.follow):
                    return True
                passes = None if passes is None else passes - 1
        except SQLAlchemyError as error:  # a full disk: what is known already can still be found
            log.warning("index_failed", why=str(error))
        return False

    async def page(
        self,
        agent: Agent,
        lines: Mapping[str, Line],
        words: str,
        *,
        where: Where = "anywhere",
        filters: Filters = NOT_NARROWED,
        span: Span | None = None,
        cursor: str = "",
        limit: int = 50,
    ) -> FoundPage:
        """A page of what is found. Raises `BadCursor`, `TooManyWords`, `NotReady`."""
        span = replace(span or Span(), below=_read_cursor(cursor) if cursor else 0)
        phrases = asked(words)
        complete = await self.catch_up()
        if not phrases:
            return FoundPage([], None, complete)

        def work(connection: Connection) -> FoundPage:
            looking = _Looking(connection, self.index, agent, lines, conditions(filters))
            return looking.page(phrases, where, span, limit, complete)

        return await self._database.read(work)

    async def holding(self, filters: Filters) -> list[ColumnElement[bool]]:
        """That a conversation holds the words that filters name. Raises `TooManyWords`, `NotReady`."""
        wanted: list[tuple[str, Where]] = [(filters.text, "text"), (filters.file, "files")]
        found = [(asked(words), where) for words, where in wanted if words]
        if found:
            await self.catch_up()
        return [self.index.holding(phrases, where) for phrases, where in found]


class _Looking:
    """One search, within one transaction."""

    def __init__(
        self,
        connection: Connection,
        index: TextIndex,
        agent: Agent,
        lines: Mapping[str, Line],
        narrowed: Sequence[ColumnElement[bool]],
    ) -> None:
        self._connection, self._index = connection, index
        self._agent, self._lines, self._narrowed = agent, lines, narrowed
        self._readable: dict[int, Summary | None] = {}

    def page(self, phrases: Sequence[Phrase], where: Where, span: Span, limit: int, complete: bool) -> FoundPage:
        """Hits are looked at in growing numbers until the page is full: mostly the first look is enough."""
        kept: list[Hit] = []
        last: Hit | None = None
        looked, look, more = 0, limit + 1, True
        with closing(self._index.hits(self._connection, phrases, where, span)) as found:
            while more and len(kept) <= limit and looked < LOOKED_THROUGH:
                look = min(look, LOOKED_THROUGH - looked)
                hits = list(islice(found, look))
                self._learn({hit.conversation for hit in hits})
                kept += [hit for hit in hits if self._readable[hit.conversation] is not None]
                more = len(hits) == look
                looked, look = looked + len(hits), min(look * 8, LARGEST_LOOK)
                last = hits[-1] if hits else last
        if len(kept) > limit:
            more, last = True, kept[limit - 1]
        rows = self._rows(kept[:limit], phrases, where)
        return FoundPage(rows, str(last.id) if more and last else None, complete)

    def _learn(self, numbers: Collection[int]) -> None:
        """Which of the conversations may be read, and fit the filters."""
        column = conversations.c
        unknown = [number for number in numbers if number not in self._readable]
        if not unknown:
            return
        self._readable |= dict.fromkeys(unknown)
        allowed = visible_among(self._agent, self._lines, unknown)
        query = select(column.number, column.summary).where(allowed, *self._narrowed)
        for number, body in self._connection.execute(query):
            summary = _SUMMARY.decode(body)
            if rights.sees(self._agent, summary, members(self._lines, summary)):
                self._readable[number] = summary

    def _rows(self, hits: Sequence[Hit], phrases: Sequence[Phrase], where: Where) -> list[Found]:
        said = self._index.said(self._connection, hits) if hits else {}
        found = []
        for hit in hits:
            summary, one = self._readable[hit.conversation], said.get(hit.id)
            if summary is None or one is None:
                continue
            in_text, in_files = where != "files", where != "text"
            text, _ = searchable(one.content)
            names = tuple(file.name for file in one.content.files if in_files and holds(file.name, phrases))
            found.append(Found(summary, one, excerpt(text, phrases if in_text else ()), names))
        return found


def _read_cursor(cursor: str) -> int:
    if cursor.isascii() and cursor.isdigit() and 0 < len(cursor) < 20 and 0 < int(cursor) < 2**63:
        return int(cursor)
    raise BadCursor("this cursor was not given by a page of this search: start without one")
