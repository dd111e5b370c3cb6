"""The core as a plugin sees it, in memory: what a plugin's tests hand to `open`, `routes` and `pages`.

    async with MemoryLink(tmp_path, id="tg") as link:
        async with connector.open(link) as channel:
            ...
            assert link.texts() == ["Hello"]

It keeps the promises of the real one: a fact is stored once per chat and id, values of the state are JSON, the story
of a chat can be followed from any place in it, database work runs in a thread as one transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import msgspec
from aiohttp import ClientSession
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from openlines.api.errors import NotReady
from openlines.api.link import Database, Files, Log, State, Stored, Story
from openlines.domain.entries import AnyEntry, Author, Decision, Deleted, Edited, Message, customer_sees
from openlines.domain.events import (
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Incoming,
)
from openlines.domain.messages import Content, File, Kind
from openlines.testing.clock import VirtualClock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Logged:
    """One line that a plugin wrote to its log."""

    level: Literal["debug", "info", "warning"]
    event: str
    values: dict[str, Any]


class MemoryLink:
    """A `Link` without a hub. Make it inside a coroutine and leave it with `async with`, or call `close`.

    Args:
        folder: where files and the SQLite database go; a test's `tmp_path`.
        database_url: another database for `link.database`, as SQLAlchemy names it.
        max_file: bytes that `link.files.save` takes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        id: str = "test",  # noqa: A002  # the name it has on the contract
        title: str = "",
        line: str = "shop",
        language: str = "en",
        public_url: str = "http://hub.example",
        clock: VirtualClock | None = None,
        database_url: str = "",
        max_file: int = 20_000_000,
    ) -> None:
        self.id = id
        self.title = title
        self.line = line
        self.language = language
        self.public_url = public_url
        self.clock = clock or VirtualClock()
        self.http = ClientSession()
        self.logged: list[Logged] = []
        self.log: Log = _MemoryLog(self.logged)
        self.kept: dict[str, bytes] = {}
        """What `link.state` keeps, as JSON."""
        self.state: State = _MemoryState(self.kept)
        self._database = _ThreadDatabase(database_url or f"sqlite:///{folder / 'link.sqlite'}")
        self.database: Database = self._database
        self.files: Files = _FolderFiles(folder / "files", public_url, max_file)

        self.received: list[Incoming] = []
        """Every new fact, in order; duplicates are not in it."""
        self.duplicates: list[Incoming] = []
        self.full = False
        """While true the hub takes nothing: `receive` raises `NotReady`."""
        self._messages: dict[tuple[str, ...], str] = {}
        self._stories: dict[str, list[Story]] = {}
        self._news = asyncio.Condition()
        self._seq = 0
        self._counter = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.close()
        self._database.close()

    # -- what the plugin calls ------------------------------------------------------------------------------------

    async def receive(self, *incoming: Incoming) -> list[Stored]:
        if self.full:
            raise NotReady("the hub has no room now")
        return [await self._store(fact) for fact in incoming]

    async def follow(self, chat: str, after: int = 0) -> AsyncIterator[list[Story]]:
        while True:
            async with self._news:
                while not (news := self._since(chat, after)):
                    await self._news.wait()
            after = news[-1].seq
            yield news

    async def history(self, chat: str, before: int = 0, limit: int = 50) -> list[Story]:
        older = [story for story in self._stories.get(chat, []) if not before or story.seq < before]
        return older[-limit:]

    def now(self) -> float:
        return self.clock.now()

    # -- what the test calls --------------------------------------------------------------------------------------

    async def say(
        self,
        chat: str,
        content: Content | str,
        *,
        author: Author | None = None,
        kind: Kind = "message",
        automatic: str = "",
    ) -> Message:
        """Staff, a bot or the line wrote in this chat; an agent called Anna unless told otherwise."""
        self._counter += 1
        message = Message(
            conversation=1,
            id=self._counter,
            author=author or Author(kind="agent", id="anna", name="Anna"),
            content=Content(text=content) if isinstance(content, str) else content,
            kind=kind,
            automatic=automatic,
        )
        await self.tell(chat, message)
        return message

    async def tell(self, chat: str, entry: AnyEntry) -> None:
        """Add an entry to the chat's story, if the customer may see such; whoever follows it is told."""
        if not customer_sees(entry):
            return
        async with self._news:
            self._seq += 1
            self._stories.setdefault(chat, []).append(Story(self._seq, self.now(), entry))
            self._news.notify_all()

    def texts(self, chat: str = "") -> list[str]:
        """What customers wrote, in this chat or in all of them."""
        return [
            fact.content.text
            for fact in self.received
            if isinstance(fact, CustomerWrote) and (not chat or fact.chat == chat)
        ]

    # -- inside ---------------------------------------------------------------------------------------------------

    def _since(self, chat: str, after: int) -> list[Story]:
        return [story for story in self._stories.get(chat, []) if story.seq > after]

    async def _store(self, fact: Incoming) -> Stored:
        identity = _identity(fact)
        if identity is not None and identity in self._messages:
            self.duplicates.append(fact)
            return Stored(duplicate=True, message=self._messages[identity])
        self.received.append(fact)
        entry = self._entry(fact)
        message = str(entry.id) if isinstance(entry, Message) else ""
        if identity is not None:
            self._messages[identity] = message
        if entry is not None:
            await self.tell(fact.chat, entry)
        return Stored(duplicate=False, message=message)

    def _entry(self, fact: Incoming) -> AnyEntry | None:
        match fact:
            case CustomerWrote():
                self._counter += 1
                author = Author(kind="customer", id=fact.customer.id, name=fact.customer.name)
                return Message(conversation=1, id=self._counter, author=author, content=fact.content, external=fact.id)
            case CustomerEdited():
                return Edited(conversation=1, message=fact.id, content=fact.content)
            case CustomerDeleted():
                return Deleted(conversation=1, message=fact.id)
            case CustomerRated():
                return Decision(conversation=1, what="rated", by="customer", text=fact.value)
            case CustomerReceived() | CustomerFilled() | CustomerTyping():
                return None


def _identity(fact: Incoming) -> tuple[str, ...] | None:
    """What makes two facts the same one; None for passing signals."""
    match fact:
        case CustomerTyping():
            return None
        case CustomerEdited():
            return (type(fact).__name__, fact.chat, fact.id, fact.version)
        case CustomerReceived():
            return (type(fact).__name__, fact.chat, fact.id, fact.state)
        case _:
            return (type(fact).__name__, fact.chat, fact.id)


@dataclass(frozen=True, slots=True)
class _MemoryLog:
    lines: list[Logged] = field(default_factory=list)

    def debug(self, event: str, **values: Any) -> None:
        self.lines.append(Logged("debug", event, values))

    def info(self, event: str, **values: Any) -> None:
        self.lines.append(Logged("info", event, values))

    def warning(self, event: str, **values: Any) -> None:
        self.lines.append(Logged("warning", event, values))


@dataclass(frozen=True, slots=True)
class _MemoryState:
    """Goes through JSON both ways, so that a value which is no JSON fails here and not in production."""

    kept: dict[str, bytes]

    async def get(self, key: str) -> Any:
        return msgspec.json.decode(self.kept[key]) if key in self.kept else None

    async def put(self, key: str, value: Any) -> None:
        self.kept[key] = msgspec.json.encode(value)


class _ThreadDatabase:
    """Runs work in threads. SQLite begins with the write lock taken, as the hub's own store does."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = create_engine(url, poolclass=NullPool)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _leave_transactions_to_us)
            event.listen(self._engine, "begin", _begin_immediate)

    async def run(self, work: Callable[[Any], T]) -> T:
        return await asyncio.to_thread(self._transaction, work)

    def _transaction(self, work: Callable[[Any], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        self._engine.dispose()


def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _FolderFiles:
    """Files under the hash of their bytes. The media type is believed; the hub looks at the bytes."""

    def __init__(self, folder: Path, public_url: str, max_file: int) -> None:
        self._folder = folder
        self._public_url = public_url
        self._max_file = max_file

    async def save(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> File:
        data = bytearray()
        async for chunk in chunks:
            data += chunk
            if len(data) > self._max_file:
                raise ValueError(f"{name}: a file may have {self._max_file} bytes at most")
        file = File(name=name, type=media_type, size=len(data), id=hashlib.sha256(data).hexdigest())
        await asyncio.to_thread(self._write, file.id, bytes(data))
        return file

    async def open(self, file: str) -> Path | None:
        path = self._folder / file
        known = len(file) == 64 and file.isalnum() and await asyncio.to_thread(path.is_file)
        return path if known else None

    def address(self, file: File) -> str:
        return file.url or f"{self._public_url}/files/{file.id}?signature=test"

    def _write(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(data)
