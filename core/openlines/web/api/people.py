"""Agents and lines, as staff see them; and changing agents, as far as the right `people` reaches."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from openlines.domain import rights
from openlines.domain.people import Agent
from openlines.runtime.people import PeopleError
from openlines.web.endpoint import Call
from openlines.web.feed_socket import SOCKETS
from openlines.web.problems import Refusal, denied, invalid, not_found
from openlines.web.schemas import AgentList, AgentOut, LineList, LineOut
from openlines.web.sessions import SESSIONS
from openlines.web.shapes import agent_out, leave_out
from openlines.web.staff_schemas import AgentChange, AgentDay, AgentsQuery, LeaveList, LeaveOut, NewAgent, NewLeave

OWN_FIELDS = frozenset({"name", "photo", "title", "password"})
"""What the level `own` of `people` lets agents change of themselves."""


async def agents(call: Call, query: AgentsQuery) -> AgentList:
    """All agents, and whether they are there."""
    shown = [agent for agent in call.hub.people.view.values() if query.dismissed or not agent.dismissed]
    return AgentList(items=[_out(call, agent.id) for agent in sorted(shown, key=lambda agent: agent.id)])


async def lines(call: Call) -> LineList:
    """All lines."""
    return LineList(
        items=[
            LineOut(
                id=line.id,
                name=line.name or line.id,
                active=line.active,
                distribution=line.queue.distribution,
                members=list(line.queue.members),
            )
            for line in call.hub.policies.lines.values()
        ]
    )


async def add(call: Call, body: NewAgent) -> AgentOut:
    """A new agent, who can sign in at once."""
    people = call.hub.people
    if call.agent.may("people") not in ("any", "department"):
        raise denied(f"this needs the right `people` = any or department; your role is {call.agent.role}")
    told = body.model_dump(exclude={"password"})
    agent = Agent(**(told | {"departments": tuple(body.departments)}))
    _within_reach(call, agent)
    try:
        await people.add(agent)
        await people.set_password(agent.id, body.password)
    except PeopleError as error:
        raise Refusal(409, str(error), field=error.field) from error
    call.deed.of(f"agent:{agent.id}", role=agent.role, departments=list(agent.departments))
    return _out(call, agent.id)


async def change(call: Call, body: AgentChange) -> AgentOut:
    """Change an agent. A new password or a dismissal signs them out everywhere."""
    people = call.hub.people
    before = _managed(call, call.id)
    given: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"password"})
    if call.agent.may("people") == "own" and (beyond := body.model_fields_set - OWN_FIELDS):
        raise denied(f"of yourself you may change {', '.join(sorted(OWN_FIELDS))}, not {', '.join(sorted(beyond))}")
    if body.dismissed and before.id == call.agent.id:
        raise Refusal(409, "you cannot dismiss yourself: ask a colleague", code="conflict", field="dismissed")
    if "departments" in given:
        given["departments"] = tuple(given["departments"])
    after = replace(before, **given)
    if (after.role, after.departments) != (before.role, before.departments):
        _within_reach(call, after)
    try:
        if given:
            await people.change(after)
        if body.password is not None:
            await people.set_password(before.id, body.password)
    except PeopleError as error:
        raise Refusal(409, str(error), field=error.field) from error
    if body.password is not None or body.dismissed:
        await call.request.app[SESSIONS].end_all(before.id)
        await call.request.app[SOCKETS].end_agent(before.id)
    told = {name: given[name] for name in ("role", "departments", "dismissed") if name in given}
    call.deed.of(f"agent:{before.id}", changed=sorted(body.model_fields_set), **told)
    return _out(call, before.id)


# -- working time -----------------------------------------------------------------------------------------------


async def set_day(call: Call, body: AgentDay) -> AgentOut:
    """Begin, end or pause an agent's working day for them, or their leave."""
    agent = _managed(call, call.id)
    await call.hub.people.spend(agent.id, body.state)
    call.deed.of(f"agent:{agent.id}", state=body.state)
    return _out(call, agent.id)


async def leaves(call: Call) -> LeaveList:
    """An agent's leave calendar, in order of time."""
    agent = _managed(call, call.id, readable=True)
    return LeaveList(items=[leave_out(leave) for leave in call.hub.people.leaves(agent.id)])


async def take_leave(call: Call, body: NewLeave) -> LeaveOut:
    """Days off: they are offered nothing from the first to the last."""
    agent = _managed(call, call.id)
    try:
        leave = await call.hub.people.take_leave(agent.id, body.first, body.last)
    except PeopleError as error:
        raise invalid(error.field, str(error)) from error
    shown = leave_out(leave)
    call.deed.of(f"agent:{agent.id}", leave=shown.id, first=shown.first, last=shown.last)
    return shown


async def cancel_leave(call: Call) -> None:
    """Take days off out of an agent's calendar."""
    leave = call.hub.people.find_leave(call.id)
    if leave is None:
        raise not_found(f"leave {call.id!r}")
    agent = _managed(call, leave.agent)
    await call.hub.people.cancel_leave(agent.id, leave.id)
    call.deed.of(f"agent:{agent.id}", leave=leave.id)


# -- inside -----------------------------------------------------------------------------------------------------


def _managed(call: Call, id_: str, *, readable: bool = False) -> Agent:
    """The agent of this id. Raises `Refusal` unless the asker may change them; `readable`: or is them."""
    agent = call.hub.people.view.get(id_)
    if agent is None:
        if call.agent.may("people") == "none":
            raise denied("this needs the right `people`")
        raise not_found(f"agent {id_!r}")
    if not rights.manages(call.agent, agent) and not (readable and agent.id == call.agent.id):
        raise denied(f"your role {call.agent.role} does not let you manage {agent.id!r}")
    return agent


def _within_reach(call: Call, agent: Agent) -> None:
    """Raise `Refusal` for an unknown role, one with more rights than the asker's, and a department of others."""
    people, asker = call.hub.people, call.agent
    if agent.role not in people.roles:
        raise invalid("role", f"there is no role {agent.role!r}; choose one of {', '.join(people.roles)}")
    if not rights.outranks(asker, people.in_role(agent)):
        raise denied(f"the role {agent.role!r} may do more than you may: nobody gives what they have not")
    if asker.may("people") == "department":
        mine = people.departments_of(asker.id)
        if not agent.departments or not mine.issuperset(agent.departments):
            raise denied(f"choose among your departments: {', '.join(sorted(mine)) or 'you are in none'}")


def _out(call: Call, agent: str) -> AgentOut:
    people = call.hub.people
    return agent_out(people.view[agent], call.hub.clock.now(), from_settings=people.from_settings(agent))
