"""The journal of what staff did: who, when, what, to what. It says that something was written, never what.

What is asked of threads is noted by the step, in the transaction that decides it; everything else by the web layer and
the command line. Rows are only added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from openlines.domain.events import Request
from openlines.domain.rights import ACTIONS
from openlines.domain.turn import Answered
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.tables import audit

COMMAND_LINE = "(command line)"
"""Who did what was done by `openlines agent`: no agent's id looks like it."""

_NAMES: Mapping[type[Any], str] = {asked: name for name, asked in ACTIONS.items()}
_TELLING = ("to", "agent", "on", "solved", "confirmed", "score", "message", "mentions")
"""What of a request the journal tells: ids, numbers and switches. Texts are none of its business."""


class Noted(Struct, frozen=True):
    """One thing that somebody did."""

    id: int
    at: float
    who: str
    what: str
    target: str
    detail: Mapping[str, Any]


class Audit:
    """Writes and reads the journal for whoever is not the writer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def note(self, who: str, what: str, target: str = "", detail: Mapping[str, Any] | None = None) -> None:
        """Somebody did something."""
        row = row_of(self._clock.now(), who, what, target, detail or {})
        await self._database.run(lambda connection: connection.execute(insert(audit), row))

    async def page(
        self, *, who: str = "", what: str = "", target: str = "", before: int = 0, limit: int = 50
    ) -> list[Noted]:
        """The latest first; `before` an entry's id."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        for column, wanted in ((audit.c.who, who), (audit.c.what, what), (audit.c.target, target)):
            query = query.where(column == wanted) if wanted else query
        query = query.where(audit.c.id < before) if before else query

        def work(connection: Connection) -> list[Noted]:
            return [
                Noted(row.id, row.at, row.who, row.what, row.target, json.loads(row.detail))
                for row in connection.execute(query)
            ]

        return await self._database.read(work)


def row_of(at: float, who: str, what: str, target: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table."""
    return {"at": at, "who": who, "what": what, "target": target, "detail": json.dumps(detail, ensure_ascii=False)}


def request_row(request: Request, thread: str, answered: Answered | None, at: float) -> dict[str, Any]:
    """The row of a request that a thread has decided, or has passed on to the desk (`answered` is None)."""
    number = request.conversation or (answered.conversation if answered else 0)
    detail: dict[str, Any] = {"thread": thread}
    for name in _TELLING:
        if value := getattr(request, name, None):
            detail[name] = list(value) if isinstance(value, tuple) else value
        elif value is False:
            detail[name] = value
    if answered is not None and answered.message is not None:
        detail["message"] = answered.message
    if answered is not None and answered.code:
        detail["refused"] = answered.code
    return row_of(at, request.by, name_of(type(request)), f"conversation:{number}", detail)


def name_of(asked: type[Request]) -> str:
    """As the API calls it."""
    return _NAMES.get(asked) or re.sub(r"(?<!^)(?=[A-Z])", "_", asked.__name__).lower()
