"""The store of rehearsals: one SQLite database in memory per process, empty again for each."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from openlines.runtime.database import migrate
from openlines.runtime.ownership import Owned, take_all


class MemoryStore:
    """Making tables takes longer than most rehearsals, so it is done once, and copied.

    One connection serves all: whoever uses it ends their transaction before they let go of the loop.
    """

    def __init__(self) -> None:
        live = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        live.execute("PRAGMA foreign_keys=ON")
        self.engine = create_engine("sqlite://", creator=lambda: live, poolclass=StaticPool, paramstyle="named")
        event.listen(self.engine, "begin", _begin)
        migrate(self.engine)
        with self.engine.begin() as connection:
            self._owned = take_all(connection)
        self._live = live
        self._empty = sqlite3.connect(":memory:", check_same_thread=False)
        live.backup(self._empty)

    def emptied(self) -> Owned:
        """Forget everything. Returns what a hub that starts on it owns."""
        self._empty.backup(self._live)
        owned = self._owned
        return Owned(owned.node, dict(owned.epochs), dict(owned.counts))

    def close(self) -> None:
        self.engine.dispose()
        self._live.close()
        self._empty.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")  # the driver would leave reads outside
