"""Alarms: wake what is due. One task sleeps until the next moment; nobody sleeps per thread."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from openlines.runtime.clock import Clock

SLACK = 64
"""Moments that were moved may fill half of the heap, and so many more."""


class Alarms:
    """Keeps the earliest moment per name and calls `ring(names)` when they have come. All on the loop."""

    def __init__(self, clock: Clock, ring: Callable[[list[str]], None]) -> None:
        self._clock, self._ring = clock, ring
        self._at: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._earlier = asyncio.Event()

    def set(self, name: str, at: float) -> None:
        """Ring for `name` at this moment and no other; 0 = not at all."""
        if not at:
            self._at.pop(name, None)
        elif self._at.get(name) != at:
            self._at[name] = at
            if not self._heap or at < self._heap[0][0]:
                self._earlier.set()
            heapq.heappush(self._heap, (at, name))
            if len(self._heap) > 2 * len(self._at) + SLACK:
                self._heap = [(at, name) for name, at in self._at.items()]
                heapq.heapify(self._heap)

    def set_no_later(self, name: str, at: float) -> None:
        """Ring for `name` at this moment, unless it is to ring sooner: for what was read a while ago."""
        known = self._at.get(name)
        if known is None or at < known:
            self.set(name, at)

    @property
    def next(self) -> float:
        """The next moment, 0 = none."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else 0.0

    async def run(self) -> None:
        """Ring as time passes. Runs until cancelled."""
        while True:
            self.ring_due()
            self._earlier.clear()
            if not self.next:
                await self._earlier.wait()
                continue
            sleep = asyncio.ensure_future(self._clock.sleep(self.next - self._clock.now()))
            earlier = asyncio.ensure_future(self._earlier.wait())
            try:
                await asyncio.wait([sleep, earlier], return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleep.cancel()
                earlier.cancel()

    def ring_due(self) -> None:
        """Ring for all whose moment has come."""
        now = self._clock.now()
        names = []
        while self.next and self.next <= now:
            _at, name = heapq.heappop(self._heap)
            del self._at[name]
            names.append(name)
        if names:
            self._ring(names)
