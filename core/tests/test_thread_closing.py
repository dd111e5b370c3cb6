"""Finishing, objecting, rating, auto-close, staleness."""

from __future__ import annotations

from typing import Any

import pytest
from openlines.domain.closing import digit
from openlines.domain.events import AgentGone
from openlines.domain.messages import File
from openlines.domain.policy import AutoClose, BotRules, Channel, Close, Line, Rating, RatingTexts
from openlines.domain.state import Status

from core.tests.story import START, Script, Story, line, reached

HOUR, DAY = 3600.0, 86400.0
TEXT = RatingTexts(request="Rate us: 1 good, 0 bad", like="Thanks!", dislike="Sorry!", over="Too late")
BUTTONS = RatingTexts(request="How was it?", like="Thanks!", dislike="Sorry!")
LIVECHAT = Channel(id="tg", line="shop", kind="livechat", ratings=True, reachable=False)


def rated(**more: object) -> Line:
    rating = Rating(text=TEXT, livechat=BUTTONS, **more)  # type: ignore[arg-type]
    return line(rating=rating)


def finished(*lines: Line, channel: Channel | None = None) -> Story:
    """Anna took it and finished at 100 s."""
    story = Story(*lines, channel=channel).customer("Hello")
    story.agent("anna").accepts().at(100)
    return story.agent("anna").finishes()


# -- finish -----------------------------------------------------------------------------------------------------


def test_nothing_to_say_closes_at_once() -> None:
    story = finished(line()).gets().expect(status="closed", closed_by="agent", solved=True)
    story.expect(finished_at=START + 100, closed_at=START + 100, responsible="anna", offered=(), pinned=False)


def test_a_close_text_keeps_it_closing_until_the_delay_is_over() -> None:
    story = finished(line(close=Close(text="Bye"))).gets("Bye").expect(status="closing", closed_by="agent")
    story.at(699).expect(status="closing").at(700).expect(status="closed", closed_by="agent").gets()


def test_first_the_close_text_then_the_rating_request() -> None:
    story = finished(line(close=Close(text="Bye"), rating=Rating(text=TEXT)))
    story.gets("Bye", "Rate us: 1 good, 0 bad").expect(status="closing", rating_pending=True)


def test_on_a_line_that_is_switched_off_a_finish_says_nothing_and_closes_at_once() -> None:
    rules: dict[str, Any] = {"close": Close(text="Bye"), "rating": Rating(text=TEXT)}
    story = Story(line(**rules)).customer("Hello").settings(line(active=False, **rules))
    story.agent("anna").finishes().gets().expect(status="closed", closed_by="agent")


def test_delay_zero_asks_and_closes() -> None:
    story = finished(line(close=Close(delay=0), rating=Rating(text=TEXT)))
    story.gets(TEXT.request).expect(status="closed", rating="", rating_pending=True)


def test_finishing_what_waits_or_a_bot_serves_makes_responsible() -> None:
    story = Story().customer("Hello")
    story.agent("boris").finishes(solved=False).expect(status="closed", responsible="boris", solved=False)
    story = Story(line(bot=BotRules(use="menu"))).customer("Hello")
    story.agent("boris").finishes().expect(status="closed", responsible="boris", closed_by="agent")


def test_finishing_twice_closes_and_changes_nothing_else() -> None:
    story = finished(line(close=Close(text="Bye"))).at(150)
    story.agent("anna").finishes(solved=False).gets("Bye").expect(status="closed", closed_by="agent", solved=True)


def test_a_closed_one_takes_no_more() -> None:
    story = finished(line())
    anna = story.agent("anna")
    for ask in (anna.accepts, anna.declines, anna.returns, anna.finishes, anna.pins, anna.spams, anna.intercepts):
        ask("not_open")
    anna.transfers("boris", "not_open")
    anna.invites("boris", "not_open")
    anna.notes("so", "not_open")


def test_a_closing_one_cannot_be_accepted_declined_or_pinned() -> None:
    story = finished(line(close=Close(text="Bye")))
    anna = story.agent("anna")
    for ask in (anna.accepts, anna.declines, anna.returns, anna.pins):
        ask("wrong_status")
    story.expect(status="closing")


# -- objecting --------------------------------------------------------------------------------------------------


def test_the_customer_reopens_with_the_same_agent_and_the_old_deadline_is_gone() -> None:
    story = finished(line(close=Close(text="Bye"))).at(400).customer("Wait").gets("Bye")
    story.expect(status="awaiting_agent", responsible="anna", number=1, closed_by="", solved=False, finished_at=0.0)
    story.at(705).expect(status="awaiting_agent").at(800)
    story.agent("anna").finishes().gets("Bye").at(1399).expect(status="closing").at(1400).expect(status="closed")


def test_what_a_bot_finished_goes_back_to_the_bot_with_its_time_anew() -> None:
    bot = {"Hello": Script(say=("Done",), finish=True), "*": Script(say=("Menu",))}
    story = Story(line(close=Close(text="Bye"), bot=BotRules(use="menu")), bot=bot).customer("Hello")
    story.gets("Done", "Bye").expect(status="closing", closed_by="bot", responsible="bot:menu")
    story.at(300).customer("Wait").gets("Menu").expect(status="with_bot", closed_by="", responsible="bot:menu")
    story.at(899).expect(status="with_bot").at(900).expect(status="waiting", offered=("anna",))


def test_an_agent_who_writes_reopens_it() -> None:
    story = finished(rated()).at(200)
    story.agent("anna").says("One more thing").expect(status="awaiting_customer", closed_by="", rating_pending=False)
    story.at(800).expect(status="awaiting_customer").at(200 + 4 * HOUR).expect(closed_by="timeout")


def test_an_agent_who_writes_into_what_a_bot_finished_takes_it_over() -> None:
    rules = line(close=Close(text="Bye"), bot=BotRules(use="menu"))
    story = Story(rules, bot={"*": Script(finish=True)}, roles={"mila": "supervisor"})
    story.customer("Hello").expect(status="closing")
    story.agent("mila").says("Wait").expect(status="awaiting_customer", responsible="mila")


def test_reopened_without_its_responsible_it_goes_to_the_queue() -> None:
    story = finished(line(close=Close(text="Bye"))).dismisses("anna").expect(status="closing")
    story.customer("Wait").expect(status="waiting", offered=("boris",), responsible="")


def test_who_left_the_queue_while_closing_is_not_found_again() -> None:
    story = finished(line(close=Close(text="Bye")))
    story.settings(line(close=Close(text="Bye"), members="boris carla"))
    story.happens(AgentGone(thread="t", agent="anna")).expect(status="closing", responsible="anna")
    story.customer("Wait").expect(status="waiting", offered=("boris",))


def test_a_pin_outlives_an_objection() -> None:
    story = Story(line(close=Close(text="Bye"))).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").pins()
    story.agent("anna").finishes()
    story.customer("Wait").expect(status="awaiting_agent", pinned=True)


# -- rating by text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("1", ("like", "")),
        (" 0\n", ("dislike", "")),
        ("1 very good", ("like", "very good")),
        ("0 nobody helped", ("dislike", "nobody helped")),
        ("10", None),
        ("1!", None),
        ("ok 1", None),
        ("1  two spaces", None),
        ("1\tgood", None),
        ("2", None),
        ("", None),
        ("١", None),
    ],
)
def test_what_is_a_rating(text: str, rating: tuple[str, str] | None) -> None:
    assert digit(text) == rating


@pytest.mark.parametrize(("text", "rating", "thanks"), [("1", "like", "Thanks!"), ("0", "dislike", "Sorry!")])
def test_a_digit_is_a_rating_while_one_is_asked(text: str, rating: str, thanks: str) -> None:
    story = finished(rated()).gets(TEXT.request).at(150).customer(text)
    story.gets(thanks).expect(rating=rating, status="closing", responsible="anna", rating_pending=False)
    assert story.messages()[-2].content.text == text, "the digit stays visible"
    assert ("anna", f"Ivan rated #1: {rating}") in story.notices()
    story.at(700).expect(status="closed", rating=rating, closed_by="agent").gets()


def test_a_comment_is_kept_with_the_rating() -> None:
    finished(rated()).customer("0 nobody helped").expect(rating="dislike", rating_comment="nobody helped")


def test_other_texts_reopen_and_drop_the_rating_that_was_asked() -> None:
    for text in ("10", "ok 1", "1!"):
        finished(rated()).customer(text).expect(status="awaiting_agent", rating="", rating_pending=False)


def test_a_digit_with_a_file_is_an_ordinary_message() -> None:
    story = finished(rated())
    story.customer("1", files=(File(name="a.png"),)).expect(status="awaiting_agent", rating="")


def test_a_digit_while_none_is_asked_is_an_ordinary_message() -> None:
    story = Story(rated()).customer("Hello")
    story.agent("anna").says("Hi").customer("1").expect(status="awaiting_agent", rating="")
    finished(line(close=Close(text="Bye"))).customer("1").expect(status="awaiting_agent", rating="")


def test_a_second_bare_digit_changes_nothing_and_one_with_a_comment_reopens() -> None:
    story = finished(rated()).customer("1").customer("0").expect(rating="like", status="closing")
    assert [message.content.text for message in story.messages()][-1] == "0"
    story.customer("0 bad after all").expect(rating="like", status="awaiting_agent")


def test_what_was_rated_is_not_asked_again() -> None:
    story = finished(rated()).customer("1").customer("Wait").gets(TEXT.request, "Thanks!")
    story.agent("anna").finishes().gets().expect(status="closed", rating="like")


def test_close_on_rating_closes_now() -> None:
    finished(rated(close_on_rating=True)).customer("1").expect(status="closed", closed_by="rating", rating="like")


def test_a_rating_after_the_close_is_stored_on_it_and_opens_nothing() -> None:
    story = finished(rated()).at(700).expect(status="closed").gets(TEXT.request).at(900).customer("0")
    story.gets("Sorry!").expect(number=1, status="closed", rating="dislike", closed_at=START + 700)
    assert ("anna", "Ivan rated #1: dislike") in story.notices()
    story.customer("0").expect(number=2, status="waiting")


def test_after_another_message_a_digit_is_plain() -> None:
    story = finished(rated()).at(800).customer("hi").expect(number=2).customer("1")
    story.expect(number=2, status="waiting", rating="")


def test_after_the_time_limit_a_digit_is_too_late_and_opens_nothing() -> None:
    story = finished(rated(time_limit=DAY)).gets(TEXT.request).at(100 + DAY - 1).expect(status="closed")
    story.at(100 + DAY).customer("1").gets("Too late").expect(number=1, status="closed", rating="")


def test_within_the_time_limit_it_counts() -> None:
    finished(rated(time_limit=DAY)).at(100 + DAY - 1).customer("1").expect(rating="like", status="closed")


def test_late_ratings_are_thanked_for_by_the_line_that_asked() -> None:
    support = line("support", members="emil", rating=Rating(text=RatingTexts(request="1 or 0?", like="Support thanks")))
    story = Story(rated(), support).customer("Hello")
    story.agent("anna").transfers("line:support")
    story.agent("emil").finishes().gets("1 or 0?").passes(600).expect(status="closed")
    story.customer("1").gets("Support thanks").expect(number=1, rating="like")


def test_a_rating_that_is_asked_for_wins_over_the_transfer_key() -> None:
    story = Story(line(rating=Rating(text=TEXT), bot=BotRules(use="menu")), bot={"*": Script(finish=True)})
    story.customer("Hello").expect(status="closing").customer("0").expect(rating="dislike", status="closing")


def test_no_rating_is_asked_in_groups() -> None:
    story = Story(rated(), group=True).customer("Hello")
    story.agent("anna").finishes().gets().expect(status="closed")


# -- rating by button -------------------------------------------------------------------------------------------


def test_live_chat_asks_by_buttons() -> None:
    story = finished(rated(), channel=LIVECHAT)
    assert [(message.content.text, message.kind) for message in story.messages()][-1] == (
        "How was it?",
        "rating_request",
    )
    assert story.presses("like") == ""
    story.gets("How was it?", "Thanks!").expect(rating="like", status="closing")


def test_ongoing_ratings_are_taken_any_time_and_replaced() -> None:
    story = Story(rated(), channel=LIVECHAT).customer("Hello")
    assert story.presses("like") == ""
    assert story.presses("dislike") == ""
    story.expect(rating="dislike", status="waiting")
    story.agent("anna").finishes().expect(status="closed", rating="dislike")


def test_a_button_when_none_is_asked_is_refused() -> None:
    story = Story(rated(ongoing=False), channel=LIVECHAT)
    assert story.presses("like") == "rating_not_asked"
    story.customer("Hello")
    assert story.presses("like") == "rating_not_asked"
    story.expect(rating="", status="waiting")


def test_a_refused_press_that_is_delivered_again_does_not_count_later() -> None:
    story = Story(rated(ongoing=False), channel=LIVECHAT).customer("Hello")
    story.presses("like", id="p1")
    story.agent("anna").finishes().expect(rating_pending=True)
    story.presses("like", id="p1")
    story.expect(rating="", rating_pending=True)


def test_a_late_button_rates_the_last_conversation_until_its_time_is_over() -> None:
    story = finished(rated(time_limit=DAY), channel=LIVECHAT).at(800).expect(status="closed")
    assert story.presses("like") == ""
    story.expect(rating="like", number=1)
    story = finished(rated(time_limit=DAY), channel=LIVECHAT).at(100 + DAY).gets("How was it?")
    assert story.presses("like") == "rating_not_asked"
    story.gets("Too late").expect(rating="")


# -- supervisors ------------------------------------------------------------------------------------------------


def test_a_supervisor_rates_open_and_closed_ones_and_the_agent_is_told() -> None:
    story = Story(roles={"mila": "supervisor"}).customer("Hello")
    story.agent("anna").finishes()
    story.agent("mila").rates(5, "well done").expect(
        supervisor_rating=5, supervisor_comment="well done", status="closed"
    )
    assert ("anna", "#1 was rated 5 of 5: well done") in story.notices()
    story.customer("Again")
    story.agent("mila").rates(2, conversation=1)
    story.agent("mila").rates(4, conversation=2)
    assert story.thread.last is not None
    assert (story.thread.last.supervisor_rating, story.conversation.supervisor_rating) == (2, 4)


def test_agents_do_not_rate_and_scores_have_bounds() -> None:
    story = Story(roles={"mila": "supervisor"}).customer("Hello")
    story.agent("anna").rates(5, refused="denied")
    story.agent("mila").rates(0, refused="invalid")
    story.agent("mila").rates(6, refused="invalid").expect(supervisor_rating=0)
    story.agent("mila").rates(5, refused="not_open", conversation=99)


# -- auto-close and staleness -----------------------------------------------------------------------------------


def test_auto_close_counts_from_the_agents_last_message() -> None:
    story = Story(line(auto_close=AutoClose(after=HOUR))).customer("Hello").at(100)
    story.agent("anna").says("Hi").at(2000)
    story.agent("anna").says("Still here?").at(5599).expect(status="awaiting_customer")
    story.at(5600).expect(status="closed", closed_by="timeout", solved=False)


def test_a_note_does_not_extend_it_and_a_customers_message_stops_it() -> None:
    story = Story(line(auto_close=AutoClose(after=HOUR))).customer("Hello")
    story.agent("anna").says("Hi").at(1800)
    story.agent("anna").notes("he will call").at(3599).expect(status="awaiting_customer")
    story.customer("Back").at(7 * DAY).expect(status="awaiting_agent", auto_close_at=0.0)


def test_auto_close_says_its_text_asks_and_waits_for_objections() -> None:
    story = Story(line(auto_close=AutoClose(after=HOUR, text="Bye"), rating=Rating(text=TEXT))).customer("Hello")
    story.agent("anna").says("Hi").at(3600).gets("Hi", "Bye", TEXT.request).expect(
        status="closing", closed_by="timeout"
    )
    story.at(4199).expect(status="closing").at(4200).expect(status="closed", closed_by="timeout")


def test_auto_close_zero_is_never() -> None:
    story = Story(line(auto_close=AutoClose(after=0))).customer("Hello")
    story.agent("anna").says("Hi").at(30 * DAY).expect(status="awaiting_customer")


@pytest.mark.parametrize("status", [one for one in Status if one not in (Status.CLOSING, Status.CLOSED)])
def test_31_days_after_the_last_message_it_is_stale(status: Status) -> None:
    patient = BotRules(use="menu", activate="first", transfer_after=0)
    story = reached(status, members="anna", idle_time=12 * HOUR, bot=patient, auto_close=AutoClose(after=0))
    story.at(31 * DAY - 1).expect(status=status).at(31 * DAY).expect(status="closed", closed_by="stale")
    assert story.thread.due == 0


def test_one_that_is_closing_can_grow_stale_and_still_be_rated() -> None:
    story = Story(line(auto_close=AutoClose(after=0), rating=Rating(text=TEXT))).customer("Hello")
    story.agent("anna").says("Hi").at(31 * DAY - 60)
    story.agent("anna").finishes().at(31 * DAY).expect(status="closed", closed_by="stale")
    story.customer("1").expect(number=1, rating="like")


def test_notes_and_automatic_texts_do_not_keep_it_fresh() -> None:
    story = Story(line(members="anna")).customer("Hello").at(10 * DAY)
    story.agent("anna").notes("he will call").at(31 * DAY).expect(closed_by="stale")


def test_the_customers_next_message_after_that_begins_anew() -> None:
    Story(line(members="anna")).customer("Hello").at(32 * DAY).customer("Well?").expect(number=2, status="waiting")
