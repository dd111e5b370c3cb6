"""Leave calendars: on which days agents are away. Days are whole, and begin at midnight of the server's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from openlines.runtime.tables import leaves

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
"""Between these every midnight is a moment that clocks can name."""


class Leave(Struct, frozen=True):
    """Some days off, the last one included."""

    id: str
    agent: str
    first: date
    last: date | None = None
    """None = until they return."""

    def begins(self, zone: ZoneInfo) -> float:
        return _midnight(self.first, zone)

    def ends(self, zone: ZoneInfo) -> float:
        return inf if self.last is None else _midnight(self.last + timedelta(days=1), zone)

    def holds(self, now: float, zone: ZoneInfo) -> bool:
        return self.begins(zone) <= now < self.ends(zone)


def on_leave(found: Iterable[Leave], now: float, zone: ZoneInfo) -> bool:
    """Whether one of these is now."""
    return any(leave.holds(now, zone) for leave in found)


def next_turn(found: Iterable[Leave], now: float, zone: ZoneInfo) -> float:
    """The next moment at which one of these begins or ends; 0 = none."""
    moments = (at for leave in found for at in (leave.begins(zone), leave.ends(zone)))
    return min((at for at in moments if now < at < inf), default=0.0)


def today(now: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(now, zone).date()


def returned(found: Iterable[Leave], now: float, zone: ZoneInfo) -> tuple[list[Leave], list[Leave]]:
    """They are back early: the leaves of now that go, and those that ended yesterday instead."""
    gone, shorter = [], []
    for leave in found:
        if leave.holds(now, zone):
            if leave.first == (day := today(now, zone)):
                gone.append(leave)
            else:
                shorter.append(Leave(leave.id, leave.agent, leave.first, day - timedelta(days=1)))
    return gone, shorter


# -- the table --------------------------------------------------------------------------------------------------


def read(connection: Connection) -> dict[str, tuple[Leave, ...]]:
    """All leaves by agent, in order of time."""
    found: dict[str, tuple[Leave, ...]] = {}
    for row in connection.execute(select(leaves).order_by(leaves.c.first, leaves.c.id)):
        last = date.fromisoformat(row.last) if row.last else None
        leave = Leave(row.id, row.agent, date.fromisoformat(row.first), last)
        found[row.agent] = (*found.get(row.agent, ()), leave)
    return found


def write(
    connection: Connection, *, new: Sequence[Leave] = (), gone: Sequence[Leave] = (), shorter: Sequence[Leave] = ()
) -> None:
    for leave in new:
        row = {"id": leave.id, "agent": leave.agent, "first": leave.first.isoformat(), "last": _written(leave)}
        connection.execute(insert(leaves), row)
    for leave in shorter:
        connection.execute(update(leaves).where(leaves.c.id == leave.id).values(last=_written(leave)))
    if gone:
        connection.execute(delete(leaves).where(leaves.c.id.in_([leave.id for leave in gone])))


def _written(leave: Leave) -> str:
    return leave.last.isoformat() if leave.last else ""


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
