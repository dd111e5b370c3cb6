"""Who plays the outside in a rehearsal: messengers in memory for every connector, one small CRM for every CRM.

Each stands in under the kind and with the abilities of whom it plays, so settings and rules are those of the real one.
Bots play themselves. All of them fail on demand.
"""

from __future__ import annotations

import asyncio
import typing
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from inspect import getmembers, iscoroutinefunction
from typing import Any

from openlines.api import (
    Answer,
    Bot,
    Capabilities,
    Channel,
    Connector,
    Crm,
    CrmSession,
    Link,
    NotReady,
    Outgoing,
    Receipt,
    Turn,
)
from openlines.rehearsal.format import Faults
from openlines.runtime.clock import Clock
from openlines.runtime.plugins import Loaded
from openlines.testing import RehearsedConnector, RehearsedCrm, RehearsedMessenger

MESSENGER, LEDGER = "loopback", "embedded"
"""The kinds of the connector and of the CRM that play all others."""
SLOW = 5.0
"""Seconds that each call to a slow CRM takes; a look-up is waited for no longer than 3."""


class Unplayable(Exception):
    """A plugin that every rehearsal needs is missing or of another make."""


@dataclass(slots=True)
class Cast:
    """Everybody outside the hub, for one rehearsal."""

    loaded: Loaded
    clock: Clock
    faults: Faults
    messengers: dict[str, RehearsedMessenger] = field(default_factory=dict)
    """By channel."""
    ledgers: dict[str, RehearsedCrm] = field(default_factory=dict)
    """By the CRM's id, once it is open. They all keep the same books."""

    def of(self, kinds: Collection[str]) -> Loaded:
        """The plugins of these kinds, each played by somebody."""
        loaded = self.loaded
        return Loaded(
            connectors={kind: self._connector(real) for kind, real in loaded.connectors.items() if kind in kinds},
            bots={kind: self._bot(real) for kind, real in loaded.bots.items() if kind in kinds},
            crms={kind: self._crm(real) for kind, real in loaded.crms.items() if kind in kinds},
        )

    def messenger(self, channel: str) -> RehearsedMessenger:
        """The messenger behind a channel."""
        if channel not in self.messengers:
            self.messengers[channel] = self._platform().fresh(channel)
        return self.messengers[channel]

    def _platform(self) -> RehearsedConnector:
        platform = self.loaded.connectors.get(MESSENGER)
        if not isinstance(platform, RehearsedConnector):
            raise Unplayable(f"rehearsals need the plugin {MESSENGER!r}: install openlines-{MESSENGER}")
        return platform

    def _connector(self, real: type[Connector[Any]]) -> type[Connector[Any]]:
        cast = self
        self._platform()  # who lacks it shall hear so before anything is played

        class Understudy(Connector[Any]):
            kind = real.kind
            title = real.title
            settings_model = real.settings_model

            def __init__(self, settings: Any) -> None:
                super().__init__(settings)
                self._real = real(settings)

            @property
            def abilities(self) -> Capabilities:
                return replace(self._real.abilities, per_second=0)  # what is said at a moment arrives at it

            @asynccontextmanager
            async def open(self, link: Link) -> AsyncGenerator[Channel]:
                messenger = cast.messenger(link.id)
                messenger.connect(link)
                try:
                    yield _Channel(messenger, cast)
                finally:
                    messenger.disconnect(link)

        return Understudy

    def _bot(self, real: type[Bot[Any]]) -> type[Bot[Any]]:
        cast = self

        class Understudy(Bot[Any]):
            kind = real.kind
            settings_model = real.settings_model

            def __init__(self, settings: Any) -> None:
                super().__init__(settings)
                self._real = real(settings)

            async def answer(self, turn: Turn, /) -> Answer:
                match cast.faults.bot:
                    case "raises":
                        raise RuntimeError("the scenario has the bot fail")
                    case "hangs":
                        await asyncio.Event().wait()
                return await self._real.answer(turn)

        return Understudy

    def _crm(self, real: type[Crm[Any]]) -> type[Crm[Any]]:
        cast = self
        own = self._ledger()

        class Understudy(Crm[Any]):
            kind = real.kind
            settings_model = real.settings_model

            @asynccontextmanager
            async def open(self, link: Link) -> AsyncGenerator[CrmSession]:
                settings = self.settings if real is own else own.settings_model()
                async with own(settings).open(link) as session:
                    if not isinstance(session, RehearsedCrm):
                        raise Unplayable(f"the plugin {LEDGER!r} cannot be rehearsed with: its session lacks records")
                    cast.ledgers[link.id] = session
                    yield _troubled(session, cast)

        return Understudy

    def _ledger(self) -> type[Crm[Any]]:
        if LEDGER not in self.loaded.crms:
            raise Unplayable(f"rehearsals with a CRM need the plugin {LEDGER!r}: install openlines-{LEDGER}")
        return self.loaded.crms[LEDGER]


class _Channel:
    def __init__(self, messenger: RehearsedMessenger, cast: Cast) -> None:
        self._messenger, self._cast = messenger, cast

    async def send(self, message: Outgoing, /) -> Receipt:
        if self._cast.faults.connector == "down":
            raise NotReady("the scenario has the connector down")
        return await self._messenger.take(message)


def _troubled(session: RehearsedCrm, cast: Cast) -> CrmSession:
    """All that the session can do, behind whatever trouble the scenario has for CRMs."""

    def behind(method: Callable[..., Awaitable[Any]]) -> staticmethod[..., Any]:
        async def call(*args: Any, **more: Any) -> Any:
            match cast.faults.crm:
                case "down":
                    raise NotReady("the scenario has the CRM down")
                case "slow":
                    await cast.clock.sleep(SLOW)
            return await method(*args, **more)

        return staticmethod(call)

    able = {name: behind(method) for name, method in getmembers(session, iscoroutinefunction) if name[0] != "_"}
    return typing.cast("CrmSession", type("TroubledSession", (), able)())
