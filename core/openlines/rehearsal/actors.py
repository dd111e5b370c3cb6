"""Customers, agents and the admin: what each step has them do, said to the hub by the door they have in real life."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from mimetypes import guess_type
from typing import Any, Literal, cast, get_args

from openlines.api import Content, File, NotReady, Rejected
from openlines.domain.entries import Decision
from openlines.domain.events import (
    Accept,
    Asked,
    Decline,
    Finish,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Pin,
    Rate,
    RefuseConsent,
    Reply,
    Return,
    SaveToCrm,
    Transfer,
)
from openlines.rehearsal.format import Deed, Step
from openlines.rehearsal.scenario import GROUP, Chat
from openlines.rehearsal.stage import Stage, Undecided
from openlines.runtime.people import Day, PeopleError
from openlines.runtime.records import thread_id
from openlines.settings import SettingsError
from openlines.settings.load import Document


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action was refused: a stable code, and why in words."""

    code: str
    why: str = ""


async def act(stage: Stage, step: Step, chat: Chat | None) -> Refusal | None:
    """Do what the step says, and let happen what follows from it."""
    try:
        match step.who:
            case "a customer" if chat and step.action:
                return await _customer(stage, step, chat)
            case "an agent with a customer" if chat and step.action:
                return await _agent(stage, step, chat)
            case "an agent" if step.action:
                await stage.done(_presence(stage, step))
            case "the admin" if step.action:
                await stage.done(_admin(stage, step))
    except Undecided as error:
        return Refusal("pending", str(error))
    except NotReady as error:
        return Refusal("not_ready", str(error))
    except (Rejected, LookupError, PeopleError, SettingsError) as error:
        return Refusal("invalid", str(error))
    return None


# -- customers ----------------------------------------------------------------------------------------------------


async def _customer(stage: Stage, step: Step, chat: Chat) -> Refusal | None:
    before = len(stage.told)
    files = await _files(stage, step)
    await stage.done(_from_customer(stage, step, chat, files))
    for kept in stage.told[before:]:
        if isinstance(kept.entry, Decision) and kept.entry.what == "rating_not_asked":
            return Refusal("rating_not_asked")
    return None


async def _from_customer(stage: Stage, step: Step, chat: Chat, files: tuple[File, ...]) -> None:
    messenger, who = stage.messenger(chat), stage.customer(step.customer, chat)
    match step.action:
        case "says" | "sends":
            group = chat.chat == GROUP
            await messenger.write(chat.chat, step.says, id=step.id, files=files, customer=who, group=group)
        case "drafts":
            await messenger.draft(chat.chat, step.drafts)
        case "presses":
            await messenger.press(chat.chat, step.presses, customer=who)
        case "rates":
            value = cast("Literal['like', 'dislike']", step.rates)
            await messenger.rate(chat.chat, value, step.comment)
        case "fills":
            await messenger.fill(chat.chat, step.fills, customer=who)


async def _files(stage: Stage, step: Step) -> tuple[File, ...]:
    """The file that the step sends. Its bytes are of no matter. Kept beforehand: threads do it."""
    if step.action != "sends":
        return ()
    media_type = guess_type(step.sends)[0] or "application/octet-stream"
    return (await stage.hub.files.save(step.sends, media_type, _bytes(step.sends)),)


async def _bytes(name: str) -> AsyncIterator[bytes]:
    yield name.encode()


# -- agents -------------------------------------------------------------------------------------------------------

_DEEDS: Mapping[Deed, type[Asked]] = {
    "accept": Accept,
    "decline": Decline,
    "return_to_queue": Return,
    "leave_conversation": Leave,
    "intercept": Intercept,
    "spam": MarkSpam,
    "save_to_crm": SaveToCrm,
    "refuse_consent": RefuseConsent,
}


async def _agent(stage: Stage, step: Step, chat: Chat) -> Refusal | None:
    stage.hub.people.seen(step.agent)
    request = _request(step, thread_id(chat.channel, chat.chat), await _files(stage, step))
    decided = await stage.done(stage.hub.ask(request))
    if decided.status == "done":
        return None
    return Refusal(decided.code or decided.status, ": ".join(filter(None, [decided.field, decided.detail])))


def _request(step: Step, thread: str, files: tuple[File, ...]) -> Asked:
    who: dict[str, Any] = {"thread": thread, "by": step.agent}
    match step.action:
        case "says" | "sends":
            return Reply(**who, content=Content(text=step.says, files=files))
        case "notes":
            return Note(**who, content=Content(text=step.notes))
        case "transfers_to":
            return Transfer(**who, to=step.transfers_to)
        case "invites":
            return Invite(**who, agent=step.invites)
        case "rates":
            return Rate(**who, score=int(step.rates), comment=step.comment)
        case _:
            return _deed(cast("Deed", step.does), who)


def _deed(does: Deed, who: dict[str, Any]) -> Asked:
    match does:
        case "finish" | "finish_confirmed":
            return Finish(**who, confirmed=does == "finish_confirmed")
        case "pin" | "unpin":
            return Pin(**who, on=does == "pin")
        case _:
            return _DEEDS[does](**who)


async def _presence(stage: Stage, step: Step) -> None:
    people, agent = stage.hub.people, step.agent
    if agent not in people.view:
        raise PeopleError(f"there is no agent {agent!r}: name them in `people`")
    match step.does:
        case "online":
            if people.view[agent].signed_off:
                await people.sign_on(agent)
            if agent not in stage.online:
                people.connect(agent)
                stage.online.add(agent)
        case "offline":
            await people.sign_off(agent)
        case "drops":
            if agent in stage.online:
                people.disconnect(agent)
                stage.online.discard(agent)
        case day if day in get_args(Day):
            await people.spend(agent, cast("Day", day))


# -- the admin ----------------------------------------------------------------------------------------------------


async def _admin(stage: Stage, step: Step) -> None:
    document = stage.document
    match step.action:
        case "faults":
            given = {name: getattr(step.faults, name) for name in step.faults.model_fields_set}
            stage.cast.faults = stage.cast.faults.model_copy(update=given)
        case "sets":
            line = {place[3:]: where for place, where in stage.scenario.places.places.items() if "sets" in place[2:3]}
            await stage.adopt(document.with_changes(step.sets, line))
        case "dismisses":
            if step.dismisses not in document.tables.get("agents", {}):
                raise PeopleError(f"there is no agent {step.dismisses!r}: name them in `people`")
            await stage.adopt(_without(document, "agents", step.dismisses))
        case "departs":
            await stage.adopt(_departed(document, step.departs))
        case "deletes_line":
            await stage.adopt(_lineless(document, step.deletes_line))


def _departed(document: Document, members: Mapping[str, tuple[str, ...]]) -> Document:
    """Departments with these members, in this order: that of the agents in the settings."""
    agents: dict[str, Any] = dict(document.tables.get("agents", {}))
    for department, names in members.items():
        for name in names:
            agents[name] = {"name": name.capitalize(), **agents.pop(name, {})}  # to the end: in the order given
        for name, agent in agents.items():
            others = [other for other in agent.get("departments", ()) if other != department]
            agents[name] = {**agent, "departments": [*others, department] if name in names else others}
    tables = {**document.tables, "agents": agents}
    known = tables.get("departments", {})
    if known:
        tables["departments"] = {**{name: {} for name in members}, **known}
    return replace(document, tables=tables)


def _lineless(document: Document, line: str) -> Document:
    """Without the line; its channels belong to none."""
    channels = {
        name: {**channel, "line": ""} if channel.get("line") == line else channel
        for name, channel in document.tables.get("channels", {}).items()
    }
    document = _without(document, "lines", line)
    return replace(document, tables={**document.tables, "channels": channels})


def _without(document: Document, table: str, name: str) -> Document:
    tables = {key: value for key, value in document.tables.get(table, {}).items() if key != name}
    return replace(document, tables={**document.tables, table: tables})
