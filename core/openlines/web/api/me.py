"""Who I am, and whether I am there."""

from __future__ import annotations

from openlines.domain.people import ROLES, Agent
from openlines.web.endpoint import Call
from openlines.web.hub import Hub
from openlines.web.schemas import Me, Presence

RIGHTS = tuple(ROLES["admin"])


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
        rights={right: agent.may(right) for right in RIGHTS},
        csrf=csrf,
        language=hub.settings.server.language,
    )
