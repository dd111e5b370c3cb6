"""The boundary to plugins: deadlines by the hub's clock, faults as errors, values as they will be read again."""

from __future__ import annotations

import asyncio

import pytest
from openlines.api import Button, Content, Location, NotReady
from openlines.runtime.boundary import PluginFault, abandon, as_kept, fault_of, within
from openlines.runtime.clock import SystemClock
from openlines.testing import VirtualClock


async def test_a_deadline_by_a_clock_that_stands_still_is_never_over() -> None:
    clock = VirtualClock()
    async with within(clock, 0.001):
        await asyncio.sleep(0.01)
    assert clock.sleepers == 0, "nobody sleeps for a block that has ended"


async def test_a_deadline_is_over_when_the_hubs_clock_says_so() -> None:
    clock = VirtualClock()

    async def wait() -> None:
        async with within(clock, 20):
            await asyncio.get_running_loop().create_future()

    waiting = asyncio.create_task(wait())
    await clock.advance(19.9)
    assert not waiting.done()
    await clock.advance(0.1)
    with pytest.raises(TimeoutError):
        await waiting


async def test_a_deadline_by_the_systems_clock_is_the_loops_own() -> None:
    with pytest.raises(TimeoutError):
        async with within(SystemClock(), 0.001):
            await asyncio.get_running_loop().create_future()


async def test_a_cancellation_from_outside_stays_one() -> None:
    async def wait() -> None:
        async with within(VirtualClock(), 20):
            await asyncio.get_running_loop().create_future()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_ends_the_block_ends_it() -> None:
    with pytest.raises(NotReady, match="down"):
        async with within(VirtualClock(), 20):
            raise NotReady("down")


async def test_a_plugins_fault_is_an_error_and_the_hubs_own_cancellation_is_not() -> None:
    assert isinstance(fault_of(SystemExit(3)), PluginFault)
    assert isinstance(fault_of(asyncio.CancelledError()), PluginFault)
    error = ValueError("a mistake")
    assert fault_of(error) is error
    with pytest.raises(KeyboardInterrupt):
        fault_of(KeyboardInterrupt())

    async def cancelled() -> Exception | None:
        try:
            await asyncio.get_running_loop().create_future()
        except BaseException as raised:
            return fault_of(raised)
        return None

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_will_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openlines.runtime.boundary.CANCEL_LIMIT", 0.01)
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await abandon([task])
    assert not task.done()
    free.set()
    await task


@pytest.mark.parametrize(
    "value",
    [
        Content(text=7),  # type: ignore[arg-type]
        Content(text="\ud83d"),
        Content(buttons=("yes",)),  # type: ignore[arg-type]
        Content(location=Location(latitude=float("nan"), longitude=0)),
        Content(location=Location(latitude="50", longitude=0)),  # type: ignore[arg-type]
        Content(text=object()),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_again_is_not_kept(value: Content) -> None:
    with pytest.raises(ValueError, match="Content"):
        as_kept(value)


def test_what_can_be_read_again_stays_as_it_is() -> None:
    content = Content(text="Which?", buttons=(Button("Tea"),), location=Location(50.5, -3))
    assert as_kept(content) == content
