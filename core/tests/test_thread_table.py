"""The dispatch table: nothing is missing, only requests are refused, and the page in the docs says what it does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from openlines.domain import diagram
from openlines.domain.diagram import HAPPENINGS, OWED, Happening, becomes, happen, representatives, status_of
from openlines.domain.events import AnyEvent, Decline, Event, Request, Return
from openlines.domain.state import DEADLINES, Status, Thread
from openlines.domain.thread import TABLE

ROOT = Path(__file__).parents[2]
THREADS = representatives()
CODES = {
    "already_taken",
    "only_candidate",
    "confirmation_required",
    "not_open",
    "wrong_status",
    "denied",
    "line_inactive",
    "rating_not_asked",
    "invalid",
}
"""The codes that the interface promises to keep."""

CELLS = [
    pytest.param(thread, happening, id=f"{name.strip('`')}-{happening.words}")
    for name, thread in THREADS.items()
    for happening in HAPPENINGS
]


def test_every_event_has_a_rule_or_a_refusal_in_every_status() -> None:
    assert set(TABLE) == set(get_args(AnyEvent))
    for kind, row in TABLE.items():
        assert set(row) == set(Status), f"{kind.__name__} does not say what happens in every status"


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
def test_only_requests_are_refused_and_with_known_codes(kind: type[Event]) -> None:
    refusals = {rule for rule in TABLE[kind].values() if isinstance(rule, str)}
    assert refusals <= CODES
    assert not refusals or issubclass(kind, Request), f"{kind.__name__} is a fact: facts cannot be refused"


def test_there_is_a_thread_in_every_status_and_every_event_happens() -> None:
    assert {status_of(thread) for thread in THREADS.values()} == set(Status)
    assert {type(happening.event(THREADS["`waiting`"])) for happening in HAPPENINGS} == set(TABLE)
    assert {happening.deadline for happening in HAPPENINGS} == {"", *DEADLINES}


@pytest.mark.parametrize(("thread", "happening"), CELLS)
def test_every_event_can_be_decided_in_every_status(thread: Thread, happening: Happening) -> None:
    event = happening.event(thread)
    decided = happen(thread, happening)
    assert {answer.code for answer in decided.answers} <= CODES | {""}
    if isinstance(event, Request):
        waits_for_the_desk = isinstance(event, Decline | Return) and status_of(thread) is Status.WAITING
        assert len(decided.answers) == (0 if waits_for_the_desk else 1), "a request has exactly one answer"
    assert OWED not in [owed.id for owed in decided.thread.pending] or "command" not in event.__struct_fields__


LAW = {
    "the customer writes": "stays stays stays stays awaiting_agent awaiting_agent new:with_bot with_bot",
    "the customer writes `1`": "stays stays stays stays awaiting_agent stays stays stays",
    "the customer writes the transfer key": "waiting stays stays stays awaiting_agent stays stays stays",
    "an agent accepts": "accepted accepted !already_taken !already_taken !already_taken !wrong_status !not_open "
    "!wrong_status",
    "the agent writes": "awaiting_customer awaiting_customer awaiting_customer awaiting_customer stays "
    "awaiting_customer new:awaiting_customer awaiting_customer",
    "a note": "stays stays stays stays stays stays !not_open stays",
    "the agent declines": "!wrong_status stays waiting waiting waiting !wrong_status !not_open !wrong_status",
    "the agent returns it to the queue": "!wrong_status stays waiting waiting waiting !wrong_status !not_open "
    "!wrong_status",
    "`queue.idle_time` is over": "– stays – – – – – –",
    "transfer to an agent": "accepted accepted stays stays stays awaiting_agent !not_open awaiting_agent",
    "intercept": "accepted accepted stays stays stays awaiting_agent !not_open awaiting_agent",
    "transfer to a line": "waiting stays waiting waiting waiting waiting !not_open waiting",
    "the agent finishes": "closing closing closing closing closing closed !not_open closed",
    "`auto_close.after` is over": "– – – – closing – – –",
    "`close.delay` is over": "– – – – – closed – closed",
    "mark as spam": "closed closed closed closed closed closed !not_open closed",
    "31 days without a message": "closed closed closed closed closed closed – closed",
}
"""What a conversation comes to, written down by hand: with_bot, waiting, accepted, awaiting_agent, awaiting_customer,
closing (finished by an agent), closed, closing (finished by a bot)."""


@pytest.mark.parametrize("words", LAW)
def test_a_conversation_comes_to_what_it_must(words: str) -> None:
    [happening] = [happening for happening in HAPPENINGS if happening.words == words]
    seen = {name: becomes(thread, happening) for name, thread in THREADS.items()}
    law = [cell.replace("new:", "new: ") for cell in LAW[words].split()]
    assert seen == {name: f"`{cell[1:]}`" if cell[0] == "!" else cell for name, cell in zip(THREADS, law, strict=True)}


def test_the_page_says_what_the_code_does() -> None:
    page = (ROOT / "docs/reference/conversation.md").read_text(encoding="utf-8")
    assert page == diagram.page(), "stale: python -m openlines.domain.diagram > docs/reference/conversation.md"
