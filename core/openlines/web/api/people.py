"""Agents and lines, as staff see them; with the right `people`, also changing agents."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from openlines.domain.people import Agent
from openlines.runtime.people import PeopleError
from openlines.web.endpoint import Call
from openlines.web.feed_socket import SOCKETS
from openlines.web.problems import Refusal, not_found
from openlines.web.schemas import AgentChange, AgentList, AgentOut, LineList, LineOut, NewAgent
from openlines.web.sessions import SESSIONS
from openlines.web.shapes import agent_out


async def agents(call: Call) -> AgentList:
    """All agents who were not dismissed, and whether they are there."""
    now = call.hub.clock.now()
    present = sorted((agent for agent in call.hub.people.view.values() if not agent.dismissed), key=lambda a: a.id)
    return AgentList(items=[agent_out(agent, now) for agent in present])


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
    call.require_right("people")
    told = body.model_dump(exclude={"password"})
    agent = Agent(**(told | {"departments": tuple(body.departments)}))
    try:
        await call.hub.people.add(agent)
        await call.hub.people.set_password(agent.id, body.password)
    except PeopleError as error:
        raise Refusal(409, str(error), field=error.field) from error
    return agent_out(call.hub.people.view[agent.id], call.hub.clock.now())


async def change(call: Call, body: AgentChange) -> AgentOut:
    """Change an agent. A new password or a dismissal signs them out everywhere."""
    call.require_right("people")
    people = call.hub.people
    before = people.view.get(call.id)
    if before is None:
        raise not_found(f"agent {call.id!r}")
    given: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"password"})
    if "departments" in given:
        given["departments"] = tuple(given["departments"])
    try:
        if given:
            await people.change(replace(before, **given))
        if body.password is not None:
            await people.set_password(before.id, body.password)
    except PeopleError as error:
        raise Refusal(409, str(error), field=error.field) from error
    if body.password is not None or body.dismissed:
        await call.request.app[SESSIONS].end_all(before.id)
        await call.request.app[SOCKETS].end_agent(before.id)
    return agent_out(people.view[before.id], call.hub.clock.now())
