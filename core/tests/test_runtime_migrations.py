"""The migrations build exactly the tables that the code uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from openlines.runtime.database import migrate, open_engine
from openlines.runtime.tables import metadata
from sqlalchemy import Connection, Engine, create_engine, inspect


def kept_for_search(connection: Connection) -> set[str]:
    """Full-text indexes are tables of SQLite's own, beside what SQLAlchemy describes."""
    rows = connection.exec_driver_sql("PRAGMA table_list").mappings()
    return {row["name"] for row in rows if row["type"] in ("virtual", "shadow")}


def shape(engine: Engine) -> dict[str, Any]:
    """What a database has, in whatever order its columns were added; with what alembic does not compare on SQLite."""
    look = inspect(engine)
    with engine.connect() as connection:
        without_rowid = {row["name"]: row["wr"] for row in connection.exec_driver_sql("PRAGMA table_list").mappings()}
        listed = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
        indexes = {row.name: row.sql for row in listed}
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)),
            look.get_pk_constraint(table)["constrained_columns"],
            sorted((str(key["referred_table"]), key["constrained_columns"]) for key in look.get_foreign_keys(table)),
            sorted(unique["column_names"] for unique in look.get_unique_constraints(table)),
            {index["name"]: indexes.get(str(index["name"])) for index in look.get_indexes(table)},
            bool(without_rowid[table]),
        )
        for table in metadata.tables
    }


def test_an_empty_store_that_is_brought_up_to_date_is_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    with engine.connect() as connection:
        search = kept_for_search(connection)

        def ours(_object: Any, name: str | None, type_: str, _reflected: bool, _compared: Any) -> bool:
            return type_ != "table" or name not in search

        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, metadata) == [], "alembic would write another migration"
    straight = create_engine(f"sqlite:///{tmp_path / 'straight.db'}")
    metadata.create_all(straight)
    assert shape(engine) == shape(straight)
    engine.dispose()
    straight.dispose()


def test_bringing_it_up_to_date_again_changes_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    before = shape(engine)
    migrate(engine)
    assert shape(engine) == before
    engine.dispose()
