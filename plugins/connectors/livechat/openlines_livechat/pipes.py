"""How frames travel. A WebSocket where there can be one; behind a proxy that lets none through, a long answer that
brings the hub's frames as events, and short requests that bring the visitor's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, cast

from aiohttp import WSMsgType, web

BAD_FRAME = 4400
SLOW_DOWN = 4429
MAX_ANSWER = 1_000_000
"""Characters of answers after which a short request is answered no further: pages of history are long."""


class Pipe(Protocol):
    """What a session needs of the connection below it."""

    async def receive(self) -> str | None:
        """The next frame; None at the end."""
        ...

    async def send(self, frame: str) -> None:
        """Raises `ConnectionError` where nobody is there any more."""
        ...

    async def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None:
        """Break off without a word."""
        ...

    def idle(self) -> bool:
        """Whether a frame would go out at once."""
        ...


class SocketPipe:
    """A WebSocket."""

    __slots__ = ("_transport", "_ws")

    def __init__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        self._ws = ws
        self._transport = request.transport

    async def receive(self) -> str | None:
        message = await self._ws.receive()
        if message.type is WSMsgType.TEXT:
            return cast("str", message.data)
        if message.type is WSMsgType.BINARY:
            await self.close(BAD_FRAME, "frames are text")
        return None

    async def send(self, frame: str) -> None:
        await self._ws.send_str(frame)

    async def close(self, code: int, reason: str) -> None:
        await self._ws.close(code=code, message=reason.encode()[:120])

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def idle(self) -> bool:
        return not self._ws.closed and self._transport is not None and self._transport.get_write_buffer_size() == 0


class StreamPipe:
    """An answer that does not end, as server-sent events. All it receives is the hello that the request brought."""

    def __init__(self, response: web.StreamResponse, request: web.Request, hello: str) -> None:
        self._response = response
        self._transport = request.transport
        self._hello: str | None = hello
        self._over = asyncio.Event()

    async def receive(self) -> str | None:
        hello, self._hello = self._hello, None
        if hello is None:
            await self._over.wait()
        return hello

    async def send(self, frame: str) -> None:
        await self._response.write(b"data: " + frame.encode() + b"\n\n")

    async def close(self, code: int, reason: str) -> None:
        if self._over.is_set():
            return
        try:
            await self.send(f'{{"t":"close","code":{code}}}')
        except ConnectionError:
            self.abort()
        self._over.set()

    def abort(self) -> None:
        self._over.set()
        if self._transport is not None:
            self._transport.abort()

    def idle(self) -> bool:
        # A transport that is closing takes what is written and drops it: the visitor is gone.
        if self._transport is None or self._transport.is_closing():
            self._over.set()
        return not self._over.is_set() and self._transport is not None and self._transport.get_write_buffer_size() == 0


class AnswerPipe:
    """One short request: the lines it brought, and the lines it is answered."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(reversed(lines))
        self.answers: list[str] = []
        self._size = 0

    async def receive(self) -> str | None:
        return self._lines.pop() if self._lines else None

    async def send(self, frame: str) -> None:
        self.answers.append(frame)
        self._size += len(frame)
        if self._size > MAX_ANSWER and self._lines:
            await self.close(SLOW_DOWN, "ask for less at once")

    async def close(self, code: int, reason: str) -> None:
        self._lines.clear()
        self.answers.append(f'{{"t":"close","code":{code}}}')

    def abort(self) -> None:
        self._lines.clear()

    def idle(self) -> bool:
        return True
