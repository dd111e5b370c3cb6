"""When a line works (2.2): within or outside its hours, and how much working time lies between two moments.

Hours are read on the clock on the wall: a day of 23 or 25 hours opens when it says so. A time that the clock leaves out
or shows twice is read as if it had not been set back or forward yet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from openlines.domain.policy import DAY, Hours

Cause = Literal["", "hours", "weekend", "holiday"]

FARTHEST = 400
"""Days that are looked ahead for working time; who works less than that often never does."""


def closed(hours: Hours, now: float) -> Cause:
    """Why the line does not work at this moment; "" = it does. What is both weekend and holiday is a holiday."""
    if not hours.enabled:
        return ""
    today = _local(hours, now).date()
    if any(start <= now < end for start, end in _spans(hours, today, days=1)):
        return ""
    if _holiday(hours, today):
        return "holiday"
    return "weekend" if today.weekday() in hours.weekend else "hours"


def worked(hours: Hours, start: float, end: float) -> float:
    """Seconds of working time from `start` to `end`."""
    if not hours.enabled:
        return max(0.0, end - start)
    days = math.ceil(max(0.0, end - start) / DAY) + 1
    spans = _spans(hours, _local(hours, start).date(), days)
    return sum(max(0.0, min(end, until) - max(start, since)) for since, until in spans)


def after_work(hours: Hours, start: float, seconds: float) -> float:
    """The moment after which more working time than that has passed since `start`; infinite if it never does."""
    if not hours.enabled:
        return start + seconds
    for since, until in _spans(hours, _local(hours, start).date(), FARTHEST):
        begun = max(start, since)
        if begun + seconds < until:
            return begun + seconds
        seconds -= max(0.0, until - begun)
    return math.inf


# -- inside -----------------------------------------------------------------------------------------------------


def _spans(hours: Hours, day: date, days: int) -> Iterator[tuple[float, float]]:
    """The spans that may touch so many days from `day` on, in order: the night before belongs to them."""
    zone = _zone(hours.timezone)
    for each in (day + timedelta(days=count) for count in range(-1, days)):
        if _holiday(hours, each):
            continue
        midnight = datetime(each.year, each.month, each.day, tzinfo=zone)
        for start, end in hours.days[each.weekday()]:
            # Added on the wall's clock: the sum of an aware time and minutes knows of no change of offset.
            yield (
                (midnight + timedelta(minutes=start)).timestamp(),
                (midnight + timedelta(minutes=end)).timestamp(),
            )


def _holiday(hours: Hours, day: date) -> bool:
    return (day.month, day.day) in hours.yearly_holidays or day.isoformat() in hours.holidays


def _local(hours: Hours, now: float) -> datetime:
    return datetime.fromtimestamp(now, _zone(hours.timezone))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
