"""How soon agents answer (2.7). A record runs from the first unanswered message to the next reply, or to the end."""

from __future__ import annotations

import math

from msgspec import Struct

from openlines.domain.hours import after_work, worked
from openlines.domain.policy import Line, Norm
from openlines.domain.state import Conversation, Responses
from openlines.domain.turn import Turn


class Figures(Struct, frozen=True):
    """Response times of a conversation in seconds; an open record counts up to now."""

    first: float
    total: float
    average: float
    """Rounded down."""
    longest: float
    late: int


def begin(turn: Turn) -> None:
    """The customer waits for an answer by people; who waits already goes on waiting."""
    if not turn.open.asked_at:
        turn.change(asked_at=turn.now, alerted=False)
        watch(turn)


def watch(turn: Turn) -> None:
    """Set the moment of the alert, by the rules of the line that has the conversation now."""
    conversation, line = turn.open, turn.line
    norm = _norm(line, conversation)
    if not conversation.asked_at or conversation.alerted:
        return
    due = 0.0
    if norm.time:
        due = _after(line, conversation.asked_at, norm.time)
    turn.change(alert_at=math.nextafter(due, math.inf) if 0 < due < math.inf else 0.0)  # overdue is later than due


def end(turn: Turn) -> None:
    """The agent replied, or the conversation ended: what was open counts."""
    if turn.open.asked_at:
        turn.change(responses=_with_open(turn.line, turn.open, turn.now), asked_at=0.0, alert_at=0.0)


def alert(turn: Turn) -> None:
    """The norm is over: tell those whom the line names, once per record."""
    norm = _norm(turn.line, turn.open)
    turn.change(alerted=True)
    number = turn.open.number
    text = norm.text.replace("#OPERATOR#", turn.facts.responsible_name)
    text = text.replace("#DIALOG#", f"#{number} /console/conversations/{number}")
    for agent in norm.notify:
        turn.notice(agent, text)


def figures(line: Line, conversation: Conversation, now: float) -> Figures:
    """What to show of a conversation at this moment."""
    counted = _with_open(line, conversation, now) if conversation.asked_at else conversation.responses
    average = math.floor(counted.total / counted.count) if counted.count else 0
    return Figures(counted.first, counted.total, average, counted.longest, counted.late)


# -- inside -----------------------------------------------------------------------------------------------------


def _with_open(line: Line, conversation: Conversation, now: float) -> Responses:
    known, norm = conversation.responses, _norm(line, conversation)
    took = _between(line, conversation.asked_at, now)
    is_first = not conversation.first_reply_at and not known.count
    return Responses(
        first=took if is_first else known.first,
        count=known.count + 1,
        total=known.total + took,
        longest=max(known.longest, took),
        late=known.late + bool(norm.time and took > norm.time),
    )


def _norm(line: Line, conversation: Conversation) -> Norm:
    return line.kpi.next if conversation.first_reply_at else line.kpi.first


def _between(line: Line, start: float, end: float) -> float:
    return worked(line.hours, start, end) if line.kpi.pause_outside_hours else end - start


def _after(line: Line, start: float, seconds: float) -> float:
    return after_work(line.hours, start, seconds) if line.kpi.pause_outside_hours else start + seconds
