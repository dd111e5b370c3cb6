"""Alarms ring once, at their moment, whatever was moved meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlines.runtime.alarms import SLACK, Alarms
from openlines.testing import VirtualClock


class Bell:
    def __init__(self) -> None:
        self.clock = VirtualClock(start=1000.0)
        self.rung: list[tuple[float, list[str]]] = []
        self.alarms = Alarms(self.clock, lambda names: self.rung.append((self.clock.now(), names)))


@pytest.fixture
def bell() -> Bell:
    return Bell()


@asynccontextmanager
async def ticking(alarms: Alarms) -> AsyncIterator[None]:
    task = asyncio.create_task(alarms.run())
    await asyncio.sleep(0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_rings_at_its_moment(bell: Bell) -> None:
    async with ticking(bell.alarms):
        bell.alarms.set("late", 1060)
        bell.alarms.set("early", 1010)
        bell.alarms.set("too", 1010)
        await bell.clock.advance(100)
    assert bell.rung == [(1010, ["early", "too"]), (1060, ["late"])]


async def test_one_that_is_moved_rings_at_its_new_moment_only(bell: Bell) -> None:
    async with ticking(bell.alarms):
        bell.alarms.set("a", 1010)
        bell.alarms.set("b", 1020)
        bell.alarms.set("a", 1030)
        bell.alarms.set("b", 0)
        await bell.clock.advance(100)
    assert bell.rung == [(1030, ["a"])]


async def test_what_was_read_a_while_ago_delays_nothing(bell: Bell) -> None:
    async with ticking(bell.alarms):
        bell.alarms.set("a", 1010)
        bell.alarms.set_no_later("a", 1050)
        bell.alarms.set_no_later("b", 1050)
        bell.alarms.set_no_later("b", 1040)
        await bell.clock.advance(100)
    assert bell.rung == [(1010, ["a"]), (1040, ["b"])]


async def test_one_that_is_due_already_rings_at_once(bell: Bell) -> None:
    async with ticking(bell.alarms):
        bell.alarms.set("a", 900)
        await bell.clock.advance(0)
    assert bell.rung == [(1000, ["a"])]


def test_moving_one_for_ever_fills_no_memory(bell: Bell) -> None:
    for at in range(10_000):
        bell.alarms.set("desk", 2000.0 + at)
    assert len(bell.alarms._heap) <= SLACK + 4
    assert bell.alarms.next == 2000.0 + 9_999


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 50)), max_size=200))
def test_the_next_moment_is_the_earliest_that_was_set_last(moves: list[tuple[str, int]]) -> None:
    bell, last = Bell(), dict[str, float]()
    for name, at in moves:
        bell.alarms.set(name, float(at))
        last[name] = float(at)
    assert bell.alarms.next == min((at for at in last.values() if at), default=0.0)
