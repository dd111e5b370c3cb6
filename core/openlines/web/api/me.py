"""Who I am, and whether I am there."""

from __future__ import annotations

from typing import Literal

from openlines.domain.people import RIGHTS, Agent
from openlines.web.endpoint import Call
from openlines.web.hub import Hub
from openlines.web.schemas import Me, Presence
from openlines.web.staff_schemas import Day


async def show(call: Call) -> Me:
    """The one who asks, with their rights and the session's CSRF token."""
    session = call.signed_in.session
    return describe(call.hub, call.agent, session.csrf if session else "")


async def set_presence(call: Call, body: Presence) -> Me:
    """Go online or offline. Offline ends presence at once, whatever is connected."""
    if body.state == "offline":
        await call.hub.people.sign_off(call.agent.id)
    else:
        await call.hub.people.sign_on(call.agent.id)
    call.deed.of(f"agent:{call.agent.id}", state=body.state)
    return _now(call)


async def set_day(call: Call, body: Day) -> Me:
    """Begin, end or pause your working day."""
    await call.hub.people.spend(call.agent.id, body.state)
    call.deed.of(f"agent:{call.agent.id}", state=body.state)
    return _now(call)


def _now(call: Call) -> Me:
    session = call.signed_in.session
    return describe(call.hub, call.hub.people.view[call.agent.id], session.csrf if session else "")


def describe(hub: Hub, agent: Agent, csrf: str) -> Me:
    return Me(
        id=agent.id,
        name=agent.name,
        email=agent.email,
        role=agent.role,
        photo=agent.photo,
        state="offline" if agent.signed_off else "online",
        day=_day(agent),
        on_leave=agent.on_leave,
        rights={right: agent.may(right) for right in RIGHTS},
        csrf=csrf,
        language=hub.settings.server.language,
    )


def _day(agent: Agent) -> Literal["untracked", "working", "on_break", "ended"]:
    if not agent.clocked:
        return "untracked"
    if agent.clocked_out:
        return "ended"
    return "on_break" if agent.on_break else "working"
