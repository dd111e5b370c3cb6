"""What may stand in a scenario file: its tables, their keys, and who can do what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from openlines.settings.values import DURATIONS, Many, Table, Wrong, seconds

START = datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=1)))
"""A Monday morning."""


# -- values -----------------------------------------------------------------------------------------------------


def _moment(value: object) -> object:
    """Seconds after the start, or a moment of the calendar."""
    match value:
        case bool():
            raise Wrong("is no moment", f"{DURATIONS}, or a date and time")
        case int() | float() if value < 0:
            raise Wrong("is before the start", "0 or more")
        case int() | float():
            return float(value)
        case str():
            return float(seconds(value))
        case datetime():
            return value
        case _:
            raise Wrong("is no moment", f"{DURATIONS}, or a date and time")


Moment = Annotated[float | datetime, BeforeValidator(_moment)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(min_length=1, max_length=100_000)]


class Some(Table):
    """A text that is known in part: `{ contains = "..." }`, or not at all: `{ any = true }`."""

    contains: str = ""
    any: Literal[True, False] = False

    @model_validator(mode="after")
    def _says_which(self) -> Some:
        if self.any == bool(self.contains):
            raise Wrong("must name one thing to look for", '{ contains = "..." } or { any = true }')
        return self

    def fits(self, text: str) -> bool:
        return self.any or self.contains in text


Said = str | Some
Denied = Literal["denied"]
"""In the place of a list: the agent may not see it."""


# -- the tables of a file ---------------------------------------------------------------------------------------


class Faults(Table):
    """What fails, or is slow."""

    crm: Literal["up", "down", "slow"] = "up"
    bot: Literal["up", "raises", "hangs"] = "up"
    connector: Literal["up", "down"] = "up"


class Contact(Table):
    """Somebody whom the CRM knows beforehand."""

    name: str = ""
    phone: str = ""
    email: str = ""
    identity: str = ""
    """`<channel>:<customer>`"""
    responsible: str = ""


class Known(Table):
    contact: Many[Contact] = ()


class Record(Table):
    """Fields of a CRM record to compare; those left out may be anything."""

    name: str = ""
    phone: str = ""
    email: str = ""
    responsible: str = ""
    source: str = ""
    timeline: Many[str] = ()
    """Texts that its timeline contains."""


class Kpi(Table):
    """Response times to compare, in seconds."""

    first: int = 0
    total: int = 0
    average: int = 0
    longest: int = 0
    late: int = 0


class Consent(Table):
    version: str = ""
    at: Moment = 0.0


class Expect(Table):
    """What shall be true after a step. Only what is given is looked at."""

    error: Said = ""
    gets: Many[Said] = ()
    status: Literal[
        "with_bot", "waiting", "accepted", "awaiting_agent", "awaiting_customer", "closing", "closed"
    ] = "closed"  # fmt: skip
    open: bool = False
    line: str = ""
    responsible: str = ""
    offered: Many[str] = ()
    rung: Many[str] = ()
    undistributed: bool = False
    reason: Said = ""
    participants: Many[str] = ()
    pinned: bool = False
    unanswered: bool = False
    closed_by: str = ""
    rating: Literal["like", "dislike", ""] = ""
    rating_comment: str = ""
    supervisor_rating: int = 0
    conversation: int = 0
    conversations: int = 0
    agent_sees: Mapping[str, Many[Said] | Denied] = Field(default_factory=dict)
    history: Mapping[str, Many[Said] | Denied] = Field(default_factory=dict)
    draft: Mapping[str, str] = Field(default_factory=dict)
    notified: Mapping[str, Many[Said]] = Field(default_factory=dict)
    leads: Many[Record] = ()
    deals: Many[Record] = ()
    contacts: Many[Record] = ()
    companies: Many[Record] = ()
    kpi: Kpi = Kpi()
    consent: Consent = Consent()
    form: str = ""
    off_hours: bool = False
    held: Many[Said] = ()
    audit: Said = ""


OF_A_CONVERSATION = frozenset(Expect.model_fields) - {
    "error", "leads", "deals", "contacts", "companies", "notified", "audit"
}  # fmt: skip
"""What cannot be looked at without knowing whose conversation is meant."""

Presence = Literal["online", "offline", "drops", "start_day", "end_day", "break", "resume", "leave", "return"]
Deed = Literal[
    "accept", "decline", "finish", "finish_confirmed", "pin", "unpin", "spam", "intercept", "leave_conversation",
    "save_to_crm", "refuse_consent", "return_to_queue",
]  # fmt: skip

Who = Literal["a customer", "an agent", "an agent with a customer", "the admin", "nobody"]
ACTIONS: Mapping[Who, tuple[str, ...]] = {
    "a customer": ("says", "sends", "drafts", "presses", "rates", "fills"),
    "an agent": ("does",),
    "an agent with a customer": ("says", "notes", "sends", "does", "transfers_to", "invites", "rates"),
    "the admin": ("faults", "sets", "dismisses", "departs", "deletes_line"),
    "nobody": (),
}


class Step(Table):
    """A moment: at most one action, then what shall be true."""

    at: Moment
    customer: Name = ""
    agent: Name = ""
    admin: bool = False
    channel: Name = ""
    group: bool = False
    """On the channel's one group thread."""

    says: Text = ""
    id: Name = ""
    """The platform's id of the message."""
    sends: Name = ""
    """A file of that name."""
    drafts: str = ""
    presses: Name = ""
    fills: Mapping[str, str] = Field(default_factory=dict)
    rates: Literal["like", "dislike"] | int = 0
    comment: str = ""
    notes: Text = ""
    does: Presence | Deed = "online"
    transfers_to: Name = ""
    invites: Name = ""

    faults: Faults = Faults()
    sets: Mapping[str, Any] = Field(default_factory=dict)
    dismisses: Name = ""
    departs: Mapping[str, Many[str]] = Field(default_factory=dict)
    deletes_line: Name = ""

    expect: Expect = Expect()

    @property
    def who(self) -> Who:
        if self.admin:
            return "the admin"
        if self.agent:
            return "an agent with a customer" if self.customer else "an agent"
        return "a customer" if self.customer else "nobody"

    @property
    def action(self) -> str:
        """The key of what is done; "" = the step only looks."""
        return next(iter(self._actions), "")

    @property
    def _actions(self) -> list[str]:
        known = dict.fromkeys(action for actions in ACTIONS.values() for action in actions)
        return [action for action in known if action in self.model_fields_set]

    @model_validator(mode="after")
    def _makes_sense(self) -> Step:
        if self.admin and (self.agent or self.customer):
            raise Wrong("is one step of two people", "the admin alone", at=("admin",))
        actions = self._actions
        if len(actions) > 1:
            raise Wrong(f"is a second action beside {actions[0]}", "one action a step", at=(actions[1],))
        allowed = ACTIONS[self.who]
        if actions and actions[0] not in allowed:
            can = f"{self.who} can {', '.join(allowed)}" if allowed else "name who does it: customer, agent, or admin"
            raise Wrong(f"is nothing that {self.who} does", can, at=(actions[0],))
        self._check_choice()
        self._check_company()
        return self

    def _check_choice(self) -> None:
        """Some actions offer other choices to a customer, to an agent, and to an agent with a customer."""
        match self.who, self.action:
            case "an agent", "does" if self.does not in get_args(Presence):
                if self.does in get_args(Deed):
                    raise Wrong("needs a customer's conversation", 'customer = "..." beside it', at=("does",))
            case "an agent with a customer", "does" if self.does not in get_args(Deed):
                raise Wrong("is nothing one does to a conversation", "no customer beside it", at=("does",))
            case "a customer", "rates" if isinstance(self.rates, int):
                raise Wrong("is no rating of a customer", '"like" or "dislike"', at=("rates",))
            case "an agent with a customer", "rates" if isinstance(self.rates, str):
                raise Wrong("is no rating of a supervisor", "1 to 5", at=("rates",))

    def _check_company(self) -> None:
        """Keys that mean something only beside others."""
        needed = {"id": ("says", "sends"), "comment": ("rates",)}
        for key, actions in needed.items():
            if key in self.model_fields_set and self.action not in actions:
                raise Wrong("has nothing to go with", f"beside {' or '.join(actions)}", at=(key,))
        for key in ("group", "channel"):
            if key in self.model_fields_set and not self.customer:
                raise Wrong("has nothing to go with", 'customer = "..." beside it', at=(key,))


class File(Table):
    """A whole scenario file."""

    title: Name
    start: datetime = START
    settings: Name = ""
    people: Many[Name] | None = None
    all_online: bool = False
    set: Mapping[str, Any] = Field(default_factory=dict)
    settings_error: Many[Text] = ()
    crm: Known = Known()
    faults: Faults = Faults()
    step: Many[Step] = ()
