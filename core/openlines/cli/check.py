"""`openlines check`: is a settings file in order? Every mistake at once, each with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from openlines.cli.exits import Exit
from openlines.cli.kinds import KindsFor, installed
from openlines.settings import Kinds, Problem, Settings, SettingsError
from openlines.settings.load import FAMILIES, Document, read
from openlines.settings.load import check as validated


def check(
    file: Annotated[Path, typer.Argument(help="The settings file.", show_default=True)] = Path("settings.toml"),
) -> None:
    """Say whether a settings file is in order, without starting anything."""
    raise typer.Exit(report(file, installed, Console(stderr=True, soft_wrap=True)))


def report(file: Path, kinds_for: KindsFor, console: Console) -> Exit:
    """Print what is wrong, or what the file sets up."""
    try:
        document = read(file)
        kinds = kinds_for(document.kinds)
        settings = validated(document, kinds)
    except SettingsError as error:
        for problem in error.problems:
            console.print(coloured(problem))
        count = len(error.problems)
        console.print(f"{count} {'mistake' if count == 1 else 'mistakes'}", style="bold red")
        return Exit.SETTINGS
    if problems := broken(document, kinds):
        for problem in problems:
            console.print(coloured(problem))
        return Exit.PLUGIN
    console.print(f"{file}: {summary(settings)}: in order", style="green", highlight=False)
    return Exit.DONE


def broken(document: Document, kinds: Kinds) -> list[Problem]:
    """The tables whose plugin is there but cannot be loaded."""
    found: list[Problem] = []
    for family, plugin in FAMILIES.items():
        for name, table in document.tables.get(family, {}).items():
            if (kind := table.get("kind")) in kinds.broken:
                file, line = document.place((family, name, "kind"))
                what = f"the {plugin} {kind} is installed but broken: {kinds.broken[kind]}"
                found.append(Problem(file, line, f"{family}.{name}", "kind", what, allowed="repair or reinstall it"))
    return found


def summary(settings: Settings) -> str:
    counts = (
        (len(settings.lines), "line", "lines"),
        (len(settings.channels), "channel", "channels"),
        (len(settings.bots), "bot", "bots"),
        (len(settings.crm), "CRM", "CRMs"),
        (len(settings.agents), "agent", "agents"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)


def coloured(problem: Problem) -> Text:
    """The sentence, its place set off from what it says."""
    sentence = str(problem)
    start = sentence.find("] ") + 2 if problem.table else len(problem.file)
    text = Text(sentence)
    text.stylize("bold", 0, sentence.find(": ", start) + 1)
    return text
