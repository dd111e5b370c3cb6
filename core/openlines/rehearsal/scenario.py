"""Reading scenario files: everything that is wrong with one is told at once, with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from openlines.rehearsal.format import OF_A_CONVERSATION, Contact, Faults, File, Step
from openlines.settings import Problem, SettingsError
from openlines.settings.load import Document, read
from openlines.settings.problems import Fault, dotted, faults, look, near, shown
from openlines.settings.values import join


class ScenarioError(SettingsError):
    """A scenario file, or the settings it is about, is not in order."""


class Chat(NamedTuple):
    """What makes a thread: one chat on one channel."""

    channel: str
    chat: str


GROUP = "group"
"""The chat that the customers of a channel share."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file that is in order; its settings are not checked yet."""

    path: str
    title: str
    began: datetime
    settings: Document
    people: tuple[str, ...]
    all_online: bool
    settings_error: tuple[str, ...]
    contacts: tuple[Contact, ...]
    faults: Faults
    steps: tuple[Step, ...]
    moments: tuple[float, ...]
    """When each step is, in seconds since the epoch."""
    chats: tuple[Chat | None, ...]
    """Whose conversation each step is about."""
    places: Document

    def line(self, step: int, *key: str) -> int:
        """The line of a key of a step."""
        return self.places.place(("step", step, *key))[1]

    @property
    def start(self) -> float:
        """Seconds since the epoch."""
        return self.began.timestamp()

    def when(self, moment: float | datetime) -> float:
        """A moment of this scenario in seconds since the epoch."""
        return _when(moment, self.began)


def read_scenario(path: Path) -> Scenario:
    """Read a file. Raises `ScenarioError` with every mistake."""
    try:
        document = read(path)
        file = File.model_validate(document.tables)
    except SettingsError as error:
        raise ScenarioError(error.problems) from None
    except ValidationError as error:
        raise _refused(document, faults(error, File, document.tables)) from None
    start = file.start if file.start.tzinfo else file.start.replace(tzinfo=UTC)
    moments = tuple(_when(step.at, start) for step in file.step)
    settings = _settings(path, file, document)
    chats, unclear = _chats(file, settings)
    if wrong := [*_disorder(file, moments, start), *unclear]:
        raise _refused(document, wrong)
    people = file.people if file.people is not None else tuple(_named(file))
    return Scenario(
        path=str(path),
        title=file.title,
        began=start,
        settings=_with_people(settings, people),
        people=people,
        all_online=file.all_online,
        settings_error=file.settings_error,
        contacts=file.crm.contact,
        faults=file.faults,
        steps=file.step,
        moments=moments,
        chats=tuple(chats),
        places=document,
    )


def _refused(document: Document, wrong: Sequence[Fault]) -> ScenarioError:
    problems = []
    for fault in wrong:
        file, line = document.place(fault.path)
        value = look(document.tables, fault.path)
        got = shown(value) if fault.quote and not isinstance(value, dict) else ""
        table, key = dotted(fault.path[:-1]), dotted(fault.path[-1:])
        problems.append(Problem(file, line, table, key, fault.what, got, fault.allowed, fault.meant))
    return ScenarioError(sorted(dict.fromkeys(problems), key=lambda each: each.line))


def _when(moment: float | datetime, start: datetime) -> float:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=start.tzinfo)).timestamp()
    return start.timestamp() + moment


def _disorder(file: File, moments: Sequence[float], start: datetime) -> Iterator[Fault]:
    """Steps that are not in order of time; files that are of no kind."""
    if file.settings_error and file.step:
        yield Fault(("settings_error",), "is for settings that are refused", "no steps beside it", quote=False)
    if not file.settings_error and not file.step:
        yield Fault(("step",), "is missing", "[[step]] tables, or settings_error", quote=False)
    before = start.timestamp()
    for index, moment in enumerate(moments):
        if moment < before:
            earlier = "the step above it" if index else "the start"
            yield Fault(("step", index, "at"), f"is before {earlier}", "steps in order of time")
        before = max(before, moment)


# -- whose conversation -----------------------------------------------------------------------------------------


def _chats(file: File, settings: Document) -> tuple[list[Chat | None], list[Fault]]:
    """Whose conversation each step is about, and where that is not clear."""
    table = settings.tables.get("channels")
    channels = list(table) if isinstance(table, dict) else []
    named: dict[str, dict[str, None]] = {}
    for step in file.step:
        if step.channel:
            named.setdefault(step.customer, {})[step.channel] = None
    chats: list[Chat | None] = []
    wrong: list[Fault] = []
    for index, step in enumerate(file.step):
        if not step.customer:
            chats.append(None)
            continue
        choice = [step.channel] if step.channel else channels if len(channels) == 1 else [*named.get(step.customer, ())]
        if step.channel and step.channel not in channels:
            fault = Fault(("step", index, "channel"), "there is no such channel", meant=near(step.channel, channels))
            wrong.append(fault)
        elif len(choice) != 1:
            what, which = "does not say on which channel", f"channel = one of {join(channels)}"
            wrong.append(Fault(("step", index, "customer"), what, which))
        chats.append(Chat(choice[0] if choice else "", GROUP if _in_group(file, step) else step.customer))
    several = dict.fromkeys(chat for chat in chats if chat)
    if len(several) == 1:
        return [next(iter(several))] * len(chats), wrong
    for index, step in enumerate(file.step):
        unclear = sorted(step.expect.model_fields_set & OF_A_CONVERSATION)
        if unclear and not step.customer:
            what = "whose? The scenario has several conversations" if several else "whose? No customer has come yet"
            fault = Fault(("step", index, "expect", unclear[0]), what, 'customer = "..." in the step', quote=False)
            wrong.append(fault)
    return chats, wrong


def _in_group(file: File, step: Step) -> bool:
    """Whoever is only ever seen in the group is meant there by agents too."""
    if step.group or not step.agent:
        return step.group
    own = [other for other in file.step if other.customer == step.customer and not other.agent]
    return bool(own) and all(other.group for other in own)


# -- its settings -----------------------------------------------------------------------------------------------


def _settings(path: Path, file: File, document: Document) -> Document:
    """The base file with the scenario's changes; each key knows from which file it comes."""
    base = Document(str(path), path.parent, {}, {})
    if file.settings:
        try:
            base = read(path.parent / file.settings)
        except SettingsError as error:
            raise ScenarioError(error.problems) from None
    own = {place[1:]: where for place, where in document.places.items() if place[0] == "set" and len(place) > 1}
    settings = base.with_changes(file.set, own)
    if file.crm.contact and not settings.tables.get("crm"):
        wrong = Fault(("crm", "contact"), "needs a CRM", '[set.crm.main] with kind = "embedded"', quote=False)
        raise _refused(document, [wrong])
    return settings


def _with_people(settings: Document, people: Sequence[str]) -> Document:
    """Everybody is in the settings, under a name that people would use."""
    tables = settings.tables.get("agents", {})
    if not isinstance(tables, dict):
        return settings
    named = {agent: {"name": agent.capitalize()} for agent in [*people, *tables] if _nameless(tables.get(agent, {}))}
    return settings.with_changes({"agents": named}, {}) if named else settings


def _nameless(agent: object) -> bool:
    return isinstance(agent, dict) and "name" not in agent


def _named(file: File) -> Mapping[str, None]:
    """The agents whom the scenario names, in order."""
    found: dict[str, None] = {}
    lines = file.set.get("lines")
    for line in lines.values() if isinstance(lines, dict) else ():
        members: Any = look(line, ("queue", "members"))
        if isinstance(members, list):
            found |= dict.fromkeys(each for each in members if isinstance(each, str) and ":" not in each)
    agents = file.set.get("agents")
    found |= dict.fromkeys(agents if isinstance(agents, dict) else ())
    for contact in file.crm.contact:
        found |= dict.fromkeys([contact.responsible])
    for step in file.step:
        departing = [agent for members in step.departs.values() for agent in members]
        found |= dict.fromkeys([step.agent, step.dismisses, step.invites, step.transfers_to, *departing])
    return {agent: None for agent in found if agent and ":" not in agent and "@" not in agent}
