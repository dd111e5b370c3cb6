"""What a plugin author implements. One or two methods each; everything else has a default.

A connector speaks one platform's protocol. By convention its `wire.py` holds two pure functions,
`parse(update) -> Incoming | None` and `render(outgoing) -> payload`, tested with recorded shapes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from openlines.api.link import AppLink, Link
from openlines.domain.messages import Content, Customer, Kind, Sender


class Settings(BaseModel):
    """Base of every plugin's settings: unknown keys are errors. Keep secrets in `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can do. The core makes do where it cannot (see each field)."""

    max_text: int = 4096
    """Characters of one message; a longer text is sent in parts."""
    files: bool = False
    """Takes files; else a file becomes a link."""
    max_file: int = 20_000_000
    """Bytes of one file; a larger one becomes a link."""
    buttons: bool = False
    """Shows buttons; else they become a numbered list."""
    sender_names: bool = False
    """Shows who writes; else agents' texts begin with `Name: `."""
    typing: bool = False
    """Shows that an agent is typing."""
    drafts: bool = False
    """Reports what the customer is typing."""
    ratings: bool = False
    """Has rating buttons of its own; else the text asks for 1 or 0."""
    forms: bool = False
    """Shows forms."""
    reachable: bool = True
    """The customer can be written to at any later time."""
    per_second: float = 0
    """Messages a second for the whole channel; 0 = no limit known."""
    send_timeout: float = 20
    """Seconds that one `send` may take."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to a customer. `id` stays the same when it is tried again: pass it on as an idempotency key."""

    id: str
    chat: str
    conversation: int
    content: Content
    sender: Sender
    kind: Kind | Literal["typing"] = "message"
    """`typing` is a passing signal: it is never retried and its content is empty."""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform has taken a message; `external` is its own id of it, if it gives one."""

    external: str = ""


class Channel(Protocol):
    """A connector that is connected."""

    async def send(self, message: Outgoing, /) -> Receipt:
        """Deliver one message; raise one of `openlines.api` errors where that fails."""
        ...


class Connector(ABC, Generic[S]):
    """A way to reach customers. One instance is one configured account: `[channels.<id>]`."""

    kind: ClassVar[str]
    """What `kind = "..."` in the settings names."""
    title: ClassVar[str] = ""
    """For people: "Telegram"."""
    settings_model: ClassVar[type[Settings]]
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @property
    def abilities(self) -> Capabilities:
        """What this one account can do: `capabilities`, unless its settings say otherwise. The core asks here."""
        return self.capabilities

    @abstractmethod
    def open(self, link: Link) -> AbstractAsyncContextManager[Channel]:
        """Connect on entry, disconnect on exit. Raise, at any time, to be opened again later."""

    def routes(self, link: Link) -> Iterable[web.RouteDef]:
        """Webhooks, mounted under `/hooks/<channel>/`; they answer 2xx only after `link.receive` returned.

        A path is below the mount and begins with a slash; the path "" is the mount itself, with or without a slash.
        """
        return ()

    def pages(self, link: Link) -> Iterable[web.RouteDef]:
        """What customers' browsers ask for, mounted under `/chat/<channel>/`."""
        return ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One message put to a bot. The transfer key never gets here: the core hands over by itself."""

    conversation: int
    channel: str
    line: str
    language: str
    customer: Customer
    content: Content
    first: bool
    """The conversation's first message."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What the bot's last answer in this conversation left; JSON values, kept by the core."""
    transfer_key: str = "0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bot says and wants."""

    say: tuple[Content | str, ...] = ()
    transfer: str = ""
    """"queue", an agent's id or "line:<id>"; "" goes on serving."""
    finish: bool = False
    memory: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0
    """Seconds that the core waits before it takes this answer, as if the bot had thought that long."""


class Bot(ABC, Generic[S]):
    """Answers first. Stateless: what it must remember travels in `Turn.memory` and `Answer.memory`."""

    kind: ClassVar[str]
    settings_model: ClassVar[type[Settings]]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    async def answer(self, turn: Turn, /) -> Answer:
        """Answer one message. Raising or taking too long brings a person."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom to look for: by the platform's identity (`telegram:12345`), by phone, by e-mail."""

    identity: str
    name: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A record in a CRM. `responsible` is the e-mail (or agent id) of who looks after it there."""

    id: str
    kind: Literal["lead", "deal", "contact", "company"]
    name: str = ""
    responsible: str = ""
    url: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    timeline: tuple[str, ...] = ()


class CrmSession(Protocol):
    """A CRM that is connected. Each write carries a `key`: the same key again changes nothing."""

    async def find(self, who: Identity, /) -> Record | None:
        """The customer's most telling record: an open deal, a lead, a contact; None where nobody is known."""
        ...

    async def create(
        self, kind: Literal["lead", "deal"], who: Identity, source: str, responsible: str, key: str
    ) -> Record:
        """A new lead, or a deal with its contact, for this customer."""
        ...

    async def assign(self, record: str, kind: str, responsible: str, key: str) -> None:
        """Give a record a new responsible."""
        ...

    async def log(self, record: str, kind: str, text: str, key: str) -> None:
        """Put a text on the record's timeline."""
        ...

    async def show(self, record: str, kind: str) -> Record | None:
        """The record with its fields and timeline, for the panel beside the conversation."""
        ...


@runtime_checkable
class Forgets(CrmSession, Protocol):
    """A session that can erase; without it a refusal of consent asks people to do it by hand."""

    async def erase(self, record: str, kind: str, fields: tuple[str, ...], key: str) -> None:
        """Blank fields of the record and of the contact made with it; among name, phone, email, company."""
        ...


class Crm(ABC, Generic[S]):
    """Knows the customers. `[crm.<id>]`."""

    kind: ClassVar[str]
    settings_model: ClassVar[type[Settings]]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def open(self, link: Link) -> AbstractAsyncContextManager[CrmSession]:
        """Connect on entry, disconnect on exit."""


class App(ABC):
    """A web screen of its own, such as the agents' console: mounted under `/<path>/`."""

    path: ClassVar[str]

    @abstractmethod
    def routes(self, link: AppLink) -> Iterable[web.RouteDef]:
        """What it serves, below `/<path>/`. It reaches the hub as browsers do: through `/api/v1/`."""
