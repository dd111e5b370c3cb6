"""What `[channels.<id>]` may say where `kind = "livechat"`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from openlines.api import Settings
from pydantic import Field, field_validator, model_validator

from openlines_livechat.hours import Hours

KNOWN_FIELDS: dict[str, Literal["text", "email", "tel"]] = {
    "name": "text",
    "email": "email",
    "phone": "tel",
    "company": "text",
}
"""Fields that the hub understands, with how a browser asks for them."""

_SITE = re.compile(r"(?:(?:https?)://)?(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")


class FormField(Settings):
    """One question of the form."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[str, Field(max_length=100)] = ""
    """Empty: the window's own word for a known field."""
    type: Literal["", "text", "email", "tel", "textarea"] = ""
    required: bool = False

    @model_validator(mode="after")
    def _says_what_it_asks(self) -> Self:
        if self.name not in KNOWN_FIELDS and not self.label:
            raise ValueError(f'the field {self.name!r} needs a label, such as label = "Order number"')
        return self

    @property
    def input(self) -> str:
        return self.type or KNOWN_FIELDS.get(self.name, "text")


class LiveChatSettings(Settings):
    """A chat window on one or several sites."""

    title: Annotated[str, Field(max_length=100)] = ""
    """Stands above the chat; empty: the channel's own title."""
    subtitle: Annotated[str, Field(max_length=200)] = ""
    """One line below it: "We answer within minutes"."""
    photo: Annotated[str, Field(max_length=1000, pattern=r"^(https://.*)?$")] = ""
    """Picture beside the title."""
    sites: tuple[str, ...] = ()
    """Which sites may show the window: "https://shop.example", "*.shop.example"; empty: any."""
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#2f5bea"
    """The brand's. The colour of the text on it is computed to stay readable."""
    side: Literal["left", "right"] = "right"
    language: Annotated[str, Field(pattern=r"^(auto|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*)$")] = "auto"
    """`auto`: the visitor's, where the window speaks it; else the line's."""
    only_in_hours: bool = False
    """Hide the launcher outside `hours`. Who has a chat already keeps it."""
    hours: Hours = Hours()
    form: tuple[FormField, ...] = ()
    """What the form asks for: "name", "email", "phone", "company", or tables with name, label, type, required."""
    form_first: bool = False
    """Ask before the first message."""
    max_file: Annotated[int, Field(ge=0, le=1_000_000_000)] = 20_000_000
    """Bytes of one file a visitor may send; 0: no files."""

    @field_validator("form", mode="before")
    @classmethod
    def _names_are_fields(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [{"name": field, "required": field == "name"} if isinstance(field, str) else field for field in value]

    @field_validator("form")
    @classmethod
    def _asked_once(cls, form: tuple[FormField, ...]) -> tuple[FormField, ...]:
        names = [field.name for field in form]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the form asks for {name!r} twice")
        if len(names) > 20:
            raise ValueError(f"the form has {len(names)} fields, 20 at most")
        return form

    @field_validator("sites")
    @classmethod
    def _sites_are_origins(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        cleaned = tuple(site.strip().lower().rstrip("/") for site in sites)
        for site in cleaned:
            if not _SITE.fullmatch(site):
                raise ValueError(
                    f'{site!r} is no site: write "https://shop.example", "*.shop.example" or "localhost:8000"'
                )
        return cleaned

    @model_validator(mode="after")
    def _form_first_has_a_form(self) -> Self:
        if self.form_first and not self.form:
            raise ValueError('form_first needs fields: form = ["name", "email"]')
        return self
