"""The script, and the bot that reads from it."""

from __future__ import annotations

from typing import Annotated

from openlines.api import Answer, Bot, Settings, Turn
from pydantic import Field, field_validator

ANYTHING = "*"


class Line(Settings):
    """One line of the script: what is said, and done, to which message."""

    on: str = Field(default=ANYTHING, max_length=10_000)
    """The whole text, without the spaces around it; `*` is any message, one without text included."""
    say: tuple[Annotated[str, Field(min_length=1, max_length=10_000)], ...] = ()
    after: float = Field(default=0, ge=0, le=86_400, allow_inf_nan=False)
    """Seconds until the answer comes."""
    transfer: bool | str = False
    """`true` or "queue", an agent's id, or "line:<id>"."""
    finish: bool = False

    @field_validator("on")
    @classmethod
    def _trimmed(cls, on: str) -> str:
        return on.strip()

    @field_validator("transfer")
    @classmethod
    def _names_somebody(cls, transfer: bool | str) -> bool | str:
        if isinstance(transfer, str) and not transfer.strip():
            raise ValueError('name an agent or "line:<id>", or write true for the queue')
        return transfer


class ScriptedSettings(Settings):
    """The first line whose `on` fits answers."""

    script: tuple[Line, ...] = Field(min_length=1)


class ScriptedBot(Bot[ScriptedSettings]):
    """Kind `scripted`. To what no line fits it says nothing and goes on serving."""

    kind = "scripted"
    settings_model = ScriptedSettings

    async def answer(self, turn: Turn, /) -> Answer:
        text = turn.content.text.strip()
        for line in self.settings.script:
            if line.on in (ANYTHING, text):
                return Answer(say=line.say, transfer=_target(line), finish=line.finish, after=line.after)
        return Answer()


def _target(line: Line) -> str:
    if isinstance(line.transfer, str):
        return line.transfer
    return "queue" if line.transfer else ""
