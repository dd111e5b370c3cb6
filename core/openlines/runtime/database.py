"""The database: one engine, opened as durability asks for, brought up to date by Alembic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

T = TypeVar("T")

WAL_PAGES = 16_384
"""Pages at which the writer itself empties the log of SQLite (64 MB); before, a thread of its own does, see below."""
READERS = 3
"""Threads that read for the web; the writer has its own."""


def open_engine(url: str) -> Engine:
    """An engine on SQLite (WAL, every commit on disk before it is acknowledged) or another database."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    # Named parameters, so that rows are the same mappings as on other databases.
    engine = create_engine(url, paramstyle="named", connect_args={"timeout": 10, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: an upgrade in its middle could only fail.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the schema up to date, or up to a revision."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, to)


def in_folder(folder: Path) -> str:
    """The address of the default store."""
    return f"sqlite:///{folder / 'openlines.db'}"


def describe(url: str) -> str:
    """The address without its password."""
    return make_url(url).render_as_string(hide_password=True)


class Database:
    """Short transactions for whoever is not the writer: reads of the web, sign-in, plugins' own tables."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="openlines-db")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one writing transaction in a thread."""
        return await self._submit(work, writes=True)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one reading transaction in a thread."""
        return await self._submit(work, writes=False)

    async def checkpoint(self) -> None:
        """Move what SQLite's log holds into the database, beside the writer and without holding it up."""
        if self.engine.dialect.name == "sqlite":
            await asyncio.get_running_loop().run_in_executor(self._threads, self._empty_log)

    def _empty_log(self) -> None:
        with self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is not None:  # below SQLAlchemy, which would begin a transaction
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self.engine.dispose()

    async def _submit(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        def transaction() -> T:
            with self.engine.connect().execution_options(writes=writes) as connection, connection.begin():
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)
