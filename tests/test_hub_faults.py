"""A broken plugin hurts only itself: every way to fail that we could think of, and what the neighbours notice of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openlines.api import (
    Answer,
    Button,
    Capabilities,
    Connector,
    Content,
    Delivery,
    Identity,
    Link,
    NotReady,
    Outgoing,
    RateLimited,
    Receipt,
    Record,
    Rejected,
    Settings,
    Turn,
    hookimpl,
)
from openlines.domain.entries import Decision
from openlines.domain.events import Reply, Resend
from openlines.domain.state import Status
from openlines.runtime import plugins
from openlines.runtime.hub import Hub
from openlines.runtime.records import thread_id
from openlines.testing import VirtualClock
from openlines.web.app import make_app

from tests.hub import (
    QUIET,
    Ledger,
    Messenger,
    Robot,
    entries_of,
    hang,
    hub_of,
    let_pass,
    raising,
    returning,
    thread_of,
    turns,
    until,
)

SHOP = f"""
[lines.shop]
queue.members = ["anna"]
{QUIET}
[channels.post]
kind = "post"
line = "shop"
[agents.anna]
email = "anna@shop.example"
"""
SECOND_CHANNEL = """
[channels.other]
kind = "other"
line = "shop"
"""
BOT = """
[lines.shop.bot]
use = "robot"
[bots.robot]
kind = "robot"
timeout = "20s"
"""
CRM = """
[lines.shop.crm]
use = "book"
[crm.book]
kind = "ledger"
"""
IVAN = thread_id("post", "ivan")


def other() -> Messenger:
    messenger = Messenger()
    messenger.kind = "other"
    return messenger


def states(hub: Hub) -> dict[str, str]:
    return {row["instance"]: row["state"] for row in hub.supervisor.states()}


def why(hub: Hub, instance: str) -> str:
    (text,) = (row["why"] for row in hub.supervisor.states() if row["instance"] == instance)
    return str(text)


async def reply(hub: Hub, text: str, chat: str = "ivan", channel: str = "post") -> int:
    decided = await hub.ask(Reply(thread=thread_id(channel, chat), by="anna", content=Content(text=text)))
    assert decided.status == "done", decided
    assert decided.message is not None
    return decided.message


async def deliveries(hub: Hub, chat: str = "ivan") -> list[tuple[str, str]]:
    return [(entry.state, entry.code) for entry in await entries_of(hub, chat) if isinstance(entry, Delivery)]


# -- loading ----------------------------------------------------------------------------------------------------


def distribution(folder: Path, name: str, source: str, requires: str = "openlines") -> None:
    """An installed plugin, as far as Python can tell."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nRequires-Dist: {requires}\n")
    (info / "entry_points.txt").write_text(f"[openlines]\n{name} = {name}\n")


PROVIDES = """
from openlines.api import Connector, Settings, hookimpl

class Pigeon(Connector[Settings]):
    kind = "pigeon"
    settings_model = Settings
    def open(self, link): ...

@hookimpl
def openlines_connectors():
    return [Pigeon]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place where plugins are installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for module in set(sys.modules) - before:
        if getattr(sys.modules[module], "__file__", None) == str(folder / f"{module}.py"):
            del sys.modules[module]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise RuntimeError('no such library')", "RuntimeError: no such library"),
        ("import sys; sys.exit('I do not like it here')", "SystemExit: I do not like it here"),
        ("def broken(:", "SyntaxError"),
        (PROVIDES.replace("return [Pigeon]", "return None"), "TypeError"),
        (PROVIDES.replace("openlines_connectors", "openlines_conectors"), "PluginValidationError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_and_its_neighbours_are_loaded(
    site: Path, source: str, error: str
) -> None:
    distribution(site, "badapple", source)
    loaded = plugins.load({"badapple", "loopback"})
    (broken,) = loaded.broken
    assert (broken.name, broken.distribution, broken.version) == ("badapple", "badapple", "1.2")
    assert error in broken.error
    assert set(loaded.connectors) == {"loopback"}


def test_of_two_plugins_of_one_kind_the_second_is_told_who_was_first(site: Path) -> None:
    distribution(site, "apigeon", PROVIDES)
    both = "return [type('Dove', (Pigeon,), {'kind': 'dove'}), Pigeon]"
    distribution(site, "zpigeon", PROVIDES.replace("return [Pigeon]", both))
    loaded = plugins.load({"apigeon", "zpigeon"})
    assert [(plugin.name, plugin.error) for plugin in loaded.broken] == [
        ("zpigeon", "ValueError: connectors 'pigeon' is provided by apigeon already")
    ]
    assert set(loaded.connectors) == {"pigeon"}, "nothing of a broken plugin is used"


def test_a_plugin_for_another_core_is_not_even_imported(site: Path) -> None:
    distribution(site, "future", "raise AssertionError('imported')", requires="openlines>=99")
    loaded = plugins.load({"future"})
    (broken,) = loaded.broken
    assert "needs openlines >=99" in broken.error
    assert "future" not in sys.modules


def test_a_requirement_of_an_extra_that_nobody_asked_for_does_not_count(site: Path) -> None:
    distribution(site, "fine", PROVIDES, requires='openlines>=99; extra == "tomorrow"')
    assert plugins.load({"fine"}).broken == []


class Unmakeable:
    """A plugin whose class cannot be made."""

    @hookimpl
    def openlines_connectors(self) -> list[type[Connector[Any]]]:
        class Post(Connector[Settings]):
            kind = "post"
            settings_model = Settings

            def __init__(self, settings: Settings) -> None:
                raise OSError("certificate not found")

            def open(self, link: Link) -> Any:
                raise AssertionError("never made")

        return [Post]


async def test_a_connector_that_cannot_be_made_is_shown_and_the_others_serve(tmp_path: Path) -> None:
    async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, Unmakeable(), good := other()) as hub:
        await hub.settled()
        assert states(hub) == {"post": "rejected", "other": "open"}
        assert "certificate not found" in why(hub, "post")
        assert not (await good.write("zoe", "Hello", channel="other")).duplicate


# -- opening ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError("no route to host"), "OSError: no route to host"),
        (NotReady("come back later"), "NotReady: come back later"),
        (SystemExit(3), "PluginFault: it tried to end the process"),
        (asyncio.CancelledError(), "PluginFault: it raised CancelledError"),
    ],
)
async def test_a_channel_that_fails_to_open_waits_and_is_tried_again(
    tmp_path: Path, fault: BaseException, words: str
) -> None:
    clock, post, good = VirtualClock(), Messenger(), other()
    post.opening = raising(fault)
    async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, post, good, clock=clock) as hub:
        await hub.settled()
        assert states(hub) == {"post": "waiting", "other": "open"}
        assert words in why(hub, "post")
        await good.write("zoe", "Hello", channel="other")
        post.opening = returning(None)
        await let_pass(hub, clock, 2)
        assert states(hub)["post"] == "open"


async def test_a_channel_that_hangs_while_opening_holds_up_nobody_and_not_the_stop(tmp_path: Path) -> None:
    clock, post, good = VirtualClock(), Messenger(), other()
    post.opening = hang
    async with asyncio.timeout(5):
        async with hub_of(tmp_path, SHOP + SECOND_CHANNEL, post, good, clock=clock) as hub:
            await turns()
            assert states(hub) == {"post": "starting", "other": "open"}
            await good.write("zoe", "Hello", channel="other")
            await clock.advance(30)
            assert states(hub)["post"] == "waiting"
            assert "30 s" in why(hub, "post")
            await clock.advance(1.5)  # it hangs once more while the hub stops


async def test_a_channel_that_is_refused_for_good_is_not_tried_again_and_its_messages_fail(tmp_path: Path) -> None:
    clock, post = VirtualClock(), Messenger()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
    post.opening, post.opened = raising(Rejected("the token was revoked")), 0
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        await let_pass(hub, clock, 3600)
        assert states(hub)["post"] == "rejected"
        message = await reply(hub, "Hello?")
        await hub.settled()
        assert (await deliveries(hub))[-1] == ("failed", "rejected")
        failed = next(e for e in await entries_of(hub, "ivan") if isinstance(e, Delivery) and e.message == message)
        assert "the token was revoked" in failed.reason


async def test_a_connection_that_is_lost_is_opened_again_with_growing_pauses(tmp_path: Path) -> None:
    clock, lost = VirtualClock(), asyncio.Event()

    class Fragile(Messenger):
        @hookimpl
        def openlines_connectors(self) -> list[type[Connector[Any]]]:
            messenger = self

            class Post(Connector[Settings]):
                kind = "post"
                settings_model = Settings

                @asynccontextmanager
                async def open(self, link: Link) -> AsyncIterator[Messenger]:
                    messenger.opened += 1
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(break_when_told())
                        yield messenger

            return [Post]

    async def break_when_told() -> None:
        await lost.wait()
        raise OSError("connection reset")

    post = Fragile()
    async with hub_of(tmp_path, SHOP, post, clock=clock) as hub:
        await hub.settled()
        assert states(hub)["post"] == "open"
        lost.set()
        await let_pass(hub, clock, 60)
        assert 5 <= post.opened <= 8, "1, 2, 4, 8, 16 s: a connection that opens and breaks at once has not recovered"
        lost.clear()
        await let_pass(hub, clock, 60)
        assert states(hub)["post"] == "open"
        lost.set()


# -- sending ----------------------------------------------------------------------------------------------------


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


# -- webhooks ---------------------------------------------------------------------------------------------------


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


# -- bots -------------------------------------------------------------------------------------------------------

NONSENSE = {
    "raises": raising(ValueError("no model loaded")),
    "exits": raising(SystemExit(1)),
    "cancels": raising(asyncio.CancelledError()),
    "returns None": returning(None),
    "returns a text": returning("Hello"),
    "says a text that is no tuple": returning(Answer(say="Hello")),  # type: ignore[arg-type]
    "says a number": returning(Answer(say=(7,))),  # type: ignore[arg-type]
    "says half a character": returning(Answer(say=("\ud83d",))),
    "shows a button that is none": returning(Answer(say=(Content(text="?", buttons=("yes",)),))),  # type: ignore[arg-type]
    "transfers to a number": returning(Answer(transfer=5)),  # type: ignore[arg-type]
    "waits for ever": returning(Answer(say=("Hello",), after=float("inf"))),
    "says too much": returning(Answer(say=("x" * 100_001,))),
    "says too many": returning(Answer(say=("x",) * 21)),
    "remembers too much": returning(Answer(say=("x",), memory={"all": "x" * 20_000})),
    "remembers what is no JSON": returning(Answer(say=("x",), memory={"all": object()})),
}


@pytest.mark.parametrize("fault", NONSENSE)
async def test_a_bot_that_fails_has_a_person_asked(tmp_path: Path, fault: str) -> None:
    robot, post = Robot(), Messenger()
    robot.answering = NONSENSE[fault]
    async with hub_of(tmp_path, SHOP + BOT, post, robot) as hub:
        hub.people.connect("anna")
        await hub.settled()
        await post.write("ivan", "Hello")
        await hub.settled()
        conversation = (await thread_of(hub, "ivan")).open
        assert conversation is not None
        assert (conversation.status, conversation.offered) == (Status.WAITING, ("anna",))
        assert post.sent == []
        told = [entry.what for entry in await entries_of(hub, "ivan") if isinstance(entry, Decision)]
        assert "bot_failed" in told
        assert await hub.reader.parked() == []


async def test_a_bot_that_hangs_has_a_person_asked_after_its_deadline(tmp_path: Path) -> None:
    clock, robot, post = VirtualClock(), Robot(), Messenger()
    robot.answering = hang
    async with hub_of(tmp_path, SHOP + BOT, post, robot, clock=clock) as hub:
        hub.people.connect("anna")
        await hub.settled()
        await post.write("ivan", "Hello")
        await clock.advance(19.9)
        await turns()
        assert (await status(hub, "ivan")) == Status.WITH_BOT
        await clock.advance(0.2)
        await hub.settled()
        assert (await status(hub, "ivan")) == Status.WAITING


async def status(hub: Hub, chat: str) -> Status:
    conversation = (await thread_of(hub, chat)).open
    assert conversation is not None
    return conversation.status


async def test_five_failures_open_the_circuit_for_thirty_seconds(tmp_path: Path) -> None:
    clock, robot, post = VirtualClock(), Robot(), Messenger()
    robot.answering = raising(RuntimeError("out of memory"))
    async with hub_of(tmp_path, SHOP + BOT, post, robot, clock=clock) as hub:
        await hub.settled()
        for n in range(5):
            await post.write(f"chat{n}", "Hello")
            await hub.settled()
        robot.answering = returning(Answer(say=("I am well again.",)))
        # While it rests, nobody waits for it
        await post.write("early", "Hello")
        await hub.settled()
        assert (await status(hub, "early")) == Status.WAITING
        assert len(robot.asked) == 5
        assert states(hub)["robot"] == "waiting"
        # After thirty seconds it is asked again
        await let_pass(hub, clock, 30)
        await post.write("late", "Hello")
        await hub.settled()
        assert post.texts("late") == ["I am well again."]
        assert (await status(hub, "late")) == Status.WITH_BOT


async def test_what_a_bot_remembers_comes_back_as_json(tmp_path: Path) -> None:
    robot, post = Robot(), Messenger()

    async def remember(turn: Turn) -> Answer:
        return Answer(say=("Noted.", ""), memory={"seen": (1, 2), "before": dict(turn.memory)})

    robot.answering = remember
    async with hub_of(tmp_path, SHOP + BOT, post, robot) as hub:
        await hub.settled()
        for text in ("one", "two"):
            await post.write("ivan", text)
            await hub.settled()
        assert robot.asked[1].memory == {"seen": [1, 2], "before": {}}
        assert post.texts("ivan") == ["Noted.", "Noted."], "an empty text is nothing to send"


async def test_a_bot_may_say_buttons(tmp_path: Path) -> None:
    robot, post = Robot(), Messenger()
    robot.answering = returning(Answer(say=(Content(text="Which?", buttons=(Button("Tea"), Button("Milk"))),)))
    async with hub_of(tmp_path, SHOP + BOT, post, robot) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")
        await hub.settled()
        assert post.texts("ivan") == ["Which?\n1. Tea\n2. Milk"]


# -- CRM --------------------------------------------------------------------------------------------------------

BAD_CRM = {
    "fails": raising(ConnectionError("refused")),
    "exits": raising(SystemExit(1)),
    "returns a dict": returning({"id": 5}),
    "returns a number as id": returning(Record(id=5, kind="lead")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("fault", BAD_CRM)
async def test_a_crm_that_fails_holds_up_nobody_and_has_its_record_later(tmp_path: Path, fault: str) -> None:
    book, post = Ledger(), Messenger()
    book.finding = BAD_CRM[fault]
    async with hub_of(tmp_path, SHOP + CRM, post, book) as hub:
        hub.people.connect("anna")
        await hub.settled()
        await post.write("ivan", "Hello")
        await hub.settled()
        assert (await status(hub, "ivan")) == Status.WAITING
        await reply(hub, "Good day")
        book.finding = book.look_up
        await post.write("ivan", "I have a question")
        await hub.settled()
        assert list(book.records) == ["L1"]
        assert book.records["L1"].responsible == "anna@shop.example"


async def test_a_crm_that_hangs_holds_a_conversation_up_for_three_seconds(tmp_path: Path) -> None:
    clock, book, post = VirtualClock(), Ledger(), Messenger()
    book.finding = hang
    async with hub_of(tmp_path, SHOP + CRM, post, book, clock=clock) as hub:
        hub.people.connect("anna")
        await hub.settled()
        await post.write("ivan", "Hello")
        await clock.advance(2.9)
        await turns()
        conversation = (await thread_of(hub, "ivan")).open
        assert conversation is not None
        assert conversation.offered == ()
        await clock.advance(0.1)
        await hub.settled()
        conversation = (await thread_of(hub, "ivan")).open
        assert conversation is not None
        assert conversation.offered == ("anna",)


async def test_two_chats_of_one_customer_make_one_lead_even_if_the_crm_is_slow(tmp_path: Path) -> None:
    book, post, go_on = Ledger(), Messenger(), asyncio.Event()

    async def slowly(who: Identity, responsible: str) -> Record:
        await go_on.wait()
        return await book.add(who, responsible)

    book.creating, book.finding = slowly, returning(None)
    async with hub_of(tmp_path, SHOP + CRM, post, book) as hub:
        await hub.settled()
        for chat in ("at home", "at work"):
            await post.write(chat, "Hello", customer="ivan")
        await until(lambda: len(book.keys) == 1)
        go_on.set()
        await hub.settled()
        assert list(book.records) == ["L1"]
        for chat in ("at home", "at work"):
            assert (await thread_of(hub, chat)).record == "L1"


# -- the hub itself ---------------------------------------------------------------------------------------------


async def test_a_job_that_fails_is_begun_anew(tmp_path: Path) -> None:
    clock, runs = VirtualClock(), []

    async def job() -> None:
        runs.append(clock.now())
        if len(runs) < 3:
            raise ConnectionError("the store is away")
        await hang()

    async with hub_of(tmp_path, SHOP, Messenger(), clock=clock) as hub:
        task = asyncio.create_task(hub._keep_going(job))
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
