"""What a step expects, each key by its own look at the hub, and what was there instead."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel

from openlines.api import Record
from openlines.domain import kpi
from openlines.domain.entries import Decision, Held, Notice
from openlines.domain.hours import closed
from openlines.domain.state import Conversation, Status, Thread
from openlines.rehearsal import format as form
from openlines.rehearsal import words
from openlines.rehearsal.actors import Refusal
from openlines.rehearsal.scenario import Chat
from openlines.rehearsal.seen import DENIED, conversation_seen_by, draft_seen_by, history_seen_by, last_audited
from openlines.rehearsal.stage import Stage


@dataclass(frozen=True, slots=True)
class Unmet:
    """An expectation that does not hold."""

    key: str
    expected: str
    got: str


@dataclass(slots=True)
class Looker:
    """Looks at the hub after each step; remembers what it has seen already."""

    stage: Stage
    heard: dict[Chat, int] = field(default_factory=dict)
    """How many of the texts in a chat were looked at."""
    noticed: dict[str, int] = field(default_factory=dict)
    """Up to where the told entries were looked through, by agent."""

    async def unmet(self, step: form.Step, chat: Chat | None, refusal: Refusal | None) -> list[Unmet]:
        """All that is not as expected. A refusal that is not expected is one of them."""
        expect = step.expect
        found = []
        if refusal is not None and "error" not in expect.model_fields_set:
            found.append(Unmet(step.action, "to be done", f"refused: {refusal.code}{_because(refusal)}"))
        scene = _Scene(self, chat, await self.stage.thread(chat) if chat else None, refusal)
        for key in form.Expect.model_fields:
            if key in expect.model_fields_set:
                expected = getattr(expect, key)
                if unmet := await READERS[key](scene, expected):
                    found.append(Unmet(key, unmet.expected or shown(expected), unmet.got))
        return found


@dataclass(frozen=True, slots=True)
class _Differs:
    got: str
    expected: str = ""
    """Where it is not simply what the scenario says."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a reader looks at."""

    looker: Looker
    chat: Chat | None
    thread: Thread | None
    refusal: Refusal | None

    @property
    def stage(self) -> Stage:
        return self.looker.stage

    @property
    def conversation(self) -> Conversation | None:
        """The open one, else the last one."""
        return (self.thread.open or self.thread.last) if self.thread else None


Reader = Callable[[_Scene, Any], Awaitable[_Differs | None]]


# -- the conversation -----------------------------------------------------------------------------------------------


def _of(read: Callable[[Conversation], Any], nothing: Any) -> Reader:
    """A fact of the conversation; `nothing` where there is none."""

    async def reader(scene: _Scene, expected: Any) -> _Differs | None:
        got = read(scene.conversation) if scene.conversation else nothing
        return None if got == expected else _Differs(shown(got) if scene.conversation else "no conversation")

    return reader


def _set_of(read: Callable[[Conversation], Sequence[str]]) -> Reader:
    """Names in any order."""

    async def reader(scene: _Scene, expected: tuple[str, ...]) -> _Differs | None:
        got = read(scene.conversation) if scene.conversation else ()
        return None if sorted(got) == sorted(expected) else _Differs(shown(got))

    return reader


def _of_thread(read: Callable[[Thread | None], Any]) -> Reader:
    async def reader(scene: _Scene, expected: Any) -> _Differs | None:
        got = read(scene.thread)
        return None if got == expected else _Differs(shown(got))

    return reader


def _undistributed(conversation: Conversation) -> bool:
    return conversation.status is Status.WAITING and not conversation.offered and not conversation.identifying


def _line(scene: _Scene) -> str:
    """The line of the conversation, else of the channel."""
    if scene.conversation:
        return scene.conversation.line
    channel = scene.stage.hub.policies.channels.get(scene.chat.channel) if scene.chat else None
    return channel.line if channel else ""


async def _off_hours(scene: _Scene, expected: bool) -> _Differs | None:
    got = bool(closed(scene.stage.hub.policies.line(_line(scene)).hours, scene.stage.clock.now()))
    return None if got == expected else _Differs(shown(got))


async def _kpi(scene: _Scene, expected: form.Kpi) -> _Differs | None:
    """Response times up to now."""
    conversation = scene.conversation
    if conversation is None:
        return _Differs("no conversation")
    stage = scene.stage
    figures = kpi.figures(stage.hub.policies.line(conversation.line), conversation, stage.clock.now())
    got = {name: getattr(figures, name) for name in form.Kpi.model_fields if name in expected.model_fields_set}
    whole = {name: int(value) if value == int(value) else value for name, value in got.items()}
    return None if all(getattr(expected, name) == value for name, value in got.items()) else _Differs(shown(whole))


async def _consent(scene: _Scene, expected: form.Consent) -> _Differs | None:
    """What the customer has agreed to last."""
    given = [one for one in (scene.thread.agreements if scene.thread else ()) if one.given_at]
    version, at = (given[-1].version, given[-1].given_at) if given else ("", 0.0)
    same_time = "at" not in expected.model_fields_set or (at and at == scene.stage.scenario.when(expected.at))
    if expected.version == version and same_time:
        return None
    start = scene.stage.scenario.start
    return _Differs(shown({"version": version, "at": at - start}) if given else "no consent")


async def _reason(scene: _Scene, expected: form.Said) -> _Differs | None:
    """The last offer's."""
    number = scene.conversation.number if scene.conversation else 0
    words = ""
    for kept in scene.stage.told:
        entry = kept.entry
        if isinstance(entry, Decision) and entry.what == "offered" and entry.conversation == number and entry.reason:
            words = entry.reason.words
    if scene.conversation and scene.conversation.offered and scene.conversation.reason:
        words = scene.conversation.reason.words
    return _one(expected, words)


# -- texts --------------------------------------------------------------------------------------------------------


async def _gets(scene: _Scene, expected: tuple[form.Said, ...]) -> _Differs | None:
    assert scene.chat is not None, "the format asks for it"  # noqa: S101 - a fault of ours
    sent = scene.stage.messenger(scene.chat).sent(scene.chat.chat)
    fresh = sent[scene.looker.heard.get(scene.chat, 0) :]
    scene.looker.heard[scene.chat] = len(sent)
    return _all(expected, [words.text_of(message.content) for message in fresh])


async def _agent_sees(scene: _Scene, expected: Mapping[str, Any]) -> _Differs | None:
    number = scene.conversation.number if scene.conversation else 0
    seen = {agent: await conversation_seen_by(scene.stage.hub, agent, number) for agent in expected}
    return _by_agent(expected, seen)


async def _history(scene: _Scene, expected: Mapping[str, Any]) -> _Differs | None:
    seen = {agent: await history_seen_by(scene.stage.hub, agent, scene.thread) for agent in expected}
    return _by_agent(expected, seen)


async def _draft(scene: _Scene, expected: Mapping[str, str]) -> _Differs | None:
    seen = {agent: await draft_seen_by(scene.stage, agent, scene.thread) for agent in expected}
    return None if seen == dict(expected) else _Differs(shown(seen))


async def _notified(scene: _Scene, expected: Mapping[str, tuple[form.Said, ...]]) -> _Differs | None:
    """Notices that came since the agent's were last looked at."""
    told = scene.stage.told
    fresh: dict[str, list[str]] = {}
    for agent in expected:
        notices = [kept.entry for kept in told[scene.looker.noticed.get(agent, 0) :] if isinstance(kept.entry, Notice)]
        fresh[agent] = [notice.text for notice in notices if notice.agent == agent]
        scene.looker.noticed[agent] = len(told)
    return _by_agent(expected, fresh)


async def _error(scene: _Scene, expected: form.Said) -> _Differs | None:
    if scene.refusal is None:
        return _Differs("it was done")
    unmet = _one(expected, scene.refusal.code)
    return unmet and _Differs(f"{unmet.got}{_because(scene.refusal)}")


async def _held(scene: _Scene, expected: tuple[form.Said, ...]) -> _Differs | None:
    """The list of the line, else of what has none."""
    line = _line(scene)
    held = [kept.entry for kept in scene.stage.told if isinstance(kept.entry, Held) and kept.entry.line == line]
    return _all(expected, [words.text_of(message.content) for message in held])


async def _audit(scene: _Scene, expected: form.Said) -> _Differs | None:
    return _one(expected, await last_audited(scene.stage))


def _one(expected: form.Said, got: str) -> _Differs | None:
    return None if _fits(expected, got) else _Differs(words.quoted(got))


def _all(expected: Sequence[form.Said], got: Sequence[str]) -> _Differs | None:
    fits = len(expected) == len(got) and all(map(_fits, expected, got))
    return None if fits else _Differs(shown(got))


def _by_agent(expected: Mapping[str, Any], got: Mapping[str, list[str] | str]) -> _Differs | None:
    """Lists of texts, or `denied`, for each agent."""
    for agent, texts in expected.items():
        seen = got[agent]
        if DENIED in (texts, seen):
            if texts != seen:
                return _Differs(shown(got))
        elif _all(texts, cast("list[str]", seen)):
            return _Differs(shown(got))
    return None


def _fits(expected: form.Said, got: str) -> bool:
    """Whether a text is the one that is expected. "" is also what a code or reason that is not there reads as."""
    return expected.fits(got) if isinstance(expected, form.Some) else expected == got


def _because(refusal: Refusal) -> str:
    return f" ({refusal.why})" if refusal.why else ""


# -- the CRM ------------------------------------------------------------------------------------------------------


def _records(kind: Any) -> Reader:
    """As many records as expected, each fitting one of them, in any order."""

    async def reader(scene: _Scene, expected: tuple[form.Record, ...]) -> _Differs | None:
        ledger = next(iter(scene.stage.cast.ledgers.values()), None)
        records = await ledger.records(kind) if ledger else []
        fields = [_fields(record, scene.stage) for record in records]
        if len(fields) == len(expected) and _matched(list(expected), fields):
            return None
        named = {name for record in expected for name in record.model_fields_set} or {"name", "responsible"}
        return _Differs(shown([{name: each[name] for name in each if name in named} for each in fields]))

    return reader


def _fields(record: Record, stage: Stage) -> dict[str, Any]:
    """A record as scenarios name its fields; people by their ids, whatever the CRM calls them."""
    agents = {agent.email: agent.id for agent in stage.hub.people.view.values() if agent.email}
    plain = {name: record.fields.get(name, "") for name in ("phone", "email", "source")}
    responsible = agents.get(record.responsible.casefold(), record.responsible)
    return {"name": record.name, **plain, "responsible": responsible, "timeline": record.timeline}


def _matched(expected: list[form.Record], got: list[dict[str, Any]]) -> bool:
    """Whether each expected record has one of its own that fits."""
    if not expected:
        return True
    first, *rest = expected
    return any(
        _record_fits(first, fields) and _matched(rest, [*got[:place], *got[place + 1 :]])
        for place, fields in enumerate(got)
    )


def _record_fits(expected: form.Record, fields: Mapping[str, Any]) -> bool:
    for name in expected.model_fields_set:
        wanted = getattr(expected, name)
        if name == "timeline":
            if not all(any(text in entry for entry in fields[name]) for text in wanted):
                return False
        elif fields[name] != wanted:
            return False
    return True


# -- all of them --------------------------------------------------------------------------------------------------

READERS: Mapping[str, Reader] = {
    "error": _error,
    "gets": _gets,
    "status": _of(lambda conversation: conversation.status.value, ""),
    "open": _of_thread(lambda thread: thread is not None and thread.open is not None),
    "line": _of(lambda conversation: conversation.line, ""),
    "responsible": _of(lambda conversation: conversation.responsible, ""),
    "offered": _set_of(lambda conversation: conversation.offered),
    "rung": _of(lambda conversation: conversation.rung, ()),
    "undistributed": _of(_undistributed, nothing=False),
    "reason": _reason,
    "participants": _set_of(lambda conversation: conversation.participants),
    "pinned": _of(lambda conversation: conversation.pinned, nothing=False),
    "unanswered": _of(lambda conversation: conversation.unanswered, nothing=False),
    "closed_by": _of(lambda conversation: conversation.closed_by, ""),
    "rating": _of(lambda conversation: conversation.rating, ""),
    "rating_comment": _of(lambda conversation: conversation.rating_comment, ""),
    "supervisor_rating": _of(lambda conversation: conversation.supervisor_rating, 0),
    "conversation": _of_thread(lambda thread: thread.conversations if thread else 0),
    "conversations": _of_thread(lambda thread: thread.conversations if thread else 0),
    "agent_sees": _agent_sees,
    "history": _history,
    "draft": _draft,
    "notified": _notified,
    "leads": _records("lead"),
    "deals": _records("deal"),
    "contacts": _records("contact"),
    "companies": _records("company"),
    "form": _of_thread(lambda thread: thread.form_shown if thread else ""),
    "off_hours": _off_hours,
    "kpi": _kpi,
    "consent": _consent,
    "held": _held,
    "audit": _audit,
}


def shown(value: Any) -> str:
    """A value as a scenario would write it."""
    match value:
        case BaseModel():
            return shown(
                {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
            )
        case dict() | Mapping():
            return "{ " + ", ".join(f"{name} = {shown(each)}" for name, each in value.items()) + " }" if value else "{}"
        case str():
            return words.quoted(value)
        case bool():
            return str(value).lower()
        case Iterable():
            return f"[{', '.join(map(shown, value))}]"
        case _:
            return json.dumps(value, default=str)
