"""Where scenarios are played, one after the other; what they share is made once."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal, Self

from openlines.rehearsal import words
from openlines.rehearsal.actors import act
from openlines.rehearsal.expectations import Looker, shown
from openlines.rehearsal.format import Step
from openlines.rehearsal.loop import QuietLoop
from openlines.rehearsal.scenario import Scenario, ScenarioError
from openlines.rehearsal.stage import Restless, Stage, arranged, checked, staged
from openlines.rehearsal.store import MemoryStore
from openlines.runtime.plugins import Loaded
from openlines.settings import Kinds, Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Line:
    """A line of what happened: something done, something told, or an expectation that was not met."""

    kind: Literal["done", "told", "unmet"]
    at: float
    """Seconds since the scenario's start."""
    text: str
    place: int = 0
    """The line of the file; 0 = none."""
    expected: str = ""
    got: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scenario."""

    path: str
    title: str
    timeline: tuple[Line, ...]
    seconds: float
    """Of real time."""

    @property
    def passed(self) -> bool:
        return all(line.kind != "unmet" for line in self.timeline)


class Theatre:
    """Plays scenarios. Use it as a context; one process plays one at a time."""

    def __init__(self, loaded: Loaded, kinds: Kinds) -> None:
        self._loaded, self._kinds = loaded, kinds
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._store = MemoryStore()
        self._stack.callback(self._store.close)
        self._folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="openlines-rehearsal-"))
        self._runner = self._stack.enter_context(asyncio.Runner(loop_factory=QuietLoop))
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def play(self, scenario: Scenario) -> Outcome:
        """Play a scenario to its end. Raises `ScenarioError` where its settings are refused, and not meant to be."""
        began = time.perf_counter()
        try:
            settings = checked(scenario.settings, self._kinds, scenario)
        except SettingsError as error:
            if not scenario.settings_error:
                raise ScenarioError(error.problems) from None
            timeline = _refused_as_expected(scenario, str(error))
        else:
            if scenario.settings_error:
                refusal = shown(scenario.settings_error)
                timeline = [Line("unmet", 0, "settings_error", expected=refusal, got="the settings are in order")]
            else:
                timeline = self._runner.run(self._rehearse(scenario, settings))
        return Outcome(scenario.path, scenario.title, tuple(timeline), time.perf_counter() - began)

    async def _rehearse(self, scenario: Scenario, settings: Settings) -> list[Line]:
        settings = arranged(settings, self._folder)
        async with staged(scenario, settings, self._loaded, self._kinds, self._store) as stage:
            record = _Record(stage)
            looker = Looker(stage)
            try:
                for index, step in enumerate(scenario.steps):
                    await stage.reach(scenario.moments[index])
                    record.tell()
                    await record.play(index, step, looker)
            except Restless as error:
                record.unmet("at", "to be reached", str(error))
            await record.close()
            return record.lines


class _Record:
    """Writes down what happens on a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._told = 0
        self.lines: list[Line] = []

    async def play(self, index: int, step: Step, looker: Looker) -> None:
        scenario = self._stage.scenario
        if step.action:
            self.lines.append(Line("done", self._now, _done(step), scenario.line(index, step.action)))
        chat = scenario.chats[index]
        refusal = await act(self._stage, step, chat)
        self.tell()
        for unmet in await looker.unmet(step, chat, refusal):
            where = ("expect", unmet.key) if unmet.key in step.expect.model_fields_set else (unmet.key,)
            self.unmet(unmet.key, unmet.expected, unmet.got, scenario.line(index, *where))

    def tell(self) -> None:
        """Write down what was told since."""
        told = self._stage.told
        for kept in told[self._told :]:
            if text := words.told(kept.entry):
                self.lines.append(Line("told", kept.at - self._stage.scenario.start, text))
        self._told = len(told)

    def unmet(self, key: str, expected: str, got: str, place: int = 0) -> None:
        self.lines.append(Line("unmet", self._now, key, place, expected, got))

    async def close(self) -> None:
        """The hub's own faults fail a scenario, whatever it expects."""
        for parked in await self._stage.hub.reader.parked():
            self.unmet("hub", "to decide every event", f"{parked.kind} failed: {parked.error}")
        for trouble in self._stage.trouble:
            self.unmet("hub", "to run without faults", trouble)

    @property
    def _now(self) -> float:
        return self._stage.clock.now() - self._stage.scenario.start


def _refused_as_expected(scenario: Scenario, refusal: str) -> list[Line]:
    """The settings are refused, as they shall be: but do the messages say what they shall?"""
    missing = [text for text in scenario.settings_error if text not in refusal]
    lines = [Line("told", 0, problem) for problem in refusal.splitlines()]
    place = scenario.places.place(("settings_error",))[1]
    return [*lines, *(Line("unmet", 0, "settings_error", place, words.quoted(text), "see above") for text in missing)]


def _done(step: Step) -> str:
    """A step in words."""
    who = {"the admin": "the admin", "an agent": step.agent, "a customer": step.customer}.get(step.who, step.agent)
    to = f" ({step.customer})" if step.who == "an agent with a customer" else ""
    what = "" if step.action == "does" else f"{step.action.replace('_', ' ')} "
    value = getattr(step, step.action)
    plain = value if step.action == "does" else shown(value)
    return f"{who}{to} {what}{plain}"
