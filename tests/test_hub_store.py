"""The store's faults: it refuses writes, somebody else has taken over, an event cannot be decided."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openlines.api import Answer, Content, Message, NotReady
from openlines.domain.events import Accept, Reply
from openlines.runtime.hub import Hub
from openlines.runtime.records import partition_of, thread_id
from openlines.runtime.running import InUse
from openlines.runtime.tables import entries, partitions, threads
from openlines.testing import VirtualClock
from sqlalchemy import Connection, event, func, select, update

from tests.fake_platform import SECRET, FakePlatform
from tests.hub import QUIET, Messenger, Robot, entries_of, hub_of, let_pass, thread_of, until
from tests.hub_process import HubProcess

SHOP = f"""
[lines.shop]
queue.members = ["anna"]
bot.use = "robot"
{QUIET}
[bots.robot]
kind = "robot"
[channels.post]
kind = "post"
line = "shop"
[agents.anna]
email = "anna@shop.example"
"""
IVAN = thread_id("post", "ivan")
LARGE = "x" * 50_000
"""A text that needs pages of its own."""


@contextmanager
def full_disk(hub: Hub) -> Iterator[None]:
    """Until the block ends SQLite may not make its file larger: it says what it says on a full disk."""

    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def lift(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000000")

    event.listen(hub.database.engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(hub.database.engine, "begin", limit)
        event.listen(hub.database.engine, "begin", lift)


def texts(told: list[Any]) -> list[str]:
    return [entry.content.text for entry in told if isinstance(entry, Message) and entry.author.kind == "customer"]


# -- the disk is full -------------------------------------------------------------------------------------------


async def test_on_a_full_disk_the_edge_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        await post.write("ivan", "before", id="1")
        await hub.settled()
        with full_disk(hub):
            for n in range(3):
                with pytest.raises(NotReady, match="full"):
                    await post.write("ivan", LARGE, id=f"large-{n}")
            assert "full" in hub.failing
            with pytest.raises(NotReady, match="full"):
                await hub.ask(Reply(thread=IVAN, by="anna", content=Content(text=LARGE), request="r1"))
        # When there is room again, the first who tries gets through
        assert (await post.write("ivan", LARGE, id="large-0")).duplicate is False
        assert hub.failing == ""
        assert (await hub.ask(Reply(thread=IVAN, by="anna", content=Content(text="hi"), request="r1"))).status == "done"
        await hub.settled()
        assert texts(await entries_of(hub, "ivan")) == ["before", LARGE]
    async with hub_of(tmp_path, SHOP, Messenger(), Robot()) as hub:
        assert texts(await entries_of(hub, "ivan")) == ["before", LARGE]


async def test_what_the_hub_tells_itself_is_tried_until_the_store_takes_it(tmp_path: Path) -> None:
    robot, go_on = Robot(), asyncio.Event()

    async def answer(_turn: Any) -> Answer:
        await go_on.wait()
        return Answer(say=(LARGE,))

    robot.answering = answer
    async with hub_of(tmp_path, SHOP, post := Messenger(), robot) as hub:
        await until(lambda: post.opened == 1)
        await post.write("ivan", "Hello")
        with full_disk(hub):
            go_on.set()
            await until(lambda: bool(hub.failing))
            assert post.sent == [], "what is not kept is not said"
        await until(lambda: bool(post.sent))
        await hub.settled()
        assert hub.failing == ""
        assert post.texts("ivan") == [LARGE]
        assert len(robot.asked) == 1


async def test_a_hub_that_is_sent_nothing_finds_out_by_itself_that_the_store_is_well(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot(), clock=clock) as hub:
        await hub.settled()
        with full_disk(hub):
            with pytest.raises(NotReady):
                await post.write("ivan", LARGE)
            assert hub.failing
        await let_pass(hub, clock, 5)
        await until(lambda: not hub.failing)


async def test_a_hub_process_at_its_file_size_limit_answers_503_and_recovers(tmp_path: Path) -> None:
    settings = f"""
[lines.shop]
{QUIET}
[channels.hook]
kind = "webhook"
line = "shop"
secret = "{SECRET}"
url = "%s"
"""
    async with FakePlatform() as platform, HubProcess(tmp_path, settings % platform.url) as hub:
        hook = f"{hub.address}/hooks/hook"
        assert await platform.write(hook, "ivan", "1", "before") == "stored"
        # Given a system that lets no file of the hub grow
        files = [path.stat().st_size for path in hub.data.iterdir() if path.name.startswith("openlines.db")]
        unlimited = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (max(files) + 4096, unlimited[1]))
        refused = [await platform.write(hook, "ivan", f"large-{n}", LARGE) for n in range(20)]
        assert not refused[-1], "nothing is acknowledged that cannot be kept"
        # When files may grow again
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, unlimited)
        assert await platform.write(hook, "ivan", "2", "after") == "stored"
        # Then everything that was acknowledged is there
        await hub.kill()
        await hub.start()
        kept = [f"large-{n}" for n, answer in enumerate(refused) if answer]
        for known in ("1", *kept, "2"):
            assert await platform.write(hook, "ivan", known, "again") == "duplicate"


# -- somebody else ----------------------------------------------------------------------------------------------


async def test_a_second_hub_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        with pytest.raises(InUse, match="another hub runs on"):
            async with hub_of(tmp_path, SHOP, Messenger(), Robot()):
                raise AssertionError("two hubs wrote to one store")
        assert not (await post.write("ivan", "Hello")).duplicate


async def test_a_hub_whose_partitions_were_taken_over_writes_nothing_more(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        await hub.settled()
        mine = partitions.c.partition == partition_of(IVAN)
        raised = update(partitions).where(mine).values(epoch=partitions.c.epoch + 1)
        await hub.database.run(lambda connection: connection.execute(raised))
        before = await _stored(hub)
        for chat in ("ivan", "ivan", "somebody in another partition"):
            with pytest.raises(NotReady, match="epoch"):
                await post.write(chat, "Hello again")
        with pytest.raises(NotReady):
            await hub.ask(Accept(thread=IVAN, by="anna"))
        assert hub.lost.is_set()
        assert await _stored(hub) == before


async def _stored(hub: Hub) -> int:
    return await hub.database.read(lambda connection: connection.execute(select(func.count(entries.c.n))).scalar_one())


# -- poison -----------------------------------------------------------------------------------------------------


async def test_an_event_that_cannot_be_decided_is_put_aside_and_its_neighbours_go_on(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        await post.write("ivan", "before")
        await hub.settled()
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        # Given a thread that a fault has made unreadable
        sound = await _replace_state(hub, IVAN, b'{"id": 5}')
        # When messages for it come among others
        wrote = await asyncio.gather(
            *(post.write(chat, f"{n}", id=f"{chat}-{n}") for n in range(5) for chat in ("zoe", "ivan", "max"))
        )
        await hub.settled()
        # Then all are acknowledged: the others are decided, those are put aside, in order
        assert not any(stored.duplicate for stored in wrote)
        for chat in ("zoe", "max"):
            assert texts(await entries_of(hub, chat)) == ["0", "1", "2", "3", "4"]
        parked = await hub.reader.parked()
        assert [(each.kind, each.thread) for each in parked] == [("CustomerWrote", IVAN)] * 5
        assert "ValidationError" in parked[0].error
        # And whoever asks something of that thread is told
        decided = await hub.ask(Accept(thread=IVAN, by="anna"))
        assert (decided.status, decided.code) == ("refused", "internal")
        # And a replay before the fault is mended puts it aside again
        assert await hub.replay(parked[0].id) is False
        assert len(await hub.reader.parked()) == 6
        # And a replay after it decides what was put aside
        await _replace_state(hub, IVAN, sound)
        for each in await hub.reader.parked():
            assert await hub.replay(each.id) is True
        assert await hub.reader.parked() == []
        assert sorted(texts(await entries_of(hub, "ivan"))) == ["0", "1", "2", "3", "4", "before"]
        assert await hub.replay(parked[0].id) is False, "it is there no longer"


async def test_a_hub_starts_though_one_of_its_threads_cannot_be_read(tmp_path: Path) -> None:
    settings = SHOP.replace('bot.use = "robot"', "")
    async with hub_of(tmp_path, settings, post := Messenger(), Robot()) as hub:
        await hub.settled()
        for chat in ("ivan", "zoe"):
            await post.write(chat, "before")
        await hub.settled()
        await _replace_state(hub, IVAN, b"?")
    async with hub_of(tmp_path, settings, Messenger(), Robot()) as hub:
        hub.people.connect("anna")
        await hub.settled()
        conversation = (await thread_of(hub, "zoe")).open
        assert conversation is not None
        assert conversation.offered == ("anna",)


async def _replace_state(hub: Hub, thread: str, state: bytes) -> bytes:
    mine = threads.c.id == thread

    def work(connection: Connection) -> bytes:
        before: bytes = connection.execute(select(threads.c.state).where(mine)).scalar_one()
        connection.execute(update(threads).where(mine).values(state=state))
        return before

    return await hub.database.run(work)
