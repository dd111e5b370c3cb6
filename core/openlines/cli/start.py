"""What commands that need settings or a hub begin with: the file, the plugins, the log; and the errors people see."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer
from rich.console import Console

from openlines.cli.check import broken, coloured
from openlines.cli.exits import Exit
from openlines.cli.kinds import kinds_of
from openlines.runtime.plugins import Loaded, load
from openlines.settings import Problem, Settings, SettingsError
from openlines.settings import check as validated
from openlines.settings.load import FAMILIES, Document, read

errors = Console(stderr=True, soft_wrap=True, highlight=False)

SettingsFile = Annotated[Path, typer.Option("--settings", "-s", help="The settings file.", show_default=True)]
DEFAULT_FILE = Path("settings.toml")


def prepare(file: Path, *, lenient: bool = False) -> tuple[Settings, Loaded]:
    """Settings and the plugins they name; ends the command with a readable block where they are not in order."""
    try:
        document = read(file)
        loaded = load(document.kinds)
        kinds = kinds_of(loaded)
        if problems := broken(document, kinds):
            tell(problems)
            if not lenient:
                fail(Exit.PLUGIN, "a plugin is broken: mend it, or start the rest with --lenient")
            document = _without(document, frozenset(kinds.broken))
        settings = validated(document, kinds)
    except SettingsError as error:
        tell(error.problems)
        fail(Exit.SETTINGS, f"{file} is not in order; see above")
    return settings, loaded


def log_to(stream_level: str, *, as_json: bool) -> None:
    """Log lines for people, or for machines."""
    level = logging.getLevelNamesMapping()[stream_level.upper()]
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


class _Libraries(logging.Handler):
    """What libraries log goes the same way, a line each: anybody can send a request that aiohttp complains of."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        cause = repr(record.exc_info[1]) if record.exc_info else ""
        log.log(record.levelno, "library_said", text=record.getMessage()[:500], cause=cause[:500])


def fail(code: Exit, text: str) -> NoReturn:
    """End the command with one sentence that says what to do."""
    errors.print(text, style="bold red", markup=False)
    raise typer.Exit(code)


def tell(problems: Sequence[Problem]) -> None:
    """Show what is wrong with settings, a line each."""
    for problem in problems:
        errors.print(coloured(problem))


def _without(document: Document, kinds: frozenset[str]) -> Document:
    """The settings without the tables of broken plugins."""
    tables = dict(document.tables)
    for family in FAMILIES:
        if family in tables:
            tables[family] = {name: table for name, table in tables[family].items() if table.get("kind") not in kinds}
    return replace(document, tables=tables)
