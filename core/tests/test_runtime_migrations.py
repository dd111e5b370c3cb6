"""The migrations build exactly the tables that the code uses."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from openlines.runtime.database import migrate, open_engine
from openlines.runtime.tables import metadata
from sqlalchemy import Engine, MetaData, create_engine, inspect


def shape(engine: Engine) -> dict[str, object]:
    """What a database has: what alembic compares, and what it leaves out for SQLite (partial indexes)."""
    look = inspect(engine)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)],
            look.get_pk_constraint(table),
            sorted((str(index["name"]), index["column_names"], index["unique"]) for index in look.get_indexes(table)),
            sorted(str(look.get_unique_constraints(table)).split()),
        )
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def test_an_empty_store_that_is_brought_up_to_date_is_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    straight = create_engine(f"sqlite:///{tmp_path / 'straight.db'}")
    metadata.create_all(straight)
    assert shape(engine) == shape(straight)
    with engine.connect() as migrated, straight.connect() as made:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        assert list(migrated.exec_driver_sql(query)) == list(made.exec_driver_sql(query)), "partial indexes too"
    engine.dispose()
    straight.dispose()


def test_bringing_it_up_to_date_again_changes_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    before = shape(engine)
    migrate(engine)
    assert shape(engine) == before
    reflected = MetaData()
    reflected.reflect(engine)
    assert set(reflected.tables) == {*metadata.tables, "alembic_version"}
    engine.dispose()
