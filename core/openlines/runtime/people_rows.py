"""Agents as rows of the table `people`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from openlines.domain.people import Agent
from openlines.runtime.tables import people, sessions


class PeopleError(Exception):
    """A change of people that is not possible; says which and why. `field` names what is wrong."""

    def __init__(self, text: str, field: str = "id") -> None:
        super().__init__(text)
        self.field = field


_KEPT = (
    "connected", "seen_at", "signed_off", "on_leave", "clocked", "clocked_out", "on_break", "rights", "team", "led",
)  # fmt: skip
"""What of an agent no description tells: what they do, and what follows from their role and departments."""


def declare(connection: Connection, named: Mapping[str, Agent]) -> None:
    """Bring the rows of the settings' agents in line with them."""
    rows = {row.id: row for row in connection.execute(select(people.c.id, people.c.email, people.c.from_settings))}
    holders = {row.email: row.id for row in rows.values() if row.id not in named}
    for agent in named.values():
        if agent.email and agent.email in holders:
            raise PeopleError(
                f"[agents.{agent.id}] email: {agent.email!r} belongs to the agent {holders[agent.email]!r} already;"
                " give one of them another address",
                "email",
            )
    kept = [agent for agent in named.values() if agent.id in rows]
    # Two who swap addresses must not meet in the unique index on the way.
    for agent in kept:
        connection.execute(update(people).where(people.c.id == agent.id).values(email=_nowhere(agent.id)))
    for agent in kept:
        values = described(agent) | {"from_settings": True, "dismissed": False}
        connection.execute(update(people).where(people.c.id == agent.id).values(**values))
    new = [row_of(agent, from_settings=True) for agent in named.values() if agent.id not in rows]
    if new:
        connection.execute(insert(people), new)
    gone = [row.id for row in rows.values() if row.from_settings and row.id not in named]
    if gone:
        left = update(people).where(people.c.id.in_(gone))
        connection.execute(left.values(from_settings=False, dismissed=True))
        end_sessions(connection, gone)


def end_sessions(connection: Connection, agents: Collection[str]) -> None:
    """Sign them out everywhere."""
    connection.execute(delete(sessions).where(sessions.c.agent.in_(agents)))


def as_present(described: Agent, before: Agent | None) -> Agent:
    """The agent as described, and as present as before."""
    return replace(described, **{name: getattr(before, name) for name in _KEPT}) if before else described


def agent_of(row: RowMapping) -> Agent:
    return Agent(
        id=row["id"],
        name=row["name"],
        email="" if row["email"] == _nowhere(row["id"]) else row["email"],
        role=row["role"],
        departments=tuple(json.loads(row["departments"])),
        photo=row["photo"],
        title=row["title"],
        dismissed=row["dismissed"],
        seen_at=row["seen_at"],
        signed_off=row["signed_off"],
        clocked=row["clocked"],
        clocked_out=row["clocked_out"],
        on_break=row["on_break"],
    )


def row_of(agent: Agent, *, from_settings: bool) -> dict[str, Any]:
    return {
        "id": agent.id,
        **described(agent),
        "password": "",
        "from_settings": from_settings,
        "signed_off": agent.signed_off,
        "seen_at": agent.seen_at,
    }


def described(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "email": agent.email or _nowhere(agent.id),
        "role": agent.role,
        "departments": msgspec.json.encode(agent.departments).decode(),
        "photo": agent.photo,
        "title": agent.title,
        "dismissed": agent.dismissed,
    }


def _nowhere(agent: str) -> str:
    """What the unique column `email` holds for somebody without one; no address looks like it."""
    return f"@{agent}"


def plain(email: str) -> str:
    return email.strip().casefold()
