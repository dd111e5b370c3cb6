"""The in-memory messenger does what a messenger does, faults included."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from openlines.api import (
    Blocked,
    Button,
    Channel,
    Content,
    Customer,
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    File,
    NotReady,
    Outgoing,
    Sender,
)
from openlines.testing import MemoryLink
from openlines_loopback import Loopback, LoopbackSettings, Platform, openlines_connectors
from pydantic import ValidationError


@pytest.fixture
async def link(tmp_path: Path) -> AsyncGenerator[MemoryLink]:
    async with MemoryLink(tmp_path, id="tg") as link:
        yield link


@pytest.fixture
def messenger() -> Platform:
    return Loopback.fresh("tg")


@pytest.fixture
async def channel(link: MemoryLink, messenger: Platform) -> AsyncGenerator[Channel]:
    async with Loopback(LoopbackSettings()).open(link) as channel:
        yield channel


def outgoing(text: str = "Good morning", *, id: str = "1:1", **more: object) -> Outgoing:  # noqa: A002
    content = more.pop("content", Content(text=text))
    assert isinstance(content, Content)
    kind = more.pop("kind", "message")
    return Outgoing(
        id=id,
        chat="ivan",
        conversation=1,
        content=content,
        sender=Sender(kind="agent", id="anna", name="Anna"),
        kind="typing" if kind == "typing" else "message",
    )


def test_it_is_offered_as_a_plugin() -> None:
    assert list(openlines_connectors()) == [Loopback]
    assert Loopback.kind == "loopback"


# -- in -------------------------------------------------------------------------------------------------------------


async def test_a_customer_writes_and_the_hub_has_it(link: MemoryLink, messenger: Platform, channel: Channel) -> None:
    stored = await messenger.write("ivan", "Hello")
    assert not stored.duplicate
    (fact,) = link.received
    assert isinstance(fact, CustomerWrote)
    assert (fact.chat, fact.customer, fact.content.text, fact.group) == (
        "ivan",
        Customer(id="ivan", name="Ivan"),
        "Hello",
        False,
    )


async def test_each_message_has_its_own_id_and_the_same_id_is_the_same_message(
    link: MemoryLink, messenger: Platform, channel: Channel
) -> None:
    await messenger.write("ivan", "Hello")
    await messenger.write("ivan", "Hello")
    await messenger.write("ivan", "Once", id="x")
    again = await messenger.write("ivan", "Once", id="x")
    assert again.duplicate
    assert link.texts("ivan") == ["Hello", "Hello", "Once"]


async def test_whatever_else_a_customer_can_do_is_reported(
    link: MemoryLink, messenger: Platform, channel: Channel
) -> None:
    pdf = File(name="price.pdf", type="application/pdf", url="https://files.example/price.pdf")
    await messenger.write("ivan", files=(pdf,), customer=Customer(id="u1", name="Vanya"), group=True)
    await messenger.edit("ivan", "m1", "Hello!")
    await messenger.delete("ivan", "m1")
    await messenger.draft("ivan", "unsent")
    await messenger.rate("ivan", "like", "thanks")
    await messenger.fill("ivan", {"phone": "+39 347 1234567"})
    await messenger.read("ivan", "tg-1", "delivered")

    wrote, edited, deleted, typing, rated, filled, received = link.received
    assert isinstance(wrote, CustomerWrote)
    assert (wrote.customer.name, wrote.content.files, wrote.group) == ("Vanya", (pdf,), True)
    assert isinstance(edited, CustomerEdited)
    assert (edited.id, edited.content.text) == ("m1", "Hello!")
    assert isinstance(deleted, CustomerDeleted)
    assert isinstance(typing, CustomerTyping)
    assert typing.text == "unsent"
    assert isinstance(rated, CustomerRated)
    assert (rated.value, rated.comment) == ("like", "thanks")
    assert isinstance(filled, CustomerFilled)
    assert filled.fields == {"phone": "+39 347 1234567"}
    assert isinstance(received, CustomerReceived)
    assert received.state == "delivered"


async def test_nobody_can_write_where_no_hub_listens(messenger: Platform) -> None:
    with pytest.raises(NotReady, match="no hub is connected"):
        await messenger.write("ivan", "Hello")


async def test_a_full_hub_is_felt_by_the_platform(link: MemoryLink, messenger: Platform, channel: Channel) -> None:
    link.full = True
    with pytest.raises(NotReady):
        await messenger.write("ivan", "Hello")


# -- out ------------------------------------------------------------------------------------------------------------


async def test_what_is_sent_reaches_the_chat_and_gets_an_id(messenger: Platform, channel: Channel) -> None:
    receipt = await channel.send(outgoing("Good morning"))
    assert receipt.external
    assert messenger.texts("ivan") == ["Good morning"]
    assert messenger.sent("ivan")[0].sender.name == "Anna"
    assert messenger.sent("mario") == []


async def test_one_can_wait_for_a_message(messenger: Platform, channel: Channel) -> None:
    waiting = asyncio.create_task(messenger.reached("ivan", 2))
    await channel.send(outgoing("one"))
    await asyncio.sleep(0)
    assert not waiting.done()
    await channel.send(outgoing("two", id="1:2"))
    assert [message.content.text for message in await waiting] == ["one", "two"]


async def test_typing_is_shown_and_is_no_message(messenger: Platform, channel: Channel) -> None:
    await channel.send(outgoing("", kind="typing"))
    assert (messenger.typing("ivan"), messenger.sent("ivan")) == (1, [])


async def test_pressing_a_button_writes_what_it_says(link: MemoryLink, messenger: Platform, channel: Channel) -> None:
    choice = Content(text="What?", buttons=(Button("Prices"), Button("A person", value="0")))
    await channel.send(outgoing(content=choice))
    await messenger.press("ivan", "A person")
    await messenger.press("ivan", "Prices")
    assert link.texts() == ["0", "Prices"]
    with pytest.raises(LookupError, match="'Delivery'"):
        await messenger.press("ivan", "Delivery")


# -- faults ---------------------------------------------------------------------------------------------------------


async def test_a_platform_that_is_down_takes_nothing_and_cannot_be_opened(
    link: MemoryLink, messenger: Platform, channel: Channel
) -> None:
    messenger.down = True
    with pytest.raises(NotReady, match="'tg' is down"):
        await channel.send(outgoing())
    with pytest.raises(NotReady):
        async with Loopback(LoopbackSettings()).open(link):
            pass
    messenger.down = False
    await channel.send(outgoing())
    assert messenger.texts("ivan") == ["Good morning"]


async def test_faults_come_once_each_and_in_order(messenger: Platform, channel: Channel) -> None:
    messenger.fail_next(Blocked("the customer left"))
    messenger.fail_next(NotReady("receipt lost"), after_taking=True)
    with pytest.raises(Blocked):
        await channel.send(outgoing())
    assert messenger.sent("ivan") == []
    with pytest.raises(NotReady):
        await channel.send(outgoing())
    await channel.send(outgoing())
    assert [message.id for message in messenger.sent("ivan")] == ["1:1", "1:1"]


async def test_a_slow_platform_is_slow_until_released(messenger: Platform, channel: Channel) -> None:
    messenger.hold()
    sending = asyncio.create_task(channel.send(outgoing()))
    await asyncio.sleep(0)
    assert not sending.done()
    messenger.release()
    await sending
    assert messenger.texts("ivan") == ["Good morning"]


# -- the registry ---------------------------------------------------------------------------------------------------


async def test_a_reconnect_finds_the_same_messenger(link: MemoryLink, messenger: Platform) -> None:
    for text in ("before", "after"):
        async with Loopback(LoopbackSettings()).open(link) as channel:
            await channel.send(outgoing(text))
    assert messenger.texts("ivan") == ["before", "after"]
    assert Loopback.of("tg") is messenger
    assert Loopback.fresh("tg").sent("ivan") == []


async def test_a_hub_that_closes_late_does_not_cut_off_its_successor(
    tmp_path: Path, link: MemoryLink, messenger: Platform
) -> None:
    async with MemoryLink(tmp_path, id="tg") as successor:
        async with Loopback(LoopbackSettings()).open(successor):
            async with Loopback(LoopbackSettings()).open(link):
                messenger.connect(successor)
            await messenger.write("ivan", "Hello")
        assert successor.texts() == ["Hello"]


# -- settings -------------------------------------------------------------------------------------------------------


def test_what_the_settings_say_is_what_the_messenger_can_do() -> None:
    plain = Loopback(LoopbackSettings()).abilities
    assert (plain.sender_names, plain.buttons, plain.ratings, plain.forms) == (False, False, False, False)
    rich = Loopback(LoopbackSettings(sender_names=True, buttons=True, ratings=True, max_text=10)).abilities
    assert (rich.sender_names, rich.buttons, rich.ratings, rich.max_text) == (True, True, True, 10)


@pytest.mark.parametrize("bad", [{"button": True}, {"max_text": 0}, {"per_second": -1}])
def test_wrong_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        LoopbackSettings.model_validate(bad)


def test_the_example_in_the_manual_is_valid() -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = tomllib.loads(manual.split("```toml\n")[1].split("```")[0])["channels"].values()
    LoopbackSettings.model_validate({key: value for key, value in example.items() if key not in ("kind", "line")})
