"""The bodies of the staff API: what validates requests is what the OpenAPI document shows."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

TEXT_LIMIT = 100_000
"""Characters of one message, note or comment. A longer one is refused, never cut."""

# Controls that no text needs, and halves of surrogate pairs, which JSON can spell and UTF-8 cannot.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if found := _UNWRITABLE.search(text):
        raise ValueError(f"character {found.start() + 1} is U+{ord(found[0]):04X}, which no text may hold")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("one line is expected, without tabs")
    return _lines(text)


Text = Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(_lines)]
"""Any characters but controls (line breaks and tabs are fine) and lone surrogates."""
Id = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_one_line)]
UploadId = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
Password = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]
Label = Annotated[str, Field(max_length=255), AfterValidator(_one_line)]


class Body(BaseModel):
    """A request's body or query: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


# -- queries ----------------------------------------------------------------------------------------------------

Cursor = Annotated[str, Field(max_length=200)]
Limit = Annotated[int, Field(ge=1, le=200)]


def _separated(value: object) -> object:
    """In an address, several values stand in one parameter, with commas."""
    return value.split(",") if isinstance(value, str) else value


Several = Annotated[list[Id], Field(max_length=50), BeforeValidator(_separated)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
"""Seconds since the epoch."""
Words = Annotated[str, Field(max_length=200)]
"""Words to be found: all of them. A phrase stands in double quotes; other words may go on (`order` finds `orders`)."""
StatusName = Literal["with_bot", "waiting", "accepted", "awaiting_agent", "awaiting_customer", "closing", "closed"]


class Narrowing(Body):
    """What conversations are narrowed to: all of it must hold. Several values mean any of them."""

    line: Several = []
    channel: Several = []
    status: Annotated[list[StatusName], Field(max_length=7), BeforeValidator(_separated)] = []
    agent: Several = []
    """Who is responsible."""
    department: Several = []
    """Whose agents, as of now, are responsible."""
    created_from: Moment | None = None
    created_to: Moment | None = None
    """Times are half open: from <= at < to."""
    closed_from: Moment | None = None
    closed_to: Moment | None = None
    rating: Annotated[list[Literal["like", "dislike"]], Field(max_length=2), BeforeValidator(_separated)] = []
    supervisor_rating: Annotated[
        list[Annotated[int, Field(ge=1, le=5)]], Field(max_length=5), BeforeValidator(_separated)
    ] = []
    late: bool | None = None
    unanswered: bool | None = None
    pinned: bool | None = None


class NarrowingByWords(Narrowing):
    text: Words = ""
    """Words of one of its messages or notes."""
    file: Words = ""
    """Words of the name of one of its files."""


class ConversationsQuery(NarrowingByWords):
    view: Literal["mine", "queue", "waiting", "open", "closed", "all"] = "mine"
    cursor: Cursor = ""
    """What the page before gave as `next`."""
    limit: Limit = 50


class SearchQuery(Narrowing):
    q: Annotated[Words, Field(min_length=1)]
    """What to find. Short words (two letters) are found whole only."""
    where: Literal["anywhere", "text", "files"] = "anywhere"
    said_from: Moment | None = None
    said_to: Moment | None = None
    """When it was said."""
    cursor: Cursor = ""
    limit: Limit = 50


class EntriesQuery(Body):
    before: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """What the page after gave as `before`; 0 = the newest."""
    limit: Limit = 50


class FileQuery(Body):
    name: Annotated[str, Field(max_length=1000)] = ""
    """How the download is called."""


class ParkedQuery(Body):
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0
    limit: Limit = 100


# -- requests ---------------------------------------------------------------------------------------------------


class SignIn(Body):
    email: Id
    password: Password


class Say(Body):
    """A message to the customer, or a note. `files` are ids that `POST /files` gave."""

    text: Text = ""
    files: Annotated[list[UploadId], Field(max_length=20)] = []
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


class ExportIt(Body):
    """A whole list as a spreadsheet. Needs the right `reports`."""

    format: Literal["xlsx", "csv"] = "xlsx"
    filters: NarrowingByWords = NarrowingByWords()


class Presence(Body):
    state: Literal["online", "offline"]


class NewToken(Body):
    """An API token. Scopes: `read` (GET), `write` (the agent's own rights), `admin` (parked events, plugins)."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
    scopes: Annotated[list[Literal["read", "write", "admin"]], Field(min_length=1, max_length=3)]


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
    day: Literal["untracked", "working", "on_break", "ended"] = "untracked"
    """Their working time."""
    on_leave: bool = False
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
    title: str = ""
    dismissed: bool = False
    from_settings: bool = False
    """Named in the settings, and read-only here."""


class LineOut(BaseModel):
    id: str
    name: str
    active: bool
    distribution: Literal["evenly", "strictly", "all"]
    members: list[str]


class AgentList(BaseModel):
    items: list[AgentOut]


class LineList(BaseModel):
    items: list[LineOut]


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
    status: StatusName
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
    late: bool = False
    """A response time is or was over its norm."""
    first_response: float = 0
    """Response times in seconds, 0 = none."""
    total_response: float = 0
    average_response: float = 0
    longest_response: float = 0
    preview: str = ""
    """The last message, shortened."""
    preview_by: Literal["", "customer", "agent", "bot", "auto"] = ""
    last_at: float = 0
    reason: ReasonOut | None = None
    """Why it is offered to whom it is, while it waits."""
    actions: list[str] = []
    """What the one who asks may do now: accept, decline, return, reply, note, transfer, invite, leave, intercept,
    pin, spam, finish, save_to_crm, refuse_consent, rate."""


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


class RecordList(BaseModel):
    items: list[RecordOut]


class ConversationDetail(BaseModel):
    conversation: ConversationOut
    customer: CustomerOut


class EntryOut(BaseModel):
    """One line of a thread's story. `seq` orders the entries of a thread; `id` (`partition.seq`) is unique.

    `kind` names the shape of `body`: Message, Held, Noted, Edited, Deleted, Delivery, Decision, Notice.
    """

    id: str
    seq: int
    thread: str
    conversation: int
    at: float
    kind: Literal["Message", "Held", "Noted", "Edited", "Deleted", "Delivery", "Decision", "Notice"]
    body: dict[str, Any]


class ConversationPage(BaseModel):
    items: list[ConversationOut]
    next: str | None = None
    """Cursor of the next page."""


class PartOut(BaseModel):
    """A piece of a text; `found`: it is what was looked for."""

    text: str
    found: bool


class FoundOut(BaseModel):
    """A message or note that holds what was asked. `id` and `seq` are its entry's."""

    conversation: int
    thread: str
    line: str
    channel: str
    status: StatusName
    customer_name: str
    id: str
    seq: int
    at: float
    kind: Literal["Message", "Held", "Noted"]
    author_kind: Literal["customer", "agent", "bot", "auto"]
    author_id: str
    author_name: str
    excerpt: list[PartOut]
    """The text around the first place found, in one line."""
    files: list[str]
    """Names of its files that hold what was asked."""


class SearchPage(BaseModel):
    items: list[FoundOut]
    """May be fewer than asked for, even none, while `next` leads on."""
    next: str | None = None
    """Cursor of the next page."""
    complete: bool
    """False while older messages are still being indexed, after an upgrade."""


class ExportOut(BaseModel):
    """An export. `done` of `total` rows are written; `expires_at`: when its file is removed."""

    id: str
    state: Literal["running", "ready", "failed"]
    format: Literal["xlsx", "csv"]
    done: int
    total: int
    created_at: float
    expires_at: float


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


class TokenList(BaseModel):
    items: list[TokenOut]


class ParkedOut(BaseModel):
    """An event that could not be decided; it waits for a fix and a replay."""

    id: int
    partition: int
    thread: str
    at: float
    kind: str
    error: str


class ParkedPage(BaseModel):
    items: list[ParkedOut]
    next: int | None = None
    """`after` of the next page."""


class Replayed(BaseModel):
    decided: bool
    """False: it failed again and stays parked."""


class PluginOut(BaseModel):
    """One configured channel, bot or CRM, and how it is."""

    plugin: str
    instance: str
    family: str
    state: str
    since: float
    why: str = ""
    tries: int = 0
    until: float = 0
    """While it waits: when it is tried again."""


class PluginList(BaseModel):
    items: list[PluginOut]


class Outcome(BaseModel):
    """What became of a request."""

    status: Literal["done", "pending"]
    conversation: int
    message: int | None = None
    """The id of the message or note it made."""
