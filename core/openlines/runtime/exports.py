"""Exports: a whole filtered list as a spreadsheet, written row by row beside everything else, and kept for an hour."""

from __future__ import annotations

import asyncio
import csv
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import structlog
import xlsxwriter  # type: ignore[import-untyped]

from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.runtime.clock import Clock
from openlines.runtime.filters import Filters
from openlines.runtime.reader import Reader
from openlines.runtime.records import Summary

Format = Literal["xlsx", "csv"]
State = Literal["running", "ready", "failed"]
Cell = str | float | bool | datetime | None

AT_ONCE = 2
"""Exports written at a time: each keeps a thread busy that reads for everybody."""
KEPT_AT_MOST = 20
KEPT_FOR = 3600.0
"""Seconds after which a finished one is removed."""
ROWS = 1_000
"""Rows in memory."""

log = structlog.get_logger("openlines.exports")


class TooManyExports(Exception):
    """No more are begun now; some seconds or minutes later there is room again."""


@dataclass(eq=False)
class Export:
    """One export, under way or finished."""

    id: str
    agent: str
    format: Format
    path: Path
    created_at: float
    state: State = "running"
    done: int = 0
    total: int = 0
    """Rows, as counted at the start; known as soon as the first one is written."""
    expires_at: float = 0.0
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How the download is called."""
        return f"conversations-{datetime.fromtimestamp(self.created_at, UTC):%Y-%m-%d-%H%M}.{self.format}"


class Exports:
    """The exports of this process. `folder` is theirs alone: what an earlier process left there is removed."""

    def __init__(self, reader: Reader, folder: Path, clock: Clock) -> None:
        self._reader, self._folder, self._clock = reader, folder, clock
        self._known: dict[str, Export] = {}
        self._swept = False

    def start(self, agent: Agent, lines: Mapping[str, Line], filters: Filters, kind: Format) -> Export:
        """Begin an export of the conversations that the agent may see. Raises `TooManyExports`."""
        running = sum(each.state == "running" for each in self._known.values())
        if running >= AT_ONCE:
            raise TooManyExports(f"{running} exports are being written; wait until one of them is finished")
        if len(self._known) >= KEPT_AT_MOST:
            raise TooManyExports(f"{KEPT_AT_MOST} exports are kept already; each goes an hour after it was finished")
        now = self._clock.now()
        name = secrets.token_urlsafe(16)
        export = Export(name, agent.id, kind, self._folder / f"{name}.{kind}", now)
        # What begins later does not belong to it, or a busy hub's export would never end.
        until = min(now + 0.001, filters.created_to if filters.created_to is not None else now + 0.001)
        self._known[name] = export
        export.task = asyncio.get_running_loop().create_task(
            self._see_through(export, agent, lines, replace(filters, created_to=until))
        )
        return export

    def find(self, name: str, agent: Agent) -> Export | None:
        """An export of this agent's."""
        export = self._known.get(name)
        return export if export is not None and export.agent == agent.id else None

    async def close(self) -> None:
        """Give up what is under way, and remove everything."""
        tasks = [export.task for export in self._known.values() if export.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _see_through(self, export: Export, agent: Agent, lines: Mapping[str, Line], filters: Filters) -> None:
        try:
            try:
                await self._write(export, agent, lines, filters)
                export.state = "ready"
                log.info("export_finished", agent=agent.id, rows=export.done)
            except Exception:
                export.state = "failed"
                log.exception("export_failed", agent=agent.id, rows=export.done)
                export.path.unlink(missing_ok=True)
            export.expires_at = self._clock.now() + KEPT_FOR
            await self._clock.sleep(KEPT_FOR)
        finally:
            del self._known[export.id]
            export.path.unlink(missing_ok=True)

    async def _write(self, export: Export, agent: Agent, lines: Mapping[str, Line], filters: Filters) -> None:
        await asyncio.to_thread(self._prepare)
        export.total = await self._reader.total(agent, lines, filters)
        sheet = await asyncio.to_thread(_SHEETS[export.format], export.path)
        try:
            await asyncio.to_thread(sheet.add, [[name for name, _ in COLUMNS]])
            after = 0
            while found := await self._reader.each(agent, lines, filters, after=after, limit=ROWS):
                await asyncio.to_thread(sheet.add, [[cell(each) for _, cell in COLUMNS] for each in found])
                after = found[-1].number
                export.done += len(found)
                export.total = max(export.total, export.done)
        finally:
            await asyncio.shield(asyncio.to_thread(sheet.close))
        export.total = export.done  # some may have been lost to the agent since they were counted

    def _prepare(self) -> None:
        if not self._swept:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._swept = True
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)


# -- what is written --------------------------------------------------------------------------------------------


def _time(at: float) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at > 0 else None


def _seconds(name: str) -> tuple[str, Callable[[Summary], Cell]]:
    return name, lambda summary: getattr(summary, name) or None


COLUMNS: Sequence[tuple[str, Callable[[Summary], Cell]]] = (
    ("number", lambda summary: summary.number),
    ("created_at", lambda summary: _time(summary.created_at)),
    ("accepted_at", lambda summary: _time(summary.accepted_at)),
    ("finished_at", lambda summary: _time(summary.finished_at)),
    ("closed_at", lambda summary: _time(summary.closed_at)),
    ("line", lambda summary: summary.line),
    ("channel", lambda summary: summary.channel),
    ("customer_name", lambda summary: summary.customer_name),
    ("status", lambda summary: summary.status),
    ("responsible", lambda summary: summary.responsible),
    ("participants", lambda summary: ", ".join(summary.participants)),
    ("closed_by", lambda summary: summary.closed_by),
    ("solved", lambda summary: summary.solved if summary.finished_at else None),
    ("rating", lambda summary: summary.rating),
    ("supervisor_rating", lambda summary: summary.supervisor_rating or None),
    ("pinned", lambda summary: summary.pinned),
    ("unanswered", lambda summary: summary.unanswered),
    ("late", lambda summary: summary.late),
    _seconds("first_response"),
    _seconds("total_response"),
    _seconds("average_response"),
    _seconds("longest_response"),
)
"""The columns, named as the API names them. Times are in UTC."""


class Sheet(Protocol):
    """A file that rows are added to. Works in a thread."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> None: ...
    def close(self) -> None: ...


class Csv:
    """Comma-separated, in UTF-8 with the mark by which Excel tells it."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", newline="", encoding="utf-8-sig", errors="replace")
        self._writer = csv.writer(self._stream)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._writer.writerows([_plain(cell) for cell in row] for row in rows)

    def close(self) -> None:
        self._stream.close()


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is run as a formula by spreadsheets (OWASP, CSV injection), wherever its text came from."""


def _plain(cell: Cell) -> str | float:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return f"{cell:%Y-%m-%dT%H:%M:%SZ}"
        case str():
            return f"'{cell}" if cell.startswith(FORMULA) else cell
        case _:
            return cell


class Xlsx:
    """An Excel workbook. Rows go to disk as they come; a sheet that is full is followed by another."""

    LAST_ROW = 1_048_576
    LONGEST = 32_767
    """Characters of a cell: Excel takes no more."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._bold = self._book.add_format({"bold": True})
        self._head: Sequence[Cell] = ()
        self._row = self.LAST_ROW

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            if not self._head:
                self._head = row
                self._begin()
                continue
            if self._row == self.LAST_ROW:
                self._begin()
            self._put(row)

    def close(self) -> None:
        self._book.close()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_row(0, None, self._bold)
        self._row = 0
        self._put(self._head)

    def _put(self, row: Sequence[Cell]) -> None:
        sheet, at = self._sheet, self._row
        for column, cell in enumerate(row):
            match cell:  # never `write`, which takes a text that begins with = for a formula
                case None | "":
                    continue
                case bool():
                    sheet.write_boolean(at, column, cell)
                case datetime():
                    sheet.write_datetime(at, column, cell.replace(tzinfo=None), self._time)
                case str():
                    sheet.write_string(at, column, cell.encode("utf-8", "replace").decode()[: self.LONGEST])
                case _:
                    sheet.write_number(at, column, cell)
        self._row += 1


_SHEETS: Mapping[Format, Callable[[Path], Sheet]] = {"csv": Csv, "xlsx": Xlsx}
