"""How a conversation ends: finishing, the rating, auto-close, and the final close (2.4, 2.5)."""

from __future__ import annotations

from typing import Literal

from openlines.domain import crm, kpi, routing
from openlines.domain.entries import Decision
from openlines.domain.events import CustomerRated
from openlines.domain.policy import DAY
from openlines.domain.state import DEADLINES, Conversation, Status
from openlines.domain.turn import Turn

PINNED_FOR = 7 * DAY

Value = Literal["like", "dislike"]


def finish(turn: Turn, *, closed_by: str, by: str, solved: bool) -> None:
    """End the conversation: say goodbye and ask for a rating, then stay open for a while for objections."""
    kpi.end(turn)
    turn.change(
        closed_by=closed_by,
        solved=solved,
        finished_at=turn.now,
        no_answer_at=0.0,
        idle_at=0.0,
        transfer_at=0.0,
        auto_close_at=0.0,
    )
    turn.decided("finished", by, text="solved" if solved else "not solved")
    line = turn.line
    said = _say_goodbye(turn, line.auto_close.text if closed_by == "timeout" else line.close.text)
    if said and line.close.delay:
        turn.change(status=Status.CLOSING, close_at=turn.now + line.close.delay)
    else:
        close(turn)


def close(turn: Turn, *, closed_by: str = "") -> None:
    """The end: the conversation becomes the thread's last one, and its transcript goes to the CRM."""
    routing.drop_questions(turn)
    kpi.end(turn)
    turn.change(
        status=Status.CLOSED,
        closed_by=closed_by or turn.open.closed_by,
        closed_at=turn.now,
        offered=(),
        pinned=False,
        held=(),
        identifying=False,
        bot_listens=False,
        memory={},
        **dict.fromkeys(DEADLINES, 0.0),
    )
    turn.decided("closed", text=turn.open.closed_by)
    number = turn.open.number
    turn.keep(last=turn.open, open=None)
    conversation = turn.thread.last
    if conversation and conversation.closed_by != "spam":
        crm.identify_later(turn, conversation)
        crm.log(turn, number)


def auto_close_at(turn: Turn) -> float:
    """When an answered conversation closes by itself: counted from the last agent's message, or from the pin."""
    conversation = turn.open
    if conversation.pinned:
        return max(conversation.last_message_at, conversation.pinned_at) + PINNED_FOR
    after = turn.line.auto_close.after
    return max(conversation.last_agent_at, conversation.unpinned_at) + after if after else 0.0


def reopen(turn: Turn) -> None:
    """The customer objects: the same conversation goes on, with the same agent, or with the bot that ended it."""
    conversation = turn.open
    line = turn.line
    by_bot = conversation.responsible.startswith("bot:")
    turn.decided("reopened", "customer")
    turn.change(
        **routing.OPEN_AGAIN,
        status=Status.WITH_BOT if by_bot else Status.AWAITING_AGENT,
        transfer_at=turn.now + line.bot.transfer_after if by_bot and line.bot.transfer_after else 0.0,
    )
    if not by_bot and (conversation.responsible_left or turn.facts.responsible_gone):
        routing.give_back(turn, by="", why="agent_gone")


# -- rating -----------------------------------------------------------------------------------------------------


def digit(text: str) -> tuple[Value, str] | None:
    """A text as a rating: exactly `1` or `0`, or that digit, one space and a comment; else None."""
    trimmed = text.strip()
    if trimmed[:1] not in ("0", "1") or len(trimmed) == 0:
        return None
    value: Value = "like" if trimmed[0] == "1" else "dislike"
    if len(trimmed) == 1:
        return value, ""
    if trimmed[1] == " " and trimmed[2:3].strip():
        return value, trimmed[2:]
    return None


def rate(turn: Turn, number: int, value: Value, comment: str, external: str | None = None) -> None:
    """Store a rating of an open or the last conversation; thank, tell the responsible."""
    turn.change_numbered(number, rating=value, rating_comment=comment, rating_pending=False)
    fields: dict[str, str] = {"rating": value}
    turn.tell(Decision(conversation=number, what="rated", by="customer", text=comment, fields=fields), external)
    conversation = turn.numbered(number)
    if conversation is None:
        return
    rules = turn.policies.line(conversation.line).rating
    texts = rules.livechat if turn.channel.ratings else rules.text
    turn.say_automatic(f"rating_{value}", texts.like if value == "like" else texts.dislike, number=number)
    if conversation.responsible and not conversation.responsible.startswith("bot:"):
        name = turn.thread.customer.name or "The customer"
        turn.notice(conversation.responsible, f"{name} rated #{number}: {value}", number=number)
    if conversation.status is Status.CLOSING and rules.close_on_rating:
        close(turn, closed_by="rating")


def over(turn: Turn, conversation: Conversation) -> bool:
    """Whether the time for rating this conversation has passed."""
    limit = turn.policies.line(conversation.line).rating.time_limit
    return bool(limit) and turn.now >= conversation.rating_asked_at + limit


def say_over(turn: Turn, conversation: Conversation) -> None:
    text = turn.policies.line(conversation.line).rating.text.over
    turn.say_automatic("rating_over", text, number=conversation.number)


def rated_by_button(turn: Turn, event: CustomerRated) -> None:
    """A rating button: while one is asked, or at any time where the line takes ongoing ratings.

    Else it is refused, and told as refused: the press is the same press even if a rating is asked for later.
    The answer's request is the press's identity.
    """
    external = f"rate:{event.id}"
    conversation = turn.thread.open or turn.thread.last
    number = conversation.number if conversation else 0
    rules = turn.line.rating
    ongoing = turn.thread.open is not None and rules.enabled and rules.ongoing and turn.channel.ratings
    asked = conversation is not None and conversation.rating_pending
    late = conversation is not None and asked and turn.thread.open is None and over(turn, conversation)
    if ongoing or (asked and not late):
        rate(turn, number, event.value, event.comment, external)
        return
    if conversation is not None and late:
        say_over(turn, conversation)
    turn.tell(Decision(conversation=number, what="rating_not_asked", by="customer"), external)
    turn.refuse(external, "rating_not_asked", detail="no rating is asked for now")


# -- inside -----------------------------------------------------------------------------------------------------


def _say_goodbye(turn: Turn, text: str) -> bool:
    said = turn.say_automatic("close", text)
    rating = turn.line.rating
    if rating.enabled and not turn.open.rating:
        request = rating.livechat.request if turn.channel.ratings else rating.text.request
        asked = turn.say_automatic("rating_request", request, kind="rating_request")
        if asked:
            turn.change(rating_pending=True, rating_asked_at=turn.now)
        said = said or asked
    return said
