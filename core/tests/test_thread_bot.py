"""A bot answers first; people take over, and then it is silent."""

from __future__ import annotations

import pytest
from openlines.domain.commands import AskBot
from openlines.domain.events import BotAnswered, BotFailed
from openlines.domain.messages import Content
from openlines.domain.policy import BotRules, Close

from core.tests.story import START, Known, Script, Story, crm_rules, line

BOT = BotRules(use="menu")


def test_every_message_goes_to_the_bot_the_first_one_marked() -> None:
    story = Story(line(bot=BOT)).customer("Hello").customer("More").gets("Menu", "Menu")
    assert [(command.content.text, command.first) for command in story.commands(AskBot)] == [
        ("Hello", True),
        ("More", False),
    ]


def test_messages_do_not_reset_its_time_and_then_the_queue() -> None:
    story = Story(line(bot=BOT)).customer("Hello").at(590).customer("Menu please").at(599).expect(status="with_bot")
    story.at(600).expect(status="waiting", offered=("anna",), responsible="", queued_at=START + 600)


def test_transfer_after_zero_is_never() -> None:
    Story(line(bot=BotRules(use="menu", transfer_after=0))).customer("Hello").at(86400).expect(status="with_bot")


@pytest.mark.parametrize("key", ["0", " 0 ", "0\n"])
def test_the_transfer_key_hands_over_and_the_bot_does_not_see_it(key: str) -> None:
    story = Story(line(bot=BOT)).customer("Hello").customer(key).expect(status="waiting", offered=("anna",))
    assert story.bot_saw() == ["Hello"]
    assert [message.content.text for message in story.messages()][-1] == key
    assert story.decisions("handed_over")[0].by == "customer"


@pytest.mark.parametrize("text", ["00", "0 please", "zero"])
def test_what_only_looks_like_the_key_is_for_the_bot(text: str) -> None:
    Story(line(bot=BOT)).customer("Hello").customer(text).gets("Menu", "Menu").expect(status="with_bot")


def test_a_key_of_the_lines_own() -> None:
    story = Story(line(bot=BotRules(use="menu", transfer_key="#"))).customer("Hello").customer("0")
    story.expect(status="with_bot").customer("#").expect(status="waiting")
    assert story.bot_saw() == ["Hello", "0"]


def test_the_key_is_plain_where_people_serve() -> None:
    story = Story(line(bot=BOT)).customer("0").customer("0").expect(status="waiting")
    story.agent("anna").accepts()
    story.customer("0").expect(status="accepted")
    story.agent("anna").says("Hi").customer("0").expect(status="awaiting_agent", responsible="anna")


def test_after_a_bots_finish_the_key_reopens_and_asks_for_a_person() -> None:
    story = Story(line(bot=BOT, close=Close(text="Bye")), bot={"*": Script(finish=True)}).customer("Hello")
    story.expect(status="closing").customer("0").expect(status="waiting", offered=("anna",), number=1)
    assert story.bot_saw() == ["Hello"]


@pytest.mark.parametrize(
    ("to", "status", "responsible", "line_"),
    [
        ("queue", "waiting", "", "shop"),
        ("dora", "accepted", "dora", "shop"),
        ("line:support", "waiting", "", "support"),
        ("nobody", "waiting", "", "shop"),
        ("line:nowhere", "waiting", "", "shop"),
        ("line:off", "waiting", "", "shop"),
    ],
)
def test_the_bot_asks_for_people(to: str, status: str, responsible: str, line_: str) -> None:
    bot = {"*": Script(say=("One moment",), transfer=to)}
    lines = (line(bot=BOT), line("support", members="emil"), line("off", active=False))
    story = Story(*lines, bot=bot).customer("Hello").gets("One moment")
    story.expect(status=status, responsible=responsible, line=line_, transfer_at=0.0)


def test_a_bot_that_asks_for_somebody_dismissed_gets_the_queue() -> None:
    story = Story(line(bot=BOT), bot={"more": Script(transfer="dora"), "*": Script()}).customer("Hello")
    story.dismisses("dora").customer("more").expect(status="waiting", offered=("anna",))


def test_a_hand_over_begins_a_new_round_with_the_crm_responsible_first() -> None:
    rules = line(bot=BOT, crm=crm_rules())
    story = Story(rules, crm=Known(record="7", responsible="dora")).customer("Hello").expect(status="with_bot")
    story.customer("0").expect(status="waiting", offered=("dora",), rung=("dora",))


def test_the_bot_finishes() -> None:
    story = Story(line(bot=BOT), bot={"*": Script(say=("Done",), finish=True)}).customer("Hello").gets("Done")
    story.expect(status="closed", closed_by="bot", responsible="bot:menu", solved=True, participants=())


def test_a_bot_that_fails_brings_a_person() -> None:
    story = Story(line(bot=BOT), bot={"*": Script(fails=True)}).customer("Hello").gets()
    story.expect(status="waiting", offered=("anna",))
    assert [entry.text for entry in story.decisions("bot_failed")] == ["it raised"]


def test_what_it_remembers_is_kept_until_the_close() -> None:
    story = Story(line(bot=BOT), bot={"*": Script(memory={"step": 2})}).customer("Hello").expect(memory={"step": 2})
    story.agent("anna").finishes().expect(memory={})


# -- one speaker ------------------------------------------------------------------------------------------------


def test_an_answer_that_comes_after_people_took_over_is_shown_to_staff_only() -> None:
    story = Story(line(bot=BOT), bot={"*": Script(hangs=True)}).customer("Hello").at(1)
    story.agent("anna").says("Hi from Anna").gets("Hi from Anna")
    [asked] = story.unperformed
    late = BotAnswered(thread="t", command=asked.id, say=(Content(text="Menu"),), transfer="queue", finish=True)
    story.happens(late).gets().expect(status="awaiting_customer", responsible="anna")
    assert [(message.content.text, message.dropped) for message in story.messages()][-1] == ("Menu", True)
    told = len(story.entries)
    story.happens(late)
    assert len(story.entries) == told


def test_a_failure_that_comes_after_people_took_over_moves_nothing() -> None:
    story = Story(line(bot=BOT), bot={"*": Script(hangs=True)}).customer("Hello")
    story.agent("anna").accepts()
    story.happens(BotFailed(thread="t", command=story.unperformed[0].id, reason="it hung"))
    story.expect(status="accepted", responsible="anna")


def test_a_bots_words_are_no_agents_reply() -> None:
    story = Story(line(bot=BOT)).customer("Hello").expect(first_reply_at=0.0, last_agent_at=0.0, auto_close_at=0.0)
    assert story.messages()[-1].author.kind == "bot"


def test_disconnected_on_transfer_it_hears_no_more() -> None:
    story = Story(line(bot=BOT)).customer("Hello").customer("0").customer("Anyone?")
    assert story.bot_saw() == ["Hello"]


@pytest.mark.parametrize("way", ["key", "accept", "reply", "transfer"])
def test_disconnected_on_close_it_goes_on_listening_unheard_but_never_hears_the_key(way: str) -> None:
    story = Story(line(bot=BotRules(use="menu", disconnect="on_close"))).customer("Hello").gets("Menu")
    match way:
        case "key":
            story.customer("0")
        case "accept":
            story.agent("anna").accepts()
        case "reply":
            story.agent("anna").says("Hi").gets("Hi")
        case _:
            story.agent("anna").transfers("boris")
    story.customer("Anyone?").customer("0").gets()
    assert story.bot_saw() == ["Hello", "Anyone?"]
    assert [message.content.text for message in story.messages() if message.dropped] == ["Menu"]


def test_on_another_line_the_old_lines_bot_listens_no_more() -> None:
    rules = line(bot=BotRules(use="menu", disconnect="on_close"))
    story = Story(rules, line("support", members="emil")).customer("Hello").customer("0").expect(bot_listens=True)
    story.agent("anna").transfers("line:support").customer("Anyone?")
    assert story.bot_saw() == ["Hello"]


def test_while_it_only_listens_it_still_remembers() -> None:
    bot = {"Hello": Script(memory={"heard": 1}), "*": Script(memory={"heard": 2})}
    story = Story(line(bot=BotRules(use="menu", disconnect="on_close")), bot=bot).customer("Hello").customer("0")
    story.expect(memory={"heard": 1}).customer("Anyone?").expect(memory={"heard": 2}, status="waiting")


def test_after_the_close_it_listens_no_more() -> None:
    rules = line(bot=BotRules(use="menu", disconnect="on_close", activate="first"))
    story = Story(rules).customer("Hello").customer("0")
    story.agent("anna").finishes()
    story.customer("Again").expect(number=2, bot_listens=False)
    assert story.bot_saw() == ["Hello"]


# -- while the CRM is asked -------------------------------------------------------------------------------------


def test_the_bot_waits_for_the_crm_and_gets_everything_in_order() -> None:
    story = Story(line(bot=BOT, crm=crm_rules()), crm=Known(hangs=True)).customer("Hello").customer("More")
    assert story.bot_saw() == []
    story.at(3)
    assert [(command.content.text, command.first) for command in story.commands(AskBot)] == [
        ("Hello", True),
        ("More", False),
    ]
    story.expect(status="with_bot", identifying=False, held=())


def test_the_key_while_the_crm_is_asked_hands_over_and_nothing_held_reaches_the_bot() -> None:
    story = Story(line(bot=BOT, crm=crm_rules()), crm=Known(hangs=True)).customer("Hello").customer("0")
    story.expect(status="waiting", offered=()).at(3).expect(offered=("anna",))
    assert story.bot_saw() == []
