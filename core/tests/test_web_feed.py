"""The feed: what happens reaches the screens of those who may see it, and nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from openlines.domain.events import CustomerTyping
from openlines.runtime.feed import Typing
from openlines.runtime.records import thread_id
from openlines.web import feed_socket

from core.tests.web_hub import Shop, Staff, open_shop, problem, settled


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


class Screen:
    """An agent's console, as the feed knows it."""

    def __init__(self, socket: ClientWebSocketResponse, welcome: dict[str, Any]) -> None:
        self.socket = socket
        self.welcome = welcome
        self.cursor = welcome["cursor"]

    @classmethod
    async def open(cls, staff: Staff, cursor: str | None = None) -> Screen:
        socket = await connect(staff)
        await socket.send_json({"op": "hello", "cursor": cursor})
        welcome = await socket.receive_json(timeout=5)
        assert welcome["op"] == "welcome"
        return cls(socket, welcome)

    async def next(self, op: str) -> dict[str, Any]:
        """The next frame of this kind; others are let pass."""
        while True:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=5)
            if frame["op"] == "batch":
                self.cursor = frame["cursor"]
            if frame["op"] == op:
                return frame

    async def quiet(self) -> list[dict[str, Any]]:
        """What has come in besides an answer to a ping: the feed hands on in order, and a tick is over."""
        await asyncio.sleep(feed_socket.TICK * 3)
        await self.socket.send_json({"op": "ping"})
        frames: list[dict[str, Any]] = []
        while (frame := await self.socket.receive_json(timeout=5)) != {"op": "pong"}:
            frames.append(frame)
        return frames

    async def closed(self) -> int:
        """The code that the server closed with."""
        while True:
            message = await self.socket.receive(timeout=5)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING):
                return self.socket.close_code or 0


async def connect(staff: Staff, origin: str = "") -> ClientWebSocketResponse:
    origin = origin or str(staff.session._base_url).rstrip("/")
    return await staff.session.ws_connect("/api/v1/feed", headers={"Origin": origin})


async def test_a_message_reaches_who_may_see_it(shop: Shop) -> None:
    anna, carla = await Screen.open(await shop.sign_in("anna")), await Screen.open(await shop.sign_in("carla"))
    number = await shop.customer_writes("Is anybody there?")
    frame = await anna.next("batch")
    [row] = frame["conversations"]
    assert (row["number"], row["preview"], row["preview_by"]) == (number, "Is anybody there?", "customer")
    assert "actions" not in row
    texts = [entry["body"]["content"]["text"] for entry in frame["entries"] if entry["kind"] == "Message"]
    assert texts == ["Is anybody there?"]
    assert frame["closed"] == []
    assert "batch" not in [frame["op"] for frame in await carla.quiet()]


async def test_a_conversation_comes_and_goes(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna, boris = await shop.sign_in("anna"), await Screen.open(await shop.sign_in("boris"))
    mila = await Screen.open(await shop.sign_in("mila"))
    await anna.post(f"conversations/{number}/accept")
    # For Boris it is gone, and what was decided is not his to read; for the supervisor it goes on.
    frame = await boris.next("batch")
    assert (frame["closed"], frame["conversations"], frame["entries"]) == ([number], [], [])
    frame = await mila.next("batch")
    assert [row["status"] for row in frame["conversations"]] == ["accepted"]
    # Given back it is his to take again.
    await anna.post(f"conversations/{number}/return")
    frame = await boris.next("batch")
    assert [row["number"] for row in frame["conversations"]] == [number]
    assert frame["closed"] == []


async def test_the_same_as_the_rest_of_the_api_says(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    screen = await Screen.open(anna)
    number = await shop.customer_writes("hello")
    row = (await screen.next("batch"))["conversations"][0]
    listed = (await anna.read("conversations?view=queue"))["items"][0]
    del listed["actions"]
    assert row == listed
    await anna.post(f"conversations/{number}/reply", {"text": "hi"})
    frame = await screen.next("batch")
    entries = (await anna.read(f"conversations/{number}/entries"))["items"]
    assert frame["entries"] == [entry for entry in entries if entry in frame["entries"]]
    assert frame["entries"]


async def test_what_was_missed_is_told_after_a_resume(shop: Shop) -> None:
    staff = await shop.sign_in("anna")
    screen = await Screen.open(staff)
    assert screen.welcome["reset"] is True  # nothing known yet: fetch by REST
    await shop.customer_writes("one")
    await screen.next("batch")
    await screen.socket.close()
    number = await shop.customer_writes("two")
    other = await shop.customer_writes("elsewhere", chat="other", channel="help")
    again = await Screen.open(staff, screen.cursor)
    assert again.welcome["reset"] is False
    frame = await again.next("batch")
    assert [row["number"] for row in frame["conversations"]] == [number]
    assert other not in [entry["conversation"] for entry in frame["entries"]]
    texts = [entry["body"]["content"]["text"] for entry in frame["entries"] if entry["kind"] == "Message"]
    assert texts == ["two"]


async def test_what_was_lost_while_away_is_told_too(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    boris = await shop.sign_in("boris")
    screen = await Screen.open(boris)
    await shop.customer_writes("hello?")
    await screen.next("batch")
    await screen.socket.close()
    await (await shop.sign_in("anna")).post(f"conversations/{number}/accept")
    frame = await (await Screen.open(boris, screen.cursor)).next("batch")
    assert (frame["closed"], frame["entries"]) == ([number], [])


@pytest.mark.parametrize("cursor", ["nonsense", "", "🙂"])
async def test_a_cursor_that_is_none_starts_afresh(shop: Shop, cursor: str) -> None:
    screen = await Screen.open(await shop.sign_in("anna"), cursor)
    assert screen.welcome["reset"] is True
    await shop.customer_writes("hello")
    assert (await screen.next("batch"))["entries"]


async def test_many_events_make_few_frames(shop: Shop) -> None:
    mila = await Screen.open(await shop.sign_in("mila"))
    await asyncio.gather(*(shop.customer_writes("hello", chat=f"chat-{index}") for index in range(30)))
    rows: list[int] = []
    frames = 0
    while len(rows) < 30:
        frame = await mila.next("batch")
        frames += 1
        rows += [row["number"] for row in frame["conversations"]]
    assert frames < 15
    assert len(set(rows)) == 30


async def test_typing_is_shown_to_the_others(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna, boris, carla = [await Screen.open(await shop.sign_in(name)) for name in ("anna", "boris", "carla")]
    await anna.socket.send_json({"op": "typing", "conversation": number})
    frame = await boris.next("typing")
    assert frame == {
        "op": "typing",
        "conversation": number,
        "by": {"kind": "agent", "id": "anna", "name": "Anna"},
        "text": "",
    }
    shop.hub.feed.signal(Typing(number, thread_id("site", "chat-1"), "customer", "chat-1", "Zoe", "I wou"))
    assert (await anna.next("typing"))["text"] == "I wou"  # and not her own typing, which came before
    assert "typing" not in [frame["op"] for frame in await carla.quiet()]
    # Somebody who may not see it cannot make noise in it.
    await carla.socket.send_json({"op": "typing", "conversation": number})
    assert [frame for frame in await anna.quiet() if frame["op"] == "typing"] == []


async def test_a_draft_is_no_event_of_the_store(shop: Shop) -> None:
    await shop.customer_writes("hello")
    await shop.hub.publish(CustomerTyping(channel="site", chat="chat-1", text="dra", at=shop.clock.now()))
    boris = await shop.sign_in("boris")
    entries = (await boris.read(f"conversations/{(await boris.numbers('queue'))[0]}/entries"))["items"]
    assert "dra" not in json.dumps(entries)


async def test_a_mention_is_told_to_the_one_it_is_for(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna = await shop.sign_in("anna")
    boris, mila = await Screen.open(await shop.sign_in("boris")), await Screen.open(await shop.sign_in("mila"))
    await anna.post(f"conversations/{number}/note", {"text": "look", "mentions": ["mila"]})
    notice = await mila.next("notice")
    assert notice["conversation"] == number
    assert "look" in notice["text"]
    assert "notice" not in [frame["op"] for frame in await boris.quiet()]


async def test_presence_follows_the_screens(shop: Shop) -> None:
    boris = await Screen.open(await shop.sign_in("boris"))
    await boris.quiet()
    anna = await shop.sign_in("anna")
    await anna.post("me/presence", {"state": "offline"}, method="PUT")
    while (told := (await boris.next("presence"))["agents"]) != [
        {"id": "anna", "available": False, "absence": "offline"}
    ]:
        assert told[0]["id"] == "anna"
    assert not shop.hub.people.view["anna"].connected
    screen = await Screen.open(anna)
    assert shop.hub.people.view["anna"].connected
    await screen.socket.close()
    await settled(lambda: not shop.hub.people.view["anna"].connected)


async def test_a_programs_feed_is_nobodys_presence(shop: Shop) -> None:
    program = await shop.program("anna", "read")
    screen = await Screen.open(program)
    assert not shop.hub.people.view["anna"].connected
    await shop.customer_writes("hello")
    assert (await screen.next("batch"))["entries"]


# -- who gets in, and what is bounded ---------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
async def test_another_sites_page_gets_no_feed(shop: Shop, origin: str) -> None:
    anna = await shop.sign_in("anna")
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(anna, origin)
    assert refused.value.status == 403


async def test_a_cookie_without_a_page_gets_no_feed(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    with pytest.raises(WSServerHandshakeError) as refused:
        await anna.session.ws_connect("/api/v1/feed")
    assert refused.value.status == 403
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(await shop.browser())
    assert refused.value.status == 401


async def test_a_plain_request_is_told_what_it_needs(shop: Shop) -> None:
    program = await shop.program("anna", "read")
    assert (await problem(await program.get("feed")))["status"] == 400


@pytest.mark.parametrize(
    "frame",
    ['{"op": "typing", "conversation": 1}', '{"op": "hello", "cursor": 5}', '{"op": "hello"}', "[]", "{", "[" * 10_000],
)
async def test_a_client_that_does_not_say_hello(shop: Shop, frame: str) -> None:
    socket = await connect(await shop.sign_in("anna"))
    await socket.send_str(frame)
    await socket.receive(timeout=5)
    assert socket.close_code == feed_socket.BAD_FRAME


async def test_a_client_that_says_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "HELLO_WITHIN", 0.01)
    socket = await connect(await shop.sign_in("anna"))
    await socket.receive(timeout=5)
    assert socket.close_code == feed_socket.NO_HELLO


async def test_a_client_that_says_too_much(shop: Shop) -> None:
    screen = await Screen.open(await shop.sign_in("anna"))
    for _ in range(feed_socket.FRAMES_PER_SECOND + 1):
        await screen.socket.send_json({"op": "ping"})
    assert await screen.closed() == feed_socket.TOO_FAST
    screen = await Screen.open(await shop.sign_in("anna"))
    await screen.socket.send_str("x" * (feed_socket.FRAME_LIMIT + 1))
    assert await screen.closed() == 1009
    screen = await Screen.open(await shop.sign_in("anna"))
    await screen.socket.send_bytes(b"x")
    assert await screen.closed() == feed_socket.BAD_FRAME


async def test_signing_out_ends_the_feed(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    screen, elsewhere = await Screen.open(anna), await Screen.open(await shop.sign_in("anna"))
    await anna.post("session", method="DELETE")
    assert await screen.closed() == feed_socket.SIGNED_OUT
    await shop.customer_writes("hello")
    assert (await elsewhere.next("batch"))["entries"]


async def test_signing_out_ends_presence_too(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    screen = await Screen.open(anna)
    assert shop.hub.people.view["anna"].connected
    await anna.post("session", method="DELETE")
    gone = shop.hub.people.view["anna"]
    assert (gone.connected, gone.seen_at) == (False, 0.0)
    assert await screen.closed() == feed_socket.SIGNED_OUT


async def test_the_dismissed_hear_nothing_more(shop: Shop) -> None:
    screen = await Screen.open(await shop.sign_in("anna"))
    olga = await shop.sign_in("olga")
    await olga.post("agents/anna", {"dismissed": True}, method="PATCH")
    assert await screen.closed() == feed_socket.SIGNED_OUT


async def test_a_session_that_ended_elsewhere_ends_the_feed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "CHECK_SESSION", 0.0)
    screen = await Screen.open(await shop.sign_in("anna"))
    await screen.quiet()
    await shop.clock.advance(40 * 86400)
    await screen.socket.send_json({"op": "ping"})
    assert await screen.closed() == feed_socket.SIGNED_OUT


async def test_a_slow_socket_is_closed_and_can_resume(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "WAITING_BATCHES", 3)
    monkeypatch.setattr(feed_socket, "TICK", 30.0)  # it gets to send nothing meanwhile
    boris = await shop.sign_in("boris")
    screen = await Screen.open(boris)
    for index in range(5):
        await shop.customer_writes(f"line {index}")
    assert await screen.closed() == 1013
    monkeypatch.setattr(feed_socket, "TICK", 0.0)
    monkeypatch.setattr(feed_socket, "WAITING_BATCHES", 100)
    again = await Screen.open(boris, screen.cursor)
    assert again.welcome["op"] == "welcome"
    await shop.customer_writes("line 5")
    assert (await again.next("batch"))["entries"]


async def test_feeds_per_agent_are_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_socket, "SOCKETS_PER_AGENT", 1)
    anna = await shop.sign_in("anna")
    open_one = await Screen.open(anna)
    with pytest.raises(WSServerHandshakeError) as refused:
        await connect(anna)
    assert refused.value.status == 429
    assert not open_one.socket.closed
    await Screen.open(await shop.sign_in("boris"))
