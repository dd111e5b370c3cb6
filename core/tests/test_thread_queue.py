"""Waiting for an agent: offers, declines, idle time, returns, people who go, pins."""

from __future__ import annotations

import pytest
from openlines.domain.events import Placed, Woken

from core.tests.story import START, Story, line

DAY = 86400.0


# -- offers -----------------------------------------------------------------------------------------------------


def test_accepting_makes_responsible() -> None:
    story = Story().customer("Hello").passes(5)
    story.agent("anna").accepts()
    story.expect(status="accepted", responsible="anna", offered=(), participants=("anna",), accepted_at=START + 5)
    story.at(600).expect(status="accepted", responsible="anna")


def test_writing_to_the_customer_accepts() -> None:
    story = Story().customer("Hello").passes(30)
    story.agent("anna").says("Good morning").gets("Good morning")
    story.expect(status="awaiting_customer", responsible="anna", offered=(), accepted_at=START + 30)
    story.at(300).expect(responsible="anna").gets()


def test_a_member_of_the_queue_may_accept_without_an_offer() -> None:
    story = Story().customer("Hello").expect(offered=("anna",))
    story.agent("carla").accepts().expect(responsible="carla")


def test_accepting_what_someone_has_is_already_taken_for_every_member() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("carla").accepts("already_taken")
    story.agent("anna").accepts("already_taken").expect(responsible="anna")
    story.agent("dora").accepts("denied")


def test_idle_time_walks_the_queue_and_the_round_starts_again() -> None:
    story = Story().customer("Hello").at(59).expect(offered=("anna",))
    story.at(60).expect(offered=("boris",)).at(120).expect(offered=("carla",), rung=("anna", "boris", "carla"))
    story.at(180).expect(offered=("anna",), rung=("anna",))


def test_a_sole_candidate_keeps_the_offer_its_timer_restarts_and_nothing_is_told_again() -> None:
    story = Story(line(members="anna")).customer("Hello")
    assert story.conversation.idle_at == START + 60
    story.at(61).expect(offered=("anna",), idle_at=START + 120).at(1000).expect(offered=("anna",))
    assert len(story.decisions("offered")) == 1


def test_a_kept_offer_is_no_new_offer_for_the_evenly_clock() -> None:
    story = Story(line(members="anna", distribution="evenly")).customer("Hello").at(60)
    placed = [event for event in story.events if isinstance(event, Placed)][-1]
    assert placed.offered == ("anna",)
    decided = story.step(Woken(thread="t"))
    assert decided is not None
    assert decided.clocks == ()


def test_a_decline_offers_it_to_the_next() -> None:
    story = Story().customer("Hello").passes(10)
    story.agent("anna").declines().expect(status="waiting", offered=("boris",), idle_at=START + 70)
    assert [entry.by for entry in story.decisions("declined")] == ["anna"]


def test_the_only_candidate_cannot_decline() -> None:
    story = Story(line(members="anna")).customer("Hello")
    story.agent("anna").declines("only_candidate").expect(status="waiting", offered=("anna",))
    assert story.decisions("declined") == []


def test_who_is_not_offered_it_cannot_decline() -> None:
    story = Story().customer("Hello")
    story.agent("boris").declines("wrong_status").expect(offered=("anna",))


def test_returning_an_offer_is_declining_it_and_declining_what_one_has_is_returning_it() -> None:
    story = Story().customer("Hello")
    story.agent("anna").returns().expect(status="waiting", offered=("boris",))
    story.agent("boris").accepts()
    story.agent("boris").declines().expect(status="waiting", offered=("carla",))


def test_a_decline_that_comes_after_somebody_accepted_takes_nothing_from_them() -> None:
    story = Story(line(distribution="all")).customer("Hello")
    story.agent("boris").accepts()
    story.agent("anna").declines("wrong_status").expect(status="accepted", responsible="boris")


def test_a_decline_is_answered_when_the_desk_has_answered_and_once_only() -> None:
    story = Story(desk=False).customer("Hello")
    story.happens(Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("anna",), rung=("anna",)))
    anna = story.agent("anna")
    with pytest.raises(AssertionError, match="not answered"):
        anna.declines()
    story.expect(offered=("anna",))
    anna.declines("wrong_status")
    story.happens(
        Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("boris",), rung=("anna", "boris"))
    )
    story.expect(offered=("boris",))
    assert [answered.code for answered in story.answers.values()] == ["wrong_status", ""]


def test_who_declined_is_answered_when_somebody_takes_it_meanwhile() -> None:
    story = Story(desk=False).customer("Hello")
    story.happens(Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("anna",), rung=("anna",)))
    with pytest.raises(AssertionError, match="not answered"):
        story.agent("anna").declines()
    story.agent("boris").accepts().expect(responsible="boris", asking=())
    assert all(answered.code == "" for answered in story.answers.values())


def test_a_decline_while_the_idle_time_runs_out_moves_the_offer_by_one() -> None:
    story = Story(desk=False).customer("Hello")
    story.happens(Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("anna",), rung=("anna",)))
    with pytest.raises(AssertionError, match="not answered"):
        story.agent("anna").declines()
    story.at(60)
    assert [asking.why for asking in story.conversation.asking] == ["declined", "idle"]
    story.happens(
        Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("boris",), rung=("anna", "boris"))
    )
    story.expect(offered=("boris",), asking=(), idle_at=START + 120)


# -- all --------------------------------------------------------------------------------------------------------


def test_all_are_offered_it_and_idle_time_does_not_apply() -> None:
    story = Story(line(distribution="all")).customer("Hello")
    story.expect(offered=("anna", "boris", "carla"), responsible="", idle_at=0.0)
    story.at(3000).expect(offered=("anna", "boris", "carla"))


def test_in_all_the_first_accept_wins_and_a_later_one_is_too_late() -> None:
    story = Story(line(distribution="all")).customer("Hello")
    story.agent("boris").accepts()
    story.agent("anna").accepts("already_taken")
    story.expect(responsible="boris", participants=("boris",))
    story.agent("carla").says("May I help?").expect(responsible="boris", participants=("boris", "carla"))


def test_in_all_a_decline_hides_it_and_the_last_cannot_decline() -> None:
    story = Story(line(distribution="all")).customer("Hello")
    story.agent("anna").declines().expect(offered=("boris", "carla"))
    story.agent("boris").declines().expect(offered=("carla",))
    story.agent("carla").declines("only_candidate").expect(offered=("carla",))


def test_in_all_who_comes_later_is_offered_it_too() -> None:
    story = (
        Story(line(distribution="all", check=True), away="carla").customer("Hello").expect(offered=("anna", "boris"))
    )
    story.people_change("carla", connected=True).expect(offered=("anna", "boris", "carla"))
    assert story.decisions("offered")[-1].agents == ("anna", "boris", "carla")


# -- nobody -----------------------------------------------------------------------------------------------------


def test_nobody_qualifies_undistributed_until_somebody_comes() -> None:
    story = Story(line(check=True), away="anna boris carla").customer("Hello")
    story.expect(status="waiting", offered=(), idle_at=0.0)
    assert story.conversation.reason is not None
    assert story.conversation.reason.rule == "nobody"
    story.at(1000)
    assert len(story.decisions("undistributed")) == 1
    story.people_change("boris", connected=True).expect(offered=("boris",))


def test_an_empty_queue_leaves_it_undistributed() -> None:
    Story(line(members="")).customer("Hello").at(3600).expect(status="waiting", offered=())


def test_each_offer_keeps_its_reason() -> None:
    story = Story().customer("Hello")
    assert story.conversation.reason is not None
    assert story.conversation.reason.words.startswith("anna: ")
    assert story.decisions("offered")[0].reason == story.conversation.reason


# -- return -----------------------------------------------------------------------------------------------------


def test_a_return_goes_on_with_the_round() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    story.passes(20)
    story.agent("anna").returns()
    story.expect(status="waiting", responsible="", participants=(), queued_at=START + 20, auto_close_at=0.0)
    story.expect(offered=("boris",), rung=("anna", "boris"), number=1)


def test_with_no_other_candidate_a_returned_one_is_offered_to_the_same_agent() -> None:
    story = Story(line(members="anna")).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").returns().expect(status="waiting", offered=("anna",))


def test_only_the_responsible_or_a_supervisor_returns_it() -> None:
    story = Story(roles={"mila": "supervisor"}).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").invites("dora")
    story.agent("dora").returns("wrong_status").expect(responsible="anna")
    story.agent("mila").returns().expect(status="waiting", offered=("boris",), participants=("dora",))


# -- people who are away ----------------------------------------------------------------------------------------


def test_at_the_customers_next_message_it_leaves_a_responsible_who_is_away() -> None:
    story = Story(line(check=True)).customer("Hello")
    story.agent("anna").says("Hi").gets("Hi")
    story.people_change("anna", connected=False).passes(400).expect(status="awaiting_customer", responsible="anna")
    story.customer("Are you there?").expect(status="waiting", offered=("boris",), number=1).gets()
    assert [entry.text for entry in story.decisions("returned")] == ["unavailable"]


def test_it_stays_with_one_who_is_away_if_pinned_alone_or_not_checked() -> None:
    story = Story(line(check=True)).customer("Hello")
    story.agent("anna").says("Hi")
    story.agent("anna").pins()
    story.people_change("anna", connected=False).customer("Well?").expect(status="awaiting_agent", responsible="anna")

    story = Story(line(check=True, members="anna")).customer("Hello")
    story.agent("anna").says("Hi")
    story.people_change("anna", connected=False).customer("Well?").expect(status="awaiting_agent", responsible="anna")

    story = Story(line(check=False)).customer("Hello")
    story.agent("anna").says("Hi")
    story.people_change("anna", connected=False).customer("Well?").expect(status="awaiting_agent", responsible="anna")


def test_a_break_takes_away_an_offer_but_nothing_accepted() -> None:
    on_break = {"clocked": True, "on_break": True}
    story = Story(line(check=True)).customer("Hello").people_change("anna", **on_break).expect(offered=("boris",))

    story = Story(line(check=True)).customer("Hello")
    story.agent("anna").says("Hi")
    story.people_change("anna", **on_break).customer("Well?").expect(status="awaiting_agent", responsible="anna")


def test_dismissed_while_offered_the_next_is_offered_it() -> None:
    story = Story().customer("Hello").dismisses("anna").expect(status="waiting", offered=("boris",))
    assert story.conversation.idle_at == START + 60


@pytest.mark.parametrize("pinned", [False, True])
def test_dismissed_while_responsible_it_returns_at_once_pinned_or_not(pinned: bool) -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    if pinned:
        story.agent("anna").pins()
    story.dismisses("anna").expect(status="waiting", offered=("boris",), responsible="", pinned=False)


def test_silent_for_over_seven_days_it_closes_as_stale_when_the_responsible_goes() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.at(7 * DAY).dismisses("anna").expect(status="waiting")

    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.at(7 * DAY + 1).dismisses("anna").expect(status="closed", closed_by="stale", responsible="anna")


def test_that_somebody_elses_agent_goes_changes_nothing() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    before = story.thread
    story.dismisses("carla")
    assert story.thread == before


# -- pins -------------------------------------------------------------------------------------------------------


def test_a_pinned_offer_is_not_forwarded_and_unpinned_its_time_runs_anew() -> None:
    story = Story().customer("Hello").at(10)
    story.agent("anna").pins().expect(idle_at=0.0).at(200).expect(offered=("anna",), pinned=True)
    story.agent("anna").unpins().expect(idle_at=START + 260).at(260).expect(offered=("boris",))


def test_a_pin_replaces_auto_close_by_seven_days_after_message_and_pin() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    story.at(DAY / 8)
    story.agent("anna").pins().at(DAY / 8 + 7 * DAY - 1).expect(status="awaiting_customer")
    story.passes(1).expect(status="closed", closed_by="timeout")


def test_unpinned_auto_close_counts_from_the_unpin() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    story.agent("anna").pins()
    story.at(DAY)
    story.agent("anna").unpins().at(DAY + 4 * 3600 - 1).expect(status="awaiting_customer")
    story.passes(1).expect(status="closed", closed_by="timeout")


def test_a_transfer_takes_the_pin_away_as_an_unpin_does() -> None:
    story = Story().customer("Hello")
    story.agent("anna").says("Hi")
    story.agent("anna").pins()
    story.at(DAY)
    story.agent("anna").transfers("boris").expect(pinned=False)
    story.at(DAY + 4 * 3600 - 1).expect(status="awaiting_customer").at(DAY + 4 * 3600).expect(
        status="closed", closed_by="timeout"
    )


def test_intercept_and_return_take_the_pin_away() -> None:
    story = Story(roles={"mila": "supervisor"}).customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").pins()
    story.agent("mila").intercepts().expect(pinned=False)
    story.agent("mila").pins()
    story.agent("mila").returns().expect(pinned=False, status="waiting")


def test_pinning_twice_is_pinning_once() -> None:
    story = Story().customer("Hello")
    story.agent("anna").accepts()
    story.agent("anna").pins().passes(5)
    story.agent("anna").pins().expect(pinned_at=START)
    assert len(story.decisions("pinned")) == 1


# -- stale placements -------------------------------------------------------------------------------------------


def test_a_placement_for_another_seat_or_conversation_is_dropped() -> None:
    story = Story(desk=False).customer("Hello")
    seat = story.thread.seat
    for conversation, stale in ((1, seat - 1), (1, seat + 1), (2, seat)):
        before = story.thread
        story.happens(Placed(thread="t", conversation=conversation, seat=stale, offered=("anna",), rung=("anna",)))
        assert story.thread == before
    story.agent("boris").accepts()
    story.happens(Placed(thread="t", conversation=1, seat=story.thread.seat, offered=("anna",)))
    story.expect(status="accepted", offered=())
