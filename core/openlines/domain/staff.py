"""What staff ask for. The table in `thread` has seen to it that the status allows it."""

from __future__ import annotations

from openlines.domain import closing, crm, kpi, routing
from openlines.domain.commands import Send
from openlines.domain.entries import Decision, Delivery, Noted
from openlines.domain.events import (
    Accept,
    Decline,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Rate,
    Reply,
    Resend,
    Return,
    Transfer,
)
from openlines.domain.messages import Sender
from openlines.domain.people import Agent
from openlines.domain.policy import AgentCard, Line
from openlines.domain.rights import supervises
from openlines.domain.seats import Clock
from openlines.domain.state import Asking, Conversation, Status
from openlines.domain.turn import Turn


def accept(turn: Turn, event: Accept) -> None:
    turn.decided("accepted", event.by)
    routing.give_to(turn, event.by, Status.ACCEPTED)
    turn.done(event.request)


def decline(turn: Turn, event: Decline | Return) -> None:
    """The desk answers: it knows whether anybody else is there. Returning an offer is declining it."""
    if event.by not in turn.open.offered:
        turn.refuse(event.request, "wrong_status", detail="it is not offered to you")
        return
    if any(asking.by == event.by for asking in turn.open.asking):
        turn.refuse(event.request, "wrong_status", detail="you have declined it already")
        return
    routing.ask_desk(turn, Asking(why="declined", by=event.by, request=event.request))


def give_back(turn: Turn, event: Decline | Return) -> None:
    """Declining what one has accepted is returning it. A supervisor may return what somebody else has."""
    actor, responsible = turn.facts.actor, turn.open.responsible
    takes_it_back = isinstance(event, Return) and actor is not None and supervises(actor, responsible)
    if event.by != responsible and not takes_it_back:
        turn.refuse(event.request, "wrong_status", detail=f"{turn.open.responsible} has it: only they can return it")
        return
    routing.give_back(turn, event.by)
    turn.done(event.request)


def reply(turn: Turn, event: Reply) -> None:
    """Writing to the customer implies accepting, takes over from a bot, reopens a closing conversation."""
    if not turn.line.active:
        turn.refuse(event.request, "line_inactive", detail=f"line {turn.line.id} is switched off")
        return
    started = turn.thread.open is None
    if started:
        _start(turn, event.by)
    conversation = turn.open
    if conversation.status in (Status.WITH_BOT, Status.WAITING):
        turn.decided("accepted", event.by)
        routing.give_to(turn, event.by, Status.ACCEPTED)
    elif conversation.status is Status.CLOSING:
        turn.decided("reopened", event.by)
        left = conversation.responsible_left or turn.facts.responsible_gone
        turn.change(**routing.OPEN_AGAIN)
        if conversation.responsible.startswith("bot:") or left:
            routing.give_to(turn, event.by, Status.ACCEPTED)
    message = turn.say(event.content, presented(turn.line, turn.facts.actor, event.by))
    routing.spoke(turn)
    kpi.end(turn)
    turn.change(
        status=Status.AWAITING_CUSTOMER,
        participants=routing.with_member(turn.open.participants, event.by),
        holders=routing.with_member(turn.open.holders, event.by),
        first_reply_at=turn.open.first_reply_at or turn.now,
        last_agent_at=turn.now,
        no_answer_at=0.0,
        off_hours_told=False,
    )
    turn.change(auto_close_at=closing.auto_close_at(turn))
    turn.clocks.append(Clock(turn.open.line, event.by, replied_at=turn.now))
    if started:
        crm.identify_later(turn, turn.open)
    turn.done(event.request, message)


def note(turn: Turn, event: Note) -> None:
    message = turn.next_id()
    turn.tell(
        Noted(conversation=turn.open.number, id=message, by=event.by, content=event.content, mentions=event.mentions)
    )
    for agent in event.mentions:
        turn.notice(agent, f"{event.by} mentioned you in #{turn.open.number}: {event.content.text[:200]}")
    turn.done(event.request, message)


def transfer(turn: Turn, event: Transfer) -> None:
    if event.to.startswith("line:"):
        _transfer_to_line(turn, event, event.to.removeprefix("line:"))
    elif _usable(turn, event.to) and event.to not in (event.by, turn.open.responsible):
        turn.decided("transferred", event.by, agents=(event.to,))
        _pass_on(turn, event.to)
        turn.done(event.request)
    else:
        turn.refuse(event.request, "invalid", field="to", detail=f"cannot transfer to {event.to!r}")


def intercept(turn: Turn, event: Intercept) -> None:
    if event.by == turn.open.responsible:
        turn.refuse(event.request, "invalid", field="by", detail="it is yours already")
        return
    turn.decided("intercepted", event.by)
    _pass_on(turn, event.by)
    turn.done(event.request)


def invite(turn: Turn, event: Invite) -> None:
    if not _usable(turn, event.agent):
        turn.refuse(event.request, "invalid", field="agent", detail=f"there is no agent {event.agent!r}")
        return
    if event.agent not in turn.open.participants:
        turn.change(
            participants=routing.with_member(turn.open.participants, event.agent),
            holders=routing.with_member(turn.open.holders, event.agent),
        )
        turn.decided("invited", event.by, agents=(event.agent,))
        turn.notice(event.agent, f"{event.by} invited you to #{turn.open.number}")
    turn.done(event.request)


def leave(turn: Turn, event: Leave) -> None:
    if event.by == turn.open.responsible or event.by not in turn.open.participants:
        turn.refuse(event.request, "wrong_status", detail="only somebody invited can leave; the responsible returns it")
        return
    turn.change(participants=tuple(agent for agent in turn.open.participants if agent != event.by))
    turn.decided("left", event.by)
    turn.done(event.request)


def pin(turn: Turn, event: Pin) -> None:
    if turn.open.pinned != event.on:
        turn.change(pinned=event.on, **{"pinned_at" if event.on else "unpinned_at": turn.now})
        _pin_moves_clocks(turn)
        turn.decided("pinned" if event.on else "unpinned", event.by)
    turn.done(event.request)


def mark_spam(turn: Turn, event: MarkSpam) -> None:
    turn.decided("spam", event.by)
    turn.change(rating_pending=False, finished_at=turn.now)
    closing.close(turn, closed_by="spam")
    turn.done(event.request)


def finish(turn: Turn, event: Finish) -> None:
    conversation = turn.open
    if conversation.status is Status.CLOSING:
        closing.close(turn)
        turn.done(event.request)
        return
    if turn.line.confirm_close and not event.confirmed:
        turn.refuse(event.request, "confirmation_required", detail="finish again with confirmed = true")
        return
    if conversation.status in (Status.WITH_BOT, Status.WAITING):
        routing.give_to(turn, event.by, Status.ACCEPTED)
    closing.finish(turn, closed_by="agent", by=event.by, solved=event.solved)
    turn.done(event.request)


def rate(turn: Turn, event: Rate) -> None:
    """A supervisor's rating: of the open conversation or the last one; nothing else changes."""
    if not 1 <= event.score <= 5:
        turn.refuse(event.request, "invalid", field="score", detail="a score is 1 to 5")
        return
    conversation = turn.numbered(event.conversation) if event.conversation else turn.thread.open or turn.thread.last
    if conversation is None:
        turn.refuse(event.request, "not_open", detail="only the thread's open or last conversation can be rated")
        return
    number = conversation.number
    turn.change_numbered(number, supervisor_rating=event.score, supervisor_comment=event.comment)
    fields = {"score": str(event.score)}
    turn.tell(Decision(conversation=number, what="supervisor_rated", by=event.by, text=event.comment, fields=fields))
    if _is_agent(conversation):
        told = f"#{number} was rated {event.score} of 5" + (f": {event.comment}" if event.comment else "")
        turn.notice(conversation.responsible, told, number=number)
    turn.done(event.request)


def resend(turn: Turn, event: Resend) -> None:
    """Try a message again that had failed for good; it keeps its id."""
    failed = turn.facts.failed
    owed = any(isinstance(command, Send) and command.message == event.message for command in turn.thread.pending)
    if failed is None or owed:
        turn.refuse(event.request, "invalid", field="message", detail="this message has not failed")
        return
    author = failed.author
    kind = "agent" if author.kind == "customer" else author.kind
    sender = Sender(kind=kind, id=author.id, name=author.name, photo=author.photo, title=author.title)
    turn.owe(
        Send(
            id=turn.next_id(),
            conversation=failed.conversation,
            at=turn.now,
            message=failed.id,
            content=failed.content,
            sender=sender,
            kind=failed.kind,
        )
    )
    turn.tell(Delivery(conversation=failed.conversation, message=failed.id, state="pending"))
    turn.done(event.request, failed.id)


def presented(line: Line, agent: Agent | None, agent_id: str) -> Sender:
    """An agent as the line lets the customer see them (`agent_info`)."""
    info = line.agent_info
    if info.mode == "hidden":
        return Sender(kind="agent", id=agent_id, name=info.default_name, photo=info.default_photo)
    card = info.entries.get(agent_id, AgentCard()) if info.mode == "line" else AgentCard()
    profile = agent or Agent(id=agent_id)
    return Sender(
        kind="agent",
        id=agent_id,
        name=card.name or profile.name or agent_id,
        photo=card.photo or profile.photo,
        title=card.title or profile.title,
    )


# -- inside -----------------------------------------------------------------------------------------------------


def _start(turn: Turn, by: str) -> None:
    """An agent begins: no bot, no greeting, no timer for an answer."""
    routing.begin(
        turn,
        Conversation(
            number=turn.facts.conversation,
            line=turn.line.id,
            status=Status.ACCEPTED,
            created_at=turn.now,
            started_by=by,
            responsible=by,
            record_responsible=by,
            accepted_at=turn.now,
            participants=(by,),
            holders=(by,),
        ),
        by,
    )


def _transfer_to_line(turn: Turn, event: Transfer, target: str) -> None:
    if target not in turn.policies.lines or target == turn.open.line:
        turn.refuse(event.request, "invalid", field="to", detail=f"cannot transfer to line {target!r}")
        return
    if not turn.policies.line(target).active:
        turn.refuse(event.request, "line_inactive", field="to", detail=f"line {target} is switched off")
        return
    turn.decided("transferred", event.by, line=target)
    routing.drop_questions(turn)
    left = turn.open.responsible
    turn.change(participants=tuple(agent for agent in turn.open.participants if agent != left))
    crm.transferring(turn)
    routing.queue_up(turn, line=target, rung=())
    turn.done(event.request)


def _pass_on(turn: Turn, agent: str) -> None:
    """A new responsible, at once; the old one leaves. The customer's turn stays the customer's."""
    status, left = turn.open.status, turn.open.responsible
    after = {
        Status.AWAITING_AGENT: Status.AWAITING_AGENT,
        Status.AWAITING_CUSTOMER: Status.AWAITING_CUSTOMER,
        Status.CLOSING: Status.AWAITING_AGENT,
    }.get(status, Status.ACCEPTED)
    turn.change(participants=tuple(other for other in turn.open.participants if other != left))
    crm.transferring(turn)
    routing.give_to(turn, agent, after)
    turn.change(no_answer_at=0.0)
    if turn.open.pinned:
        turn.change(pinned=False, unpinned_at=turn.now)
        _pin_moves_clocks(turn)


def _pin_moves_clocks(turn: Turn) -> None:
    """What is pinned is neither forwarded nor auto-closed; unpinned, both clocks start anew."""
    if turn.open.status is Status.AWAITING_CUSTOMER:
        turn.change(auto_close_at=closing.auto_close_at(turn))
    elif turn.open.status is Status.WAITING:
        turn.change(idle_at=routing.idle_at(turn))


def _usable(turn: Turn, agent: str) -> bool:
    named = turn.facts.agent
    return named is not None and named.id == agent and not named.dismissed


def _is_agent(conversation: Conversation) -> bool:
    return bool(conversation.responsible) and not conversation.responsible.startswith("bot:")
