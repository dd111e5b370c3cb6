"""Dialogues with the menu bot."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlines.api import Answer, Content, Customer, File, Turn
from openlines_menu import MenuBot, MenuSettings, openlines_bots
from openlines_menu.texts import built_in
from pydantic import ValidationError

SHOP = {
    "text": "What is it about?",
    "unknown": "Please choose.",
    "hand_over": "A person is coming.",
    "options": {
        "Prices": "A lamp costs 20 euro.",
        "Delivery": {
            "text": "Where to?",
            "options": {"Italy": "Two days.", "Elsewhere": {"transfer": "line:export"}},
        },
        "Repairs": {"text": "Boris will help you.", "transfer": "boris"},
        "That is all": {"text": "Goodbye!", "finish": True},
    },
}


class Talk:
    """A customer and the bot; the memory goes to and fro as JSON, as in the hub."""

    def __init__(self, settings: dict[str, Any], *, language: str = "en") -> None:
        self.bot = MenuBot(MenuSettings.model_validate(settings))
        self.language = language
        self.memory: Any = {}
        self.first = True

    async def customer(self, text: str = "", content: Content | None = None) -> Answer:
        turn = Turn(
            conversation=1,
            channel="tg",
            line="shop",
            language=self.language,
            customer=Customer(id="ivan"),
            content=content or Content(text=text),
            first=self.first,
            memory=self.memory,
        )
        answer = await self.bot.answer(turn)
        self.memory = json.loads(json.dumps(answer.memory))
        self.first = False
        return answer

    async def screen(self, text: str) -> tuple[str, ...]:
        """What the customer then sees: the text and the buttons under it."""
        answer = await self.customer(text)
        assert (answer.transfer, answer.finish) == ("", False)
        (said,) = answer.say
        assert isinstance(said, Content)
        return (said.text, *(button.says for button in said.buttons))


@pytest.fixture
def talk() -> Talk:
    return Talk(SHOP)


MENU = ("Prices", "Delivery", "Repairs", "That is all", "Talk to a person")
DELIVERY = ("Italy", "Elsewhere", "Back", "Talk to a person")


def test_it_is_offered_as_a_plugin() -> None:
    assert list(openlines_bots()) == [MenuBot]
    assert MenuBot.kind == "menu"


async def test_it_greets_with_the_menu(talk: Talk) -> None:
    assert await talk.screen("Hello") == ("What is it about?", *MENU)


@pytest.mark.parametrize("words", ["1", " 1 ", "1.", "1)", "1️⃣", "١", "Prices", "prices", " PRICES\n"])
async def test_an_option_is_chosen_by_place_or_title(talk: Talk, words: str) -> None:
    await talk.customer("Hello")
    assert await talk.screen(words) == ("A lamp costs 20 euro.", *MENU)


async def test_a_submenu_is_entered_and_left(talk: Talk) -> None:
    await talk.customer("Hello")
    assert await talk.screen("Delivery") == ("Where to?", *DELIVERY)
    assert await talk.screen("1") == ("Two days.", *DELIVERY)
    assert await talk.screen("3") == ("What is it about?", *MENU)
    await talk.customer("2")
    assert await talk.screen("back") == ("What is it about?", *MENU)


async def test_numbers_mean_what_is_shown_now(talk: Talk) -> None:
    await talk.customer("Hello")
    await talk.customer("Delivery")
    assert (await talk.customer("2")).transfer == "line:export"


async def test_a_button_of_an_earlier_menu_still_works(talk: Talk) -> None:
    await talk.customer("Hello")
    await talk.customer("Delivery")
    assert await talk.screen("Prices") == ("A lamp costs 20 euro.", *MENU)


async def test_the_menu_is_shown_again_to_what_it_does_not_know(talk: Talk) -> None:
    await talk.customer("Hello")
    await talk.customer("Delivery")
    for words in ("lamps", "5", "99", "0", "1 2", "-1", "1e1", "", "²", "9" * 5000):
        assert await talk.screen(words) == ("Please choose.", *DELIVERY), words


async def test_a_file_is_not_understood_and_does_no_harm(talk: Talk) -> None:
    await talk.customer("Hello")
    (said,) = (await talk.customer(content=Content(files=(File(name="a.png"),)))).say
    assert isinstance(said, Content)
    assert said.text == "Please choose."


@pytest.mark.parametrize("words", ["5", "talk to a person"])
async def test_a_person_is_brought(talk: Talk, words: str) -> None:
    await talk.customer("Hello")
    assert await talk.customer(words) == Answer(say=("A person is coming.",), transfer="queue")


async def test_an_option_may_hand_over_or_finish(talk: Talk) -> None:
    await talk.customer("Hello")
    assert await talk.customer("Repairs") == Answer(say=("Boris will help you.",), transfer="boris")
    assert await talk.customer("That is all") == Answer(say=("Goodbye!",), finish=True)


async def test_a_customer_who_comes_back_may_choose_at_once(talk: Talk) -> None:
    assert await talk.screen("Prices") == ("A lamp costs 20 euro.", *MENU)


async def test_a_menu_that_changed_meanwhile_is_entered_as_deep_as_it_goes() -> None:
    talk = Talk(SHOP)
    talk.first, talk.memory = False, {"path": ["Delivery", "France"]}
    assert await talk.screen("lamps") == ("Please choose.", *DELIVERY)
    talk.memory = {"path": ["Gone"]}
    assert await talk.screen("lamps") == ("Please choose.", *MENU)


@pytest.mark.parametrize("memory", [{"path": 5}, {"path": [[1], None]}, {"other": 1}, {"path": ["Prices"]}])
async def test_rubbish_in_the_memory_is_the_beginning(memory: dict[str, Any]) -> None:
    talk = Talk(SHOP)
    talk.first, talk.memory = False, memory
    assert await talk.screen("1") == ("A lamp costs 20 euro.", *MENU)


async def test_numbered_options_are_in_their_order() -> None:
    talk = Talk({"options": {"2": "Second answer\nin two lines", "1": {"title": "First", "text": "First answer"}}})
    assert await talk.screen("?") == ("Hello! How can we help?", "First", "Second answer", "Talk to a person")
    assert (await talk.screen("2"))[0] == "Second answer\nin two lines"


async def test_ten_and_more_numbered_options_keep_their_order() -> None:
    talk = Talk({"options": {str(n): f"answer {n}" for n in range(1, 13)}})
    await talk.customer("Hello")
    assert (await talk.screen("10"))[0] == "answer 10"


async def test_a_long_answer_is_cut_for_its_button() -> None:
    talk = Talk({"options": {"1": "word " * 30}})
    assert (await talk.screen("?"))[1] == "word word word word word word word word…"


async def test_it_speaks_the_lines_language() -> None:
    talk = Talk({"options": {"Prezzi": "20 euro"}}, language="it-IT")
    assert await talk.screen("ciao") == ("Ciao! Come possiamo aiutarti?", "Prezzi", "Parla con una persona")
    assert built_in("xx") == built_in("en")


async def test_ways_and_texts_can_be_left_out() -> None:
    talk = Talk({**SHOP, "person": "", "back": "", "hand_over": ""})
    await talk.customer("Hello")
    assert await talk.screen("Delivery") == ("Where to?", "Italy", "Elsewhere")
    assert await talk.customer("Elsewhere") == Answer(transfer="line:export")


async def test_a_bot_without_options_still_greets_and_brings_a_person() -> None:
    talk = Talk({})
    assert await talk.screen("Hello") == ("Hello! How can we help?", "Talk to a person")
    assert (await talk.customer("1")).transfer == "queue"


async def test_a_bot_that_may_say_nothing_says_nothing() -> None:
    talk = Talk({"text": "", "person": ""})
    assert (await talk.customer("Hello")).say == ()


@given(st.lists(st.text() | st.sampled_from(["1", "2", "3", "Delivery", "Italy", "back", "مرحبا", "🙂"]), max_size=8))
async def test_whatever_is_written_something_is_answered(words: list[str]) -> None:
    talk = Talk(SHOP)
    for word in words:
        answer = await talk.customer(word)
        assert all(answer.say)
        assert answer.say or answer.transfer


# -- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"0": "no"}, "transfer key"),
        ({"1": "a", "3": "b"}, "without gaps"),
        ({"1": "a", "Prices": "b"}, "without gaps"),
        ({"01": "a"}, "without gaps"),
        ({"a": {"title": "Same", "text": "x"}, "b": {"title": "same ", "text": "y"}}, "same title"),
        ({"a": {"title": "12", "text": "x"}}, "place in the menu"),
        ({"1": "12"}, "place in the menu"),
        ({"1": ""}, "one line of text"),
        ({"1": {"transfer": "queue"}}, "one line of text"),
        ({"": "x"}, "one line of text"),
        ({"two\nlines": "x"}, "one line of text"),
        ({"x" * 81: "y"}, "80 characters"),
        ({"a": {}}, "does nothing"),
        ({"a": {"transfer": "queue", "finish": True}}, "only one"),
        ({"a": {"text": "x", "colour": "red"}}, "colour"),
        ({"a": {"options": {"2": "deep"}}}, "without gaps"),
        ({str(n): f"answer {n}" for n in range(1, 32)}, "at most 30"),
        ({"a": 5}, "options"),
    ],
)
def test_a_menu_that_could_mean_two_things_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MenuSettings.model_validate({"options": options})


def test_the_example_in_the_manual_is_valid() -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = tomllib.loads(manual.split("```toml\n")[1].split("```")[0])["bots"].values()
    MenuSettings.model_validate({key: value for key, value in example.items() if key not in ("kind", "line")})
