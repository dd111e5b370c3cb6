"""Consent (2.3): asked once for a version, given by writing on, refused by an agent for the customer."""

from __future__ import annotations

import pytest
from openlines.domain.commands import CreateRecord, EraseFields
from openlines.domain.policy import BotRules, Channel, Consent, Greeting, Line, Rating, RatingTexts

from core.tests.story import START, Known, Story, crm_rules, line

AGREE = Consent(enabled=True, text="We keep your data", url="https://example.com/terms", version="1")
NOTICE = "We keep your data\nhttps://example.com/terms"
WEB = Channel(id="tg", line="shop", kind="livechat", forms=True, reachable=False)


def asking(**rules: object) -> Line:
    return line(consent=AGREE, **rules)  # type: ignore[arg-type]


def test_the_notice_follows_the_first_message_and_the_greeting() -> None:
    story = Story(asking(greeting=Greeting(text="Welcome"))).customer("Hello").gets("Welcome", NOTICE)
    assert [message.content.text for message in story.messages()] == ["Hello", "Welcome", NOTICE]
    assert [told.fields for told in story.decisions("consent_asked")] == [{"version": "1"}]


def test_the_next_message_is_the_consent_and_is_recorded_once() -> None:
    story = Story(asking()).customer("Hello").gets(NOTICE)
    assert [(known.asked_at, known.given_at) for known in story.thread.agreements] == [(START, 0)]
    story.passes(20).customer("Ok").passes(5).customer("More").gets()
    [given] = story.thread.agreements
    assert (given.version, given.agreement, given.given_at) == ("1", "https://example.com/terms", START + 20)
    assert len(story.decisions("consented")) == 1


def test_a_rating_is_no_consent() -> None:
    rating = Rating(text=RatingTexts(request="1 or 0?"))
    story = Story(asking(rating=rating)).customer("Hello")
    story.agent("anna").finishes()
    story.customer("1").expect(rating="like")
    assert story.thread.agreements[0].given_at == 0
    story.customer("Thanks!").expect(number=1)
    assert story.thread.agreements[0].given_at > 0


def test_while_a_bot_serves_it_comes_before_the_bots_first_answer() -> None:
    Story(asking(bot=BotRules(use="menu"))).customer("Hello").gets(NOTICE, "Menu")


def test_in_a_conversation_that_an_agent_began_it_follows_the_customers_first_message() -> None:
    story = Story(line()).customer("Hello")
    story.agent("anna").finishes()
    story.settings(asking())
    story.agent("anna").says("By the way")
    story.gets("By the way").customer("Yes?").gets(NOTICE).customer("Well").gets()


def test_it_is_sent_once_for_a_version_and_a_new_one_asks_in_the_next_conversation() -> None:
    story = Story(asking()).customer("Hello").gets(NOTICE).customer("Ok")
    story.settings(line(consent=Consent(enabled=True, text="New terms", version="2"))).customer("More").gets()
    story.agent("anna").finishes()
    story.customer("Again").gets("New terms").customer("Fine").gets()
    assert [(known.version, known.given_at > 0) for known in story.thread.agreements] == [("1", True), ("2", True)]


def test_an_old_version_that_comes_back_asks_nobody_again() -> None:
    story = Story(asking()).customer("Hello").gets(NOTICE)
    for rules in (line(consent=Consent(enabled=True, text="New", version="2")), asking()):
        story.agent("anna").finishes()
        story.settings(rules).customer("Again")
    story.gets("New")


@pytest.mark.parametrize(("ticked", "asked"), [("true", ()), ("on", ()), ("", (NOTICE,)), ("false", (NOTICE,))])
def test_a_form_that_has_recorded_it_makes_the_notice_needless(ticked: str, asked: tuple[str, ...]) -> None:
    story = Story(asking(), channel=WEB).fills(name="Ivan", consent=ticked).customer("Hello").gets(*asked)
    assert bool(story.thread.agreements[0].given_at) is not bool(asked)


def test_no_notice_in_groups_and_where_it_is_off() -> None:
    Story(asking(), group=True).customer("Hello").gets()
    Story(line(consent=Consent(enabled=False, text="We keep your data"))).customer("Hello").gets()


# -- refusal ----------------------------------------------------------------------------------------------------


def test_a_refusal_erases_what_the_conversation_captured_and_the_conversation_goes_on() -> None:
    story = Story(asking(crm=crm_rules()), channel=WEB).customer("Hello")
    story.fills(name="Ivan Ivanov", phone="+393471234567", company="Acme")
    assert len(story.commands(CreateRecord)) == 1
    story.agent("anna").accepts()
    story.agent("anna").refuses_consent().expect(status="accepted")
    assert (story.thread.form, story.thread.captured) == ({}, {})
    assert (story.thread.customer.name, story.thread.customer.phone) == ("", "")
    assert story.thread.untracked
    [erased] = story.commands(EraseFields)
    assert (erased.record, erased.fields) == ("r1", ("company", "name", "phone"))
    [known] = story.thread.agreements
    assert (known.given_at, known.refused_at) == (0, story.clock)


def test_what_the_platform_says_of_the_customer_stays() -> None:
    story = Story(asking()).customer("Hello", who="ivan")
    story.agent("anna").accepts()
    story.agent("anna").refuses_consent()
    assert story.thread.customer.name == "Ivan"


def test_a_record_that_was_there_before_is_left_alone() -> None:
    story = Story(asking(crm=crm_rules()), crm=Known(record="7"), channel=WEB).customer("Hello").fills(name="Ivan")
    story.agent("anna").accepts()
    story.agent("anna").refuses_consent()
    assert story.commands(EraseFields) == []


def test_consent_can_be_refused_after_the_close_but_not_by_anybody() -> None:
    story = Story(asking()).customer("Hello")
    story.agent("anna").finishes()
    story.agent("dora").refuses_consent("denied")
    story.agent("anna").refuses_consent(conversation=1).expect(status="closed")
    assert story.thread.agreements[0].refused_at == story.clock


def test_who_refused_is_not_asked_again_and_does_not_agree_by_writing_on() -> None:
    story = Story(asking()).customer("Hello").gets(NOTICE)
    story.agent("anna").accepts()
    story.agent("anna").refuses_consent()
    story.customer("Well").gets()
    story.agent("anna").finishes()
    story.customer("Again").gets()
    assert story.decisions("consented") == []
