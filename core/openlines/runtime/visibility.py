"""Whose a conversation is, as SQL: the same rules as `domain.rights.sees`, wide by what an agent has lost since.

Who reads rows by it asks `rights.sees` of each.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    mine = conversations.c.number.in_(select(involved.c.conversation).where(involved.c.agent == agent.id))
    queues = [line.id for line in lines.values() if agent.id in line.queue.members]
    if what == "history" or not queues:
        return mine
    return or_(mine, and_(conversations.c.status.in_(UNCLAIMED), conversations.c.line.in_(queues)))


def visible_at_all(agent: Agent, lines: Mapping[str, Line]) -> ColumnElement[bool]:
    """Conversations in reach, open and closed."""
    if not agent.dismissed and agent.may("conversations") == agent.may("history") == "any":
        return true()
    closed = conversations.c.status == Status.CLOSED.value
    return or_(and_(closed, visible(agent, lines, "history")), and_(~closed, visible(agent, lines, "conversations")))


def members(lines: Mapping[str, Line], summary: Summary) -> tuple[str, ...]:
    """Who is in the queue of a conversation's line; nobody where the line is gone."""
    line = lines.get(summary.line)
    return line.queue.members if line else ()
