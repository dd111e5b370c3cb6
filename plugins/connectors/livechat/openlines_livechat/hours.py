"""When the launcher shows, for channels that hide it outside hours."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openlines.api import Settings
from pydantic import Field, field_validator

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")


class Hours(Settings):
    """Half-open spans of local time. A span over midnight belongs to the day it starts on."""

    timezone: str = "UTC"
    open: tuple[str, ...] = ("09:00-18:30",)
    days: dict[Day, tuple[str, ...]] = Field(default_factory=dict)
    """Days that differ; an empty list is a closed day."""
    weekend: tuple[Day, ...] = ()
    """Days without any."""

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f'{name!r} is no time zone: write one such as "Europe/Rome"') from None
        return name

    @field_validator("open")
    @classmethod
    def _spans_are_spans(cls, spans: tuple[str, ...]) -> tuple[str, ...]:
        for span in spans:
            _minutes(span)
        return spans

    @field_validator("days")
    @classmethod
    def _days_have_spans(cls, days: dict[Day, tuple[str, ...]]) -> dict[Day, tuple[str, ...]]:
        for spans in days.values():
            for span in spans:
                _minutes(span)
        return days

    def contain(self, at: float) -> bool:
        """Whether `at` (seconds since the epoch) is within hours."""
        local = datetime.fromtimestamp(at, ZoneInfo(self.timezone))
        minute = local.hour * 60 + local.minute
        yesterday = local - timedelta(days=1)
        return any(start <= minute < end for start, end in self._of(local)) or any(
            minute < end - 1440 for _, end in self._of(yesterday)
        )

    def _of(self, day: datetime) -> list[tuple[int, int]]:
        name = DAYS[day.weekday()]
        return [] if name in self.weekend else [_minutes(span) for span in self.days.get(name, self.open)]


def _minutes(span: str) -> tuple[int, int]:
    """Start and end in minutes of the day; the end is past 1440 for a span over midnight."""
    found = _SPAN.fullmatch(span.strip())
    if not found:
        raise ValueError(f'{span!r} is no span of hours: write "09:00-18:30"')
    hour, minute, to_hour, to_minute = map(int, found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if start >= 1440 or end > 1440 or start == end:
        raise ValueError(f'{span!r} is no span of hours: write "09:00-18:30"')
    return start, end if end > start else end + 1440
