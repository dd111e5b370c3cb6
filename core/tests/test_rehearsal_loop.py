"""The loop that knows when all has settled, and the hub's workings without threads."""

from __future__ import annotations

import asyncio

from openlines.rehearsal.loop import QuietLoop
from openlines.rehearsal.store import MemoryStore
from openlines.runtime import tables
from openlines.testing import VirtualClock
from sqlalchemy import func, insert, select


def in_quiet_loop(story: object) -> None:
    with asyncio.Runner(loop_factory=QuietLoop) as runner:
        runner.run(story)  # type: ignore[arg-type]


def test_quiet_comes_when_all_that_can_run_has_run() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, QuietLoop)
        steps: list[int] = []

        async def work() -> None:
            for step in range(100):
                steps.append(step)
                await asyncio.sleep(0)

        task = asyncio.create_task(work())
        await loop.quiet()
        assert (len(steps), task.done()) == (100, True)

    in_quiet_loop(story())


def test_quiet_does_not_wait_for_what_hangs_or_sleeps() -> None:
    async def story() -> None:
        loop, clock = asyncio.get_running_loop(), VirtualClock()
        assert isinstance(loop, QuietLoop)
        hanging = [asyncio.create_task(asyncio.Event().wait()), asyncio.create_task(clock.sleep(5))]
        await loop.quiet()
        assert [task.done() for task in hanging] == [False, False]
        clock.jump(clock.now() + 5)
        await loop.quiet()
        assert [task.done() for task in hanging] == [False, True]
        hanging[0].cancel()

    in_quiet_loop(story())


def test_several_may_wait_for_quiet_at_once() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, QuietLoop)
        async with asyncio.timeout(5):
            await asyncio.gather(loop.quiet(), loop.quiet(), loop.quiet())

    in_quiet_loop(story())


def test_the_clock_says_who_is_next_and_forgets_who_gave_up() -> None:
    async def story() -> None:
        clock = VirtualClock(start=100)
        assert clock.next == float("inf")
        impatient, patient = (asyncio.create_task(clock.sleep(after)) for after in (1, 2))
        await asyncio.sleep(0)
        assert clock.next == 101
        impatient.cancel()
        await asyncio.sleep(0)
        assert clock.next == 102
        clock.jump(110)
        await patient
        assert (clock.now(), clock.next) == (110, float("inf"))

    asyncio.run(story())


def test_the_store_is_empty_again_for_each_rehearsal() -> None:
    store = MemoryStore()
    count = select(func.count()).select_from(tables.counters)
    owned = store.emptied()
    with store.engine.begin() as connection:
        connection.execute(insert(tables.counters), {"name": "conversation", "value": 7})
        assert connection.execute(count).scalar() == 1
    again = store.emptied()
    with store.engine.begin() as connection:
        assert connection.execute(count).scalar() == 0
        assert connection.execute(select(func.count()).select_from(tables.partitions)).scalar() == len(owned.epochs)
    assert again == owned
    assert again.epochs is not owned.epochs
    store.close()
