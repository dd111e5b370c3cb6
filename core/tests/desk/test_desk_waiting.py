"""Who has room, who waits and why, and what settings change about it, as stories."""

from __future__ import annotations

from math import inf

import pytest
from openlines.domain.desk import Desk

from .floor import Floor, line

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


def test_all_who_wait_are_placed_when_there_is_room_for_all() -> None:
    floor = Floor(line("anna boris", limit=2), online="")
    floor.writes("ivan", "yara", "zoe")
    floor.is_("anna", connected=True)
    assert [floor[chat].offered for chat in ("ivan", "yara", "zoe")] == [("anna",), ("anna",), ()]


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
