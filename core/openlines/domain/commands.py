"""What a thread owes the outside. A command stays in the thread's state until its outcome is in."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from openlines.domain.messages import Content, Kind, Sender


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Something to do outside; `id` is unique in its thread and is the idempotency key with it."""

    id: int
    conversation: int
    at: float
    """When it was decided; retries give up counting from here."""


class Send(Command, frozen=True, kw_only=True):
    """Write to the customer."""

    message: int
    """The message's id in its thread."""
    content: Content
    sender: Sender
    kind: Kind = "message"


class AskBot(Command, frozen=True, kw_only=True):
    """Have the bot answer one message."""

    bot: str
    content: Content
    first: bool = False
    """True for the conversation's first message."""


class FindCustomer(Command, frozen=True, kw_only=True):
    """Ask the CRM who this is. Answered within 3 s, or as unknown for now."""

    crm: str


class CreateRecord(Command, frozen=True, kw_only=True):
    """Have the CRM keep a new lead or deal for this customer."""

    crm: str
    kind: Literal["lead", "deal"]
    source: str
    responsible: str = ""


class AssignRecord(Command, frozen=True, kw_only=True):
    """Give a record that this conversation created its new responsible."""

    crm: str
    record: str
    record_kind: str
    responsible: str


class LogTranscript(Command, frozen=True, kw_only=True):
    """Put the finished conversation on the timeline of the CRM's record."""

    crm: str
    record: str
    record_kind: str


class EraseFields(Command, frozen=True, kw_only=True):
    """Have the CRM forget fields of a record that this conversation created."""

    crm: str
    record: str
    record_kind: str
    fields: tuple[str, ...]
    """Among name, phone, email, company."""


AnyCommand = Send | AskBot | FindCustomer | CreateRecord | AssignRecord | LogTranscript | EraseFields
