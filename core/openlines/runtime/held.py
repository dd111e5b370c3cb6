"""What came while a line was switched off, or for a channel without one: a list per line, newest first."""

from __future__ import annotations

from sqlalchemy import Connection, literal_column, select

from openlines.domain.entries import Held
from openlines.runtime.database import Database
from openlines.runtime.drafts import decode_entry
from openlines.runtime.records import Kept
from openlines.runtime.tables import entries

BATCH = 200


async def held(database: Database, line: str, *, before: float = 0.0, limit: int = 50) -> list[Kept]:
    """A page of the line's held messages; `before` is the time of the last one of the page before. "" = no line."""
    # Spelt out, since SQLite uses a partial index only for a condition that it can read.
    newest = select(entries).where(literal_column("kind") == literal_column("'Held'")).order_by(entries.c.at.desc())

    def work(connection: Connection) -> list[Kept]:
        found: list[Kept] = []
        query = newest.where(entries.c.at < before) if before else newest
        for row in connection.execution_options(yield_per=BATCH).execute(query):
            entry = decode_entry(row.body)
            if isinstance(entry, Held) and entry.line == line:
                found.append(Kept(partition=row.partition, n=row.n, thread=row.thread, at=row.at, entry=entry))
                if len(found) == limit:
                    break
        return found

    return await database.read(work)
