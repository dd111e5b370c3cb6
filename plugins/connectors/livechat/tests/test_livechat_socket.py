"""A visitor's socket: what it promises, and what it bears."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import WSServerHandshakeError
from openlines.api import (
    Author,
    Button,
    Content,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Decision,
    Deleted,
    Delivery,
    File,
    Message,
    Outgoing,
    Rejected,
    Sender,
)
from openlines_livechat.room import Limits
from openlines_livechat.testing import Visitor, open_site

CID = "0190f3a0-0000-7000-8000-000000000001"


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path) as one:
        yield one


async def test_a_new_visitor_gets_a_token_and_the_hub_stores_nothing_of_it(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        assert len(visitor.token) == 43
        assert visitor.items == []
        assert visitor.welcome["limits"]["text"] == 10_000
    assert site.link.received == []
    assert all(visitor.token.encode() not in kept for kept in site.link.kept.values())


async def test_what_a_visitor_writes_is_a_message_of_the_chat_that_their_token_opens(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected(lang="it-IT", user={"name": " Ivan\n Petrov ", "email": "ivan@mail.example"}):
        answer = await visitor.writes("Hello", CID)
    (wrote,) = site.link.received
    assert isinstance(wrote, CustomerWrote)
    assert (wrote.chat, wrote.id, wrote.content.text) == (visitor.chat, CID, "Hello")
    assert (wrote.customer.name, wrote.customer.email) == ("Ivan Petrov", "ivan@mail.example")
    assert wrote.customer.language == "it-IT"
    assert answer == {"t": "ok", "cid": CID, "id": "1"}
    assert visitor.token not in repr(wrote)


async def test_a_message_sent_again_after_a_loss_is_the_same_message(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.writes("Hello", CID)
    async with visitor.connected():
        again = await visitor.writes("Hello", CID)
    assert again["t"] == "ok"
    assert site.link.texts() == ["Hello"]
    assert len(site.link.duplicates) == 1


async def test_ok_is_said_only_when_the_hub_has_it(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        site.link.full = True
        refusal = await visitor.writes("Hello", CID)
        assert (refusal["t"], refusal["code"]) == ("err", "busy")
        assert refusal["retry_after"] > 0
        site.link.full = False
        assert (await visitor.writes("Hello", CID))["t"] == "ok"
    assert site.link.texts() == ["Hello"]


async def test_an_answer_is_seen_in_every_tab(site):
    one = Visitor(site.http, site.base)
    async with one.connected():
        await one.writes("Hello")
        other = Visitor(site.http, site.base, one.token)
        async with other.connected():
            await site.link.say(one.chat, "Good morning!")
            assert (await one.sees("Good morning!"))["data"]["from"] == "agent"
            await other.sees("Good morning!")
            assert [item["data"]["text"] for item in other.items] == ["Hello", "Good morning!"]


async def test_after_a_loss_the_story_goes_on_where_it_was(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.writes("Hello")
        await visitor.sees("Hello")
    for number in range(250):
        await site.link.say(visitor.chat, f"answer {number}")
    async with visitor.connected():
        assert "history" not in visitor.welcome
        await visitor.sees("answer 249")
    texts = [item["data"]["text"] for item in visitor.items]
    assert texts == ["Hello", *(f"answer {number}" for number in range(250))]


async def test_a_place_that_the_story_does_not_have_begins_anew(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.writes("Hello")
        await visitor.sees("Hello")
    visitor.last = 999_999
    async with visitor.connected():
        assert [item["data"]["text"] for item in visitor.items] == ["Hello"]


async def test_a_new_page_shows_the_end_of_the_story_and_more_of_it_on_request(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.writes("first")
    for number in range(80):
        await site.link.say(visitor.chat, f"answer {number}")
    visitor.last = 0
    async with visitor.connected():
        assert [item["data"]["text"] for item in visitor.items] == [f"answer {number}" for number in range(30, 80)]
        await visitor.says({"t": "older", "before": visitor.welcome["history"]["before"]})
        older = await visitor.frame("older")
    assert [item["data"]["text"] for item in older["items"]] == ["first", *(f"answer {n}" for n in range(30))]
    assert older["before"] == 0


async def test_the_visitor_sees_who_writes_but_nothing_of_the_inside(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        chat = visitor.chat
        anna = Author(kind="agent", id="anna-7", name="Anna", photo="https://x.example/a.png", title="Sales")
        await site.link.say(chat, Content(text="Which?", buttons=(Button("Red", "r"), Button("Blue"))), author=anna)
        dropped = Message(conversation=1, id=9, author=Author(kind="bot"), content=Content(text="no"), dropped=True)
        for entry in (
            dropped,
            Delivery(conversation=1, message=1, state="read"),
            Decision(conversation=1, what="accepted", by="anna-7", text="secret reason"),
            Decision(conversation=1, what="rated", by="customer", text="secret", fields={"rating": "like"}),
            Deleted(conversation=1, message=CID),
        ):
            await site.link.tell(chat, entry)
        await site.link.say(chat, "end")
        await visitor.sees("end")
    kinds = [(item["kind"], item["data"]) for item in visitor.items]
    assert kinds[0] == (
        "msg",
        {
            "id": 1,
            "from": "agent",
            "name": "Anna",
            "photo": "https://x.example/a.png",
            "title": "Sales",
            "text": "Which?",
            "buttons": [{"label": "Red", "says": "r"}, {"label": "Blue", "says": "Blue"}],
        },
    )
    assert kinds[1:4] == [
        ("note", {"what": "accepted"}),
        ("note", {"what": "rated", "value": "like"}),
        ("delete", {"cid": CID}),
    ]
    assert "anna-7" not in json.dumps(visitor.items)
    assert "secret" not in json.dumps(visitor.items)


async def test_ratings_forms_receipts_and_drafts_reach_the_hub(tmp_path):
    form = ["name", {"name": "email", "required": True}, {"name": "order", "label": "Order number"}]
    async with open_site(tmp_path, form=form) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            await visitor.commands("rate", value="like", comment="so kind")
            await visitor.commands("form", fields={"name": "Ivan", "email": "ivan@mail.example", "order": " 42 "})
            await visitor.says({"t": "seen", "id": 7, "state": "read"})
            await visitor.says({"t": "typing", "text": "x" * 2_000})
            await visitor.says({"t": "ping"})
            await visitor.frame("beat")
    rated, filled, received, typing = site.link.received
    assert isinstance(rated, CustomerRated)
    assert (rated.value, rated.comment) == ("like", "so kind")
    assert isinstance(filled, CustomerFilled)
    assert filled.fields == {"name": "Ivan", "email": "ivan@mail.example", "order": "42"}
    assert (filled.customer.name, filled.customer.email) == ("Ivan", "ivan@mail.example")
    assert isinstance(received, CustomerReceived)
    assert (received.id, received.state) == ("7", "read")
    assert isinstance(typing, CustomerTyping)
    assert len(typing.text) == 500


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "Ivan"}, "invalid:email"),
        ({"email": "no address"}, "invalid:email"),
        ({"email": "a@b.example", "phone": "12"}, "invalid:phone"),
        ({"email": "a@b.example", "role": "admin"}, "invalid:role"),
        ({"email": "a@b.example", "name": "x" * 10_001}, "too_long"),
    ],
)
async def test_a_form_that_is_not_filled_in_well_is_refused_with_its_field(tmp_path, fields, code):
    async with open_site(tmp_path, form=["phone", {"name": "name"}, {"name": "email", "required": True}]) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            assert (await visitor.commands("form", fields=fields))["code"] == code
    assert site.link.received == []


async def test_typing_of_an_agent_is_a_passing_signal(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        anna = Sender(kind="agent", id="anna", name="Anna")
        typing = Outgoing("1", visitor.chat, 1, Content(), anna, "typing")
        await site.channel.send(typing)
        assert await visitor.frame("eph") == {"t": "eph", "kind": "typing", "name": "Anna", "ttl": 6}
    await site.channel.send(typing)  # nobody is there any more: nothing happens
    assert visitor.items == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\x00b\x1bc\x7f\x85d", "abcd"),
        ("line\r\nnext\ttab", "line\nnext\ttab"),
        ("  <script>alert(1)</script> ", "<script>alert(1)</script>"),
        ("😀" * 5_000, "😀" * 5_000),
    ],
)
async def test_text_is_cleaned_of_control_characters_and_of_nothing_else(site, sent, kept):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        assert (await visitor.writes(sent))["t"] == "ok"
    assert site.link.texts() == [kept]


async def test_half_an_emoji_does_not_lose_the_message(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.says('{"t":"send","cid":"' + CID + '","text":"cut \\ud83d"}')
        assert (await visitor.frame("ok", "err"))["t"] == "ok"
    assert site.link.texts() == ["cut ?"]


@pytest.mark.parametrize(("text", "code"), [("", "empty"), (" \n\x00 ", "empty"), ("x" * 10_001, "too_long")])
async def test_a_message_that_makes_no_sense_is_refused_for_good(site, text, code):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        refusal = await visitor.writes(text)
    assert refusal["code"] == code
    assert "retry_after" not in refusal
    assert site.link.received == []


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[" * 20_000,
        '{"t":"nonsense"}',
        '{"t":"send","text":"no cid"}',
        '{"t":"send","cid":"../../etc","text":"x"}',
        '{"t":"seen","id":-1,"state":"read"}',
        '{"t":"hello"}',
    ],
)
async def test_a_frame_that_is_none_closes_the_socket(site, frame):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.says(frame)
        assert await visitor.closed() == 4400


async def test_a_frame_that_is_too_large_closes_the_socket(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.says({"t": "typing", "text": "x" * 100_000})
        assert await visitor.closed() == 1009
    assert site.link.received == []


async def test_binary_frames_are_not_spoken_here(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        await visitor.ws.send_bytes(b"{}")
        assert await visitor.closed() == 4400


async def test_who_says_no_hello_is_sent_away(tmp_path):
    async with (
        open_site(tmp_path, Limits(hello_timeout=0.02)) as site,
        Visitor(site.http, site.base).silent() as visitor,
    ):
        assert await visitor.closed() == 4408


@pytest.mark.parametrize("token", ["short", "x" * 42 + "!", "ü" * 43])
async def test_a_token_that_is_none_of_ours_is_refused_so_that_the_page_drops_it(site, token):
    async with Visitor(site.http, site.base).silent() as visitor:
        await visitor.says({"t": "hello", "token": token})
        assert await visitor.closed() == 4401


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("https://shop.example", True),
        ("https://www.store.example", True),
        ("http://localhost:8000", True),
        ("https://hub.example", True),
        ("https://evil.example", False),
        ("http://shop.example", False),
        ("https://shop.example.evil.example", False),
        ("https://evilstore.example", False),
        ("null", False),
    ],
)
async def test_only_the_channels_sites_get_a_socket(tmp_path, origin, welcome):
    async with open_site(tmp_path, sites=["https://shop.example", "*.store.example", "localhost:8000"]) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.silent(headers={"Origin": origin}):
            await visitor.says({"t": "hello"})
            if welcome:
                await visitor.frame("welcome")
            else:
                assert await visitor.closed() == 4403


async def test_without_sites_any_site_gets_one(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected(headers={"Origin": "https://anywhere.example"}):
        assert visitor.token


async def test_who_writes_too_fast_is_told_to_wait_and_then_goes_on(tmp_path):
    async with open_site(tmp_path, Limits(burst=2, per_second=0.5)) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            await visitor.writes("one")
            await visitor.writes("two")
            refusal = await visitor.writes("three", CID)
            assert (refusal["code"], refusal["retry_after"]) == ("slow_down", 2.0)
            await site.link.clock.advance(2)
            assert (await visitor.writes("three", CID))["t"] == "ok"
    assert site.link.texts() == ["one", "two", "three"]


async def test_a_flood_of_frames_closes_the_socket(tmp_path):
    async with open_site(tmp_path, Limits(frames_burst=5)) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            for _ in range(6):
                await visitor.says({"t": "ping"})
            assert await visitor.closed() == 4429


async def test_a_chat_has_a_bound_of_tabs(tmp_path):
    async with open_site(tmp_path, Limits(sockets_per_chat=1)) as site:
        first = Visitor(site.http, site.base)
        async with first.connected():
            second = Visitor(site.http, site.base, first.token)
            async with second.silent():
                await second.says({"t": "hello", "token": first.token})
                assert await second.closed() == 4429
        async with first.connected():  # the place is free again
            assert len(site.chat.room) == 1
    assert len(site.chat.room) == 0


async def test_signs_of_life_come_while_nothing_happens(tmp_path):
    async with open_site(tmp_path, Limits(heartbeat=0.02)) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            await visitor.frame("beat")
            await visitor.frame("beat")


async def test_a_hub_that_stops_says_that_it_will_be_back(tmp_path):
    async with open_site(tmp_path) as site:
        visitor = Visitor(site.http, site.base)
        async with visitor.connected():
            closing = asyncio.create_task(site.chat.room.close(1012, "the hub restarts"))
            assert await visitor.closed() == 1012
            await closing


async def test_a_story_that_cannot_be_read_sends_the_visitor_round_again(site, monkeypatch):
    async def breaks(chat, after=0):
        raise OSError("the store is away")
        yield []

    monkeypatch.setattr(site.link, "follow", breaks)
    visitor = Visitor(site.http, site.base)
    async with visitor.silent():
        await visitor.says({"t": "hello"})
        assert await visitor.closed() == 1006
    assert [line.event for line in site.link.logged] == ["chat_stream_failed"]


async def test_what_the_hub_refuses_is_refused_for_good(site, monkeypatch):
    async def refuses(*incoming):
        raise Rejected("not this one")

    monkeypatch.setattr(site.link, "receive", refuses)
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        refusal = await visitor.writes("Hello", CID)
        await visitor.says({"t": "typing", "text": "x"})  # a signal is just dropped
        await visitor.says({"t": "ping"})
        await visitor.frame("beat")
    assert refusal == {"t": "err", "cid": CID, "code": "refused"}
    assert [line.event for line in site.link.logged] == ["chat_command_refused", "chat_signal_dropped"]


async def test_the_socket_speaks_only_websocket(site):
    with pytest.raises(WSServerHandshakeError) as caught:
        await site.http.ws_connect(f"{site.base}/socket", protocols=(), method="POST")
    assert caught.value.status == 405


async def test_a_sent_file_is_in_the_story_with_an_address_that_works(site):
    visitor = Visitor(site.http, site.base)
    async with visitor.connected():
        status, file = await visitor.uploads("price.txt", b"100 EUR")
        assert status == 200
        sent = {key: file[key] for key in ("id", "name", "type", "size", "ticket")}
        assert (await visitor.commands("send", text="Look", files=[sent]))["t"] == "ok"
        item = await visitor.sees("Look")
    (wrote,) = site.link.received
    assert wrote.content.files == (File("price.txt", "text/plain", 7, file["id"]),)
    (shown,) = item["data"]["files"]
    async with site.http.get(f"{site.base}/{shown['url']}") as answer:
        assert (answer.status, await answer.read()) == (200, b"100 EUR")
    assert visitor.token not in shown["url"]
