"""Agents: where they come from, whether they are there, whose password it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import argon2
import pytest
from openlines.domain.people import Agent, absence
from openlines.runtime.database import Database, open_engine
from openlines.runtime.people import GRACE, NOTICE_SEEN_AFTER, SAVE_EVERY, People, PeopleError, declared
from openlines.runtime.tables import metadata
from openlines.settings.models import Agent as AgentTable
from openlines.settings.models import Settings
from openlines.testing.clock import VirtualClock

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANNA = Agent(id="anna", name="Anna", email="anna@shop.example")
BORIS = Agent(id="boris", name="Boris", email="boris@shop.example")
MINUTE = 60.0


class Office:
    """The same store, started and stopped as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.told: list[str] = []
        self._url = f"sqlite:///{folder / 'people.db'}"
        metadata.create_all(open_engine(self._url))

    @asynccontextmanager
    async def open(self, *agents: Agent, hasher: argon2.PasswordHasher = CHEAP) -> AsyncIterator[People]:
        async with self._started(agents, hasher) as people:
            yield people
            await people.save()

    @asynccontextmanager
    async def crashing(self, *agents: Agent) -> AsyncIterator[People]:
        """Ends without a word."""
        async with self._started(agents, CHEAP) as people:
            yield people

    @asynccontextmanager
    async def _started(self, agents: Iterable[Agent], hasher: argon2.PasswordHasher) -> AsyncIterator[People]:
        database = Database(open_engine(self._url))
        people = People(database, self.clock, hasher=hasher)
        people.changed = lambda changed: self.told.extend(agent.id for agent in changed)
        await people.load(agents)
        try:
            yield people
        finally:
            people._threads.shutdown()
            database.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def away(people: People, agent: str, *, timeout: float = 15 * MINUTE) -> str:
    return absence(people.view[agent], people._clock.now(), check=True, presence_timeout=timeout)


# -- where they come from ---------------------------------------------------------------------------------------


async def test_the_settings_name_agents() -> None:
    named = declared(Settings(agents={"anna": AgentTable(email="Anna@Shop.example", departments=("sales",))}))
    assert named == [Agent(id="anna", name="anna", email="Anna@Shop.example", departments=("sales",))]


async def test_people_of_the_settings_are_read_only_and_follow_them(office: Office) -> None:
    async with office.open(ANNA, BORIS) as people:
        await people.set_password("anna", "secret")
        with pytest.raises(PeopleError, match=r"\[agents\.anna\]"):
            await people.change(Agent(id="anna", name="Else", email="else@shop.example"))
    # The two swap addresses, and Anna has a new name: the file is right.
    changed = (
        Agent(id="anna", name="Anna B.", email=BORIS.email, departments=("sales",)),
        Agent(id="boris", name="Boris", email=ANNA.email),
    )
    async with office.open(*changed) as people:
        assert people.view["anna"].name == "Anna B."
        assert people.view["anna"].departments == ("sales",)
        found = await people.authenticate(BORIS.email, "secret")
        assert found is not None
        assert found.id == "anna"


async def test_who_is_gone_from_the_settings_is_dismissed_until_named_again(office: Office) -> None:
    async with office.open(ANNA, BORIS) as people:
        await people.set_password("boris", "secret")
    async with office.open(ANNA) as people:
        assert people.view["boris"].dismissed
        assert await people.authenticate(BORIS.email, "secret") is None
        # Not named there any more, an admin may take him on again.
        await people.change(Agent(id="boris", name="Boris", email=BORIS.email))
        assert await people.authenticate(BORIS.email, "secret") is not None
    async with office.open(ANNA) as people:
        assert not people.view["boris"].dismissed
    async with office.open(ANNA, BORIS) as people:
        assert people.from_settings("boris")
        assert await people.authenticate(BORIS.email, "secret") is not None


async def test_an_address_that_somebody_has_is_refused_with_both_names(office: Office) -> None:
    async with office.open() as people:
        await people.add(Agent(id="carla", name="Carla", email="carla@shop.example"))
        with pytest.raises(PeopleError, match="carla") as taken:
            await people.add(Agent(id="dora", name="Dora", email=" Carla@shop.EXAMPLE"))
        assert taken.value.field == "email"
        with pytest.raises(PeopleError, match="taken"):
            await people.add(Agent(id="carla", name="Other"))
    with pytest.raises(PeopleError, match=r"\[agents\.eve\] email.*carla"):
        async with office.open(Agent(id="eve", email="carla@shop.example")):
            pass


async def test_several_may_have_no_address_and_none_signs_in_with_it(office: Office) -> None:
    robots = Agent(id="r1", name="R1"), Agent(id="r2", name="R2")
    for _ in range(2):
        async with office.open(*robots) as people:
            assert [people.view[each.id].email for each in robots] == ["", ""]
            await people.set_password("r1", "secret")
            for email in ("", "@r1", "r1"):
                assert await people.authenticate(email, "secret") is None


async def test_a_view_never_changes_under_its_reader(office: Office) -> None:
    async with office.open(ANNA) as people:
        before = people.view
        people.connect("anna")
        assert not before["anna"].connected
        assert people.view["anna"].connected


# -- passwords --------------------------------------------------------------------------------------------------


async def test_a_password_lets_in_its_owner_only(office: Office) -> None:
    async with office.open(ANNA, BORIS) as people:
        await people.set_password("anna", "secret")
        found = await people.authenticate("ANNA@shop.example ", "secret")
        assert found is not None
        assert found.id == "anna"
        assert await people.authenticate("anna@shop.example", "Secret") is None
        assert await people.authenticate("boris@shop.example", "secret") is None  # he has none yet
        assert await people.authenticate("boris@shop.example", "") is None
        assert await people.authenticate("boris@shop.example", "nobody's password") is None
        with pytest.raises(PeopleError, match="nobody"):
            await people.set_password("nobody", "x")


async def test_an_unknown_address_takes_as_much_work(office: Office) -> None:
    class Counting(argon2.PasswordHasher):
        verified = 0

        def verify(self, *args: object, **more: object) -> bool:  # type: ignore[override]
            Counting.verified += 1
            return super().verify(*args, **more)  # type: ignore[arg-type]

    async with office.open(ANNA, BORIS, hasher=Counting(time_cost=1, memory_cost=8, parallelism=1)) as people:
        await people.set_password("anna", "secret")
        for count, email in enumerate(("anna@shop.example", "boris@shop.example", "nobody@shop.example"), 1):
            await people.authenticate(email, "wrong")
            assert Counting.verified == count


async def test_an_old_hash_is_renewed_at_the_next_sign_in(office: Office) -> None:
    async with office.open(ANNA) as people:
        await people.set_password("anna", "secret")
        old = people._hashes["anna"]
    stronger = argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    async with office.open(ANNA, hasher=stronger) as people:
        assert await people.authenticate(ANNA.email, "secret") is not None
        assert people._hashes["anna"] != old
        assert await people.authenticate(ANNA.email, "secret") is not None


# -- presence ---------------------------------------------------------------------------------------------------


async def test_the_last_console_leaves_a_while_of_presence(office: Office) -> None:
    async with office.open(ANNA) as people:
        assert away(people, "anna") == "offline"
        people.connect("anna")
        people.connect("anna")
        people.disconnect("anna")
        await office.clock.advance(60 * MINUTE)
        assert away(people, "anna") == ""
        people.disconnect("anna")
        people.disconnect("anna")  # one too many does no harm
        await office.clock.advance(14 * MINUTE)
        assert away(people, "anna") == ""
        await office.clock.advance(1 * MINUTE)
        assert away(people, "anna") == "offline"


async def test_activity_is_presence(office: Office) -> None:
    async with office.open(ANNA) as people:
        people.seen("anna")
        assert away(people, "anna") == ""
        assert office.told == ["anna"]
        view = people.view
        people.seen("anna")
        assert people.view is view  # a click each second is one change in ten
        await office.clock.advance(NOTICE_SEEN_AFTER)
        people.seen("anna")
        assert people.view is not view
        assert office.told == ["anna"]  # she was there all along
        await office.clock.advance(MINUTE)
        people.seen("anna")
        assert office.told == ["anna", "anna"]  # on a line with the shortest timeout she had been away
        people.seen("nobody")
        people.connect("nobody")
        people.disconnect("nobody")


async def test_signing_off_ends_it_at_once_whatever_is_connected(office: Office) -> None:
    async with office.open(ANNA) as people:
        people.connect("anna")
        await people.sign_off("anna")
        assert away(people, "anna") == "offline"
        people.seen("anna")
        people.connect("anna")
        assert away(people, "anna") == "offline"
    async with office.open(ANNA) as people:
        assert away(people, "anna") == "offline"
        await people.sign_on("anna")
        assert away(people, "anna") == ""
    async with office.open(ANNA) as people:
        assert away(people, "anna") == ""  # seen a moment ago


async def test_signing_out_ends_it_unless_another_console_is_open(office: Office) -> None:
    async with office.open(ANNA) as people:
        people.seen("anna")
        people.connect("anna")
        await people.leave("anna")
        assert away(people, "anna") == ""
        people.disconnect("anna")
        await people.leave("anna")
        assert away(people, "anna") == "offline"
        await people.leave("nobody")


async def test_desk_and_feed_hear_who_came_and_went(office: Office) -> None:
    async with office.open(ANNA, BORIS) as people:
        people.connect("anna")
        people.disconnect("anna")
        await people.sign_off("boris")
        await people.sign_on("boris")
    assert office.told == ["anna", "anna", "boris", "boris"]


async def test_a_restart_waits_for_the_consoles_to_come_back(office: Office) -> None:
    async with office.open(ANNA, BORIS) as people:
        people.connect("anna")
        people.connect("boris")
    await office.clock.advance(60 * MINUTE)  # a long repair
    async with office.open(ANNA, BORIS) as people:
        assert [away(people, each) for each in ("anna", "boris")] == ["", ""]
        running = asyncio.create_task(people.run())
        people.connect("anna")
        await office.clock.advance(GRACE - 1)
        assert away(people, "boris") == ""
        office.told.clear()
        await office.clock.advance(1)
        assert away(people, "boris") == "offline"
        assert away(people, "anna") == ""
        assert office.told == ["boris"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_crash_remembers_what_was_saved(office: Office) -> None:
    async with office.crashing(ANNA, BORIS) as people:
        people.connect("anna")
        people.seen("boris")
        await people.save()
        people.connect("boris")
    async with office.open(ANNA, BORIS) as people:
        assert people.view["anna"].connected
        assert not people.view["boris"].connected
        assert people.view["boris"].seen_at > 0


async def test_it_is_saved_once_a_minute(office: Office) -> None:
    class Noting(People):
        saved: list[float]

        async def save(self) -> None:
            self.saved.append(office.clock.now())

    database = Database(open_engine("sqlite://"))
    people = Noting(database, office.clock, hasher=CHEAP)
    people.saved = []
    running = asyncio.create_task(people.run())
    began = office.clock.now()
    await office.clock.advance(GRACE + 3 * SAVE_EVERY)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [at - began for at in people.saved] == [GRACE + n * SAVE_EVERY for n in (1, 2, 3)]
    await people.close()
    database.close()


async def test_seen_at_is_not_lost_when_the_store_fails_for_a_moment(office: Office) -> None:
    async with office.open(ANNA) as people:
        people.seen("anna")
        working, people._database = people._database, BrokenDatabase(people._database.engine)
        with pytest.raises(OSError, match="disk full"):
            await people.save()
        people._database = working
    async with office.open(ANNA) as people:
        assert people.view["anna"].seen_at > 0


class BrokenDatabase(Database):
    async def run(self, work: object) -> object:  # type: ignore[override]
        raise OSError("disk full")
