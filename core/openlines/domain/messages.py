"""What people write to each other, the same on every messenger."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class File(Struct, frozen=True, omit_defaults=True):
    """A file: kept by the hub under the hash of its bytes, or held elsewhere and known by its address only."""

    name: str
    type: str = "application/octet-stream"
    """Media type."""
    size: int = 0
    """Bytes; 0 where unknown."""
    id: str = ""
    """SHA-256 of the content, hex; empty for a file held elsewhere."""
    url: str = ""
    """Where a file held elsewhere is. The hub shows this address and never fetches it."""


class Button(Struct, frozen=True, omit_defaults=True):
    """A choice put to the customer; pressing it writes `value` (or the label, where there is none)."""

    label: str
    value: str = ""

    @property
    def says(self) -> str:
        return self.value or self.label


class Location(Struct, frozen=True, omit_defaults=True):
    """A point on the map, degrees in WGS 84."""

    latitude: float
    longitude: float
    title: str = ""


class ContactCard(Struct, frozen=True, omit_defaults=True):
    """A person's card, as messengers share it."""

    name: str = ""
    phone: str = ""
    email: str = ""


class FormField(Struct, frozen=True, omit_defaults=True):
    """A question of a form."""

    name: str
    label: str = ""
    """Empty for the built-in ones (name, email, phone, company): the screen has words for them in its language."""
    type: Literal["text", "long_text", "email", "phone", "number", "date", "checkbox"] = "text"
    required: bool = False


class Content(Struct, frozen=True, omit_defaults=True):
    """What one message says. A message has at least one of these."""

    text: str = ""
    files: tuple[File, ...] = ()
    buttons: tuple[Button, ...] = ()
    location: Location | None = None
    contact: ContactCard | None = None
    fields: tuple[FormField, ...] = ()
    """What a form asks for: of messages to the customer, of kind `form`, where the platform shows forms."""

    def __bool__(self) -> bool:
        return bool(self.text or self.files or self.buttons or self.location or self.contact or self.fields)


class Customer(Struct, frozen=True, omit_defaults=True):
    """Who a customer is, as far as the platform tells. Empty fields are unknown."""

    id: str
    """The platform's own id of the person; for one-to-one chats often the chat's id."""
    name: str = ""
    phone: str = ""
    email: str = ""
    photo: str = ""
    """Address of a picture."""
    language: str = ""
    """BCP 47."""


class Sender(Struct, frozen=True, omit_defaults=True):
    """Who a message to the customer comes from, as the customer sees them."""

    kind: Literal["agent", "bot", "auto"]
    id: str = ""
    """The agent's or bot's id; never shown to the customer."""
    name: str = ""
    photo: str = ""
    title: str = ""


Kind = Literal["message", "rating_request", "form"]
"""What a message to the customer asks for besides being read."""
