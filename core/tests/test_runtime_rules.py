"""What the rules of a line need of the step and the store: facts, the held list, what a refusal of consent erases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace
from openlines.domain.entries import Decision, Notice
from openlines.domain.events import AnyEvent, CustomerFilled, CustomerWrote, Placed, Reason, RefuseConsent
from openlines.domain.messages import Content, Customer
from openlines.domain.people import Agent
from openlines.domain.policy import Channel, CrmRules, Form, FormSheet, Line, OffHours, Policies, Queue
from openlines.domain.state import Thread
from openlines.runtime.database import Database, migrate, open_engine
from openlines.runtime.drafts import decode_entry, decode_thread
from openlines.runtime.held import held
from openlines.runtime.ownership import take_all
from openlines.runtime.records import thread_id
from openlines.runtime.step import Step, routed
from openlines.runtime.tables import entries, threads
from sqlalchemy import select

ANNA = Agent(id="anna", name="Anna", connected=True)
MILA = Agent(id="mila", name="Mila", role="admin")
THREAD = thread_id("tg", "ivan")


class World:
    """What the step sees of the hub; a test changes it between two steps."""

    def __init__(self, *lines: Line) -> None:
        self.policies = Policies(
            revision=1,
            lines={line.id: line for line in lines},
            channels={"tg": Channel(id="tg", line="shop"), "wa": Channel(id="wa", line="night"), "x": Channel("x", "")},
            forms={"sales": FormSheet("sales", responsible=("anna", "mila"))},
        )
        self.people: Mapping[str, Agent] = {"anna": ANNA, "mila": MILA}

    def bot_ready(self, _bot: str) -> bool:
        return True


class Desk:
    """One step on a real store."""

    def __init__(self, step: Step, world: World, database: Database) -> None:
        self.world, self.database = world, database
        self._step, self._at = step, 0.0

    def happens(self, *events: AnyEvent) -> list[bool]:
        """Each in a step of its own, a second apart. Which of them were known already."""
        known = []
        for event in events:
            self._at += 1
            done = self._step.run([routed(replace(event, at=self._at))], now=self._at)
            known += [outcome.duplicate for outcome in done.outcomes]
        return known

    async def thread(self, thread: str = THREAD) -> Thread:
        query = select(threads.c.state).where(threads.c.id == thread)
        return decode_thread(await self.database.read(lambda connection: connection.execute(query).scalar_one()))

    async def told(self, kind: type) -> list[object]:
        query = select(entries.c.body).where(entries.c.kind == kind.__name__).order_by(entries.c.at, entries.c.n)
        bodies = await self.database.read(lambda connection: list(connection.execute(query).scalars()))
        return [decode_entry(body) for body in bodies]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    world = World(Line(id="shop", queue=Queue(members=("anna",))), Line(id="night", active=False))
    database = Database(engine)
    with engine.connect().execution_options(writes=True) as connection:
        with connection.begin():
            owned = take_all(connection)
        step = Step(connection, world)
        step.own(owned.epochs, owned.counts)
        yield Desk(step, world, database)
    database.close()


def wrote(text: str, *, chat: str = "ivan", channel: str = "tg", key: str = "") -> CustomerWrote:
    return CustomerWrote(
        chat=chat, channel=channel, id=key or text, customer=Customer(id=chat), content=Content(text=text)
    )


def filled(chat: str, **fields: str) -> CustomerFilled:
    return CustomerFilled(chat=chat, channel="tg", id="f", customer=Customer(id=chat), fields=fields)


def rules(desk: Desk, line: Line) -> None:
    desk.world.policies = replace(
        desk.world.policies,
        revision=desk.world.policies.revision + 1,
        lines={**desk.world.policies.lines, line.id: line},
    )


async def texts(desk: Desk, line: str, **page: float) -> list[str]:
    return [getattr(kept.entry, "content").text for kept in await held(desk.database, line, **page)]  # type: ignore[arg-type]  # noqa: B009


async def test_each_line_has_a_held_list_of_its_own_newest_first_and_in_pages(desk: Desk) -> None:
    rules(desk, Line(id="shop", active=False))
    desk.happens(wrote("one"), wrote("two", channel="wa"), wrote("three"), wrote("four", channel="x"))
    assert await texts(desk, "shop") == ["three", "one"]
    assert await texts(desk, "night") == ["two"]
    assert await texts(desk, "") == ["four"]
    assert await texts(desk, "shop", limit=1) == ["three"]
    assert await texts(desk, "shop", before=3.0) == ["one"]


async def test_a_held_message_is_held_once_even_after_the_line_is_back(desk: Desk) -> None:
    rules(desk, Line(id="shop", active=False))
    assert desk.happens(wrote("one"), wrote("one")) == [False, True]
    rules(desk, Line(id="shop"))
    assert desk.happens(wrote("one"), wrote("two")) == [True, False]
    assert (await desk.thread()).conversations == 1


async def test_the_held_list_is_found_by_its_index(desk: Desk) -> None:
    def plan(connection: object) -> str:
        query = "EXPLAIN QUERY PLAN SELECT * FROM entries WHERE kind = 'Held' ORDER BY at DESC"
        return str(connection.exec_driver_sql(query).all())  # type: ignore[attr-defined]

    assert "ix_entries_held" in await desk.database.read(plan)


async def test_a_refusal_takes_what_forms_and_tracker_found_out_of_the_story(desk: Desk) -> None:
    desk.happens(wrote("I am ivan@example.com"), filled("ivan", name="Ivan", phone="+393471234567"))
    before = [told.fields for told in await desk.told(Decision) if isinstance(told, Decision) and told.fields]
    assert before == [{"email": "ivan@example.com"}, {"name": "Ivan", "phone": "+393471234567"}]
    desk.happens(RefuseConsent(thread=THREAD, by="anna", request="r"))
    after = [told.fields for told in await desk.told(Decision) if isinstance(told, Decision) and told.fields]
    assert after == [{"version": "1"}]
    assert (await desk.thread()).customer == Customer(id="ivan")


async def test_absence_is_told_of_people_as_they_are_now(desk: Desk) -> None:
    rules(desk, Line(id="shop", queue=Queue(members=("anna",)), off_hours=OffHours(absent_text="Nobody")))
    desk.happens(wrote("one"))
    assert (await desk.thread()).pending == ()
    desk.world.people = {"anna": replace(ANNA, connected=False)}
    desk.happens(wrote("two"))
    assert [getattr(owed, "content", Content()).text for owed in (await desk.thread()).pending] == ["Nobody"]


async def test_responsibles_of_a_form_take_turns_over_all_threads(desk: Desk) -> None:
    rules(desk, Line(id="shop", form=Form("sales"), crm=CrmRules(use="main")))
    for chat in ("ivan", "yara", "zoe"):
        desk.happens(wrote("Hello", chat=chat), filled(chat, name=chat))
    found = [(await desk.thread(thread_id("tg", chat))).open for chat in ("ivan", "yara", "zoe")]
    assert [one.record_responsible for one in found if one] == ["anna", "mila", "anna"]


async def test_admins_hear_of_an_empty_queue_once_until_it_has_members_again(desk: Desk) -> None:
    async def nobody(chat: str) -> list[str]:
        desk.happens(wrote("Hello", chat=chat))
        thread = await desk.thread(thread_id("tg", chat))
        assert thread.open is not None
        seat = Placed(thread=thread.id, conversation=thread.open.number, seat=thread.seat, reason=Reason("nobody", ""))
        desk.happens(seat)
        return [told.agent for told in await desk.told(Notice) if isinstance(told, Notice)]

    empty = Line(id="shop", queue=Queue())
    rules(desk, empty)
    assert await nobody("ivan") == ["mila"]
    assert await nobody("yara") == ["mila"], "she knows"
    rules(desk, Line(id="shop", queue=Queue(members=("anna",))))
    assert await nobody("zoe") == ["mila"], "not empty, only nobody free"
    rules(desk, empty)
    assert await nobody("vera") == ["mila", "mila"]
