"""What the core lends a plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import ClientSession

from openlines.domain.entries import AnyEntry
from openlines.domain.events import Incoming
from openlines.domain.messages import File

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one incoming fact: `duplicate` means that it was known already."""

    duplicate: bool
    message: str = ""
    """The hub's id of the message, for messages."""


@dataclass(frozen=True, slots=True)
class Story:
    """One entry of a thread as its customer may see it. `seq` grows; it is the place to resume from."""

    seq: int
    at: float
    entry: AnyEntry


class State(Protocol):
    """A small durable place for a plugin's own: offsets, tokens. Values are JSON."""

    async def get(self, key: str) -> Any: ...
    async def put(self, key: str, value: Any) -> None: ...


class Database(Protocol):
    """The hub's own database, for plugins that keep tables (named `<plugin>_...`)."""

    async def run(self, work: Callable[[Any], T]) -> T:
        """Run `work(connection)` on a SQLAlchemy connection, in a thread, as one transaction. Keep it short."""
        ...


class Log(Protocol):
    """A structlog logger that names plugin and instance already."""

    def debug(self, event: str, **values: Any) -> Any: ...
    def info(self, event: str, **values: Any) -> Any: ...
    def warning(self, event: str, **values: Any) -> Any: ...


class Files(Protocol):
    """The hub's files."""

    async def save(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> File:
        """Keep a file; its true type is told from its bytes. Raises `ValueError` over the size limit."""
        ...

    async def open(self, file: str) -> Path | None:
        """Where the bytes of a kept file are, by its id."""
        ...

    def address(self, file: File) -> str:
        """A signed public address of the file, for platforms that fetch."""
        ...


class Link(Protocol):
    """The core, as one plugin instance sees it."""

    id: str
    """The instance: the channel's, bot's or CRM's id in the settings."""
    title: str
    line: str
    """For channels: the line they are attached to."""
    language: str
    public_url: str
    """Where this hub is on the web, without a slash at the end."""
    http: ClientSession
    log: Log
    state: State
    database: Database
    files: Files

    async def receive(self, *incoming: Incoming) -> list[Stored]:
        """Hand over what a platform reports, in order. Returns once nothing of it can be lost.

        Raises `NotReady` when the hub has no room or cannot make it durable: answer 503, or do not move the offset.
        """
        ...

    def follow(self, chat: str, after: int = 0) -> AsyncIterator[list[Story]]:
        """What the customer of this chat may see, from `after` on and as it happens; for screens of our own."""
        ...

    async def history(self, chat: str, before: int = 0, limit: int = 50) -> list[Story]:
        """The last `limit` entries before `before` (0 = the newest), oldest first."""
        ...

    def now(self) -> float:
        """Seconds since the epoch by the hub's clock."""
        ...


class AppLink(Protocol):
    """The core, as a web screen sees it."""

    public_url: str
    language: str
