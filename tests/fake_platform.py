"""The other side of the `webhook` connector: customers who write, and a place that takes what the hub answers.

The wire format is written out here once more, from its documentation: what only one side believes, a test would miss.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer

SECRET = "a secret of the fake platform, long enough"
SIGNATURE = "X-Openlines-Signature"


def sign(body: bytes, at: int) -> str:
    digest = hmac.new(SECRET.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class FakePlatform:
    """Takes every signed POST at `url` and keeps it in `received`, repetitions and all."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self._came = asyncio.Event()
        self.refused: list[str] = []
        app = web.Application()
        app.router.add_post("/messages", self._take)
        self._server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/messages"))

    async def write(self, hook: str, chat: str, external: str, text: str) -> str:
        """Deliver what a customer wrote: "stored" or "duplicate", or "" when the hub did not acknowledge it."""
        message = {"chat": chat, "id": external, "customer": {"id": chat, "name": f"Customer {chat}"}, "text": text}
        body = json.dumps(message).encode()
        headers = {SIGNATURE: sign(body, int(time.time())), "Content-Type": "application/json"}
        try:
            async with self._http.post(hook, data=body, headers=headers) as answer:
                if answer.status == 503:
                    return ""
                words = await answer.text()
                assert answer.status == 200, f"the hub refused a sound webhook: {answer.status} {words}"
                return str(json.loads(words)["status"])
        except (ClientError, TimeoutError):
            return ""

    async def wait_for(self, messages: int, within: float = 10) -> list[dict[str, Any]]:
        """All that was received, once there are so many."""
        async with asyncio.timeout(within):
            while len(self.received) < messages:
                self._came.clear()
                await self._came.wait()
        return self.received

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        header = request.headers.get(SIGNATURE, "")
        at = header.partition(",")[0].removeprefix("t=")
        if not (at.isdecimal() and hmac.compare_digest(header, sign(body, int(at)))):
            self.refused.append(header)
            raise web.HTTPUnauthorized(text="bad signature")
        message = json.loads(body)
        self.received.append(message)
        self._came.set()
        return web.json_response({"id": f"platform-{message['id']}"})

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self._http = ClientSession(timeout=ClientTimeout(total=10))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()
        await self._server.close()
