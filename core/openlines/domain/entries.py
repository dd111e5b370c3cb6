"""What is told of a thread: stored in order, shown to staff, in part to the customer."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from openlines.domain.events import Reason
from openlines.domain.messages import Content, Kind


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """One line of a thread's story."""

    conversation: int


class Author(Struct, frozen=True, omit_defaults=True):
    """Who wrote a message: a customer, an agent, a bot, or the line itself (`auto`)."""

    kind: Literal["customer", "agent", "bot", "auto"]
    id: str = ""
    name: str = ""
    photo: str = ""
    title: str = ""


class Message(Entry, frozen=True, kw_only=True):
    """A message between customer and staff, bot or line."""

    id: int
    author: Author
    content: Content
    external: str = ""
    """The platform's id of a customer's message."""
    kind: Kind = "message"
    automatic: str = ""
    """Which automatic text it is: greeting, off_hours, close, rating_thanks, ..."""
    dropped: bool = False
    """A bot's answer that came too late and was not sent: only staff see it."""


class Held(Message, frozen=True, kw_only=True):
    """A customer's message that came while its line was switched off: kept to be read, never played back."""

    line: str = ""
    """The line; empty for a channel that has none."""


class Noted(Entry, frozen=True, kw_only=True):
    """A note: only staff see it."""

    id: int
    by: str
    content: Content
    mentions: tuple[str, ...] = ()


class Edited(Entry, frozen=True, kw_only=True):
    """A message reads differently now."""

    message: str
    """The platform's id of it."""
    content: Content


class Deleted(Entry, frozen=True, kw_only=True):
    """A message was taken back. Staff still see that there was one."""

    message: str


class Delivery(Entry, frozen=True, kw_only=True):
    """How far a message to the customer has come; merged by rank sent < delivered < read; `pending` = tried again."""

    message: int
    state: Literal["pending", "sent", "delivered", "read", "failed"]
    code: str = ""
    reason: str = ""
    external: str = ""


What = Literal[
    "opened",
    "offered",
    "undistributed",
    "accepted",
    "declined",
    "returned",
    "transferred",
    "invited",
    "left",
    "intercepted",
    "pinned",
    "unpinned",
    "spam",
    "finished",
    "closed",
    "reopened",
    "unanswered",
    "rated",
    "rating_not_asked",
    "supervisor_rated",
    "handed_over",
    "bot_failed",
    "identified",
    "crm_recorded",
    "crm_logged",
    "crm_failed",
    "form_filled",
    "agent_gone",
    "tracked",
    "queue_empty",
    "suspended",
    "resumed",
    "consent_asked",
    "consented",
    "consent_refused",
]


class Decision(Entry, frozen=True, kw_only=True):
    """Something was decided about the conversation: by staff (`by`), by the bot, by the desk or by time."""

    what: What
    by: str = ""
    """An agent's id, "bot:<id>", "customer", or "" for the line itself."""
    agents: tuple[str, ...] = ()
    """Whom it concerns: offered, invited, transferred to."""
    line: str = ""
    text: str = ""
    """More in words: a comment, a cause."""
    reason: Reason | None = None
    fields: dict[str, str] = {}
    """A form's fields, a CRM record's kind and id."""


class Notice(Entry, frozen=True, kw_only=True):
    """Something that one agent is told, outside the story."""

    agent: str
    text: str


AnyEntry = Message | Held | Noted | Edited | Deleted | Delivery | Decision | Notice


def customer_sees(entry: AnyEntry) -> bool:
    """Whether an entry is part of what the customer may see."""
    match entry:
        case Message():
            return not entry.dropped
        case Edited() | Deleted() | Delivery():
            return True
        case Decision():
            return entry.what in (
                "accepted",
                "intercepted",
                "transferred",
                "handed_over",
                "finished",
                "closed",
                "rated",
            )
        case _:
            return False
