"""What holds whatever happens: random lives of a thread beside the real desk, with everything told twice or late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import permutations
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from openlines.domain.commands import AskBot, FindCustomer, Send
from openlines.domain.diagram import RUNS_WHILE
from openlines.domain.entries import Decision, Message, Noted
from openlines.domain.events import (
    Accept,
    AnyEvent,
    BotAnswered,
    BotFailed,
    CrmFailed,
    CustomerFound,
    Decline,
    Finish,
    FromPlatform,
    Intercept,
    Invite,
    Leave,
    MarkSpam,
    Note,
    Outcome,
    Pin,
    Placed,
    Rate,
    RefuseConsent,
    Reply,
    Request,
    Return,
    SaveToCrm,
    Transfer,
    Woken,
)
from openlines.domain.messages import Content
from openlines.domain.people import absence
from openlines.domain.policy import AutoClose, BotRules, Channel, Close, NoAnswer, Rating, RatingTexts
from openlines.domain.seats import standing
from openlines.domain.state import DEADLINES, WITH_AGENT, Conversation, Status, Thread
from openlines.domain.thread import Decided, decide

from core.tests.story import Known, Script, Story, crm_rules, line

KEY = "0"
NAMES = ("anna", "boris", "carla", "dora", "mila")
DAY = 86400.0

LATE_CHANGES = {
    "rating",
    "rating_comment",
    "rating_pending",
    "supervisor_rating",
    "supervisor_comment",
    "identified",
    "record",
    "record_kind",
    "record_created",
    "record_wanted",
}
"""What may still change of a closed conversation."""


# -- worlds and what happens in them ----------------------------------------------------------------------------


def world(chance: Random) -> Story:
    """A line of any kind, a bot that behaves in some way or none, a CRM that knows, fails or hangs."""
    one_of = chance.choice
    rating = Rating(
        ongoing=one_of([False, True]),
        close_on_rating=one_of([False, True]),
        time_limit=one_of([0, DAY]),
        text=RatingTexts(request="1 or 0?", like="Thanks", dislike="Sorry", over="Too late"),
        livechat=RatingTexts(request="How was it?"),
    )
    shop = line(
        distribution=one_of(["evenly", "strictly", "all"]),
        idle_time=12 * 3600.0,
        retry_interval=DAY,
        check=one_of([False, True]),
        confirm_close=one_of([False, True]),
        close=Close(text=one_of(["Bye", "Bye", ""]), delay=one_of([600.0, 600.0, 0.0])),
        auto_close=AutoClose(after=one_of([0.0, 3600.0])),
        no_answer=NoAnswer(text="Busy"),
        rating=one_of([rating, rating, Rating(enabled=False)]),
        crm=one_of([crm_rules(), line().crm]),
        bot=BotRules(use=one_of(["menu", "menu", ""]), disconnect=one_of(["on_transfer", "on_close"])),
    )
    support = line("support", members="carla dora", idle_time=12 * 3600.0, retry_interval=DAY, distribution="all")
    answers = [
        Script(say=("Menu",), memory={"asked": 1}),
        Script(transfer="queue"),
        Script(transfer="dora"),
        Script(transfer="line:support"),
        Script(finish=True),
        Script(fails=True),
        Script(hangs=True),
    ]
    livechat = Channel(id="tg", line="shop", kind="livechat", ratings=True, reachable=False)
    return Watched(
        shop,
        support,
        bot={"*": one_of(answers), "more": one_of(answers)},
        crm=one_of([Known(), Known(record="7", responsible="dora"), Known(fails=True), Known(hangs=True)]),
        roles={"mila": "supervisor", "anna": one_of(["agent", "admin"])},
        group=one_of([False, False, True]),
        channel=one_of([None, livechat]),
        away=one_of(["", "anna", "anna boris carla"]),
    )


ROLES: dict[str, Callable[[Conversation], Iterable[str]]] = {
    "the responsible": lambda conversation: (conversation.responsible,),
    "who is offered it": lambda conversation: conversation.offered,
    "who takes part": lambda conversation: conversation.participants[1:],
    "who had it": lambda conversation: conversation.holders,
}
"""Whom a request comes from; else from anybody. Chance alone seldom finds those who matter."""


SAYS = {"content": Content(text="Hi")}
REQUESTS: list[tuple[type[Request], dict[str, Any]]] = [
    *((Accept, {}), (Accept, {}), (Decline, {}), (Decline, {})),
    *((Reply, SAYS), (Reply, SAYS), (Reply, SAYS)),
    *((Finish, {"confirmed": True}), (Finish, {"confirmed": True}), (Finish, {"confirmed": True})),
    (Return, {}),
    (Reply, {**SAYS, "conversation": 1}),
    (Note, SAYS),
    *[(Transfer, {"to": to}) for to in ("dora", "boris", "nobody", "line:support", "line:nowhere")],
    (Intercept, {}),
    (Invite, {"agent": "dora"}),
    (Leave, {}),
    (Pin, {}),
    (Pin, {"on": False}),
    (MarkSpam, {}),
    (Finish, {"solved": False}),
    (SaveToCrm, {}),
    (RefuseConsent, {}),
    (Rate, {"score": 5}),
]
"""What staff ask for, the more important the more often."""


def lives(story: Story, chance: Random, length: int) -> None:
    """Let things happen. Half of them are what staff ask for; most of the rest is the customer and time."""
    story.customer("Hello")
    for _ in range(length):
        match chance.randrange(24):
            case 0 | 1 | 2 | 3 | 4:
                story.customer(chance.choice(["Hello", "more", KEY, " 0 ", "1", "1 good", "10"]))
            case 5 | 6 | 7:
                story.passes(chance.choice([0.5, 3.0, 60.0, 600.0, 3600.0, 14400.0, 43200.0, DAY, 8 * DAY]))
            case 8:
                story.happens(Woken(thread="t"))
            case 9:
                story.presses(chance.choice(["like", "dislike"]))
            case 10:
                story.people_change(chance.choice(NAMES), connected=chance.choice([False, True]))
            case 11 if chance.randrange(4) == 0:
                story.dismisses(chance.choice(["anna", "boris"]))
            case 12:
                ends_what_hangs(story, well=chance.choice([False, True]))
            case 13:
                tells_again(story, chance)
            case 14:
                story.fills(phone="+393471234567")
            case _:
                asks(story, chance)


def asks(story: Story, chance: Random) -> None:
    kind, fields = chance.choice(REQUESTS)
    conversation = story.thread.open or story.thread.last
    role = chance.choice([*ROLES, "the responsible", "who is offered it", "anybody"])
    found = [*ROLES[role](conversation), *conversation.offered] if conversation and role in ROLES else []
    by = next((name for name in found if name in story.people), chance.choice(NAMES))
    key = f"{kind.__name__} {len(story.events)}"
    story.happens(kind(thread="t", by=by, request=key, **fields))  # type: ignore[arg-type]


def ends_what_hangs(story: Story, *, well: bool) -> None:
    """An outcome comes at last."""
    if not story.unperformed:
        return
    command = story.unperformed.pop(0)
    if isinstance(command, AskBot):
        answer = BotAnswered(thread="t", command=command.id, say=(Content(text="Menu"),), transfer="queue")
        story.happens(answer if well else BotFailed(thread="t", command=command.id, reason="late"))
    elif well and isinstance(command, FindCustomer):
        story.happens(CustomerFound(thread="t", command=command.id, record="7", record_kind="lead", responsible="dora"))
    else:
        story.happens(CrmFailed(thread="t", command=command.id, reason="late"))


def tells_again(story: Story, chance: Random) -> None:
    """Something that happened before is told once more; a request is not, its key answers it."""
    story.happens(chance.choice([event for event in story.events if not isinstance(event, Request)]))


# -- what always holds ------------------------------------------------------------------------------------------


@dataclass
class Seen:
    commands: set[int] = field(default_factory=set)
    messages: set[int] = field(default_factory=set)
    answered: list[str] = field(default_factory=list)


class Watched(Story):
    """A story in which every decision is checked."""

    seen: Seen | None = None

    def step(self, event: AnyEvent) -> Decided | None:
        self.seen = seen = self.seen or Seen()
        before, facts = self.thread, self.facts(event)
        decided = super().step(event)
        if decided is None:
            return None
        assert decide(self.policies, before, facts, event) == decided, "the same inputs gave another output"
        after = decided.thread
        encoded = msgspec.json.encode(after)
        assert msgspec.json.decode(encoded, type=Thread) == after, "the snapshot reads differently"
        check_time(before, decided, event)
        check_ids(before, decided, seen)
        check_seat(before, after)
        check_speakers(before, decided)
        check_closed(before, after)
        if after.open is not None:
            check_open(after.open)
        if isinstance(event, Outcome | Placed | Woken):
            check_repetition(self, event, facts.now)
        return decided


def check_time(before: Thread, decided: Decided, event: AnyEvent) -> None:
    assert decided.thread.now >= before.now
    if isinstance(event, Woken) and not 0 < before.due <= decided.thread.now:
        assert decided == Decided(replace(before, now=decided.thread.now), (), (), ()), "a timer fired early"
    assert not isinstance(event, Woken) or not 0 < decided.thread.due <= decided.thread.now, "a due timer did not fire"


def check_ids(before: Thread, decided: Decided, seen: Seen) -> None:
    after = decided.thread
    owed = [command.id for command in after.pending if command not in before.pending]
    told = [told.entry.id for told in decided.told if isinstance(told.entry, Message | Noted)]
    assert not seen.commands.intersection(owed)
    assert not seen.messages.intersection(told)
    assert len({*owed, *told}) == len(owed) + len(told)
    assert all(before.counter < number <= after.counter for number in (*owed, *told))
    seen.commands.update(owed)
    seen.messages.update(told)
    answered = [answer.request for answer in decided.answers]
    assert not set(answered) & set(seen.answered), "a request was answered twice"
    seen.answered += answered


def check_seat(before: Thread, after: Thread) -> None:
    def stands(thread: Thread) -> object:
        known = thread.open or thread.last
        return known and (standing(replace(thread, seat=0), 0, 0), thread.open.idle_at if thread.open else 0.0)

    assert after.seat == before.seat + (stands(before) != stands(after))


def check_speakers(before: Thread, decided: Decided) -> None:
    served = before.open is not None and before.open.status is Status.WITH_BOT
    for command in decided.thread.pending:
        if command in before.pending:
            continue
        if isinstance(command, AskBot):
            assert command.content.text.strip() != KEY, "the transfer key reached a bot"
        if isinstance(command, Send):
            assert served or command.sender.kind != "bot", "a bot spoke that does not serve"
            assert not before.group or command.sender.kind != "auto", "something automatic was said in a group"


def check_closed(before: Thread, after: Thread) -> None:
    if before.last is not None and after.last is not None and before.last.number == after.last.number:
        was, now = asdict(before.last), asdict(after.last)
        changed = {name for name in was if was[name] != now[name]}
        assert changed <= LATE_CHANGES, f"a closed conversation changed: {changed}"
    if after.last is not None:
        last = after.last
        assert last.status is Status.CLOSED
        assert last.closed_by in ("agent", "bot", "timeout", "spam", "stale", "rating")
        assert (last.pinned, last.offered, last.asking) == (False, (), ())
    if after.open is not None and after.last is not None:
        assert after.open.number > after.last.number


def check_open(conversation: Conversation) -> None:
    status, responsible = conversation.status, conversation.responsible
    assert conversation.stale_at > 0, "nothing would ever end it"
    for name in DEADLINES:
        assert not getattr(conversation, name) or status in RUNS_WHILE[name], f"{name} is set while {status}"
    if status in WITH_AGENT:
        assert responsible in conversation.participants
        assert not responsible.startswith("bot:")
    elif status is Status.WAITING:
        assert responsible == ""
    elif status is Status.WITH_BOT:
        assert responsible == f"bot:{conversation.bot}"
    else:
        assert responsible
        assert conversation.closed_by in ("agent", "bot", "timeout")
    if status is not Status.CLOSING:
        assert (conversation.closed_by, conversation.finished_at) == ("", 0.0)
        assert not conversation.rating_pending
    if status is not Status.WAITING:
        assert conversation.offered == ()
        assert conversation.asking == ()
    assert all(asking.by in conversation.offered for asking in conversation.asking if asking.why == "declined")
    assert not any(name.startswith("bot:") for name in conversation.participants)
    assert set(conversation.offered) <= set(conversation.holders)


def check_repetition(story: Story, event: AnyEvent, now: float) -> None:
    again = decide(story.policies, story.thread, replace(story.facts(event), now=now), event)
    assert again == Decided(story.thread, (), (), ()), f"{event} changed something when it came again"


# -- properties -------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(chance=st.randoms(use_true_random=True), length=st.integers(1, 40))
def test_whatever_happens_the_rules_hold_and_it_comes_to_an_end(chance: Random, length: int) -> None:
    story = world(chance)
    lives(story, chance, length)
    for event in story.events:
        if isinstance(event, Request) and event.request not in story.answers:
            asking = story.thread.open.asking if story.thread.open else ()
            assert event.request in [question.request for question in asking], f"{event} was never answered"
    story.passes(32 * DAY)
    assert story.thread.open is None, "it would stay open for ever"


@pytest.mark.parametrize("order", list(permutations(("anna", "boris", "carla"))))
@pytest.mark.parametrize("replies", [False, True])
def test_in_all_exactly_one_wins_whoever_comes_first(order: tuple[str, ...], replies: bool) -> None:
    story = Watched(line(distribution="all")).customer("Hello")
    if replies:
        story.agent(order[0]).says("Hi")
    else:
        story.agent(order[0]).accepts()
    for name in order:
        story.agent(name).accepts("already_taken").expect(responsible=order[0])
    assert [entry.by for entry in story.decisions("accepted")] == [order[0]]


class Lossy(Watched):
    """Between thread and desk messages are lost, doubled and overtake each other, as fate has it."""

    fate: list[str]
    late: list[Placed]

    def passes(self, seconds: float) -> Story:
        # What is lost is told again every 5 s: days of that would only take long.
        return super().passes(min(seconds, 60.0))

    def placed(self, answers: Iterable[Placed]) -> None:
        for placed in answers:
            match self.fate.pop() if self.fate else "well":
                case "lost":
                    pass
                case "twice":
                    super().placed((placed, placed))
                case "late":
                    self.late.append(placed)
                case _:
                    super().placed((*reversed(self.late), placed))
                    self.late.clear()

    def stands(self) -> None:
        if not self.fate or self.fate.pop() != "lost":
            super().stands()


@settings(max_examples=200, deadline=None)
@given(chance=st.randoms(use_true_random=True), length=st.integers(1, 25))
def test_loss_repetition_and_reordering_change_nothing_in_the_end(chance: Random, length: int) -> None:
    shop = line(
        distribution=chance.choice(["evenly", "strictly", "all"]),
        check=True,
        idle_time=12 * 3600.0,
        bot=BotRules(use="menu"),
    )
    story = Lossy(shop, line("support", members="carla dora", check=True), away=chance.choice(["", "anna boris carla"]))
    story.fate, story.late = chance.choices(["well", "lost", "twice", "late"], k=30), []
    lives(story, chance, length)
    # From now on everything arrives; what was lost is told again as after a start.
    story.fate = []
    if story.thread.open is None:
        return
    story.stands()
    story.passes(6)
    if story.thread.open is None or story.thread.open.status is not Status.WAITING:
        return
    if story.thread.open.pinned and story.thread.open.offered:
        return  # it stays where it is, whoever is there
    queue = story.policies.line(story.thread.open.line).queue
    there = {
        name
        for name in queue.members
        if not absence(story.people[name], story.clock, check=True, presence_timeout=queue.presence_timeout)
    }
    offered = set(story.thread.open.offered)
    assert bool(offered) == bool(there), f"{sorted(there)} are there, {sorted(offered)} are offered it"
    assert offered <= there


def test_an_unknown_agents_words_are_recorded_nowhere() -> None:
    story = Watched().customer("Hello")
    told = len(story.entries)
    story.happens(Reply(thread="t", by="mila", request="r", content=Content(text="Hi")))
    assert story.answers["r"].code == "denied"
    assert len(story.entries) == told


def test_what_a_platform_tells_again_is_no_second_decision() -> None:
    story = Watched().customer("Hello", id="m1")
    [first] = [event for event in story.events if isinstance(event, FromPlatform)]
    assert story.step(first) is None
    assert [entry.what for entry in story.entries if isinstance(entry, Decision)].count("opened") == 1
