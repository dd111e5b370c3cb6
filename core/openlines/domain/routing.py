"""From the customer's first message to the one who answers: opening, hand-over, the queue, the desk's placements."""

from __future__ import annotations

from openlines.domain import crm
from openlines.domain.commands import AskBot
from openlines.domain.events import AgentGone, Placed
from openlines.domain.messages import Content
from openlines.domain.policy import DAY
from openlines.domain.seats import Clock
from openlines.domain.state import WITH_AGENT, Asking, Conversation, Status
from openlines.domain.turn import Turn

STALE_AFTER = 31 * DAY


def open_by_customer(turn: Turn, content: Content) -> None:
    """Begin a conversation with a customer's message: with the bot, or in the queue."""
    line = turn.line
    to_queue = content.text.strip() == line.bot.transfer_key
    wanted = bool(line.bot.use) and (line.bot.activate == "always" or turn.thread.conversations == 0)
    with_bot = wanted and turn.facts.bot_ready and not to_queue
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


def greet(turn: Turn) -> None:
    """The greeting, where no bot speaks first (2.4.1). Told after the customer's message."""
    greeting = turn.line.greeting
    if turn.open.status is Status.WITH_BOT or not greeting.enabled:
        return
    if greeting.when == "each" or turn.thread.conversations == 1:
        turn.say_automatic("greeting", greeting.text)


# -- the bot ----------------------------------------------------------------------------------------------------


def ask_bot(turn: Turn, content: Content, *, first: bool) -> None:
    """Have the bot answer; while the CRM is being asked who this is, the message is held."""
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
    held = conversation.held
    turn.change(identifying=False, identify_at=0.0, held=())
    if turn.open.status is Status.WITH_BOT:
        for place, content in enumerate(held):
            ask_bot(turn, content, first=place == 0)


def hand_over(turn: Turn, *, by: str, to: str = "queue") -> None:
    """From the bot to people: a fresh routing. What a bot asks for in vain is the queue."""
    line = turn.line
    agent = turn.facts.agent
    turn.change(
        transfer_at=0.0,
        held=(),
        bot_listens=line.bot.disconnect == "on_close",
        no_answer_at=turn.now + line.no_answer.after,
    )
    if agent is not None and agent.id == to and not agent.dismissed:
        turn.decided("handed_over", by, agents=(to,))
        give_to(turn, to, Status.ACCEPTED)
        return
    target = to.removeprefix("line:")
    if to.startswith("line:") and target in turn.policies.lines and turn.policies.line(target).active:
        turn.decided("handed_over", by, line=target)
        queue_up(turn, line=target, rung=())
        return
    turn.decided("handed_over", by)
    queue_up(turn, rung=())


# -- the queue --------------------------------------------------------------------------------------------------


def queue_up(turn: Turn, *, rung: tuple[str, ...], line: str = "") -> None:
    """Let the conversation wait for an agent, behind those who wait already."""
    turn.change(
        status=Status.WAITING,
        line=line or turn.open.line,
        responsible="",
        offered=(),
        rung=rung,
        reason=None,
        queued_at=turn.now,
        idle_at=0.0,
        auto_close_at=0.0,
        close_at=0.0,
        pinned=False,
    )


def give_back(turn: Turn, by: str, *, why: str = "") -> None:
    """A return to the queue, by staff or by itself: the round goes on, the one who left counts as rung."""
    left = turn.open.responsible
    rung = turn.open.rung if left in turn.open.rung else (*turn.open.rung, left)
    turn.change(participants=tuple(agent for agent in turn.open.participants if agent != left))
    turn.decided("returned", by, agents=(left,), text=why)
    queue_up(turn, rung=rung)


def give_to(turn: Turn, agent: str, status: Status) -> None:
    """Make an agent the responsible one."""
    conversation = turn.open
    first = not conversation.accepted_at
    drop_questions(turn)
    turn.change(
        status=status,
        responsible=agent,
        offered=(),
        reason=None,
        idle_at=0.0,
        transfer_at=0.0,
        close_at=0.0,
        accepted_at=conversation.accepted_at or turn.now,
        participants=with_member(conversation.participants, agent),
        holders=with_member(conversation.holders, agent),
    )
    if first:
        crm.first_accepted(turn)


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
    conversation = turn.thread.open
    if conversation is None or conversation.status is not Status.WAITING:
        return
    if (conversation.number, turn.thread.seat) != (event.conversation, event.seat):
        return
    asked = conversation.asking[0] if conversation.asking else None
    turn.change(asking=conversation.asking[1:])
    if event.refusal:
        if asked and asked.request:
            turn.refuse(asked.request, event.refusal, detail="nobody else can take it now")
        return
    if asked and asked.why == "declined":
        turn.decided("declined", asked.by)
        if asked.request:
            turn.done(asked.request)
    rings = event.reason is not None and event.reason.rule != "all"
    turn.change(
        offered=event.offered,
        rung=event.rung,
        reason=event.reason,
        crm_first="" if event.offered else conversation.crm_first,
        first_offered_at=conversation.first_offered_at or (turn.now if event.offered else 0.0),
        idle_at=turn.now + turn.line.queue.idle_time if event.offered and rings else 0.0,
        holders=with_member(conversation.holders, *event.offered),
    )
    if event.offered and (event.offered != conversation.offered or asked):
        turn.decided("offered", agents=event.offered, reason=event.reason)
    elif not event.offered and (conversation.offered or conversation.reason is None):
        turn.decided("undistributed", reason=event.reason)
    for agent in event.offered:
        if asked or agent not in conversation.offered:
            turn.clocks.append(Clock(conversation.line, agent, offered_at=turn.now))


def idle_over(turn: Turn) -> None:
    """The offer was not taken in time: the next agent is asked for."""
    turn.change(idle_at=0.0)
    conversation = turn.open
    if conversation.status is Status.WAITING and conversation.offered and not conversation.pinned:
        ask_desk(turn, Asking(why="idle"))


def agent_gone(turn: Turn, event: AgentGone) -> None:
    """The responsible was dismissed or left the queue for good. Offers are withdrawn by the desk itself."""
    conversation = turn.thread.open
    if conversation and conversation.responsible == event.agent and conversation.status in WITH_AGENT:
        turn.decided("agent_gone", agents=(event.agent,))
        give_back(turn, by="", why="agent_gone")


# -- small things -----------------------------------------------------------------------------------------------


def spoke(turn: Turn) -> None:
    """Customer, agent or bot wrote: what grows stale starts anew."""
    turn.change(last_message_at=turn.now, stale_at=turn.now + STALE_AFTER)


def with_member(members: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return (*members, *(agent for agent in more if agent not in members))
