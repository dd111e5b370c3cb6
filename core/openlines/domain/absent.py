"""Nobody is there: outside hours, or no agent available (2.2.3)."""

from __future__ import annotations

from collections.abc import Mapping

from openlines.domain import forms
from openlines.domain.hours import Cause, closed
from openlines.domain.people import Agent, absence, keeps
from openlines.domain.policy import Line
from openlines.domain.state import Conversation, Status
from openlines.domain.turn import Turn


def say_if_nobody_is_there(turn: Turn) -> None:
    """Send the off-hours text: once until an agent replies, never while a bot serves.

    Judged at each message of the customer and when a bot gives up.
    """
    conversation, line = turn.open, turn.line
    if conversation.off_hours_told or conversation.status is Status.WITH_BOT or conversation.started_by:
        return
    cause = closed(line.hours, turn.now)
    if not cause and conversation.identifying and line.crm.forward_to_responsible:
        return  # the CRM may still name somebody who is there: this is asked again when it has answered
    if turn.say_automatic("off_hours", _text(turn, cause)):
        turn.change(off_hours_told=True)
        forms.show(turn, line.off_hours.form)


def _text(turn: Turn, cause: Cause) -> str:
    texts = turn.line.off_hours
    match cause:
        case "weekend":
            return texts.weekend_text
        case "holiday":
            return texts.holiday_text
        case "hours":
            return texts.text
        case "":
            nobody = turn.line.queue.check_availability and not turn.facts.anyone_available
            return texts.absent_text if nobody else ""


def anyone_available(
    line: Line, people: Mapping[str, Agent], now: float, *, conversation: Conversation | None, chosen: str = ""
) -> bool:
    """The fact of that name: for a conversation of the line, or for the next one of a thread (None).

    `chosen` is whom a CRM or a bot names at this moment. An empty queue has nobody.
    """
    queue = line.queue
    check, timeout = queue.check_availability, queue.presence_timeout
    named = {chosen}
    if conversation is not None and line.crm.forward_to_responsible:
        named |= {conversation.crm_first, *(conversation.offered if _as_crm_says(conversation) else ())}
    asked = (people.get(agent) for agent in (*named, *queue.members))
    if any(not absence(agent, now, check=check, presence_timeout=timeout) for agent in asked if agent):
        return True
    responsible = people.get(conversation.responsible) if conversation else None
    return responsible is not None and keeps(responsible, now, check=check, presence_timeout=timeout)


def _as_crm_says(conversation: Conversation) -> bool:
    return conversation.reason is not None and conversation.reason.rule == "crm"
