"""Trying again: how long, how often, and when it is over. What could not be done becomes an outcome that says why."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import Any, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter

from openlines.api import NotReady, RateLimited, Rejected
from openlines.api.errors import Blocked, WindowClosed
from openlines.domain.commands import AnyCommand, AskBot, Send
from openlines.domain.events import AnyEvent, BotFailed, CrmFailed, Undelivered
from openlines.domain.state import Thread
from openlines.runtime.boundary import fault_of
from openlines.runtime.clock import Clock

FAULTS = 5
"""Tries after errors that a plugin does not declare: a fault of its own, which waiting seldom mends."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds between two tries: doubled each time, with jitter."""
SHORTEST_PAUSE = 0.1
"""Seconds after a rate limit, however little the platform asks for."""

T = TypeVar("T")

log = structlog.get_logger("openlines.performer")


class GivenUp(Exception):
    """It will not be done: refused, or too late."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Retries:
    """Patience with the outside."""

    def __init__(self, clock: Clock, metrics: CollectorRegistry) -> None:
        self.clock = clock
        self._waiting: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._counter = Counter("openlines_retries", "Tries that are repeated", ["lane", "instance"], registry=metrics)

    async def until(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        give_up_at: float,
        lane: str,
        instance: str,
        rate_limited: Callable[[float], None] = lambda _until: None,
    ) -> T:
        """Try until it is done. Raises `GivenUp` when it is refused or too late. The lane is held meanwhile."""
        tries = faults = 0
        while True:
            try:
                return await attempt()
            except BaseException as raised:
                error = fault_of(raised)
            match error:
                case Rejected():
                    raise GivenUp(_code(error), str(error)) from error
                case RateLimited():
                    pause = _asked(error.after)
                    reason = f"the platform asks to wait {pause:.0f} s"
                    rate_limited(self.clock.now() + pause)
                case NotReady() | TimeoutError() | OSError():
                    pause, reason = _pause(tries), str(error) or type(error).__name__
                case _:  # a fault of the plugin's own
                    faults += 1
                    pause, reason = _pause(tries), f"{type(error).__name__}: {error}"
                    if faults >= FAULTS:
                        log.error("plugin_fault", lane=lane, instance=instance, exc_info=error)
                        raise GivenUp("error", reason) from error
            tries += 1
            if self.clock.now() + pause > give_up_at:
                raise GivenUp("gave_up", f"after {tries} tries: {reason}")
            self._counter.labels(lane, instance).inc()
            (log.warning if tries == 1 else log.debug)("command_retried", lane=lane, instance=instance, why=reason)
            await self.wait(self.clock.sleep(pause))

    async def wait(self, waiting: Awaitable[T]) -> T:
        """Wait for something that is not work: the hub counts as settled meanwhile."""
        task = asyncio.current_task()
        assert task is not None, "only tasks wait"  # noqa: S101 - a fault of ours
        self._waiting.add(task)
        try:
            if self._stopping:
                task.cancel()
            return await waiting
        finally:
            self._waiting.discard(task)

    @property
    def waiting(self) -> int:
        """Lanes that only wait: for the next try, a pause, a connection."""
        return len(self._waiting)

    def stop(self) -> None:
        """Let nothing wait any longer: its task is cancelled."""
        self._stopping = True
        for task in self._waiting:
            task.cancel()


def given_up(thread: Thread, command: AnyCommand, at: float, code: str, reason: str) -> AnyEvent:
    """The outcome of a command that will not be done."""
    reason = reason[:1000]
    match command:
        case Send():
            return Undelivered(thread=thread.id, command=command.id, at=at, code=code, reason=reason)
        case AskBot():
            return BotFailed(thread=thread.id, command=command.id, at=at, reason=reason)
        case _:
            return CrmFailed(thread=thread.id, command=command.id, at=at, reason=reason)


def _code(error: Rejected) -> str:
    match error:
        case Blocked():
            return "blocked"
        case WindowClosed():
            return "window_closed"
        case _:
            return "rejected"


def _asked(after: object) -> float:
    """The pause that a platform asks for. Connectors hand on what a header says, which may be anything."""
    try:
        seconds = float(after)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return FIRST_PAUSE
    return max(seconds, SHORTEST_PAUSE) if isfinite(seconds) else FIRST_PAUSE


def _pause(tries: int) -> float:
    pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
    return pause * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
