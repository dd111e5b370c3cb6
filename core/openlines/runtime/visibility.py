"""Whose a conversation is, as SQL: the same rules as `domain.rights.sees`, wide by what an agent has lost since.

Who reads rows by it asks `rights.sees` of each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.domain.state import Status
from openlines.runtime.records import Summary
from openlines.runtime.tables import conversations, involved

UNCLAIMED = (Status.WITH_BOT.value, Status.WAITING.value)


def visible(agent: Agent, lines: Mapping[str, Line], what: Literal["conversations", "history"]) -> ColumnElement[bool]:
    """Conversations in reach of the agent's right: `history` is for closed ones."""
    level = agent.may(what)
    if agent.dismissed or level == "none":
        return false()
    if level == "any":
        return true()
    agents = _whose(agent, what)
    held = select(involved.c.conversation).where(involved.c.agent.in_(sorted(agents)))
    theirs = conversations.c.number.in_(held)
    queues = [line.id for line in lines.values() if not agents.isdisjoint(line.queue.members)]
    if what == "history" or not queues:
        return theirs
    return or_(theirs, and_(conversations.c.status.in_(UNCLAIMED), conversations.c.line.in_(queues)))


def visible_at_all(agent: Agent, lines: Mapping[str, Line]) -> ColumnElement[bool]:
    """Conversations in reach, open and closed."""
    if not agent.dismissed and agent.may("conversations") == agent.may("history") == "any":
        return true()
    closed = conversations.c.status == Status.CLOSED.value
    return or_(and_(closed, visible(agent, lines, "history")), and_(~closed, visible(agent, lines, "conversations")))


def visible_among(agent: Agent, lines: Mapping[str, Line], numbers: Collection[int]) -> ColumnElement[bool]:
    """Those of these conversations that are in reach, found without a look at the row of each that is not."""
    number = conversations.c.number
    among = number.in_(numbers)
    if agent.dismissed or "any" in (agent.may("conversations"), agent.may("history")):
        return and_(among, visible_at_all(agent, lines))
    agents = _whose(agent, "conversations") | _whose(agent, "history")
    theirs = select(involved.c.conversation).where(
        involved.c.agent.in_(sorted(agents)), involved.c.conversation.in_(numbers)
    )
    queues = [line.id for line in lines.values() if not agents.isdisjoint(line.queue.members)]
    # The sum keeps SQLite from going by the numbers: few conversations are unclaimed, and an index knows them.
    unclaimed = select(number).where(
        conversations.c.status.in_(UNCLAIMED), conversations.c.line.in_(queues), (number + 0).in_(numbers)
    )
    return and_(number.in_(theirs.union(unclaimed) if queues else theirs), visible_at_all(agent, lines))


def _whose(agent: Agent, what: Literal["conversations", "history"]) -> frozenset[str]:
    """Whose conversations are in reach of a right that does not reach all."""
    return agent.led | {agent.id} | (agent.team if agent.may(what) == "department" else frozenset())


def members(lines: Mapping[str, Line], summary: Summary) -> tuple[str, ...]:
    """Who is in the queue of a conversation's line; nobody where the line is gone."""
    line = lines.get(summary.line)
    return line.queue.members if line else ()
