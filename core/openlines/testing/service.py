"""A local stand-in for somebody's HTTP service: it answers as told and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that the service received."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names are matched without regard to case."""
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class _Reply:
    how: Literal["answer", "hang", "cut", "cut_body"]
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeService:
    """An HTTP server on a free loopback port.

        async with FakeService() as service:
            service.answers(503).answers(200, {"id": "m1"}).hangs()
            ...                                   # the code under test talks to service.url
            assert service.requests[0].json() == {"text": "Hello"}

    What was queued is given in order, one to a request; after that every request gets 200 and `{}`.
    """

    def __init__(self) -> None:
        self.url = ""
        """`http://127.0.0.1:<port>`, while it runs."""
        self.requests: list[Asked] = []
        self._replies: deque[_Reply] = deque()
        self._arrived = asyncio.Condition()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # -- what it shall do -----------------------------------------------------------------------------------------

    def answers(self, status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None) -> Self:
        """Answer the next request; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else msgspec.json.encode({} if body is None else body)
        return self._queue(_Reply("answer", status, data, headers or {}))

    def hangs(self) -> Self:
        """Never answer the next request."""
        return self._queue(_Reply("hang"))

    def cuts(self) -> Self:
        """Cut the connection on the next request, before any answer."""
        return self._queue(_Reply("cut"))

    def cuts_body(self, status: int = 200) -> Self:
        """Begin to answer the next request and cut the connection in the middle of the body."""
        return self._queue(_Reply("cut_body", status))

    # -- what it was asked ----------------------------------------------------------------------------------------

    async def asked(self, count: int = 1) -> list[Asked]:
        """Wait until there were so many requests."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    # -- inside ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=100_000_000)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def _queue(self, reply: _Reply) -> Self:
        self._replies.append(reply)
        return self

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, request.query, request.headers, await request.read())
        reply = self._replies.popleft() if self._replies else _Reply("answer")
        async with self._arrived:
            self.requests.append(asked)
            self._arrived.notify_all()
        match reply.how:
            case "answer":
                headers = {"Content-Type": "application/json", **reply.headers}
                return web.Response(status=reply.status, body=reply.body, headers=headers)
            case "hang":
                await self._closing.wait()
            case "cut_body":
                response = web.StreamResponse(status=reply.status, headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b'{"id"')
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
