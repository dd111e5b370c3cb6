"""Figures into words: a table for the terminal, a block for the docs."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

VERSIONS = ("openlines", "aiohttp", "msgspec", "sqlalchemy", "uvloop")


@dataclass
class Figures:
    """One side's rounds, in the order in which they were run."""

    cpu: list[float] = field(default_factory=list)
    """Microseconds of the server's CPU per message."""
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    """Milliseconds at half the rate."""
    p99: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    """Milliseconds that the generator was late with one message in a hundred."""
    memory: int = 0
    generator: float = 0.0
    """Its highest share of a core."""
    messages: int = 0


Named = tuple[str, str, Figures]
"""A side's name, what it keeps of a message, its figures."""


def table(sides: Sequence[Named], disk: float) -> Group:
    heads, *lines = rows(sides)
    shown = Table(*map(escape, heads))  # rich takes square brackets for markup
    for line in lines:
        shown.add_row(*map(escape, line))
    return Group(shown, Text(verdict(sides), style="bold"), *(Text(line) for line in circumstances(sides, disk)))


def markdown(sides: Sequence[Named], disk: float) -> str:
    heads, *lines = rows(sides)
    block = ["| " + " | ".join(line) + " |" for line in (heads, tuple("---" for _ in heads), *lines)]
    return "\n".join([*block, "", verdict(sides), "", *(f"- {line}" for line in circumstances(sides, disk))])


def rows(sides: Sequence[Named]) -> list[tuple[str, ...]]:
    """A column a side: medians, and from where to where the rounds went."""
    names, keeps, all_figures = zip(*sides, strict=True)
    return [
        ("median [lowest..highest]", *names),
        ("CPU µs a message", *(spread(of.cpu) for of in all_figures)),
        ("messages a second", *(spread(of.rates) for of in all_figures)),
        ("p50 ms at half load", *(spread(of.p50, digits=1) for of in all_figures)),
        ("p99 ms at half load", *(spread(of.p99, digits=1) for of in all_figures)),
        ("memory MiB", *(f"{of.memory / 2**20:.0f}" for of in all_figures)),
        ("load generator's core", *(f"{of.generator:.0%}" for of in all_figures)),
        ("keeps", *keeps),
    ]


def verdict(sides: Sequence[Named]) -> str:
    """The ratio, of each pair of rounds and their median: 1.0 = the second costs no more than the first."""
    (first, _, a), (second, _, b) = sides
    ratios = [one / other for one, other in zip(a.cpu, b.cpu, strict=True)]
    pairs = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"{first} / {second} by CPU per message: {statistics.median(ratios):.2f} (pairs: {pairs})"


def circumstances(sides: Sequence[Named], disk: float) -> list[str]:
    messages = sum(of.messages for _, _, of in sides)
    late = max(max(of.late) for _, _, of in sides)
    return [
        f"{messages} messages measured: all answered, none doubled, in order per chat",
        "32 messages in flight for the rate; latency at half of it, from the moment a message was due",
        f"the generator was late by up to {late:.1f} ms for 99 % of messages: part of the latency of both",
        "both get signed webhooks; the relay checks no signature, stores nothing, never retries",
        f"one core for the server, one for the load; fsync {disk:.0f} µs; load average {os.getloadavg()[0]:.1f}",
        ", ".join([f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *installed()]),
        f"{cpu_model()}, {platform.system()} {platform.release()}, {datetime.now(UTC):%Y-%m-%d}",
    ]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and from where to where."""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank; 0 of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)] if ranked else 0.0


def installed() -> list[str]:
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return found


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
