"""The fakes that plugin authors test with keep the promises of the real hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from openlines.api import (
    Author,
    Channel,
    Connector,
    Content,
    Customer,
    CustomerEdited,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Deleted,
    Link,
    Message,
    NotReady,
    Settings,
)
from openlines.domain.entries import Noted
from openlines.testing import FakeService, MemoryLink, VirtualClock, served
from sqlalchemy import Connection, text


@pytest.fixture
async def link(tmp_path: Path) -> AsyncGenerator[MemoryLink]:
    async with MemoryLink(tmp_path, id="tg") as link:
        yield link


def wrote(text: str, *, id: str = "m1", chat: str = "ivan") -> CustomerWrote:  # noqa: A002
    return CustomerWrote(chat=chat, id=id, customer=Customer(id=chat), content=Content(text=text))


async def one_chunk(data: bytes) -> AsyncIterator[bytes]:
    yield data


# -- the link -------------------------------------------------------------------------------------------------------


async def test_a_message_told_twice_is_stored_once_and_keeps_its_id(link: MemoryLink) -> None:
    first, again = await link.receive(wrote("Hello"), wrote("Hello"))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.message == again.message != ""
    assert link.texts() == ["Hello"]


async def test_the_same_id_in_another_chat_is_another_message(link: MemoryLink) -> None:
    await link.receive(wrote("Hello", chat="ivan"), wrote("Ciao", chat="mario"))
    assert link.texts() == ["Hello", "Ciao"]
    assert link.texts("mario") == ["Ciao"]


async def test_edits_and_receipts_have_identities_of_their_own(link: MemoryLink) -> None:
    await link.receive(
        wrote("Helo"),
        CustomerEdited(chat="ivan", id="m1", content=Content(text="Hello"), version="1"),
        CustomerEdited(chat="ivan", id="m1", content=Content(text="Hello"), version="1"),
        CustomerReceived(chat="ivan", id="m9", state="delivered"),
        CustomerReceived(chat="ivan", id="m9", state="read"),
    )
    assert [type(fact).__name__ for fact in link.received] == [
        "CustomerWrote",
        "CustomerEdited",
        "CustomerReceived",
        "CustomerReceived",
    ]
    assert [type(fact) for fact in link.duplicates] == [CustomerEdited]


async def test_typing_is_a_signal_and_never_a_duplicate(link: MemoryLink) -> None:
    typing = CustomerTyping(chat="ivan", text="He")
    assert [stored.duplicate for stored in await link.receive(typing, typing)] == [False, False]
    assert await link.history("ivan") == []


async def test_a_full_hub_takes_nothing(link: MemoryLink) -> None:
    link.full = True
    with pytest.raises(NotReady):
        await link.receive(wrote("Hello"))
    link.full = False
    assert not (await link.receive(wrote("Hello")))[0].duplicate


async def test_the_story_is_followed_from_where_one_was(link: MemoryLink) -> None:
    await link.receive(wrote("Hello"))
    feed = link.follow("ivan")
    (hello,) = await anext(feed)
    waiting = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    assert not waiting.done()

    await link.say("ivan", "Good morning")
    (answer,) = await waiting
    assert isinstance(answer.entry, Message)
    assert answer.entry.content.text == "Good morning"
    assert answer.seq > hello.seq

    assert await anext(link.follow("ivan", after=hello.seq)) == [answer]


async def test_the_story_has_only_what_the_customer_may_see(link: MemoryLink) -> None:
    await link.tell("ivan", Noted(conversation=1, id=1, by="anna", content=Content(text="rude")))
    await link.tell("ivan", Deleted(conversation=1, message="m1"))
    assert [type(story.entry) for story in await link.history("ivan")] == [Deleted]


async def test_history_is_paged_backwards(link: MemoryLink) -> None:
    for word in ("one", "two", "three"):
        await link.say("ivan", word, author=Author(kind="auto"))
    newest = await link.history("ivan", limit=2)
    assert [_text(story.entry) for story in newest] == ["two", "three"]
    assert [_text(story.entry) for story in await link.history("ivan", before=newest[0].seq)] == ["one"]


async def test_state_takes_json_only(link: MemoryLink) -> None:
    await link.state.put("offset", {"update": 5})
    assert await link.state.get("offset") == {"update": 5}
    assert await link.state.get("nothing") is None
    with pytest.raises(TypeError):
        await link.state.put("socket", object())


async def test_database_work_is_one_transaction(link: MemoryLink) -> None:
    def create(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))

    def insert_and_fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ValueError("no")

    await link.database.run(create)
    with pytest.raises(ValueError, match="no"):
        await link.database.run(insert_and_fail)
    assert await link.database.run(lambda c: c.execute(text("SELECT count(*) FROM t")).scalar_one()) == 0


async def test_files_are_kept_by_their_bytes(link: MemoryLink) -> None:
    file = await link.files.save("price.txt", "text/plain", one_chunk(b"10 euro"))
    assert file.size == 7
    path = await link.files.open(file.id)
    assert path is not None
    assert path.read_bytes() == b"10 euro"
    assert file.id in link.files.address(file)
    assert await link.files.open("../link.sqlite") is None


async def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    async with MemoryLink(tmp_path, max_file=3) as link:
        with pytest.raises(ValueError, match="at most"):
            await link.files.save("a", "text/plain", one_chunk(b"four"))


async def test_the_log_is_kept(link: MemoryLink) -> None:
    link.log.warning("webhook_refused", status=401)
    assert [(line.level, line.event, line.values) for line in link.logged] == [
        ("warning", "webhook_refused", {"status": 401})
    ]


def _text(entry: object) -> str:
    assert isinstance(entry, Message)
    return entry.content.text


# -- the clock ------------------------------------------------------------------------------------------------------


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = VirtualClock(start=100)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *pauses: float) -> None:
        for pause in pauses:
            await clock.sleep(pause)
            woken.append((name, clock.now()))

    tasks = [asyncio.create_task(sleeper("slow", 10)), asyncio.create_task(sleeper("twice", 3, 4))]
    await clock.advance(9)
    assert woken == [("twice", 103), ("twice", 107)]
    assert (clock.now(), clock.sleepers) == (109, 1)
    await clock.advance(1)
    assert woken[-1] == ("slow", 110)
    await asyncio.gather(*tasks)


async def test_a_cancelled_sleeper_disturbs_nobody() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.sleepers == 0
    await clock.advance(10)


# -- the service ----------------------------------------------------------------------------------------------------


async def test_the_service_answers_as_told_and_remembers() -> None:
    async with FakeService() as service, aiohttp.ClientSession() as http:
        service.answers(503).answers(201, {"id": "m1"})
        async with http.post(service.url + "/send?to=ivan", json={"text": "Hi"}) as answer:
            assert answer.status == 503
        async with http.post(service.url, data=b"raw") as answer:
            assert (answer.status, await answer.json()) == (201, {"id": "m1"})
        async with http.get(service.url) as answer:
            assert (answer.status, await answer.json()) == (200, {})

        first, second, _ = await service.asked(3)
        assert (first.method, first.path, dict(first.query), first.json()) == (
            "POST",
            "/send",
            {"to": "ivan"},
            {"text": "Hi"},
        )
        assert second.body == b"raw"


async def test_the_service_hangs_and_cuts() -> None:
    async with FakeService() as service, aiohttp.ClientSession() as http:
        service.cuts().cuts_body().hangs()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await http.post(service.url)
        async with http.post(service.url) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
        hanging = asyncio.create_task(http.post(service.url))
        await service.asked(3)
        assert not hanging.done()
        hanging.cancel()


# -- routes ---------------------------------------------------------------------------------------------------------


class Echo(Connector[Settings]):
    kind = "echo"
    settings_model = Settings

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[Channel]:
        raise AssertionError("its routes are served without opening it")
        yield

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        return [web.get("", self._hello)]

    def pages(self, link: Link) -> Iterable[web.RouteDef]:
        return [web.get("/page", self._hello)]

    async def _hello(self, request: web.Request) -> web.Response:
        return web.Response(text=request.path)


async def test_a_connector_is_served_where_the_hub_would(link: MemoryLink) -> None:
    async with served(Echo(Settings()), link) as url, aiohttp.ClientSession() as http:
        for path in ("/hooks/tg", "/hooks/tg/", "/chat/tg/page"):
            async with http.get(url + path) as answer:
                assert (answer.status, await answer.text()) == (200, path)


def test_an_account_can_do_what_its_kind_can_unless_it_says_otherwise() -> None:
    assert Echo(Settings()).abilities is Echo.capabilities
