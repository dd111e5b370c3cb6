"""A broken connector hurts only itself: every way to fail that we could think of, and what the neighbours notice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openlines.api import (
    Capabilities,
    Delivery,
    NotReady,
    Outgoing,
    RateLimited,
    Receipt,
    Rejected,
)
from openlines.domain.events import Resend
from openlines.runtime.housekeeping import keep_going
from openlines.testing import VirtualClock
from openlines.web.app import make_app

from tests.hub import (
    IVAN,
    SECOND_CHANNEL,
    SHOP,
    Messenger,
    deliveries,
    entries_of,
    hang,
    hub_of,
    let_pass,
    other,
    raising,
    reply,
    thread_of,
    turns,
)

# -- sending -------------------------------------------------------------------------------------------------------


async def test_a_send_that_fails_is_tried_again_and_the_next_message_does_not_overtake_it(tmp_path: Path) -> None:
    clock, post = VirtualClock(), Messenger()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        await post.write("zoe", "Hello")
        post.sending = _fails_for("ivan", post)
        for text in ("one", "two"):
            await reply(hub, text)
        await reply(hub, "for Zoe", chat="zoe")
        await let_pass(hub, clock, 10)
        assert (post.texts("ivan"), post.texts("zoe")) == ([], ["for Zoe"])
        post.sending = post.take
        await let_pass(hub, clock, 20)
        assert post.texts("ivan") == ["one", "two"]


def _fails_for(chat: str, post: Messenger) -> Any:
    async def send(message: Outgoing) -> Receipt:
        if message.chat == chat:
            raise NotReady("502 from the platform")
        return await post.take(message)

    return send


async def test_a_send_that_hangs_is_given_up_at_its_deadline_and_tried_again(tmp_path: Path) -> None:
    clock, post = VirtualClock(), Messenger()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        await post.write("zoe", "Hello")
        post.sending = hang
        await reply(hub, "one")
        await turns()
        post.sending = post.take
        await reply(hub, "for Zoe", chat="zoe")
        await clock.advance(20)
        await let_pass(hub, clock, 2)
        assert (post.texts("ivan"), post.texts("zoe")) == (["one"], ["for Zoe"])


@pytest.mark.parametrize("fault", [KeyError("result"), SystemExit(1), asyncio.CancelledError()])
async def test_after_five_faults_of_the_plugin_the_message_has_failed(tmp_path: Path, fault: BaseException) -> None:
    clock, post, tries = VirtualClock(), Messenger(), []

    async def send(message: Outgoing) -> Receipt:
        tries.append(message.id)
        raise fault

    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        post.sending = send
        await reply(hub, "one")
        await let_pass(hub, clock, 60)
        assert len(tries) == 5
        assert len(set(tries)) == 1, "the idempotency key stays the same"
        assert (await deliveries(hub))[-1] == ("failed", "error")


async def test_a_message_that_cannot_be_sent_for_six_hours_has_failed(tmp_path: Path) -> None:
    clock, post = VirtualClock(), Messenger()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        post.sending = raising(NotReady("maintenance"))
        await reply(hub, "one")
        await let_pass(hub, clock, 6 * 3600)
        assert ("failed", "gave_up") in await deliveries(hub)


async def test_a_message_the_platform_refuses_shows_why_and_can_be_sent_again(tmp_path: Path) -> None:
    post = Messenger()
    async with hub_of(tmp_path, SHOP, post) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        post.sending = raising(Rejected("the picture is too large"))
        message = await reply(hub, "one")
        await hub.settled()
        failed = (await entries_of(hub, "ivan"))[-1]
        assert isinstance(failed, Delivery)
        assert (failed.state, failed.code, failed.reason) == ("failed", "rejected", "the picture is too large")
        post.sending = post.take
        assert (await hub.ask(Resend(thread=IVAN, by="anna", message=message))).status == "done"
        await hub.settled()
        assert post.texts("ivan") == ["one"]
        assert [state for state, _code in await deliveries(hub)] == ["failed", "pending", "sent"]


@pytest.mark.parametrize("asked", [30, "30"])
async def test_a_rate_limit_pauses_the_whole_channel_and_keeps_the_order(tmp_path: Path, asked: Any) -> None:
    clock, post, limited = VirtualClock(), Messenger(), []

    async def send(message: Outgoing) -> Receipt:
        if not limited:
            limited.append(message.content.text)
            raise RateLimited(asked)
        return await post.take(message)

    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        await post.write("zoe", "Hello")
        post.sending = send
        await reply(hub, "one")
        await reply(hub, "two")
        await hub.settled()
        await reply(hub, "for Zoe", chat="zoe")
        await let_pass(hub, clock, 29.9)
        assert post.sent == [], "others of the channel wait too"
        await let_pass(hub, clock, 0.2)
        assert (post.texts("ivan"), post.texts("zoe")) == (["one", "two"], ["for Zoe"])


async def test_a_rate_limit_holds_back_those_too_who_had_their_place_in_the_pace(tmp_path: Path) -> None:
    clock, post, limited = VirtualClock(), Messenger(Capabilities(sender_names=True, per_second=1)), []

    async def send(message: Outgoing) -> Receipt:
        if not limited:
            limited.append(message.chat)
            raise RateLimited(60)
        return await post.take(message)

    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        chats = [f"chat{n}" for n in range(5)]
        for chat in chats:
            await post.write(chat, "Hello")
        post.sending = send
        await asyncio.gather(*(reply(hub, "one", chat=chat) for chat in chats))
        await let_pass(hub, clock, 59)
        assert post.sent == []
        await let_pass(hub, clock, 3)
        assert 1 <= len(post.sent) <= 3, "one a second from then on"
        await let_pass(hub, clock, 4)
        assert sorted(message.chat for message in post.sent) == chats


@pytest.mark.parametrize("receipt", [None, "id-7", Receipt(external=7)])  # type: ignore[arg-type]
async def test_a_receipt_that_is_none_does_not_have_the_message_sent_again(tmp_path: Path, receipt: Any) -> None:
    post = Messenger()

    async def send(message: Outgoing) -> Any:
        await post.take(message)
        return receipt

    async with hub_of(tmp_path, SHOP, post) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        post.sending = send
        await reply(hub, "one")
        await hub.settled()
        assert post.texts("ivan") == ["one"]
        assert await deliveries(hub) == [("sent", "")]


async def test_a_platform_that_gives_every_message_the_same_id_is_sent_them_all(tmp_path: Path) -> None:
    post = Messenger()

    async def send(message: Outgoing) -> Receipt:
        await post.take(message)
        return Receipt(external="ok")

    async with hub_of(tmp_path, SHOP, post) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        post.sending = send
        for text in ("one", "two", "three"):
            await reply(hub, text)
        await hub.settled()
        assert post.texts("ivan") == ["one", "two", "three"]
        assert (await thread_of(hub, "ivan")).pending == ()
        assert await hub.reader.parked() == []


# -- webhooks ------------------------------------------------------------------------------------------------------


async def test_a_route_that_raises_answers_for_itself_alone(tmp_path: Path) -> None:
    post, good = Messenger(), other()

    async def explode(_request: web.Request) -> web.Response:
        raise ZeroDivisionError("a parser's mistake")

    async def take(_request: web.Request) -> web.Response:
        await good.write("zoe", "Hello", channel="other")
        return web.Response(text="ok")

    post.routes = lambda _link: [web.post("", explode)]
    good.routes = lambda _link: [web.post("", take)]
    async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, post, good) as hub:
        await hub.settled()
        async with TestClient(TestServer(make_app(hub))) as client:
            assert (await client.post("/hooks/post")).status == 500
            assert (await client.post("/hooks/other")).status == 200


# -- the hub itself ------------------------------------------------------------------------------------------------


async def test_a_job_that_fails_is_begun_anew() -> None:
    clock, runs = VirtualClock(), []

    async def job() -> None:
        runs.append(clock.now())
        if len(runs) < 3:
            raise ConnectionError("the store is away")
        await hang()

    task = asyncio.create_task(keep_going(clock, job))
    await clock.advance(10)
    assert [round(at - runs[0]) for at in runs] == [0, 1, 2]
    task.cancel()


async def test_a_stop_does_not_wait_for_what_only_waits(tmp_path: Path) -> None:
    post = Messenger()
    async with asyncio.timeout(4):  # less than what work under way may take
        async with hub_of(tmp_path, SHOP, post) as hub:
            await hub.settled()
            await post.write("ivan", "Hello")
            post.sending = raising(NotReady("down for an hour"))
            await reply(hub, "one")
            await hub.settled()
        async with hub_of(tmp_path, SHOP, post := Messenger()) as hub:
            await hub.settled()
            assert post.texts("ivan") == ["one"], "it was owed still"
