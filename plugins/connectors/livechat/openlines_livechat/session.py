"""One visitor's connection, from `hello` to the close.

What the visitor says is answered `ok` only when the hub can no longer lose it. What they see comes from the hub's
story of the chat and from nowhere else, so every tab shows the same, in the same order, also after a loss.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from openlines.api import (
    Content,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    File,
    Incoming,
    Link,
    NotReady,
    Rejected,
    Story,
)

from openlines_livechat import wire
from openlines_livechat.pipes import BAD_FRAME, SLOW_DOWN, Pipe
from openlines_livechat.room import Bucket, Full, Limits, Room, network
from openlines_livechat.settings import LiveChatSettings
from openlines_livechat.visitors import Seals, chat_of, new_token

# Close codes; below 4000 are the standard's.
RESTART = 1012
FAILED = 1011
BAD_TOKEN = 4401
BAD_ORIGIN = 4403
NO_HELLO = 4408

PAGE = 50
"""Entries in one page of history."""
CHUNK = 100
"""Entries in one frame."""


class Session:
    """One open connection. `serve` runs it; `room` sees it as a seat."""

    # There may be very many of these.
    __slots__ = (
        "_frames",
        "_hello",
        "_limits",
        "_link",
        "_pipe",
        "_room",
        "_seals",
        "_settings",
        "_told",
        "address",
        "chat",
    )

    def __init__(
        self,
        pipe: Pipe,
        address: str,
        link: Link,
        settings: LiveChatSettings,
        room: Room,
        seals: Seals,
    ) -> None:
        self.chat = ""
        self.address = address
        self._pipe = pipe
        self._link = link
        self._settings = settings
        self._room = room
        self._limits: Limits = room.limits
        self._seals = seals
        self._hello = wire.Hello()
        self._told = 0
        """The `seq` of the last entry sent: the next frame names it, so that a loss cannot go unseen."""
        self._frames = Bucket(self._limits.frames_burst, self._limits.frames_per_second, link.now())

    async def serve(self) -> None:
        """Runs until the visitor goes, or misbehaves."""
        try:
            token = await self._enter()
            if not token:
                return
            with self._room.seated(self):
                await self._seals.ready()
                await self._welcome(token, self._hello.after if self._hello.token else 0)
                await self._talk()
        except Full as error:
            await self.close(SLOW_DOWN, str(error))
        except asyncio.CancelledError:
            await self._farewell()
            raise

    async def _farewell(self) -> None:
        """The hub stops. A visitor who takes nothing any more is not waited for."""
        try:
            async with asyncio.timeout(self._limits.farewell):
                await self.close(RESTART, "the hub restarts")
        except (TimeoutError, ConnectionError):
            self._pipe.abort()

    async def answer(self) -> None:
        """Handles what one short request brought: a hello with a token, then commands."""
        if not await self._enter():
            return
        if not self._hello.token:
            await self.close(BAD_TOKEN, "a token is given by the stream's welcome")
            return
        await self._seals.ready()
        await self._listen()

    async def _enter(self) -> str:
        """Reads the hello; the answer is the visitor's token, or "" for whom there is no way in."""
        try:
            async with asyncio.timeout(self._limits.hello_timeout):
                first = await self._receive()
        except TimeoutError:
            await self.close(NO_HELLO, "no hello in time")
            return ""
        if first is None:
            return ""
        if not isinstance(first, wire.Hello) or first.v != wire.VERSION:
            await self.close(BAD_FRAME, "the first frame is a hello")
            return ""
        token = first.token or new_token()
        chat = chat_of(token)
        if chat is None:
            await self.close(BAD_TOKEN, "no token of ours")
            return ""
        self.chat, self._hello = chat, first
        return token

    # -- the room's side --------------------------------------------------------------------------------------------

    def idle(self) -> bool:
        return self._pipe.idle()

    async def send(self, frame: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._limits.send_timeout):
                await self._pipe.send(wire.encode(frame))
        except (ConnectionError, TimeoutError):
            # Gone, or too slow to take a frame: the reader notices the close, and the visitor comes back for the rest.
            self._pipe.abort()

    async def close(self, code: int, reason: str) -> None:
        await self._pipe.close(code, reason)

    # -- what the visitor sees --------------------------------------------------------------------------------------

    async def _welcome(self, token: str, after: int) -> None:
        if after:
            at_place = await self._link.history(self.chat, before=after + 1, limit=1)
            if at_place and at_place[-1].seq == after:
                self._told = after
                await self.send(wire.welcome(token, self._limits.heartbeat, self._settings.max_file, None))
                return
        # A new page, or a place that this chat does not have (its story was deleted or restored): begin with the end.
        stories, page = await self._page(0)
        self._told = stories[-1].seq if stories else 0
        await self.send(wire.welcome(token, self._limits.heartbeat, self._settings.max_file, page))

    async def _page(self, before: int) -> tuple[list[Story], dict[str, Any]]:
        stories = await self._link.history(self.chat, before=before, limit=PAGE)
        more = stories[0].seq if len(stories) == PAGE else 0
        last = stories[-1].seq if stories else 0
        return stories, {"items": wire.render_all(stories, self._where), "before": more, "last": last}

    async def _follow(self) -> None:
        async for batch in self._link.follow(self.chat, self._told):
            for start in range(0, len(batch), CHUNK):
                await self._tell(batch[start : start + CHUNK])

    async def _tell(self, stories: list[Story]) -> None:
        items = wire.render_all(stories, self._where)
        if items:
            frame = {"t": "ev", "prev": self._told, "items": items}
            self._told = items[-1]["seq"]
            await self.send(frame)

    def _where(self, file: File) -> str:
        return self._seals.address(self.chat, file, self._link.now())

    # -- what the visitor says --------------------------------------------------------------------------------------

    async def _talk(self) -> None:
        following = asyncio.create_task(self._follow())
        following.add_done_callback(self._following_ended)
        try:
            await self._listen()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _listen(self) -> None:
        while (frame := await self._receive()) is not None:
            if self._frames.take(self._link.now()):
                await self.close(SLOW_DOWN, "too many frames")
                return
            await self._handle(frame)

    def _following_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        # The stream ends only when the hub stops or the reading failed: the visitor comes back and reads on.
        if error := task.exception():
            self._link.log.warning("chat_stream_failed", chat=self.chat, error=repr(error))
        self._pipe.abort()

    async def _receive(self) -> wire.Frame | None:
        """The next frame; None at the end."""
        data = await self._pipe.receive()
        if data is None:
            return None
        try:
            return wire.parse(data)
        except wire.BadFrame as error:
            await self.close(BAD_FRAME, str(error))
            return None

    async def _handle(self, frame: wire.Frame) -> None:
        match frame:
            case wire.Say() | wire.Rate() | wire.Fill():
                await self._command(frame)
            case wire.Typing(text=text):
                draft = wire.clean(text, wire.MAX_DRAFT)
                await self._pass_on(CustomerTyping(at=self._link.now(), chat=self.chat, text=draft))
            case wire.Seen(id=message, state=state):
                seen = CustomerReceived(at=self._link.now(), chat=self.chat, id=str(message), state=state)
                if not self._room.crowd(self.address, self._link.now()):  # a receipt costs the hub a commit
                    await self._pass_on(seen)
            case wire.Older(before=before):
                _, page = await self._page(before)
                await self.send({"t": "older", **page})
            case wire.Ping():
                await self.send({"t": "beat"})
            case wire.Hello():
                await self.close(BAD_FRAME, "hello was said already")

    async def _pass_on(self, signal: Incoming) -> None:
        """What may be lost: the visitor is not told, and says it again soon enough."""
        try:
            await self._link.receive(signal)
        except (NotReady, Rejected) as error:
            self._link.log.debug("chat_signal_dropped", chat=self.chat, reason=str(error))

    async def _command(self, command: wire.Command) -> None:
        if wait := self._room.pace(self.chat, self.address, self._link.now()):
            await self.send(wire.error(command.cid, "slow_down", wait))
            return
        try:
            incoming = await self._read(command)
        except _Refused as refusal:
            await self.send(wire.error(command.cid, refusal.code))
            return
        try:
            (stored,) = await self._link.receive(incoming)
        except NotReady:
            await self.send(wire.error(command.cid, "busy", 2))
            return
        except Rejected as error:
            self._link.log.warning("chat_command_refused", chat=self.chat, reason=str(error))
            await self.send(wire.error(command.cid, "refused"))
            return
        # The hub's id names its thread, too; the visitor needs the message's part.
        await self.send({"t": "ok", "cid": command.cid, "id": stored.message.rpartition(":")[2]})

    async def _read(self, command: wire.Command) -> Incoming:
        at = self._link.now()
        match command:
            case wire.Say():
                content = Content(text=_bounded(command.text), files=await self._files(command.files))
                if not content:
                    raise _Refused("empty")
                customer = wire.customer_of(self.chat, self._hello)
                return CustomerWrote(at=at, chat=self.chat, id=command.cid, customer=customer, content=content)
            case wire.Rate():
                comment = wire.clean(_bounded(command.comment))
                return CustomerRated(at=at, chat=self.chat, id=command.cid, value=command.value, comment=comment)
            case wire.Fill():
                return self._filled(command, at)

    async def _files(self, sent: list[wire.Sent]) -> tuple[File, ...]:
        for one in sent:
            if not await self._seals.takes(one.ticket, self.chat, one.file):
                raise _Refused("bad_file")
        return tuple(one.file for one in sent)

    def _filled(self, command: wire.Fill, at: float) -> CustomerFilled:
        asked = {field.name: field for field in self._settings.form}
        if unknown := command.fields.keys() - asked.keys():
            raise _Refused(f"invalid:{wire.clean_line(min(unknown), 40)}")
        fields: dict[str, str] = {}
        for name, field in asked.items():
            many = field.input == "textarea"
            value = wire.clean(_bounded(command.fields.get(name, "")), 1_000 if many else 200)
            value = value if many else wire.clean_line(value)
            if (field.required and not value) or (value and not _fits(field.input, value)):
                raise _Refused(f"invalid:{name}")
            if value:
                fields[name] = value
        told = wire.customer_of(self.chat, self._hello)
        known = wire.Known(
            name=fields.get("name", told.name),
            email=fields.get("email", told.email),
            phone=fields.get("phone", told.phone),
        )
        customer = wire.customer_of(self.chat, wire.Hello(user=known, lang=told.language))
        return CustomerFilled(at=at, chat=self.chat, id=command.cid, customer=customer, fields=fields)


class _Refused(Exception):
    """A command that makes no sense; trying it again would not help."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _bounded(text: str) -> str:
    if len(text) > wire.MAX_TEXT:
        raise _Refused("too_long")
    return wire.clean(text)


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "email":
            name, at, host = value.rpartition("@")
            return bool(name and at and "." in host.strip(".") and " " not in value)
        case "tel":
            return sum(map(str.isdigit, value)) >= 5
        case _:
            return True


def address_of(request: web.Request) -> str:
    """Whose network asks: the peer's, or the one that a proxy on this very machine names."""
    peer = request.remote or ""
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return network(named if named and peer in ("127.0.0.1", "::1") else peer)


def comes_from(request: web.Request, settings: LiveChatSettings, public_url: str, header: str) -> bool:
    """Whether a request was made on one of the channel's sites, or on our own page. Not told = not refused."""
    said = request.headers.get(header)
    if not settings.sites or said is None:
        return True
    try:
        origin = urlsplit(said)
    except ValueError:  # "http://["
        return False
    own = {request.host, urlsplit(public_url).netloc}
    return origin.netloc in own or any(_matches(origin.scheme, origin.netloc, site) for site in settings.sites)


def _matches(scheme: str, host: str, site: str) -> bool:
    wanted, _, pattern = site.rpartition("://")
    if wanted and wanted != scheme:
        return False
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
