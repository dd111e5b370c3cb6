"""The step on a real store: its cache, its fence, its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
from openlines.domain.entries import Message
from openlines.domain.events import CustomerWrote, Woken
from openlines.domain.messages import Content, Customer
from openlines.domain.people import Agent
from openlines.domain.policy import Channel, Line, Policies
from openlines.runtime.database import migrate, open_engine
from openlines.runtime.drafts import Committed
from openlines.runtime.ownership import take_all
from openlines.runtime.records import PARTITIONS, partition_of, thread_id
from openlines.runtime.step import Fenced, Step, routed
from openlines.runtime.tables import partitions
from sqlalchemy import Engine, update


class World:
    """What a step sees of the hub."""

    policies = Policies(
        revision=1, lines={"shop": Line(id="shop")}, channels={"post": Channel(id="post", line="shop", kind="post")}
    )
    people: MappingProxyType[str, Agent] = MappingProxyType({})

    def bot_ready(self, bot: str) -> bool:
        return True


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def step(engine: Engine) -> Iterator[Step]:
    with engine.connect().execution_options(writes=True) as connection:
        with connection.begin():
            owned = take_all(connection)
        step = Step(connection, World(), cached=2)
        step.own(owned.epochs, owned.counts)
        yield step


def wrote(chat: str, id: str) -> CustomerWrote:  # noqa: A002
    return CustomerWrote(chat=chat, channel="post", id=id, customer=Customer(id=chat), content=Content(text=id), at=1.0)


def run(step: Step, *events: CustomerWrote | Woken) -> Committed:
    return step.run([routed(event) for event in events], now=1.0)


def numbers(done: Committed) -> set[int]:
    return {kept.entry.conversation for kept in done.kept if isinstance(kept.entry, Message)}


def test_a_batch_larger_than_the_cache_loses_none_of_its_threads(step: Step) -> None:
    chats = [f"chat{n}" for n in range(6)]
    first = [numbers(run(step, wrote(chat, "1"))) for chat in chats]
    # Given a cache that holds two of them, when all six are in one batch, the cached ones first
    done = run(step, *(wrote(chat, "2") for chat in reversed(chats)))
    # Then each goes on with its own conversation, and none begins anew
    assert numbers(done) == set().union(*first)
    assert all(thread.conversations == 1 for thread in done.threads.values())


def test_conversations_are_numbered_from_one_without_repetition(step: Step) -> None:
    seen: list[int] = []
    for start in range(0, 120, 20):
        seen += sorted(numbers(run(step, *(wrote(f"chat{n}", "1") for n in range(start, start + 20)))))
    assert seen == list(range(1, 121))


def test_entries_of_a_partition_are_counted_in_the_order_of_their_commits(step: Step) -> None:
    kept = [one for n in range(40) for one in run(step, wrote(f"chat{n % 9}", f"{n}")).kept]
    for partition in range(PARTITIONS):
        mine = [one.n for one in kept if one.partition == partition]
        assert mine == list(range(1, len(mine) + 1))


def test_whoever_was_taken_over_writes_in_no_partition_and_goes_on_being_refused(engine: Engine, step: Step) -> None:
    run(step, wrote("ivan", "1"))
    mine = partition_of(thread_id("post", "ivan"))
    with engine.connect().execution_options(writes=True) as other, other.begin():
        other.execute(update(partitions).where(partitions.c.partition == mine).values(epoch=partitions.c.epoch + 1))
    for _ in range(3):
        with pytest.raises(Fenced, match=f"partition {mine} has epoch 2 now; this node owned 1"):
            run(step, wrote("ivan", "2"))


def test_what_somebody_else_writes_besides_does_not_fence(engine: Engine, step: Step) -> None:
    run(step, wrote("ivan", "1"))
    with engine.connect().execution_options(writes=True) as other, other.begin():
        other.execute(update(partitions).values(position="somewhere"))
    assert len(run(step, wrote("ivan", "2")).kept) == 1


def test_an_outcome_for_a_thread_that_is_gone_changes_nothing(step: Step) -> None:
    done = run(step, Woken(thread=thread_id("post", "nobody"), at=1.0))
    assert (done.kept, done.threads, len(done.outcomes)) == ([], {}, 1)
