"""What lists and stories are read from the store: the same rules as the domain's, few statements, nothing twice."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openlines.domain import rights
from openlines.domain.entries import AnyEntry, Author, Decision, Delivery, Message, Noted
from openlines.domain.messages import Content
from openlines.domain.people import Agent
from openlines.domain.policy import Line, Queue
from openlines.domain.state import Status
from openlines.runtime.database import Database, open_engine
from openlines.runtime.reader import BadCursor, Reader, View
from openlines.runtime.records import Summary
from openlines.runtime.tables import conversations, entries, involved, metadata
from sqlalchemy import event, insert

AGENTS = [
    Agent(id="anna"),
    Agent(id="boris"),
    Agent(id="carla", dismissed=True),
    Agent(id="mila", role="supervisor"),
    Agent(id="olga", role="admin"),
    Agent(id="robot", role="nothing"),
]
LINES = {
    "shop": Line(id="shop", queue=Queue(members=("anna", "boris"))),
    "support": Line(id="support", queue=Queue(members=("boris", "mila"))),
}
VIEWS: tuple[View, ...] = ("mine", "queue", "waiting", "open", "closed")


class Store:
    """A store that is filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(f"sqlite:///{folder / 'reader.db'}")
        metadata.create_all(self.engine)
        self.database = Database(self.engine)
        self.reader = Reader(self.database)
        self.statements: list[tuple[str, Any]] = []
        self._n = 0
        event.listen(self.engine, "before_cursor_execute", self._count)

    def _count(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            self.statements.append((statement, parameters))

    async def plan(self) -> list[str]:
        """How the last statement is done."""
        statement, parameters = self.statements[-1]

        def work(connection: Any) -> list[str]:
            return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]

        return await self.database.read(work)

    async def keep(self, summaries: Sequence[Summary]) -> None:
        rows = [
            {
                "number": each.number,
                "thread": each.thread,
                "line": each.line,
                "channel": each.channel,
                "customer": each.customer_id,
                "customer_name": each.customer_name,
                "status": each.status,
                "responsible": each.responsible,
                "created_at": each.created_at,
                "closed_at": each.closed_at,
                "changed_at": each.created_at,
                "summary": msgspec.json.encode(each),
            }
            for each in summaries
        ]
        own = {
            (agent, each.number)
            for each in summaries
            for agent in (each.responsible, *each.participants, *each.holders)
        }
        whose = [{"agent": agent, "conversation": number} for agent, number in own if agent]

        def work(connection: Any) -> None:
            connection.execute(insert(conversations), rows)
            connection.execute(insert(involved), whose)

        await self.database.run(work)

    async def tell(self, thread: str, *told: AnyEntry, partition: int = 1) -> None:
        rows = []
        for each in told:
            self._n += 1
            rows.append(
                {
                    "partition": partition,
                    "n": self._n,
                    "thread": thread,
                    "conversation": each.conversation,
                    "at": float(self._n),
                    "kind": type(each).__name__,
                    "external": None,
                    "body": msgspec.json.encode(each),
                }
            )
        await self.database.run(lambda connection: connection.execute(insert(entries), rows))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path)
    yield store
    store.database.close()


def some_summaries(dice: random.Random, count: int) -> list[Summary]:
    people = [agent.id for agent in AGENTS]
    made = []
    for number in range(1, count + 1):
        status = dice.choice(list(Status))
        offered = tuple(dice.sample(people, dice.randint(0, 2))) if status is Status.WAITING else ()
        made.append(
            Summary(
                number=number,
                thread=f"t{dice.randint(1, 9)}",
                line=dice.choice(["shop", "support", "gone"]),
                channel="site",
                customer_id="c",
                customer_name="Zoe",
                status=status.value,
                responsible=dice.choice(["", *people, "bot:menu"]),
                offered=offered,
                participants=tuple(dice.sample(people, dice.randint(0, 1))),
                holders=(*offered, *dice.sample(people, dice.randint(0, 1))),
                created_at=float(dice.randint(1, count)),
            )
        )
    return made


def expected(agent: Agent, view: View, summary: Summary) -> bool:
    """The same in plain words."""
    members = LINES[summary.line].queue.members if summary.line in LINES else ()
    if not rights.sees(agent, summary, members):
        return False
    match view:
        case "mine":
            here = agent.id == summary.responsible or agent.id in (*summary.offered, *summary.participants)
            return here and summary.status != "closed"
        case "queue":
            return summary.status == "waiting"
        case "waiting":
            return summary.status == "awaiting_agent"
        case "open":
            return summary.status != "closed"
        case "closed":
            return summary.status == "closed"


@pytest.mark.parametrize("seed", range(5))
async def test_lists_hold_what_the_rules_say_page_by_page(store: Store, seed: int) -> None:
    dice = random.Random(seed)
    summaries = some_summaries(dice, 80)
    await store.keep(summaries)
    for agent in AGENTS:
        counted: dict[str, int] = {}
        for view in VIEWS:
            seen: list[int] = []
            cursor: str | None = ""
            while cursor is not None:
                page = await store.reader.page(agent, LINES, view, cursor=cursor, limit=dice.randint(1, 7))
                seen += [row.summary.number for row in page.rows]
                cursor = page.next
            right = [each for each in summaries if expected(agent, view, each)]
            right.sort(key=lambda each: (each.created_at, each.number), reverse=view != "queue")
            assert seen == [each.number for each in right], (agent.id, view)
            counted[view] = len(seen)
        count = await store.reader.count(agent, LINES)
        told = {"mine": count.mine, "queue": count.queue, "waiting": count.waiting, "open": count.open}
        assert told == {view: counted[view] for view in told}, agent.id


async def test_a_page_with_its_previews_is_one_statement(store: Store) -> None:
    await store.keep(some_summaries(random.Random(1), 60))
    await store.tell("t1", *(message(1, f"line {index}") for index in range(20)))
    store.statements.clear()
    await store.reader.page(AGENTS[4], LINES, "open", limit=50)
    assert len(store.statements) == 1


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("agent", [AGENTS[0], AGENTS[4]], ids=["agent", "admin"])
async def test_no_list_walks_a_whole_table(store: Store, agent: Agent, view: View) -> None:
    await store.reader.page(agent, LINES, view)
    plan = await store.plan()
    assert not [step for step in plan if step.startswith("SCAN")], plan


@pytest.mark.parametrize("cursor", ["x", "bm9wZQ", "MTp4", "é", "Om5vbmU", "MToxOjE"])
async def test_only_our_own_cursors_are_taken(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await store.reader.page(AGENTS[0], LINES, "open", cursor=cursor)


# -- stories ----------------------------------------------------------------------------------------------------


def message(number: int, text: str, *, dropped: bool = False) -> Message:
    return Message(conversation=number, id=1, author=Author(kind="bot"), content=Content(text=text), dropped=dropped)


async def test_a_customers_story_leaves_out_what_is_not_for_them(store: Store) -> None:
    await store.tell(
        "t",
        message(1, "one"),
        Noted(conversation=1, id=2, by="anna", content=Content(text="secret")),
        message(1, "too late", dropped=True),
        Decision(conversation=1, what="offered", agents=("anna",)),
        Decision(conversation=1, what="accepted", by="anna"),
        Delivery(conversation=1, message=1, state="read"),
        message(1, "two"),
    )
    await store.tell("other", message(2, "elsewhere"))
    newest = await store.reader.story("t", limit=10)
    assert [story.seq for story in newest] == [1, 5, 6, 7]
    assert [story.at for story in newest] == [1.0, 5.0, 6.0, 7.0]


async def test_a_story_is_paged_both_ways_past_what_is_hidden(store: Store) -> None:
    for index in range(40):
        hidden = Noted(conversation=1, id=9, by="anna", content=Content(text="secret"))
        dropped = message(1, "late", dropped=True)
        await store.tell("t", message(1, f"line {index}"), dropped, dropped, dropped, hidden)
    every = await store.reader.story("t", limit=1000)
    assert len(every) == 40

    seqs = [story.seq for story in every]
    forward: list[int] = []
    while page := await store.reader.story("t", after=forward[-1] if forward else 1, limit=3):
        assert len(page) <= 3
        forward += [story.seq for story in page]
    assert forward == seqs[1:]

    backward: list[int] = []
    while page := await store.reader.story("t", before=backward[0] if backward else 0, limit=3):
        backward = [story.seq for story in page] + backward
    assert backward == seqs


async def test_the_feed_reads_on_from_where_it_was(store: Store) -> None:
    await store.tell("a", message(1, "1"), message(1, "2"), partition=1)  # n = 1, 2
    await store.tell("b", message(2, "3"), message(2, "4"), partition=2)  # n = 3, 4
    await store.tell("c", message(3, "5"), partition=3)
    kept = await store.reader.after({1: 1, 2: 0}, limit=10)
    assert [(each.partition, each.n, each.thread) for each in kept] == [(1, 2, "a"), (2, 3, "b"), (2, 4, "b")]
    assert len(await store.reader.after({1: 0, 2: 0, 3: 0}, limit=2)) == 2
    assert await store.reader.after({}, limit=10) == []
    assert await store.reader.after(dict.fromkeys(range(64), 0), limit=10)
