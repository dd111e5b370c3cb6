"""Who may see and do what (2.10). `own` is what an agent is or was part of; an open place in their queue is own too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from openlines.domain.events import (
    Accept,
    Asked,
    Decline,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Rate,
    Reply,
    Request,
    Resend,
    Return,
    Transfer,
)
from openlines.domain.people import Agent, Level


class Held(Protocol):
    """What of a conversation, or of its summary, says whose it is."""

    @property
    def status(self) -> str: ...
    @property
    def responsible(self) -> str: ...
    @property
    def offered(self) -> Sequence[str]: ...
    @property
    def participants(self) -> Sequence[str]: ...
    @property
    def holders(self) -> Sequence[str]: ...


def own(agent: Agent, held: Held, members: Collection[str]) -> bool:
    """Whether the conversation is the agent's own; `members` are those of its line's queue."""
    if agent.id == held.responsible or agent.id in held.participants or agent.id in held.holders:
        return True
    return held.status in ("with_bot", "waiting") and agent.id in members


def sees(agent: Agent, held: Held, members: Collection[str]) -> bool:
    """Whether the agent may read it."""
    level = agent.may("history" if held.status == "closed" else "conversations")
    return not agent.dismissed and _reaches(level, own(agent, held, members))


def permits(agent: Agent, asks: type[Request], held: Held | None, members: Collection[str]) -> bool:
    """Whether the agent's role allows such a request. `held` is the open conversation, else the thread's last one."""
    if agent.dismissed:
        return False
    mine = held is not None and own(agent, held, members)
    if held is None or (asks is Reply and held.status == "closed"):  # it would start the next conversation
        return _reaches(agent.may("conversations"), mine or agent.id in members)
    if asks is Rate:
        return _reaches(agent.may("rate"), mine)
    if asks is Accept:
        # An offer, or a place in the queue: the reach of a role gives neither. Too late is not forbidden.
        return mine or agent.id in members
    if asks in (Intercept, Reply) and not mine:
        return agent.may("join") == "any"
    return _reaches(agent.may("conversations"), mine)


ACTIONS: dict[str, type[Asked]] = {
    "accept": Accept,
    "decline": Decline,
    "return": Return,
    "reply": Reply,
    "note": Note,
    "transfer": Transfer,
    "invite": Invite,
    "leave": Leave,
    "intercept": Intercept,
    "pin": Pin,
    "spam": MarkSpam,
    "finish": Finish,
    "rate": Rate,
    "resend": Resend,
}
"""What staff can ask, by the names that the API uses."""

_SENSIBLE = {
    "with_bot": ("accept", "reply", "note", "transfer", "invite", "spam", "finish"),
    "waiting": ("accept", "decline", "reply", "note", "transfer", "invite", "pin", "spam", "finish"),
    "accepted": (
        "return",
        "reply",
        "note",
        "transfer",
        "invite",
        "leave",
        "intercept",
        "pin",
        "spam",
        "finish",
        "rate",
    ),
    "closing": ("reply", "note", "transfer", "invite", "spam", "finish", "rate"),
    "closed": ("reply", "rate"),
}
_SENSIBLE["awaiting_agent"] = _SENSIBLE["awaiting_customer"] = _SENSIBLE["accepted"]


def actions(agent: Agent, held: Held, members: Collection[str]) -> tuple[str, ...]:
    """What a screen should offer the agent now; the thread has the last word."""
    found = []
    for name in _SENSIBLE[held.status]:
        if name == "decline" and agent.id not in held.offered:
            continue
        if name == "intercept" and agent.id == held.responsible:
            continue
        if name == "leave" and (agent.id == held.responsible or agent.id not in held.participants):
            continue
        if name == "return" and agent.id != held.responsible and agent.may("conversations") != "any":
            continue
        if permits(agent, ACTIONS[name], held, members):
            found.append(name)
    return tuple(found)


def _reaches(level: Level, mine: bool) -> bool:
    return level == "any" or (level in ("own", "department") and mine)
