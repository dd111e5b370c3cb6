"""The connector: what the hub sees of live chat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar

from aiohttp import web
from openlines.api import Capabilities, Connector, Link, Outgoing, Receipt

from openlines_livechat import wire
from openlines_livechat.files import download, upload
from openlines_livechat.pages import Pages
from openlines_livechat.room import Limits, Room
from openlines_livechat.session import BAD_ORIGIN, RESTART, Session, comes_from
from openlines_livechat.settings import LiveChatSettings
from openlines_livechat.visitors import Seals

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

        async def uploads(request: web.Request) -> web.StreamResponse:
            return await upload(request, link, self.settings, self.room, seals)

        async def files(request: web.Request) -> web.StreamResponse:
            return await download(request, link, seals)

        return (
            web.get("/", pages.page),
            web.get("/loader.js", pages.loader),
            web.get("/assets/{name}", pages.asset),
            web.get("/socket", socket),
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
            await Session(ws, request, link, self.settings, self.room, seals).serve()
        else:
            await ws.close(code=BAD_ORIGIN, message=b"this site may not show the chat")
        return ws


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
