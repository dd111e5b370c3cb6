"""The bodies that are about staff themselves: people, working time, the journal."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from openlines.web.schemas import Body, Id, Label, Limit, Password

RoleName = Annotated[Id, Field(description="A built-in role, or one of the settings: `[roles.<id>]`.")]


def _date(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("a date is expected, as in 2026-12-24")
    return date.fromisoformat(value)


IsoDate = Annotated[date, BeforeValidator(_date)]


class AgentsQuery(Body):
    dismissed: bool = False
    """Also those who were dismissed."""


class AuditQuery(Body):
    who: Annotated[str, Field(max_length=255)] = ""
    """An agent's id."""
    what: Annotated[str, Field(max_length=100)] = ""
    target: Annotated[str, Field(max_length=600)] = ""
    """`conversation:<number>`, `agent:<id>`, ..."""
    before: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """What the page after gave as `next`; 0 = the latest."""
    limit: Limit = 50


class Day(Body):
    """Working time. It counts once `start_day` was used."""

    state: Literal["start_day", "end_day", "break", "resume"]


class AgentDay(Body):
    """Somebody's working time; `leave` begins a leave today that lasts until `return`."""

    state: Literal["start_day", "end_day", "break", "resume", "leave", "return"]


class NewLeave(Body):
    """Whole days in the server's time zone, the last one included; without it until `return`."""

    first: IsoDate
    last: IsoDate | None = None


class NewAgent(Body):
    """Somebody who answers. They sign in with the e-mail and the password."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
    name: Annotated[Label, Field(min_length=1)]
    email: Id
    role: RoleName = "agent"
    departments: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list)
    photo: Label = ""
    title: Label = ""
    password: Annotated[Password, Field(min_length=8)]


class AgentChange(Body):
    """What is given changes, what is left out stays."""

    name: Annotated[Label, Field(min_length=1)] | None = None
    email: Id | None = None
    role: RoleName | None = None
    departments: Annotated[list[Id], Field(max_length=50)] | None = None
    photo: Label | None = None
    title: Label | None = None
    dismissed: bool | None = None
    password: Annotated[Password, Field(min_length=8)] | None = None


class LeaveOut(BaseModel):
    """Days off."""

    id: str
    agent: str
    first: str
    last: str | None
    """The last day off; null = until they return."""


class LeaveList(BaseModel):
    items: list[LeaveOut]


class AuditOut(BaseModel):
    """Something that somebody did. `detail` holds ids, numbers and switches, never what was written."""

    id: int
    at: float
    who: str
    what: str
    target: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """The latest first."""

    items: list[AuditOut]
    next: int | None = None
    """`before` of the next page."""
