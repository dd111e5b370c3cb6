"""What the thread asks of the CRM and tells it (2.9). An answer that is late or fails means "unknown for now"."""

from __future__ import annotations

from openlines.domain.commands import AssignRecord, CreateRecord, EraseFields, FindCustomer, LogTranscript
from openlines.domain.entries import Decision
from openlines.domain.events import CrmFailed, CrmRecorded, CustomerFound, SaveToCrm
from openlines.domain.messages import Customer
from openlines.domain.state import Conversation, Status
from openlines.domain.turn import Turn

LOOKUP_LIMIT = 3.0
"""Seconds that routing waits for the CRM."""
FORGOTTEN = ("company", "email", "name", "phone")
"""All that a record may hold of what a customer has told."""


def identify(turn: Turn) -> None:
    """At the start: ask who this is; routing waits for the answer, but not long."""
    if turn.line.crm.use:
        _look_up(turn, turn.open)
        turn.change(identifying=True, identify_at=turn.now + LOOKUP_LIMIT)


def identify_later(turn: Turn, conversation: Conversation) -> None:
    """Ask again where the CRM had not answered, or keep a record that should exist by now."""
    line = turn.policies.line(conversation.line)
    if not line.crm.use or asking(turn, conversation.number):
        return
    if not conversation.identified:
        _look_up(turn, conversation)
    else:
        _create_if_due(turn, conversation)


def identify_again(turn: Turn) -> None:
    """The customer has told more of themselves: who was unknown may be known by that."""
    if not turn.open.record:
        turn.change(identified=False)
    identify_later(turn, turn.open)


def found(turn: Turn, event: CustomerFound) -> int:
    """Take the answer to a look-up. Returns the number of the conversation it was for, 0 = none that is known."""
    asked = turn.settle(event.command)
    conversation = turn.numbered(asked.conversation) if asked else None
    if conversation is None:
        return 0
    turn.change_numbered(conversation.number, identified=True)
    if event.record:
        turn.keep(record=event.record, record_kind=event.record_kind)
        turn.change_numbered(conversation.number, record=event.record, record_kind=event.record_kind)
        if event.name and not turn.thread.customer.name:
            turn.keep(customer=merged(turn.thread.customer, Customer(id="", name=event.name)))
        turn.tell(
            Decision(
                conversation=conversation.number,
                what="identified",
                text=event.name,
                fields={"kind": event.record_kind, "record": event.record},
            )
        )
        rules = turn.policies.line(conversation.line).crm
        if rules.forward_to_responsible and not turn.thread.group and _to_be_routed(conversation):
            turn.change_numbered(conversation.number, crm_first=event.responsible)
    known = turn.numbered(conversation.number)
    if known and not known.record:
        _create_if_due(turn, known)
    elif known and known.closed_at:
        log(turn, known.number)
    return conversation.number


def failed(turn: Turn, event: CrmFailed) -> int:
    """Note a failure. Returns the number of the conversation whose look-up it was, 0 = none."""
    asked = turn.settle(event.command)
    conversation = turn.numbered(asked.conversation) if asked else None
    if conversation is None:
        return 0
    turn.tell(Decision(conversation=conversation.number, what="crm_failed", text=event.reason))
    return conversation.number if isinstance(asked, FindCustomer) else 0


def recorded(turn: Turn, event: CrmRecorded) -> None:
    asked = turn.settle(event.command)
    conversation = turn.numbered(asked.conversation) if asked else None
    if conversation is None:
        return
    number = conversation.number
    if isinstance(asked, CreateRecord):
        turn.keep(record=event.record, record_kind=event.record_kind)
        turn.change_numbered(number, record=event.record, record_kind=event.record_kind, record_created=True)
        fields = {"kind": event.record_kind, "record": event.record}
        turn.tell(Decision(conversation=number, what="crm_recorded", fields=fields))
        if any(known.refused_at >= asked.at for known in turn.thread.agreements):
            erase(turn, number, FORGOTTEN)  # it was being made of what the customer has taken back since
        if conversation.record_responsible not in ("", asked.responsible):
            _assign(turn, number)
        if conversation.closed_at or conversation.record_wanted:
            log(turn, number)
    elif isinstance(asked, LogTranscript):
        turn.tell(Decision(conversation=number, what="crm_logged"))


def save(turn: Turn, event: SaveToCrm) -> None:
    """Save to the CRM by hand: whatever the line waits for, and whatever it makes by itself."""
    found = turn.numbered(event.conversation) if event.conversation else turn.thread.open or turn.thread.last
    if found is None:
        turn.refuse(event.request, "not_open", detail="only the thread's open or last conversation can be saved")
        return
    if turn.facts.actor is not None and turn.facts.actor.may("crm") == "none":
        turn.refuse(event.request, "denied", detail="your role does not allow to save to the CRM")
        return
    if not turn.policies.line(found.line).crm.use:
        turn.refuse(
            event.request, "invalid", field="line", detail=f"line {found.line} has no CRM: set lines.<id>.crm.use"
        )
        return
    turn.change_numbered(found.number, record_wanted=True)
    if found.record:
        log(turn, found.number)
    elif not _being_made(turn, found.number):
        _create(turn, found, by=event.by)
    turn.done(event.request)


def record_if_due(turn: Turn) -> None:
    """Once the desk has answered it is known whose a new record would be."""
    if turn.open.identified and not asking(turn, turn.open.number):
        _create_if_due(turn, turn.open)


def accepted(turn: Turn) -> None:
    """A record that the conversation made belongs to its first acceptor."""
    if not turn.open.record_responsible:
        turn.change(record_responsible=turn.open.responsible)
        if turn.open.record_created:
            _assign(turn, turn.open.number)


def transferring(turn: Turn) -> None:
    """Before a manual transfer: where the line says so, a record goes along, to whoever is next to have it."""
    if turn.line.crm.reassign_on_transfer and not turn.open.record_stays:
        turn.change(record_responsible="")


def log(turn: Turn, number: int) -> None:
    """At the close: the transcript goes to the record's timeline."""
    conversation = turn.numbered(number)
    if conversation is None or not conversation.record or conversation.closed_by == "spam":
        return
    crm = turn.policies.line(conversation.line).crm.use
    if not crm:
        return
    turn.owe(
        LogTranscript(
            id=turn.next_id(),
            conversation=number,
            at=turn.now,
            crm=crm,
            record=conversation.record,
            record_kind=conversation.record_kind,
        )
    )


def erase(turn: Turn, number: int, fields: tuple[str, ...]) -> None:
    """The customer refused consent: a record that the conversation created forgets what it was told."""
    conversation = turn.numbered(number)
    crm = turn.policies.line(conversation.line).crm.use if conversation else ""
    if conversation is None or not crm or not fields or not conversation.record_created:
        return
    turn.owe(
        EraseFields(
            id=turn.next_id(),
            conversation=number,
            at=turn.now,
            crm=crm,
            record=conversation.record,
            record_kind=conversation.record_kind,
            fields=fields,
        )
    )


def asking(turn: Turn, number: int) -> bool:
    """Whether the CRM is being asked for this conversation."""
    return any(
        isinstance(owed, FindCustomer | CreateRecord) and owed.conversation == number for owed in turn.thread.pending
    )


def merged(known: Customer, told: Customer) -> Customer:
    """A customer with what is told now added; what is told anew replaces what was known."""
    return Customer(
        id=known.id or told.id,
        name=told.name or known.name,
        phone=told.phone or known.phone,
        email=told.email or known.email,
        photo=told.photo or known.photo,
        language=told.language or known.language,
    )


# -- inside -----------------------------------------------------------------------------------------------------


def _look_up(turn: Turn, conversation: Conversation) -> None:
    crm = turn.policies.line(conversation.line).crm.use
    turn.owe(FindCustomer(id=turn.next_id(), conversation=conversation.number, at=turn.now, crm=crm))


def _being_made(turn: Turn, number: int) -> bool:
    return any(isinstance(owed, CreateRecord) and owed.conversation == number for owed in turn.thread.pending)


def _to_be_routed(conversation: Conversation) -> bool:
    """A look-up that comes late finds people at work: it moves nobody."""
    fresh = conversation.status is Status.WAITING and not conversation.first_offered_at
    return conversation.status is Status.WITH_BOT or fresh


def _create_if_due(turn: Turn, conversation: Conversation) -> None:
    if conversation.status is Status.WAITING and not conversation.offered and conversation.reason is None:
        return  # the desk is about to say who is offered it
    rules = turn.policies.line(conversation.line).crm
    customer = turn.thread.customer
    if conversation.record or conversation.closed_by == "spam" or rules.create == "manual" or not rules.use:
        return
    reachable = turn.channel.reachable or bool(customer.phone or customer.email)
    if rules.lead_needs == "phone":
        reachable = bool(customer.name and customer.phone)
    if reachable:
        _create(turn, conversation)


def _create(turn: Turn, conversation: Conversation, *, by: str = "") -> None:
    line = turn.policies.line(conversation.line)
    source = line.crm.source
    if source == "auto":
        source = f"{turn.channel.title or turn.channel.kind} - {line.name or line.id}"
    first_in_queue = line.queue.members[0] if line.queue.members else ""
    turn.owe(
        CreateRecord(
            id=turn.next_id(),
            conversation=conversation.number,
            at=turn.now,
            crm=line.crm.use,
            kind="deal" if line.crm.create == "deal" else "lead",
            source=source,
            responsible=conversation.record_responsible or by or next(iter(conversation.offered), first_in_queue),
        )
    )


def _assign(turn: Turn, number: int) -> None:
    conversation = turn.numbered(number)
    crm = turn.policies.line(conversation.line).crm.use if conversation else ""
    if conversation is None or not crm:
        return
    turn.owe(
        AssignRecord(
            id=turn.next_id(),
            conversation=number,
            at=turn.now,
            crm=crm,
            record=conversation.record,
            record_kind=conversation.record_kind,
            responsible=conversation.record_responsible,
        )
    )
