"""One thread with at most one open conversation: what happens to it when something happens.

Everything that changes a thread's state is reached from here. `decide` is a pure function; `TABLE` says for each
status and each kind of event which rule runs, or with which code it is refused. The rules stand in `customer`,
`staff`, `routing`, `bot`, `crm` and `closing`; they work on a `Turn`, the draft of one decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from openlines.domain import bot, closing, consent, crm, customer, forms, inactive, kpi, routing, staff
from openlines.domain.commands import Send
from openlines.domain.entries import Delivery
from openlines.domain.events import (
    Accept,
    AgentGone,
    AnyEvent,
    BotAnswered,
    BotFailed,
    CrmFailed,
    CrmRecorded,
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerFound,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    Decline,
    Delivered,
    Event,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Placed,
    Rate,
    RefuseConsent,
    Reply,
    Request,
    Resend,
    Return,
    SaveToCrm,
    Transfer,
    Undelivered,
    Woken,
)
from openlines.domain.facts import Facts
from openlines.domain.policy import DAY, Policies
from openlines.domain.seats import Clock, standing
from openlines.domain.state import Status, Thread
from openlines.domain.turn import Answered, Told, Turn

Rule = Callable[[Turn, Any], None]

SILENT_FOR = 7 * DAY
"""A conversation whose responsible goes for good is not routed anew after so long a silence."""


class Decided(Struct, frozen=True):
    """What `decide` returns: the next state with all it owes, and what is to be told."""

    thread: Thread
    told: tuple[Told, ...]
    answers: tuple[Answered, ...]
    clocks: tuple[Clock, ...]


def decide(policies: Policies, thread: Thread, facts: Facts, event: AnyEvent) -> Decided:
    """Apply one event. Repeated, late and stale ones change nothing."""
    turn = Turn(policies, thread, facts)
    inactive.notice(turn)
    open_now = turn.thread.open
    if isinstance(event, Request) and _meant_for_another(turn, event):
        turn.refuse(event.request, "not_open", detail=f"conversation {event.conversation} is not open any more")
    elif isinstance(event, Request) and not facts.permitted:
        turn.refuse(event.request, "denied", detail="your role does not allow this here")
    else:
        rule = TABLE[type(event)][open_now.status if open_now else Status.CLOSED]
        if isinstance(rule, str):
            assert isinstance(event, Request)  # noqa: S101 - only requests are refused, see the table's test
            turn.refuse(event.request, rule)
        else:
            rule(turn, event)
    inactive.notice(turn)  # the rule may have moved it to a line that works, or away from one
    unmoved = turn.thread.open is thread.open and turn.thread.last is thread.last
    if not unmoved and _seated(turn.thread) != _seated(thread):
        turn.keep(seat=turn.thread.seat + 1)
    return Decided(turn.thread, tuple(turn.told), tuple(turn.answers), tuple(turn.clocks))


# -- rules that belong to no single subject ---------------------------------------------------------------------


def woken(turn: Turn, _event: Woken) -> None:
    """Fire what is due, the earliest first. A rule that fires clears its deadline, so this ends."""
    while turn.thread.open is not None and 0 < turn.thread.due <= turn.now:
        due, deadline = min((at, name) for name in turn.open.clocks if (at := getattr(turn.open, name)))
        turn.change(**{deadline: 0.0})
        _fire(turn, deadline, due)


def delivered(turn: Turn, event: Delivered) -> None:
    sent = turn.settle(event.command)
    if isinstance(sent, Send):
        turn.tell(
            Delivery(conversation=sent.conversation, message=sent.message, state="sent", external=event.external),
            external=f"sent:{event.external}" if event.external else None,
        )


def undelivered(turn: Turn, event: Undelivered) -> None:
    sent = turn.settle(event.command)
    if isinstance(sent, Send):
        turn.tell(
            Delivery(
                conversation=sent.conversation,
                message=sent.message,
                state="failed",
                code=event.code,
                reason=event.reason,
            )
        )


def found(turn: Turn, event: CustomerFound) -> None:
    if looked_up := crm.found(turn, event):
        routing.go_on(turn, looked_up)


def crm_failed(turn: Turn, event: CrmFailed) -> None:
    if looked_up := crm.failed(turn, event):
        routing.go_on(turn, looked_up)


def agent_gone(turn: Turn, event: AgentGone) -> None:
    """The responsible was dismissed or left the queue for good (2.1.7). Offers are withdrawn by the desk itself."""
    conversation = turn.thread.open
    if conversation is None or conversation.responsible != event.agent or conversation.responsible_left:
        return
    turn.decided("agent_gone", agents=(event.agent,))
    if conversation.status is Status.CLOSING:
        turn.change(responsible_left=True)
    elif turn.now - conversation.last_message_at > SILENT_FOR:
        closing.close(turn, closed_by="stale")
    else:
        routing.give_back(turn, by="", why="agent_gone")


def passing(_turn: Turn, _event: Event) -> None:
    """A signal that changes nothing."""


# -- the table --------------------------------------------------------------------------------------------------


def _row(
    with_bot: Rule | str,
    waiting: Rule | str,
    accepted: Rule | str,
    awaiting_agent: Rule | str,
    awaiting_customer: Rule | str,
    closing_: Rule | str,
    none: Rule | str,
) -> Mapping[Status, Rule | str]:
    """One kind of event, status by status; `none` = no open conversation."""
    return {
        Status.WITH_BOT: with_bot,
        Status.WAITING: waiting,
        Status.ACCEPTED: accepted,
        Status.AWAITING_AGENT: awaiting_agent,
        Status.AWAITING_CUSTOMER: awaiting_customer,
        Status.CLOSING: closing_,
        Status.CLOSED: none,
    }


def _always(rule: Rule) -> Mapping[Status, Rule | str]:
    return dict.fromkeys(Status, rule)


_TAKEN, _WRONG, _NONE = "already_taken", "wrong_status", "not_open"

TABLE: Mapping[type[Event], Mapping[Status, Rule | str]] = {
    # event             with_bot  waiting  accepted  awaiting_agent  awaiting_customer  closing  no open conversation
    CustomerWrote: _always(customer.wrote),
    CustomerEdited: _always(customer.edited),
    CustomerDeleted: _always(customer.deleted),
    CustomerReceived: _always(customer.received),
    CustomerRated: _always(customer.rated),
    CustomerFilled: _always(customer.filled),
    CustomerTyping: _always(passing),
    Accept: _row(staff.accept, staff.accept, _TAKEN, _TAKEN, _TAKEN, _WRONG, _NONE),
    Decline: _row(_WRONG, staff.decline, staff.give_back, staff.give_back, staff.give_back, _WRONG, _NONE),
    Return: _row(_WRONG, staff.decline, staff.give_back, staff.give_back, staff.give_back, _WRONG, _NONE),
    Reply: _always(staff.reply),
    Note: _row(staff.note, staff.note, staff.note, staff.note, staff.note, staff.note, _NONE),
    Transfer: _row(
        staff.transfer, staff.transfer, staff.transfer, staff.transfer, staff.transfer, staff.transfer, _NONE
    ),
    Intercept: _row(
        staff.intercept, staff.intercept, staff.intercept, staff.intercept, staff.intercept, staff.intercept, _NONE
    ),
    Invite: _row(staff.invite, staff.invite, staff.invite, staff.invite, staff.invite, staff.invite, _NONE),
    Leave: _row(staff.leave, staff.leave, staff.leave, staff.leave, staff.leave, staff.leave, _NONE),
    Pin: _row(_WRONG, staff.pin, staff.pin, staff.pin, staff.pin, _WRONG, _NONE),
    MarkSpam: _row(
        staff.mark_spam, staff.mark_spam, staff.mark_spam, staff.mark_spam, staff.mark_spam, staff.mark_spam, _NONE
    ),
    Finish: _row(staff.finish, staff.finish, staff.finish, staff.finish, staff.finish, staff.finish, _NONE),
    RefuseConsent: _always(consent.refuse),
    SaveToCrm: _always(crm.save),
    Rate: _always(staff.rate),
    Resend: _always(staff.resend),
    Delivered: _always(delivered),
    Undelivered: _always(undelivered),
    BotAnswered: _always(bot.answered),
    BotFailed: _always(bot.failed),
    CustomerFound: _always(found),
    CrmRecorded: _always(crm.recorded),
    CrmFailed: _always(crm_failed),
    Woken: _always(woken),
    Placed: _always(routing.placed),
    AgentGone: _always(agent_gone),
}


# -- inside -----------------------------------------------------------------------------------------------------


def _meant_for_another(turn: Turn, event: Request) -> bool:
    """A request for a conversation that is not the open one; some reach back."""
    if not event.conversation or isinstance(event, Rate | Resend | RefuseConsent | SaveToCrm):
        return False
    if turn.thread.open is not None:
        return turn.thread.open.number != event.conversation
    last = turn.thread.last
    # Writing to a thread whose last conversation has just closed begins the next one.
    return not (isinstance(event, Reply) and last is not None and last.number == event.conversation)


def _seated(thread: Thread) -> Any:
    """What the desk needs to know; when it changes, so does the seat."""
    if thread.open is None and thread.last is None:
        return None
    idle_at = thread.open.idle_at if thread.open else 0.0
    return standing(replace(thread, seat=0), 0, 0), idle_at


def _say_no_answer(turn: Turn) -> None:
    """Sorry for the wait: a form instead of the text, where there is one. Outside hours the customer knows already."""
    no_answer = turn.line.no_answer
    if not turn.open.off_hours_told and not forms.show(turn, no_answer.form):
        turn.say_automatic("no_answer", no_answer.text)


def _fire(turn: Turn, deadline: str, due: float) -> None:
    match deadline:
        case "identify_at":
            routing.go_on(turn, turn.open.number)
        case "idle_at":
            routing.idle_over(turn)
        case "transfer_at":
            routing.hand_over(turn, by="")
        case "no_answer_at":
            turn.change(unanswered=True)
            turn.decided("unanswered")
            _say_no_answer(turn)
        case "auto_close_at":
            closing.finish(turn, closed_by="timeout", by="", solved=turn.open.solved)
        case "close_at":
            closing.close(turn)
        case "alert_at":
            kpi.alert(turn)
        case "stale_at":
            closing.close(turn, closed_by="stale")
        case _:
            raise AssertionError(f"no rule for deadline {deadline} due at {due}")
