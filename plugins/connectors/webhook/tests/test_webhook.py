"""The webhook connector over real HTTP, on the loopback interface."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession
from openlines.api import Channel, Content, CustomerWrote, NotReady, Outgoing, RateLimited, Rejected, Sender
from openlines.testing import FakeService, MemoryLink, VirtualClock, served
from openlines_webhook import Webhook, WebhookSettings, openlines_connectors, wire
from pydantic import ValidationError

SECRET = "0123456789abcdef"


def test_it_is_offered_as_a_plugin() -> None:
    assert list(openlines_connectors()) == [Webhook]
    assert Webhook.kind == "webhook"


@pytest.fixture
async def link(tmp_path: Path) -> AsyncGenerator[MemoryLink]:
    async with MemoryLink(tmp_path, id="bridge") as link:
        yield link


def connector(url: str = "http://127.0.0.1:9/", **more: Any) -> Webhook:
    return Webhook(WebhookSettings.model_validate({"secret": SECRET, "url": url} | more))


# -- in -----------------------------------------------------------------------------------------------------------


class Program:
    """The program at the other end, writing for a customer."""

    def __init__(self, url: str, link: MemoryLink, http: ClientSession) -> None:
        self.url = url
        self._link = link
        self._http = http

    async def posts(
        self, body: bytes | None = None, *, headers: dict[str, str] | None = None, **message: Any
    ) -> tuple[int, dict[str, Any]]:
        raw = json.dumps({"chat": "c1", "id": "m1", "text": "Hello"} | message).encode() if body is None else body
        signed = {wire.SIGNATURE: wire.sign(SECRET, raw, self._link.now())}
        async with self._http.post(self.url, data=raw, headers=signed | (headers or {})) as response:
            return response.status, await response.json(content_type=None)


@pytest.fixture
async def program(link: MemoryLink) -> AsyncGenerator[Program]:
    async with served(connector(), link) as url, ClientSession() as http:
        yield Program(f"{url}/hooks/bridge", link, http)


async def test_a_signed_message_is_stored(program: Program, link: MemoryLink) -> None:
    assert await program.posts() == (200, {"status": "stored", "message": "1"})
    (fact,) = link.received
    assert isinstance(fact, CustomerWrote)
    assert (fact.chat, fact.id, fact.content.text) == ("c1", "m1", "Hello")


async def test_a_message_sent_again_is_a_duplicate_and_harmless(program: Program, link: MemoryLink) -> None:
    await program.posts()
    assert await program.posts() == (200, {"status": "duplicate", "message": "1"})
    assert link.texts() == ["Hello"]


async def test_a_replayed_request_is_a_duplicate_until_it_is_stale(program: Program, link: MemoryLink) -> None:
    raw = b'{"chat":"c1","id":"m1","text":"Hello"}'
    captured = {wire.SIGNATURE: wire.sign(SECRET, raw, link.now())}
    await program.posts(raw, headers=captured)
    await link.clock.advance(300)
    assert (await program.posts(raw, headers=captured))[1]["status"] == "duplicate"
    await link.clock.advance(1)
    status, problem = await program.posts(raw, headers=captured)
    assert (status, problem["code"]) == (401, "bad_signature")
    assert "stale" in problem["detail"]
    assert link.texts() == ["Hello"]


@pytest.mark.parametrize("signature", ["", "rubbish", "t=1795424400,v1=" + "0" * 64])
async def test_an_unsigned_message_is_refused(program: Program, link: MemoryLink, signature: str) -> None:
    status, problem = await program.posts(headers={wire.SIGNATURE: signature})
    assert (status, problem["status"], problem["title"]) == (401, 401, "Not signed")
    assert link.received == []
    assert [line.event for line in link.logged] == ["webhook_refused"]


async def test_rubbish_does_not_fill_the_log(program: Program, link: MemoryLink) -> None:
    for _ in range(5):
        await program.posts(headers={wire.SIGNATURE: "rubbish"})
    await link.clock.advance(60)
    await program.posts(headers={wire.SIGNATURE: "rubbish"})
    assert [line.event for line in link.logged] == ["webhook_refused", "webhook_refused"]


async def test_the_raw_bytes_are_what_is_signed(program: Program, link: MemoryLink) -> None:
    spaced = b' { "text":"Hello" ,\n"id":"m1", "chat":"c1" } '
    assert (await program.posts(spaced))[0] == 200
    compact = wire.sign(SECRET, b'{"text":"Hello","id":"m2","chat":"c1"}', link.now())
    assert (await program.posts(spaced, headers={wire.SIGNATURE: compact}))[0] == 401


async def test_a_fault_is_a_problem_that_names_the_field(program: Program, link: MemoryLink) -> None:
    status, problem = await program.posts(customer={"id": "u1", "mail": "x"})
    assert status == 422
    assert problem == {
        "type": "about:blank",
        "title": "Not in the format",
        "status": 422,
        "code": "invalid",
        "detail": "customer.mail: Object contains unknown field `mail`",
        "field": "customer.mail",
    }
    assert (await program.posts(b"{"))[0] == 422
    assert link.received == []


async def test_a_text_of_a_million_characters_is_refused_in_words(program: Program) -> None:
    status, problem = await program.posts(text="x" * 1_000_000)
    assert (status, problem["field"]) == (422, "text")
    assert "100000" in problem["detail"]


async def test_too_large_a_body_is_refused_announced_or_not(program: Program) -> None:
    async def drip() -> AsyncGenerator[bytes]:
        for _ in range(wire.MAX_BODY // 100_000 + 1):
            yield b" " * 100_000

    async with ClientSession() as http:
        for body in (io.BytesIO(b" " * (wire.MAX_BODY + 1)), drip()):
            async with http.post(program.url, data=body) as response:
                problem = await response.json(content_type=None)
                assert (response.status, problem["code"]) == (413, "too_large")


async def test_a_compressed_body_is_refused(program: Program, link: MemoryLink) -> None:
    packed = gzip.compress(b'{"chat":"c1","id":"m1","text":"Hello"}')
    status, problem = await program.posts(packed, headers={"Content-Encoding": "gzip"})
    assert (status, problem["code"]) == (415, "encoded")
    assert link.received == []


async def test_a_hub_without_room_asks_to_come_again(program: Program, link: MemoryLink) -> None:
    link.full = True
    status, problem = await program.posts()
    assert (status, problem["code"]) == (503, "not_ready")
    link.full = False
    assert (await program.posts())[1]["status"] == "stored"


async def test_only_posts_are_taken_with_or_without_the_last_slash(program: Program) -> None:
    async with ClientSession() as http, http.get(program.url) as response:
        assert response.status == 405
    program.url += "/"
    assert (await program.posts())[0] == 200


async def test_a_program_that_breaks_off_leaves_nothing(program: Program, link: MemoryLink) -> None:
    where = urlsplit(program.url)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"POST /hooks/bridge HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await program.posts())[0] == 200
    assert link.texts() == ["Hello"]


# -- out ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def service() -> AsyncGenerator[FakeService]:
    async with FakeService() as service:
        yield service


@pytest.fixture
async def channel(service: FakeService, link: MemoryLink) -> AsyncGenerator[Channel]:
    async with connector(service.url + "/in").open(link) as channel:
        yield channel


HELLO = Outgoing(
    id="7:3",
    chat="c1",
    conversation=12,
    content=Content(text="Good morning"),
    sender=Sender(kind="agent", id="anna", name="Anna"),
    at=1_795_424_400.0,
)


async def test_a_message_goes_out_signed(service: FakeService, channel: Channel, link: MemoryLink) -> None:
    await channel.send(HELLO)
    (asked,) = service.requests
    assert (asked.method, asked.path, asked.headers["Content-Type"]) == ("POST", "/in", "application/json")
    wire.verify(SECRET, asked.headers[wire.SIGNATURE], asked.body, link.now())
    assert (asked.json()["id"], asked.json()["text"], asked.json()["kind"]) == ("7:3", "Good morning", "text")


async def test_the_id_in_the_answer_is_kept(service: FakeService, channel: Channel) -> None:
    service.answers(201, {"id": "x9"}).answers(204, b"").answers(200, b"thanks")
    assert [(await channel.send(HELLO)).external for _ in range(3)] == ["x9", "", ""]


async def test_an_answer_is_read_only_so_far(service: FakeService, channel: Channel) -> None:
    service.answers(200, {"pad": "x" * 70_000, "id": "late"})
    assert (await channel.send(HELLO)).external == ""


async def test_an_answer_that_breaks_off_after_a_2xx_is_a_yes(service: FakeService, channel: Channel) -> None:
    service.cuts_body(200)
    assert (await channel.send(HELLO)).external == ""


@pytest.mark.parametrize("status", [500, 502, 503, 599])
async def test_a_broken_program_is_tried_again(service: FakeService, channel: Channel, status: int) -> None:
    service.answers(status)
    with pytest.raises(NotReady, match=rf"channel 'bridge': 127.0.0.1:\d+ answered {status}"):
        await channel.send(HELLO)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
async def test_a_refusal_is_final_and_tells_why(service: FakeService, channel: Channel, status: int) -> None:
    service.answers(status, b"no such\x00 chat")
    with pytest.raises(Rejected, match=rf"refused with {status}: no such chat"):
        await channel.send(HELLO)


async def test_too_many_requests_pause_the_channel(service: FakeService, channel: Channel) -> None:
    service.answers(429, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited) as limited:
        await channel.send(HELLO)
    assert limited.value.after == 30


async def test_a_redirect_is_not_followed(service: FakeService, channel: Channel) -> None:
    service.answers(307, headers={"Location": service.url + "/elsewhere"})
    with pytest.raises(Rejected, match="redirects are not followed"):
        await channel.send(HELLO)
    assert len(service.requests) == 1


async def test_a_cut_connection_is_tried_again(service: FakeService, channel: Channel) -> None:
    service.cuts().cuts()
    with pytest.raises(NotReady, match="cannot be reached"):
        await channel.send(HELLO)


async def test_nobody_listening_is_tried_again(link: MemoryLink) -> None:
    async with connector("http://127.0.0.1:9/").open(link) as channel:
        with pytest.raises(NotReady, match=r"127\.0\.0\.1:9 cannot be reached"):
            await channel.send(HELLO)


async def test_a_hanging_program_is_given_up(service: FakeService, link: MemoryLink) -> None:
    service.hangs()
    async with connector(service.url, timeout=0.05).open(link) as channel:
        with pytest.raises(NotReady, match=r"did not answer within 0\.05 s"):
            await channel.send(HELLO)


# -- settings -----------------------------------------------------------------------------------------------------


def test_the_program_can_do_what_the_settings_say() -> None:
    assert connector().abilities.buttons
    plain = connector(buttons=False, sender_names=False, typing=True, max_text=160, per_second=2).abilities
    assert (plain.buttons, plain.sender_names, plain.typing, plain.max_text, plain.per_second) == (
        False,
        False,
        True,
        160,
        2,
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"secret": "too short"},
        {"url": "ftp://bridge.example/"},
        {"url": "bridge.example"},
        {"url": "https:///path"},
        {"max_text": 200_000},
        {"sekret": "x"},
    ],
)
def test_wrong_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        connector(**bad)


def test_the_secret_stays_one() -> None:
    assert SECRET not in repr(connector().settings)


# -- the manual ---------------------------------------------------------------------------------------------------


async def test_the_example_in_the_manual_works(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text()
    example = manual.split("```python\n")[1].split("```")[0]
    program: dict[str, Any] = {}
    exec(example, program)  # noqa: S102  # our own text
    program["SECRET"] = SECRET.encode()

    clock = VirtualClock(start=time.time())  # the example looks at a real clock
    async with MemoryLink(tmp_path, id="bridge", clock=clock) as link, served(connector(), link) as url:
        program["HUB"] = url + "/hooks/bridge"
        for status in ("stored", "duplicate"):
            answer = await asyncio.to_thread(program["write"], "c1", "m1", "Hello")
            assert answer == {"status": status, "message": "1"}
        assert link.texts() == ["Hello"]
