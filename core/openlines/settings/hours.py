"""`[lines.<id>.hours]`: when a line works."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from openlines.settings.values import Country, Many, Table, Wrong, Zone

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
"""Minutes."""


def minutes(span: str) -> tuple[int, int]:
    """Start and end of `"HH:MM-HH:MM"` in minutes from the day's midnight; over midnight the end is above 24 h."""
    match = re.fullmatch(r"\s*([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})\s*", span)
    if match is None:
        raise Wrong("is no span of hours", '"HH:MM-HH:MM" as in "09:00-18:30"')
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if int(match[2]) > 59 or int(match[4]) > 59 or start >= DAY or end > DAY:
        raise Wrong("is no time of day", "00:00 to 23:59, or 24:00 as an end")
    if start == end:
        raise Wrong("begins and ends at the same time", '"00:00-24:00" for the whole day, [] for closed')
    return start, end if end > start else end + DAY


def _span(span: str) -> str:
    minutes(span)
    return span.strip()


def _apart(spans: tuple[str, ...]) -> tuple[str, ...]:
    """Spans of one day must not overlap, in whatever order they are written."""
    order = sorted(range(len(spans)), key=lambda index: minutes(spans[index]))
    for earlier, later in itertools.pairwise(order):
        if minutes(spans[later])[0] < minutes(spans[earlier])[1]:
            raise Wrong(
                f"overlaps {spans[earlier]}", "spans that do not overlap; one may begin where another ends", at=(later,)
            )
    return spans


Spans = Annotated[Many[Annotated[str, AfterValidator(_span)]], AfterValidator(_apart)]


def _holidays(value: object) -> tuple[str, ...]:
    """Holidays in one form: `DD.MM` for every year, an ISO date for once."""
    match value:
        case str():
            return tuple(_holiday(each.strip(), (), name=True) for each in value.split(",") if each.strip())
        case list() | tuple():
            return tuple(_holiday(each, (index,)) for index, each in enumerate(value))
        case _:
            raise Wrong("is no list of days", HOLIDAYS)


HOLIDAYS = '"DD.MM" for every year or "YYYY-MM-DD" for once, as in ["25.12", "2027-03-29"] or "25.12, 1.1"'


def _holiday(value: object, at: tuple[int, ...], *, name: bool = False) -> str:
    """One day; `name` it in a refusal where it is one of several in a text."""
    shown = f"{value} is" if name else "is"
    if isinstance(value, date):  # TOML's own dates, unquoted
        return value.isoformat()[:10]
    text = value.strip() if isinstance(value, str) else ""
    if match := re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})", text):
        day, month = int(match[1]), int(match[2])
        if not _real(2024, month, day):  # a leap year: 29.02 is a day, though not in every year
            raise Wrong(f"{shown} no real day", HOLIDAYS, at=at)
        return f"{day:02}.{month:02}"
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text):
        if not _real(int(match[1]), int(match[2]), int(match[3])):
            raise Wrong(f"{shown} no real day", HOLIDAYS, at=at)
        return match[0]
    raise Wrong(f"{shown} no day", HOLIDAYS, at=at)


def _real(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


Holidays = Annotated[tuple[str, ...], BeforeValidator(_holidays, json_schema_input_type=list[str] | str)]


class Days(Table):
    """Hours of single weekdays, instead of `open`; [] = closed."""

    mon: Spans | None = None
    tue: Spans | None = None
    wed: Spans | None = None
    thu: Spans | None = None
    fri: Spans | None = None
    sat: Spans | None = None
    sun: Spans | None = None


class Hours(Table):
    """Working hours. Outside them nothing stops: the off-hours text goes out, everything else runs."""

    enabled: bool = True
    """False: always working time. Without the table: always working time too."""
    timezone: Zone | None = None
    """IANA time zone; the server's unless given."""
    open: Spans = ("09:00-18:30",)
    """Spans of every day, "HH:MM-HH:MM"; one over midnight belongs to the day it starts."""
    days: Days = Days()
    weekend: Many[Weekday] = ()
    """Weekdays without hours; they may have an off-hours text of their own."""
    holidays: Holidays = ()
    """Days without hours: "DD.MM" every year, "YYYY-MM-DD" once."""
    holiday_country: Country = ""
    """ISO 3166 code: this country's public holidays have no hours."""

    def spans(self, day: Weekday) -> tuple[tuple[int, int], ...]:
        """The hours of a weekday in minutes, in order; none at the weekend."""
        if day in self.weekend:
            return ()
        own: Sequence[str] | None = getattr(self.days, day)
        return tuple(sorted(minutes(span) for span in (self.open if own is None else own)))

    @model_validator(mode="after")
    def _nights_stay_apart(self) -> Hours:
        """A span over midnight must end before the next day's first begins."""
        for index, day in enumerate(WEEK):
            following = WEEK[(index + 1) % 7]
            tonight, tomorrow = self.spans(day), self.spans(following)
            if tonight and tomorrow and tonight[-1][1] - DAY > tomorrow[0][0]:
                raise Wrong(
                    f"run past midnight on {day} into the hours of {following}",
                    "spans that do not overlap; one may begin where another ends",
                    at=("days", day) if getattr(self.days, day) is not None else ("open",),
                )
        return self
