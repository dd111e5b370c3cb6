"""`openlines rehearse`: play scenario files, and say where what happened differs from what was expected."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from openlines.cli.check import coloured
from openlines.cli.exits import Exit
from openlines.cli.kinds import kinds_of
from openlines.cli.start import fail, log_to
from openlines.rehearsal import Outcome, Scenario, ScenarioError, Theatre, read_scenario
from openlines.rehearsal.cast import LEDGER, MESSENGER, Unplayable
from openlines.rehearsal.report import closing, tell
from openlines.runtime.plugins import load
from openlines.settings import Problem
from openlines.settings.load import DEFAULT_APPS

MANY = 20
"""Scenarios from which on a bar shows how far it is."""
BATCH = 8
"""Scenarios that a process is given at once."""

Played = Outcome | tuple[Problem, ...]
"""What became of a file: it was played, or is not in order."""

Files = Annotated[
    list[Path], typer.Argument(help="Scenario files, or folders of them.", exists=True, show_default=False)
]


def rehearse(
    files: Files,
    only: Annotated[str, typer.Option("-k", help="Play only scenarios with this in their path or title.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Processes to play them in.")] = 1,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell what happened in passing ones too.")] = False,
) -> None:
    """Play scenarios on the real rules, in virtual time, without network: unit tests for a contact centre.

    Exit codes: 0 all passed, 1 some failed, 2 a file is not in order.
    """
    log_to("critical", as_json=False)
    out, errors = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
    scenarios, problems = _read(list(scenario_files(files)), only.casefold())
    if not scenarios and not problems:
        fail(Exit.SETTINGS, f"there are no scenarios here{_filtered(only)}: name *.toml files, or folders of such")
    passed = failed = 0
    try:
        with _bar(len(scenarios), errors) as advance:
            for played in play_all(scenarios, jobs):
                advance()
                if not isinstance(played, Outcome):
                    problems += played
                    continue
                passed, failed = passed + played.passed, failed + (not played.passed)
                if verbose or not played.passed:
                    tell(played, out)
    except Unplayable as error:
        fail(Exit.PLUGIN, str(error))
    for problem in dict.fromkeys(problems):
        errors.print(coloured(problem))
    out.print(closing(passed, failed), style="bold red" if failed or problems else "green")
    raise typer.Exit(Exit.SETTINGS if problems else Exit.FAILED if failed else Exit.DONE)


def scenario_files(named: Iterable[Path]) -> Iterator[Path]:
    """The files, and all in the folders; a `settings.toml` there is what scenarios are about, and none itself."""
    for path in named:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*.toml") if file.name != "settings.toml")
        else:
            yield path


def play_all(scenarios: Sequence[Scenario], jobs: int) -> Iterator[Played]:
    """Play them in this process or in several; the outcomes come in order."""
    kinds = _kinds(scenarios)
    if jobs == 1 or len(scenarios) <= BATCH:
        _enter(kinds)
        yield from map(_play, scenarios)
        return
    forks = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forks else "spawn")  # forks have everything imported already
    with ProcessPoolExecutor(min(jobs, os.cpu_count() or 1), context, _enter, (kinds,)) as pool:
        yield from pool.map(_play, scenarios, chunksize=BATCH)


_theatres = ExitStack()
_theatre: list[Theatre] = []
"""This process's own, for as long as it lives."""


def _enter(kinds: frozenset[str]) -> None:
    loaded = load(kinds)
    _theatre[:] = [_theatres.enter_context(Theatre(loaded, kinds_of(loaded)))]


def _play(scenario: Scenario) -> Played:
    try:
        return _theatre[0].play(scenario)
    except ScenarioError as error:
        return error.problems


def _kinds(scenarios: Sequence[Scenario]) -> frozenset[str]:
    """The plugins that are needed: what the settings name but for web screens, and who plays the outside."""
    named = frozenset[str]().union(*(scenario.settings.kinds for scenario in scenarios))
    return (named - frozenset(DEFAULT_APPS)) | {MESSENGER, LEDGER}


def _read(files: Sequence[Path], only: str) -> tuple[list[Scenario], list[Problem]]:
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for file in files:
        try:
            scenario = read_scenario(file)
        except ScenarioError as error:
            if only in str(file).casefold():
                problems += error.problems
        else:
            if only in f"{file}\n{scenario.title}".casefold():
                scenarios.append(scenario)
    return scenarios, problems


def _filtered(only: str) -> str:
    return f" that have {only!r} in their path or title" if only else ""


@contextmanager
def _bar(total: int, console: Console) -> Iterator[Callable[[], None]]:
    if total < MANY or not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("rehearsing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:  # no thread: we fork
        task = progress.add_task("", total=total)

        def advance() -> None:
            progress.advance(task)
            progress.refresh()

        yield advance
