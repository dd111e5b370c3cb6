"""The bodies of the staff API: what validates requests is what the OpenAPI document shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TEXT_LIMIT = 100_000
"""Characters of one message, note or comment. A longer one is refused, never cut."""

Text = Annotated[str, Field(max_length=TEXT_LIMIT)]
Id = Annotated[str, Field(min_length=1, max_length=255)]


class Body(BaseModel):
    """A request's body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


# -- requests ---------------------------------------------------------------------------------------------------


class SignIn(Body):
    email: Id
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class Say(Body):
    """A message to the customer, or a note. `files` are ids that `POST /files` gave."""

    text: Text = ""
    files: Annotated[list[Id], Field(max_length=20)] = []
    mentions: Annotated[list[Id], Field(max_length=50)] = []


class TransferTo(Body):
    """An agent's id, or `line:<id>`."""

    to: Id


class InviteAgent(Body):
    agent: Id


class PinIt(Body):
    on: bool = True


class FinishIt(Body):
    solved: bool = True
    confirmed: bool = False


class RateIt(Body):
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Text = ""


class ResendIt(Body):
    message: int


class Presence(Body):
    state: Literal["online", "offline"]


class NewToken(Body):
    """An API token. Scopes: `read` (GET), `write` (the agent's own rights), `admin` (parked events, plugins)."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Literal["read", "write", "admin"]], Field(min_length=1)]


# -- answers ----------------------------------------------------------------------------------------------------


class Problem(BaseModel):
    """RFC 9457. `code` is stable: `denied`, `already_taken`, `invalid`, `not_found`, ..."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str = ""
    field: str = ""


class Me(BaseModel):
    id: str
    name: str
    email: str
    role: str
    photo: str
    state: Literal["online", "offline"]
    """The presence switch."""
    rights: dict[str, Literal["none", "own", "department", "any"]]
    csrf: str
    """Send it back as `X-CSRF-Token` with every write of this session."""
    language: str


class AgentOut(BaseModel):
    id: str
    name: str
    email: str
    role: str
    departments: list[str]
    photo: str
    available: bool
    absence: str
    """Why not, in words."""


class LineOut(BaseModel):
    id: str
    name: str
    active: bool
    distribution: Literal["evenly", "strictly", "all"]
    members: list[str]


class ReasonOut(BaseModel):
    rule: str
    words: str
    idle: float
    skipped: dict[str, int]
    before: list[str]


class ConversationOut(BaseModel):
    """A row of the lists. Times are seconds since the epoch, 0 = not yet."""

    number: int
    thread: str
    line: str
    channel: str
    channel_kind: str
    customer_id: str
    customer_name: str
    status: Literal["with_bot", "waiting", "accepted", "awaiting_agent", "awaiting_customer", "closing", "closed"]
    responsible: str
    offered: list[str]
    participants: list[str]
    created_at: float
    queued_at: float
    accepted_at: float
    finished_at: float
    closed_at: float
    closed_by: str
    idle_at: float
    """When the offer goes on to the next agent; 0 = never."""
    pinned: bool
    unanswered: bool
    solved: bool
    rating: Literal["", "like", "dislike"]
    supervisor_rating: int
    preview: str = ""
    """The last message, shortened."""
    preview_by: Literal["", "customer", "agent", "bot", "auto"] = ""
    last_at: float = 0
    reason: ReasonOut | None = None
    """Why it is offered to whom it is, while it waits."""
    actions: list[str] = []
    """What the one who asks may do now: accept, decline, return, reply, note, transfer, invite, leave, intercept,
    pin, spam, finish, rate."""


class CustomerOut(BaseModel):
    id: str
    name: str
    phone: str
    email: str
    photo: str
    language: str
    form: dict[str, str]
    conversations: int


class RecordOut(BaseModel):
    """A CRM record."""

    crm: str
    id: str
    kind: Literal["lead", "deal", "contact", "company"]
    name: str
    responsible: str
    url: str
    fields: dict[str, str]
    timeline: list[str]


class ConversationDetail(BaseModel):
    conversation: ConversationOut
    customer: CustomerOut


class EntryOut(BaseModel):
    """One line of a thread's story. `seq` orders the entries of a thread; `id` (`partition.seq`) is unique.

    `kind` names the shape of `body`: Message, Noted, Edited, Deleted, Delivery, Decision, Notice.
    """

    id: str
    seq: int
    thread: str
    conversation: int
    at: float
    kind: Literal["Message", "Noted", "Edited", "Deleted", "Delivery", "Decision", "Notice"]
    body: dict[str, Any]


class ConversationPage(BaseModel):
    items: list[ConversationOut]
    next: str | None = None
    """Cursor of the next page."""


class EntryPage(BaseModel):
    """Entries, oldest first; `before` asks for the page before this one."""

    items: list[EntryOut]
    before: int | None = None


class Counters(BaseModel):
    mine: int
    queue: int
    waiting: int
    open: int


class FileOut(BaseModel):
    id: str
    name: str
    type: str
    size: int


class TokenOut(BaseModel):
    id: str
    name: str
    scopes: list[str]
    created_at: float
    token: str | None = None
    """Shown once, when it is made."""


class ParkedOut(BaseModel):
    """An event that could not be decided; it waits for a fix and a replay."""

    id: int
    partition: int
    thread: str
    at: float
    kind: str
    error: str


class Outcome(BaseModel):
    """What became of a request."""

    status: Literal["done", "pending"]
    conversation: int
    message: int | None = None
    """The id of the message or note it made."""
