"""Every table of `settings.toml` but the lines' own (see `line` and `hours`), and the whole: `Settings`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from openlines.domain.people import ROLES, Level
from openlines.settings.line import Label, Line, Text
from openlines.settings.values import (
    AgentName,
    AppName,
    Context,
    DepartmentName,
    Email,
    Language,
    Lasts,
    LineName,
    Many,
    RoleName,
    Table,
    WebAddress,
    Weighs,
    Wrong,
    Zone,
)

# -- the server -------------------------------------------------------------------------------------------------


def _folder(path: str, info: ValidationInfo) -> str:
    """Relative to the settings file, wherever the server is started from."""
    if path and isinstance(info.context, Context):
        return str(info.context.folder / path)
    return path


Folder = Annotated[str, AfterValidator(_folder)]


class Server(Table):
    """Where the hub listens and keeps its things."""

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on; "0.0.0.0" = reachable from other machines."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0 = any free port."""
    public_url: WebAddress = ""
    """How the world reaches this hub, for webhooks and links; http://<host>:<port> unless given."""
    data: Annotated[Folder, Field(min_length=1, validate_default=True)] = "data"
    """Folder of the database and the files, relative to this settings file."""
    language: Language = "en"
    """Of built-in texts, where a line names none."""
    timezone: Zone = "UTC"
    """IANA time zone, where a line names none."""
    max_conversations_per_agent: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Over all lines."""
    record: Folder = ""
    """Folder that keeps all inputs of the hub for a post-mortem; empty = none."""
    max_body: Annotated[int, Weighs("10KB", "100MB")] = 2_000_000
    """Largest body of a webhook or an API call."""
    max_file: Annotated[int, Weighs("10KB", "10GB")] = 25_000_000
    """Largest file that customers and agents may send."""

    apps: Many[AppName] = ("console",)
    """Web screens to serve, each under a path of its name."""

    @property
    def address(self) -> str:
        """How the world reaches the hub, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  any address, told as ours
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def _scheme(*schemes: str, example: str) -> AfterValidator:
    """One of these schemes. The value is never quoted: it may hold a password."""

    def check(url: SecretStr) -> SecretStr:
        if not re.match(rf"(?:{'|'.join(schemes)})", url.get_secret_value()):
            raise Wrong("is no address of a kind that is known", example)
        return url

    return AfterValidator(check)


class Store(Table):
    """Where conversations are kept."""

    url: Annotated[
        SecretStr,
        _scheme(r"$", r"sqlite:///.", r"postgresql(\+psycopg)?://.", example='"sqlite:///..." or "postgresql://..."'),
    ] = SecretStr("")
    """Empty = an SQLite file in the data folder."""


class Bus(Table):
    """How events travel: within one process, or between several."""

    url: Annotated[SecretStr, _scheme(r"memory$", r"rediss?://.", example='"memory" or "redis://..."')] = SecretStr(
        "memory"
    )


class Mail(Table):
    """The SMTP server that sends transcripts and unseen replies."""

    host: Annotated[str, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls: port 587. tls: port 465. none: on the own machine only."""
    user: Label = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[Email, Field(min_length=3)]
    """Address that mails come from."""
    sender_name: Label = ""


# -- people -----------------------------------------------------------------------------------------------------


class Agent(Table):
    """A person who answers. People in the file are read-only in the console; passwords are never in a file."""

    name: Label = ""
    """For customers and colleagues; the id unless given."""
    email: Email = ""
    """To sign in with, and to be found by in the CRM."""
    role: RoleName = "agent"
    departments: Many[DepartmentName] = ()
    photo: str = ""
    """Address of a picture."""
    title: Label = ""
    """As in "Sales manager"."""


class Department(Table):
    """A named group of agents, for queues and rights."""

    name: Label = ""
    """The id unless given."""
    head: AgentName = ""
    """Sees the whole department."""


class Role(Table):
    """What an agent of this role may see and do; what is not given is `none`."""

    lines: Level = "none"
    channels: Level = "none"
    conversations: Level = "none"
    history: Level = "none"
    join: Level = "none"
    rate: Level = "none"
    settings: Level = "none"
    people: Level = "none"
    crm: Level = "none"
    reports: Level = "none"


RIGHTS = tuple(Role.model_fields)


# -- forms and canned responses ---------------------------------------------------------------------------------

FieldType = Literal["text", "long_text", "email", "phone", "number", "date", "checkbox"]

FIELDS: Mapping[str, FieldType] = {
    "name": "text", "email": "email", "phone": "phone", "company": "text",
}  # fmt: skip
"""Fields that the hub knows: they go to the customer's profile and to the CRM."""


class FormField(Table):
    """A question of a form."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    label: Label = ""
    """What the customer reads; built in for name, email, phone and company."""
    type: FieldType | None = None
    """text unless given; name, email, phone and company have theirs."""
    required: bool = False

    @property
    def kind(self) -> FieldType:
        return self.type or FIELDS.get(self.name, "text")


def _field(value: object) -> object:
    """A built-in field may be given by its name alone."""
    if not isinstance(value, str):
        return value
    if value not in FIELDS:
        raise Wrong(
            "is no built-in field", f"{', '.join(FIELDS)}, or a table {{ name, label, type, required }}", known=FIELDS
        )
    return {"name": value}


def _distinct(fields: tuple[FormField, ...]) -> tuple[FormField, ...]:
    names: set[str] = set()
    for index, each in enumerate(fields):
        if each.name in names:
            raise Wrong(f"asks for {each.name} twice", "each field once", at=(index,))
        names.add(each.name)
    return fields


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


OneField = Annotated[
    FormField, BeforeValidator(_field, json_schema_input_type=Literal["name", "email", "phone", "company"] | FormField)
]


class Form(Table):
    """A form in live chat."""

    title: Label = ""
    fields: Annotated[Many[OneField], Field(min_length=1, max_length=50), AfterValidator(_distinct)]
    """Names among name, email, phone, company, or { name, label, type, required }."""
    responsible: Annotated[Many[AgentName], BeforeValidator(_listed, json_schema_input_type=str | list[str])] = ()
    """Whom the form's CRM records belong to; several take turns."""


COMMANDS = ("transfer", "invite", "note", "close", "rename")
"""Slash commands of the composer: no shortcut may take their name."""


def _shortcuts(texts: Mapping[str, str]) -> Mapping[str, str]:
    for shortcut in texts:
        if not re.fullmatch(r"[^\s/]{1,50}", shortcut):
            raise Wrong("is no shortcut", "up to 50 characters without a space or a slash", at=(shortcut,))
        if shortcut in COMMANDS:
            raise Wrong("is the name of a slash command", "another shortcut", at=(shortcut,))
    return texts


Canned = Annotated[
    Mapping[Annotated[str, Field(min_length=1)], Annotated[Text, Field(min_length=1)]], AfterValidator(_shortcuts)
]
"""`[canned.<list>]`: shortcut = text."""


# -- what plugins bring -----------------------------------------------------------------------------------------


class Head(BaseModel):
    """What the core itself reads in a plugin's table; the rest of the table is the plugin's."""

    model_config = ConfigDict(**{**Table.model_config, "extra": "ignore"})

    kind: Annotated[str, Field(min_length=1)]
    """Which plugin."""


class ChannelHead(Head):
    """A channel: one configured account of a connector."""

    line: LineName
    """The line it belongs to; "" = none: messages are held."""
    title: Label = ""
    """For agents; the id unless given."""
    active: bool = True
    """False: it is not connected."""


class BotHead(Head):
    """A bot."""

    timeout: Annotated[int, Lasts("1s", "10m")] = 20
    """How long one answer may take before a person is asked."""


class CrmHead(Head):
    """A CRM."""


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    kind: str
    line: str
    title: str
    active: bool
    own: BaseModel = field(repr=False)
    """The connector's settings, an instance of its `settings_model`."""


@dataclass(frozen=True, slots=True)
class Bot:
    id: str
    kind: str
    timeout: int
    own: BaseModel = field(repr=False)


@dataclass(frozen=True, slots=True)
class Crm:
    id: str
    kind: str
    own: BaseModel = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """A settings file that is in order."""

    server: Server = field(default_factory=Server)
    store: Store = field(default_factory=Store)
    bus: Bus = field(default_factory=Bus)
    mail: Mail | None = None
    lines: Mapping[str, Line] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    bots: Mapping[str, Bot] = field(default_factory=dict)
    crm: Mapping[str, Crm] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    canned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    departments: Mapping[str, Department] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)


SINGLE: Mapping[str, type[BaseModel]] = {"server": Server, "store": Store, "bus": Bus, "mail": Mail}
"""Tables there is one of: `[server]`."""

NAMED: Mapping[str, Any] = {
    "lines": Line, "forms": Form, "canned": Canned, "agents": Agent, "departments": Department, "roles": Role,
}  # fmt: skip
"""Tables by id: `[lines.<id>]`."""

HEADS: Mapping[str, type[Head]] = {"channels": ChannelHead, "bots": BotHead, "crm": CrmHead}
"""Tables by id whose other keys are a plugin's: `[channels.<id>]`."""

TABLES = (*SINGLE, *NAMED, *HEADS)

RESERVED: Mapping[str, tuple[str, ...]] = {
    "agents": ("queue",),  # a bot's hand-over to "queue" must not mean a person
    "roles": ("admin",),  # an admin without rights could lock everybody out
}
BUILT_IN_ROLES = tuple(ROLES)
