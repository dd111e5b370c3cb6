"""The feed: what became durable goes to whoever watches, in order, and can be resumed from anywhere.

A cursor is a vector, the last entry's number per partition, opaque to clients. What a watcher missed is read from
the store; more than `REACH` entries behind is a `reset`: the client fetches afresh.
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
from msgspec import Struct

from openlines.domain.entries import customer_sees
from openlines.runtime.drafts import Committed
from openlines.runtime.records import Kept, Summary

REACH = 2_000
"""Entries that a resume may fetch."""
LARGEST = 2**63
"""What no entry's number reaches, and no database's integer."""
BACKLOG = 1_000
"""Batches that may wait for a watcher; one that falls behind further is resumed from the store or closed."""


class Typing(Struct, frozen=True):
    """Somebody is typing; passes and is gone."""

    conversation: int
    thread: str
    by_kind: Literal["customer", "agent"]
    by_id: str
    by_name: str = ""
    text: str = ""


class PresenceChanged(Struct, frozen=True):
    """These agents came, left, or changed."""

    agents: tuple[str, ...]


Signal = Typing | PresenceChanged


class FeedBatch(Struct, frozen=True):
    """What one commit, or one signal, means for a watcher."""

    cursor: str
    entries: Sequence[Kept] = ()
    summaries: Sequence[Summary] = ()
    signals: Sequence[Signal] = ()


Vector = Mapping[int, int]
ReadAfter = Callable[[Vector, int], Awaitable[list[Kept]]]


class Subscription:
    """One watcher. Iterate over it; leaving the `async with` ends it."""

    def __init__(self, cursor: str, *, reset: bool) -> None:
        self.cursor = cursor
        self.reset = reset
        """The client is too far behind (or new): it must fetch afresh."""
        self.overrun = False
        self._batches: deque[FeedBatch] = deque()
        self._ready = asyncio.Event()

    def push(self, batch: FeedBatch) -> None:
        if self.overrun or len(self._batches) >= BACKLOG:
            self.overrun = True  # and stays so: what came behind a gap would move the cursor over it
        else:
            self._batches.append(batch)
        self._ready.set()

    def prepend(self, batch: FeedBatch) -> None:
        self._batches.appendleft(batch)
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[FeedBatch]:
        while True:
            while self._batches:
                yield self._batches.popleft()
            if self.overrun:
                return  # the socket closes, the client resumes from its cursor
            self._ready.clear()
            await self._ready.wait()


class Feed:
    """Fans commits out to watchers."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._read_after: ReadAfter | None = None
        self._subscriptions: set[Subscription] = set()
        self._followers: dict[str, set[asyncio.Queue[list[Kept] | None]]] = {}

    def start(self, last: Mapping[int, int], read_after: ReadAfter) -> None:
        """Begin after the given entries; `read_after` reads what a watcher missed."""
        self._last = dict(last)
        self._read_after = read_after

    def committed(self, done: Committed) -> None:
        """A commit became durable."""
        for kept in done.kept:
            self._last[kept.partition] = kept.n
        if self._subscriptions:
            cursor = encode_cursor(self._last)
            batch = FeedBatch(cursor, done.kept, list(done.summaries.values()))
            for subscription in self._subscriptions:
                subscription.push(batch)
        if self._followers:
            self._tell_followers(done.kept)

    def signal(self, signal: Signal) -> None:
        """Pass on something that is not kept."""
        if self._subscriptions:
            batch = FeedBatch(encode_cursor(self._last), signals=(signal,))
            for subscription in self._subscriptions:
                subscription.push(batch)

    @asynccontextmanager
    async def subscribe(self, cursor: str | None) -> AsyncIterator[Subscription]:
        """Watch everything from `cursor` on (None = from now). Rights are the watcher's business."""
        vector = decode_cursor(cursor) if cursor else None
        now = dict(self._last)
        subscription = Subscription(
            cursor if vector is not None and cursor else encode_cursor(now), reset=vector is None
        )
        self._subscriptions.add(subscription)
        try:
            if vector is not None:
                await self._catch_up(subscription, vector, now)
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    @asynccontextmanager
    async def following(self, thread: str) -> AsyncIterator[asyncio.Queue[list[Kept] | None]]:
        """Hear of one thread's new entries; None in the queue means that some were left out: read the store."""
        queue: asyncio.Queue[list[Kept] | None] = asyncio.Queue(BACKLOG)
        self._followers.setdefault(thread, set()).add(queue)
        try:
            yield queue
        finally:
            followers = self._followers[thread]
            followers.discard(queue)
            if not followers:
                del self._followers[thread]

    # -- inside -------------------------------------------------------------------------------------------------

    async def _catch_up(self, subscription: Subscription, vector: Vector, now: Vector) -> None:
        """Put what was missed before what comes in meanwhile."""
        assert self._read_after is not None, "the feed has not been started"  # noqa: S101 - a fault of ours
        behind = {partition: vector.get(partition, 0) for partition in now}
        found = await self._read_after(behind, REACH + 1)
        missed = [kept for kept in found if kept.n <= now[kept.partition]]  # newer ones are on their way already
        if len(found) > REACH or any(vector[partition] > now.get(partition, 0) for partition in vector):
            subscription.reset = True
            subscription.cursor = encode_cursor(now)
        elif missed:
            subscription.prepend(FeedBatch(encode_cursor(now), missed))

    def _tell_followers(self, entries: Sequence[Kept]) -> None:
        for kept in entries:
            followers = self._followers.get(kept.thread)
            if not followers or not customer_sees(kept.entry):
                continue
            for queue in followers:
                if queue.full():  # what is read from the store next must come before whatever else waits here
                    while not queue.empty():
                        queue.get_nowait()
                    queue.put_nowait(None)
                else:
                    queue.put_nowait([kept])


def encode_cursor(vector: Vector) -> str:
    packed = msgspec.msgpack.encode(dict(sorted(vector.items())))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str) -> dict[int, int] | None:
    """The vector of a cursor; None for one that is not ours."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        vector = msgspec.msgpack.decode(packed, type=dict[int, int])
    except (ValueError, msgspec.MsgspecError):
        return None
    return vector if all(0 <= n < LARGEST for n in vector.values()) else None
