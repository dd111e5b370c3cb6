"""Hours and absence (2.2): when a line works, and what it says when nobody is there."""

from __future__ import annotations

import math
from datetime import datetime

import pytest
from openlines.domain.hours import after_work, closed, worked
from openlines.domain.messages import FormField
from openlines.domain.policy import BotRules, Channel, CrmRules, FormSheet, Hours, Line, NoAnswer, OffHours

from core.tests.story import Known, Script, Story, crm_rules, line

HOUR = 3600.0


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def week(*spans: tuple[int, int], **more: object) -> Hours:
    """The same hours every day in Rome, in whole hours; none on days that are weekend."""
    weekend = more.get("weekend", ())
    days = tuple(
        () if day in weekend else tuple((start * 60, end * 60) for start, end in spans)  # type: ignore[operator]
        for day in range(7)
    )
    return Hours(enabled=True, timezone="Europe/Rome", days=days, **more)  # type: ignore[arg-type]


NINE_TO_SIX = week((9, 18), weekend=(5, 6), yearly_holidays=frozenset({(1, 1)}), holidays=frozenset({"2026-11-24"}))


@pytest.mark.parametrize(
    ("hours", "at", "cause"),
    [
        (Hours(), "2026-11-28T03:00+01:00", ""),
        (NINE_TO_SIX, "2026-11-23T08:59:59+01:00", "hours"),
        (NINE_TO_SIX, "2026-11-23T09:00+01:00", ""),
        (NINE_TO_SIX, "2026-11-23T17:59:59+01:00", ""),
        (NINE_TO_SIX, "2026-11-23T18:00+01:00", "hours"),
        (NINE_TO_SIX, "2026-11-24T10:00+01:00", "holiday"),
        (NINE_TO_SIX, "2026-11-28T10:00+01:00", "weekend"),
        (NINE_TO_SIX, "2027-01-01T10:00+01:00", "holiday"),
        (NINE_TO_SIX, "2028-01-01T10:00+01:00", "holiday"),  # a Saturday too
        (week((9, 13), (14, 18)), "2026-11-23T13:00+01:00", "hours"),
        (week((9, 13), (14, 18)), "2026-11-23T14:00+01:00", ""),
        (week((22, 30), weekend=(5, 6)), "2026-11-28T05:59+01:00", ""),  # the night belongs to Friday
        (week((22, 30), weekend=(5, 6)), "2026-11-28T06:00+01:00", "weekend"),
        (week((22, 30), weekend=(5, 6)), "2026-11-30T03:00+01:00", "hours"),  # Sunday has no night
        (week((22, 30), holidays=frozenset({"2026-11-24"})), "2026-11-24T05:00+01:00", ""),
        (week((22, 30), holidays=frozenset({"2026-11-24"})), "2026-11-24T23:00+01:00", "holiday"),
        (week((22, 30), holidays=frozenset({"2026-11-24"})), "2026-11-25T05:00+01:00", "hours"),
        (week((0, 24)), "2026-10-25T02:30+01:00", ""),
        (week((9, 18)), "2026-10-25T08:59:59+01:00", "hours"),  # the clock was set back this night
        (week((9, 18)), "2026-10-25T09:00+01:00", ""),
        (week((9, 18)), "2026-10-25T17:59:59+01:00", ""),
        (week((9, 18)), "2027-03-28T08:59:59+02:00", "hours"),  # set forward
        (week((9, 18)), "2027-03-28T09:00+02:00", ""),
        (week((22, 30)), "2027-03-28T05:59:59+02:00", ""),
        (week((22, 30)), "2027-03-28T06:00+02:00", "hours"),
    ],
)
def test_within_and_outside(hours: Hours, at: str, cause: str) -> None:
    assert closed(hours, moment(at)) == cause


@pytest.mark.parametrize(
    ("hours", "start", "end", "seconds"),
    [
        (Hours(), "2026-11-23T00:00+01:00", "2026-11-23T05:00+01:00", 5 * HOUR),
        (NINE_TO_SIX, "2026-11-23T17:59+01:00", "2026-11-25T09:01+01:00", 120),
        (NINE_TO_SIX, "2026-11-27T17:00+01:00", "2026-11-30T10:00+01:00", 2 * HOUR),
        (week((22, 30)), "2026-11-23T01:00+01:00", "2026-11-23T23:00+01:00", 6 * HOUR),
        (week((22, 30)), "2027-03-27T22:00+01:00", "2027-03-28T08:00+02:00", 7 * HOUR),  # a short night
        (week((22, 30)), "2026-10-24T22:00+02:00", "2026-10-25T08:00+01:00", 9 * HOUR),  # a long one
        (week(), "2026-11-23T00:00+01:00", "2026-12-23T00:00+01:00", 0),
        (NINE_TO_SIX, "2026-11-25T10:00+01:00", "2026-11-23T10:00+01:00", 0),
    ],
)
def test_working_time_between_two_moments(hours: Hours, start: str, end: str, seconds: float) -> None:
    assert worked(hours, moment(start), moment(end)) == seconds


def test_so_much_working_time_later_is_the_inverse_of_it() -> None:
    start = moment("2026-11-23T17:59+01:00")
    for seconds in (1.0, 60.0, 61.0, 9 * HOUR, 100 * HOUR):
        end = after_work(NINE_TO_SIX, start, seconds)
        assert worked(NINE_TO_SIX, start, end) == seconds
        assert worked(NINE_TO_SIX, start, end + 1) == seconds + 1
    assert after_work(Hours(), start, 60) == start + 60
    assert after_work(week(), start, 1) == math.inf, "who never works never gets there"


# -- what is said -----------------------------------------------------------------------------------------------

TEXTS = OffHours(text="Closed", weekend_text="Weekend", holiday_text="Holiday", absent_text="Nobody")
MONDAY_NIGHT = moment("2026-11-23T20:00+01:00")


def closed_shop(**rules: object) -> Line:
    return line(hours=NINE_TO_SIX, off_hours=TEXTS, **rules)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2026-11-23T20:00+01:00", "Closed"),
        ("2026-11-24T10:00+01:00", "Holiday"),
        ("2026-11-28T10:00+01:00", "Weekend"),
    ],
)
def test_outside_hours_the_conversation_is_routed_all_the_same(at: str, text: str) -> None:
    Story(closed_shop(), start=moment(at)).customer("Hello").gets(text).expect(status="waiting", offered=("anna",))


def test_it_is_said_once_until_an_agent_replies() -> None:
    story = Story(closed_shop(), start=MONDAY_NIGHT).customer("Hello").gets("Closed").customer("Hello?").gets()
    story.agent("anna").accepts()
    story.customer("And?").gets()
    story.agent("anna").says("Good evening")
    story.gets("Good evening").customer("One more thing").gets("Closed").customer("Well?").gets()


def test_a_note_is_no_reply() -> None:
    story = Story(closed_shop(), start=MONDAY_NIGHT).customer("Hello").gets("Closed")
    story.agent("anna").notes("Later")
    story.customer("Hello?").gets()


def test_it_replaces_the_no_answer_text_but_not_the_flag() -> None:
    rules = closed_shop(no_answer=NoAnswer(text="Busy"))
    Story(rules, start=MONDAY_NIGHT).customer("Hello").gets("Closed").at(300).gets().expect(unanswered=True)


def test_without_a_text_for_it_the_no_answer_text_goes() -> None:
    rules = line(hours=NINE_TO_SIX, off_hours=OffHours(), no_answer=NoAnswer(text="Busy"))
    Story(rules, start=MONDAY_NIGHT).customer("Hello").gets().at(300).gets("Busy").expect(unanswered=True)


def test_nothing_of_it_while_a_bot_serves_but_at_the_hand_over() -> None:
    rules = closed_shop(bot=BotRules(use="menu", transfer_after=60))
    story = Story(rules, start=MONDAY_NIGHT).customer("Hello").gets("Menu").customer("Hm").gets("Menu")
    story.at(60).expect(status="waiting").gets("Closed").customer("So?").gets()


@pytest.mark.parametrize("script", [Script(transfer="queue"), Script(transfer="anna"), Script(fails=True)])
def test_whichever_way_the_bot_gives_up(script: Script) -> None:
    Story(closed_shop(bot=BotRules(use="menu")), bot={"*": script}, start=MONDAY_NIGHT).customer("Hi").gets("Closed")
    Story(closed_shop(bot=BotRules(use="menu")), start=MONDAY_NIGHT).customer("0").gets("Closed")


def test_the_line_that_a_bot_hands_over_to_speaks_for_itself() -> None:
    shop = line(bot=BotRules(use="menu"), off_hours=TEXTS, check=True)
    support = line("support", members="dora", check=True, off_hours=OffHours(absent_text="Nobody in support"))
    Story(shop, support, bot={"*": Script(transfer="line:support")}, away="dora").customer("Hi").gets(
        "Nobody in support"
    )


def test_not_on_a_conversation_that_an_agent_started() -> None:
    story = Story(closed_shop(), start=MONDAY_NIGHT).customer("Hello").gets("Closed")
    story.agent("anna").finishes()
    story.agent("anna").says("By the way")
    story.gets("By the way").customer("Yes?").gets().expect(number=2)


def test_not_for_a_rating() -> None:
    from openlines.domain.policy import Rating, RatingTexts

    rating = Rating(text=RatingTexts(request="1 or 0?", like="Thanks"))
    story = Story(closed_shop(rating=rating), start=MONDAY_NIGHT - 3 * HOUR).customer("Hello").gets()
    story.agent("anna").finishes()
    story.gets("1 or 0?").at(3 * HOUR)
    story.expect(status="closed").customer("1").gets("Thanks").expect(rating="like")


# -- absence ----------------------------------------------------------------------------------------------------


def absent(**rules: object) -> Line:
    return line(check=True, off_hours=TEXTS, **rules)  # type: ignore[arg-type]


def test_nobody_there_is_said_within_hours_and_without_them() -> None:
    Story(absent(), away="anna boris carla").customer("Hello").gets("Nobody").expect(offered=())
    Story(absent(), away="anna boris").customer("Hello").gets()
    Story(absent(members="")).customer("Hello").gets("Nobody")
    Story(line(check=False, off_hours=TEXTS), away="anna boris carla").customer("Hello").gets()


def test_outside_hours_their_text_wins() -> None:
    rules = absent(hours=NINE_TO_SIX)
    Story(rules, away="anna boris carla", start=MONDAY_NIGHT).customer("Hello").gets("Closed")


def test_who_is_on_a_break_is_absent_unless_they_have_it() -> None:
    story = Story(absent(members="anna")).customer("Hello").gets()
    story.people_change("anna", clocked=True, on_break=True).customer("Hello?").gets("Nobody")
    busy = Story(absent(members="anna")).customer("Hello")
    busy.agent("anna").accepts()
    busy.people_change("anna", clocked=True, on_break=True).customer("Hello?").gets()


def test_a_responsible_from_elsewhere_is_somebody() -> None:
    story = Story(absent(), away="boris carla").customer("Hello").gets()
    story.agent("anna").transfers("dora")
    story.people_change("anna", connected=False).customer("Anyone?").gets().expect(responsible="dora")


def test_judged_at_each_message_until_it_was_said() -> None:
    story = Story(absent(members="anna")).customer("Hello").gets()
    story.people_change("anna", connected=False).customer("Hello?").gets("Nobody").customer("Hm").gets()


def test_whom_the_crm_names_is_somebody() -> None:
    rules = absent(members="anna", crm=crm_rules())
    Story(rules, crm=Known(record="7", responsible="dora"), away="anna").customer("Hello").gets().expect(
        offered=("dora",)
    )
    Story(rules, crm=Known(record="7", responsible="dora"), away="anna dora").customer("Hello").gets("Nobody")
    Story(rules, crm=Known(fails=True), away="anna").customer("Hello").gets("Nobody")
    slow = Story(rules, crm=Known(hangs=True), away="anna").customer("Hello").gets()
    slow.at(3).gets("Nobody")
    forwarding_off = absent(members="anna", crm=CrmRules(use="main", forward_to_responsible=False))
    Story(forwarding_off, crm=Known(hangs=True), away="anna").customer("Hello").gets("Nobody")


def test_its_form_goes_along_where_the_channel_shows_forms() -> None:
    forms = {"contact": FormSheet("contact", "Leave your number", (FormField("phone", required=True),))}
    rules = absent(members="")
    rules = Line(id="shop", queue=rules.queue, off_hours=OffHours(absent_text="Nobody", form="contact"))
    web = Channel(id="tg", line="shop", kind="livechat", forms=True)
    Story(rules, channel=web, forms=forms).customer("Hello").gets("Nobody", "Leave your number")
    Story(rules, forms=forms).customer("Hello").gets("Nobody")
