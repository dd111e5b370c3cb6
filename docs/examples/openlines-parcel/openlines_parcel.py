"""A bot that tells customers where their parcel is, and brings a person when it does not understand."""

import re
from collections.abc import Mapping

from openlines.api import Answer, Bot, Settings, Turn, hookimpl


class ParcelSettings(Settings):
    parcels: Mapping[str, str] = {}
    """Where each parcel is, by its six digits; a real bot would ask the warehouse."""
    patience: int = 2
    """How often it asks for the number before it brings a person."""


class ParcelBot(Bot[ParcelSettings]):
    kind, settings_model = "parcel", ParcelSettings

    async def answer(self, turn: Turn, /) -> Answer:
        found = re.search(r"\b[0-9]{6}\b", turn.content.text)
        if found and found[0] in self.settings.parcels:
            return Answer(say=(f"Parcel {found[0]}: {self.settings.parcels[found[0]]}.",), finish=True)
        asked = turn.memory.get("asked", 0)
        if asked >= self.settings.patience:
            return Answer(say=("Let me fetch a colleague.",), transfer="queue")
        return Answer(say=("Which parcel? Its number has six digits.",), memory={"asked": asked + 1})


@hookimpl
def openlines_bots() -> list[type[ParcelBot]]:
    return [ParcelBot]
