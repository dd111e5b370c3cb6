"""The menu as `[bots.<id>]` gives it, and as the bot walks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openlines.api import Settings
from pydantic import Field, field_validator, model_validator

MAX_OPTIONS = 30
MAX_TITLE = 80
MAX_TEXT = 10_000


class Option(Settings):
    """One choice: an answer, a menu of its own, or the way to a person."""

    title: str = Field(default="", max_length=MAX_TITLE)
    """What the customer sees; by default the option's name, or its text's first line where the name is a number."""
    text: str = Field(default="", max_length=MAX_TEXT)
    """What is said when it is chosen; of a menu with options, above them."""
    options: dict[str, Option | str] = Field(default_factory=dict)
    transfer: str = Field(default="", max_length=200)
    """ "queue", an agent's id or "line:<id>": chosen, it hands over."""
    finish: bool = False
    """Chosen, it ends the conversation."""

    @field_validator("options")
    @classmethod
    def _are_a_menu(cls, options: dict[str, Option | str]) -> dict[str, Option | str]:
        check(options)
        return options

    @model_validator(mode="after")
    def _does_one_thing(self) -> Option:
        if sum((bool(self.options), bool(self.transfer), self.finish)) > 1:
            raise ValueError("an option has `options`, or a `transfer`, or `finish = true`: only one of them")
        if not (self.text or self.options or self.transfer or self.finish):
            raise ValueError("an option that does nothing: give it `text`, `options`, `transfer` or `finish = true`")
        return self


class MenuSettings(Settings):
    """Texts that are left out are built in and follow the line's language; "" says nothing."""

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    """Said first, above the options."""
    options: dict[str, Option | str] = Field(default_factory=dict)
    """By name, in this order; or numbered from 1. A string is the answer itself."""
    unknown: str | None = Field(default=None, max_length=MAX_TEXT)
    """Said, above the options, to what names none of them."""
    hand_over: str | None = Field(default=None, max_length=MAX_TEXT)
    """Said when a person is brought."""
    back: str | None = Field(default=None, max_length=MAX_TITLE)
    """The title of the way back; "" offers none."""
    person: str | None = Field(default=None, max_length=MAX_TITLE)
    """The title of the way to a person, last in every menu; "" offers none."""

    @field_validator("options")
    @classmethod
    def _are_a_menu(cls, options: dict[str, Option | str]) -> dict[str, Option | str]:
        check(options)
        return options


@dataclass(frozen=True, slots=True)
class Choice:
    """An option, ready to be shown."""

    key: str
    title: str
    text: str = ""
    choices: tuple[Choice, ...] = ()
    transfer: str = ""
    finish: bool = False


def choices(options: Mapping[str, Option | str]) -> tuple[Choice, ...]:
    """The options of one menu in the order they are shown: numbered ones by their number, others as written."""
    keys = sorted(options, key=int) if options and all(key.isdecimal() for key in options) else list(options)
    return tuple(_choice(key, options[key]) for key in keys)


def check(options: Mapping[str, Option | str]) -> None:
    """Refuse a menu in which a number or a title could mean two things."""
    if len(options) > MAX_OPTIONS:
        raise ValueError(f"{len(options)} options in one menu: at most {MAX_OPTIONS}, put some under another")
    numbers = [key for key in options if key.isdecimal()]
    if numbers and sorted(options) != sorted(str(n + 1) for n in range(len(options))):
        raise ValueError(
            f"options must be numbered 1, 2, 3 without gaps, or all be named (got {', '.join(options)}): customers "
            "type the place that they see, and the transfer key, usually 0, is the line's own"
        )
    titles: dict[str, str] = {}
    for choice in choices(options):
        if not choice.title.strip() or not choice.title.isprintable():
            raise ValueError(f"option {choice.key!r}: a title is one line of text")
        if len(choice.title) > MAX_TITLE:
            raise ValueError(f"option {choice.key!r}: a title has {MAX_TITLE} characters at most")
        if choice.title.strip().isdecimal():
            raise ValueError(f"option {choice.key!r}: a title that is a number would be taken for a place in the menu")
        other = titles.setdefault(folded(choice.title), choice.key)
        if other != choice.key:
            raise ValueError(f"options {other!r} and {choice.key!r} have the same title {choice.title!r}")


def folded(text: str) -> str:
    """Titles are compared so: without regard to case and spaces."""
    return " ".join(text.split()).casefold()


def _choice(key: str, option: Option | str) -> Choice:
    if isinstance(option, str):
        return Choice(key, title=_title(key, option), text=option)
    return Choice(
        key,
        title=option.title or _title(key, option.text),
        text=option.text,
        choices=choices(option.options),
        transfer=option.transfer,
        finish=option.finish,
    )


def _title(key: str, text: str) -> str:
    if not key.isdecimal():
        return key
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= 40 else line[:39].rstrip() + "…"
