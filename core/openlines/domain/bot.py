"""What the bot says and wants (2.6). It is one of the thread's two speakers, and only while it serves."""

from __future__ import annotations

from openlines.domain import closing, routing
from openlines.domain.commands import AskBot
from openlines.domain.entries import Author, Message
from openlines.domain.events import BotAnswered, BotFailed
from openlines.domain.messages import Sender
from openlines.domain.state import Status
from openlines.domain.turn import Turn


def answered(turn: Turn, event: BotAnswered) -> None:
    asked = turn.settle(event.command)
    if not isinstance(asked, AskBot):
        return
    bot = Sender(kind="bot", id=asked.bot)
    conversation = turn.thread.open
    serves = (
        conversation is not None
        and conversation.number == asked.conversation
        and conversation.status is Status.WITH_BOT
    )
    if not serves:
        if conversation is not None and conversation.number == asked.conversation and conversation.bot_listens:
            turn.change(memory=event.memory)
        # One speaker: staff see what the bot would have said, the customer does not (2.6.4).
        _drop(turn, asked, event)
        return
    turn.change(memory=event.memory)
    if turn.open.suspended:
        _drop(turn, asked, event)
    elif event.say:
        for content in event.say:
            turn.say(content, bot)
        routing.spoke(turn)
    if event.transfer:
        routing.hand_over(turn, by=turn.open.responsible, to=event.transfer)
    elif event.finish:
        closing.finish(turn, closed_by="bot", by=turn.open.responsible, solved=True)


def failed(turn: Turn, event: BotFailed) -> None:
    asked = turn.settle(event.command)
    conversation = turn.thread.open
    if not isinstance(asked, AskBot) or conversation is None or conversation.number != asked.conversation:
        return
    turn.decided("bot_failed", f"bot:{asked.bot}", text=event.reason)
    if conversation.status is Status.WITH_BOT:
        routing.hand_over(turn, by="")


def _drop(turn: Turn, asked: AskBot, event: BotAnswered) -> None:
    """Show staff what the bot would have said."""
    for content in event.say:
        author = Author(kind="bot", id=asked.bot)
        turn.tell(
            Message(conversation=asked.conversation, id=turn.next_id(), author=author, content=content, dropped=True)
        )
