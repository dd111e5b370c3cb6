"""Just enough HTTP/1.1 for the load generator: it must leave its core idle enough to be no part of the result.

Keep-alive, bodies with Content-Length, nothing else; a peer that speaks otherwise is an error, not a wrong figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Messages:
    """Cuts a stream into (head, body) pairs."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        self._data += data
        whole = []
        while (end := self._data.find(END_OF_HEAD)) >= 0:
            head, start = self._data[:end], end + len(END_OF_HEAD)
            stop = start + content_length(head)
            if len(self._data) < stop:
                break
            whole.append((head, self._data[start:stop]))
            self._data = self._data[stop:]
        return whole


def content_length(head: bytes) -> int:
    at = head.lower().find(LENGTH)
    if at < 0:
        raise ValueError(f"a message without Content-Length: {head!r}")
    return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])


class Caller(asyncio.Protocol):
    """A client's connection: one request at a time."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._answered: Callable[[int, bytes], None] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def call(self, request: bytes, answered: Callable[[int, bytes], None]) -> None:
        """Send a request; `answered(status, body)` is called once. Status 0: the connection was lost."""
        if self._transport is None or self._transport.is_closing():
            answered(0, b"")
            return
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        for head, body in self._messages.feed(data):
            self._done(int(head[9:12]), body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._done(0, b"")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _done(self, status: int, body: bytes) -> None:
        if (answered := self._answered) is not None:
            self._answered = None
            answered(status, body)


class Taker(asyncio.Protocol):
    """A server's connection: hands on each body, accepts all of them with one and the same answer."""

    def __init__(self, take: Callable[[bytes], None], answer: bytes = b"{}") -> None:
        self._messages = Messages()
        self._take = take
        self._answer = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        for _, body in self._messages.feed(data):
            self._take(body)
            self._transport.write(self._answer)
