"""What stands between the hub and a plugin: a deadline by the hub's clock, and any fault as an error of the plugin's.

A plugin may hang, raise what no library should raise, or return what no type allows. It shall hurt only itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import msgspec

from openlines.runtime.clock import Clock, SystemClock

T = TypeVar("T", bound=msgspec.Struct)

CANCEL_LIMIT = 1.0
"""Seconds that a cancelled task may take to end."""


class PluginFault(Exception):
    """A plugin did what none may: it tried to end the process, or cancelled a task that is not its own."""


def within(clock: Clock, seconds: float) -> AbstractAsyncContextManager[Any]:
    """A deadline by the hub's clock: the block is cancelled then, and `TimeoutError` raised."""
    return asyncio.timeout(seconds) if isinstance(clock, SystemClock) else _by_another_clock(clock, seconds)


@asynccontextmanager
async def _by_another_clock(clock: Clock, seconds: float) -> AsyncIterator[None]:
    ended = False

    def expire(sleeper: asyncio.Task[None]) -> None:
        if not ended and not sleeper.cancelled():
            scope.reschedule(asyncio.get_running_loop().time())

    async with asyncio.timeout(None) as scope:
        sleeper = asyncio.create_task(clock.sleep(seconds))
        sleeper.add_done_callback(expire)
        try:
            yield
        finally:
            ended = True
            sleeper.cancel()


def fault_of(error: BaseException) -> Exception:
    """What a plugin raised, as an ordinary error. Raises it again where it is the hub's own: a cancellation, ^C."""
    match error:
        case Exception():
            return error
        case SystemExit():
            return PluginFault(f"it tried to end the process: SystemExit({error.code!r})")
        case asyncio.CancelledError() if not _cancelling():
            return PluginFault("it raised CancelledError without having been cancelled")
        case _:
            raise error


async def abandon(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for their end, but not for one that a plugin keeps alive against its cancellation."""
    cancelled = list(tasks)
    for task in cancelled:
        task.cancel()
    if cancelled:
        await asyncio.wait(cancelled, timeout=CANCEL_LIMIT)


def _cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def as_kept(value: T) -> T:
    """The value as the store will give it back. Raises `ValueError` for one that could not be read again."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value), type=type(value))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"{type(value).__name__}: {error}") from error
