"""A scenario's outcome for people: what happened when, and where it was not what was expected."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from openlines.rehearsal.theatre import Line, Outcome

MARKS = {"done": ("▸", "bold"), "told": ("·", "dim"), "unmet": ("✗", "bold red")}


def tell(outcome: Outcome, console: Console) -> None:
    """Print a scenario: its title, and line by line what happened."""
    mark, style = ("✓", "green") if outcome.passed else ("✗", "bold red")
    console.print(Text(f"{mark} {outcome.title}", style), Text(f"  {outcome.path}", "dim"), sep="", soft_wrap=True)
    before = ""
    for line in outcome.timeline:
        at = moment(line.at)
        console.print(*_written(line, outcome.path, "" if at == before else at), sep="\n", soft_wrap=True)
        before = at
    console.print()


def closing(passed: int, failed: int) -> str:
    return f"{passed} passed, {failed} failed"


def moment(seconds: float) -> str:
    """Time since the start, as on a stopwatch: 0:05, 1:00:00, 2d 03:00:00."""
    whole, part = divmod(round(seconds, 3), 1)
    minutes, rest = divmod(int(whole), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f"{part:.3f}".rstrip("0")[1:] if part else ""
    clock = f"{minutes}:{rest:02d}" if not (hours or days) else f"{hours:02d}:{minutes:02d}:{rest:02d}"
    return f"{f'{days}d ' if days else ''}{clock}{fraction}"


def _written(line: Line, path: str, at: str) -> Iterable[Text]:
    mark, style = MARKS[line.kind]
    yield Text.assemble((f"  {at:>12}  ", "dim"), (f"{mark} {line.text}", style))
    if line.kind == "unmet":
        blank = " " * 18
        yield Text.assemble(blank, ("expected  ", "dim"), (line.expected, "green"))
        yield Text.assemble(blank, ("got       ", "dim"), (line.got, "red"))
        if line.place:
            yield Text.assemble(blank, (f"at        {path}:{line.place}", "dim"))
