"""The router: whoever publishes is answered, whatever happens to the writer, and only the edge is ever refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from openlines.api import NotReady
from openlines.domain.events import CustomerWrote, Woken
from openlines.domain.messages import Content, Customer
from openlines.domain.people import Agent
from openlines.domain.policy import Channel, Line, Policies
from openlines.runtime.database import migrate, open_engine
from openlines.runtime.drafts import Committed
from openlines.runtime.ownership import Owned, take_all
from openlines.runtime.records import thread_id
from openlines.runtime.router import ROOM, Router
from openlines.runtime.step import routed
from openlines.testing import VirtualClock
from sqlalchemy import Engine


class World:
    """What the router sees of the hub. While `gate` is closed, decisions take for ever."""

    people: MappingProxyType[str, Agent] = MappingProxyType({})

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    @property
    def policies(self) -> Policies:
        assert self.gate.wait(20)
        channel = Channel(id="post", line="shop", kind="post")
        return Policies(revision=1, lines={"shop": Line(id="shop")}, channels={"post": channel})

    def bot_ready(self, bot: str) -> bool:
        return True


class Writer:
    """A router on a store of its own."""

    def __init__(self, engine: Engine, deliver: Callable[[Committed], None] = lambda _done: None) -> None:
        self.world, self.clock, self.lost = World(), VirtualClock(), asyncio.Event()
        self.router = Router(engine, self.world, self.clock, deliver, lost=self.lost.set)

    def start(self, owned: Owned) -> None:
        self.router.start(owned.epochs, owned.counts)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


def owned(engine: Engine) -> Owned:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        return take_all(connection)


def wrote(id: str) -> CustomerWrote:  # noqa: A002
    return CustomerWrote(chat="c", channel="post", id=id, customer=Customer(id="c"), content=Content(text=id), at=1.0)


async def test_the_edge_is_refused_when_there_is_no_room_and_the_hubs_own_never(engine: Engine) -> None:
    writer = Writer(engine)
    writer.start(owned(engine))
    # Given a writer that is busy, and as much as may wait
    writer.world.gate.clear()
    first = asyncio.create_task(writer.router.publish([routed(wrote("first"))]))
    async with asyncio.timeout(5):
        while writer.router.queued or not writer.router.unfinished:  # noqa: ASYNC110 - it is another thread's doing
            await asyncio.sleep(0.001)
    woken = routed(Woken(thread=thread_id("post", "nobody"), at=1.0))
    for _ in range(ROOM):
        writer.router.publish_own([woken])
    # When somebody publishes, they wait two seconds and are told to come back
    late = asyncio.create_task(writer.router.publish([routed(wrote("late"))]))
    await writer.clock.advance(1.9)
    assert not late.done()
    await writer.clock.advance(0.2)
    with pytest.raises(NotReady, match="no room"):
        await late
    writer.router.publish_own([woken])
    assert writer.router.queued == ROOM + 1
    # And whoever waits while room is made gets through
    patient = asyncio.create_task(writer.router.publish([routed(wrote("patient"))]))
    await asyncio.sleep(0)
    writer.world.gate.set()
    assert not (await patient)[0].duplicate
    assert not (await first)[0].duplicate
    await writer.router.stop()


async def test_what_is_durable_is_answered_even_if_those_who_are_told_fail(engine: Engine) -> None:
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["exception"]))

    def deliver(_done: Committed) -> None:
        raise RuntimeError("a fault in the feed")

    writer = Writer(engine, deliver)
    writer.start(owned(engine))
    async with asyncio.timeout(5):
        (outcome,) = await writer.router.publish([routed(wrote("1"))])
    assert outcome.message
    assert [str(fault) for fault in faults] == ["a fault in the feed"]
    await writer.router.stop()


async def test_a_writer_that_cannot_go_on_leaves_nobody_waiting(tmp_path: Path, engine: Engine) -> None:
    nowhere = open_engine(f"sqlite:///{tmp_path / 'no such folder' / 'hub.db'}")
    writer = Writer(nowhere)
    before = asyncio.create_task(writer.router.publish([routed(wrote("1"))]))
    await asyncio.sleep(0)
    writer.start(owned(engine))
    async with asyncio.timeout(5):
        with pytest.raises(NotReady, match="writer failed"):
            await before
        await writer.lost.wait()
    with pytest.raises(NotReady):
        await writer.router.publish([routed(wrote("2"))])
    assert writer.router.unfinished == 0
    await writer.router.stop()
    nowhere.dispose()


async def test_a_hub_that_stops_finishes_what_is_queued_and_takes_no_more(engine: Engine) -> None:
    writer = Writer(engine)
    writer.start(owned(engine))
    queued = [asyncio.create_task(writer.router.publish([routed(wrote(f"{n}"))])) for n in range(20)]
    await asyncio.sleep(0)
    await writer.router.stop()
    assert [outcome.duplicate for (outcome,) in await asyncio.gather(*queued)] == [False] * 20
    with pytest.raises(NotReady, match="stopping"):
        await writer.router.publish([routed(wrote("late"))])
