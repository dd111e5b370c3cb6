"""What every step of a scenario can do and expect, and that each expectation can fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
from openlines.cli.kinds import kinds_of
from openlines.rehearsal import ScenarioError, Theatre, stage
from openlines.rehearsal.cast import Unplayable
from openlines.rehearsal.expectations import READERS
from openlines.rehearsal.format import Deed, Expect
from openlines.runtime import plugins

from tests.rehearsed import SAMPLE_SHOP, SHOP, WITH_BOT, WITH_CRM, Played, any_theatre


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    with any_theatre() as theatre:
        yield theatre


@pytest.fixture
def play(theatre: Theatre, tmp_path: Path) -> Played:
    return Played(theatre, tmp_path)


# -- every expectation can fail -----------------------------------------------------------------------------------

ASKED = '0 | ivan | says = "Hello"'
WRONG = {
    "error": ('1 | boris with ivan | does = "decline"', 'error = "not_open"'),
    "gets": ("1 | ivan", 'gets = ["Hi"]'),
    "status": ("1 | ivan", 'status = "closed"'),
    "open": ("1 | ivan", "open = false"),
    "line": ("1 | ivan", 'line = "other"'),
    "responsible": ("1 | ivan", 'responsible = "anna"'),
    "offered": ("1 | ivan", 'offered = ["boris"]'),
    "rung": ("1 | ivan", "rung = []"),
    "undistributed": ("1 | ivan", "undistributed = true"),
    "reason": ("1 | ivan", 'reason = { contains = "idle longest" }'),
    "participants": ("1 | ivan", 'participants = ["anna"]'),
    "pinned": ("1 | ivan", "pinned = true"),
    "unanswered": ("1 | ivan", "unanswered = true"),
    "closed_by": ("1 | ivan", 'closed_by = "spam"'),
    "rating": ("1 | ivan", 'rating = "like"'),
    "rating_comment": ("1 | ivan", 'rating_comment = "good"'),
    "supervisor_rating": ("1 | ivan", "supervisor_rating = 5"),
    "conversation": ("1 | ivan", "conversation = 2"),
    "conversations": ("1 | ivan", "conversations = 0"),
    "agent_sees": ("1 | ivan", 'agent_sees = { anna = ["Hello", "Hello"] }'),
    "history": ("1 | ivan", 'history = { anna = "denied" }'),
    "draft": ("1 | ivan", 'draft = { anna = "Hel" }'),
    "notified": ("1 | ivan", "notified = { anna = [{ any = true }] }"),
    "leads": ("1 | ivan", "leads = []"),
    "deals": ("1 | ivan", "deals = [{}]"),
    "contacts": ("1 | ivan", 'contacts = [{ name = "Ivan" }]'),
    "companies": ("1 | ivan", "companies = [{}]"),
    "kpi": ("5 | ivan", "kpi = { first = 4 }"),
    "consent": ("1 | ivan", 'consent = { version = "1" }'),
    "form": ("1 | ivan", 'form = "contact"'),
    "off_hours": ("1 | ivan", "off_hours = true"),
    "held": ("1 | ivan", 'held = ["Hello"]'),
    "audit": ("1 | ivan", 'audit = "nothing"'),
}


@pytest.mark.parametrize("key", Expect.model_fields)
def test_an_expectation_that_does_not_hold_fails_and_says_what_was_there(play: Played, key: str) -> None:
    step, expect = WRONG[key]
    step = step if step.count("|") > 1 else f"{step} | "
    ((found, expected, got),) = play.unmet(ASKED, f"{step} | {expect}", more=WITH_CRM)
    assert found == key
    assert expected
    assert got != expected


def test_every_expectation_is_looked_at() -> None:
    assert set(READERS) == set(Expect.model_fields)


def test_a_refused_action_fails_unless_it_is_expected(play: Played) -> None:
    refused = '1 | boris with ivan | does = "decline"'
    assert not play(ASKED, refused).passed
    assert play(ASKED, f"{refused} | error = {{ any = true }}").passed
    ((key, _, got),) = play.unmet(ASKED, '1 | anna with ivan | does = "accept" | error = { any = true }')
    assert (key, got) == ("error", "it was done")


# -- what people do -----------------------------------------------------------------------------------------------


def test_texts_notes_and_files_reach_whom_they_are_meant_for(play: Played) -> None:
    outcome = play(
        '0 | ivan | sends = "photo.png"; id = "m1" | agent_sees = { anna = ["photo.png"], boris = ["photo.png"] }',
        '1 | anna with ivan | notes = "call him" | gets = []',
        '2 | anna with ivan | sends = "price.pdf" | gets = ["price.pdf"], status = "awaiting_customer"',
        '3 | ivan | | agent_sees = { mila = ["photo.png", "note: call him", "price.pdf"], boris = "denied" }',
    )
    assert outcome.passed, outcome.timeline


def test_automatic_texts_are_told_apart(play: Played) -> None:
    head = SHOP.replace("greeting.enabled = false", 'greeting.text = "Welcome"')
    seen = 'gets = [{ contains = "come" }], agent_sees = { anna = ["Hello", "auto: Welcome"] }'
    assert play(f"{ASKED} | {seen}", head=head).passed


def test_live_typing_is_shown_until_the_message_comes(play: Played) -> None:
    outcome = play(
        ASKED,
        '1 | ivan | drafts = "I would" | draft = { anna = "I would", boris = "I would", mila = "I would" }',
        '2 | ivan | says = "I would like a lamp" | draft = { anna = "" }',
    )
    assert outcome.passed, outcome.timeline


def test_the_same_message_twice_is_one(play: Played) -> None:
    twice = 'says = "Hello"; id = "m1"'
    assert play(f"0 | ivan | {twice}", f'9 | ivan | {twice} | agent_sees = {{ anna = ["Hello"] }}').passed


def test_customers_of_a_group_write_in_one_thread(play: Played) -> None:
    outcome = play(
        '0 | ivan | says = "Hello"; group = true | offered = ["anna"]',
        '1 | yara | says = "Hi"; group = true | conversations = 1, agent_sees = { anna = ["Hello", "Hi"] }',
        '2 | anna with yara | says = "Welcome both" | gets = ["Welcome both"]',
    )
    assert outcome.passed, outcome.timeline


def test_buttons_ratings_and_forms_of_live_chat(play: Played) -> None:
    menu = """
[set.bots.guide]
kind = "menu"
text = "What is it about?"
options.Prices = "20 euro"
[set.lines.shop.bot]
use = "guide"
"""
    head = SHOP.replace("rating.enabled = false", 'rating.livechat.like = "Thanks!"').replace("loopback", "livechat")
    outcome = play(
        '0 | guest | says = "Hello" | gets = ["What is it about?"], responsible = "bot:guide"',
        '1 | guest | presses = "Prices" | gets = [{ contains = "20 euro" }]',
        '2 | guest | presses = "Nothing" | error = "invalid"',
        '3 | guest | says = "0" | status = "waiting"',
        '4 | guest | rates = "like" | rating = "like", gets = ["Thanks!"]',
        '5 | guest | fills = { name = "Gina", phone = "+393471234567" }',
        head=head,
        more=menu,
    )
    assert outcome.passed, outcome.timeline


def test_a_rating_that_nobody_asked_for_is_refused(play: Played) -> None:
    assert play(ASKED, '1 | ivan | rates = "like" | error = "rating_not_asked", rating = ""').passed


def test_a_supervisor_rates_and_the_agent_is_told_once(play: Played) -> None:
    outcome = play(
        ASKED,
        '1 | anna with ivan | does = "accept"',
        '2 | mila with ivan | rates = 4; comment = "Well done" | supervisor_rating = 4',
        '3 | ivan |  | notified = { anna = [{ contains = "Well done" }], boris = [] }',
        "4 | ivan |  | notified = { anna = [] }",
    )
    assert outcome.passed, outcome.timeline


DEEDS: Mapping[Deed, str] = {
    "accept": 'error = "already_taken"',
    "finish": 'status = "closed", closed_by = "agent"',
    "finish_confirmed": 'status = "closed"',
    "pin": "pinned = true",
    "unpin": "pinned = false",
    "spam": 'closed_by = "spam"',
    "leave_conversation": 'error = "wrong_status"',
    "return_to_queue": 'offered = ["boris"], status = "waiting"',
    "decline": 'offered = ["boris"]',
    "intercept": 'error = "invalid"',
    "save_to_crm": "leads = [{}]",
    "refuse_consent": 'audit = { contains = "consent refused by anna" }',
}
"""What comes of it where Anna has accepted."""


@pytest.mark.parametrize("deed", get_args(Deed))
def test_what_agents_do_with_a_conversation(play: Played, deed: Deed) -> None:
    accepted = '1 | anna with ivan | does = "accept" | responsible = "anna", participants = ["anna"]'
    assert not play.unmet(ASKED, accepted, f'2 | anna with ivan | does = "{deed}" | {DEEDS[deed]}', more=WITH_CRM)


def test_invited_and_passed_on(play: Played) -> None:
    assert not play.unmet(
        ASKED,
        '1 | anna with ivan | does = "accept"',
        '2 | anna with ivan | invites = "boris" | participants = ["anna", "boris"]',
        '3 | anna with ivan | transfers_to = "boris" | responsible = "boris", participants = ["boris"]',
        '4 | mila with ivan | does = "intercept" | responsible = "mila"',
    )


def test_presence_and_time_tracking(play: Played) -> None:
    head = SHOP.replace("check_availability = false", 'check_availability = true, presence_timeout = "1m"')
    assert not play.unmet(
        '0 | ivan | says = "Hello" | undistributed = true',
        '1 | agent anna | does = "online" | offered = ["anna"], undistributed = false',
        '2 | agent anna | does = "drops" | offered = ["anna"]',
        "62 | ivan |  | offered = [], undistributed = true",
        '63 | agent anna | does = "online" | offered = ["anna"]',
        '64 | agent anna | does = "offline" | offered = []',
        '65 | agent anna | does = "online" | offered = ["anna"]',
        '66 | agent anna | does = "break" | offered = ["anna"]',  # her time is not tracked yet
        '67 | agent anna | does = "start_day" | offered = ["anna"]',
        '68 | agent anna | does = "break" | offered = []',
        '69 | agent anna | does = "resume" | offered = ["anna"]',
        '70 | agent anna | does = "end_day" | offered = []',
        '71 | agent anna | does = "start_day" | offered = ["anna"]',
        '72 | agent anna | does = "leave" | offered = []',
        '73 | agent anna | does = "return" | offered = ["anna"]',
        '74 | agent zoe | does = "online" | error = "invalid"',
        head=head,
    )


def test_everybody_may_be_online_from_the_start(play: Played) -> None:
    head = SHOP.replace("check_availability = false", "check_availability = true")
    assert not play.unmet(f'{ASKED} | offered = ["anna"]', head=f"all_online = true\n{head}")
    assert not play.unmet(f"{ASKED} | offered = []", head=head)


# -- what the admin does ------------------------------------------------------------------------------------------


def test_settings_change_at_once_or_are_refused(play: Played) -> None:
    assert not play.unmet(
        ASKED,
        '1 | admin | sets = { lines.shop.queue.members = ["boris"] } | offered = ["boris"]',
        '2 | admin | sets = { lines.shop.queue.idle_time = "13h" } | error = "invalid", offered = ["boris"]',
    )


def test_agents_are_dismissed_and_departments_change(play: Played) -> None:
    head = SHOP.replace('["anna", "boris"]', '["department:sales", "anna"]')
    assert not play.unmet(
        '0 | admin | departs = { sales = ["boris", "mila"] }',
        '1 | ivan | says = "Hello" | offered = ["boris"]',
        '2 | admin | departs = { sales = ["mila"] } | offered = ["mila"]',
        '3 | admin | dismisses = "mila" | offered = ["anna"]',
        '4 | admin | dismisses = "mila" | error = "invalid"',
        head=head,
    )


def test_a_department_is_asked_in_the_order_in_which_it_is_named(play: Played) -> None:
    head = SHOP.replace('["anna", "boris"]', '["department:sales"]')
    assert not play.unmet(
        '0 | admin | departs = { sales = ["mila", "anna"] }',
        '1 | ivan | says = "Hello" | offered = ["mila"]',
        '2 | admin | departs = { sales = ["anna", "mila"] }',
        '3 | yara | says = "Hello" | offered = ["anna"]',
        head=head,
    )


def test_a_line_that_is_switched_off_holds_what_comes(play: Played) -> None:
    assert not play.unmet(
        '0 | ivan | says = "Hello" | offered = ["anna"]',
        "1 | admin | sets = { lines.shop.active = false } | offered = []",
        '2 | ivan | says = "Hi?" | held = ["Hi?"], agent_sees = { anna = ["Hello"] }',
        '3 | anna with ivan | says = "Hi" | error = "line_inactive"',
        '4 | admin | sets = { lines.shop.active = true } | offered = ["anna"], held = ["Hi?"]',
    )


def test_the_history_of_a_customer_is_all_their_conversations(play: Played) -> None:
    both = '{ anna = ["One", "Two"], mila = ["One", "Two"] }'
    assert not play.unmet(
        '0 | ivan | says = "One"',
        '1 | anna with ivan | does = "finish" | agent_sees = { boris = "denied" }',
        f'2 | ivan | says = "Two" | conversation = 2, history = {both}, agent_sees = {{ anna = ["Two"] }}',
    )


def test_consent_has_a_version_and_a_time(play: Played) -> None:
    asked = SHOP.replace("live_typing = true", 'consent = { enabled = true, text = "We keep this" }')
    assert not play.unmet(
        f'{ASKED} | gets = ["We keep this"]',
        '20 | ivan | says = "Fine" | consent = { version = "1", at = 20 }',
        head=asked,
    )


def test_a_form_is_shown_and_filled(play: Played) -> None:
    form = '[set.lines.shop.form]\nname = "who"\n[set.forms.who]\nfields = ["name", "phone"]\n'
    assert not play.unmet(
        '0 | guest | says = "Hello" | form = "who", leads = []',
        '9 | guest | fills = { name = "Gina", phone = "+393471234567" } | leads = [{ name = "Gina" }]',
        head=SHOP.replace("loopback", "livechat"),
        more=WITH_CRM + form,
    )


def test_a_line_is_deleted_for_good(play: Played) -> None:
    assert not play.unmet(
        '0 | admin | deletes_line = "shop"',
        '1 | admin | sets = { lines.shop.name = "Again" }',
    )


# -- faults -------------------------------------------------------------------------------------------------------


def test_a_bot_that_raises_brings_a_person(play: Played) -> None:
    more = f'{WITH_BOT}[faults]\nbot = "raises"'
    assert not play.unmet(f'{ASKED} | status = "waiting", audit = {{ contains = "offered" }}', more=more)


def test_a_bot_that_hangs_is_waited_for_until_its_deadline(play: Played) -> None:
    assert not play.unmet(
        '0 | ivan | says = "Hello" | gets = ["Menu"]',
        '1 | admin | faults = { bot = "hangs" }',
        '2 | ivan | says = "And?" | status = "with_bot"',
        '21 | ivan |  | status = "with_bot"',
        '22 | ivan |  | status = "waiting"',
        more=WITH_BOT,
    )


def test_a_slow_answer_that_comes_too_late_is_dropped(play: Played) -> None:
    assert not play.unmet(
        '0 | ivan | says = "slow" | gets = []',
        '4 | anna with ivan | says = "Here I am" | gets = ["Here I am"]',
        '5 | ivan |  | gets = [], audit = { contains = "dropped" }, agent_sees = { anna = ["slow", "Here I am"] }',
        more=WITH_BOT,
    )


def test_a_crm_that_is_down_and_up_again(play: Played) -> None:
    assert not play.unmet(
        '0 | ivan | says = "Hello" | offered = ["anna"], leads = []',
        '9 | admin | faults = { crm = "up" }',
        '10 | ivan | says = "Still there" | leads = [{ name = "Ivan", responsible = "anna", email = "" }]',
        more=f'{WITH_CRM}[faults]\ncrm = "down"',
    )


def test_a_slow_crm_holds_nobody_up_for_long(play: Played) -> None:
    assert not play.unmet(
        '0 | ivan | says = "Hello" | offered = []',
        '3 | ivan |  | offered = ["anna"]',
        more=f'{WITH_CRM}[faults]\ncrm = "slow"',
    )


def test_a_connector_that_is_down_delivers_when_it_is_up(play: Played) -> None:
    assert not play.unmet(
        ASKED,
        '1 | anna with ivan | says = "Hi" | gets = []',
        '2 | admin | faults = { connector = "up" }',
        '9 | ivan |  | gets = ["Hi"]',
        more='[faults]\nconnector = "down"',
    )


def test_people_whom_the_crm_knows_are_found_and_compared_in_any_order(play: Played) -> None:
    known = """
[[crm.contact]]
name = "Ivan"
phone = "+393471234567"
identity = "tg:ivan"
responsible = "boris"
[[crm.contact]]
name = "Yara"
email = "yara@shop.example"
"""
    expect = 'contacts = [{ email = "yara@shop.example" }, { name = "Ivan", responsible = "boris" }], leads = []'
    assert not play.unmet(f'{ASKED} | offered = ["boris"], {expect}', more=WITH_CRM + known)
    ((key, _, got),) = play.unmet(
        f'{ASKED} | contacts = [{{ name = "Ivan" }}, {{ name = "Zoe" }}]', more=WITH_CRM + known
    )
    assert (key, got) == ("contacts", '[{ name = "Ivan" }, { name = "Yara" }]')


# -- settings of one's own ----------------------------------------------------------------------------------------


def test_a_deployers_own_settings_are_played_without_a_platform(play: Played) -> None:
    head = f'title = "Mila sees the shop"\nsettings = "{SAMPLE_SHOP}"\nall_online = true\n'
    outcome = play(
        '0 | guest | says = "Hello" | gets = [{ contains = "Lamps & Lanterns" }], status = "with_bot"',
        '1 | guest | says = "0" | status = "waiting", offered = ["anna"]',
        '2 | anna with guest | says = "Good day" | responsible = "anna", gets = ["Good day"]',
        '3 | guest |  | agent_sees = { boris = "denied" }',
        head=head + 'people = ["anna", "boris", "mila"]\n',
    )
    assert outcome.passed, outcome.timeline


def test_a_platform_that_is_far_away_is_played_too(play: Played) -> None:
    hook = '[set.channels.hook]\nkind = "webhook"\nline = "shop"\nsecret = "0123456789abcdef"\nurl = "https://far.example"\n'
    head = re.sub(r"\[set\.channels\.tg\]\n.*\n.*\n", hook, SHOP)
    assert not play.unmet(ASKED, '1 | anna with ivan | says = "Hi" | gets = ["Hi"]', head=head)


def test_a_secret_that_is_not_at_hand_does_not_matter(play: Played) -> None:
    hook = '[set.channels.hook]\nkind = "webhook"\nline = "shop"\nsecret = { env = "NOWHERE_SET" }\nurl = "https://far.example"\n'
    head = re.sub(r"\[set\.channels\.tg\]\n.*\n.*\n", hook, SHOP)
    assert not play.unmet(ASKED, head=head)


def test_settings_that_must_be_refused(play: Played) -> None:
    head = SHOP.replace('"12h"', '"13h"')
    assert play(head=f'settings_error = ["idle_time", "13h"]\n{head}').passed
    ((key, expected, _),) = play.unmet(head=f'settings_error = ["idle_time", "14h"]\n{head}')
    assert (key, expected) == ("settings_error", '"14h"')
    ((_, _, got),) = play.unmet(head=f'settings_error = ["idle_time"]\n{SHOP}')
    assert got == "the settings are in order"


def test_settings_that_are_refused_unexpectedly_make_the_file_wrong(play: Played) -> None:
    with pytest.raises(ScenarioError, match=r"scenario\.toml:5: \[lines\.shop\] queue\.idle_time: is too long"):
        play(ASKED, head=SHOP.replace('"12h"', '"13h"'))


def test_a_scenario_that_never_comes_to_rest_fails(play: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MOST_MOMENTS", 3)
    often = SHOP.replace('"12h"', '"1m"')
    ((key, _, got),) = play.unmet(ASKED, '"1h" | ivan | | status = "waiting"', head=often)
    assert key == "at"
    assert "never comes to rest" in got


def test_a_plugin_that_rehearsals_need_is_named(tmp_path: Path) -> None:
    every = plugins.load(frozenset({"loopback", "livechat", "embedded"}))
    del every.connectors["loopback"]
    with Theatre(every, kinds_of(every)) as theatre, pytest.raises(Unplayable, match="install openlines-loopback"):
        Played(theatre, tmp_path)(ASKED, head=SHOP.replace("loopback", "livechat"))


def test_a_scenario_leaves_nothing_to_the_next(play: Played) -> None:
    first = play(f"{ASKED} | conversation = 1")
    again = play(f'{ASKED} | conversation = 1, agent_sees = {{ anna = ["Hello"] }}')
    assert first.timeline[:3] == again.timeline[:3]


def test_forty_two_days_pass_in_a_moment(play: Played) -> None:
    outcome = play(ASKED, '"31d" | ivan |  | status = "closed", closed_by = "stale"')
    assert outcome.passed, outcome.timeline
    assert outcome.seconds < 2
