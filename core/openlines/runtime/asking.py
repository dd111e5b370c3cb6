"""Asking bots: one customer's message, one answer, within the bot's deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

import msgspec
import structlog

from openlines.api import Answer, Bot, NotReady, Turn
from openlines.domain.commands import AskBot
from openlines.domain.events import BotAnswered
from openlines.domain.messages import Content
from openlines.domain.policy import Policies
from openlines.domain.state import Status, Thread
from openlines.runtime.boundary import as_kept, fault_of
from openlines.runtime.link import LONGEST_TEXT
from openlines.runtime.retries import GivenUp, Retries
from openlines.runtime.supervisor import Supervisor

MEMORY_LIMIT = 16_384
"""Bytes that a bot may remember per conversation."""
SAY_LIMIT = 20
"""Messages of one answer."""

log = structlog.get_logger("openlines.performer")


class Asking:
    """Does `AskBot`."""

    def __init__(self, supervisor: Supervisor, policies: Callable[[], Policies], retries: Retries) -> None:
        self._supervisor, self._policies, self._retries = supervisor, policies, retries

    async def ask(self, thread: Thread, command: AskBot) -> BotAnswered:
        """Raises `GivenUp`: then a person is asked."""
        conversation = thread.open
        listens = conversation is not None and (conversation.status is Status.WITH_BOT or conversation.bot_listens)
        if conversation is None or conversation.number != command.conversation or not listens:
            return self._answered(thread, command, Answer())  # nobody listens any more
        guarded = self._supervisor.bots.get(command.bot)
        if guarded is None:
            raise GivenUp("gone", f"bot {command.bot} is not in the settings any more")
        line = self._policies().line(conversation.line)
        turn = Turn(
            conversation=command.conversation,
            channel=thread.channel,
            line=conversation.line,
            language=thread.customer.language or line.language,
            customer=thread.customer,
            content=command.content,
            first=command.first,
            memory=conversation.memory,
            transfer_key=line.bot.transfer_key,
        )

        async def ask(bot: Bot[Any]) -> Answer:
            return checked(await bot.answer(turn))

        try:
            answer = await guarded.call(ask)
        except TimeoutError:
            raise GivenUp("hangs", f"no answer within {guarded.timeout:.0f} s") from None
        except NotReady as error:
            raise GivenUp("rests", str(error)) from error
        except BaseException as raised:
            fault = fault_of(raised)
            log.warning("bot_failed", bot=command.bot, exc_info=fault)
            raise GivenUp("raised", f"{type(fault).__name__}: {fault}") from fault
        if answer.after > 0:
            await self._retries.wait(self._retries.clock.sleep(min(answer.after, guarded.timeout)))
        return self._answered(thread, command, answer)

    def _answered(self, thread: Thread, command: AskBot, answer: Answer) -> BotAnswered:
        return BotAnswered(
            thread=thread.id,
            command=command.id,
            at=self._retries.clock.now(),
            say=tuple(said for said in answer.say if isinstance(said, Content)),  # `checked` has made them so
            transfer=answer.transfer,
            finish=answer.finish,
            memory=dict(answer.memory),
        )


def checked(answer: Answer) -> Answer:
    """The answer as it will be kept. Raises `ValueError` saying what is wrong with it."""
    if not isinstance(answer, Answer):
        raise ValueError(f"answer() returned {type(answer).__name__}, not an Answer")  # noqa: TRY004 - a bad value
    if not isinstance(answer.say, tuple | list):
        raise ValueError(f"say is {type(answer.say).__name__}, not a tuple of texts")  # noqa: TRY004
    if not (isinstance(answer.transfer, str) and isinstance(answer.finish, bool)):
        raise ValueError("transfer is a text, finish true or false")  # noqa: TRY004
    if not (isinstance(answer.after, int | float) and isfinite(answer.after)):
        raise ValueError("after is a number of seconds")
    if len(answer.say) > SAY_LIMIT:
        raise ValueError(f"{len(answer.say)} messages in one answer; at most {SAY_LIMIT}")
    said = [_content(each) for each in answer.say]
    return replace(answer, say=tuple(content for content in said if content), memory=_memory(answer.memory))


def _content(said: Content | str) -> Content:
    if not isinstance(said, str | Content):
        raise ValueError(f"a bot says texts and Content, not {type(said).__name__}")  # noqa: TRY004
    text = said if isinstance(said, str) else said.text
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text of {len(text)} characters; at most {LONGEST_TEXT}")
    if isinstance(said, str):
        said.encode()  # halves of characters can be neither kept nor sent
        return Content(text=said)
    return as_kept(said)


def _memory(memory: Mapping[str, Any]) -> dict[str, Any]:
    """What the bot remembers, as it will read it again."""
    if not memory:
        return {}
    try:
        packed = msgspec.json.encode(dict(memory))
    except TypeError as error:
        raise ValueError(f"the memory is no JSON: {error}") from error
    if len(packed) > MEMORY_LIMIT:
        raise ValueError(f"a memory of {len(packed)} bytes; at most {MEMORY_LIMIT}")
    return msgspec.json.decode(packed, type=dict[str, Any])
