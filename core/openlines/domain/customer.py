"""What customers do: write, edit, take back, read, rate, fill in forms."""

from __future__ import annotations

from openlines.domain import absent, closing, consent, crm, forms, inactive, kpi, routing, tracking
from openlines.domain.entries import Author, Decision, Deleted, Delivery, Edited, Message
from openlines.domain.events import (
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerWrote,
    FromPlatform,
)
from openlines.domain.messages import Customer
from openlines.domain.state import WITH_AGENT, Status
from openlines.domain.turn import Turn


def identity(event: FromPlatform) -> str | None:
    """What makes a fact from a platform the same fact when it comes again; unique within its thread."""
    match event:
        case CustomerWrote():
            return f"message:{event.id}"
        case CustomerEdited():
            return f"edit:{event.id}:{event.version}" if event.version else None
        case CustomerDeleted():
            return f"delete:{event.id}"
        case CustomerRated():
            return f"rate:{event.id}"
        case CustomerFilled():
            return f"form:{event.id}"
        case _:
            return None


def wrote(turn: Turn, event: CustomerWrote) -> None:
    """One message, in the order of the rules: rating, the message itself, automatic texts, status, routing."""
    known = turn.thread.customer
    turn.keep(customer=known if turn.thread.group and known.id else crm.merged(known, event.customer))
    if inactive.held(turn, event) or _rated(turn, event):
        return
    consent.given_by_writing_on(turn)
    opened = turn.thread.open is None
    if opened:
        routing.open_by_customer(turn, event.content)
    _tell(turn, event, turn.open.number)
    routing.spoke(turn)
    better_known = tracking.track(turn)
    if opened:
        forms.welcome(turn)
    elif turn.open.status is Status.CLOSING:
        closing.reopen(turn)
    absent.say_if_nobody_is_there(turn)
    if not turn.open.customer_at:
        consent.ask(turn)
    turn.change(customer_at=turn.now)
    _go_to_whoever_answers(turn, event, first=opened)
    if turn.open.status is not Status.WITH_BOT:
        kpi.begin(turn)
    if better_known and not opened:
        crm.identify_again(turn)
    elif not opened:
        crm.identify_later(turn, turn.open)


def edited(turn: Turn, event: CustomerEdited) -> None:
    turn.tell(
        Edited(conversation=_current(turn), message=event.id, content=event.content),
        external=identity(event),
    )


def deleted(turn: Turn, event: CustomerDeleted) -> None:
    turn.tell(Deleted(conversation=_current(turn), message=event.id), external=identity(event))


def received(turn: Turn, event: CustomerReceived) -> None:
    """A receipt counts for our message and all before it; one that says less than is known is dropped."""
    message = turn.facts.received
    read = event.state == "read"
    if not message or message <= (turn.thread.read_to if read else max(turn.thread.delivered_to, turn.thread.read_to)):
        return
    turn.keep(**{"read_to" if read else "delivered_to": message})
    turn.tell(Delivery(conversation=_current(turn), message=message, state=event.state))


def filled(turn: Turn, event: CustomerFilled) -> None:
    """A form: who the customer says they are. Before any message it opens nothing; its data join what follows."""
    fields = event.fields
    told = Customer(
        id=event.customer.id,
        name=fields.get("name", ""),
        phone=fields.get("phone", ""),
        email=fields.get("email", ""),
    )
    captured = {name: value for name in ("name", "phone", "email", "company") if (value := fields.get(name))}
    turn.keep(
        customer=crm.merged(turn.thread.customer, told),
        form={**turn.thread.form, **fields},
        captured={**turn.thread.captured, **captured},
    )
    entry = Decision(conversation=_current(turn), what="form_filled", by="customer", fields=fields)
    turn.tell(entry, external=identity(event))
    consent.given_in_form(turn, fields)
    forms.filled(turn)
    if turn.thread.open is not None:
        crm.identify_again(turn)


def rated(turn: Turn, event: CustomerRated) -> None:
    """A rating button."""
    if not inactive.held(turn, event):
        closing.rated_by_button(turn, event)


# -- inside -----------------------------------------------------------------------------------------------------


def _rated(turn: Turn, event: CustomerWrote) -> bool:
    """Whether the message was a rating, or is kept without effect as a second one; the digit stays visible."""
    rating = closing.digit(event.content.text)
    if rating is None or event.content.files:
        return False
    value, comment = rating
    conversation = turn.thread.open
    if conversation is None:
        last = turn.thread.last
        if last is None or not last.rating_pending:
            return False
        _tell(turn, event, last.number)
        if closing.over(turn, last):
            closing.say_over(turn, last)
        else:
            closing.rate(turn, last.number, value, comment)
        return True
    if conversation.status is not Status.CLOSING:
        return False
    if conversation.rating_pending:
        _tell(turn, event, conversation.number)
        closing.rate(turn, conversation.number, value, comment)
        return True
    if conversation.rating and not comment:
        _tell(turn, event, conversation.number)
        return True
    return False


def _tell(turn: Turn, event: CustomerWrote, number: int) -> None:
    author = Author(kind="customer", id=event.customer.id, name=event.customer.name, photo=event.customer.photo)
    turn.tell(
        Message(conversation=number, id=turn.next_id(), author=author, content=event.content, external=event.id),
        external=identity(event),
    )


def _go_to_whoever_answers(turn: Turn, event: CustomerWrote, *, first: bool) -> None:
    conversation = turn.open
    if conversation.status is Status.WITH_BOT:
        if routing.is_transfer_key(turn.line, event.content):
            routing.hand_over(turn, by="customer")
        else:
            routing.ask_bot(turn, event.content, first=first)
        return
    if conversation.bot_listens:
        routing.ask_bot(turn, event.content, first=False)
    if conversation.status is Status.AWAITING_CUSTOMER:
        turn.change(status=Status.AWAITING_AGENT, auto_close_at=0.0)
    if turn.open.status in WITH_AGENT and _responsible_left(turn):
        routing.give_back(turn, by="", why="unavailable")


def _responsible_left(turn: Turn) -> bool:
    """2.1.7: the responsible is not there and somebody else could be."""
    facts = turn.facts
    if turn.open.pinned or facts.sole_member or not turn.line.queue.check_availability:
        return False
    return not facts.responsible_available


def _current(turn: Turn) -> int:
    conversation = turn.thread.open or turn.thread.last
    return conversation.number if conversation else 0
