"""Response times (2.7): when a record runs, whom its alert tells, what it comes to."""

from __future__ import annotations

from datetime import datetime

from openlines.domain.kpi import Figures, figures
from openlines.domain.policy import BotRules, Hours, Kpi, Line, Norm

from core.tests.story import Story, line

NORMS = Kpi(
    first=Norm(60, ("mila",), "#OPERATOR# is late in #DIALOG#"),
    next=Norm(120, ("mila", "dora"), "Late again: #DIALOG#"),
)


def measured(kpi: Kpi = NORMS, **rules: object) -> Line:
    return line(idle_time=43200.0, kpi=kpi, **rules)  # type: ignore[arg-type]


def seen(story: Story) -> Figures:
    return figures(story.policies.line(story.conversation.line), story.conversation, story.clock)


def test_an_alert_once_the_norm_is_over_and_not_at_it() -> None:
    story = Story(measured()).customer("Hello")
    story.agent("anna").accepts()
    story.at(60)
    assert story.notices() == []
    story.at(61)
    assert story.notices() == [("mila", "Anna is late in #1 /console/conversations/1")]
    story.customer("Anyone?").at(600)
    assert story.notices() == []


def test_while_nobody_is_responsible_nobody_is_named() -> None:
    story = Story(measured()).customer("Hello").at(61)
    assert story.notices() == [("mila", " is late in #1 /console/conversations/1")]


def test_each_later_answer_has_the_other_norm_and_its_own_alert() -> None:
    story = Story(measured()).customer("Hello")
    story.agent("anna").says("Hi")
    story.passes(10).customer("And?").passes(119).customer("Well?").passes(1)
    assert story.notices() == []
    story.passes(1)
    assert [agent for agent, _text in story.notices()] == ["mila", "dora"]


def test_no_norm_no_alert_and_nobody_to_tell_none_either() -> None:
    for kpi in (Kpi(first=Norm(0, ("mila",), "Late")), Kpi(first=Norm(60, (), "Late"))):
        story = Story(measured(kpi)).customer("Hello").at(3600)
        assert story.notices() == []
    assert seen(story).late == 1, "counted all the same"


def test_a_reply_of_anybody_who_takes_part_ends_the_record() -> None:
    story = Story(measured()).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").invites("dora")
    story.notices()
    story.at(40).agent("dora").says("Hi from Dora")
    assert story.at(600).notices() == []
    assert seen(story) == Figures(first=40, total=40, average=40, longest=40, late=0)


def test_neither_accepting_nor_a_note_is_an_answer() -> None:
    story = Story(measured()).customer("Hello").at(10)
    story.agent("anna").accepts()
    story.agent("anna").notes("Wait")
    assert seen(story.at(30)).total == 30


def test_finishing_and_closing_end_it_and_it_counts() -> None:
    story = Story(measured()).customer("Hello").at(50)
    story.agent("anna").finishes()
    assert story.at(600).notices() == []
    assert seen(story) == Figures(50, 50, 50, 50, 0)
    spam = Story(measured()).customer("Hello").at(70)
    spam.agent("anna").spams()
    assert seen(spam) == Figures(70, 70, 70, 70, 1)


def test_an_open_record_counts_up_to_now_and_the_average_is_rounded_down() -> None:
    story = Story(measured()).customer("Hello")
    assert seen(story.at(30)) == Figures(30, 30, 30, 30, 0)
    story.at(41).agent("anna").says("Hi")
    story.at(100).customer("And?")
    assert seen(story.at(150)) == Figures(first=41, total=91, average=45, longest=50, late=0)
    assert seen(story.at(221)).late == 1


def test_exactly_the_norm_is_in_time() -> None:
    story = Story(measured()).customer("Hello").at(60)
    story.agent("anna").says("Hi")
    assert seen(story) == Figures(60, 60, 60, 60, 0)


def test_with_a_bot_the_clock_starts_at_the_hand_over() -> None:
    story = Story(measured(bot=BotRules(use="menu"))).customer("Hello").at(30)
    assert seen(story) == Figures(0, 0, 0, 0, 0)
    story.customer("0").at(90)
    assert story.notices() == []
    assert [agent for agent, _text in story.at(91).notices()] == ["mila"]


def test_taking_a_conversation_from_a_bot_is_a_hand_over() -> None:
    story = Story(measured(bot=BotRules(use="menu"))).customer("Hello").at(30)
    story.agent("anna").accepts()
    story.at(50).agent("anna").says("Hi")
    assert seen(story) == Figures(20, 20, 20, 20, 0)


def test_the_answer_to_what_an_agent_began_is_a_later_one() -> None:
    story = Story(measured()).customer("Hello")
    story.agent("anna").finishes()
    story.agent("anna").says("By the way")
    story.customer("Yes?").passes(100)
    assert story.notices() == [], "the norm for later answers holds"
    assert seen(story) == Figures(0, 100, 100, 100, 0)


def test_another_lines_norm_holds_once_it_has_the_conversation() -> None:
    support = line("support", members="dora", kpi=Kpi(first=Norm(100, ("dora",), "Late")))
    story = Story(measured(), support).customer("Hello").at(50)
    story.agent("anna").accepts()
    story.agent("anna").transfers("line:support")
    story.at(100)
    assert story.notices() == []
    assert story.at(101).notices() == [("dora", "Late")]


def test_outside_hours_the_clock_may_stand_still() -> None:
    hours = Hours(enabled=True, timezone="Europe/Rome", days=(((540, 1080),),) * 7)
    kpi = Kpi(first=Norm(60, ("mila",), "Late"), pause_outside_hours=True)
    evening = datetime.fromisoformat("2026-11-23T17:59:30+01:00").timestamp()
    story = Story(measured(kpi, hours=hours), start=evening).customer("Hello").at(3600)
    assert (story.notices(), seen(story).first) == ([], 30)
    morning = 15 * 3600 + 30
    assert story.at(morning + 30).notices() == []
    assert story.at(morning + 31).notices() == [("mila", "Late")]
    assert seen(story) == Figures(61, 61, 61, 61, 1)
    never = Story(measured(kpi, hours=Hours(enabled=True, days=((),) * 7))).customer("Hello").at(86400)
    assert (never.notices(), seen(never).total) == ([], 0)
