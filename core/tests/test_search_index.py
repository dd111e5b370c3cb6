"""The full-text index: it follows the entries, finds the newest first, forgets what was taken back, and shows no more
than one may read."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openlines.api import NotReady
from openlines.domain import rights
from openlines.domain.entries import AnyEntry, Decision, Deleted, Edited, Noted
from openlines.domain.messages import ContactCard, Content, File, Location
from openlines.domain.people import Agent
from openlines.domain.state import Status
from openlines.runtime import search
from openlines.runtime.database import Database, migrate, open_engine
from openlines.runtime.filters import Filters, conditions
from openlines.runtime.reader import BadCursor, Reader
from openlines.runtime.tables import conversations
from openlines.runtime.text_index import AT_ONCE, Span, index_for
from openlines.runtime.visibility import members
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError

from core.tests.search_store import ADMIN, ANNA, LINES, Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path)
    yield store
    store.database.close()


# -- what is found ----------------------------------------------------------------------------------------------


async def test_the_newest_comes_first_whichever_partition_it_lives_in(store: Store) -> None:
    for number, at in ((1, 30.0), (2, 10.0), (3, 20.0)):
        await store.open(number)
        await store.say(number, f"hello {at:.0f}", at=at)
    assert await store.found("hello") == ["hello 30", "hello 20", "hello 10"]
    await store.say(2, "hello 15", at=15.0)  # comes later, was said earlier
    assert await store.found("hello") == ["hello 30", "hello 20", "hello 15", "hello 10"]


async def test_all_words_must_be_there_and_a_phrase_as_it_is(store: Store) -> None:
    await store.open(1)
    for at, text in enumerate(("the red sofa", "a sofa, red", "red sofas", "a chair"), start=1):
        await store.say(1, text, at=at)
    assert await store.found("red sofa") == ["red sofas", "a sofa, red", "the red sofa"]
    assert await store.found('"red sofa"') == ["the red sofa"]
    assert await store.found('"red sofa" chair') == []


async def test_words_and_names_of_files_are_told_apart(store: Store) -> None:
    await store.open(1)
    await store.say(1, "your invoice", at=1.0)
    await store.say(1, "here it is", at=2.0, files=("Invoice_7.pdf", "photo.jpg"))
    assert await store.found("invoice") == ["here it is", "your invoice"]
    assert await store.found("invoice", where="text") == ["your invoice"]
    page = await store.find("invoice", where="files")
    [row] = page.rows
    assert row.files == ("Invoice_7.pdf",)
    assert not any(part.found for part in row.excerpt)


async def test_notes_places_and_cards_are_found_and_decisions_are_not(store: Store) -> None:
    await store.open(1)
    entries: list[AnyEntry] = [
        Noted(conversation=1, id=1, by="anna", content=Content(text="needle in a note")),
        Noted(conversation=1, id=2, by="anna", content=Content(location=Location(1.0, 2.0, title="Needle street"))),
        Noted(conversation=1, id=3, by="anna", content=Content(contact=ContactCard(email="needle@x.example"))),
        Decision(conversation=1, what="finished", text="needle"),
    ]
    for at, entry in enumerate(entries):
        await store.tell(1, entry, at=at)
    page = await store.find("needle")
    assert [row.said.n for row in page.rows] == [3, 2, 1]
    assert page.complete


async def test_a_span_of_time_bounds_what_is_found(store: Store) -> None:
    await store.open(1)
    for at in range(1, 8):
        await store.say(1, f"hello {at}", at=at)
    assert await store.found("hello", span=Span(3.0, 6.0)) == ["hello 5", "hello 4", "hello 3"]


# -- it follows -------------------------------------------------------------------------------------------------


async def test_what_is_edited_is_found_by_its_new_words_where_it_was_said(store: Store) -> None:
    await store.open(1)
    said = await store.say(1, "deliver on monday", at=1.0, id="m1")
    assert await store.found("monday") == ["deliver on monday"]
    for version, day in enumerate(("tuesday", "friday")):
        edited = Edited(conversation=1, message="m1", content=Content(text=f"deliver on {day}"))
        await store.tell(1, edited, at=2.0 + version, external=f"edit:m1:{version}")
    assert await store.found("monday") == []
    assert await store.found("tuesday") == []
    [row] = (await store.find("friday")).rows
    assert (row.said.n, row.said.at) == (said.n, said.at)
    assert "friday" in "".join(part.text for part in row.excerpt)


async def test_what_is_taken_back_is_not_found_any_more(store: Store) -> None:
    await store.open(1)
    await store.say(1, "my password is parrot", at=1.0, id="m1")
    await store.say(1, "it was a parrot", at=2.0, id="m2")
    await store.tell(1, Deleted(conversation=1, message="m1"), at=3.0, external="delete:m1")
    assert await store.found("parrot") == ["it was a parrot"]
    await store.tell(1, Deleted(conversation=1, message="m2"), at=4.0, external="delete:m2")
    await store.tell(1, Deleted(conversation=1, message="never was"), at=5.0, external="delete:never was")
    assert await store.found("parrot") == []


async def test_whether_it_comes_at_once_or_bit_by_bit_is_the_same(store: Store, tmp_path: Path) -> None:
    dice = random.Random(3)
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other")
    for number in range(1, 10):
        await store.open(number)
        await other.open(number)
    known: list[str] = []
    for at in range(1, 150):
        for each in (store, other):
            moment = random.Random(at)
            number, name = moment.randint(1, 9), f"m{at}"
            if moment.random() < 0.7 or not known:
                await each.say(number, moment.choice(["red", "green", "red and green"]), at=at, id=f"{number}:{name}")
            else:
                aim = moment.choice(known)
                told: AnyEntry = Deleted(conversation=1, message=aim)
                if moment.random() < 0.5:
                    told = Edited(conversation=1, message=aim, content=Content(text="green"))
                await each.tell(int(aim.split(":")[0]), told, at=at, external=f"{type(told).__name__}:{at}")
        known.append(f"{random.Random(at).randint(1, 9)}:m{at}")
        if dice.random() < 0.3:
            await store.found("red")
    for words in ("red", "green", '"red and green"'):
        one, two = await store.find(words, limit=200), await other.find(words, limit=200)
        assert [(row.said.partition, row.said.n) for row in one.rows] == [
            (row.said.partition, row.said.n) for row in two.rows
        ]
        assert one.rows
    other.database.close()


async def test_an_index_that_is_lost_makes_itself_anew(store: Store) -> None:
    await store.open(1)
    await store.say(1, "hello", at=1.0)
    assert await store.found("hello") == ["hello"]

    def drop(connection: Connection) -> None:
        for table in ("text_index", "text_index_messages", "text_index_places"):
            connection.exec_driver_sql(f"DROP TABLE {table}")

    await store.database.run(drop)
    assert await store.found("hello") == ["hello"]


async def test_a_search_does_not_wait_for_all_of_a_large_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openlines.runtime.text_index.AT_ONCE", 10)
    monkeypatch.setattr(search.Search.catch_up, "__defaults__", (2,))
    await store.open(1)
    for at in range(1, 51):
        await store.say(1, f"hello {at}", at=at)
    first = await store.find("hello")
    assert not first.complete
    assert len(first.rows) == 20
    assert await store.reader.search.catch_up(passes=None)
    last = await store.find("hello", limit=100)
    assert last.complete
    assert len(last.rows) == 50


async def test_a_store_that_takes_nothing_still_finds_what_it_knows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.open(1)
    await store.say(1, "hello", at=1.0)
    assert await store.found("hello") == ["hello"]
    await store.say(1, "hello again", at=2.0)

    def refuse(connection: Connection) -> bool:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(store.reader.search.index, "follow", refuse)
    page = await store.find("hello")
    assert [row.said.content.text for row in page.rows] == ["hello"]
    assert not page.complete


def test_a_store_without_an_index_says_so() -> None:
    with pytest.raises(NotReady, match="postgresql"):
        index_for(postgresql.dialect())  # type: ignore[no-untyped-call]


# -- what it costs ----------------------------------------------------------------------------------------------


async def test_a_page_is_five_statements_however_much_is_found(store: Store) -> None:
    for number in range(1, 9):
        await store.open(number)
        for at in range(20):
            await store.say(number, "hello", at=number * 100 + at)
    await store.find("hello")
    store.statements.clear()
    assert len((await store.find("hello")).rows) == 50
    # Is there an index, is anything waiting; hits, their conversations, what they say.
    assert len(store.statements) == 5, store.statements
    store.statements.clear()
    await store.find("nothing like it")
    assert len(store.statements) == 3, store.statements


async def test_taking_in_a_batch_is_few_statements(store: Store) -> None:
    await store.open(1)
    await store.say(1, "hello", at=1.0)
    await store.find("hello")
    for at in range(AT_ONCE // 10):
        await store.say(1, f"hello {at}", at=2.0 + at)
    store.statements.clear()
    assert await store.reader.search.catch_up()
    assert len(store.statements) <= 8, store.statements


# -- pages and rights -------------------------------------------------------------------------------------------


async def test_pages_hold_everything_once_while_more_is_said(store: Store) -> None:
    for number in range(1, 6):
        await store.open(number)
    for at in range(1, 41):
        await store.say(at % 5 + 1, f"hello {at}", at=at)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await store.find("hello", cursor=cursor, limit=7)
        seen += [row.said.content.text for row in page.rows]
        cursor = page.next
        await store.say(1, f"hello again {len(seen)}", at=100.0 + len(seen))
    assert seen == [f"hello {at}" for at in range(40, 0, -1)]


@pytest.mark.parametrize("cursor", ["x", "-1", "0", "1.5", "٣", "9" * 19, "9" * 20])
async def test_only_our_own_cursors_are_taken(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await store.find("hello", cursor=cursor)


STAFF = (
    ANNA,
    Agent(id="boris"),
    Agent(id="carla", dismissed=True, role="supervisor"),
    Agent(id="dora", led=frozenset({"anna"})),
    Agent(id="emil", rights={"conversations": "department", "history": "own"}, team=frozenset({"boris"})),
    Agent(id="fred", rights={"conversations": "own", "history": "any"}),
    Agent(id="gina", rights={"conversations": "any"}),
    Agent(id="mila", role="supervisor"),
    Agent(id="robot", role="nothing"),
)


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_found_that_may_not_be_read_and_nothing_is_missed(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    names = [agent.id for agent in STAFF]
    summaries = {}
    for number in range(1, 60):
        status = dice.choice(list(Status))
        summaries[number] = await store.open(
            number,
            status=status.value,
            line=dice.choice(["shop", "support", "gone"]),
            responsible=dice.choice(["", "bot:menu", *names]),
            holders=tuple(dice.sample(names, dice.randint(0, 2))),
        )
        await store.say(number, "hello", at=number)
    for agent in STAFF:
        right = [each for each in summaries.values() if rights.sees(agent, each, members(LINES, each))]
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await store.find("hello", agent=agent, cursor=cursor, limit=dice.randint(1, 9))
            seen += [row.summary.number for row in page.rows]
            cursor = page.next
        assert seen == sorted((each.number for each in right), reverse=True), agent.id


async def test_who_may_read_little_is_led_on_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOKED_THROUGH", 10)
    await store.open(1, responsible="anna")
    await store.open(2, responsible="boris")
    await store.say(1, "hello anna", at=1.0)
    for at in range(2, 40):
        await store.say(2, "hello boris", at=at)
    pages = 0
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await store.find("hello", agent=ANNA, cursor=cursor, limit=5)
        seen += [row.said.content.text for row in page.rows]
        cursor = page.next
        pages += 1
    assert seen == ["hello anna"]
    assert 3 <= pages <= 5


# -- lists ------------------------------------------------------------------------------------------------------


async def test_lists_are_narrowed_by_words_and_file_names(store: Store) -> None:
    for number in (1, 2, 3):
        await store.open(number)
    await store.say(1, "the red sofa", at=1.0, files=("bill.pdf",))
    await store.say(2, "a red chair", at=2.0)
    await store.say(3, "", at=3.0, files=("red bill.pdf",))

    async def listed(**filters: str) -> list[int]:
        page = await store.reader.page(ADMIN, LINES, "all", filters=Filters(**filters))  # type: ignore[arg-type]
        return [row.summary.number for row in page.rows]

    assert await listed(text="red") == [2, 1]
    assert await listed(file="bill") == [3, 1]
    assert await listed(text="red", file="bill") == [1]
    assert await listed(text="!?") == []


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(rating=("like",)), "rating"),
        (Filters(supervisor_rating=(1, 2)), "supervisor_rating"),
        (Filters(late=True), "late"),
        (Filters(unanswered=True), "unanswered"),
        (Filters(pinned=True), "pinned"),
        (Filters(closed_from=5.0), "closed_at"),
        (Filters(line=("shop",)), "line_changed_at"),
        (Filters(channel=("site",)), "channel_changed_at"),
        (Filters(responsible=("anna",)), "responsible_changed_at"),
        (Filters(), "changed_at"),
    ],
)
async def test_what_few_conversations_have_is_found_by_an_index(store: Store, filters: Filters, index: str) -> None:
    query = select(conversations.c.number).where(*conditions(filters)).order_by(conversations.c.changed_at.desc())
    sql = str(query.limit(50).compile(store.engine, compile_kwargs={"literal_binds": True}))

    def plan(connection: Connection) -> list[str]:
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

    steps = await store.database.read(plan)
    assert f"ix_conversations_{index} " in f"{steps[0]} ", steps


# -- an upgrade -------------------------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as the first schema left it, with a conversation in it."""
    path = tmp_path / "old.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine, to="0001")
    summary = b'{"number":7,"thread":"t","line":"shop","channel":"site","customer_id":"c","customer_name":"Zo\xc3\xab",'
    summary += b'"status":"closed","responsible":"anna","pinned":true,"rating":"like","supervisor_rating":4}'
    body = b'{"type":"Message","conversation":7,"id":1,"author":{"kind":"customer"},"content":{"text":"An old tale"}}'
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO conversations"
            " VALUES (7, 't', 'shop', 'site', 'c', 'Zoë', 'closed', 'anna', 5, 9, 9, :summary)",
            {"summary": summary},
        )
        connection.exec_driver_sql(
            "INSERT INTO entries VALUES (3, 1, 't', 7, 6.0, 'Message', NULL, NULL, :body)", {"body": body}
        )
    engine.dispose()
    return path


async def test_what_was_said_before_an_upgrade_is_found_and_filtered(old: Path) -> None:
    engine = open_engine(f"sqlite:///{old}")
    migrate(engine)
    database = Database(engine)
    reader = Reader(database)
    page = await reader.search.page(ADMIN, LINES, "tale")
    assert [row.said.content.text for row in page.rows] == ["An old tale"]
    for filters, number in (
        (Filters(rating=("like",), supervisor_rating=(4, 5), pinned=True), 1),
        (Filters(unanswered=True), 0),
        (Filters(late=False, unanswered=False), 1),
    ):
        assert len((await reader.page(ADMIN, LINES, "all", filters=filters)).rows) == number
    database.close()


async def test_a_file_without_a_text_is_found(store: Store) -> None:
    await store.open(1)
    file = File(name="Перечень.xlsx", id="f" * 64)
    await store.tell(1, Noted(conversation=1, id=1, by="anna", content=Content(files=(file,))), at=1.0)
    [row] = (await store.find("перечень")).rows
    assert row.files == ("Перечень.xlsx",)
    assert row.excerpt == ()
