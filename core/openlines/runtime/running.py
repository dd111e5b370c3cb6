"""A hub from start to stop: its folder locked, its store opened and up to date, its jobs under way."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar
from sqlalchemy import Engine

from openlines.runtime.clock import Clock, SystemClock
from openlines.runtime.database import in_folder, migrate, open_engine
from openlines.runtime.hub import Hub
from openlines.runtime.ownership import Owned, take_all
from openlines.runtime.plugins import Loaded
from openlines.settings.models import Settings


class InUse(Exception):
    """Another hub runs on the same data."""


@asynccontextmanager
async def running(settings: Settings, loaded: Loaded, *, clock: Clock | None = None) -> AsyncIterator[Hub]:
    """A hub that runs until the block ends.

    Raises `InUse` when another hub runs on the same data, and what the store raises when it cannot be opened.
    """
    data = Path(settings.server.data)
    async with AsyncExitStack() as stack:
        stack.enter_context(_alone(data))
        engine = open_engine(settings.store.url.get_secret_value() or in_folder(data))
        owned = await asyncio.to_thread(_prepare, engine)
        http = await stack.enter_async_context(
            ClientSession(cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=60, connect=10))
        )
        hub = Hub(settings, loaded, engine, owned, http, clock or SystemClock())
        await hub.start()
        jobs = [asyncio.create_task(job()) for job in hub.jobs()]
        try:
            yield hub
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await hub.stop()


def _prepare(engine: Engine) -> Owned:
    migrate(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        return take_all(connection)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the data folder's lock; the system lets go of it however this process ends."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another hub runs on {data}; stop it, or give this one its own [server] data") from None
        yield
    finally:
        os.close(handle)
