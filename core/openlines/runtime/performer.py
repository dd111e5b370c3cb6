"""The performer: does what threads owe, and reports each outcome as the next event.

Commands wait in the threads' own states; this keeps no queue that a crash could lose. Per lane one command at a time:
(thread, send), (thread, bot), (customer, crm), so a slow bot or a CRM that is down holds back no reply, and a retried
message is not overtaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from openlines.domain.commands import (
    AnyCommand,
    AskBot,
    AssignRecord,
    CreateRecord,
    EraseFields,
    FindCustomer,
    LogTranscript,
    Send,
)
from openlines.domain.events import AnyEvent
from openlines.domain.state import Thread
from openlines.runtime.asking import Asking
from openlines.runtime.boundary import abandon, fault_of
from openlines.runtime.crm_calls import CrmCalls
from openlines.runtime.records import customer_id
from openlines.runtime.retries import GivenUp, Retries, given_up
from openlines.runtime.sending import Sending

Lane = tuple[str, ...]

STOP_LIMIT = 5.0
"""Seconds that work under way may take at a stop; what is not done stays owed."""

log = structlog.get_logger("openlines.performer")


class Performer:
    """Runs lanes. `publish` takes outcomes; `advance` is told of every thread that a commit changed."""

    def __init__(
        self, sending: Sending, asking: Asking, crm: CrmCalls, retries: Retries, publish: Callable[[AnyEvent], None]
    ) -> None:
        self._sending, self._asking, self._crm, self._retries = sending, asking, crm, retries
        self._publish = publish
        self._latest: dict[str, Thread] = {}
        """The newest state of each thread that owes something."""
        self._running: dict[Lane, tuple[str, int]] = {}
        """The thread and command that each busy lane works for, until its outcome is committed."""
        self._behind: dict[Lane, dict[str, None]] = {}
        """Threads that wait for a lane which another thread's command holds."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def busy(self) -> int:
        """Lanes at work, those that only wait left out."""
        return len(self._tasks) - self._retries.waiting

    @property
    def owed(self) -> int:
        """Commands whose outcome is not in, over all threads."""
        return sum(len(thread.pending) for thread in self._latest.values())

    def advance(self, thread: Thread) -> None:
        """A thread's newest state: begin what it owes and nobody does yet, free the lanes of what is settled."""
        known = self._latest.get(thread.id)
        if thread.pending:
            self._latest[thread.id] = thread
        elif known is not None:
            del self._latest[thread.id]
        else:
            return
        if known is not None:
            owed = {command.id for command in thread.pending}
            for command in known.pending:
                if command.id not in owed:
                    self._free(lane_of(known, command), thread.id, command.id)
        self._begin(thread)

    async def stop(self) -> None:
        """Let what is under way end, within reason; what only waits ends at once. All of it stays owed."""
        self._stopping = True
        self._retries.stop()
        if self._tasks:
            _done, late = await asyncio.wait(self._tasks, timeout=STOP_LIMIT)
            await abandon(late)

    def _begin(self, thread: Thread) -> None:
        if self._stopping:
            return
        for command in thread.pending:
            lane = lane_of(thread, command)
            holder = self._running.get(lane)
            if holder is None:
                self._running[lane] = (thread.id, command.id)
                task = asyncio.create_task(self._perform(thread, command))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif holder[0] != thread.id:
                self._behind.setdefault(lane, {})[thread.id] = None

    def _free(self, lane: Lane, thread: str, command: int) -> None:
        if self._running.get(lane) != (thread, command):
            return
        del self._running[lane]
        for waiting in self._behind.pop(lane, {}):
            if (state := self._latest.get(waiting)) is not None:
                self._begin(state)

    async def _perform(self, thread: Thread, command: AnyCommand) -> None:
        structlog.contextvars.bind_contextvars(channel=thread.channel, conversation=command.conversation)
        try:
            outcome = await self._outcome(thread, command)
        except GivenUp as error:
            outcome = given_up(thread, command, self._retries.clock.now(), error.code, str(error))
        except BaseException as raised:
            fault = fault_of(raised)
            log.exception("command_failed", command=type(command).__name__)
            words = f"{type(fault).__name__}: {fault}"
            outcome = given_up(thread, command, self._retries.clock.now(), "error", words)
        self._publish(outcome)

    async def _outcome(self, thread: Thread, command: AnyCommand) -> AnyEvent:
        match command:
            case Send():
                return await self._sending.send(thread, command)
            case AskBot():
                return await self._asking.ask(thread, command)
            case FindCustomer():
                return await self._crm.find(thread, command)
            case CreateRecord() | AssignRecord() | LogTranscript() | EraseFields():
                return await self._crm.write(thread, command)


def lane_of(thread: Thread, command: AnyCommand) -> Lane:
    """Commands of one lane are done one after the other."""
    match command:
        case Send():
            return (thread.id, "send")
        case AskBot():
            return (thread.id, "bot")
        case FindCustomer():
            return (thread.id, "find")
        case CreateRecord() | AssignRecord() | LogTranscript() | EraseFields():
            return (customer_id(thread), "crm", command.crm)
