"""What the web layer asks of the hub, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from openlines.api import App, Connector, Link, Record
from openlines.domain.events import Asked
from openlines.domain.policy import Policies
from openlines.domain.state import Thread
from openlines.runtime.bus import Decided
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.feed import Subscription
from openlines.runtime.files import FileStore
from openlines.runtime.people import People
from openlines.runtime.reader import Reader
from openlines.settings.models import Settings


class Feed(Protocol):
    def subscribe(self, cursor: str | None) -> AbstractAsyncContextManager[Subscription]: ...


class Supervisor(Protocol):
    @property
    def connectors(self) -> Mapping[str, tuple[Connector[Any], Link]]: ...

    def states(self) -> Sequence[Mapping[str, Any]]:
        """Per channel, bot and CRM: plugin, instance, family, state, since, why."""
        ...


class Hub(Protocol):
    @property
    def settings(self) -> Settings: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def database(self) -> Database: ...
    @property
    def people(self) -> People: ...
    @property
    def files(self) -> FileStore: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def feed(self) -> Feed: ...
    @property
    def supervisor(self) -> Supervisor: ...
    @property
    def apps(self) -> Iterable[App]: ...
    @property
    def metrics(self) -> CollectorRegistry: ...
    @property
    def failing(self) -> str:
        """Why the store takes nothing now; "" = it does."""
        ...

    async def ask(self, request: Asked) -> Decided:
        """Put a request of staff to its thread. Raises `NotReady` when it cannot be made durable now."""
        ...

    async def records(self, thread: Thread, line: str) -> Sequence[tuple[str, Record]]:
        """What the line's CRM keeps of this customer, each with the CRM's id. Raises `NotReady`."""
        ...

    async def replay(self, parked: int) -> bool:
        """Decide a parked event again; False when it failed again, or there is none."""
        ...

    def typing(self, conversation: int, agent: str) -> None:
        """An agent is typing."""
        ...


HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)
