"""A line that is switched off (2.10), and switched on again."""

from __future__ import annotations

import pytest
from openlines.domain.policy import (
    AutoClose,
    BotRules,
    Channel,
    Close,
    Greeting,
    Kpi,
    Line,
    NoAnswer,
    Norm,
    Rating,
    RatingTexts,
)

from core.tests.story import START, Known, Script, Story, crm_rules, line, reached

HOUR = 3600.0


def shop(**rules: object) -> Line:
    said = {"greeting": Greeting(text="Welcome", when="each"), "close": Close(text="Bye")}
    return line(**{"rating": Rating(enabled=False), **said, **rules})  # type: ignore[arg-type]


def off(**rules: object) -> Line:
    return shop(active=False, **rules)


def test_messages_are_held_and_nothing_comes_of_them() -> None:
    story = Story(off()).customer("Hello").customer("Anyone?").gets()
    assert (story.thread.open, story.thread.conversations) == (None, 0)
    assert story.held() == [("shop", "Hello"), ("shop", "Anyone?")]


def test_the_same_message_is_held_once() -> None:
    assert Story(off()).customer("Hello", id="m1").customer("Hello", id="m1").held() == [("shop", "Hello")]


def test_a_channel_without_a_line_holds_its_messages() -> None:
    story = Story(line(), channel=Channel(id="tg", line="")).customer("Hello").gets()
    assert story.held() == [("", "Hello")]


def test_switched_on_again_they_are_not_played_back() -> None:
    story = Story(off()).customer("Hello").settings(shop()).gets()
    assert story.thread.open is None
    story.customer("Hello again").gets("Welcome").expect(number=1, status="waiting", offered=("anna",))
    assert [message.content.text for message in story.messages()] == ["Hello again", "Welcome"]


def test_offers_are_withdrawn_and_no_clock_of_routing_runs() -> None:
    rules = {"no_answer": NoAnswer(after=300, text="Busy")}
    story = Story(shop(**rules)).customer("Hello").gets("Welcome").expect(offered=("anna",))
    story.settings(off(**rules)).expect(status="waiting", offered=(), rung=())
    story.at(HOUR).gets().expect(status="waiting", offered=(), unanswered=False)
    story.people_change("boris", connected=False).people_change("boris", connected=True).expect(offered=())


def test_active_again_who_waits_is_routed_afresh() -> None:
    rules = {"no_answer": NoAnswer(after=300, text="Busy")}
    story = Story(shop(**rules)).customer("Hello").gets("Welcome").at(70).expect(offered=("boris",))
    story.settings(off(**rules)).at(HOUR).settings(shop(**rules))
    story.expect(offered=("anna",), rung=("anna",), queued_at=START)
    story.passes(60).expect(offered=("boris",)).at(HOUR + 299).gets().at(HOUR + 300).gets("Busy")


def test_messages_of_open_conversations_are_held_too() -> None:
    story = reached("awaiting_customer").settings(off())
    story.customer("And?").expect(status="awaiting_customer", asked_at=0.0)
    assert story.held() == [("shop", "And?")]


def test_an_agents_text_is_refused_as_is_a_transfer_to_the_line() -> None:
    support = line("support", members="dora")
    story = Story(shop(), support).customer("Hello").settings(off())
    story.agent("anna").says("Hi", "line_inactive")
    story.settings(shop(), line("support", members="dora", active=False))
    story.agent("anna").transfers("line:support", "line_inactive")


def test_a_finish_says_nothing_and_closes_at_once() -> None:
    story = Story(shop()).customer("Hello").gets("Welcome").settings(off())
    story.agent("anna").finishes().gets().expect(status="closed", closed_by="agent")


def test_auto_close_and_staleness_wait() -> None:
    rules = {"auto_close": AutoClose(after=HOUR)}
    story = Story(shop(**rules)).customer("Hello")
    story.agent("anna").says("Hi")
    story.settings(off(**rules)).at(40 * 86400).expect(status="awaiting_customer")
    assert story.thread.due == 0
    story.settings(shop(**rules)).expect(closed_by="timeout")


def test_a_closing_one_closes_all_the_same() -> None:
    reached("closing").settings(off()).at(600).expect(status="closed", closed_by="agent")


def test_an_alert_waits() -> None:
    kpi = Kpi(first=Norm(60, ("mila",), "Late"))
    story = Story(shop(kpi=kpi)).customer("Hello").settings(off(kpi=kpi)).at(HOUR)
    assert story.notices() == []
    assert story.settings(shop(kpi=kpi)).notices() == [("mila", "Late")]


def test_what_a_bot_says_meanwhile_is_dropped_and_its_clock_begins_anew() -> None:
    rules = {"bot": BotRules(use="menu", transfer_after=600)}
    story = Story(shop(**rules), bot={"*": Script(hangs=True)}).customer("Hello").at(500).settings(off(**rules))
    story.at(HOUR).expect(status="with_bot").settings(shop(**rules))
    story.at(HOUR + 599).expect(status="with_bot").at(HOUR + 600).expect(status="waiting", offered=("anna",))


@pytest.mark.parametrize(
    ("script", "status"), [(Script(say=("Menu",)), "with_bot"), (Script(transfer="queue"), "waiting")]
)
def test_a_bots_answer_that_arrives_meanwhile(script: Script, status: str) -> None:
    rules = {"bot": BotRules(use="menu")}
    story = Story(shop(**rules), bot={"*": Script(hangs=True)}).customer("Hello").settings(off(**rules))
    story.bot = {"*": script}
    story.unperformed, [asked] = [], story.unperformed
    story.perform(asked)
    story.gets().expect(status=status, offered=())
    assert [message.dropped for message in story.messages() if message.author.kind == "bot"] == [True] * len(script.say)


def test_late_ratings_are_held_too() -> None:
    rating = Rating(text=RatingTexts(request="1 or 0?", like="Thanks"))
    rules = {"rating": rating, "close": Close(text="Bye", delay=0)}
    story = Story(shop(**rules)).customer("Hello")
    story.agent("anna").finishes()
    story.gets("Welcome", "Bye", "1 or 0?").settings(off(**rules)).customer("1").gets().expect(rating="")
    assert story.presses("like") == ""
    assert story.held() == [("shop", "1"), ("shop", "like")]
    story.settings(shop(**rules)).customer("1").gets("Thanks").expect(rating="like")


def test_who_was_being_looked_up_is_routed_when_the_line_is_back() -> None:
    rules = {"crm": crm_rules()}
    story = Story(shop(**rules), crm=Known(hangs=True)).customer("Hello").settings(off(**rules)).at(60)
    story.expect(offered=()).settings(shop(**rules)).expect(offered=()).passes(3).expect(offered=("anna",))
    found = Story(shop(**rules), crm=Known(hangs=True)).customer("Hello").settings(off(**rules))
    found.crm = Known(record="7", responsible="dora")
    found.unperformed, [asked] = [], found.unperformed
    found.perform(asked)
    found.expect(offered=()).settings(shop(**rules)).expect(offered=("dora",))


def test_what_was_kept_for_the_bot_is_put_to_it_when_the_line_is_back() -> None:
    rules = {"crm": crm_rules(), "bot": BotRules(use="menu")}
    story = Story(shop(**rules), crm=Known(hangs=True)).customer("Hello").settings(off(**rules))
    story.crm = Known()
    story.unperformed, [asked] = [], story.unperformed
    story.perform(asked)
    assert story.bot_saw() == []
    story.settings(shop(**rules)).gets("Menu").expect(status="with_bot", identifying=False)


def test_moved_to_a_line_that_works_it_is_routed_at_once() -> None:
    story = Story(shop(), line("support", members="dora"), roles={"mila": "supervisor"}).customer("Hello")
    story.settings(off())
    story.agent("mila").transfers("line:support").expect(status="waiting", offered=("dora",), suspended=False)
