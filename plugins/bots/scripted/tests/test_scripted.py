"""The scripted bot says what its script says, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from openlines.api import Answer, Content, Customer, File, Turn
from openlines_scripted import ScriptedBot, ScriptedSettings, openlines_bots
from pydantic import ValidationError


def bot(*script: dict[str, Any]) -> ScriptedBot:
    return ScriptedBot(ScriptedSettings.model_validate({"script": script}))


async def told(bot: ScriptedBot, content: str | Content) -> Answer:
    turn = Turn(
        conversation=1,
        channel="tg",
        line="shop",
        language="en",
        customer=Customer(id="ivan"),
        content=Content(text=content) if isinstance(content, str) else content,
        first=True,
    )
    return await bot.answer(turn)


def test_it_is_offered_as_a_plugin() -> None:
    assert list(openlines_bots()) == [ScriptedBot]
    assert ScriptedBot.kind == "scripted"


async def test_the_first_line_that_fits_answers() -> None:
    shop = bot({"on": "price", "say": ["20 euro"]}, {"on": "*", "say": ["Menu"]}, {"on": "late", "say": ["never"]})
    assert (await told(shop, "price")).say == ("20 euro",)
    assert (await told(shop, " price\n")).say == ("20 euro",)
    for other in ("Price", "price?", "the price", "late", ""):
        assert (await told(shop, other)).say == ("Menu",), other


async def test_anything_includes_a_message_without_words() -> None:
    assert (await told(bot({"say": ["Menu"]}), Content(files=(File(name="a.png"),)))).say == ("Menu",)


async def test_to_what_no_line_fits_it_says_nothing_and_goes_on() -> None:
    assert await told(bot({"on": "price", "say": ["20 euro"]}), "Hello") == Answer()


async def test_several_texts_are_several_messages() -> None:
    assert (await told(bot({"say": ["one", "two"]}), "Hello")).say == ("one", "two")


@pytest.mark.parametrize(
    ("transfer", "target"),
    [(True, "queue"), (False, ""), ("queue", "queue"), ("boris", "boris"), ("line:support", "line:support")],
)
async def test_it_hands_over_to_whom_the_script_names(transfer: bool | str, target: str) -> None:
    assert (await told(bot({"transfer": transfer}), "Hello")).transfer == target


async def test_it_takes_its_time_and_finishes() -> None:
    assert await told(bot({"say": ["Bye"], "after": 5, "finish": True}), "Hello") == Answer(
        say=("Bye",), after=5, finish=True
    )


@pytest.mark.parametrize(
    ("script", "field"),
    [
        ([], "script"),
        ([{"says": ["Hello"]}], "says"),
        ([{"say": "Hello"}], "say"),
        ([{"say": [""]}], "say"),
        ([{"after": -1}], "after"),
        ([{"after": float("nan")}], "after"),
        ([{"after": float("inf")}], "after"),
        ([{"transfer": " "}], "transfer"),
        ([{"transfer": 5}], "transfer"),
    ],
)
def test_a_wrong_script_is_refused(script: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        ScriptedSettings.model_validate({"script": script})


def test_the_example_in_the_manual_is_valid() -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text()
    (example,) = tomllib.loads(manual.split("```toml\n")[1].split("```")[0])["bots"].values()
    ScriptedSettings.model_validate({key: value for key, value in example.items() if key not in ("kind", "line")})
