"""What a hub does beside its work for as long as it runs: look for deadlines, keep the store in order, try it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Select, select, update
from sqlalchemy.exc import SQLAlchemyError

from openlines.api import NotReady
from openlines.runtime import tables
from openlines.runtime.alarms import Alarms
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.router import Router
from openlines.runtime.search import Search

SWEEP = 60.0
"""Seconds between two looks at the store for deadlines; nearer ones are in memory."""
CHECKPOINT = 1.0
INDEX = 5.0
"""Seconds between two looks whether messages wait for the full-text index: many at once cost less."""
TRY_AGAIN = 1.0
"""Seconds until a job that failed is begun anew."""
PROBE = 5.0
"""Seconds between two looks whether a store that failed takes something again, when nobody else tries."""

Job = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger("openlines.hub")


class Housekeeping:
    """The jobs. `deadlines` is told of those that come near; `router` says whether the store takes anything."""

    def __init__(self, clock: Clock, database: Database, search: Search, deadlines: Alarms, router: Router) -> None:
        self._clock, self._database, self._search = clock, database, search
        self._deadlines, self._router = deadlines, router
        self.sweeping = True
        """Until the first look, and during each."""

    def jobs(self) -> list[Job]:
        return [self._sweep, self._checkpoint, self._index, self._probe]

    async def _sweep(self) -> None:
        """Look for deadlines that come near."""
        columns = tables.threads.c
        while True:
            soon = self._clock.now() + 2 * SWEEP
            query = select(columns.id, columns.due).where(columns.due > 0, columns.due < soon)
            self.sweeping = True
            try:
                for thread, due in await self._database.read(partial(_rows, query)):
                    self._deadlines.set_no_later(thread, due)  # a step may have moved it since
            finally:
                self.sweeping = False
            await self._clock.sleep(SWEEP)

    async def _probe(self) -> None:
        """Who asks whether the hub is ready may be the only one to send it anything: find out without them."""
        columns = tables.partitions.c
        touch = update(tables.partitions).where(columns.partition == 0).values(n=columns.n)
        while True:
            await self._clock.sleep(PROBE)
            if self._router.failing:
                try:
                    await self._database.run(lambda connection: connection.execute(touch))
                except SQLAlchemyError as error:
                    log.debug("store_failing", error=str(error))
                else:
                    self._router.recovered()

    async def _checkpoint(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT)  # files grow by the wall's time, whatever the hub's clock says
            try:
                await self._database.checkpoint()
            except SQLAlchemyError as error:  # a full disk: the writer says so, and the log is bounded
                log.debug("checkpoint_failed", why=str(error))

    async def _index(self) -> None:
        """Let the full-text index follow; a search brings it up to date besides, so this bounds what is left to it."""
        while True:
            try:
                await self._search.catch_up(passes=None)
            except NotReady as error:
                log.debug("index_failed", why=str(error))
            await self._clock.sleep(INDEX)


async def keep_going(clock: Clock, job: Job) -> None:
    """Begin a job anew when it fails: one look at a store that is away must not end it for good."""
    while True:
        try:
            await job()
        except Exception:
            log.exception("job_failed", job=job.__name__)
        await clock.sleep(TRY_AGAIN)


def _rows(query: Select[Any], connection: Connection) -> list[Any]:
    return list(connection.execute(query))
