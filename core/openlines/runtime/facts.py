"""What a decision may know beyond its thread: gathered just before it, from the hub's view of people and settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select

from openlines.domain.absent import anyone_available
from openlines.domain.entries import Delivery, Message
from openlines.domain.events import (
    AnyEvent,
    BotAnswered,
    BotFailed,
    CrmFailed,
    CustomerFilled,
    CustomerFound,
    CustomerReceived,
    CustomerWrote,
    Invite,
    Placed,
    Reply,
    Request,
    Resend,
    Transfer,
    Woken,
)
from openlines.domain.facts import Facts
from openlines.domain.people import Agent, keeps
from openlines.domain.policy import Policies
from openlines.domain.rights import permits
from openlines.domain.state import WITH_AGENT, Conversation, Status, Thread
from openlines.runtime import tables
from openlines.runtime.tracker import contacts_in


class View(Protocol):
    """What the step reads of the world: replaced as a whole, never changed in place."""

    @property
    def policies(self) -> Policies: ...
    @property
    def people(self) -> Mapping[str, Agent]: ...
    def bot_ready(self, bot: str) -> bool: ...


def facts_for(
    event: AnyEvent,
    thread: Thread,
    *,
    number: int,
    received: int,
    form_turn: int = 0,
    empty_known: Collection[str] = (),
    view: View,
    connection: Connection,
) -> Facts:
    """The facts for one event. `number` is what a new conversation would get, `received` what a receipt names,
    `form_turn` how many forms came before, `empty_known` the lines whose empty queue the admins know of."""
    facts = Facts(now=event.at, conversation=number)
    match event:
        case CustomerWrote():
            return _for_message(facts, event, thread, view)
        case CustomerReceived():
            return replace(facts, received=received)
        case CustomerFilled():
            return replace(facts, form_turn=form_turn)
        case BotAnswered(transfer=to) if to:
            return replace(facts, agent=view.people.get(to), anyone_available=_anyone(thread, view, facts.now, to, to))
        case CustomerFound():
            return replace(facts, anyone_available=_anyone(thread, view, facts.now, event.responsible))
        case BotFailed() | CrmFailed():
            return replace(facts, anyone_available=_anyone(thread, view, facts.now))
        case Placed() if not event.offered and thread.open is not None:
            return replace(facts, admins=_admins(thread.open.line, view, empty_known))
        case Woken() if thread.open is not None:
            return _for_time(facts, thread.open, thread, view)
        case Request():
            return _for_staff(facts, event, thread, view, connection)
        case _:
            return facts


def _for_message(facts: Facts, event: CustomerWrote, thread: Thread, view: View) -> Facts:
    conversation = thread.open
    channel = view.policies.channels.get(event.channel)
    line = view.policies.line(conversation.line if conversation else channel.line if channel else "")
    if line.crm.tracker and not thread.untracked:
        phone, email = contacts_in(event.content.text, line.language)
        facts = replace(facts, phone=phone, email=email)
    if conversation is None:
        bot = view.policies.line(channel.line).bot.use if channel else ""
        facts = replace(facts, anyone_available=_anyone(thread, view, facts.now))
        return replace(facts, bot_ready=view.bot_ready(bot)) if bot else facts
    facts = replace(facts, anyone_available=_anyone(thread, view, facts.now))
    if conversation.status not in WITH_AGENT and conversation.status is not Status.CLOSING:
        return facts
    queue = view.policies.line(conversation.line).queue
    agent = view.people.get(conversation.responsible)
    available = agent is not None and keeps(
        agent, facts.now, check=queue.check_availability, presence_timeout=queue.presence_timeout
    )
    return replace(
        facts,
        responsible_available=available,
        responsible_gone=agent is None or agent.dismissed,
        sole_member=queue.members == (conversation.responsible,),
    )


def _admins(line: str, view: View, known: Collection[str]) -> tuple[str, ...]:
    """Whom to tell that the line's queue is empty, if it is."""
    if line in known or view.policies.line(line).queue.members:
        return ()
    admins = (agent for agent in view.people.values() if not agent.dismissed and agent.may("settings") == "any")
    return tuple(sorted(agent.id for agent in admins))


def _for_time(facts: Facts, conversation: Conversation, thread: Thread, view: View) -> Facts:
    if conversation.identifying or conversation.transfer_at:
        facts = replace(facts, anyone_available=_anyone(thread, view, facts.now))
    if conversation.alert_at:
        responsible = view.people.get(conversation.responsible)
        facts = replace(facts, responsible_name=responsible.name or responsible.id if responsible else "")
    return facts


def _anyone(thread: Thread, view: View, now: float, chosen: str = "", to: str = "") -> bool:
    """Whether anybody is there to answer, where it matters; `to` is where a bot hands over to."""
    conversation, policies = thread.open, view.policies
    channel = policies.channels.get(thread.channel)
    line = policies.line(conversation.line if conversation else channel.line if channel else "")
    if to.startswith("line:") and (target := to.removeprefix("line:")) in policies.lines:
        line = policies.line(target)
    said = conversation is not None and conversation.off_hours_told
    if said or not line.queue.check_availability:
        return True  # nobody will ask
    return anyone_available(line, view.people, now, conversation=conversation, chosen=chosen)


def _for_staff(facts: Facts, event: Request, thread: Thread, view: View, connection: Connection) -> Facts:
    actor = view.people.get(event.by)
    held: Conversation | None = thread.open
    if isinstance(event, Reply) and held is None:
        held = thread.last  # whoever had the thread may begin its next conversation
    elif event.conversation and (held is None or held.number != event.conversation):
        held = thread.last if thread.last and thread.last.number == event.conversation else held
    channel = view.policies.channels.get(thread.channel)
    line = held.line if held else channel.line if channel else ""
    named = event.to if isinstance(event, Transfer) else event.agent if isinstance(event, Invite) else ""
    return replace(
        facts,
        actor=actor,
        agent=view.people.get(named),
        permitted=actor is not None and permits(actor, type(event), held, view.policies.line(line).queue.members),
        failed=_failed(event, thread, connection) if isinstance(event, Resend) else None,
    )


def _failed(event: Resend, thread: Thread, connection: Connection) -> Message | None:
    """The message that failed, if a failure is its last word. Rare, so a walk over the thread is fine."""
    columns = tables.entries.c
    query = (
        select(columns.kind, columns.body)
        .where(columns.thread == thread.id, columns.kind.in_(("Message", "Delivery")))
        .order_by(columns.n)
    )
    message, state = None, ""
    for kind, body in connection.execute(query):
        if kind == "Message":
            told = msgspec.json.decode(body, type=Message)
            message = told if told.id == event.message else message
        else:
            delivery = msgspec.json.decode(body, type=Delivery)
            state = delivery.state if delivery.message == event.message else state
    return message if state == "failed" else None
