"""The chat for networks that let no WebSocket through: the same frames, as events of an answer and as lines."""

from __future__ import annotations

import asyncio
import json

import pytest
from openlines.api import Content, Outgoing, Sender
from openlines_livechat.room import Limits
from openlines_livechat.testing import Visitor, open_site
from openlines_livechat.visitors import chat_of

CID = "0190f3a0-0000-7000-8000-000000000001"
TOKEN = "t" * 43


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path) as one:
        yield one


def lines(*frames):
    return "".join(json.dumps(frame, ensure_ascii=False) + "\n" for frame in frames).encode()


async def read(answer):
    event = await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5)
    return json.loads(event.removeprefix(b"data: "))


async def command(site, *frames, token=TOKEN):
    async with site.http.post(f"{site.base}/commands", data=lines({"t": "hello", "token": token}, *frames)) as answer:
        assert answer.status == 200
        return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_a_stream_welcomes_follows_and_shows_passing_signals(site):
    async with site.http.post(f"{site.base}/stream", data=lines({"t": "hello"})) as answer:
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert answer.content_type == "text/event-stream"
        welcome = await read(answer)
        chat = chat_of(welcome["token"])
        await site.link.say(chat, "Good morning!")
        assert (await read(answer))["items"][0]["data"]["text"] == "Good morning!"
        await site.channel.send(Outgoing("1", chat, 1, Content(), Sender(kind="agent", name="Anna"), "typing"))
        assert (await read(answer))["kind"] == "typing"


async def test_a_command_is_answered_as_on_a_socket(site):
    text = "line\u2028of one message"
    assert await command(site, {"t": "send", "cid": CID, "text": text}) == [{"t": "ok", "cid": CID, "id": "1"}]
    assert await command(site, {"t": "send", "cid": CID, "text": text}) == [{"t": "ok", "cid": CID, "id": "1"}]
    assert site.link.texts(chat_of(TOKEN)) == [text]
    assert await command(site, {"t": "ping"}, {"t": "ping"}) == [{"t": "beat"}, {"t": "beat"}]


async def test_a_stream_and_a_socket_show_one_story(site):
    await command(site, {"t": "send", "cid": CID, "text": "from the stream"})
    visitor = Visitor(site.http, site.base, TOKEN)
    async with visitor.connected():
        await visitor.sees("from the stream")
        hello = {"t": "hello", "token": TOKEN, "after": visitor.last}
        async with site.http.post(f"{site.base}/stream", data=lines(hello)) as answer:
            assert "history" not in await read(answer)
            await visitor.writes("from the socket")
            assert (await read(answer))["items"][0]["data"]["text"] == "from the socket"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"t": "send", "cid": CID, "text": "no hello"}], 4400),
        ([{"t": "hello", "token": "short"}], 4401),
        ([{"t": "hello"}, {"t": "send", "cid": CID, "text": "no token"}], 4401),
        ([{"t": "hello", "token": TOKEN}, {"t": "nonsense"}], 4400),
        ([{"t": "hello", "token": TOKEN}, *[{"t": "ping"}] * 200], 4429),
    ],
)
async def test_what_would_close_a_socket_ends_the_answer(site, frames, code):
    async with site.http.post(f"{site.base}/commands", data=lines(*frames)) as answer:
        said = (await answer.text()).splitlines()
    assert json.loads(said[-1]) == {"t": "close", "code": code}
    assert site.link.received == []


async def test_many_short_requests_are_no_way_around_the_pace(tmp_path):
    async with open_site(tmp_path, Limits(burst=2)) as site:
        codes = []
        for number in range(3):
            (answer,) = await command(site, {"t": "send", "cid": f"{CID}{number}", "text": "x"})
            codes.append(answer.get("code", "ok"))
        assert codes == ["ok", "ok", "slow_down"]


@pytest.mark.parametrize("path", ["stream", "commands"])
async def test_bodies_are_bounded_and_sites_are_checked(tmp_path, path):
    async with open_site(tmp_path, sites=["https://shop.example"]) as site:
        post = site.http.post
        address = f"{site.base}/{path}"
        async with post(address, data=b"x" * 65_537) as answer:
            assert answer.status == 413
        async with post(address, data=b"\n") as answer:
            assert answer.status == 400
        async with post(address, data=b"\xff\xff") as answer:
            assert answer.status == 400
        async with post(address, data=lines({"t": "hello"}), headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403


async def test_a_hub_that_stops_ends_its_streams(site):
    async with site.http.post(f"{site.base}/stream", data=lines({"t": "hello"})) as answer:
        await read(answer)
        await site.chat.room.close(1012, "the hub restarts")
        assert await read(answer) == {"t": "close", "code": 1012}
        assert await answer.content.read() == b""
    assert len(site.chat.room) == 0


async def test_a_reader_who_went_away_is_noticed(tmp_path):
    async with open_site(tmp_path, Limits(heartbeat=0.01)) as site:
        async with site.http.post(f"{site.base}/stream", data=lines({"t": "hello"})) as answer:
            await read(answer)
            assert len(site.chat.room) == 1
            answer.close()
        async with asyncio.timeout(5):
            while len(site.chat.room):  # noqa: ASYNC110  # it is noticed at a beat, and nothing tells of that
                await asyncio.sleep(0.005)
