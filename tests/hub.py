"""A whole hub in this process, on a real store in a folder, and plugins that behave as a test wants.

    async with hub_of(tmp_path, settings, post := Messenger()) as hub:
        await post.write("ivan", "hello")
        await hub.settled()

With a `VirtualClock`, `let_pass(hub, clock, 3600)` is an hour: every deadline rings at its own moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from openlines.api import (
    Answer,
    Bot,
    Capabilities,
    Channel,
    Connector,
    Content,
    Crm,
    CrmSession,
    Customer,
    CustomerWrote,
    Delivery,
    Identity,
    Link,
    Outgoing,
    Receipt,
    Record,
    Settings,
    Stored,
    Turn,
    hookimpl,
)
from openlines.cli.kinds import kinds_of
from openlines.domain.entries import AnyEntry
from openlines.domain.events import Reply
from openlines.domain.state import Thread
from openlines.runtime import plugins
from openlines.runtime.clock import Clock
from openlines.runtime.hub import Hub
from openlines.runtime.records import thread_id
from openlines.runtime.running import running
from openlines.settings import check, parse
from openlines.testing import VirtualClock

QUIET = """
greeting.enabled = false
off_hours.text = ""
"""
"""For `[lines.<id>]`: the line says nothing by itself while people talk."""
SHOP = f"""
[lines.shop]
queue.members = ["anna"]
{QUIET}
[channels.post]
kind = "post"
line = "shop"
[agents.anna]
email = "anna@shop.example"
"""
SECOND_CHANNEL = """
[channels.other]
kind = "other"
line = "shop"
"""
BOT = """
[lines.shop.bot]
use = "robot"
[bots.robot]
kind = "robot"
timeout = "20s"
"""
CRM = """
[lines.shop.crm]
use = "book"
[crm.book]
kind = "ledger"
"""
IVAN = thread_id("post", "ivan")


@asynccontextmanager
async def hub_of(folder: Path, toml: str, *extra: object, clock: Clock | None = None) -> AsyncIterator[Hub]:
    """A hub on `folder`; `extra` are plugins in process, beside the installed ones that the settings name."""
    document = parse(f'[server]\ndata = "{folder / "data"}"\n\n{toml}', "settings.toml", folder)
    loaded = plugins.load(document.kinds, extra=extra)
    assert not loaded.broken, loaded.broken
    with plain_logs():
        async with running(check(document, kinds_of(loaded)), loaded, clock=clock) as hub:
            yield hub


@contextmanager
def plain_logs() -> Iterator[None]:
    """Logs without structlog's decorated tracebacks: each takes 60 ms, and faults are what many tests are about."""
    before = structlog.get_config()
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, renderer]
    )
    try:
        yield
    finally:
        structlog.configure(**before)


async def let_pass(hub: Hub, clock: VirtualClock, seconds: float) -> None:
    """Let time pass, from one moment at which something is due to the next."""
    end = clock.now() + seconds
    await hub.settled()
    while (at := clock.next) <= end:
        await clock.advance(at - clock.now())
        await hub.settled()
    await clock.advance(end - clock.now())
    await hub.settled()


async def turns(times: int = 50) -> None:
    """Let others run for a moment, where `hub.settled` would wait for something that hangs on purpose."""
    for _ in range(times):
        await asyncio.sleep(0)


async def until(true: Callable[[], bool], within: float = 10) -> None:
    """Wait for something that another thread or process brings about."""
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what it looks at has no event
            await asyncio.sleep(0.002)


async def thread_of(hub: Hub, chat: str, channel: str = "post") -> Thread:
    thread = await hub.reader.thread(thread_id(channel, chat))
    assert thread is not None, f"chat {chat!r} has no thread"
    return thread


async def entries_of(hub: Hub, chat: str, channel: str = "post") -> list[AnyEntry]:
    """Everything that is kept of a chat, in order."""
    thread = thread_id(channel, chat)
    found = await hub.reader.after(dict.fromkeys(range(64), 0), 100_000)
    return [kept.entry for kept in found if kept.thread == thread]


class Messenger:
    """A connector of kind `post`. Replace `opening` or `sending` to have it misbehave."""

    kind = "post"

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities(sender_names=True, max_text=100_000)
        self.sent: list[Outgoing] = []
        """What the platform took, in order."""
        self.links: dict[str, Link] = {}
        self.opened = 0
        self.opening: Callable[[Link], Awaitable[None]] = _nothing
        self.sending: Callable[[Outgoing], Awaitable[Any]] = self.take
        self.routes: Callable[[Link], Iterable[web.RouteDef]] = lambda _link: ()
        self._ids = count(1)

    async def write(
        self,
        chat: str,
        text: str,
        *,
        id: str = "",  # noqa: A002
        customer: str = "",
        channel: str = "post",
    ) -> Stored:
        wrote = CustomerWrote(
            chat=chat,
            id=id or f"in-{next(self._ids)}",
            customer=Customer(id=customer or chat),
            content=Content(text=text),
        )
        (stored,) = await self.links[channel].receive(wrote)
        return stored

    def texts(self, chat: str) -> list[str]:
        return [message.content.text for message in self.sent if message.chat == chat]

    async def take(self, message: Outgoing) -> Receipt:
        self.sent.append(message)
        return Receipt(external=f"out-{next(self._ids)}")

    async def send(self, message: Outgoing, /) -> Receipt:
        receipt: Receipt = await self.sending(message)
        return receipt

    @hookimpl
    def openlines_connectors(self) -> Iterable[type[Connector[Any]]]:
        messenger = self

        class Post(Connector[Settings]):
            kind = messenger.kind
            settings_model = Settings
            capabilities = messenger.capabilities

            @asynccontextmanager
            async def open(self, link: Link) -> AsyncIterator[Channel]:
                await messenger.opening(link)
                messenger.opened += 1
                messenger.links[link.id] = link
                yield messenger

            def routes(self, link: Link) -> Iterable[web.RouteDef]:
                return messenger.routes(link)

        return [Post]


class Robot:
    """A bot of kind `robot`. Replace `answering` to have it say something, or misbehave."""

    def __init__(self) -> None:
        self.asked: list[Turn] = []
        self.answering: Callable[[Turn], Awaitable[Any]] = _echo

    @hookimpl
    def openlines_bots(self) -> Iterable[type[Bot[Any]]]:
        robot = self

        class Robotic(Bot[Settings]):
            kind = "robot"
            settings_model = Settings

            async def answer(self, turn: Turn, /) -> Answer:
                robot.asked.append(turn)
                answer: Answer = await robot.answering(turn)
                return answer

        return [Robotic]


class Ledger:
    """A CRM of kind `ledger`, which is its own session. Replace `opening`, `finding` or `creating`."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.assigned: list[tuple[str, str]] = []
        self.timeline: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.opening: Callable[[Link], Awaitable[None]] = _nothing
        self.finding: Callable[[Identity], Awaitable[Any]] = self.look_up
        self.creating: Callable[[Identity, str], Awaitable[Any]] = self.add

    async def look_up(self, who: Identity) -> Record | None:
        return next((record for record in self.records.values() if record.fields.get("identity") == who.identity), None)

    async def add(self, who: Identity, responsible: str) -> Record:
        record = Record(f"L{len(self.records) + 1}", "lead", who.name, responsible, fields={"identity": who.identity})
        self.records[record.id] = record
        return record

    async def find(self, who: Identity, /) -> Record | None:
        found: Record | None = await self.finding(who)
        return found

    async def create(self, kind: str, who: Identity, source: str, responsible: str, key: str) -> Record:
        self.keys.append(key)
        created: Record = await self.creating(who, responsible)
        return created

    async def assign(self, record: str, kind: str, responsible: str, key: str) -> None:
        self.assigned.append((record, responsible))

    async def log(self, record: str, kind: str, text: str, key: str) -> None:
        self.timeline.append((record, text))

    async def show(self, record: str, kind: str) -> Record | None:
        return self.records.get(record)

    @hookimpl
    def openlines_crms(self) -> Iterable[type[Crm[Any]]]:
        ledger = self

        class Book(Crm[Settings]):
            kind = "ledger"
            settings_model = Settings

            @asynccontextmanager
            async def open(self, link: Link) -> AsyncIterator[CrmSession]:
                await ledger.opening(link)
                yield ledger

        return [Book]


def other() -> Messenger:
    """A neighbour, of kind `other`."""
    messenger = Messenger()
    messenger.kind = "other"
    return messenger


def states(hub: Hub) -> dict[str, str]:
    return {row["instance"]: row["state"] for row in hub.supervisor.states()}


def why(hub: Hub, instance: str) -> str:
    (text,) = (row["why"] for row in hub.supervisor.states() if row["instance"] == instance)
    return str(text)


async def reply(hub: Hub, text: str, chat: str = "ivan", channel: str = "post") -> int:
    decided = await hub.ask(Reply(thread=thread_id(channel, chat), by="anna", content=Content(text=text)))
    assert decided.status == "done", decided
    assert decided.message is not None
    return decided.message


async def deliveries(hub: Hub, chat: str = "ivan") -> list[tuple[str, str]]:
    return [(entry.state, entry.code) for entry in await entries_of(hub, chat) if isinstance(entry, Delivery)]


async def hang(*_args: object) -> None:
    """Never come back."""
    await asyncio.get_running_loop().create_future()


def raising(error: BaseException) -> Callable[..., Awaitable[Any]]:
    async def fail(*_args: object) -> Any:
        raise error

    return fail


def returning(value: object) -> Callable[..., Awaitable[Any]]:
    async def answer(*_args: object) -> Any:
        return value

    return answer


async def _nothing(_link: Link) -> None:
    """Open at once."""


async def _echo(turn: Turn) -> Answer:
    return Answer(say=(f"You said: {turn.content.text}",))
