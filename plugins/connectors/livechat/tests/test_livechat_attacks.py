"""What a hostile visitor may try; each story is one try that must come to nothing."""

from __future__ import annotations

import asyncio
import json
import secrets

import pytest
from aiohttp import web
from openlines.testing import MemoryLink
from openlines_livechat import LiveChat, LiveChatSettings
from openlines_livechat.room import Full, Limits, Room, network
from openlines_livechat.testing import Visitor, open_site
from openlines_livechat.visitors import chat_of

FROM_OUTSIDE = {"X-Forwarded-For": "198.51.100.1, 8.8.8.8"}


def lines(*frames):
    return "".join(json.dumps(frame) + "\n" for frame in frames).encode()


async def command(site, *frames, headers=FROM_OUTSIDE):
    """Another visitor each time, as far as their token says."""
    body = lines({"t": "hello", "token": secrets.token_urlsafe(32)}, *frames)
    async with site.http.post(f"{site.base}/commands", data=body, headers=headers) as answer:
        return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_another_token_does_not_buy_another_burst(tmp_path):
    async with open_site(tmp_path, Limits(address_burst=3, address_per_second=0.001)) as site:
        said = {"t": "send", "cid": "spam-spam", "text": "buy"}
        answers = [(await command(site, said))[0] for _ in range(5)]
        assert [answer["t"] for answer in answers] == ["ok", "ok", "ok", "err", "err"]
        assert answers[-1]["code"] == "slow_down"
        assert (await command(site, said, headers={"X-Forwarded-For": "9.9.9.9"}))[0]["t"] == "ok", "others may write"


async def test_receipts_of_one_address_cost_the_hub_only_so_much(tmp_path):
    async with open_site(tmp_path, Limits(address_burst=3, address_per_second=0.001)) as site:
        for _ in range(3):
            await command(site, *({"t": "seen", "id": number, "state": "read"} for number in range(1, 20)))
        assert len(site.link.received) == 3


async def test_sockets_are_counted_by_what_the_proxy_says_of_their_address(tmp_path):
    async with open_site(tmp_path, Limits(sockets_per_address=1)) as site:
        first, second, other = (Visitor(site.http, site.base) for _ in range(3))
        async with first.connected(FROM_OUTSIDE), other.connected({"X-Forwarded-For": "9.9.9.9"}):
            refused = await site.http.ws_connect(f"{site.base}/socket", headers=FROM_OUTSIDE)
            await refused.send_str('{"t":"hello"}')
            await refused.receive(timeout=5)
            assert refused.close_code == 4429
        async with second.connected(FROM_OUTSIDE):
            pass  # the place is free again


def test_a_network_of_ipv6_is_one_address_and_ipv4_is_not():
    assert network("2a00:1450:4001:81b::200e") == network("2a00:1450:4001:81b:ffff::1")
    assert network("::ffff:8.8.8.8") == "8.8.8.8"
    assert network("no address") == ""


async def test_lines_that_come_drop_by_drop_are_given_up(tmp_path):
    async with open_site(tmp_path, Limits(hello_timeout=0.05)) as site:

        async def drops():
            yield b"{"
            await asyncio.Event().wait()

        for place in ("commands", "stream"):
            headers = {"Accept": "text/event-stream", "Content-Length": "100"}
            async with site.http.post(f"{site.base}/{place}", data=drops(), headers=headers) as answer:
                assert answer.status == 408


@pytest.mark.parametrize("origin", ["http://[", "null", "https://shop.example.evil.example"])
async def test_an_origin_that_is_none_is_refused(tmp_path, origin):
    async with open_site(tmp_path, sites=["https://shop.example"]) as site:
        async with site.http.post(f"{site.base}/commands", data=b"{}", headers={"Origin": origin}) as answer:
            assert answer.status == 403
        async with site.http.get(f"{site.base}/", headers={"Referer": f"{origin}/page"}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("said_hello", [True, False])
async def test_a_visitor_hears_of_a_restart_whatever_they_said(tmp_path, said_hello):
    async with MemoryLink(tmp_path, id="site", title="Shop", public_url="https://hub.example") as link:
        chat, serving = LiveChat(LiveChatSettings()), asyncio.Queue()
        socket = next(route.handler for route in chat.pages(link) if route.path == "/socket")

        async def kept(request: web.Request) -> web.StreamResponse:
            task = asyncio.create_task(socket(request))
            serving.put_nowait(task)
            await asyncio.wait([task])
            return web.Response()

        app = web.Application()
        app.router.add_get("/socket", kept)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            ws = await link.http.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/socket")
            if said_hello:
                await ws.send_str('{"t":"hello"}')
                await ws.receive(timeout=5)
            (await serving.get()).cancel()
            await ws.receive(timeout=5)
            assert ws.close_code == 1012
        finally:
            await runner.cleanup()


async def test_one_request_does_not_ask_for_the_whole_history_many_times_over(tmp_path):
    async with open_site(tmp_path) as site:
        token = secrets.token_urlsafe(32)
        for _ in range(50):
            await site.link.say(chat_of(token), "x" * 9_000)
        older = {"t": "older", "before": 2**53 - 1}
        body = lines({"t": "hello", "token": token}, *[older] * 100)
        async with site.http.post(f"{site.base}/commands", data=body) as answer:
            text = await answer.text()
        assert len(text) < 2_000_000
        assert json.loads(text.splitlines()[-1]) == {"t": "close", "code": 4429}


async def test_uploads_of_one_address_are_bounded_whatever_the_tokens():
    room = Room(Limits(uploads_per_address=2))
    with room.uploading("one", "8.8.8.8"), room.uploading("two", "8.8.8.8"):
        with pytest.raises(Full), room.uploading("three", "8.8.8.8"):
            pass
        with room.uploading("four", "9.9.9.9"), room.uploading("five", "10.0.0.1"):
            pass
    with room.uploading("three", "8.8.8.8"):
        pass
