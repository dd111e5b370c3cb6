"""Who may see and do what, by role, level and department."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace
from openlines.domain import rights
from openlines.domain.events import Accept, Finish, Intercept, Rate, Reply, Return, Transfer
from openlines.domain.people import LEVELS, RIGHTS, ROLES, Agent, Level
from openlines.domain.policy import Consent, CrmRules, Line
from openlines.domain.state import Conversation, Status
from openlines.runtime.organisation import Organisation, present_members, with_reach

LEVEL_ROLES: Mapping[str, Mapping[str, Level]] = {f"all_{level}": dict.fromkeys(RIGHTS, level) for level in LEVELS}


def staff(role: str = "agent", *, heads: Mapping[str, str] | None = None, **role_rights: Level) -> dict[str, Agent]:
    """Anna, of that role, and Boris sell; Carla supports; Dora, in no department, may head one."""
    roles = {**ROLES, **LEVEL_ROLES, "own_made": {**dict.fromkeys(RIGHTS, "none"), **role_rights}}
    people = (
        Agent(id="anna", role="own_made" if role_rights else role, departments=("sales",)),
        Agent(id="boris", departments=("sales",)),
        Agent(id="carla", departments=("support",)),
        Agent(id="dora"),
    )
    return with_reach({agent.id: agent for agent in people}, Organisation(roles, heads or {}))


def held_by(agent: str, status: Status = Status.ACCEPTED) -> Conversation:
    return Conversation(number=1, line="shop", status=status, created_at=1.0, responsible=agent, participants=(agent,))


WAITING = Conversation(number=1, line="shop", status=Status.WAITING, created_at=1.0)
REACHED = {
    "none": set[str](),
    "own": {"anna"},
    "department": {"anna", "boris"},
    "any": {"anna", "boris", "carla"},
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.CLOSING, Status.CLOSED])
def test_a_level_reaches_so_far_in_sight(level: Level, status: Status) -> None:
    anna = staff(f"all_{level}")["anna"]
    seen = {agent for agent in ("anna", "boris", "carla") if rights.sees(anna, held_by(agent, status), ())}
    assert seen == REACHED[level]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("asks", [Transfer, Finish, Return, Rate, Reply, Intercept])
def test_a_level_reaches_so_far_in_deed(level: Level, asks: type) -> None:
    anna = staff(f"all_{level}")["anna"]
    may = {agent for agent in ("anna", "boris", "carla") if rights.permits(anna, asks, held_by(agent), ())}
    assert may == REACHED[level]


@pytest.mark.parametrize("level", LEVELS)
def test_no_level_makes_up_for_an_offer_or_a_place_in_the_queue(level: Level) -> None:
    anna = staff(f"all_{level}")["anna"]
    assert not rights.permits(anna, Accept, replace(WAITING, holders=("boris",)), ("boris",))
    invited = level != "none"
    assert rights.permits(anna, Accept, replace(WAITING, holders=("anna",)), ()) == invited
    assert rights.permits(anna, Accept, WAITING, ("anna",)) == invited


def test_closed_ones_are_history_and_history_is_a_right_of_its_own() -> None:
    anna = staff(conversations="any", history="own")["anna"]
    assert rights.sees(anna, held_by("carla"), ())
    assert not rights.sees(anna, held_by("carla", Status.CLOSED), ())
    assert rights.sees(anna, held_by("anna", Status.CLOSED), ())


def test_what_waits_in_a_colleagues_queue_is_the_departments_until_somebody_has_it() -> None:
    anna = staff(conversations="department")["anna"]
    assert rights.sees(anna, WAITING, ("boris",))
    assert not rights.sees(anna, WAITING, ("carla",))
    assert not rights.sees(anna, held_by("carla"), ("boris",))


def test_whoever_shared_in_it_once_keeps_it_in_the_department() -> None:
    anna = staff(conversations="department")["anna"]
    assert rights.sees(anna, replace(held_by("carla"), holders=("boris",)), ())
    assert rights.sees(anna, replace(held_by("carla"), participants=("carla", "boris")), ())


def test_entering_anothers_conversation_is_the_right_to_join_and_not_the_right_to_see() -> None:
    anna = staff(conversations="any", join="department")["anna"]
    assert rights.permits(anna, Reply, held_by("boris"), ())
    assert not rights.permits(anna, Reply, held_by("carla"), ())
    assert not rights.permits(anna, Intercept, held_by("carla"), ())
    assert rights.permits(anna, Transfer, held_by("carla"), ())


def test_the_next_conversation_of_a_thread_is_begun_by_who_had_it_or_is_in_the_queue() -> None:
    anna = staff("agent")["anna"]
    assert rights.permits(anna, Reply, held_by("anna", Status.CLOSED), ())
    assert rights.permits(anna, Reply, held_by("carla", Status.CLOSED), ("anna",))
    assert not rights.permits(anna, Reply, held_by("carla", Status.CLOSED), ("boris",))
    assert not rights.permits(anna, Reply, None, ("boris",))
    colleague = staff(conversations="department")["anna"]
    assert rights.permits(colleague, Reply, None, ("boris",))


# -- heads ------------------------------------------------------------------------------------------------------


def test_the_head_sees_the_whole_department_and_may_no_more_than_before() -> None:
    dora = staff(heads={"sales": "dora"})["dora"]
    assert rights.sees(dora, held_by("boris"), ())
    assert rights.sees(dora, held_by("anna", Status.CLOSED), ())
    assert rights.reads_records(dora, held_by("boris"), ())
    assert rights.sees(dora, WAITING, ("boris",))
    assert not rights.sees(dora, held_by("carla"), ())
    assert not rights.permits(dora, Finish, held_by("boris"), ())
    assert rights.actions(dora, held_by("boris"), ()) == ()


def test_a_head_with_rights_over_departments_has_them_over_the_one_they_head() -> None:
    dora = with_reach(
        {**staff(), "dora": Agent(id="dora", role="lead")},
        Organisation({**ROLES, "lead": dict.fromkeys(RIGHTS, "department")}, {"sales": "dora"}),
    )["dora"]
    assert rights.permits(dora, Finish, held_by("boris"), ())
    assert not rights.permits(dora, Finish, held_by("carla"), ())


def test_a_role_that_sees_nothing_sees_nothing_as_a_head_either() -> None:
    anna = with_reach(
        {**staff(), "anna": Agent(id="anna", role="blind")},
        Organisation({**ROLES, "blind": dict.fromkeys(RIGHTS, "none")}, {"sales": "anna"}),
    )["anna"]
    assert not rights.sees(anna, held_by("boris"), ())


# -- returning what somebody else has ---------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "over"), [("own", ""), ("department", "boris"), ("any", "boris carla")])
def test_who_may_take_a_conversation_from_somebody_for_the_queue(level: Level, over: str) -> None:
    anna = staff(conversations=level)["anna"]
    assert [agent for agent in ("boris", "carla") if rights.supervises(anna, agent)] == over.split()
    for agent in ("boris", "carla"):
        offered = "return" in rights.actions(anna, held_by(agent), ())
        assert offered == (agent in over.split())


# -- what needs something of the line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (Line(id="shop"), set()),
        (Line(id="shop", crm=CrmRules(use="embedded")), {"save_to_crm"}),
        (Line(id="shop", consent=Consent(enabled=True)), {"refuse_consent"}),
    ],
    ids=["neither", "crm", "consent"],
)
def test_the_crm_and_consent_are_offered_where_the_line_has_them(line: Line, offered: set[str]) -> None:
    anna = staff(conversations="own", crm="own")["anna"]
    there = set(rights.actions(anna, held_by("anna"), (), line))
    assert there & {"save_to_crm", "refuse_consent"} == offered
    assert "save_to_crm" not in rights.actions(staff(conversations="own")["anna"], held_by("anna"), (), line)
    assert "save_to_crm" not in rights.actions(anna, held_by("anna", Status.CLOSED), (), line)


# -- people over people -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "over"), [("none", ""), ("own", "anna"), ("department", "anna boris"), ("any", "anna boris carla dora")]
)
def test_who_may_change_whose_entry(level: Level, over: str) -> None:
    people = staff(people=level, conversations="any", history="any", crm="any")
    assert [agent for agent in people if rights.manages(people["anna"], people[agent])] == over.split()


def test_nobody_manages_those_who_may_do_more() -> None:
    people = staff(people="any")
    admin = replace(people["carla"], role="admin", rights={})
    assert not rights.manages(people["anna"], admin)
    assert rights.manages(admin, people["anna"])
    assert not rights.manages(replace(admin, dismissed=True), people["anna"])


# -- departments ------------------------------------------------------------------------------------------------


def test_a_department_is_its_members_of_the_file_in_its_order_then_the_others() -> None:
    people = {id_: Agent(id=id_, departments=("sales",)) for id_ in ("zoe", "anna", "carla", "boris")}
    assert present_members(people, ["zoe", "carla"]) == {"sales": ("zoe", "carla", "anna", "boris")}
    people["carla"] = replace(people["carla"], dismissed=True)
    assert present_members(people, ["zoe", "carla"]) == {"sales": ("zoe", "anna", "boris")}


def test_whoever_was_dismissed_leaves_their_conversations_to_the_department() -> None:
    people = staff(conversations="department")
    people["boris"] = replace(people["boris"], dismissed=True)
    roles = {**ROLES, "own_made": people["anna"].rights}
    anna = with_reach(people, Organisation(roles))["anna"]
    assert rights.sees(anna, held_by("boris"), ())
    assert not rights.sees(replace(people["boris"], dismissed=True), held_by("boris"), ())
