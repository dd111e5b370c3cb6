"""A line that is switched off (2.10): customers' messages are held, nothing is routed or said, most clocks stand still.

The thread notices by itself: whatever happens to it first after its line was switched.
"""

from __future__ import annotations

from openlines.domain import closing, crm, routing
from openlines.domain.entries import Author, Held
from openlines.domain.events import CustomerRated, CustomerWrote
from openlines.domain.messages import Content
from openlines.domain.policy import Line
from openlines.domain.state import Status
from openlines.domain.turn import Turn


def notice(turn: Turn) -> None:
    """Bring the open conversation to a stop when its line is off, and into motion again when it is on."""
    conversation = turn.thread.open
    if conversation is None or conversation.suspended is not turn.line.active:
        return
    if turn.line.active:
        _resume(turn)
    else:
        _suspend(turn)


def held(turn: Turn, event: CustomerWrote | CustomerRated) -> bool:
    """Keep a message back if the line it belongs to is off: shown to staff in a list, never played back."""
    line = _concerned(turn, event)
    if line.active:
        return False
    if isinstance(event, CustomerWrote):
        who, content, kind = event.customer, event.content, "message"
    else:
        who, content, kind = turn.thread.customer, Content(text=f"{event.value} {event.comment}".strip()), "rate"
    turn.tell(
        Held(
            conversation=turn.thread.open.number if turn.thread.open else 0,
            id=turn.next_id(),
            author=Author(kind="customer", id=who.id, name=who.name, photo=who.photo),
            content=content,
            external=event.id,
            line=line.id,
        ),
        external=f"{kind}:{event.id}",
    )
    return True


# -- inside -----------------------------------------------------------------------------------------------------


def _concerned(turn: Turn, event: CustomerWrote | CustomerRated) -> Line:
    """The open conversation's line; a late rating belongs to the last one's; else the channel's own."""
    last = turn.thread.last
    if turn.thread.open is None and last is not None and last.rating_pending:
        rates = isinstance(event, CustomerRated) or (closing.digit(event.content.text) and not event.content.files)
        if rates:
            return turn.policies.line(last.line)
    return turn.line


def _suspend(turn: Turn) -> None:
    routing.drop_questions(turn)
    turn.change(suspended=True)
    if turn.open.status is Status.WAITING:
        turn.change(offered=(), rung=(), reason=None, idle_at=0.0)
    turn.decided("suspended", line=turn.line.id)


def _resume(turn: Turn) -> None:
    """Who waits is routed afresh; clocks of routing and automatic texts begin anew, the others go on."""
    line, conversation = turn.line, turn.open
    turn.change(
        suspended=False,
        no_answer_at=turn.now + line.no_answer.after if conversation.no_answer_at else 0.0,
        transfer_at=turn.now + line.bot.transfer_after if conversation.transfer_at and line.bot.transfer_after else 0.0,
        identify_at=turn.now + crm.LOOKUP_LIMIT if conversation.identifying else 0.0,
    )
    turn.decided("resumed", line=line.id)
    if conversation.identifying and not crm.asking(turn, conversation.number):
        routing.go_on(turn, conversation.number)  # the CRM had answered meanwhile
