"""Scenario files: every mistake is told with its line and what to write instead; what is left out has a default."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from openlines.rehearsal import Scenario, ScenarioError, read_scenario
from openlines.rehearsal.format import ACTIONS, Expect, Step
from openlines.rehearsal.scenario import Chat

SHOP = """\
title = "Somebody writes"
people = ["anna"]

[set.lines.shop]
queue.members = ["anna"]

[set.channels.tg]
kind = "loopback"
line = "shop"
"""


def scenario(folder: Path, steps: str, head: str = SHOP) -> Scenario:
    file = folder / "scenario.toml"
    file.write_text(f"{head}\n{steps}")
    return read_scenario(file)


def mistakes(folder: Path, steps: str, head: str = SHOP) -> list[str]:
    with pytest.raises(ScenarioError) as refused:
        scenario(folder, steps, head)
    return [str(problem).replace(f"{folder}/", "") for problem in refused.value.problems]


# -- what is wrong ----------------------------------------------------------------------------------------------


def test_an_unknown_key_is_told_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    steps = '[[step]]\nat = 0\ncustomer = "ivan"\nsays = "Hi"\nexpect = { statuss = "waiting" }'
    assert mistakes(tmp_path, steps) == [
        "scenario.toml:15: [step[0].expect] statuss: unknown key; did you mean 'status'?"
    ]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    steps = '[[step]]\nat = "soon"\n\n[[step]]\nat = 1\ncustomer = "ivan"\nexpect = { status = "wating" }'
    first, second = mistakes(tmp_path, steps)
    assert first.startswith('scenario.toml:12: [step[0]] at: is no duration (got "soon")')
    assert 'status: is no choice here (got "wating")' in second
    assert "did you mean 'waiting'?" in second


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "[[step")
    assert told.startswith("scenario.toml:11: is no TOML")


def test_a_title_is_needed(tmp_path: Path) -> None:
    assert "title: is missing" in mistakes(tmp_path, "", "people = []")[0]


def test_a_file_needs_steps_or_a_refusal_and_not_both(tmp_path: Path) -> None:
    assert "step: is missing" in mistakes(tmp_path, "")[0]
    both = mistakes(tmp_path, "[[step]]\nat = 0", 'title = "x"\nsettings_error = ["y"]')
    assert "settings_error: is for settings that are refused" in both[0]


def test_steps_are_in_order_of_time(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, '[[step]]\nat = "1m"\n[[step]]\nat = 59')
    assert told == "scenario.toml:14: [step[1]] at: is before the step above it (got 59); steps in order of time"


def test_no_step_is_before_the_start(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "[[step]]\nat = 2026-11-23T09:59:59+01:00")
    assert "is before the start" in told


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ('customer = "ivan"\nsays = "Hi"\ndrafts = "Hi"', "drafts: is a second action beside says"),
        ('says = "Hi"', "says: is nothing that nobody does"),
        ('customer = "ivan"\nnotes = "Hi"', "notes: is nothing that a customer does"),
        ('agent = "anna"\nsays = "Hi"', "says: is nothing that an agent does"),
        ('admin = true\nsays = "Hi"', "says: is nothing that the admin does"),
        ('admin = true\nagent = "anna"', "admin: is one step of two people"),
        ('agent = "anna"\ndoes = "accept"', "does: needs a customer's conversation"),
        ('agent = "anna"\ncustomer = "ivan"\ndoes = "online"', "does: is nothing one does to a conversation"),
        ('customer = "ivan"\nrates = 5', "rates: is no rating of a customer"),
        ('agent = "anna"\ncustomer = "ivan"\nrates = "like"', "rates: is no rating of a supervisor"),
        ('customer = "ivan"\nid = "m1"', "id: has nothing to go with"),
        ('customer = "ivan"\nsays = "Hi"\ncomment = "x"', "comment: has nothing to go with"),
        ('agent = "anna"\ndoes = "online"\nchannel = "tg"', "channel: has nothing to go with"),
        ('customer = "ivan"\nchannel = "gt"', "channel: there is no such channel"),
        ('customer = "ivan"\nexpect = { gets = [{ contains = "x", any = true }] }', "must name one thing to look for"),
    ],
)
def test_steps_that_make_no_sense(tmp_path: Path, step: str, told: str) -> None:
    assert told in mistakes(tmp_path, f"[[step]]\nat = 0\n{step}")[0]


def test_a_customer_on_one_of_several_channels_is_ambiguous(tmp_path: Path) -> None:
    head = f'{SHOP}\n[set.channels.wa]\nkind = "loopback"\nline = "shop"'
    (told,) = mistakes(tmp_path, '[[step]]\nat = 0\ncustomer = "ivan"\nsays = "Hi"', head)
    assert "customer: does not say on which channel" in told


def test_an_expectation_of_a_conversation_says_whose_where_there_are_several(tmp_path: Path) -> None:
    two = '[[step]]\nat = 0\ncustomer = "ivan"\nsays = "1"\n[[step]]\nat = 0\ncustomer = "yara"\nsays = "2"\n'
    (told,) = mistakes(tmp_path, f'{two}[[step]]\nat = 9\nexpect = {{ status = "waiting" }}')
    assert "status: whose? The scenario has several conversations" in told
    assert scenario(tmp_path, f"{two}[[step]]\nat = 9\nexpect = {{ leads = [] }}").chats[-1] is None


def test_known_people_need_a_crm(tmp_path: Path) -> None:
    steps = '[[crm.contact]]\nname = "Ivan"\n[[step]]\nat = 0'
    assert "contact: needs a CRM" in mistakes(tmp_path, steps)[0]


def test_a_base_file_that_is_not_there(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "[[step]]\nat = 0", 'title = "x"\nsettings = "nowhere.toml"')
    assert told.startswith("nowhere.toml: cannot be read")


# -- what it means ----------------------------------------------------------------------------------------------


def test_moments_are_seconds_durations_and_dates(tmp_path: Path) -> None:
    found = scenario(
        tmp_path, '[[step]]\nat = 1.5\n[[step]]\nat = "10m"\n[[step]]\nat = 2026-11-23T11:00:00\n[[step]]\nat = "1d"'
    )
    assert found.start == datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp()
    assert [moment - found.start for moment in found.moments] == [1.5, 600, 3600, 86400]


def test_people_left_out_are_those_whom_it_names(tmp_path: Path) -> None:
    head = SHOP.replace('people = ["anna"]\n', "").replace('["anna"]', '["anna", "department:sales"]')
    steps = """
[[step]]
at = 0
admin = true
departs = { sales = ["dora"] }
[[step]]
at = 1
agent = "boris"
customer = "ivan"
transfers_to = "carla"
"""
    found = scenario(tmp_path, steps, head)
    assert set(found.people) == {"anna", "dora", "boris", "carla"}


def test_people_are_in_the_settings_under_their_names(tmp_path: Path) -> None:
    head = SHOP.replace('["anna"]\n\n', '["anna", "mila", "olga"]\n[set.agents.mila]\nrole = "admin"\n', 1)
    head += '[set.agents.olga]\nname = "Olga Costa"\n'
    agents = scenario(tmp_path, "[[step]]\nat = 0", head).settings.tables["agents"]
    assert agents["anna"] == {"name": "Anna"}
    assert agents["mila"] == {"role": "admin", "name": "Mila"}
    assert agents["olga"] == {"name": "Olga Costa"}


def test_the_base_file_is_kept_where_the_scenario_says_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[lines.shop]\nname = "Lamps"\nqueue.members = ["anna"]\nqueue.idle_time = 9'
    )
    head = 'title = "x"\nsettings = "settings.toml"\n[set.lines.shop]\nqueue.idle_time = 60'
    found = scenario(tmp_path, "[[step]]\nat = 0", head).settings
    assert found.tables["lines"]["shop"] == {"name": "Lamps", "queue": {"members": ["anna"], "idle_time": 60}}
    place = found.place(("lines", "shop", "queue", "idle_time"))
    assert place == (str(tmp_path / "scenario.toml"), 4)
    assert found.place(("lines", "shop", "name")) == (str(tmp_path / "settings.toml"), 2)


def test_a_customer_is_on_the_channel_where_they_are_named(tmp_path: Path) -> None:
    head = f'{SHOP}\n[set.channels.wa]\nkind = "loopback"\nline = "shop"'
    steps = """
[[step]]
at = 0
customer = "ivan"
channel = "wa"
says = "Hi"
[[step]]
at = 1
agent = "anna"
customer = "ivan"
does = "accept"
[[step]]
at = 2
"""
    assert scenario(tmp_path, steps, head).chats == (Chat("wa", "ivan"),) * 3


def test_customers_of_a_group_share_its_thread(tmp_path: Path) -> None:
    steps = """
[[step]]
at = 0
customer = "ivan"
group = true
says = "Hi"
[[step]]
at = 1
customer = "yara"
group = true
says = "Hi"
[[step]]
at = 2
agent = "anna"
customer = "yara"
says = "Hello both"
"""
    assert scenario(tmp_path, steps).chats == (Chat("tg", "group"),) * 3


def test_every_action_belongs_to_somebody() -> None:
    actions = {action for actions in ACTIONS.values() for action in actions}
    words = {"at", "customer", "agent", "admin", "channel", "group", "id", "comment", "expect"}
    assert actions | words == set(Step.model_fields)


def test_every_expectation_can_be_left_out() -> None:
    assert Expect().model_fields_set == set()
