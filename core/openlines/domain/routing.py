"""From the customer's first message to the one who answers: opening, hand-over, the queue, the desk's placements."""

from __future__ import annotations

from typing import Any

from openlines.domain import absent, crm, kpi
from openlines.domain.commands import AskBot
from openlines.domain.events import Placed
from openlines.domain.messages import Content
from openlines.domain.policy import DAY, Line
from openlines.domain.seats import Clock
from openlines.domain.state import Asking, Conversation, Status
from openlines.domain.turn import Turn

STALE_AFTER = 31 * DAY

OPEN_AGAIN: dict[str, Any] = {
    "closed_by": "",
    "solved": False,
    "finished_at": 0.0,
    "close_at": 0.0,
    "rating_pending": False,
    "responsible_left": False,
}
"""What a conversation that is not closing looks like: whoever takes it on undoes what finishing did."""


def open_by_customer(turn: Turn, content: Content) -> None:
    """Begin a conversation with a customer's message: with the bot, or in the queue."""
    line = turn.line
    wanted = bool(line.bot.use) and (line.bot.activate == "always" or turn.thread.conversations == 0)
    with_bot = wanted and turn.facts.bot_ready and not is_transfer_key(line, content)
    begin(
        turn,
        Conversation(
            number=turn.facts.conversation,
            line=line.id,
            status=Status.WITH_BOT if with_bot else Status.WAITING,
            created_at=turn.now,
            responsible=f"bot:{line.bot.use}" if with_bot else "",
            bot=line.bot.use if with_bot else "",
            queued_at=0.0 if with_bot else turn.now,
            transfer_at=turn.now + line.bot.transfer_after if with_bot and line.bot.transfer_after else 0.0,
            no_answer_at=0.0 if with_bot else turn.now + line.no_answer.after,
        ),
        by="customer",
    )
    crm.identify(turn)


def begin(turn: Turn, conversation: Conversation, by: str) -> None:
    """Make a conversation the thread's open one."""
    turn.keep(open=conversation, conversations=turn.thread.conversations + 1)
    turn.decided("opened", by, line=conversation.line)


# -- the bot ----------------------------------------------------------------------------------------------------


def is_transfer_key(line: Line, content: Content) -> bool:
    """Whether the customer asks for a person."""
    return content.text.strip() == line.bot.transfer_key.strip()


def ask_bot(turn: Turn, content: Content, *, first: bool) -> None:
    """Have the bot answer; while the CRM is being asked who this is, the message is held. It never sees the key."""
    if is_transfer_key(turn.line, content):
        return
    if turn.open.identifying:
        turn.change(held=(*turn.open.held, content))
        return
    turn.owe(
        AskBot(
            id=turn.next_id(),
            conversation=turn.open.number,
            at=turn.now,
            bot=turn.open.bot,
            content=content,
            first=first,
        )
    )


def go_on(turn: Turn, number: int) -> None:
    """The CRM has answered, failed or taken too long: routing begins, the bot gets what was held for it."""
    conversation = turn.thread.open
    if conversation is None or conversation.number != number or not conversation.identifying:
        return
    if conversation.suspended:
        return  # when its line is back
    held = conversation.held
    turn.change(identifying=False, identify_at=0.0, held=())
    if turn.open.status is Status.WITH_BOT or turn.open.bot_listens:
        for place, content in enumerate(held):
            ask_bot(turn, content, first=place == 0)
    absent.say_if_nobody_is_there(turn)


def hand_over(turn: Turn, *, by: str, to: str = "queue") -> None:
    """From the bot to people: a fresh routing. What a bot asks for in vain is the queue."""
    agent = turn.facts.agent
    target = to.removeprefix("line:")
    if agent is not None and agent.id == to and not agent.dismissed:
        turn.decided("handed_over", by, agents=(to,))
        give_to(turn, to, Status.ACCEPTED)
    elif to.startswith("line:") and target in turn.policies.lines and turn.policies.line(target).active:
        turn.decided("handed_over", by, line=target)
        queue_up(turn, line=target, rung=())
    else:
        turn.decided("handed_over", by)
        queue_up(turn, rung=())
    absent.say_if_nobody_is_there(turn)


def leave_bot(turn: Turn) -> None:
    """The bot serves no longer, whoever takes over: the clock for an answer by people starts."""
    line = turn.line
    turn.change(bot_listens=line.bot.disconnect == "on_close")
    if not turn.open.first_reply_at and not turn.open.unanswered:
        turn.change(no_answer_at=turn.now + line.no_answer.after)
    kpi.begin(turn)


# -- the queue --------------------------------------------------------------------------------------------------


def queue_up(turn: Turn, *, rung: tuple[str, ...], line: str = "") -> None:
    """Let the conversation wait for an agent, behind those who wait already; on another line by its rules."""
    moved = bool(line) and line != turn.open.line
    if moved:
        turn.change(line=line)
        kpi.watch(turn)
    if turn.open.status is Status.WITH_BOT:
        leave_bot(turn)
    turn.change(
        **OPEN_AGAIN,
        status=Status.WAITING,
        bot_listens=turn.open.bot_listens and not moved,
        crm_first=turn.open.crm_first if turn.line.crm.use and turn.line.crm.forward_to_responsible else "",
        responsible="",
        offered=(),
        rung=rung,
        reason=None,
        queued_at=turn.now,
        idle_at=0.0,
        transfer_at=0.0,
        auto_close_at=0.0,
        pinned=False,
    )


def give_back(turn: Turn, by: str, *, why: str = "") -> None:
    """A return to the queue, by staff or by itself: the round goes on, the one who left counts as rung."""
    left = turn.open.responsible
    rung = (*(agent for agent in turn.open.rung if agent != left), left)  # last: the desk asks anybody else first
    turn.change(participants=tuple(agent for agent in turn.open.participants if agent != left))
    turn.decided("returned", by, agents=(left,), text=why)
    queue_up(turn, rung=rung)


def give_to(turn: Turn, agent: str, status: Status) -> None:
    """Make an agent the responsible one."""
    conversation = turn.open
    drop_questions(turn)
    if conversation.status is Status.WITH_BOT:
        leave_bot(turn)
    turn.change(
        **OPEN_AGAIN,
        status=status,
        responsible=agent,
        offered=(),
        reason=None,
        idle_at=0.0,
        transfer_at=0.0,
        accepted_at=conversation.accepted_at or turn.now,
        participants=with_member(conversation.participants, agent),
        holders=with_member(conversation.holders, agent),
    )
    crm.accepted(turn)


def ask_desk(turn: Turn, asking: Asking) -> None:
    """Ask who is next; the holder keeps the offer until the answer comes."""
    turn.change(asking=(*turn.open.asking, asking))


def drop_questions(turn: Turn) -> None:
    """Whoever declined meanwhile got what they wanted: it is somebody else's now."""
    for asking in turn.open.asking:
        if asking.request:
            turn.done(asking.request)
    turn.change(asking=())


def placed(turn: Turn, event: Placed) -> None:
    """The desk's answer. A stale one is dropped: a newer Standing is on its way."""
    before = turn.thread.open
    if before is None or before.status is not Status.WAITING or before.suspended:
        return
    if (before.number, turn.thread.seat) != (event.conversation, event.seat):
        return
    asked = before.asking[0] if before.asking else None
    if event.refusal:
        turn.change(asking=before.asking[1:])
        if asked and asked.request:
            turn.refuse(asked.request, event.refusal, detail="nobody else can take it now")
        return
    if asked and asked.why == "declined":
        turn.decided("declined", asked.by)
    turn.change(
        offered=event.offered,
        rung=event.rung,
        reason=event.reason,
        crm_first="" if event.offered else before.crm_first,
        first_offered_at=before.first_offered_at or (turn.now if event.offered else 0.0),
        holders=with_member(before.holders, *event.offered),
    )
    _answered(turn, asked)
    if asked or event.offered != before.offered:
        turn.change(idle_at=idle_at(turn))
    if event.offered and event.offered != before.offered:
        turn.decided("offered", agents=event.offered, reason=event.reason)
    elif not event.offered and (before.offered or before.reason is None):
        turn.decided("undistributed", reason=event.reason)
        _say_queue_is_empty(turn)
    for agent in event.offered:
        if agent not in before.offered:
            turn.clocks.append(Clock(before.line, agent, offered_at=turn.now))
    crm.record_if_due(turn)


def _say_queue_is_empty(turn: Turn) -> None:
    """2.1.1: the admins hear of it once, until there are members again."""
    line, admins = turn.line, turn.facts.admins
    if line.queue.members or not admins:
        return
    turn.decided("queue_empty", agents=admins, line=line.id)
    for admin in admins:
        turn.notice(admin, f"Nobody is in the queue of {line.name or line.id}: #{turn.open.number} waits for members")


def idle_at(turn: Turn) -> float:
    """When the present offer goes on to the next agent, if it is made now; 0 = never (2.1.3)."""
    conversation, queue = turn.open, turn.line.queue
    to_all = queue.distribution == "all" and not (conversation.reason and conversation.reason.rule == "crm")
    return 0.0 if to_all or conversation.pinned or not conversation.offered else turn.now + queue.idle_time


def idle_over(turn: Turn) -> None:
    """The offer was not taken in time: the next agent is asked for."""
    conversation = turn.open
    if conversation.status is Status.WAITING and conversation.offered and not conversation.pinned:
        ask_desk(turn, Asking(why="idle"))


def _answered(turn: Turn, asked: Asking | None) -> None:
    """Of the questions asked meanwhile only those stand whose asker still holds the offer."""
    stand = []
    for asking in turn.open.asking:
        if asking is not asked and asking.why == "declined" and asking.by in turn.open.offered:
            stand.append(asking)
        elif asking.request:
            turn.done(asking.request)
    turn.change(asking=tuple(stand))


# -- small things -----------------------------------------------------------------------------------------------


def spoke(turn: Turn) -> None:
    """Customer, agent or bot wrote: what grows stale starts anew."""
    turn.change(last_message_at=turn.now, stale_at=turn.now + STALE_AFTER)


def with_member(members: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return (*members, *(agent for agent in more if agent not in members))
