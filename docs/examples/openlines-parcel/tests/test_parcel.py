"""A bot is tested by asking it: no hub, no network, no waiting."""

from openlines.api import Content, Customer, Turn
from openlines_parcel import ParcelBot, ParcelSettings

BOT = ParcelBot(ParcelSettings(parcels={"123456": "on the truck"}, patience=1))


def turn(text: str, memory: dict[str, int] | None = None) -> Turn:
    return Turn(1, "site", "shop", "en", Customer("ivan"), Content(text=text), first=not memory, memory=memory or {})


async def test_it_finds_the_parcel() -> None:
    answer = await BOT.answer(turn("Where is 123456?"))
    assert answer.say == ("Parcel 123456: on the truck.",)
    assert answer.finish


async def test_it_asks_once_and_then_brings_a_person() -> None:
    first = await BOT.answer(turn("Where is my parcel?"))
    assert not first.transfer
    second = await BOT.answer(turn("The blue one", dict(first.memory)))
    assert second.transfer == "queue"
