"""The supervisor: keeps each channel and CRM open, each bot behind a breaker, and none of them in another's way.

One task per instance: starting -> open -> waiting (until when, why) -> open again, or rejected for good, or closed.
Starting the hub never waits for a platform.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Generic, Literal, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Gauge

from openlines.api import Answer, Bot, Channel, Connector, Crm, CrmSession, Link, NotReady, Rejected, Turn
from openlines.runtime.boundary import abandon, fault_of, within
from openlines.runtime.breaker import Breaker
from openlines.runtime.clock import Clock

OPEN_LIMIT = 30.0
"""Seconds that opening may take."""
CLOSE_LIMIT = 10.0
"""Seconds that closing may take at a stop."""
STEADY = 60.0
"""Seconds after which one that is open counts as recovered: the next loss is a first one again."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds between two tries to open: doubled each time, with jitter."""

T = TypeVar("T")
Family = Literal["channel", "bot", "crm"]
State = Literal["starting", "open", "waiting", "rejected", "closed"]
STATES: tuple[State, ...] = ("starting", "open", "waiting", "rejected", "closed")

log = structlog.get_logger("openlines.supervisor")


class Kept(Generic[T]):
    """One instance that is kept open, and its state."""

    def __init__(
        self,
        family: str,
        instance: str,
        kind: str,
        opener: Callable[[], AbstractAsyncContextManager[T]],
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.family, self.instance, self.kind = family, instance, kind
        self._opener, self._clock, self._changed = opener, clock, changed
        self.state: State = "starting"
        self.why = ""
        self.tries = 0
        self.until = 0.0
        self.since = clock.now()
        self._value: T | None = None
        self._opened = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_open(), name=f"{self.family} {self.instance}")

    async def stop(self) -> None:
        self._closing.set()
        if self._task is not None:
            opening = self.state in ("starting", "waiting")
            _done, late = await asyncio.wait([self._task], timeout=0 if opening else CLOSE_LIMIT)
            await abandon(late)
        self._become("closed", "the hub stopped it")

    @property
    def opened(self) -> T | None:
        """What `open` gave, while it is open."""
        return self._value

    async def value(self) -> T:
        """What `open` gave; waits until there is one. Raises `Rejected` when there will be none."""
        while self._value is None:
            if self.state in ("rejected", "closed"):
                raise Rejected(f"{self.family} {self.instance} is {self.state}: {self.why}")
            self._opened.clear()
            await self._opened.wait()
        return self._value

    async def _keep_open(self) -> None:
        structlog.contextvars.bind_contextvars(**{self.family: self.instance})
        while not self._closing.is_set():
            verdict = await self._open_once()
            if self._closing.is_set():
                break
            if isinstance(verdict, Rejected):
                self._become("rejected", str(verdict))
                log.error("plugin_rejected", family=self.family, instance=self.instance, why=str(verdict))
                await self._closing.wait()
                break
            await self._pause(verdict)

    async def _open_once(self) -> BaseException:
        """Open, and stay until it is lost or closed. Returns why it ended; a polite end is a loss too."""
        try:
            async with AsyncExitStack() as stack:
                self._value = await self._entered(stack)
                self._become("open", "")
                if self.tries:
                    log.info("plugin_recovered", family=self.family, instance=self.instance, tries=self.tries)
                self._opened.set()
                try:
                    await self._closing.wait()
                finally:
                    self._value = None  # while it closes nobody shall use it
                    if self._clock.now() >= self.since + STEADY:
                        self.tries = 0
            return NotReady("the connection ended")
        except BaseException as error:  # a plugin may fail in any way: it hurts only itself
            return _the_cause(error if isinstance(error, BaseExceptionGroup) else fault_of(error))

    async def _entered(self, stack: AsyncExitStack) -> T:
        try:
            async with within(self._clock, OPEN_LIMIT):
                return await stack.enter_async_context(self._opener())
        except TimeoutError as error:
            raise NotReady(str(error) or f"it was not open within {OPEN_LIMIT:.0f} s") from error

    async def _pause(self, why: BaseException) -> None:
        self.tries += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.tries - 1)) * random.uniform(0.7, 1.3)  # noqa: S311 - jitter
        self.until = self._clock.now() + pause
        words = f"{type(why).__name__}: {why}"
        self._become("waiting", words)
        tell = log.warning if self.tries == 1 else log.debug
        tell("plugin_waiting", family=self.family, instance=self.instance, why=words, tries=self.tries, seconds=pause)
        sleep = asyncio.create_task(self._clock.sleep(pause))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait([sleep, closing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            closing.cancel()
            self.until = 0.0

    def _become(self, state: State, why: str) -> None:
        if state != self.state:
            self.since = self._clock.now()
        self.state, self.why = state, why
        if state in ("rejected", "closed"):
            self._opened.set()
        self._changed()


class GuardedBot:
    """A bot behind a deadline and a breaker."""

    def __init__(self, instance: str, kind: str, bot: Bot[Any], timeout: float, clock: Clock) -> None:
        self.instance, self.kind, self.bot, self.timeout = instance, kind, bot, timeout
        self._clock = clock
        self._breaker = Breaker()
        self.why = ""

    @property
    def ready(self) -> bool:
        return self._breaker.closed(self._clock.now())

    async def call(self, ask: Callable[[Bot[Any]], Awaitable[T]]) -> T:
        """Ask it. Raises what it raises, `TimeoutError` past its deadline, `NotReady` while its circuit is open."""
        if not self.ready:
            raise NotReady(f"bot {self.instance} rests after failing: {self.why}")
        try:
            async with within(self._clock, self.timeout):
                result = await ask(self.bot)
        except BaseException as raised:
            error = fault_of(raised)
            self.why = f"{type(error).__name__}: {error}"
            self._breaker.failed(self._clock.now())
            raise error from None
        self._breaker.succeeded()
        return result


class _Unmade(Bot[Any]):
    """In the place of a bot that could not be made."""

    kind = "unmade"

    def __init__(self, why: str) -> None:
        self._why = why

    async def answer(self, turn: Turn, /) -> Answer:
        raise Rejected(self._why)


class Supervisor:
    """All plugin instances of this hub."""

    def __init__(self, clock: Clock, metrics: CollectorRegistry) -> None:
        self._clock = clock
        self._channels: dict[str, Kept[Channel]] = {}
        self._crms: dict[str, Kept[CrmSession]] = {}
        self.bots: dict[str, GuardedBot] = {}
        self.connectors: dict[str, tuple[Connector[Any], Link]] = {}
        self._gauge = Gauge(
            "openlines_plugin_state", "1 for the state that the instance is in", ["family", "instance", "state"],
            registry=metrics,
        )  # fmt: skip

    def add_channel(self, instance: str, connector: Connector[Any], link: Link) -> None:
        self.connectors[instance] = (connector, link)
        self._channels[instance] = Kept(
            "channel", instance, connector.kind, lambda: connector.open(link), self._clock, self._show
        )

    def add_crm(self, instance: str, crm: Crm[Any], link: Link) -> None:
        self._crms[instance] = Kept("crm", instance, crm.kind, lambda: crm.open(link), self._clock, self._show)

    def add_bot(self, instance: str, bot: Bot[Any], timeout: float) -> None:
        self.bots[instance] = GuardedBot(instance, bot.kind, bot, timeout, self._clock)

    def add_broken(self, family: Family, instance: str, kind: str, why: str) -> None:
        """Note an instance that could not even be made: it is shown, and refuses all that is asked of it."""

        def refuse() -> AbstractAsyncContextManager[Any]:
            raise Rejected(why)

        log.error("plugin_rejected", family=family, instance=instance, why=why)
        match family:
            case "channel":
                self._channels[instance] = Kept("channel", instance, kind, refuse, self._clock, self._show)
            case "crm":
                self._crms[instance] = Kept("crm", instance, kind, refuse, self._clock, self._show)
            case "bot":
                self.bots[instance] = GuardedBot(instance, kind, _Unmade(why), 1.0, self._clock)

    @property
    def starting(self) -> bool:
        """Whether some instance has not been opened, or failed to, even once."""
        return any(kept.state == "starting" for kept in self._all())

    def start(self) -> None:
        for kept in self._all():
            kept.start()
        self._show()

    async def stop(self) -> None:
        await asyncio.gather(*(kept.stop() for kept in self._all()))

    def open_channel(self, instance: str) -> Channel | None:
        """The channel, if it is open at this moment."""
        kept = self._channels.get(instance)
        return kept.opened if kept is not None else None

    async def channel(self, instance: str) -> Channel:
        """The open channel; waits for it. Raises `Rejected` for one that is not configured or was refused."""
        if instance not in self._channels:
            raise Rejected(f"channel {instance} is not in the settings any more")
        return await self._channels[instance].value()

    async def crm(self, instance: str) -> CrmSession:
        """The open CRM; waits for it."""
        if instance not in self._crms:
            raise Rejected(f"CRM {instance} is not in the settings any more")
        return await self._crms[instance].value()

    def bot_ready(self, bot: str) -> bool:
        guarded = self.bots.get(bot)
        return guarded is not None and guarded.ready

    def states(self) -> list[Mapping[str, Any]]:
        """What `openlines plugins` and `/-/plugins.json` show."""
        rows: list[Mapping[str, Any]] = [
            {
                "family": kept.family,
                "instance": kept.instance,
                "plugin": kept.kind,
                "state": kept.state,
                "since": kept.since,
                "why": kept.why,
                "tries": kept.tries,
                "until": kept.until,
            }
            for kept in self._all()
        ]
        rows += [
            {
                "family": "bot",
                "instance": guarded.instance,
                "plugin": guarded.kind,
                "state": "open" if guarded.ready else "waiting",
                "since": 0.0,
                "why": "" if guarded.ready else guarded.why,
                "tries": 0,
                "until": 0.0,
            }
            for guarded in self.bots.values()
        ]
        return rows

    def _all(self) -> list[Kept[Any]]:
        return [*self._channels.values(), *self._crms.values()]

    def _show(self) -> None:
        for kept in self._all():
            for state in STATES:
                self._gauge.labels(kept.family, kept.instance, state).set(kept.state == state)


def _the_cause(error: BaseException) -> BaseException:
    """What a task group wraps; a refusal weighs more than its neighbours."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [_the_cause(inner) for inner in error.exceptions]
    return next((cause for cause in causes if isinstance(cause, Rejected)), causes[0])
