"""The statements of the hot step: built and compiled once for each connection, run with many rows.

Building and compiling an upsert costs SQLAlchemy more than SQLite needs to run it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Insert, Table, bindparam, insert, select
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


class Look:
    """Select `columns` of the rows whose `key` is one of the values.

    The list of an `IN` makes a statement of its own for each length; so lengths are rounded up to powers of two.
    """

    def __init__(self, columns: Sequence[ColumnElement[Any]], key: ColumnElement[Any], dialect: Dialect) -> None:
        self._columns, self._key, self._dialect = columns, key, dialect
        self._lock = dialect.name != "sqlite"  # SQLite holds the lock of the whole file already
        self._known: dict[int, tuple[str, list[str]]] = {}

    def __call__(self, connection: Connection, values: Collection[Any], *, lock: bool = False) -> Sequence[Any]:
        if not values:
            return ()
        length = 1 << (len(values) - 1).bit_length()
        if length not in self._known:
            self._known[length] = self._written(length, lock=lock and self._lock)
        sql, names = self._known[length]
        padded = chain(values, repeat(next(iter(values))))
        return connection.exec_driver_sql(sql, dict(zip(names, padded, strict=False))).all()

    def _written(self, length: int, *, lock: bool) -> tuple[str, list[str]]:
        names = [f"v{place}" for place in range(length)]
        query = select(*self._columns).where(self._key.in_([bindparam(name) for name in names]))
        return str((query.with_for_update() if lock else query).compile(dialect=self._dialect)), names


@lru_cache(maxsize=8)
def statements(dialect: Dialect) -> Statements:
    """All that a step says to the store: made once for each engine, whose dialect is its own."""
    return Statements(dialect)


class Statements:
    """See `statements`."""

    def __init__(self, dialect: Dialect) -> None:
        partitions, threads, entries = tables.partitions.c, tables.threads.c, tables.entries.c
        requests, clocks = tables.requests.c, tables.agent_lines.c
        self.epochs = Look((partitions.partition, partitions.epoch), partitions.partition, dialect)
        self.threads = Look((threads.state,), threads.id, dialect)
        self.facts = Look((entries.fact, entries.kind, entries.body), entries.fact, dialect)
        self.requests = Look((requests.id, requests.result), requests.id, dialect)
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
