"""The connector: what the hub sees of live chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar

from aiohttp import web
from openlines.api import Capabilities, Connector, Link, Outgoing, Receipt

from openlines_livechat import wire
from openlines_livechat.files import download, upload
from openlines_livechat.pages import Pages
from openlines_livechat.pipes import AnswerPipe, Pipe, SocketPipe, StreamPipe
from openlines_livechat.room import Limits, Room
from openlines_livechat.session import BAD_ORIGIN, RESTART, Session, address_of, comes_from
from openlines_livechat.settings import LiveChatSettings
from openlines_livechat.visitors import Seals

LINES = "application/x-ndjson"
TYPING_LIFE = 6
"""Seconds that "is typing" stays on a visitor's screen."""


class LiveChat(Connector[LiveChatSettings]):
    """A chat window on a site. There is no platform: the visitor's browser speaks to the hub itself."""

    kind: ClassVar[str] = "livechat"
    title: ClassVar[str] = "Live chat"
    settings_model = LiveChatSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=wire.MAX_TEXT,
        files=True,
        max_file=1_000_000_000,
        buttons=True,
        sender_names=True,
        typing=True,
        drafts=True,
        ratings=True,
        forms=True,
        reachable=False,
    )

    def __init__(self, settings: LiveChatSettings, limits: Limits | None = None) -> None:
        super().__init__(settings)
        self.room = Room(limits or Limits())

    def open(self, link: Link) -> AbstractAsyncContextManager[LiveChatChannel]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[LiveChatChannel]:
        try:
            yield LiveChatChannel(self.room)
        finally:
            await self.room.close(RESTART, "the hub restarts")

    def pages(self, link: Link) -> Iterable[web.RouteDef]:
        pages, seals = Pages(link, self.settings), Seals(link)

        async def socket(request: web.Request) -> web.StreamResponse:
            return await self._socket(request, link, seals)

        async def stream(request: web.Request) -> web.StreamResponse:
            return await self._stream(request, link, seals)

        async def commands(request: web.Request) -> web.StreamResponse:
            return await self._commands(request, link, seals)

        async def uploads(request: web.Request) -> web.StreamResponse:
            return await upload(request, link, self.settings, self.room, seals)

        async def files(request: web.Request) -> web.StreamResponse:
            return await download(request, link, seals)

        return (
            web.get("/", pages.page),
            web.get("/loader.js", pages.loader),
            web.get("/assets/{name}", pages.asset),
            web.get("/socket", socket),
            web.post("/stream", stream),
            web.post("/commands", commands),
            web.post("/uploads", uploads),
            web.get("/files/{file:[0-9a-f]{64}}", files),
        )

    async def _socket(self, request: web.Request, link: Link, seals: Seals) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            heartbeat=self.room.limits.heartbeat, max_msg_size=wire.MAX_FRAME, compress=False, timeout=2
        )
        await ws.prepare(request)
        # A browser tells scripts nothing of a refused handshake, so the refusal is a close that they can read.
        if comes_from(request, self.settings, link.public_url, "Origin"):
            await self._session(SocketPipe(ws, request), request, link, seals).serve()
        else:
            await ws.close(code=BAD_ORIGIN, message=b"this site may not show the chat")
        return ws

    async def _stream(self, request: web.Request, link: Link, seals: Seals) -> web.StreamResponse:
        """The socket's frames for who cannot have one: the body is the hello, the answer does not end."""
        lines = await self._lines(request, link)
        # Proxies must pass on each event as it comes.
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store, no-transform",
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        pipe = StreamPipe(response, request, lines[0])
        await self._session(pipe, request, link, seals).serve()
        return response

    async def _commands(self, request: web.Request, link: Link, seals: Seals) -> web.StreamResponse:
        """What such a visitor says: a hello and frames, as lines; answered with the frames a socket would have sent."""
        pipe = AnswerPipe(await self._lines(request, link))
        await self._session(pipe, request, link, seals).answer()
        text = "".join(f"{answer}\n" for answer in pipe.answers)
        return web.Response(text=text, content_type=LINES, headers={"Cache-Control": "no-store"})

    async def _lines(self, request: web.Request, link: Link) -> list[str]:
        if not comes_from(request, self.settings, link.public_url, "Origin"):
            raise web.HTTPForbidden(text="this site may not show the chat")
        if (request.content_length or wire.MAX_FRAME + 1) > wire.MAX_FRAME:
            raise web.HTTPRequestEntityTooLarge(wire.MAX_FRAME, request.content_length or 0)
        try:
            async with asyncio.timeout(self.room.limits.hello_timeout):
                lines = [line for line in (await request.read()).decode().split("\n") if line]
        except UnicodeDecodeError:
            raise web.HTTPBadRequest(text="lines are UTF-8") from None
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the lines took too long") from None
        if not lines:
            raise web.HTTPBadRequest(text="the first line is a hello")
        return lines

    def _session(self, pipe: Pipe, request: web.Request, link: Link, seals: Seals) -> Session:
        return Session(pipe, address_of(request), link, self.settings, self.room, seals)


class LiveChatChannel:
    """A live-chat channel that is open."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def send(self, message: Outgoing, /) -> Receipt:
        """A message is on its way already: every socket follows the chat's story, and this message is in it."""
        if message.kind == "typing":
            frame = {"t": "eph", "kind": "typing", "name": message.sender.name, "ttl": TYPING_LIFE}
            await self._room.tell(message.chat, frame)
        return Receipt()
