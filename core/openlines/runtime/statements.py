"""The statements of the hot step: built once for each connection, written as SQL once, run with many rows.

Building and compiling an upsert costs SQLAlchemy more than SQLite needs to run it; what stays dynamic (the lists of
`IN`) goes through its own cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from openlines.runtime import tables

Rows = Sequence[Mapping[str, Any]]


class Put:
    """Insert rows, or change the `changing` columns (all, unless told) of those that are there."""

    def __init__(self, table: Table, dialect: Dialect, changing: Sequence[str] | None = None) -> None:
        keys = [column.name for column in table.primary_key]
        changed = [column.name for column in table.c if column.name not in keys] if changing is None else changing
        upsert = (upsert_sqlite if dialect.name == "sqlite" else upsert_postgresql)(table)
        values = upsert.values({column.name: bindparam(column.name) for column in table.c})
        statement: Insert
        if changed:
            statement = values.on_conflict_do_update(
                index_elements=keys, set_={name: upsert.excluded[name] for name in changed}
            )
        else:
            statement = values.on_conflict_do_nothing(index_elements=keys)
        self._sql = str(statement.compile(dialect=dialect))

    def __call__(self, connection: Connection, rows: Rows) -> None:
        if rows:
            connection.exec_driver_sql(self._sql, list(rows))


class Add:
    """Insert rows that are not there yet."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        values = insert(table).values({column.name: bindparam(column.name) for column in table.c})
        self._sql = str(values.compile(dialect=dialect))

    def __call__(self, connection: Connection, rows: Rows) -> None:
        if rows:
            connection.exec_driver_sql(self._sql, list(rows))


class Statements:
    """All that a step says to the store."""

    def __init__(self, dialect: Dialect) -> None:
        partitions = tables.partitions.c
        fence = select(partitions.partition, partitions.epoch).where(
            partitions.partition.in_(bindparam("owned", expanding=True))
        )
        # SQLite holds the lock of the whole file already.
        self.fence = fence if dialect.name == "sqlite" else fence.with_for_update()
        self.threads = select(tables.threads.c.state).where(tables.threads.c.id.in_(bindparam("ids", expanding=True)))
        entries = tables.entries.c
        self.facts = select(entries.fact, entries.kind, entries.body).where(
            entries.fact.in_(bindparam("facts", expanding=True))
        )
        requests = tables.requests.c
        self.requests = select(requests.id, requests.result).where(requests.id.in_(bindparam("asked", expanding=True)))
        clocks = tables.agent_lines.c
        self.clock = select(tables.agent_lines).where(
            clocks.line == bindparam("line"), clocks.agent == bindparam("agent")
        )
        self.put_threads = Put(tables.threads, dialect)
        self.put_conversations = Put(tables.conversations, dialect)
        self.put_involved = Put(tables.involved, dialect)
        self.put_customers = Put(tables.customers, dialect, changing=("profile",))
        self.put_identities = Put(tables.identities, dialect, changing=())
        self.put_clocks = Put(tables.agent_lines, dialect)
        self.put_records = Put(tables.crm_records, dialect, changing=())
        self.add_entries = Add(tables.entries, dialect)
        self.add_requests = Add(tables.requests, dialect)
