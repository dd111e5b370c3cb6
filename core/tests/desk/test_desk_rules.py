"""Who is offered what: the rules of the queue, as stories."""

from __future__ import annotations

from math import inf

import pytest
from openlines.domain.desk import Desk
from openlines.domain.people import Agent

from .floor import Floor, line

# -- strictly -------------------------------------------------------------------------------------------------------


def test_strictly_every_conversation_starts_at_the_first_of_the_queue() -> None:
    floor = Floor(line("anna boris carla"))
    floor.writes("ivan", "yara")
    assert floor["ivan"].story == floor["yara"].story == ["anna"]
    assert floor["ivan"].why == "anna: first in the queue"


def test_strictly_the_idle_time_walks_the_queue_and_begins_it_anew() -> None:
    floor = Floor(line("anna boris carla"))
    floor.writes("ivan")
    for _ in range(4):
        floor.idles("ivan")
    assert floor["ivan"].story == ["anna", "boris", "carla", "anna", "boris"]
    assert floor["ivan"].rung == ("anna", "boris")


def test_strictly_somebody_who_comes_back_gets_their_turn_in_queue_order() -> None:
    floor = Floor(line("anna boris carla"), online="boris carla")
    floor.writes("ivan")
    floor.is_("anna", connected=True)
    floor.idles("ivan")
    floor.idles("ivan")
    assert floor["ivan"].story == ["boris", "anna", "carla"]


def test_the_one_who_had_it_last_is_not_first_of_the_new_round() -> None:
    floor = Floor(line("anna boris carla"), online="boris carla")
    floor.writes("ivan")
    floor.idles("ivan")
    floor.is_("anna", connected=True)
    floor.idles("ivan")
    floor.declines("anna", "ivan")
    assert floor["ivan"].story == ["boris", "carla", "anna", "boris"]


# -- evenly ---------------------------------------------------------------------------------------------------------


def test_evenly_spreads_offers_even_those_of_one_moment() -> None:
    floor = Floor(line("anna boris carla", "evenly"))
    floor.writes("a", "b", "c", "d", "e")
    assert [floor[chat].story for chat in "abcde"] == [["anna"], ["boris"], ["carla"], ["anna"], ["boris"]]


def test_evenly_goes_to_the_one_idle_longest_and_says_so() -> None:
    floor = Floor(line("anna boris", "evenly"))
    floor.clocked("anna", offered_at=10.0, replied_at=688.0)
    floor.clocked("boris", offered_at=700.0)
    floor.writes("ivan")
    assert floor["ivan"].reason is not None
    assert floor["ivan"].reason.idle == 312
    assert floor["ivan"].why == "anna: idle longest, 312 s"


def test_evenly_never_active_comes_first() -> None:
    floor = Floor(line("anna boris", "evenly"))
    floor.clocked("anna", replied_at=1.0)
    floor.writes("ivan")
    assert floor["ivan"].why == "boris: idle longest, never active on this line"


def test_evenly_a_reply_makes_an_agent_less_idle_and_an_older_clock_changes_nothing() -> None:
    floor = Floor(line("anna boris", "evenly"))
    floor.clocked("anna", replied_at=500.0)
    floor.clocked("boris", replied_at=400.0)
    floor.clocked("boris", replied_at=600.0)
    floor.clocked("boris", replied_at=450.0)
    floor.writes("ivan")
    assert floor["ivan"].offered == ("anna",)


def test_evenly_declines_go_round_and_start_again_at_the_one_idle_longest() -> None:
    floor = Floor(line("anna boris carla", "evenly"))
    floor.writes("ivan")
    for agent in ("anna", "boris", "carla"):
        floor.passes(10)
        floor.declines(agent, "ivan")
    assert floor["ivan"].story == ["anna", "boris", "carla", "anna"]
    assert floor["ivan"].rung == ("anna",)


# -- a sole candidate -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["evenly", "strictly"])
def test_a_sole_candidate_keeps_the_offer_when_time_is_over(distribution: str) -> None:
    floor = Floor(line("anna boris", distribution, limit=1), online="anna")
    floor.writes("ivan")
    before = floor["ivan"].seat
    floor.idles("ivan")
    assert floor["ivan"].story == ["anna", "anna"]
    assert floor["ivan"].seat > before
    assert floor["ivan"].why == "anna: the only candidate; boris skipped: offline"


@pytest.mark.parametrize("distribution", ["evenly", "strictly", "all"])
def test_a_sole_candidate_cannot_decline(distribution: str) -> None:
    floor = Floor(line("anna boris", distribution), online="anna")
    floor.writes("ivan")
    floor.declines("anna", "ivan")
    assert floor["ivan"].refusals == ["only_candidate"]
    assert floor["ivan"].offered == ("anna",)


# -- all ------------------------------------------------------------------------------------------------------------


def test_all_are_offered_it_at_once() -> None:
    floor = Floor(line("anna boris carla", "all", limit=1), online="anna boris", cap=1)
    floor.writes("ivan", "yara")
    assert floor["ivan"].offered == floor["yara"].offered == ("anna", "boris")
    assert floor["ivan"].why == "anna, boris: all who qualify; carla skipped: offline"


def test_all_who_become_available_later_are_offered_it_too() -> None:
    floor = Floor(line("anna boris", "all"), online="boris")
    floor.writes("ivan")
    floor.is_("anna", connected=True)
    floor.is_("anna", role="supervisor")
    assert floor["ivan"].story == ["boris", "anna boris"]


def test_all_a_decline_hides_it_while_somebody_else_sees_it() -> None:
    floor = Floor(line("anna boris carla", "all"))
    floor.writes("ivan")
    floor.declines("anna", "ivan")
    assert floor["ivan"].offered == ("boris", "carla")
    assert "anna skipped: asked before" in floor["ivan"].why
    floor.declines("boris", "ivan")
    floor.declines("carla", "ivan")
    assert floor["ivan"].offered == ("carla",)
    assert floor["ivan"].refusals == ["only_candidate"]


def test_all_when_nobody_else_is_left_those_who_declined_see_it_again() -> None:
    floor = Floor(line("anna boris", "all"))
    floor.writes("ivan")
    floor.declines("anna", "ivan")
    floor.is_("boris", on_leave=True)
    floor.is_("boris", on_leave=False)
    assert floor["ivan"].story == ["anna boris", "boris", "anna", "anna boris"]


def test_all_a_return_hides_it_from_the_one_who_returned_it() -> None:
    floor = Floor(line("anna boris carla", "all"))
    floor.writes("ivan")
    floor.accepts("boris", "ivan")
    floor.returns("ivan")
    assert floor["ivan"].offered == ("anna", "carla")


def test_all_two_decline_at_once_and_are_answered_one_after_the_other() -> None:
    floor = Floor(line("anna boris", "all"))
    floor.writes("ivan")
    floor["ivan"].asking = (("declined", "anna"),)
    floor.declines("boris", "ivan")
    assert floor["ivan"].offered == ("boris",)
    assert floor["ivan"].refusals == ["only_candidate"]


# -- availability ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ({"on_leave": True}, "on leave"),
        ({"clocked": True, "on_break": True}, "on a break"),
        ({"clocked": True, "clocked_out": True}, "clocked out"),
        ({"signed_off": True}, "offline"),
        ({"dismissed": True}, "dismissed"),
    ],
)
@pytest.mark.parametrize("distribution", ["evenly", "strictly"])
def test_who_ceases_to_be_there_while_offered_loses_it_to_the_next(
    how: dict[str, bool], cause: str, distribution: str
) -> None:
    floor = Floor(line("anna boris", distribution))
    floor.writes("ivan")
    floor.is_("anna", **how)
    assert floor["ivan"].story == ["anna", "boris"]
    assert f"anna skipped: {cause}" in floor["ivan"].why


def test_without_the_check_only_the_dismissed_are_skipped() -> None:
    floor = Floor(line("anna boris carla", check=False), online="")
    floor.is_("anna", dismissed=True)
    floor.is_("boris", on_leave=True)
    floor.writes("ivan")
    assert floor["ivan"].offered == ("boris",)


def test_presence_times_out_on_the_line_where_it_is_shorter() -> None:
    floor = Floor(line("anna boris", timeout=60), line("anna boris", name="sales", timeout=300))
    floor.is_("anna", connected=False, seen_at=floor.now)
    floor.writes("ivan")
    floor.writes("yara", line="sales")
    floor.passes(59)
    assert floor["ivan"].offered == ("anna",)
    floor.passes(1)
    assert (floor["ivan"].offered, floor["yara"].offered) == (("boris",), ("anna",))
    floor.passes(240)
    assert floor["yara"].offered == ("boris",)


def test_a_choice_does_not_wait_for_the_tick_to_see_that_presence_is_over() -> None:
    floor = Floor(line("anna boris", timeout=60))
    floor.is_("anna", connected=False, seen_at=floor.now)
    floor.now += 60
    floor.writes("ivan")
    assert floor["ivan"].offered == ("boris",)


def test_who_leaves_the_queue_while_offered_loses_it() -> None:
    floor = Floor(line("anna boris", check=False))
    floor.writes("ivan")
    floor.sets(line("boris", check=False))
    assert floor["ivan"].story == ["anna", "boris"]


def test_a_pinned_offer_is_not_forwarded_but_by_dismissal() -> None:
    floor = Floor(line("anna boris"))
    floor.writes("ivan")
    floor.pins("ivan")
    floor.is_("anna", on_leave=True)
    floor.idles("ivan")
    assert floor["ivan"].offered == ("anna",)
    floor.is_("anna", dismissed=True)
    assert floor["ivan"].offered == ("boris",)


# -- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ignore", "full"),
    [
        ("replied", ("offered", "accepted")),
        ("awaiting_customer", ("offered", "accepted", "awaiting_agent")),
        ("closed", ("offered", "accepted", "awaiting_agent", "awaiting_customer")),
    ],
)
def test_a_limit_counts_the_statuses_that_are_not_ignored(ignore: str, full: tuple[str, ...]) -> None:
    for status in ("offered", "accepted", "awaiting_agent", "awaiting_customer"):
        floor = Floor(line("anna boris", limit=1, ignore=ignore))
        floor.writes("ivan")
        if status != "offered":
            floor.accepts("anna", "ivan", status)
        floor.writes("yara")
        assert floor["yara"].offered == (("boris",) if status in full else ("anna",)), status


def test_the_reason_names_the_limit() -> None:
    floor = Floor(line("anna boris", limit=1))
    floor.writes("ivan", "yara")
    reason = floor["yara"].reason
    assert reason is not None
    assert (reason.rule, reason.skipped, reason.before) == ("strictly", {"limit": 1}, ("anna",))
    assert reason.words == "boris: first in the queue; anna skipped: limit 1/1"


def test_the_server_wide_cap_counts_over_all_lines() -> None:
    floor = Floor(line("anna"), line("anna boris", name="sales"), cap=1)
    floor.writes("ivan")
    floor.writes("yara", line="sales")
    assert floor["yara"].why == "boris: first in the queue; anna skipped: server limit 1/1"
    floor.writes("zoe")
    assert floor["zoe"].undistributed
    floor.accepts("anna", "ivan", "awaiting_customer")
    assert floor["zoe"].offered == ("anna",)


def test_a_slot_that_frees_goes_to_who_waits_longest_over_all_lines() -> None:
    floor = Floor(line("anna"), line("anna", name="sales"), cap=1)
    floor.writes("ivan")
    floor.passes(1)
    floor.writes("yara", line="sales")
    floor.passes(1)
    floor.writes("zoe")
    floor.becomes("ivan", "closed")
    assert (floor["yara"].offered, floor["zoe"].offered) == (("anna",), ())


# -- undistributed --------------------------------------------------------------------------------------------------


def test_nobody_qualifies_and_the_reason_says_why() -> None:
    floor = Floor(line("anna boris", limit=1), online="anna")
    floor.writes("ivan", "yara")
    assert floor["yara"].undistributed
    assert floor["yara"].reason is not None
    assert floor["yara"].reason.rule == "nobody"
    assert floor["yara"].why == "nobody qualifies; anna skipped: limit 1/1; boris skipped: offline"
    assert floor["yara"].story == ["-"], "told once"


def test_an_empty_queue_distributes_nothing() -> None:
    floor = Floor(line(""))
    floor.writes("ivan")
    assert floor["ivan"].why == "nobody: the queue of line shop is empty"


def test_undistributed_ones_go_out_oldest_first_as_slots_allow() -> None:
    floor = Floor(line("anna boris", limit=1), online="")
    floor.writes("ivan")
    floor.passes(20)
    floor.writes("yara")
    floor.is_("boris", connected=True)
    assert (floor["ivan"].offered, floor["yara"].offered) == (("boris",), ())
    floor.accepts("boris", "ivan")
    assert floor["yara"].undistributed
    floor.becomes("ivan", "closed")
    assert floor["yara"].offered == ("boris",)


def test_a_returned_one_waits_behind_those_who_wait_already() -> None:
    floor = Floor(line("anna", limit=1))
    floor.writes("ivan")
    floor.accepts("anna", "ivan")
    floor.passes(1)
    floor.writes("yara")
    floor.passes(1)
    floor.returns("ivan")
    assert floor["yara"].offered == ("anna",)
    assert floor["ivan"].undistributed
    floor.becomes("yara", "closed")
    assert floor["ivan"].offered == ("anna",), "with no other candidate, to the same agent again"


def test_a_returned_one_goes_to_others_first() -> None:
    floor = Floor(line("anna boris"), online="anna")
    floor.writes("ivan")
    floor.accepts("anna", "ivan")
    floor.is_("boris", connected=True)
    floor.returns("ivan")
    assert floor["ivan"].offered == ("boris",)


def test_a_returned_one_goes_to_others_first_when_all_were_rung() -> None:
    floor = Floor(line("anna boris"), online="boris")
    floor.writes("ivan")
    floor.is_("anna", connected=True)
    floor.idles("ivan")
    floor.accepts("anna", "ivan")
    floor.returns("ivan")
    assert floor["ivan"].story == ["boris", "anna", "boris"]
    assert floor["ivan"].rung == ("anna", "boris")


@pytest.mark.parametrize("change", [line("anna boris"), line("anna", limit=2), line("anna", "all")])
def test_settings_that_make_room_route_at_once(change: object) -> None:
    floor = Floor(line("anna", limit=1), online="anna boris")
    floor.writes("ivan", "yara")
    assert floor["yara"].undistributed
    floor.sets(change)
    assert floor["yara"].offered


def test_a_higher_cap_routes_at_once() -> None:
    floor = Floor(line("anna"), cap=1)
    floor.writes("ivan", "yara")
    floor.sets(cap=2)
    assert floor["yara"].offered == ("anna",)


def test_the_line_is_tried_again_every_retry_interval_while_somebody_waits() -> None:
    floor = Floor(line("anna"), online="")
    assert floor.desk.due == inf
    floor.writes("ivan")
    assert floor.desk.due == floor.now + 120
    floor.passes(300)
    assert floor["ivan"].story == ["-"]
    assert floor.desk.due == floor.now + 60
    floor.becomes("ivan", "closed")
    floor.passes(60)
    assert floor.desk.due == inf


# -- the CRM's responsible ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["evenly", "strictly", "all"])
def test_the_crm_responsible_is_first_outside_the_queue_and_beyond_limits(distribution: str) -> None:
    floor = Floor(line("anna boris", distribution, limit=1), online="anna boris dora", cap=1)
    floor.writes("ivan", "yara", first="dora")
    assert floor["ivan"].offered == floor["yara"].offered == ("dora",)
    assert floor["ivan"].why == "dora: responsible for this customer in the CRM"
    floor.is_("anna", on_leave=True)
    assert floor["ivan"].story == ["dora"], "others' coming and going does not touch it"


@pytest.mark.parametrize("how", [{"dismissed": True}, {"on_leave": True}, {"connected": False}])
def test_a_crm_responsible_who_is_not_there_is_passed_over(how: dict[str, bool]) -> None:
    floor = Floor(line("anna"), online="anna dora")
    floor.is_("dora", **how)
    floor.writes("ivan", first="dora")
    assert floor["ivan"].offered == ("anna",)


def test_a_crm_responsible_goes_before_the_undistributed() -> None:
    floor = Floor(line("dora", limit=1), online="")
    floor.writes("ivan")
    floor.passes(1)
    floor.writes("yara", first="dora")
    floor.is_("dora", connected=True)
    assert (floor["ivan"].offered, floor["yara"].offered) == ((), ("dora",))


@pytest.mark.parametrize("distribution", ["evenly", "strictly"])
def test_after_the_crm_responsible_the_queue_where_they_count_as_rung(distribution: str) -> None:
    floor = Floor(line("anna boris", distribution))
    floor.writes("ivan", first="anna")
    floor.idles("ivan")
    floor.idles("ivan")
    assert floor["ivan"].story == ["anna", "boris", "anna"]


def test_a_crm_responsible_outside_the_queue_is_not_rung_in_later_rounds() -> None:
    floor = Floor(line("anna boris"), online="anna boris dora")
    floor.writes("ivan", first="dora")
    floor.declines("dora", "ivan")
    for _ in range(3):
        floor.idles("ivan")
    assert floor["ivan"].story == ["dora", "anna", "boris", "anna", "boris"]


def test_a_crm_responsible_who_leaves_loses_it_to_the_queue() -> None:
    floor = Floor(line("anna"), online="anna dora")
    floor.writes("ivan", first="dora")
    floor.is_("dora", on_leave=True)
    assert floor["ivan"].story == ["dora", "anna"]


@pytest.mark.parametrize("ending", ["idles", "declines"])
def test_in_all_a_member_who_was_first_by_the_crm_keeps_seeing_it(ending: str) -> None:
    floor = Floor(line("anna boris", "all"))
    floor.writes("ivan", first="boris")
    assert floor["ivan"].offered == ("boris",)
    floor.idles("ivan") if ending == "idles" else floor.declines("boris", "ivan")
    assert floor["ivan"].offered == ("anna", "boris")


def test_in_all_a_crm_responsible_outside_the_queue_is_followed_by_its_members() -> None:
    floor = Floor(line("anna", "all"), online="dora")
    floor.writes("ivan", first="dora")
    floor.idles("ivan")
    assert floor["ivan"].undistributed
    floor.is_("anna", connected=True)
    assert floor["ivan"].story == ["dora", "-", "anna"]


def test_what_a_crm_responsible_holds_counts_on_the_line() -> None:
    floor = Floor(line("anna boris", limit=1))
    floor.writes("ivan", first="anna")
    floor.writes("yara")
    assert floor["yara"].offered == ("boris",)


def test_undistributed_ones_reach_a_crm_responsible_who_comes() -> None:
    floor = Floor(line("anna"), online="")
    floor.is_("anna", connected=False)
    floor.people["dora"] = Agent(id="dora")
    floor.writes("ivan", first="dora")
    floor.is_("dora", connected=True)
    assert floor["ivan"].story == ["-", "dora"]


# -- the line itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["evenly", "strictly", "all"])
def test_an_inactive_line_takes_offers_back_and_routes_afresh_when_it_is_active_again(distribution: str) -> None:
    floor = Floor(line("anna boris", distribution))
    floor.writes("ivan")
    given = floor["ivan"].offered
    floor.sets(line("anna boris", distribution, active=False))
    assert floor["ivan"].undistributed
    assert floor["ivan"].rung == ()
    assert floor["ivan"].why == "nobody: line shop is not active"
    floor.sets(line("anna boris", distribution))
    assert floor["ivan"].offered
    assert distribution == "evenly" or floor["ivan"].offered == given


def test_a_line_that_nobody_knows_waits_for_settings() -> None:
    floor = Floor(line("anna"))
    floor.lines["sales"] = line("anna", name="sales")
    floor.writes("ivan", line="sales")
    assert floor["ivan"].undistributed
    floor.sets()
    assert floor["ivan"].offered == ("anna",)


def test_an_offer_to_all_becomes_one_offer_when_the_distribution_changes_and_back() -> None:
    floor = Floor(line("anna boris", "all"))
    floor.writes("ivan")
    floor.sets(line("anna boris"))
    assert len(floor["ivan"].offered) == 1
    floor.sets(line("anna boris", "all"))
    assert floor["ivan"].offered == ("anna", "boris")


def test_clocks_survive_that_an_agent_leaves_the_queue_for_a_while() -> None:
    floor = Floor(line("anna boris", "evenly"))
    floor.clocked("anna", replied_at=900.0)
    floor.clocked("boris", replied_at=800.0)
    floor.sets(line("anna", "evenly"))
    floor.sets(line("anna boris", "evenly"))
    floor.writes("ivan")
    assert floor["ivan"].offered == ("boris",)


# -- reasons --------------------------------------------------------------------------------------------------------


def test_a_reason_counts_everybody_and_names_twenty() -> None:
    away = " ".join(f"agent{n:02}" for n in range(50))
    floor = Floor(line(f"{away} zoe"), online="zoe")
    floor.writes("ivan")
    reason = floor["ivan"].reason
    assert reason is not None
    assert reason.skipped == {"offline": 50}
    assert reason.before == tuple(away.split()[:20])
    assert reason.words.startswith("zoe: first in the queue; agent00 skipped: offline; agent01")
    assert reason.words.endswith("agent19 skipped: offline; 30 more skipped")


def test_a_reason_tells_those_who_stood_before_from_those_who_did_not() -> None:
    floor = Floor(line("anna boris carla dora", "evenly", limit=1))
    floor.clocked("boris", replied_at=500.0)
    floor.clocked("carla", replied_at=600.0)
    floor.clocked("dora", replied_at=700.0)
    floor.is_("dora", on_leave=True)
    floor.is_("boris", on_leave=True)
    floor.writes("ivan", "yara")
    reason = floor["yara"].reason
    assert reason is not None
    assert reason.before == ("boris",)
    assert reason.words == (
        "carla: idle longest, 400 s; boris skipped: on leave; anna skipped: limit 1/1; dora skipped: on leave"
    )


def test_who_was_asked_before_is_named() -> None:
    floor = Floor(line("anna boris", "evenly"))
    floor.writes("ivan")
    floor.clocked("boris", replied_at=2000.0)
    floor.declines("anna", "ivan")
    assert floor["ivan"].reason is not None
    assert floor["ivan"].reason.skipped == {"asked before": 1}
    assert "anna skipped: asked before" in floor["ivan"].why


def test_a_desk_that_was_told_nothing_has_nothing_to_do() -> None:
    desk = Desk(Floor(line("anna")).policies, 1)
    assert desk.tick(1.0) == []
    assert desk.due == inf
