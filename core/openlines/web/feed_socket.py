"""The feed as a WebSocket: `hello` from the client, `welcome`, then batches as they come.

A socket that cannot keep up is closed with 1013 and resumes from its cursor: what waits for it is bounded. Rights are
checked at delivery, so what an agent may see a moment ago and not now is not sent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from prometheus_client import Gauge

from openlines.domain import rights
from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.runtime.feed import FeedBatch, Subscription
from openlines.runtime.reader import members
from openlines.web.board import Board, Mix
from openlines.web.hub import Hub
from openlines.web.problems import Refusal
from openlines.web.sessions import SESSIONS, Caller, Sessions, same_site

log = structlog.get_logger("openlines.web")

HELLO_WITHIN = 10.0
TICK = 0.02
"""Seconds that a batch waits for company: many small commits become one frame."""
HEARTBEAT = 30.0
SEND_WITHIN = 10.0
CLOSE_WITHIN = 3.0
WAITING_BATCHES = 500
"""What may wait for a slow socket."""
FRAME_LIMIT = 16_384
"""Bytes of a client's frame: it says hello, typing and ping."""
FRAMES_PER_SECOND = 20
SOCKETS_PER_AGENT = 30
CHECK_SESSION = 60.0
TYPING_EVERY = 1.0

BAD_FRAME, SIGNED_OUT, NO_HELLO, TOO_FAST = 4400, 4401, 4408, 4429


class Sockets:
    """All feed sockets of this process."""

    def __init__(self, hub: Hub) -> None:
        self.board = Board(hub)
        self._hub = hub
        self._open: set[FeedSocket] = set()
        Gauge("openlines_feed_sockets", "Open feed sockets", registry=hub.metrics).set_function(lambda: len(self._open))

    async def serve(self, request: web.Request, caller: Caller) -> web.WebSocketResponse:
        """Serve one socket until it closes."""
        if caller.session is not None and not same_site(request, self._hub.settings.server.address):
            raise Refusal(403, "a feed is opened by a page of this hub, or with an API token", code="wrong_origin")
        if sum(socket.agent == caller.agent.id for socket in self._open) >= SOCKETS_PER_AGENT:
            raise Refusal(429, f"you have {SOCKETS_PER_AGENT} feeds open: close some", headers={"Retry-After": "10"})
        response = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=FRAME_LIMIT, timeout=2)
        await response.prepare(request)
        socket = FeedSocket(self._hub, self.board, request.app[SESSIONS], response, caller)
        self._open.add(socket)
        try:
            await socket.run()
        finally:
            self._open.discard(socket)
            self.board.forget()
        return response

    async def end_session(self, session: str) -> None:
        """Close the sockets of a session that was signed out; returns when they count for nobody's presence."""
        await self._end([socket for socket in self._open if socket.session == session])

    async def end_token(self, token: str) -> None:
        """Close the sockets of an API token that was removed."""
        await self._end([socket for socket in self._open if socket.token == token])

    async def end_agent(self, agent: str) -> None:
        """Close all sockets of an agent."""
        await self._end([socket for socket in self._open if socket.agent == agent])

    async def _end(self, sockets: list[FeedSocket]) -> None:
        for socket in sockets:
            socket.end(SIGNED_OUT, "signed out")
        await asyncio.gather(*(socket.left.wait() for socket in sockets))

    async def close(self, _app: web.Application | None = None) -> None:
        """The server stops: clients come back at once."""
        for socket in self._open:
            socket.end(WSCloseCode.SERVICE_RESTART, "restart")


SOCKETS: web.AppKey[Sockets] = web.AppKey("sockets", Sockets)


class FeedSocket:
    """One client. Three tasks listen, collect and deliver; whichever finds an end tells `run`, which closes."""

    def __init__(
        self, hub: Hub, board: Board, sessions: Sessions, response: web.WebSocketResponse, caller: Caller
    ) -> None:
        self.agent = caller.agent.id
        self.session = caller.session.id if caller.session else ""
        self.token = caller.token
        self._hub = hub
        self._board = board
        self._sessions = sessions
        self._response = response
        self.left = asyncio.Event()
        """It counts for nothing any more; the closing itself may still be under way."""
        self._over: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._waiting: deque[FeedBatch] = deque()
        self._news = asyncio.Event()
        self._checked = self._now()
        self._frames: deque[float] = deque(maxlen=FRAMES_PER_SECOND)
        self._typed: dict[int, float] = {}
        self._place, self._lines = _place(caller.agent), hub.policies.lines
        self._queues = _queues(caller.agent, self._lines)

    async def run(self) -> None:
        """Serve until the client leaves or `end` is called."""
        serving = asyncio.create_task(self._serve())
        ends: list[asyncio.Future[Any]] = [serving, self._over]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            self.left.set()
        if self._over.done():
            await self._close(*self._over.result())

    def end(self, code: int, why: str) -> None:
        """Close the socket with this code; the first one counts."""
        if not self._over.done():
            self._over.set_result((code, why))

    async def _serve(self) -> None:
        try:
            hello = await self._hello()
            if hello is None:
                return
            async with self._hub.feed.subscribe(hello.get("cursor") or None) as subscription:
                if self.session:  # a person's console; a program's feed is nobody's presence
                    self._hub.people.connect(self.agent)
                try:
                    await self._all(
                        self._listen(), self._collect(subscription), self._deliver(subscription), self._guard()
                    )
                finally:
                    if self.session:
                        self._hub.people.disconnect(self.agent)
        except (TimeoutError, ConnectionError):
            self._too_slow()
        except Exception:
            log.exception("feed_failed", agent=self.agent)
            self.end(WSCloseCode.INTERNAL_ERROR, "resume from your cursor")

    async def _all(self, *work: Coroutine[Any, Any, None]) -> None:
        """Work side by side until one of them is done, or fails."""
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self, code: int, why: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._response.close(code=code, message=why.encode())
        except (TimeoutError, ConnectionError):
            log.debug("feed_cut", agent=self.agent, code=code)  # the client does not read, not even this

    def _too_slow(self) -> None:
        self.end(WSCloseCode.TRY_AGAIN_LATER, "too slow: resume from your cursor")

    # -- from the client ------------------------------------------------------------------------------------------

    async def _hello(self) -> dict[str, Any] | None:
        """The client's first frame; None where it does not come or is another."""
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                frame = await self._frame()
        except TimeoutError:
            self.end(NO_HELLO, "say hello first")
            return None
        match frame:
            case None:
                return None
            case {"op": "hello", "cursor": str() | None}:
                return frame
        self.end(BAD_FRAME, "say hello first, with a cursor or null")
        return None

    async def _listen(self) -> None:
        while (frame := await self._frame()) is not None:
            match frame:
                case {"op": "ping"}:
                    await self._send('{"op":"pong"}')
                    if not await self._still_welcome():
                        self.end(SIGNED_OUT, "signed out")
                case {"op": "typing", "conversation": int(number)} if 0 < number < 2**31:
                    await self._typing(number)
                case _:
                    self.end(BAD_FRAME, "unknown frame")

    async def _frame(self) -> dict[str, Any] | None:
        """The next frame; None when the client left, or for one that ends the talk."""
        message = await self._response.receive()
        if message.type is not WSMsgType.TEXT:
            if message.type is WSMsgType.BINARY:
                self.end(BAD_FRAME, "frames are JSON text")
            return None
        now = self._now()
        if len(self._frames) == FRAMES_PER_SECOND and now - self._frames[0] < 1:
            self.end(TOO_FAST, "slow down")
            return None
        self._frames.append(now)
        try:
            frame = json.loads(message.data)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            self.end(BAD_FRAME, "frames are JSON objects")
            return None
        return frame

    async def _typing(self, number: int) -> None:
        now = self._now()
        if now - self._typed.get(number, -TYPING_EVERY) < TYPING_EVERY:
            return
        if len(self._typed) > 100:
            self._typed.clear()
        self._typed[number] = now
        row, agent = await self._board.row(number), self._agent()
        if row and agent and rights.sees(agent, row.summary, members(self._hub.policies.lines, row.summary)):
            self._hub.typing(number, agent.id)

    async def _still_welcome(self) -> bool:
        if self._agent() is None:
            return False
        if self._now() < self._checked + CHECK_SESSION:
            return True
        self._checked = self._now()
        if not self.session:
            return not self.token or await self._sessions.token_alive(self.token)
        self._hub.people.seen(self.agent)
        return await self._sessions.alive(self.session)

    async def _guard(self) -> None:
        """A client that never says a word is not overlooked: its session may have ended elsewhere."""
        while True:
            await asyncio.sleep(CHECK_SESSION)
            held = self._sessions.alive(self.session) if self.session else self._sessions.token_alive(self.token)
            if self._agent() is None or not await held:
                self.end(SIGNED_OUT, "signed out")

    # -- to the client --------------------------------------------------------------------------------------------

    async def _collect(self, subscription: Subscription) -> None:
        """Take batches off the feed, up to what a slow socket may keep waiting. Ends when that is too much."""
        async for batch in subscription:
            if len(self._waiting) >= WAITING_BATCHES:
                break
            self._waiting.append(batch)
            self._news.set()
        self._too_slow()

    async def _deliver(self, subscription: Subscription) -> None:
        await self._send(_welcome(subscription.cursor, reset=subscription.reset))
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(TICK)
            await self._send_waiting()

    async def _send_waiting(self) -> None:
        prepared = []
        while self._waiting:
            prepared.append(await self._board.prepare(self._waiting.popleft()))
        agent = self._agent()  # only now: rights hold as they are when a frame leaves
        if agent is None:
            self.end(SIGNED_OUT, "dismissed")
            return
        lines = self._hub.policies.lines
        mix = Mix(agent, lines)
        for batch in prepared:
            mix.add(batch)
        for frame in mix.frames():
            await self._send(frame)
        if prepared and self._reaches_otherwise(agent, lines):
            await self._send(_welcome(prepared[-1].cursor, reset=True))  # they see more or less now: fetch afresh

    def _reaches_otherwise(self, agent: Agent, lines: Mapping[str, Line]) -> bool:
        """Whether the agent sees more or less than at the last look, whatever happens to the conversations."""
        place = _place(agent)
        if place == self._place and lines is self._lines:
            return False
        queues = _queues(agent, lines)
        changed = place != self._place or queues != self._queues
        self._place, self._lines, self._queues = place, lines, queues
        return changed

    async def _send(self, frame: str) -> None:
        async with asyncio.timeout(SEND_WITHIN):
            await self._response.send_str(frame)

    def _agent(self) -> Agent | None:
        agent = self._hub.people.view.get(self.agent)
        return agent if agent and not agent.dismissed else None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _place(agent: Agent) -> tuple[object, ...]:
    return agent.role, agent.rights, agent.team, agent.led


def _queues(agent: Agent, lines: Mapping[str, Line]) -> list[tuple[str, bool, bool]]:
    """Lines where a place in the queue, the agent's or a colleague's, opens conversations to them."""
    theirs = agent.team | agent.led
    found = [
        (line.id, agent.id in line.queue.members, bool(theirs) and not theirs.isdisjoint(line.queue.members))
        for line in lines.values()
    ]
    return [each for each in found if each[1] or each[2]]


def _welcome(cursor: str, *, reset: bool) -> str:
    return f'{{"op":"welcome","cursor":{json.dumps(cursor)},"reset":{"true" if reset else "false"}}}'
