"""Bots and CRMs that raise, hang, or answer nonsense: a person is asked, and the conversation goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from openlines.api import (
    Answer,
    Button,
    Content,
    Identity,
    Record,
    Turn,
)
from openlines.domain.entries import Decision
from openlines.domain.state import Status
from openlines.runtime.hub import Hub
from openlines.testing import VirtualClock

from tests.hub import (
    BOT,
    CRM,
    SHOP,
    Ledger,
    Messenger,
    Robot,
    entries_of,
    hang,
    hub_of,
    let_pass,
    raising,
    reply,
    returning,
    states,
    thread_of,
    turns,
    until,
)

# -- bots ----------------------------------------------------------------------------------------------------------

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


# -- CRM -----------------------------------------------------------------------------------------------------------

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
