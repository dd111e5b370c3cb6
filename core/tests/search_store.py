"""A store that is filled by hand, for what reads it: who says what in which conversation; with the statements made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openlines.domain.entries import AnyEntry, Author, Message
from openlines.domain.messages import Content, File
from openlines.domain.people import Agent
from openlines.domain.policy import Line, Queue
from openlines.runtime.database import Database, open_engine
from openlines.runtime.drafts import conversation_row, entry_row
from openlines.runtime.reader import Reader
from openlines.runtime.records import Kept, Summary
from openlines.runtime.search import FoundPage
from openlines.runtime.tables import conversations, entries, involved, metadata
from sqlalchemy import event, insert

ADMIN = Agent(id="olga", role="admin")
ANNA = Agent(id="anna")
LINES = {
    "shop": Line(id="shop", queue=Queue(members=("anna", "boris"))),
    "support": Line(id="support", queue=Queue(members=("boris",))),
}


class Store:
    """One conversation is one thread here."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(f"sqlite:///{folder / 'search.db'}")
        metadata.create_all(self.engine)
        self.database = Database(self.engine)
        self.reader = Reader(self.database)
        self.statements: list[str] = []
        self._counts: dict[int, int] = {}
        event.listen(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement not in ("BEGIN", "BEGIN IMMEDIATE"):
            self.statements.append(statement)

    async def open(self, number: int, *, status: str = "closed", line: str = "shop", **more: Any) -> Summary:
        """A conversation. `more`: what else its summary says."""
        summary = Summary(
            number=number, thread=f"t{number}", channel="site", customer_id="c", customer_name="Zoë",
            line=line, status=status, **{"created_at": float(number), **more},
        )  # fmt: skip
        whose = {summary.responsible, *summary.participants, *summary.holders} - {""}

        def work(connection: Any) -> None:
            connection.execute(insert(conversations), conversation_row(summary, summary.created_at))
            for agent in whose:
                connection.execute(insert(involved), {"agent": agent, "conversation": number})

        await self.database.run(work)
        return summary

    async def tell(self, number: int, entry: AnyEntry, *, at: float, external: str | None = None) -> Kept:
        """An entry of the conversation's thread."""
        partition = number % 64
        n = self._counts[partition] = self._counts.get(partition, 0) + 1
        kept = Kept(partition, n, f"t{number}", at, entry)
        row = entry_row(kept, external)
        await self.database.run(lambda connection: connection.execute(insert(entries), row))
        return kept

    async def say(self, number: int, text: str, *, at: float, files: tuple[str, ...] = (), id: str = "") -> Kept:  # noqa: A002
        """The customer writes; `id` is the platform's."""
        content = Content(text=text, files=tuple(File(name=name, id="f" * 64) for name in files))
        message = Message(conversation=number, id=1, author=Author(kind="customer"), content=content, external=id)
        return await self.tell(number, message, at=at, external=f"message:{id}" if id else None)

    async def find(self, words: str, *, agent: Agent = ADMIN, **more: Any) -> FoundPage:
        return await self.reader.search.page(agent, LINES, words, **more)

    async def found(self, words: str, *, agent: Agent = ADMIN, **more: Any) -> list[str]:
        """The texts found."""
        page = await self.find(words, agent=agent, **more)
        return [row.said.content.text for row in page.rows]
