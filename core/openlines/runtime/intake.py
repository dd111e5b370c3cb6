"""The queue in front of the writer's thread: decides when a batch is worth a commit.

A commit costs the same for one event as for fifty. So batches are at least `SPACING` apart while few events wait, and
what nobody waits for (`lazy`: "the platform took the message") rides along with the next batch, at most `LAZY` late.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from openlines.runtime.drafts import Outcome
from openlines.runtime.step import Input

BATCH = 256
"""Events of one commit at most: bounds how long a late comer waits."""
ENOUGH = 48
"""Events that are worth a commit at once."""
SPACING = 0.002
LAZY = 0.02
"""Seconds, see above."""


class Waiting(Struct):
    """One call's events, and whom to tell."""

    inputs: Sequence[Input]
    done: asyncio.Future[list[Outcome]] | None
    """None for what the hub publishes to itself: it is tried until the store takes it."""


class Intake:
    """Filled on the loop, emptied by the writer's thread."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._queue: deque[Waiting] = deque()
        self._events = 0
        self._eager = 0
        """Calls in the queue that somebody waits for."""
        self._lazy_until = 0.0
        self._next_at = 0.0
        self._stopping = False

    @property
    def events(self) -> int:
        """How many events wait."""
        return self._events

    @property
    def stopping(self) -> bool:
        return self._stopping

    def put(self, waiting: Waiting, *, lazy: bool = False) -> None:
        with self._wake:
            if not self._queue:
                self._lazy_until = time.monotonic() + LAZY
            self._queue.append(waiting)
            self._events += len(waiting.inputs)
            if not lazy:
                self._eager += 1
            if self._eager == 1 or lazy or self._events >= ENOUGH:
                self._wake.notify()

    def put_back(self, calls: Sequence[Waiting], pause: float) -> bool:
        """Put calls in front again and rest for `pause` seconds; False when the hub stops: they stay owed."""
        with self._wake:
            if self._stopping:
                return False
            self._queue.extendleft(reversed(calls))
            self._events += sum(len(waiting.inputs) for waiting in calls)
            self._eager += len(calls)
            if calls:
                self._wake.wait_for(lambda: self._stopping, pause)
            return True

    def hurry(self) -> None:
        """Let nothing wait for company."""
        with self._wake:
            self._lazy_until = self._next_at = 0.0
            self._eager += bool(self._queue)
            self._wake.notify()

    def stop(self) -> None:
        """Hand out what is left, then no more."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def take(self) -> list[Waiting]:
        """The next batch; empty only when the hub stops and nothing is left."""
        with self._wake:
            while not self._ready():
                self._wake.wait(self._patience())
            batch: list[Waiting] = []
            size = 0
            while self._queue and (not batch or size + len(self._queue[0].inputs) <= BATCH):
                waiting = self._queue.popleft()
                batch.append(waiting)
                size += len(waiting.inputs)
            self._events -= size
            now = time.monotonic()
            self._next_at = now + SPACING
            self._lazy_until = now + LAZY
            self._eager = len(self._queue)  # what is left over has waited long enough
            return batch

    def _ready(self) -> bool:
        if self._stopping or self._events >= ENOUGH:
            return True
        if not self._queue:
            return False
        return time.monotonic() >= (self._next_at if self._eager else self._lazy_until)

    def _patience(self) -> float | None:
        """Seconds to wait at most; None = until something comes."""
        if not self._queue:
            return None
        return max(0.0, (self._next_at if self._eager else self._lazy_until) - time.monotonic())
