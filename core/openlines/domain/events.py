"""Everything that can happen to a thread. Facts are named in the past tense, requests of staff in the imperative.

A fact from a platform carries the platform's own message id: the same id in the same thread is the same fact.
A request carries a key (`request`): the same key is the same request. An outcome names the command it answers.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from openlines.domain.messages import Content, Customer


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Something that happened, or that staff ask for."""

    at: float = 0.0
    """Seconds since the epoch, UTC, when it reached the hub."""


# -- from a platform, through its connector ---------------------------------------------------------------------


class FromPlatform(Event, frozen=True, kw_only=True):
    """A fact that a connector reports. `channel` is filled in by the hub."""

    chat: str
    """The platform's id of the chat: a thread is one chat on one channel."""
    channel: str = ""


class CustomerWrote(FromPlatform, frozen=True, kw_only=True):
    """A message from a customer."""

    id: str
    """The platform's id of the message; stable when the platform delivers it again."""
    customer: Customer
    content: Content
    group: bool = False
    """True in chats of several people (a group, comments under a post)."""
    sent_at: float = 0.0
    """When the platform says it was written; for display only."""


class CustomerEdited(FromPlatform, frozen=True, kw_only=True):
    """The customer changed an earlier message `id`; `version` tells one edit from the next."""

    id: str
    content: Content
    version: str = ""


class CustomerDeleted(FromPlatform, frozen=True, kw_only=True):
    """The customer took back the message `id`."""

    id: str


class CustomerReceived(FromPlatform, frozen=True, kw_only=True):
    """A receipt: the customer's side has our message (and all before it) or has read it.

    `id` is the platform's id of our message as its `Receipt` gave it, or the hub's own id of it.
    """

    id: str
    state: Literal["delivered", "read"]


class CustomerRated(FromPlatform, frozen=True, kw_only=True):
    """The customer pressed a rating button."""

    id: str
    value: Literal["like", "dislike"]
    comment: str = ""


class CustomerFilled(FromPlatform, frozen=True, kw_only=True):
    """The customer filled in a form. Known fields: name, phone, email, company."""

    id: str
    customer: Customer
    fields: dict[str, str]


class CustomerTyping(FromPlatform, frozen=True, kw_only=True):
    """The customer is typing; shown to agents, never stored. `text` is the draft where the platform tells."""

    text: str = ""


# -- from staff -------------------------------------------------------------------------------------------------


class Request(Event, frozen=True, kw_only=True):
    """What a member of staff asks of a thread."""

    thread: str
    by: str
    """The agent's id."""
    conversation: int = 0
    """The conversation it is meant for; 0 = the thread's open one (or a new one, for `Reply`)."""
    request: str = ""
    """Idempotency key; the same key is answered with the first result."""


class Accept(Request, frozen=True, kw_only=True):
    """Take an offered conversation."""


class Decline(Request, frozen=True, kw_only=True):
    """Refuse an offer: the next agent is offered it."""


class Return(Request, frozen=True, kw_only=True):
    """Give an accepted conversation back to the queue."""


class Reply(Request, frozen=True, kw_only=True):
    """Write to the customer; implies accepting."""

    content: Content


class Note(Request, frozen=True, kw_only=True):
    """Write for staff only."""

    content: Content
    mentions: tuple[str, ...] = ()


class Transfer(Request, frozen=True, kw_only=True):
    """Hand over to an agent (`to = "anna"`) or a line (`to = "line:support"`)."""

    to: str


class Invite(Request, frozen=True, kw_only=True):
    """Bring another agent in; responsibility stays."""

    agent: str


class Leave(Request, frozen=True, kw_only=True):
    """An invited agent leaves."""


class Intercept(Request, frozen=True, kw_only=True):
    """Take a conversation over from whoever has it."""


class Pin(Request, frozen=True, kw_only=True):
    """Keep a conversation from being forwarded and from auto-close; `on=False` unpins."""

    on: bool = True


class MarkSpam(Request, frozen=True, kw_only=True):
    """Close at once, say nothing."""


class Finish(Request, frozen=True, kw_only=True):
    """End the conversation, as solved or not."""

    solved: bool = True
    confirmed: bool = False


class SaveToCrm(Request, frozen=True, kw_only=True):
    """Keep the customer in the CRM now, with what was said so far."""


class RefuseConsent(Request, frozen=True, kw_only=True):
    """The customer does not agree to personal data being kept: what was captured of them is erased."""


class Rate(Request, frozen=True, kw_only=True):
    """A supervisor's rating, 1 to 5."""

    score: int
    comment: str = ""


class Resend(Request, frozen=True, kw_only=True):
    """Send a message again that had failed for good."""

    message: int


# -- outcomes of commands ---------------------------------------------------------------------------------------


class Outcome(Event, frozen=True, kw_only=True):
    """What became of a command that the thread owed."""

    thread: str
    command: int


class Delivered(Outcome, frozen=True, kw_only=True):
    """The platform took the message."""

    external: str = ""
    """The platform's id of it, where it gives one."""


class Undelivered(Outcome, frozen=True, kw_only=True):
    """The message failed for good; agents see why and may send it again."""

    code: str
    reason: str


class BotAnswered(Outcome, frozen=True, kw_only=True):
    """The bot's answer to one message."""

    say: tuple[Content, ...] = ()
    transfer: str = ""
    """"" = goes on serving, "queue", an agent's id, or "line:<id>"."""
    finish: bool = False
    memory: dict[str, Any] = {}


class BotFailed(Outcome, frozen=True, kw_only=True):
    """The bot raised, took too long, or its circuit is open: a person is asked."""

    reason: str


class CustomerFound(Outcome, frozen=True, kw_only=True):
    """The CRM's answer to a look-up; `record` is empty where it knows nobody."""

    record: str = ""
    record_kind: str = ""
    name: str = ""
    responsible: str = ""
    """The agent who looks after this customer, matched already; empty = nobody."""


class CrmRecorded(Outcome, frozen=True, kw_only=True):
    """The CRM keeps a record now, or has taken the transcript (`record_kind` empty)."""

    record: str = ""
    record_kind: str = ""


class CrmFailed(Outcome, frozen=True, kw_only=True):
    """The CRM did not do it; "unknown for now"."""

    reason: str


# -- time, desk, people -----------------------------------------------------------------------------------------


class Woken(Event, frozen=True, kw_only=True):
    """A deadline of the thread is due (or was, and has moved: harmless)."""

    thread: str


class Reason(Struct, frozen=True, omit_defaults=True):
    """Why the desk chose as it did (2.1.9)."""

    rule: str
    """evenly, strictly, all, crm, nobody."""
    words: str
    """One sentence for people."""
    idle: float = -1.0
    """Seconds the chosen agent had been idle; -1 = never active, or of no matter to the rule."""
    skipped: dict[str, int] = {}
    """How many were skipped, per cause."""
    before: tuple[str, ...] = ()
    """At most 20 who stood before the chosen one."""


class Placed(Event, frozen=True, kw_only=True):
    """The desk's answer to a `Standing`: the full new set of offers; empty = undistributed."""

    thread: str
    conversation: int
    seat: int
    """The seat it answers; another one means that it is stale."""
    desk_epoch: int = 0
    offered: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()
    reason: Reason | None = None
    refusal: str = ""
    """`only_candidate` where a decline was refused."""


class AgentGone(Event, frozen=True, kw_only=True):
    """An agent was dismissed or removed from the line's queue."""

    thread: str
    agent: str


Incoming = (
    CustomerWrote
    | CustomerEdited
    | CustomerDeleted
    | CustomerReceived
    | CustomerRated
    | CustomerFilled
    | CustomerTyping
)
Asked = (
    Accept
    | Decline
    | Return
    | Reply
    | Note
    | Transfer
    | Invite
    | Leave
    | Intercept
    | Pin
    | MarkSpam
    | Finish
    | SaveToCrm
    | RefuseConsent
    | Rate
    | Resend
)
Outcomes = Delivered | Undelivered | BotAnswered | BotFailed | CustomerFound | CrmRecorded | CrmFailed
AnyEvent = Incoming | Asked | Outcomes | Woken | Placed | AgentGone
"""Tagged: what the bus carries."""
