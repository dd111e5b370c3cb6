"""Who may see and do what (2.10). `own` is what an agent is or was part of; an open place in their queue is own too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
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
    RefuseConsent,
    Reply,
    Request,
    Resend,
    Return,
    SaveToCrm,
    Transfer,
)
from openlines.domain.people import LEVELS, RIGHTS, Agent, Level
from openlines.domain.policy import Line

UNCLAIMED = ("with_bot", "waiting")
"""While a conversation has no agent, a place in its line's queue makes it own."""


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
    return _belongs({agent.id}, held, members)


def sees(agent: Agent, held: Held, members: Collection[str]) -> bool:
    """Whether the agent may read it. Whoever heads a department reads what is own to anybody in it."""
    what = "history" if held.status == "closed" else "conversations"
    return not agent.dismissed and _reads(agent, what, held, members)


def reads_records(agent: Agent, held: Held, members: Collection[str]) -> bool:
    """Whether the agent may read what the CRM keeps of the conversation's customer."""
    return sees(agent, held, members) and _reads(agent, "crm", held, members)


def permits(agent: Agent, asks: type[Request], held: Held | None, members: Collection[str]) -> bool:
    """Whether the agent's role allows such a request. `held` is the open conversation, else the thread's last one."""
    if agent.dismissed:
        return False
    level = agent.may("conversations")
    if held is None or (asks is Reply and held.status == "closed"):  # it would start the next conversation
        return _reaches(agent, level, held, members, starting=True)
    mine = own(agent, held, members)
    if asks is Rate:
        return _reaches(agent, agent.may("rate"), held, members)
    if asks is Accept:
        # An offer, or a place in the queue: the reach of a role gives neither. Too late is not forbidden.
        return level != "none" and (mine or agent.id in members)
    if asks in (Intercept, Reply) and not mine:
        return _reaches(agent, agent.may("join"), held, members)
    return _reaches(agent, level, held, members)


def supervises(agent: Agent, responsible: str) -> bool:
    """Whether the agent may return to the queue what the responsible has."""
    level = agent.may("conversations")
    return level == "any" or (level == "department" and responsible in agent.team | agent.led)


def manages(agent: Agent, other: Agent) -> bool:
    """Whether the agent may change the other's entry; nobody changes those who may do more than they may."""
    if agent.dismissed:
        return False
    match agent.may("people"):
        case "any":
            return outranks(agent, other)
        case "department":
            return (other.id in agent.team | agent.led or other.id == agent.id) and outranks(agent, other)
        case "own":
            return other.id == agent.id
        case "none":
            return False


def outranks(agent: Agent, other: Agent) -> bool:
    """Whether the agent may do all that the other may."""
    return all(LEVELS.index(other.may(right)) <= LEVELS.index(agent.may(right)) for right in RIGHTS)


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
    "save_to_crm": SaveToCrm,
    "refuse_consent": RefuseConsent,
    "rate": Rate,
    "resend": Resend,
}
"""What staff can ask, by the names that the API uses."""

_OF_THE_CUSTOMER = ("save_to_crm", "refuse_consent")
_SENSIBLE = {
    "with_bot": ("accept", "reply", "note", "transfer", "invite", "spam", "finish", *_OF_THE_CUSTOMER),
    "waiting": ("accept", "decline", "reply", "note", "transfer", "invite", "pin", "spam", "finish", *_OF_THE_CUSTOMER),
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
        *_OF_THE_CUSTOMER,
        "rate",
    ),
    "closing": ("reply", "note", "transfer", "invite", "spam", "finish", *_OF_THE_CUSTOMER, "rate"),
    "closed": ("reply", "refuse_consent", "rate"),
}
_SENSIBLE["awaiting_agent"] = _SENSIBLE["awaiting_customer"] = _SENSIBLE["accepted"]


def actions(agent: Agent, held: Held, members: Collection[str], line: Line | None = None) -> tuple[str, ...]:
    """What a screen should offer the agent now; the thread has the last word.

    What needs a CRM or a consent is offered where the `line` has one.
    """
    found = []
    for name in _SENSIBLE[held.status]:
        if name == "decline" and agent.id not in held.offered:
            continue
        if name == "intercept" and agent.id == held.responsible:
            continue
        if name == "leave" and (agent.id == held.responsible or agent.id not in held.participants):
            continue
        if name == "return" and agent.id != held.responsible and not supervises(agent, held.responsible):
            continue
        if name == "save_to_crm" and (line is None or not line.crm.use or agent.may("crm") == "none"):
            continue
        if name == "refuse_consent" and (line is None or not line.consent.enabled):
            continue
        if permits(agent, ACTIONS[name], held, members):
            found.append(name)
    return tuple(found)


def _reads(agent: Agent, what: str, held: Held, members: Collection[str]) -> bool:
    level = agent.may(what)
    if level == "own":
        return _belongs(agent.led | {agent.id}, held, members)
    return _reaches(agent, level, held, members)


def _reaches(
    agent: Agent, level: Level, held: Held | None, members: Collection[str], *, starting: bool = False
) -> bool:
    match level:
        case "any":
            return True
        case "department":
            return _belongs(agent.team | agent.led | {agent.id}, held, members, starting=starting)
        case "own":
            return _belongs({agent.id}, held, members, starting=starting)
        case "none":
            return False


def _belongs(agents: AbstractSet[str], held: Held | None, members: Collection[str], *, starting: bool = False) -> bool:
    """Whether it is own to one of these; `starting`: the thread's next conversation would be."""
    if held is not None:
        if held.responsible in agents or not agents.isdisjoint((*held.participants, *held.holders)):
            return True
        starting = starting or held.status in UNCLAIMED
    return starting and not agents.isdisjoint(members)
