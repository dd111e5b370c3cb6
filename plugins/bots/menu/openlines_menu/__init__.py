"""A bot that offers a menu."""

from collections.abc import Iterable
from typing import Any

from openlines.api import Bot, hookimpl

from openlines_menu.bot import MenuBot
from openlines_menu.settings import MenuSettings, Option

__all__ = ["MenuBot", "MenuSettings", "Option"]


@hookimpl
def openlines_bots() -> Iterable[type[Bot[Any]]]:
    return [MenuBot]
