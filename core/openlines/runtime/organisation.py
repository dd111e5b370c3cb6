"""How staff are organised: what each role may do, who is in which department, who heads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from openlines.domain.people import ROLES, Agent, Level
from openlines.settings.models import Settings
from openlines.settings.policies import roles

Agents = Mapping[str, Agent]
Members = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the settings say of all staff at once."""

    roles: Mapping[str, Mapping[str, Level]] = field(default_factory=lambda: ROLES)
    heads: Mapping[str, str] = field(default_factory=dict)
    """By department, where it has a head."""
    timezone: str = "UTC"
    """In which days of leave begin and end."""


def organisation(settings: Settings) -> Organisation:
    """The organisation that the settings describe."""
    heads = {name: department.head for name, department in settings.departments.items() if department.head}
    return Organisation(roles(settings), heads, settings.server.timezone)


def present_members(agents: Agents, first: Iterable[str] = ()) -> Members:
    """Who is in each department now, for queues: in the order of the settings' agents (`first`), others by id."""
    order = dict.fromkeys((*(agent for agent in first if agent in agents), *sorted(agents)))
    return _by_department(agents[agent] for agent in order if not agents[agent].dismissed)


def with_reach(agents: Agents, organisation: Organisation) -> dict[str, Agent]:
    """The agents with what their roles and departments let them reach."""
    everybody = {name: frozenset(ids) for name, ids in _by_department(agents.values()).items()}
    led: dict[str, tuple[str, ...]] = {}
    for department, head in organisation.heads.items():
        led[head] = (*led.get(head, ()), department)
    shared: dict[tuple[str, ...], frozenset[str]] = {}
    """People of the same departments share one set."""

    def of(departments: tuple[str, ...]) -> frozenset[str]:
        if departments not in shared:
            shared[departments] = frozenset().union(*(everybody.get(name, frozenset()) for name in departments))
        return shared[departments]

    found = {}
    for agent in agents.values():
        rights = organisation.roles.get(agent.role, {})
        rights = {} if rights == ROLES.get(agent.role, {}) else rights
        reached = replace(agent, rights=rights)
        by_department = any(reached.may(right) == "department" for right in rights)
        team = of(agent.departments) if by_department else frozenset()
        found[agent.id] = replace(reached, team=team, led=of(led.get(agent.id, ())))
    return found


def _by_department(agents: Iterable[Agent]) -> Members:
    found: dict[str, dict[str, None]] = {}
    for agent in agents:
        for department in agent.departments:
            found.setdefault(department, {})[agent.id] = None
    return {department: tuple(ids) for department, ids in found.items()}
