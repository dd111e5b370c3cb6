"""A hub without threads: everything is done on the loop, each thing at its turn, in an order that never varies.

For rehearsals: nothing waits for another thread, so whenever the loop has nothing left to run, all has settled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import argon2
from sqlalchemy import Connection

from openlines.runtime.database import Database
from openlines.runtime.intake import Waiting
from openlines.runtime.router import Router
from openlines.runtime.step import Step
from openlines.runtime.workings import Workings

T = TypeVar("T")


class InlineDatabase(Database):
    """Runs work at once. The engine is not closed with it: whoever brought it may go on with it."""

    def close(self) -> None:
        """Nothing of its own is open."""

    async def _submit(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        with self.engine.connect().execution_options(writes=writes) as connection, connection.begin():
            return work(connection)


class InlineRouter(Router):
    """Decides on the loop, at its next turn: whatever was published until then is one batch."""

    _step: Step
    _connection: Connection
    _awaited = False

    def start(self, epochs: dict[int, int], counts: dict[int, int]) -> None:
        self.owned = (epochs, counts)
        self._loop = asyncio.get_running_loop()
        self._connection = self._engine.connect().execution_options(writes=True)
        self._step = Step(self._connection, self._view, self._recorder)
        self._step.own(*self.owned)
        self._decide_soon()

    async def stop(self) -> None:
        while self._intake.events:
            self._decide()
        self._intake.stop()
        self._connection.close()

    def _submit(self, waiting: Waiting, *, lazy: bool = False) -> None:
        super()._submit(waiting, lazy=lazy)
        self._decide_soon()

    def _decide_soon(self) -> None:
        if self._loop is not None and self._intake.events and not self._awaited:
            self._awaited = True
            self._loop.call_soon(self._decide)

    def _decide(self) -> None:
        self._awaited = False
        if self._intake.events:
            self._intake.hurry()
            self._write(self._step, self._intake.take())
            self._decide_soon()

    def _call(self, function: Callable[..., None], *args: object) -> None:
        function(*args)


def inline() -> Workings:
    """The workings of a hub in a rehearsal; its passwords are nobody's, so hashing them may be cheap."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Workings(InlineDatabase, InlineRouter, hasher, housekeeping=False)
