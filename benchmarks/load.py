"""The load generator and the fake platform in one: it writes as customers do and takes the answers.

A message counts only when its webhook was acknowledged and its answer reached the platform. Per chat the answers must
come in the order of the questions, which they show by repeating the question's last character.
"""

from __future__ import annotations

import asyncio
import gc
import hmac
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec
from lean_http import Caller, Taker

QUESTIONS = "123"
IN_FLIGHT = 32
OPEN_CALLERS = 256
"""Connections at most when messages are sent by the clock."""
DRAIN = 15.0
"""Seconds that answers may take after the last message; what has not come by then is lost."""
PAUSE_AFTER_REFUSAL = 0.05
"""Seconds before the next message takes the place of a refused one: a server that is down is not hammered."""
AFTERMATH = 0.2
"""Seconds for a server to finish what it does after its answers, so that its CPU time counts too."""


class Reply(msgspec.Struct):
    """What the platform reads of an answer."""

    id: str
    chat: str
    text: str


read_reply = msgspec.json.Decoder(Reply).decode


@dataclass(slots=True, eq=False)
class Flight:
    """A message under way: its acknowledgement and its answer are awaited."""

    question: str
    due: float
    awaited: int = 2


@dataclass
class Phase:
    """What came of one spell of load."""

    seconds: float
    """From the first message to the last scheduled one."""
    sent: int = 0
    answered: int = 0
    """Acknowledged, and the answer arrived."""
    in_time: int = 0
    """Of them, within `seconds`: what the rate is made of."""
    refused: int = 0
    duplicates: int = 0
    misplaced: int = 0
    """Answers out of order, or to nothing."""
    generator: float = 0.0
    """The generator's own share of its core."""

    latencies: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from the moment a message was due to its acknowledged answer."""
    lateness: array[float] = field(default_factory=lambda: array("d"))
    """Seconds that the generator itself was late with a message; part of the latency."""

    @property
    def rate(self) -> float:
        return self.in_time / self.seconds

    @property
    def sound(self) -> bool:
        return self.answered == self.sent and not (self.refused or self.duplicates or self.misplaced)


class Load:
    """Customers of one server. `listen` says where the platform takes answers, `aim` where the customers write."""

    def __init__(self, chats: int, secret: str, patience: float = DRAIN) -> None:
        self.sent = 0
        """Messages so far, in all phases."""
        self._chats = [f"chat-{n}" for n in range(chats)]
        self._waiting: dict[str, deque[Flight]] = {chat: deque() for chat in self._chats}
        self._secret = secret.encode()
        self._patience = patience
        self._seen: set[str] = set()
        self._callers: list[Caller] = []
        self._idle: list[Caller] = []
        self._queue: deque[tuple[Flight, bytes]] = deque()
        self._phase = Phase(1)
        self._over = 0.0
        self._next: Callable[[], None] = lambda: None
        self._drained = asyncio.Event()
        self._flying = 0

    async def listen(self) -> str:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Taker(self._take), "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/messages"

    async def aim(self, hook: str) -> None:
        address = urlsplit(hook)
        self._head = (
            f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        ).encode()
        self._where = (str(address.hostname), int(address.port or 80))
        await self._more_callers(IN_FLIGHT)

    async def everyone_once(self) -> Phase:
        """Each chat writes one message, so that all threads exist before anything is measured."""
        left = iter(range(len(self._chats)))

        def write_next() -> None:
            if next(left, None) is not None:
                self._write(time.perf_counter())

        return await self._run(Phase(1), write_next)

    async def closed_loop(self, seconds: float) -> Phase:
        """`IN_FLIGHT` messages are always under way."""

        def write_next() -> None:
            if (now := time.perf_counter()) < self._over:
                self._write(now)

        return await self._run(Phase(seconds), write_next)

    async def open_loop(self, seconds: float, rate: float) -> Phase:
        """`rate` messages a second by the clock, whatever the answers do; latency counts from the scheduled moment."""
        await self._more_callers(OPEN_CALLERS)
        phase = Phase(seconds)
        with self._measure(phase):
            start = time.perf_counter()
            for n in range(int(seconds * rate)):
                due = start + n / rate
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)  # a timer is up to a millisecond late, never early
                phase.lateness.append(time.perf_counter() - due)
                self._write(due)
            await self._drain()
        return phase

    async def close(self) -> None:
        for caller in self._callers:
            caller.close()
        self._server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, phase: Phase, write_next: Callable[[], None]) -> Phase:
        with self._measure(phase):
            self._next = write_next
            for _ in range(IN_FLIGHT):
                write_next()
            await self._drain()
            self._next = lambda: None
        return phase

    @contextmanager
    def _measure(self, phase: Phase) -> Iterator[None]:
        """Tells the generator's own share of its core; garbage is collected before, not meanwhile."""
        gc.collect()
        gc.disable()
        wall, cpu = time.perf_counter(), time.process_time()
        self._phase, self._over = phase, wall + phase.seconds
        try:
            yield
        finally:
            phase.generator = (time.process_time() - cpu) / (time.perf_counter() - wall - AFTERMATH)
            gc.enable()

    async def _drain(self) -> None:
        """Until nothing is under way."""
        deadline = self._over + self._patience
        while self._flying and time.perf_counter() < deadline:
            self._drained.clear()
            try:
                await asyncio.wait_for(self._drained.wait(), deadline - time.perf_counter())
            except TimeoutError:
                break
        for waiting in self._waiting.values():  # given up: they are missing in `answered`
            waiting.clear()
        self._queue.clear()
        self._flying = 0
        await asyncio.sleep(AFTERMATH)

    def _write(self, due: float) -> None:
        chat = self._chats[self.sent % len(self._chats)]
        # A chat's questions differ from one to the next, so that answers out of order show.
        question = QUESTIONS[self.sent // len(self._chats) % len(QUESTIONS)]
        flight = Flight(question, due)
        self.sent += 1
        self._phase.sent += 1
        self._flying += 1
        self._waiting[chat].append(flight)
        body = (
            f'{{"chat":"{chat}","id":"m-{self.sent}","customer":{{"id":"{chat}","name":"Customer"}},"text":"{question}"}}'
        ).encode()
        self._queue.append((flight, body))
        self._dispatch()

    def _dispatch(self) -> None:
        """First come, first sent. A chat's next message comes a thousand messages later: never two at a time."""
        while self._queue and self._idle:
            if (caller := self._idle.pop()).alive:
                flight, body = self._queue.popleft()
                caller.call(self._request(body), partial(self._acknowledged, flight, caller))

    def _acknowledged(self, flight: Flight, caller: Caller, status: int, _answer: bytes) -> None:
        self._idle.append(caller)
        if status == 200:
            self._progress(flight)
        else:
            self._refuse(flight)
        self._dispatch()

    def _request(self, body: bytes) -> bytes:
        at = b"%d" % time.time()
        signature = hmac.digest(self._secret, at + b"." + body, "sha256").hex().encode()
        return b"%bX-Openlines-Signature: t=%b,v1=%b\r\nContent-Length: %d\r\n\r\n%b" % (
            self._head,
            at,
            signature,
            len(body),
            body,
        )

    def _take(self, body: bytes) -> None:
        reply = read_reply(body)
        if reply.id in self._seen:
            self._phase.duplicates += 1
            return
        self._seen.add(reply.id)
        waiting = self._waiting[reply.chat]
        if not waiting or waiting[0].question != reply.text[-1:]:
            self._phase.misplaced += 1
        if waiting:
            self._progress(waiting.popleft())

    def _progress(self, flight: Flight) -> None:
        flight.awaited -= 1
        if flight.awaited:
            return
        now = time.perf_counter()
        self._phase.answered += 1
        self._phase.in_time += now <= self._over
        self._phase.latencies.append(now - flight.due)
        self._landed()

    def _refuse(self, flight: Flight) -> None:
        flight.awaited = -1  # an answer that comes all the same counts no more
        self._phase.refused += 1
        asyncio.get_running_loop().call_later(PAUSE_AFTER_REFUSAL, self._landed)

    def _landed(self) -> None:
        self._flying -= 1
        self._next()
        if self._flying <= 0:
            self._drained.set()

    async def _more_callers(self, wanted: int) -> None:
        loop = asyncio.get_running_loop()
        while len(self._callers) < wanted:
            _, caller = await loop.create_connection(Caller, *self._where)
            self._callers.append(caller)
            self._idle.append(caller)
