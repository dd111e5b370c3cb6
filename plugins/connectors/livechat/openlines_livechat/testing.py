"""For tests: a site with a chat, and a visitor without a browser who speaks the protocol over a real socket.

async with open_site(tmp_path, title="Sample shop") as site:
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.writes("Hello")
        await site.link.say(visitor.chat, "Good morning!")
        await visitor.sees("Good morning!")
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse, FormData, WSMsgType
from openlines.testing import MemoryLink, served

from openlines_livechat.connector import LiveChat, LiveChatChannel
from openlines_livechat.room import Limits
from openlines_livechat.settings import LiveChatSettings
from openlines_livechat.visitors import chat_of

PATIENCE = 10
"""Seconds to wait for a frame."""


@dataclass(frozen=True, slots=True)
class Site:
    """A live-chat channel that is open, its pages on a loopback port."""

    link: MemoryLink
    chat: LiveChat
    channel: LiveChatChannel
    base: str
    """Where the pages are, without a slash at the end."""
    http: ClientSession


@asynccontextmanager
async def open_site(folder: Path, limits: Limits | None = None, **settings: Any) -> AsyncGenerator[Site]:
    """A channel `site` with these settings; the hub behind it is a `MemoryLink`."""
    async with MemoryLink(folder, id="site", title="Sample shop", public_url="https://hub.example") as link:
        chat = LiveChat(LiveChatSettings(**settings), limits)
        async with served(chat, link) as address, chat.open(link) as channel, ClientSession() as http:
            yield Site(link, chat, channel, f"{address}/chat/site", http)


class Visitor:
    """One visitor; may connect again and again, and goes on where they were."""

    def __init__(self, http: ClientSession, base: str, token: str = "") -> None:
        self.http = http
        self.base = base
        self.token = token
        self.welcome: dict[str, Any] = {}
        self.items: list[dict[str, Any]] = []
        """The story as this visitor sees it."""
        self.last = 0
        self._ws: ClientWebSocketResponse | None = None

    @property
    def chat(self) -> str:
        """The id of the chat, as the hub knows it."""
        return chat_of(self.token) or ""

    @property
    def ws(self) -> ClientWebSocketResponse:
        if self._ws is None:
            raise AssertionError("the visitor is not connected")
        return self._ws

    @asynccontextmanager
    async def connected(self, headers: dict[str, str] | None = None, **hello: Any) -> AsyncGenerator[Self]:
        """In the chat: hello was said and answered."""
        async with self.silent(headers):
            await self.says({"t": "hello", "token": self.token, "after": self.last, **hello})
            self.welcome = await self.frame("welcome")
            self.token = self.welcome["token"]
            if "history" in self.welcome:
                self.items, self.last = self.welcome["history"]["items"], self.welcome["history"]["last"]
            yield self

    @asynccontextmanager
    async def silent(self, headers: dict[str, str] | None = None) -> AsyncGenerator[Self]:
        """A socket without a word said."""
        async with self.http.ws_connect(f"{self.base}/socket", headers=headers) as self._ws:
            yield self

    async def says(self, frame: object) -> None:
        """Sends one frame: a string as it is, anything else as JSON."""
        await self.ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def commands(self, op: str, cid: str = "", **body: Any) -> dict[str, Any]:
        """Says something that is answered: `ok` or `err`."""
        cid = cid or str(uuid.uuid4())
        await self.says({"t": op, "cid": cid, **body})
        return await self.frame("ok", "err")

    async def writes(self, text: str, cid: str = "") -> dict[str, Any]:
        return await self.commands("send", cid, text=text)

    async def frame(self, *kinds: str) -> dict[str, Any]:
        """The next frame of one of these kinds; entries on the way are taken in."""
        while True:
            message = await self.ws.receive(timeout=PATIENCE)
            if message.type is not WSMsgType.TEXT:
                raise AssertionError(f"waited for {kinds}, got {message!r} ({self.ws.close_code})")
            frame: dict[str, Any] = json.loads(message.data)
            if frame["t"] == "ev":
                self._take(frame)
            if frame["t"] in kinds:
                return frame

    async def closed(self) -> int:
        """Reads until the server closes; the close code."""
        while (await self.ws.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
            pass
        return self.ws.close_code or 0

    async def sees(self, text: str) -> dict[str, Any]:
        """Waits for a message of this text."""
        while True:
            for item in self.items:
                if item["data"].get("text") == text:
                    return item
            await self.frame("ev")

    async def uploads(
        self, name: str, data: bytes, media_type: str = "text/plain", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        form = FormData(quote_fields=False)  # as browsers do
        form.add_field("file", data, filename=name, content_type=media_type)
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        async with self.http.post(f"{self.base}/uploads", data=form, headers=headers) as answer:
            return answer.status, await answer.json()

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["prev"] != self.last:
            raise AssertionError(f"an entry was lost: after {self.last} came {frame}")
        self.items += frame["items"]
        self.last = frame["items"][-1]["seq"]
