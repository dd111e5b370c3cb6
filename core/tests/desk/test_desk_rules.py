"""Who is offered what: the rules of the queue, as stories."""

from __future__ import annotations

import pytest
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


def test_all_a_return_hides_it_even_when_all_others_had_declined() -> None:
    floor = Floor(line("anna boris carla", "all"))
    floor.writes("ivan")
    floor.declines("anna", "ivan")
    floor.declines("boris", "ivan")
    floor.accepts("carla", "ivan")
    floor.returns("ivan")
    assert floor["ivan"].offered == ("anna", "boris")
    floor.is_("anna", on_leave=True)
    floor.is_("boris", on_leave=True)
    assert floor["ivan"].offered == ("carla",)


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


def test_in_all_a_member_who_was_first_by_the_crm_cannot_decline_alone() -> None:
    floor = Floor(line("anna boris", "all"), online="boris")
    floor.writes("ivan", first="boris")
    floor.declines("boris", "ivan")
    assert floor["ivan"].refusals == ["only_candidate"]


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
