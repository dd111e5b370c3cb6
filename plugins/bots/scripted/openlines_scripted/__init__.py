"""A bot that follows a script."""

from collections.abc import Iterable
from typing import Any

from openlines.api import Bot, hookimpl

from openlines_scripted.bot import Line, ScriptedBot, ScriptedSettings

__all__ = ["Line", "ScriptedBot", "ScriptedSettings"]


@hookimpl
def openlines_bots() -> Iterable[type[Bot[Any]]]:
    return [ScriptedBot]
