"""What a search costs in a large store, and what the index costs for each message.

    python benchmarks/search.py [--messages 1000000] [--asks 40] [--folder DIR]

Makes a store of generated conversations (words by Zipf's law, in Latin and Cyrillic, with marks; a file in each
twentieth message), lets the index catch up with them, and asks it: for an admin, who sees everything, and for an agent,
who sees one conversation in fifty. A page is 50 messages with their excerpts.
With `--folder` the store is kept, and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from openlines.domain.entries import Author, Message
from openlines.domain.messages import Content, File
from openlines.domain.people import Agent
from openlines.runtime.database import Database, migrate, open_engine
from openlines.runtime.drafts import conversation_row, entry_row
from openlines.runtime.records import Kept, Summary, partition_of, thread_id
from openlines.runtime.search import Search
from openlines.runtime.statements import Statements
from openlines.runtime.text_index import AT_ONCE
from report import percentile
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

START = 1_700_000_000.0
EACH = 20
"""Messages of a conversation."""
AGENTS = 50
LATIN = "aeiouäöüéábcdfghklmnprstvwz"
CYRILLIC = "аеиоуыэюяёбвгдйжзклмнпрстфхцчш"


class Language:
    """Words of which few are common and many are rare."""

    def __init__(self, chance: Random, words: int = 60_000) -> None:
        self._chance = chance
        self.words = [
            "".join(chance.choices(LATIN if n % 2 else CYRILLIC, k=chance.randint(2, 11))) for n in range(words)
        ]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(words)))

    def text(self) -> str:
        return " ".join(self._chance.choices(self.words, cum_weights=self._weights, k=self._chance.randint(3, 18)))

    def word(self, first: int, last: int) -> str:
        """A word of these ranks, the commonest being 0."""
        return self.words[self._chance.randint(first, last)]


def fill(engine: Engine, language: Language, chance: Random, messages: int) -> None:
    """Conversations that went on at the same time, as a hub would have kept them."""
    with engine.connect().execution_options(writes=True) as connection:
        put = Statements(engine.dialect)
        counts: dict[int, int] = {}
        for first in range(0, messages // EACH, 500):
            rows, summaries, whose = [], [], []
            for number in range(first + 1, first + 501):
                thread = thread_id("site", f"chat {number}")
                agent = f"agent{number % AGENTS}"
                at = START + number * 30
                partition = partition_of(thread)
                for n in range(EACH):
                    counts[partition] = counts.get(partition, 0) + 1
                    files = (File(name=f"{language.word(0, 999)} {number}.pdf"),) if not chance.randrange(20) else ()
                    content = Content(text=language.text(), files=files)
                    author = Author(kind="agent" if n % 2 else "customer", id=agent, name="Zoë")
                    entry = Message(conversation=number, id=n + 1, author=author, content=content)
                    rows.append(entry_row(Kept(partition, counts[partition], thread, at + 20 * n, entry), None))
                summary = Summary(
                    number=number, thread=thread, line=f"line{number % 7}", channel="site", customer_id=thread,
                    customer_name="Zoë", status="closed", responsible=agent, created_at=at, closed_at=at + 1000,
                )  # fmt: skip
                summaries.append(conversation_row(summary, at + 1000))
                whose.append({"agent": agent, "conversation": number})
            with connection.begin():
                put.add_entries(connection, rows)
                put.put_conversations(connection, summaries)
                put.put_involved(connection, whose)


async def take_in(search: Search, database: Database) -> tuple[int, float, float]:
    """Let the index catch up; passes, CPU seconds, and the longest time for which it held the store, in seconds."""
    passes, longest, began = 0, 0.0, time.process_time()
    more = True
    while more:
        start = time.perf_counter()
        more = await database.run(search.index.follow)
        longest = max(longest, time.perf_counter() - start)
        await database.checkpoint()  # beside the writer, as in the hub
        passes += 1
    return passes, time.process_time() - began, longest


def questions(language: Language, chance: Random, asks: int) -> Iterator[tuple[str, list[str]]]:
    def several(first: int, last: int, words: int = 1) -> list[str]:
        return [" ".join(language.word(first, last) for _ in range(words)) for _ in range(asks)]

    yield "a rare word", [f'"{words}"' for words in several(5_000, 50_000)]
    yield "a word", [f'"{words}"' for words in several(100, 2_000)]
    yield "a common word", [f'"{words}"' for words in several(0, 20)]
    yield "two words", several(20, 500, words=2)
    yield "two common words", several(0, 20, words=2)
    yield "three letters of a word", [words[:3] for words in several(0, 5_000)]
    yield "a phrase", [f'"{words}"' for words in several(0, 40, words=2)]
    yield "nothing like it", ["qqqq" + words for words in several(0, 50)]
    yield "a file", [f"{language.word(0, 999)} {chance.randrange(1_000)}" for _ in range(asks)]


async def measure(search: Search, language: Language, chance: Random, asks: int, console: Console) -> None:
    people = [Agent(id="admin", role="admin"), Agent(id="agent7")]
    table = Table(title="one page of 50, newest first: milliseconds")
    for column in ("asked for", *(f"{who.id} {what}" for who in people for what in ("p50", "p95", "max"))):
        table.add_column(column, justify="left" if column == "asked for" else "right")
    everything: dict[str, list[float]] = {who.id: [] for who in people}
    for kind, asked in questions(language, chance, asks):
        cells = [kind]
        for who in people:
            took = []
            for words in asked:
                start = time.perf_counter()
                await search.page(who, {}, words)
                took.append((time.perf_counter() - start) * 1000)
            everything[who.id] += took
            cells += [f"{percentile(took, 50):.1f}", f"{percentile(took, 95):.1f}", f"{max(took):.1f}"]
        table.add_row(*cells)
    cells = ["all of them"]
    for took in everything.values():
        cells += [f"{percentile(took, 50):.1f}", f"{percentile(took, 95):.1f}", f"{max(took):.1f}"]
    table.add_section()
    table.add_row(*cells)
    console.print(table)


async def main() -> None:
    arguments = argparse.ArgumentParser(description="What a search costs in a large store.")
    arguments.add_argument("--messages", type=int, default=1_000_000)
    arguments.add_argument("--asks", type=int, default=40, help="of each kind")
    arguments.add_argument("--folder", type=Path, help="keeps the store here, and uses the one that is there")
    options = arguments.parse_args()
    console = Console()
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "search.db"
        there = path.exists()
        engine = open_engine(f"sqlite:///{path}")
        chance = Random(7)
        language = Language(chance)
        if not there:
            migrate(engine)
            fill(engine, language, chance, options.messages)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        plain = path.stat().st_size
        database = Database(engine)
        search = Search(database)
        passes, cpu, longest = await take_in(search, database)
        if not there:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            grown = path.stat().st_size - plain
            console.print(
                f"{options.messages} messages taken in by {passes} transactions of {AT_ONCE}:"
                f" {cpu / options.messages * 1e6:.1f} µs of CPU and {grown / options.messages:.0f} bytes each;"
                f" the longest held the store for {longest * 1000:.0f} ms"
            )
        await measure(search, language, chance, options.asks, console)
        database.close()
    console.print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")


if __name__ == "__main__":
    asyncio.run(main())
