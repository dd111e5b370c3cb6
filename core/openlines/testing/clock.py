"""Time that passes only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from math import inf

START = 1_795_424_400.0
"""2026-11-23T09:00:00Z, a Monday: where virtual time begins unless told otherwise."""


class VirtualClock:
    """Seconds since the epoch that stand still between two calls of `advance`."""

    def __init__(self, start: float = START) -> None:
        self._now = start
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    @property
    def sleepers(self) -> int:
        """How many tasks sleep."""
        return sum(not waker.done() for _, _, waker in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced by so much; give it to code that takes a sleep function."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), waker))
        await waker

    @property
    def next(self) -> float:
        """When the next sleeper wakes; infinity where nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():  # its task was cancelled
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else inf

    def jump(self, to: float) -> None:
        """Let it be this moment. Whoever was due until then is woken, and runs when the caller lets go."""
        self._now = max(self._now, to)
        while self.next <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)

    async def advance(self, seconds: float) -> None:
        """Let time pass: whoever sleeps is woken at its own moment, in order, and gets to run before the next."""
        end = self._now + seconds
        await _let_run()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, waker = heapq.heappop(self._sleepers)
            if waker.done():  # its task was cancelled
                continue
            self._now = max(self._now, at)
            waker.set_result(None)
            await _let_run()
        self._now = max(self._now, end)


async def _let_run() -> None:
    """A few turns of the loop: enough for a woken task to act and to sleep again."""
    for _ in range(10):
        await asyncio.sleep(0)
