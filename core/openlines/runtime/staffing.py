"""What the command line does with people: the same through a running hub's control socket and without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, get_args

from msgspec.structs import replace

from openlines.domain.people import Agent
from openlines.runtime.audit import COMMAND_LINE, Audit
from openlines.runtime.leaves import Leave
from openlines.runtime.people import Day, People, PeopleError

Told = Mapping[str, Any]
DESCRIBED = ("name", "email", "role", "departments", "photo", "title")
DAYS: tuple[Day, ...] = get_args(Day)


async def perform(people: People, audit: Audit, what: str, agent: str, told: Told) -> dict[str, Any]:
    """Do one of `CHANGES` and note it in the journal. Raises `PeopleError`."""
    if what not in CHANGES:
        raise PeopleError(f"there is no {what!r} to do with people; known: {', '.join(CHANGES)}", "what")
    name, change = CHANGES[what]
    answer = await change(people, agent, told)
    shown = {key: value for key, value in told.items() if key in ("role", "departments", "state", "leave")}
    await audit.note(COMMAND_LINE, name, f"agent:{agent}", {**shown, **answer})
    return answer


async def _add(people: People, agent: str, told: Told) -> dict[str, Any]:
    await people.add(_in_known_role(people, _described(Agent(id=agent, name=agent), told)))
    await people.set_password(agent, str(told["password"]))
    return {}


async def _change(people: People, agent: str, told: Told) -> dict[str, Any]:
    await people.change(_in_known_role(people, _described(_known(people, agent), told)))
    return {}


async def _password(people: People, agent: str, told: Told) -> dict[str, Any]:
    await people.set_password(agent, str(told["password"]))
    return {}


async def _dismiss(people: People, agent: str, _told: Told) -> dict[str, Any]:
    await people.change(replace(_known(people, agent), dismissed=True))
    return {}


async def _rehire(people: People, agent: str, _told: Told) -> dict[str, Any]:
    await people.change(replace(_known(people, agent), dismissed=False))
    return {}


async def _day(people: People, agent: str, told: Told) -> dict[str, Any]:
    if told["state"] not in DAYS:
        raise PeopleError(f"there is no {told['state']!r}; choose one of {', '.join(DAYS)}", "state")
    await people.spend(agent, told["state"])
    return {}


async def _leave(people: People, agent: str, told: Told) -> dict[str, Any]:
    last = _date(told["last"]) if told.get("last") else None
    return listed(await people.take_leave(agent, _date(told["first"]), last))


async def _cancel(people: People, agent: str, told: Told) -> dict[str, Any]:
    if not await people.cancel_leave(_known(people, agent).id, str(told["leave"])):
        raise PeopleError(f"{agent!r} has no leave {told['leave']!r}", "leave")
    return {}


CHANGES: Mapping[str, tuple[str, Callable[[People, str, Told], Awaitable[dict[str, Any]]]]] = {
    "add": ("agent_added", _add),
    "change": ("agent_changed", _change),
    "password": ("agent_changed", _password),
    "dismiss": ("agent_changed", _dismiss),
    "rehire": ("agent_changed", _rehire),
    "day": ("day_set", _day),
    "leave": ("leave_added", _leave),
    "cancel": ("leave_removed", _cancel),
}
"""By what the command line calls it: the journal's word, and what is done."""


def listed(leave: Leave) -> dict[str, Any]:
    """A leave as the command line lists it."""
    return {"id": leave.id, "first": leave.first.isoformat(), "last": leave.last.isoformat() if leave.last else ""}


def overview(people: People) -> list[dict[str, Any]]:
    """All agents as the command line lists them."""
    return [
        {
            **{name: getattr(agent, name) for name in ("id", "name", "email", "role", "dismissed", "on_leave")},
            "departments": list(agent.departments),
            "leaves": [listed(leave) for leave in people.leaves(agent.id)],
        }
        for agent in people.view.values()
    ]


def _described(agent: Agent, told: Told) -> Agent:
    given = {name: told[name] for name in DESCRIBED if told.get(name) is not None}
    if "departments" in given:
        given["departments"] = tuple(given["departments"])
    return replace(agent, **given)


def _in_known_role(people: People, agent: Agent) -> Agent:
    if agent.role not in people.roles:
        raise PeopleError(f"there is no role {agent.role!r}; choose one of {', '.join(people.roles)}", "role")
    return agent


def _known(people: People, agent: str) -> Agent:
    if agent not in people.view:
        raise PeopleError(f"there is no agent {agent!r}")
    return people.view[agent]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PeopleError(f"{text!r} is no date; write it as 2026-12-24", "first") from error
