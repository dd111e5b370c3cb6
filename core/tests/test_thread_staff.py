"""What staff do with a conversation besides answering it: hand on, invite, note, mark, and who may."""

from __future__ import annotations

import pytest
from openlines.domain.commands import Send
from openlines.domain.events import Accept, Note, Reply, Resend, Undelivered
from openlines.domain.messages import Content
from openlines.domain.policy import AgentCard, AgentInfo, BotRules, Close
from openlines.domain.rights import ACTIONS, actions, permits
from openlines.domain.state import Status
from openlines.domain.thread import TABLE

from core.tests.story import START, Script, Story, line, reached

SUPPORT = line("support", members="emil", distribution="all", close=Close(text="Bye from support", delay=60))


# -- transfer to an agent ---------------------------------------------------------------------------------------


def test_a_transfer_is_immediate_and_the_old_one_leaves() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("dora").expect(status="accepted", responsible="dora", participants=("dora",))
    story.agent("dora").transfers("anna").expect(responsible="anna", participants=("anna",))


def test_a_transfer_while_offered_takes_the_offer_from_everybody() -> None:
    story = Story(line(distribution="all")).customer("Hello")
    story.agent("anna").transfers("dora").expect(status="accepted", responsible="dora", offered=(), idle_at=0.0)
    story.agent("boris").accepts("already_taken")


def test_the_turn_stays_whose_it_was() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    story.agent("anna").transfers("boris").expect(status="awaiting_customer", responsible="boris")
    story.customer("And?")
    story.agent("boris").transfers("anna").expect(status="awaiting_agent", responsible="anna")


def test_after_a_transfer_auto_close_still_counts_from_the_last_reply() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi").passes(3600)
    story.agent("anna").transfers("boris").at(4 * 3600 - 1).expect(status="awaiting_customer")
    story.passes(1).expect(status="closed", closed_by="timeout")


def test_a_transfer_while_closing_reopens_it() -> None:
    story = Story(line(close=Close(text="Bye"))).customer("Hello")
    story.agent("anna").finishes().expect(status="closing", solved=True)
    story.agent("anna").transfers("boris")
    story.expect(
        status="awaiting_agent", responsible="boris", closed_by="", solved=False, finished_at=0.0, close_at=0.0
    )
    story.passes(700).expect(status="awaiting_agent")


def test_a_transfer_from_the_bot_is_accepted_at_once() -> None:
    story = Story(line(bot=BotRules(use="menu"))).customer("Hello")
    story.agent("anna").transfers("boris").expect(status="accepted", responsible="boris", transfer_at=0.0)
    story.passes(700).expect(status="accepted")


@pytest.mark.parametrize("to", ["anna", "nobody", "line:shop", "line:nowhere", "line:", "dismissed"])
def test_a_transfer_to_where_it_cannot_go_is_invalid(to: str) -> None:
    story = Story().customer("Hello")
    story.people["dismissed"] = story.people["dora"]
    story.dismisses("dismissed").agent("anna").accepts()
    before = story.thread.open
    story.agent("anna").transfers(to, "invalid")
    assert [answered.field for answered in story.answers.values()][-1] == "to"
    assert story.thread.open == before


# -- transfer to a line -----------------------------------------------------------------------------------------


def test_a_transfer_to_a_line_lets_its_rules_hold_until_the_next_conversation() -> None:
    story = Story(line(close=Close(text="Bye from shop")), SUPPORT).customer("Hello")
    story.agent("anna").accepts().passes(50)
    story.agent("anna").transfers("line:support")
    story.expect(status="waiting", line="support", offered=("emil",), responsible="", participants=(), rung=())
    story.expect(queued_at=START + 50)
    story.agent("emil").accepts()
    story.agent("emil").finishes().gets("Bye from support").expect(status="closing").passes(60).expect(status="closed")
    story.customer("Again").expect(number=2, line="shop", offered=("anna",)).gets()


def test_a_transfer_to_a_line_begins_a_new_round() -> None:
    support = line("support", members="anna emil")
    story = Story(line(), support).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").transfers("line:support").expect(offered=("anna",), rung=("anna",))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CLOSED])
def test_from_every_status_a_transfer_to_a_line_ends_waiting(status: Status) -> None:
    story = reached(status, SUPPORT)
    story.agent("anna").transfers("line:support")
    story.expect(status="waiting", line="support", offered=("emil",), responsible="", closed_by="", solved=False)
    story.expect(close_at=0.0, transfer_at=0.0, auto_close_at=0.0, rating_pending=False)


def test_a_line_that_is_switched_off_takes_nothing() -> None:
    story = Story(line(), line("support", members="emil", active=False)).customer("Hello")
    story.agent("anna").transfers("line:support", "line_inactive").expect(line="shop", offered=("anna",))


# -- intercept, invite, leave -----------------------------------------------------------------------------------


def test_an_intercept_makes_the_caller_responsible_by_permission() -> None:
    story = Story(roles={"mila": "admin"}).customer("Hello")
    story.agent("anna").accepts()
    story.agent("dora").intercepts("denied")
    story.agent("mila").intercepts().expect(status="accepted", responsible="mila", participants=("mila",))
    story.agent("mila").intercepts("invalid")


def test_an_intercept_while_closing_or_awaiting_keeps_the_turn() -> None:
    story = Story(line(close=Close(text="Bye")), roles={"mila": "admin"}).customer("Hello")
    story.agent("anna").says("Hi")
    story.agent("mila").intercepts().expect(status="awaiting_customer")
    story.agent("mila").finishes()
    story.agent("anna").intercepts().expect(status="awaiting_agent", responsible="anna")


def test_an_invited_agent_takes_part_may_write_and_leaves() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("dora").says("Hi", "denied")
    story.agent("anna").invites("dora").expect(participants=("anna", "dora"), responsible="anna")
    assert ("dora", "anna invited you to #1") in story.notices()
    story.agent("dora").says("Hello, Dora here").expect(responsible="anna", status="awaiting_customer")
    story.agent("dora").leaves().expect(participants=("anna",), responsible="anna")


def test_the_responsible_and_outsiders_cannot_leave() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").leaves("wrong_status")
    story.agent("boris").leaves("denied")


def test_nobody_unknown_is_invited_and_nobody_twice() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").invites("nobody", "invalid")
    story.agent("anna").invites("dora")
    story.agent("anna").invites("dora").expect(participants=("anna", "dora"))
    assert len(story.decisions("invited")) == 1


# -- notes ------------------------------------------------------------------------------------------------------


def test_a_note_changes_nothing_and_extends_nothing() -> None:
    story = Story().customer("Hello").at(10)
    before = story.thread.open
    story.agent("anna").notes("check the stock", mentions=("dora",))
    assert story.thread.open == before
    assert ("dora", "anna mentioned you in #1: check the stock") in story.notices()
    story.gets().at(60).expect(offered=("boris",))


# -- spam -------------------------------------------------------------------------------------------------------


def test_spam_closes_at_once_says_nothing_and_drops_a_pending_rating() -> None:
    story = Story(line(close=Close(text="Bye"))).customer("Buy now")
    story.agent("anna").spams().gets().expect(status="closed", closed_by="spam", offered=())
    story.customer("1").expect(number=2, status="waiting")


def test_spam_replaces_what_began_the_closing() -> None:
    story = Story(line(close=Close(text="Bye"))).customer("Buy now")
    story.agent("anna").finishes().expect(closed_by="agent")
    story.agent("anna").spams().expect(status="closed", closed_by="spam")


def test_spam_of_a_bots_conversation_stops_its_clock() -> None:
    story = Story(line(bot=BotRules(use="menu"))).customer("Buy now")
    story.agent("anna").spams().passes(700).expect(status="closed", offered=(), transfer_at=0.0)


# -- refusals ---------------------------------------------------------------------------------------------------


def test_what_is_meant_for_a_conversation_that_is_over_is_not_open() -> None:
    story = Story().customer("Hello")
    story.agent("anna").finishes()
    story.customer("Again").expect(number=2)
    story.agent("anna").asks(Accept, "not_open", conversation=1)
    story.agent("anna").asks(Note, "not_open", conversation=1, content=Content(text="?"))
    story.agent("anna").asks(Reply, "not_open", conversation=1, content=Content(text="?"))
    story.agent("anna").asks(Accept, "", conversation=2).expect(responsible="anna")


def test_writing_to_the_last_closed_conversation_begins_the_next() -> None:
    story = Story().customer("Hello")
    story.agent("anna").finishes()
    story.agent("anna").asks(Reply, "", conversation=1, content=Content(text="PS"))
    story.expect(number=2, status="awaiting_customer", started_by="anna")


def test_an_agent_writes_on_no_line_that_is_switched_off() -> None:
    story = Story().customer("Hello").settings(line(active=False))
    story.agent("anna").says("Hi", "line_inactive").gets().expect(status="waiting")


def test_a_finish_asks_to_be_confirmed_where_the_line_says_so() -> None:
    story = Story(line(confirm_close=True, close=Close(text="Bye"))).customer("Hello")
    story.agent("anna").finishes("confirmation_required").expect(status="waiting", responsible="")
    story.agent("anna").finishes(confirmed=True).expect(status="closing")
    story.agent("anna").finishes().expect(status="closed")


def test_neither_spam_nor_a_bot_is_asked_to_confirm() -> None:
    rules = line(confirm_close=True, bot=BotRules(use="menu"))
    Story(rules, bot={"*": Script(finish=True)}).customer("Hello").expect(status="closed", closed_by="bot")
    story = Story(line(confirm_close=True)).customer("Hello")
    story.agent("anna").spams().expect(status="closed")


# -- how agents are shown ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("info", "name", "photo"),
    [
        (AgentInfo(), "Anna", ""),
        (AgentInfo(mode="line", entries={"anna": AgentCard(name="Support A", photo="a.png")}), "Support A", "a.png"),
        (AgentInfo(mode="line", entries={"anna": AgentCard(photo="a.png")}), "Anna", "a.png"),
        (AgentInfo(mode="line", entries={"boris": AgentCard(name="B")}), "Anna", ""),
        (AgentInfo(mode="hidden", default_name="Shop", default_photo="s.png"), "Shop", "s.png"),
        (AgentInfo(mode="hidden"), "", ""),
    ],
)
def test_the_customer_sees_agents_as_the_line_says(info: AgentInfo, name: str, photo: str) -> None:
    story = Story(line(agent_info=info)).customer("Hello")
    story.agent("anna").says("Hi")
    author = story.messages()[-1].author
    assert (author.id, author.name, author.photo) == ("anna", name, photo)


# -- failed messages --------------------------------------------------------------------------------------------


def test_a_message_that_failed_is_sent_again_under_its_id() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi").gets("Hi")
    message = story.messages()[-1].id
    story.agent("anna").asks(Resend, "", message=message).gets("Hi")
    assert {command.message for command in story.commands(Send)} == {message}
    story.agent("anna").asks(Resend, "invalid", message=999)


def test_an_outcome_that_comes_twice_tells_nothing_new() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    told = len(story.entries)
    story.happens(Undelivered(thread="t", command=story.owed[-1].id, code="blocked", reason="the customer left"))
    assert len(story.entries) == told


# -- rights -----------------------------------------------------------------------------------------------------


def test_who_had_a_conversation_of_the_thread_or_is_in_the_queue_may_begin_the_next() -> None:
    story = Story().customer("Hello")
    story.agent("anna").transfers("dora")
    story.agent("dora").finishes()
    story.agent("mila").says("Hi", "denied")
    story.agent("dora").says("One more thing").expect(number=2, started_by="dora")
    story.agent("dora").finishes()
    story.agent("carla").says("Carla here").expect(number=3, started_by="carla")


def test_the_dismissed_may_nothing() -> None:
    story = Story().customer("Hello").dismisses("anna")
    assert not any(permits(story.people["anna"], kind, story.conversation, ("anna",)) for kind in ACTIONS.values())


@pytest.mark.parametrize("status", list(Status))
def test_no_screen_offers_what_is_always_refused(status: Status) -> None:
    story = reached(status, roles={"anna": "admin"})
    offered = actions(story.people["anna"], story.conversation, ("anna",))
    assert offered
    for name in offered:
        assert not isinstance(TABLE[ACTIONS[name]][status], str), f"{name} is offered while {status} and always refused"
