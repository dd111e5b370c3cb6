"""Thread and desk agree in the end, whatever becomes of their messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from openlines.domain.desk import FORGET_AFTER, Desk
from openlines.domain.events import Placed
from openlines.domain.people import Agent
from openlines.domain.policy import Policies

from .floor import Chat, Floor, line

# -- message by message ---------------------------------------------------------------------------------------------


@pytest.fixture
def desk() -> Desk:
    desk = Desk(Policies(revision=1, lines={"shop": line("anna boris", limit=1)}, channels={}), epoch=7)
    desk.agents([Agent(id="anna", connected=True), Agent(id="boris", connected=True)], now=0.0)
    return desk


def waits(name: str, at: float = 0.0) -> Chat:
    return Chat(name, 1, "shop", at)


def test_a_placed_names_the_seat_it_answers_and_the_desk_that_says_it(desk: Desk) -> None:
    [placed] = desk.stand(waits("ivan").standing(), now=3.0)
    assert (placed.seat, placed.desk_epoch, placed.conversation, placed.at) == (1, 7, 1, 3.0)


def test_the_same_seat_is_answered_as_before(desk: Desk) -> None:
    standing = waits("ivan").standing()
    first = desk.stand(standing, now=0.0)
    assert desk.stand(standing, now=1.0) == first
    assert desk.stand(waits("yara").standing(), now=1.0)[0].offered == ("boris",), "anna's slot was taken only once"


def test_an_older_seat_is_ignored(desk: Desk) -> None:
    chat = waits("ivan")
    older = chat.standing()
    [placed] = desk.stand(older, now=0.0)
    chat.place(placed)
    desk.stand(chat.standing(), now=0.0)
    assert desk.stand(older, now=0.0) == []
    assert desk.due > 5.0, "nothing is under way"


def test_a_placed_is_repeated_until_a_newer_seat_arrives(desk: Desk) -> None:
    chat = waits("ivan")
    [placed] = desk.stand(chat.standing(), now=0.0)
    assert desk.due == 5.0
    assert desk.tick(4.9) == []
    assert desk.tick(5.0) == [placed]
    assert desk.tick(10.0) == [placed]
    chat.place(placed)
    desk.stand(chat.standing(), now=11.0)
    assert desk.tick(1000.0) == []


def test_while_a_placed_is_under_way_nothing_else_is_placed(desk: Desk) -> None:
    chat = waits("ivan")
    [placed] = desk.stand(chat.standing(), now=0.0)
    assert desk.agents([Agent(id="anna")], now=1.0) == []
    assert desk.settings(Policies(revision=2, lines={"shop": line("boris anna")}, channels={}), now=1.0) == []
    chat.place(placed)
    [then] = desk.stand(chat.standing(), now=2.0)
    assert then.offered == ("boris",)


def test_a_closed_conversation_is_forgotten_but_not_its_seat(desk: Desk) -> None:
    chat = waits("ivan")
    older = chat.standing()
    desk.stand(older, now=0.0)
    chat.seat, chat.status = 9, "closed"
    desk.stand(chat.standing(), now=0.0)
    assert desk.stand(older, now=1.0) == []
    assert desk._tracked == {}


def test_the_seats_of_what_is_forgotten_do_not_pile_up(desk: Desk) -> None:
    for n in range(100):
        gone = replace(waits(f"chat{n}").standing(), wants="none")
        desk.stand(gone, now=n * FORGET_AFTER / 10)
    assert len(desk._gone) <= 11
    assert len(desk._going) <= 11


def test_all_are_counted_before_any_is_answered(desk: Desk) -> None:
    held = replace(waits("ivan").standing(), wants="none", counts_as="accepted", holders=("anna",))
    answers = desk.load([waits("yara").standing(), held], now=0.0)
    assert [placed.offered for placed in answers] == [("boris",)]


def test_a_partition_with_a_new_owner_is_known_by_its_rows_alone(desk: Desk) -> None:
    ivan, yara = waits("ivan"), waits("yara", 1.0)
    [placed] = desk.stand(ivan.standing(), now=0.0)
    desk.stand(yara.standing(), now=0.0)
    zoe = waits("zoe", 2.0)
    assert desk.stand(zoe.standing(), now=0.0)[0].offered == ()
    ivan.seat, ivan.status = 2, "closed"

    answers = desk.resync(0, 2, [yara.standing(2), zoe.standing(2)], now=1.0)

    assert [(p.thread, p.offered) for p in answers] == [("yara", ("boris",)), ("zoe", ())], "what is under way stays so"
    late = replace(waits("kate").standing(1), seat=99)
    assert desk.stand(late, now=2.0) == [], "older owners are not listened to"
    zoe.place(answers[1])
    assert desk.stand(zoe.standing(2), now=2.0)[0].offered == ("anna",), "ivan's offer is forgotten"
    assert placed.offered == ("anna",)


def test_another_partition_is_not_touched_by_a_resync(desk: Desk) -> None:
    other = replace(waits("ivan").standing(), partition=5, counts_as="accepted", holders=("anna",), wants="none")
    desk.stand(other, now=0.0)
    desk.resync(0, 2, [], now=0.0)
    assert desk.stand(waits("yara").standing(2), now=0.0)[0].offered == ("boris",)


def test_who_was_rung_is_not_first_again(desk: Desk) -> None:
    [placed] = desk.stand(replace(waits("ivan").standing(), first="boris", rung=("boris",)), now=0.0)
    assert placed.offered == ("anna",)


# -- any order, any loss --------------------------------------------------------------------------------------------

AGENTS = ("anna", "boris", "carla", "dora")
LINES = st.sampled_from(
    [
        line("anna boris carla", distribution, limit=limit, ignore=ignore, check=check, active=active)
        for distribution in ("strictly", "evenly", "all")
        for limit, ignore in ((0, "replied"), (1, "replied"), (1, "awaiting_customer"), (2, "closed"))
        for check in (True, False)
        for active in (True, True, False)
    ]
)
SALES = line("carla boris dora", name="sales", limit=1, distribution="evenly")


class Mail(Floor):
    """A floor whose messages stay under way until somebody delivers them."""

    def delivered(self) -> None:
        pass

    def settle(self) -> None:
        while self.to_desk or self.to_chats:
            super().delivered()

    def start_over(self) -> None:
        """The owner of all conversations is replaced: whatever was lost, its rows are read anew."""
        self.owner += 1
        rows = [chat.standing(self.owner) for chat in self.chats.values() if chat.status != "closed"]
        self.answer(self.desk.resync(0, self.owner, rows, self.now))
        self.settle()
        for _ in range(3):
            self.now += 5.0
            self.answer(self.desk.tick(self.now))
            self.settle()


class Disorder(RuleBasedStateMachine):
    """Customers, agents, settings, time, and a network that loses, repeats and reorders."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Mail(line("anna boris carla"), SALES, online="", cap=3)

    @initialize(shop=LINES, cap=st.sampled_from([2, 3, 1000]), online=st.sets(st.sampled_from(AGENTS)))
    def begin(self, shop: Any, cap: int, online: set[str]) -> None:
        self.floor.sets(shop, cap=cap)
        for agent in sorted(online):
            self.floor.is_(agent, connected=True)

    def pick(self, data: st.DataObject, *statuses: str) -> Chat | None:
        chats = [chat for chat in self.floor.chats.values() if chat.status in statuses]
        return data.draw(st.sampled_from(chats)) if chats else None

    @rule(where=st.sampled_from(["shop", "sales"]), first=st.sampled_from(["", "", "anna", "dora"]))
    def customer_writes(self, where: str, first: str) -> None:
        self.floor.writes(f"chat{len(self.floor.chats)}", line=where, first=first)

    @rule(data=st.data(), what=st.sampled_from(["idles", "declines", "accepts", "pins"]))
    def offered(self, data: st.DataObject, what: str) -> None:
        chat = self.pick(data, "waiting")
        if chat is None or not chat.offered:
            return
        agent = data.draw(st.sampled_from(chat.offered))
        match what:
            case "declines" if (("declined", agent)) not in chat.asking:
                self.floor.declines(agent, chat.id)
            case "accepts":
                self.floor.accepts(agent, chat.id)
            case "pins":
                self.floor.pins(chat.id)
            case "idles" if ("idle", "") not in chat.asking:
                self.floor.idles(chat.id)

    @rule(
        data=st.data(), status=st.sampled_from(["awaiting_agent", "awaiting_customer", "closed", "waiting", "accepted"])
    )
    def held(self, data: st.DataObject, status: str) -> None:
        chat = self.pick(data, "accepted", "awaiting_agent", "awaiting_customer")
        if chat is None:
            return
        if status == "waiting":
            self.floor.returns(chat.id)
        elif status == "accepted":
            self.floor.accepts(data.draw(st.sampled_from(AGENTS)), chat.id, chat.status)  # transferred
        else:
            self.floor.becomes(chat.id, status)

    @rule(
        agent=st.sampled_from(AGENTS),
        how=st.sampled_from(
            [{"connected": True}, {"connected": False}, {"on_leave": True}, {"on_leave": False}, {"dismissed": True}]
        ),
    )
    def agent_changes(self, agent: str, how: dict[str, bool]) -> None:
        self.floor.is_(agent, **how, **({} if how.get("connected", True) else {"seen_at": self.floor.now}))

    @rule(shop=LINES)
    def settings_change(self, shop: Any) -> None:
        self.floor.sets(shop)

    @rule(seconds=st.sampled_from([0.5, 6.0, 130.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.floor.passes(seconds)

    @precondition(lambda self: self.floor.to_desk)
    @rule(data=st.data(), keep=st.booleans())
    def desk_hears(self, data: st.DataObject, keep: bool) -> None:
        place = data.draw(st.integers(0, len(self.floor.to_desk) - 1))
        self.floor.hear(self.floor.to_desk[place] if keep else self.floor.to_desk.pop(place))

    @precondition(lambda self: self.floor.to_chats)
    @rule(data=st.data(), keep=st.booleans())
    def chat_is_told(self, data: st.DataObject, keep: bool) -> None:
        place = data.draw(st.integers(0, len(self.floor.to_chats) - 1))
        self.floor.tell(self.floor.to_chats[place] if keep else self.floor.to_chats.pop(place))

    @precondition(lambda self: self.floor.to_desk or self.floor.to_chats)
    @rule(data=st.data())
    def one_is_lost(self, data: st.DataObject) -> None:
        under_way: list[Any] = data.draw(st.sampled_from([m for m in (self.floor.to_desk, self.floor.to_chats) if m]))
        del under_way[data.draw(st.integers(0, len(under_way) - 1))]

    @rule()
    def all_arrive(self) -> None:
        self.floor.settle()

    @rule()
    def owner_is_replaced(self) -> None:
        self.floor.start_over()
        check_settled(self.floor)

    @rule()
    def desk_is_replaced(self) -> None:
        floor = self.floor
        floor.desk = fresh(floor)
        floor.to_desk.clear()
        floor.start_over()
        check_settled(floor)

    @invariant()
    def what_is_counted_is_never_negative(self) -> None:
        for candidates in self.floor.desk._lines.values():
            assert all(member.load >= 0 and member.person.load >= 0 for member in candidates._known.values())
            assert candidates.able == sum(not member.cause for member in candidates.members)

    def teardown(self) -> None:
        self.floor.start_over()
        check_settled(self.floor)


def fresh(floor: Floor) -> Desk:
    desk = Desk(floor.policies, floor.desk.epoch + 1)
    desk.agents(floor.people.values(), floor.now)
    return desk


def check_settled(floor: Floor) -> None:
    """What holds once all messages have arrived, found by looking at everything."""
    desk = floor.desk
    for id_, candidates in desk._lines.items():
        shared = floor.lines[id_].queue.distribution != "all"
        for member in candidates.members:
            assert member.person.load == floor.total(member.id), member.id
            assert not shared or member.load == floor.load(member.id, id_), member.id
            assert not floor.lines[id_].active or (not member.cause) == floor.qualifies(member.id, id_), member.id
    for chat in floor.chats.values():
        if chat.status != "waiting":
            continue
        queue = floor.lines[chat.line].queue
        assert not chat.asking, "every question is answered"
        if chat.undistributed:
            assert not any(floor.qualifies(agent, chat.line) for agent in queue.members), (chat, "could be offered")
            assert chat.reason is not None
            assert chat.reason.rule == "nobody"
        elif chat.reason is not None and chat.reason.rule != "crm":
            assert all(agent in queue.members for agent in chat.offered)
            assert chat.pinned or all(floor.there(agent, chat.line) for agent in chat.offered), chat
            assert queue.distribution == "all" or len(chat.offered) == 1
    again = fresh(floor)
    standings = [chat.standing(floor.owner) for chat in floor.chats.values()]
    assert again.load(standings, floor.now) == [], "a desk that is told all of it has nothing to change"


TestDisorder = Disorder.TestCase
TestDisorder.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


# -- what may never happen, whatever is late ------------------------------------------------------------------------

STEPS = st.lists(st.tuples(st.sampled_from(["writes", "takes", "ends", "asks", "hear", "tell"]), st.integers(0, 99)))


@given(steps=STEPS, limit=st.integers(1, 2), distribution=st.sampled_from(["strictly", "evenly"]))
@settings(max_examples=150, deadline=None)
def test_limits_are_never_overrun_by_what_is_late_or_repeated(
    steps: list[tuple[str, int]], limit: int, distribution: str
) -> None:
    floor = Mail(line("anna boris", distribution, limit=limit, ignore="closed"))
    for what, n in steps:
        waiting = [chat for chat in floor.chats.values() if chat.offered and chat.status == "waiting"]
        taken = [chat for chat in floor.chats.values() if chat.status == "accepted"]
        match what:
            case "writes":
                floor.writes(f"chat{len(floor.chats)}")
            case "takes" if waiting:
                chat = waiting[n % len(waiting)]
                floor.accepts(chat.offered[0], chat.id)
            case "asks" if waiting:
                chat = waiting[n % len(waiting)]
                floor.declines(chat.offered[0], chat.id) if n % 2 else floor.idles(chat.id)
            case "ends" if taken:
                floor.becomes(taken[n % len(taken)].id, "closed")
            case "hear" if floor.to_desk:
                place = n % len(floor.to_desk)
                floor.hear(floor.to_desk[place] if n % 3 == 0 else floor.to_desk.pop(place))
            case "tell" if floor.to_chats:
                place = n % len(floor.to_chats)
                floor.tell(floor.to_chats[place] if n % 3 == 0 else floor.to_chats.pop(place))
        for agent in ("anna", "boris"):
            assert floor.load(agent, "shop") <= limit, agent


class Watched(Floor):
    """Checks each choice of `strictly` against a look at everybody."""

    checked = 0

    def tell(self, placed: Placed) -> None:
        chat = self.chats[placed.thread]
        rung, holders, asked = chat.rung, chat.offered, bool(chat.asking)
        queue = self.lines["shop"].queue.members
        able = [agent for agent in queue if self.qualifies(agent, "shop")]
        super().tell(placed)
        if placed.offered and placed.offered != holders:
            left = set(holders) or set(rung[-1:])
            expected = (
                [agent for agent in able if agent not in rung and agent not in left]
                or [agent for agent in able if agent not in left]
                or able
            )
            assert placed.offered == (expected[0],), (rung, holders, asked, able)
            type(self).checked += 1


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["writes", "idles", "declines", "accepts", "ends", "returns", "leave"]), st.integers(0, 99)
        ),
        max_size=40,
    ),
    limit=st.integers(0, 2),
)
@settings(max_examples=150, deadline=None)
def test_strictly_never_skips_who_qualifies_and_was_not_rung(steps: list[tuple[str, int]], limit: int) -> None:
    floor = Watched(line("anna boris carla dora", limit=limit))
    for what, n in steps:
        waiting = [chat for chat in floor.chats.values() if chat.offered and chat.status == "waiting"]
        taken = [chat for chat in floor.chats.values() if chat.status == "accepted"]
        match what:
            case "writes":
                floor.writes(f"chat{len(floor.chats)}")
            case "idles" if waiting:
                floor.idles(waiting[n % len(waiting)].id)
            case "declines" if waiting:
                chat = waiting[n % len(waiting)]
                floor.declines(chat.offered[0], chat.id)
            case "accepts" if waiting:
                chat = waiting[n % len(waiting)]
                floor.accepts(chat.offered[0], chat.id)
            case "ends" if taken:
                floor.becomes(taken[n % len(taken)].id, "closed")
            case "returns" if taken:
                floor.returns(taken[n % len(taken)].id)
            case "leave":
                agent = floor.people[AGENTS[n % 4]]
                floor.is_(agent.id, on_leave=not agent.on_leave)
        check_settled(floor)


@given(
    waits=st.lists(st.tuples(st.sampled_from([0.0, 0.0, 1.0, 60.0]), st.sampled_from([-2.0, 0.0, 2.0])), max_size=60),
    members=st.integers(1, 6),
)
@settings(max_examples=150, deadline=None)
def test_evenly_without_declines_and_limits_spreads_offers(waits: list[tuple[float, float]], members: int) -> None:
    queue = (*AGENTS, "emil", "fedor")
    floor = Floor(line(" ".join(queue[:members]), "evenly"))
    offers = dict.fromkeys(queue[:members], 0)
    for n, (seconds, skew) in enumerate(waits):
        floor.passes(seconds)
        floor.writes(f"chat{n}")
        [agent] = floor[f"chat{n}"].offered
        floor.clocked(agent, offered_at=floor.now + skew)  # the thread's own note of it, by its node's clock
        offers[agent] += 1
    assert max(offers.values()) - min(offers.values()) <= 1
