"""Working time: days that begin and end, breaks, leave calendars, and how a change of settings moves people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import argon2
import pytest
from openlines.domain.people import RIGHTS, ROLES, Agent, absence
from openlines.runtime.database import Database, open_engine
from openlines.runtime.leaves import Leave
from openlines.runtime.organisation import Organisation
from openlines.runtime.people import MOST_LEAVES, People, PeopleError
from openlines.runtime.tables import metadata
from openlines.testing.clock import VirtualClock

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HOUR, DAY = 3600.0, 86400.0
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()
ANNA = Agent(id="anna", email="anna@shop.example", departments=("sales",))
BORIS = Agent(id="boris", email="boris@shop.example", departments=("sales",))


@asynccontextmanager
async def office(
    folder: Path, *agents: Agent, zone: str = "UTC", clock: VirtualClock | None = None
) -> AsyncIterator[tuple[People, VirtualClock, list[str]]]:
    """People with a calendar that runs, and what was told about them."""
    clock = clock or VirtualClock(MONDAY)
    engine = open_engine(f"sqlite:///{folder / 'people.db'}")
    metadata.create_all(engine)
    database = Database(engine)
    people = People(database, clock, hasher=CHEAP)
    told: list[str] = []
    people.changed = lambda changed: told.extend(agent.id for agent in changed)
    await people.load(agents or (ANNA, BORIS), Organisation(timezone=zone))
    ringing = asyncio.create_task(people.calendar.run())
    await asyncio.sleep(0)
    try:
        yield people, clock, told
    finally:
        ringing.cancel()
        with suppress(asyncio.CancelledError):
            await ringing
        await people.close()
        database.close()


def away(people: People, agent: str = "anna") -> str:
    return absence(people.view[agent], people._clock.now(), check=True, presence_timeout=900)


# -- the day ----------------------------------------------------------------------------------------------------


async def test_time_counts_once_a_day_was_begun(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, told):
        people.connect("anna")
        await people.spend("anna", "break")
        assert away(people) == "", "never clocked in: nobody keeps their time"
        for state, why in (
            ("start_day", ""),
            ("break", "on a break"),
            ("resume", ""),
            ("end_day", "clocked out"),
            ("start_day", ""),
        ):
            told.clear()
            await people.spend("anna", state)
            assert away(people) == why, state
            assert told == ["anna"], "the desk hears of it at once"


async def test_the_day_outlives_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        await people.spend("anna", "start_day")
        await people.spend("anna", "break")
    async with office(tmp_path) as (people, _clock, _told):
        people.connect("anna")
        assert away(people) == "on a break"


async def test_a_new_day_ends_yesterdays_break(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        people.connect("anna")
        await people.spend("anna", "start_day")
        await people.spend("anna", "break")
        await people.spend("anna", "end_day")
        await people.spend("anna", "start_day")
        assert away(people) == ""


async def test_nobody_is_not_clocked_in(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        for state in ("start_day", "leave", "return"):
            with pytest.raises(PeopleError, match="nobody"):
                await people.spend("nobody", state)


# -- leave ------------------------------------------------------------------------------------------------------


async def test_a_leave_begins_and_ends_by_itself(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, clock, told):
        people.connect("anna")
        await people.take_leave("anna", date(2026, 11, 24), date(2026, 11, 25))
        assert away(people) == ""
        told.clear()
        await clock.advance(15 * HOUR - 1)
        assert (away(people), told) == ("", []), "one second before midnight"
        await clock.advance(1)
        assert (away(people), told) == ("on leave", ["anna"])
        await clock.advance(2 * DAY - 1)
        assert away(people) == "on leave"
        await clock.advance(1)
        assert (away(people), told) == ("", ["anna", "anna"])


async def test_days_are_those_of_the_servers_time_zone(tmp_path: Path) -> None:
    async with office(tmp_path, zone="Europe/Berlin") as (people, clock, _told):
        people.connect("anna")
        await people.take_leave("anna", date(2026, 11, 24), date(2026, 11, 24))
        await clock.advance(14 * HOUR)
        assert away(people) == "on leave", "it is midnight in Berlin"


async def test_a_day_of_changed_clocks_is_a_whole_day(tmp_path: Path) -> None:
    sunday = datetime(2026, 10, 25, 12, tzinfo=UTC).timestamp()
    async with office(tmp_path, zone="Europe/Berlin", clock=VirtualClock(sunday)) as (people, _clock, _told):
        leave = await people.take_leave("anna", date(2026, 10, 25), date(2026, 10, 25))
        assert leave.ends(people._zone) - leave.begins(people._zone) == 25 * HOUR


async def test_a_leave_without_an_end_lasts_until_they_return(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, clock, _told):
        people.connect("anna")
        await people.spend("anna", "leave")
        await people.spend("anna", "leave")
        assert len(people.leaves("anna")) == 1
        await clock.advance(400 * DAY)
        assert away(people) == "on leave"
        await people.spend("anna", "return")
        assert away(people) == ""
        [kept] = people.leaves("anna")
        assert kept.last == date(2027, 12, 27), "the day before"


async def test_who_returns_on_the_first_day_was_not_away(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        later = await people.take_leave("anna", date(2026, 12, 24))
        await people.spend("anna", "leave")
        await people.spend("anna", "return")
        assert people.leaves("anna") == (later,)


async def test_a_calendar_outlives_a_restart_even_over_its_dates(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        await people.take_leave("anna", date(2026, 12, 1), date(2026, 12, 3))
        await people.take_leave("boris", date(2026, 11, 24), date(2026, 11, 24))
    in_december = VirtualClock(MONDAY + 9 * DAY)
    async with office(tmp_path, clock=in_december) as (people, clock, _told):
        people.connect("anna")
        people.connect("boris")
        assert (away(people), away(people, "boris")) == ("on leave", "")
        await clock.advance(2 * DAY)
        assert away(people) == ""


async def test_a_leave_is_cancelled_and_one_that_overlaps_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        people.connect("anna")
        first = await people.take_leave("anna", date(2026, 11, 20), date(2026, 11, 24))
        other = await people.take_leave("anna", date(2026, 11, 23), date(2026, 11, 23))
        assert await people.cancel_leave("anna", first.id)
        assert away(people) == "on leave"
        assert await people.cancel_leave("anna", other.id)
        assert away(people) == ""
        assert not await people.cancel_leave("anna", other.id)
        assert people.find_leave(first.id) is None


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 12, 2), date(2026, 12, 1), "last"),
        (date(1990, 1, 1), None, "first"),
        (date(2026, 1, 1), date(9999, 12, 31), "first"),
    ],
)
async def test_impossible_days_are_refused(tmp_path: Path, first: date, last: date | None, field: str) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        with pytest.raises(PeopleError) as refused:
            await people.take_leave("anna", first, last)
        assert refused.value.field == field
        assert people.leaves("anna") == ()


async def test_a_calendar_is_bounded(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        day = date(2026, 12, 1)
        people._leaves["anna"] = tuple(Leave(str(n), "anna", day, day) for n in range(MOST_LEAVES))
        with pytest.raises(PeopleError, match="remove old ones"):
            await people.take_leave("anna", day)


# -- roles and departments --------------------------------------------------------------------------------------


async def test_a_new_role_holds_at_once_for_everybody_who_has_it(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, told):
        assert people.view["anna"].may("join") == "none"
        told.clear()
        roles = {**ROLES, "agent": {**dict.fromkeys(RIGHTS, "none"), "join": "department"}}
        await people.redeclare((ANNA, BORIS), Organisation(roles))
        assert people.view["anna"].may("join") == "department"
        assert people.view["anna"].team == {"anna", "boris"}
        assert sorted(told) == ["anna", "boris"]
        await people.redeclare((ANNA, BORIS), Organisation())
        assert (people.view["anna"].may("join"), people.view["anna"].team) == ("none", frozenset())


async def test_a_role_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    async with office(tmp_path, Agent(id="anna", role="clerk")) as (people, _clock, _told):
        assert all(people.view["anna"].may(right) == "none" for right in RIGHTS)


async def test_a_colleague_who_joins_the_department_is_seen_by_its_head_at_once(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, told):
        await people.redeclare((ANNA, BORIS), Organisation(heads={"sales": "anna"}))
        assert people.view["anna"].led == {"anna", "boris"}
        before = people.departments
        told.clear()
        await people.add(Agent(id="zoe", departments=("sales",)))
        assert people.view["anna"].led == {"anna", "boris", "zoe"}
        assert sorted(told) == ["anna", "zoe"]
        assert people.departments is not before
        assert people.departments == {"sales": ("anna", "boris", "zoe")}
        assert people.departments_of("anna") == {"sales"}


async def test_presence_leaves_the_departments_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        before = people.departments
        people.connect("anna")
        await people.spend("boris", "start_day")
        assert people.departments is before


async def test_a_change_of_name_keeps_what_they_may_reach(tmp_path: Path) -> None:
    async with office(tmp_path) as (people, _clock, _told):
        await people.add(Agent(id="zoe", role="clerk", departments=("sales",)))
        await people.redeclare((ANNA, BORIS), Organisation({**ROLES, "clerk": dict.fromkeys(RIGHTS, "department")}))
        await people.change(Agent(id="zoe", role="clerk", departments=("sales",), name="Zoë"))
        assert people.view["zoe"].team == {"anna", "boris", "zoe"}
