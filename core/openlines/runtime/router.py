"""The router: takes events in, has the step decide them in batches, hands on what became durable.

One thread does all the writing. Whatever queues while one batch commits is the next batch, over all partitions:
under load commits are shared, and nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from openlines.api.errors import NotReady
from openlines.domain.events import Request
from openlines.domain.turn import Answered
from openlines.runtime.boundary import within
from openlines.runtime.clock import Clock
from openlines.runtime.drafts import Committed, Outcome
from openlines.runtime.facts import View
from openlines.runtime.intake import Intake, Waiting
from openlines.runtime.recorder import Recorder
from openlines.runtime.step import Fenced, Input, Step

ROOM = 5_000
"""Events that may wait; the edge is refused above it, outcomes never are."""
PATIENCE = 2.0
"""Seconds that the edge waits for room."""
RETRY_AFTER = 0.5
"""Seconds between two tries while the store does not answer."""

STORE_FAILS = (OperationalError, InterfaceError, Fenced)
"""Errors that are no event's fault: the disk is full, the connection lost, the partition taken over."""

log = structlog.get_logger("openlines.router")


class Router:
    """Owns the writer's thread. `deliver` is called on the loop with each commit, in order."""

    def __init__(
        self,
        engine: Engine,
        view: View,
        clock: Clock,
        deliver: Callable[[Committed], None],
        *,
        lost: Callable[[], None],
        recorder: Recorder | None = None,
    ) -> None:
        self._engine, self._view, self.clock = engine, view, clock
        self._deliver, self._lost, self._recorder = deliver, lost, recorder
        self._intake = Intake()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="openlines-writer", daemon=True)
        self._room = asyncio.Event()
        self._room.set()
        self.unfinished = 0
        """Calls that are not delivered yet; changed on the loop only."""
        self.failing = ""
        """Why the store does not take anything now; "" = it does."""
        self.owned: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def start(self, epochs: dict[int, int], counts: dict[int, int]) -> None:
        """Begin to write the partitions of which this node has the epochs."""
        self.owned = (epochs, counts)
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued, then end the writer."""
        self._intake.stop()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    async def publish(self, inputs: Sequence[Input]) -> list[Outcome]:
        """Make events durable and decided. Raises `NotReady` where that cannot be: nothing has happened then."""
        if self._intake.events >= ROOM:
            self._room.clear()
            try:
                async with within(self.clock, PATIENCE):
                    await self._room.wait()
            except TimeoutError:
                raise NotReady("the hub has no room for more at the moment; try again in a few seconds") from None
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._submit(Waiting(inputs, done))
        return await done

    def publish_own(self, inputs: Sequence[Input], *, lazy: bool = False) -> None:
        """Outcomes, placements, wake-ups: never refused, never awaited. `lazy` ones may wait for company."""
        if inputs:
            self._submit(Waiting(inputs, None), lazy=lazy)

    @property
    def queued(self) -> int:
        """Events that wait for the writer."""
        return self._intake.events

    def recovered(self) -> None:
        """The store takes what it is given, as far as is known."""
        if self.failing:
            log.info("store_recovered", was=self.failing)
            self.failing = ""

    def hurry(self) -> None:
        """Let nothing wait for company."""
        self._intake.hurry()

    # -- on the loop --------------------------------------------------------------------------------------------

    def _submit(self, waiting: Waiting, *, lazy: bool = False) -> None:
        if self._intake.stopping:
            if waiting.done is not None:
                waiting.done.set_exception(NotReady("the hub is stopping; try again in a few seconds"))
            return  # what the hub owes is in the store: the next start goes on with it
        self.unfinished += 1
        self._intake.put(waiting, lazy=lazy)

    def _finish(self, batch: list[Waiting], committed: Committed) -> None:
        try:
            self._deliver(committed)
        finally:  # it is durable, whatever those who are told make of it
            start = 0
            for waiting in batch:
                end = start + len(waiting.inputs)
                if waiting.done is not None and not waiting.done.done():
                    waiting.done.set_result(committed.outcomes[start:end])
                start = end
            self._finished(len(batch))

    def _fail(self, refused: list[Waiting], error: str) -> None:
        for waiting in refused:
            if waiting.done is not None and not waiting.done.done():
                waiting.done.set_exception(NotReady(error))
        self._finished(len(refused))

    def _finished(self, calls: int) -> None:
        self.unfinished -= calls
        if self._intake.events < ROOM // 2:
            self._room.set()

    # -- in the writer's thread ---------------------------------------------------------------------------------

    def _work(self) -> None:
        batch: list[Waiting] = []
        try:
            with self._engine.connect().execution_options(writes=True) as connection:
                step = Step(connection, self._view, self._recorder)
                step.own(*self.owned)
                while batch := self._intake.take():
                    self._write(step, batch)
        except Exception as error:  # a fault of ours: rather no hub than one that takes and never writes
            log.exception("writer_failed")
            self._intake.stop()
            left = batch
            while batch := self._intake.take():
                left = [*left, *batch]
            self._call(self._fail, left, f"the hub's writer failed ({error}); it must be started again")
            self._call(self._lost)

    def _write(self, step: Step, batch: list[Waiting]) -> None:
        inputs = [one for waiting in batch for one in waiting.inputs]
        try:
            committed = step.run(inputs, now=self.clock.now())
        except STORE_FAILS as error:
            self._refuse(batch, error)
        except Exception as error:
            self._write_alone(step, batch, error)
        else:
            self.recovered()
            self._call(self._finish, batch, committed)

    def _write_alone(self, step: Step, batch: list[Waiting], error: Exception) -> None:
        """One of them cannot be decided: find it by deciding each call alone, and park it."""
        if len(batch) > 1 or len(batch[0].inputs) > 1:
            for waiting in batch:
                if len(waiting.inputs) == 1:
                    self._write(step, [waiting])
                else:
                    self._write_each(step, waiting)
            return
        (one,) = batch[0].inputs
        try:
            parked = _park(step, one, error)
        except (DBAPIError, Fenced) as store_error:
            self._refuse(batch, store_error)
        else:
            self._call(self._finish, batch, parked)

    def _write_each(self, step: Step, waiting: Waiting) -> None:
        """Decide the events of one call one by one, and answer the call with all their outcomes."""
        outcomes: list[Outcome] = []
        for one in waiting.inputs:
            try:
                try:
                    committed = step.run([one], now=self.clock.now())
                except STORE_FAILS:
                    raise
                except Exception as error:
                    committed = _park(step, one, error)
            except (DBAPIError, Fenced) as error:
                self._refuse([waiting], error)
                return
            outcomes.extend(committed.outcomes)
            self._call(self._deliver, committed)
        self._call(self._finish, [waiting], Committed(outcomes=outcomes))

    def _refuse(self, batch: list[Waiting], error: Exception) -> None:
        """The store takes nothing: the edge is told so, what the hub owes itself is kept and tried again."""
        words = str(getattr(error, "orig", None) or error)
        if not self.failing:
            log.error("store_failing", error=words)
        self.failing = words
        refused = [waiting for waiting in batch if waiting.done is not None]
        own = [waiting for waiting in batch if waiting.done is None]
        self._call(self._fail, refused, f"the store does not take messages now ({words}); try again")
        if isinstance(error, Fenced):
            self._call(self._lost)
            self._call(self._finished, len(own))
            return
        if not self._intake.put_back(own, RETRY_AFTER):
            self._call(self._finished, len(own))  # it is owed still: the next start goes on with it

    def _call(self, function: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)


def _park(step: Step, one: Input, error: Exception) -> Committed:
    """Put an event aside; whoever asked for it is told that it failed."""
    log.error("event_parked", kind=type(one.event).__name__, thread=one.thread, exc_info=error)
    step.park(one, f"{type(error).__name__}: {error}")
    parked = Committed(outcomes=[Outcome()])
    if isinstance(one.event, Request):
        detail = "the hub could not decide this; it is kept under parked events"
        parked.answers.append((one.thread, Answered(one.event.request, code="internal", detail=detail)))
    return parked
