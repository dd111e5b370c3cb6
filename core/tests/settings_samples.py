"""Plugins' settings models as the settings tests need them, and a short way to read a text."""

from __future__ import annotations

from pathlib import Path

from openlines.api import Settings as PluginSettings
from openlines.settings import Kinds, Settings, check, parse
from pydantic import Field, SecretStr, field_validator, model_validator


class Pigeon(PluginSettings):
    """A connector with a secret."""

    token: SecretStr
    """From the pigeon's breeder."""
    speed: int = Field(default=10, ge=1, le=100)
    rings: tuple[SecretStr, ...] = ()
    title: str = ""

    @field_validator("rings")
    @classmethod
    def _are_rings(cls, rings: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for ring in rings:
            if not ring.get_secret_value().startswith("ring"):
                raise ValueError(f"no ring: {ring.get_secret_value()}")
        return rings


class Choice(PluginSettings):
    text: str = ""
    options: dict[str, Choice | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> Choice:
        if not self.text and not self.options:
            raise ValueError("says nothing")
        return self


class Parrot(PluginSettings):
    """A bot whose settings are a tree."""

    options: dict[str, Choice | str] = Field(default_factory=dict)


class Shoebox(PluginSettings):
    """A CRM."""


KINDS = Kinds(
    channels={"pigeon": Pigeon},
    bots={"parrot": Parrot},
    crm={"shoebox": Shoebox},
    installed=("pigeon", "parrot", "shoebox", "telegram"),
    apps=("console",),
)

SHOP = """\
[lines.shop]

[agents.anna]
email = "anna@shop.example"

[channels.loft]
kind = "pigeon"
line = "shop"
token = "s3cret-token"
"""


def settings(text: str, *, environ: dict[str, str] | None = None, folder: Path = Path(), **more: object) -> Settings:
    """The settings in a text; raises `SettingsError`."""
    return check(parse(text, folder=folder), KINDS, environ=environ or {}, **more)  # type: ignore[arg-type]
