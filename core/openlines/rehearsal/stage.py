"""One hub for one scenario: on an empty store, in virtual time, with everybody outside it played."""

from __future__ import annotations

import asyncio
import os
import random
from collections import UserDict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import aiohttp
from aiohttp import ClientSession

from openlines.api import Identity
from openlines.domain.entries import Message
from openlines.domain.messages import Customer
from openlines.domain.state import Thread
from openlines.rehearsal.cast import Cast
from openlines.rehearsal.loop import QuietLoop
from openlines.rehearsal.scenario import GROUP, Chat, Scenario
from openlines.rehearsal.store import MemoryStore
from openlines.runtime.feed import Subscription, Typing
from openlines.runtime.hub import Hub
from openlines.runtime.inline import inline
from openlines.runtime.plugins import Loaded
from openlines.runtime.records import Kept, thread_id
from openlines.settings import Document, Kinds, Settings, check
from openlines.testing import RehearsedMessenger, VirtualClock

T = TypeVar("T")

MOST_MOMENTS = 1_000_000
"""Moments at which something is due between two steps: a scenario with more has something that never comes to rest."""
INLINE = inline()


class Restless(Exception):
    """Time does not get on: too much is due before the next step."""


class Undecided(Exception):
    """What was asked of the hub is not answered, and waits for time to pass."""


@dataclass(slots=True)
class Stage:
    """What actors act upon, and what is looked at."""

    hub: Hub
    clock: VirtualClock
    cast: Cast
    scenario: Scenario
    document: Document
    """The settings as they are now."""
    kinds: Kinds
    online: set[str] = field(default_factory=set)
    """Agents whose console is connected."""
    told: list[Kept] = field(default_factory=list)
    """Every entry of every thread, in order."""
    drafts: dict[str, str] = field(default_factory=dict)
    """What customers are typing, by thread."""
    trouble: list[str] = field(default_factory=list)
    """Faults of the hub itself."""

    # -- time -----------------------------------------------------------------------------------------------------

    async def reach(self, moment: float) -> None:
        """Let time pass until a moment: what is due on the way happens, each at its own."""
        await self.quiet()
        for _ in range(MOST_MOMENTS):
            if self.clock.next > moment:
                self.clock.jump(moment)
                await self.quiet()
                return
            self.clock.jump(self.clock.next)
            await self.quiet()
        raise Restless(f"more than {MOST_MOMENTS} things are due before this step: something never comes to rest")

    async def quiet(self) -> None:
        """Let everything happen that happens now."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, QuietLoop), "a rehearsal runs in a theatre"  # noqa: S101 - a fault of ours
        await loop.quiet()

    async def done(self, action: Coroutine[Any, Any, T]) -> T:
        """Do something, and let happen what follows from it. Raises `Undecided`, or what the action raises."""
        task = asyncio.create_task(action)
        await self.quiet()
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            raise Undecided("the hub does not answer now")
        return task.result()

    # -- looking --------------------------------------------------------------------------------------------------

    def messenger(self, chat: Chat) -> RehearsedMessenger:
        return self.cast.messenger(chat.channel)

    async def thread(self, chat: Chat) -> Thread | None:
        """The thread as it is now; None before its first message."""
        return await self.hub.reader.thread(thread_id(chat.channel, chat.chat))

    def customer(self, name: str, chat: Chat) -> Customer:
        """A customer as the platform tells of them. Who cannot be written to later is a passing visitor, unnamed."""
        connector, _link = self.hub.supervisor.connectors.get(chat.channel, (None, None))
        known = chat.chat == GROUP or connector is None or connector.abilities.reachable
        return Customer(id=name, name=name.capitalize() if known else "")

    # -- settings -------------------------------------------------------------------------------------------------

    async def adopt(self, document: Document) -> None:
        """Change the settings. Raises `SettingsError`, and leaves them as they were."""
        settings = checked(document, self.kinds, self.scenario)
        await self.hub.adopt(arranged(settings, self.hub.settings.server.data))
        self.document = document


def checked(document: Document, kinds: Kinds, scenario: Scenario) -> Settings:
    """The settings, if they are in order. Raises `SettingsError`. Secrets are of no use where nobody is reached."""
    return check(document, kinds, agents=scenario.people, environ=_AnySecret(os.environ))


def arranged(settings: Settings, folder: str) -> Settings:
    """The settings of a rehearsal: what must be a file goes to `folder`, nothing is recorded, nothing is mailed."""
    server = settings.server.model_copy(update={"data": folder, "record": ""})
    return replace(settings, server=server, mail=None)


@asynccontextmanager
async def staged(
    scenario: Scenario, settings: Settings, loaded: Loaded, kinds: Kinds, store: MemoryStore
) -> AsyncIterator[Stage]:
    """A stage with everybody in place, at the scenario's start."""
    clock = VirtualClock(scenario.start)
    cast = Cast(loaded, clock, scenario.faults)
    dice = random.getstate()
    random.seed(0)  # pauses between retries have jitter: the same in every run
    async with ClientSession(connector=_NoNetwork()) as http:
        hub = Hub(settings, cast.of(scenario.settings.kinds), store.engine, store.emptied(), http, clock, INLINE)
        stage = Stage(hub, clock, cast, scenario, scenario.settings, kinds)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: stage.trouble.append(_words(context)))
        await hub.start()
        jobs = [asyncio.create_task(job()) for job in hub.jobs()]
        try:
            async with hub.feed.subscribe(None) as news:
                jobs.append(asyncio.create_task(_listen(news, stage)))
                await _furnish(stage)
                yield stage
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await hub.stop()
            random.setstate(dice)


async def _furnish(stage: Stage) -> None:
    """What is so before the scenario begins."""
    await stage.quiet()  # until channels and CRMs are open
    for contact in stage.scenario.contacts:
        ledger = next(iter(stage.cast.ledgers.values()))
        who = Identity(contact.identity, name=contact.name, phone=contact.phone, email=contact.email)
        await ledger.add_contact(who, contact.responsible)
    if stage.scenario.all_online:
        for agent in stage.scenario.people:
            stage.hub.people.connect(agent)
            stage.online.add(agent)
    await stage.quiet()


async def _listen(news: Subscription, stage: Stage) -> None:
    async for batch in news:
        stage.told += batch.entries
        for kept in batch.entries:
            if isinstance(kept.entry, Message) and kept.entry.author.kind == "customer":
                stage.drafts.pop(kept.thread, None)
        for signal in batch.signals:
            if isinstance(signal, Typing) and signal.by_kind == "customer":
                stage.drafts[signal.thread] = signal.text


class _AnySecret(UserDict[str, str]):
    """An environment in which every variable is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: object = None) -> Any:
        return self[name]

    def __missing__(self, name: str) -> str:
        return "a-secret-for-a-rehearsal"


class _NoNetwork(aiohttp.BaseConnector):
    """Whoever tries to reach anything beyond this process is told so."""

    async def connect(self, *_args: Any, **_kwargs: Any) -> Any:
        raise aiohttp.ClientConnectionError("a rehearsal has no network")


def _words(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{type(error).__name__}: {error}" if error else str(context.get("message"))
