"""The bot: finds out what was chosen, says what is there, remembers the way.

Rule 1: every menu is one message with buttons. Where a messenger has none, the core lists them under the text by
number, from 1; so a number means a place among what was shown, the ways back and to a person included.
Rule 2: the title of an option works as well as its place, in the present menu and in those above it, since the
buttons of earlier messages are still on the customer's screen.
Rule 3: whatever is not understood shows the menu again; it never loses the place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from openlines.api import Answer, Bot, Button, Content, Turn

from openlines_menu.settings import Choice, MenuSettings, choices, folded
from openlines_menu.texts import Texts, built_in

Path: TypeAlias = tuple[Choice, ...]
"""From the root, itself included, to the present menu."""

_PLACE = re.compile(r"(\d{1,3})[.)]?")
_KEYCAP = str.maketrans("", "", "\ufe0f\u20e3")
"""What makes 1️⃣ of 1."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """One line of a menu: an option, or one of the two ways out of it."""

    title: str
    leads: Choice | Literal["back", "person"]


class MenuBot(Bot[MenuSettings]):
    """Kind `menu`."""

    kind = "menu"
    settings_model = MenuSettings

    def __init__(self, settings: MenuSettings) -> None:
        super().__init__(settings)
        self._root = Choice(key="", title="", choices=choices(settings.options))

    async def answer(self, turn: Turn, /) -> Answer:
        texts = self._texts(turn.language)
        path = self._path(turn.memory)
        chosen = self._chosen(turn.content.text, path, texts)
        if chosen is None and (turn.first or not turn.memory):
            return self._menu(path[:1], texts, texts.greeting)
        match chosen:
            case None:
                return self._menu(path, texts, texts.unknown)
            case "person":
                return Answer(say=_said(texts.hand_over), transfer="queue")
            case "back":
                return self._menu(path[:-1], texts)
            case found:
                return self._follow(found, texts)

    def _follow(self, path: Path, texts: Texts) -> Answer:
        choice = path[-1]
        if choice.choices:
            return self._menu(path, texts)
        if choice.transfer:
            return Answer(say=_said(choice.text or texts.hand_over), transfer=choice.transfer)
        if choice.finish:
            return Answer(say=_said(choice.text), finish=True)
        return self._menu(path[:-1], texts, choice.text)

    def _menu(self, path: Path, texts: Texts, text: str | None = None) -> Answer:
        """Show the menu at the end of the path, under this text or its own."""
        here = path[-1]
        if text is None:
            text = (here.text or here.title) if len(path) > 1 else texts.greeting
        content = Content(text=text, buttons=tuple(Button(shown.title) for shown in _shown(path, texts)))
        return Answer(say=(content,) if content else (), memory={"path": [choice.key for choice in path[1:]]})

    def _chosen(self, text: str, path: Path, texts: Texts) -> Path | Literal["back", "person"] | None:
        """Where the customer wants to go; None where that cannot be told."""
        words = text.translate(_KEYCAP).strip()
        shown = _shown(path, texts)
        place = _PLACE.fullmatch(words)
        if place is not None:
            number = int(place[1])
            return _led(shown[number - 1], path) if 1 <= number <= len(shown) else None
        title = folded(words)
        for end in range(len(path), 0, -1):
            for line in _shown(path[:end], texts):
                if folded(line.title) == title:
                    return _led(line, path[:end])
        return None

    def _path(self, memory: Mapping[str, Any]) -> Path:
        """The remembered way, as far as it still exists: settings may have changed in between."""
        path: Path = (self._root,)
        keys = memory.get("path")
        for key in keys if isinstance(keys, list) else ():
            below = next((choice for choice in path[-1].choices if choice.key == key), None)
            if below is None or not below.choices:
                break
            path = (*path, below)
        return path

    def _texts(self, language: str) -> Texts:
        ours, settings = built_in(language), self.settings
        return Texts(
            greeting=ours.greeting if settings.text is None else settings.text,
            unknown=ours.unknown if settings.unknown is None else settings.unknown,
            hand_over=ours.hand_over if settings.hand_over is None else settings.hand_over,
            back=ours.back if settings.back is None else settings.back,
            person=ours.person if settings.person is None else settings.person,
        )


def _shown(path: Path, texts: Texts) -> list[_Shown]:
    """The lines of the menu at the end of the path, as the customer sees them from top to bottom."""
    lines = [_Shown(choice.title, choice) for choice in path[-1].choices]
    if len(path) > 1 and texts.back:
        lines.append(_Shown(texts.back, "back"))
    if texts.person:
        lines.append(_Shown(texts.person, "person"))
    return lines


def _led(line: _Shown, path: Path) -> Path | Literal["back", "person"]:
    return (*path, line.leads) if isinstance(line.leads, Choice) else line.leads


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
