"""A shop behind the real web layer: store, steps, feed, people and files are the hub's own; desk and plugins are not.

async with open_shop(tmp_path) as shop:
    number = await shop.customer_writes("Hello")
    anna = await shop.sign_in("anna")
    await anna.post(f"conversations/{number}/accept")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import argon2
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from openlines.api import App, Connector, Link, NotReady, Record
from openlines.domain.events import AnyEvent, Asked, CustomerWrote, Placed
from openlines.domain.messages import Content, Customer
from openlines.domain.people import Agent
from openlines.domain.policy import Channel, Line, Policies, Queue
from openlines.domain.state import Thread
from openlines.runtime.bus import Decided, MemoryBus
from openlines.runtime.database import Database, open_engine
from openlines.runtime.feed import Feed, PresenceChanged, Typing
from openlines.runtime.files import FileStore, Folder
from openlines.runtime.ownership import take_all
from openlines.runtime.people import People
from openlines.runtime.reader import Reader
from openlines.runtime.records import thread_id
from openlines.runtime.router import Router
from openlines.runtime.step import Committed
from openlines.runtime.tables import metadata
from openlines.settings.models import Server, Settings
from openlines.testing.clock import VirtualClock
from openlines.web.app import make_app
from prometheus_client import CollectorRegistry

PASSWORD = "correct horse"
STAFF = (
    Agent(id="anna", name="Anna", email="anna@shop.example"),
    Agent(id="boris", name="Boris", email="boris@shop.example"),
    Agent(id="carla", name="Carla", email="carla@shop.example"),  # in no queue
    Agent(id="mila", name="Mila", email="mila@shop.example", role="supervisor"),
    Agent(id="olga", name="Olga", email="olga@shop.example", role="admin"),
)
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = CHEAP.hash(PASSWORD)


class Plugins:
    """What stands in for the supervisor."""

    def __init__(self) -> None:
        self.connectors: dict[str, tuple[Connector[Any], Link]] = {}

    def states(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "plugin": "livechat",
                "instance": "site",
                "family": "channel",
                "state": "open",
                "since": 1.0,
                "why": "",
                "tries": 0,
                "until": 0.0,
            }
        ]


class WebHub:
    """The hub as the web layer sees it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.settings = Settings(server=server)
        self.policies = Policies(
            revision=1,
            lines={
                "shop": Line(id="shop", name="Shop", queue=Queue(members=("anna", "boris"))),
                "support": Line(id="support", queue=Queue(members=("carla",))),
            },
            channels={
                "site": Channel(id="site", line="shop", kind="livechat"),
                "help": Channel(id="help", line="support", kind="telegram"),
            },
        )
        self.clock = VirtualClock()
        engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
        metadata.create_all(engine)
        self.database = Database(engine)
        self.people = People(self.database, self.clock, hasher=CHEAP)
        self.people.changed = lambda agents: self.feed.signal(PresenceChanged(tuple(agent.id for agent in agents)))
        self.files = FileStore(
            Folder(folder / "files"),
            self.database,
            self.clock,
            secret=b"s" * 32,
            public_url="http://hub.example",
            max_file=server.max_file,
        )
        self.reader = Reader(self.database)
        self.feed = Feed()
        self.supervisor = Plugins()
        self.apps: list[App] = []
        self.metrics = CollectorRegistry()
        self.crm: list[tuple[str, Record]] = []
        self.full = False
        self.failing = ""
        self.replayed: list[int] = []
        self._router = Router(engine, self._view(), self.clock, self._deliver, lost=lambda: None)
        self._bus = MemoryBus(self._router)

    async def start(self) -> None:
        await self.people.load()
        for agent in STAFF:
            await self.people.add(agent)
            self.people._hashes[agent.id] = HASH
        owned = await self.database.run(take_all)
        self.feed.start(owned.counts, self.reader.after)
        self._router.start(owned.epochs, owned.counts)

    async def stop(self) -> None:
        await self._router.stop()
        await self.people.close()
        self.database.close()

    async def publish(self, *events: AnyEvent) -> None:
        await self._bus.publish(*events)

    async def ask(self, request: Asked) -> Decided:
        if self.full:
            raise NotReady("the hub has no room for more at the moment")
        return await self._bus.ask(request)

    async def records(self, thread: Thread, line: str) -> Sequence[tuple[str, Record]]:
        return self.crm

    async def replay(self, parked: int) -> bool:
        self.replayed.append(parked)
        return True

    def typing(self, conversation: int, agent: str) -> None:
        self.feed.signal(Typing(conversation, "", "agent", agent, self.people.view[agent].name))

    def _deliver(self, done: Committed) -> None:
        self.feed.committed(done)
        for thread, answer in done.answers:
            self._bus.answered(thread, answer)

    def _view(self) -> Any:
        hub = self

        class View:
            policies = hub.policies

            @property
            def people(self) -> Mapping[str, Agent]:
                return hub.people.view

            def bot_ready(self, _bot: str) -> bool:
                return True

        return View()


class Staff:
    """A browser, signed in or not."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.csrf = ""

    async def sign_in(self, email: str, password: str = PASSWORD) -> ClientResponse:
        response = await self.session.post("/api/v1/session", json={"email": email, "password": password})
        if response.status == 200:
            self.csrf = (await response.json())["csrf"]
        return response

    async def get(self, path: str, **more: Any) -> ClientResponse:
        return await self.session.get(f"/api/v1/{path}", **more)

    async def post(self, path: str, body: Any = None, *, method: str = "POST", **more: Any) -> ClientResponse:
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return await self.session.request(method, f"/api/v1/{path}", headers=headers, **more)

    async def read(self, path: str) -> Any:
        """What a GET answers, which must be good."""
        response = await self.get(path)
        assert response.status == 200, await response.text()
        return await response.json()

    async def numbers(self, view: str) -> list[int]:
        return [row["number"] for row in (await self.read(f"conversations?view={view}"))["items"]]


class Shop:
    """The hub, its server, and what people do."""

    def __init__(self, hub: WebHub, server: TestServer, stack: AsyncExitStack) -> None:
        self.hub = hub
        self.server = server
        self._stack = stack
        self._written = 0

    @property
    def clock(self) -> VirtualClock:
        return self.hub.clock

    async def browser(self) -> Staff:
        """A browser of its own, nobody signed in."""
        session = ClientSession(self.server.make_url("/"), cookie_jar=CookieJar(unsafe=True))
        return Staff(await self._stack.enter_async_context(session))

    async def sign_in(self, agent: str) -> Staff:
        """This agent's browser."""
        staff = await self.browser()
        response = await staff.sign_in(f"{agent}@shop.example")
        assert response.status == 200, await response.text()
        return staff

    async def program(self, agent: str, *scopes: str) -> Staff:
        """A program with an API token of this agent's."""
        staff = await self.sign_in(agent)
        made = await (await staff.post("tokens", {"name": "-".join(scopes), "scopes": list(scopes)})).json()
        session = ClientSession(self.server.make_url("/"), headers={"Authorization": f"Bearer {made['token']}"})
        return Staff(await self._stack.enter_async_context(session))

    async def customer_writes(
        self, text: str, *, chat: str = "chat-1", channel: str = "site", content: Content | None = None
    ) -> int:
        """The number of the conversation it is part of."""
        self._written += 1
        await self.clock.advance(1)
        await self.hub.publish(
            CustomerWrote(
                channel=channel,
                chat=chat,
                id=f"m{self._written}",
                customer=Customer(id=chat, name=f"Customer {chat}", phone="+15550100"),
                content=content or Content(text=text),
                at=self.clock.now(),
            )
        )
        thread = await self.thread(chat, channel)
        assert thread.open is not None
        return thread.open.number

    async def offer(self, *agents: str, chat: str = "chat-1", channel: str = "site") -> None:
        """The desk offers the chat's conversation."""
        thread = await self.thread(chat, channel)
        assert thread.open is not None
        placed = Placed(
            thread=thread.id,
            conversation=thread.open.number,
            seat=thread.seat,
            offered=agents,
            rung=agents,
            at=self.clock.now(),
        )
        await self.hub.publish(placed)

    async def thread(self, chat: str = "chat-1", channel: str = "site") -> Thread:
        thread = await self.hub.reader.thread(thread_id(channel, chat))
        assert thread is not None, "the customer has not written yet"
        return thread


@asynccontextmanager
async def open_shop(folder: Path, *, server: Server | None = None, prepare: Any = None) -> AsyncIterator[Shop]:
    """A shop that is open. `prepare(hub)` may change the hub before it serves."""
    hub = WebHub(folder, server or Server())
    await hub.start()
    if prepare is not None:
        prepare(hub)
    try:
        async with TestServer(make_app(hub)) as listening, AsyncExitStack() as stack:
            yield Shop(hub, listening, stack)
    finally:
        await hub.stop()


async def problem(response: ClientResponse) -> dict[str, Any]:
    """The problem document of an error; everything that every error must have is checked here."""
    assert response.content_type == "application/problem+json", await response.text()
    body: dict[str, Any] = await response.json()
    assert body["status"] == response.status
    assert body["code"]
    assert body["title"]
    assert "Traceback" not in body["detail"]
    return body


async def settled(condition: Any) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.005)
