"""The state of a thread and of its conversation. New fields get defaults: old snapshots must stay readable."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from openlines.domain.commands import AnyCommand
from openlines.domain.events import Reason
from openlines.domain.messages import Content, Customer


class Status(StrEnum):
    """Where a conversation stands. What each means is in the glossary."""

    WITH_BOT = "with_bot"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    AWAITING_AGENT = "awaiting_agent"
    AWAITING_CUSTOMER = "awaiting_customer"
    CLOSING = "closing"
    CLOSED = "closed"


WITH_AGENT = frozenset({Status.ACCEPTED, Status.AWAITING_AGENT, Status.AWAITING_CUSTOMER})
"""An agent is responsible."""


class Asking(Struct, frozen=True, omit_defaults=True):
    """A question to the desk: who is next?"""

    why: Literal["declined", "idle"]
    by: str = ""
    request: str = ""
    """The request that waits for the answer."""


class Responses(Struct, frozen=True, omit_defaults=True):
    """Response times of the records that have ended, in seconds."""

    first: float = 0.0
    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    late: int = 0
    """How many took longer than their norm."""


class Agreement(Struct, frozen=True, omit_defaults=True):
    """One version of the notice about personal data, and what the customer has said to it."""

    version: str
    agreement: str
    """Its address, or its text."""
    asked_at: float
    given_at: float = 0.0
    refused_at: float = 0.0


DEADLINES = (
    "identify_at", "idle_at", "transfer_at", "no_answer_at", "auto_close_at", "close_at", "stale_at", "alert_at",
)  # fmt: skip


class Conversation(Struct, frozen=True, omit_defaults=True):
    """One handling cycle. Times are seconds since the epoch, 0 = not yet; deadlines 0 = none."""

    number: int
    line: str
    status: Status
    created_at: float

    responsible: str = ""
    """An agent's id, "bot:<id>", or empty while waiting."""
    offered: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()
    asking: tuple[Asking, ...] = ()
    """Questions to the desk that are not answered yet, the first one being asked."""
    reason: Reason | None = None
    """Why it is offered to whom it is."""
    bot: str = ""
    """The bot that serves or served it."""
    bot_listens: bool = False
    """The bot goes on receiving without being responsible (`bot.disconnect = on_close`)."""
    memory: dict[str, Any] = {}
    """The bot's own."""
    started_by: str = ""
    """The agent who began it; empty when the customer did."""
    crm_first: str = ""
    """The CRM's responsible, who is offered it before the queue."""
    identifying: bool = False
    """The CRM is being asked who this is; routing waits for it, at most until `identify_at`."""
    held: tuple[Content, ...] = ()
    """Messages for the bot that came while identifying."""
    participants: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    """Every agent who was ever offered it: it is their own to read."""
    pinned: bool = False
    unanswered: bool = False
    suspended: bool = False
    """Its line is switched off: it is neither routed nor timed."""
    solved: bool = False
    closed_by: str = ""
    off_hours_told: bool = False
    """The off-hours text went out and no agent has replied since."""
    greeting_waits: bool = False
    """The form that comes before the chat is shown; the greeting follows once it is filled in."""
    responsible_left: bool = False
    """The responsible was dismissed or left the queue while it was closing: who reopens it finds the queue."""

    responses: Responses = Responses()
    asked_at: float = 0.0
    """Since when the customer has been waiting for an answer by people; 0 = they are not."""
    alerted: bool = False
    """That it takes too long has been told."""

    rating: str = ""
    rating_comment: str = ""
    rating_pending: bool = False
    """A rating is asked for and not given."""
    supervisor_rating: int = 0
    supervisor_comment: str = ""

    record: str = ""
    """The CRM record of the conversation, and what kind it is."""
    record_kind: str = ""
    record_created: bool = False
    """This conversation created it."""
    record_wanted: bool = False
    """An agent has it saved to the CRM: what was said so far goes along."""
    record_responsible: str = ""
    """Whose a record created by it is or will be: the first acceptor, then whoever it was transferred to by hand."""
    record_stays: bool = False
    """A form names whose the record is: accepting and transferring move it to nobody else."""

    first_offered_at: float = 0.0
    queued_at: float = 0.0
    """When it began to wait, for its place in the line."""
    accepted_at: float = 0.0
    first_reply_at: float = 0.0
    last_agent_at: float = 0.0
    customer_at: float = 0.0
    """The customer's last message."""
    last_message_at: float = 0.0
    """The last message of customer, agent or bot; no notes, no automatic texts."""
    pinned_at: float = 0.0
    unpinned_at: float = 0.0
    finished_at: float = 0.0
    closed_at: float = 0.0
    rating_asked_at: float = 0.0

    identified: bool = False
    """The CRM has answered, in whatever way."""
    identify_at: float = 0.0
    idle_at: float = 0.0
    transfer_at: float = 0.0
    no_answer_at: float = 0.0
    auto_close_at: float = 0.0
    close_at: float = 0.0
    stale_at: float = 0.0
    alert_at: float = 0.0

    @property
    def clocks(self) -> tuple[str, ...]:
        """The deadlines that run: of a conversation whose line is switched off only the end of a closing one."""
        return ("close_at",) if self.suspended else DEADLINES


class Thread(Struct, frozen=True, omit_defaults=True):
    """The lasting exchange of one chat on one channel."""

    id: str
    channel: str
    chat: str
    customer: Customer
    group: bool = False
    now: float = 0.0
    """The thread's own time; it never runs back."""
    counter: int = 0
    """The last id given to a message or a command of this thread."""
    seat: int = 0
    conversations: int = 0
    """How many it has had."""
    delivered_to: int = 0
    read_to: int = 0
    """The customer's side has, or has read, our messages up to these ids."""
    form: dict[str, str] = {}
    """What the customer filled in."""
    captured: dict[str, str] = {}
    """Fields of the customer that forms and the chat tracker found, and that a refusal of consent erases."""
    agreements: tuple[Agreement, ...] = ()
    untracked: bool = False
    """The customer refused consent: phones and e-mails in what they write are left alone."""
    form_shown: str = ""
    """The form that was put to the customer last."""
    form_responsible: str = ""
    """Whose the record is that a form filled in before any message will make."""
    record: str = ""
    """The customer's CRM record, once known."""
    record_kind: str = ""
    open: Conversation | None = None
    last: Conversation | None = None
    """The last closed one: a late rating still belongs to it."""
    pending: tuple[AnyCommand, ...] = ()

    @property
    def due(self) -> float:
        """The earliest deadline, 0 = none."""
        if self.open is None:
            return 0.0
        deadlines = [at for name in self.open.clocks if (at := getattr(self.open, name))]
        return min(deadlines, default=0.0)
