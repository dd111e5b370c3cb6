"""From settings to the domain's rules: defaults, departments, texts, hours."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path

import msgspec
import pytest
from openlines.api import Capabilities, Channel, Connector, Link
from openlines.domain import policy
from openlines.domain.people import ROLES
from openlines.settings.policies import departments, expanded, policies, roles
from openlines.settings.texts import BUILT_IN, Texts, texts

from core.tests.settings_samples import Pigeon, settings

TODAY = date(2026, 11, 23)


def rules(text: str) -> policy.Line:
    return policies(settings(text), 1, {}, today=TODAY).lines["shop"]


# -- defaults ---------------------------------------------------------------------------------------------------


def test_the_domain_and_the_settings_have_the_same_defaults() -> None:
    said = texts("en")
    plain = policy.Line(id="shop")

    expected = msgspec.structs.replace(
        plain,
        name="shop",
        greeting=msgspec.structs.replace(plain.greeting, text=said.greeting),
        close=msgspec.structs.replace(plain.close, text=said.close),
        consent=msgspec.structs.replace(plain.consent, text=said.consent),
        off_hours=policy.OffHours(said.off_hours, said.off_hours, said.off_hours, said.off_hours),
        rating=msgspec.structs.replace(
            plain.rating,
            livechat=policy.RatingTexts(said.buttons_request, said.buttons_like, said.buttons_dislike),
            text=policy.RatingTexts(said.digits_request, said.digits_like, said.digits_dislike, said.digits_over),
        ),
        kpi=policy.Kpi(policy.Norm(text=said.kpi_first), policy.Norm(text=said.kpi_next)),
    )
    assert rules("[lines.shop]") == expected
    assert policies(settings(""), 7, {}) == policy.Policies(revision=7, lines={}, channels={})


def test_the_defaults_are_those_of_the_reference() -> None:
    line = rules("[lines.shop]")

    assert (line.queue.distribution, line.queue.idle_time, line.queue.presence_timeout) == ("evenly", 60, 900)
    assert (line.queue.retry_interval, line.queue.limit) == (120, policy.Limit(0, "awaiting_customer"))
    assert (line.no_answer.after, line.close.delay, line.auto_close.after) == (300, 600, 14400)
    assert (line.bot.transfer_after, line.bot.transfer_key, line.rating.time_limit) == (600, "0", 0)
    assert (line.active, line.confirm_close, line.live_typing, line.consent.enabled) == (True, False, True, False)


EVERYTHING = """
[agents.anna]
[forms.contact]
fields = ["name"]
[canned.sales]
hi = "Hello"
[bots.greeter]
kind = "parrot"
[crm.main]
kind = "shoebox"

[lines.shop]
name = "The shop"
active = false
language = "pt-BR"
confirm_close = true
live_typing = false
canned = ["sales"]
queue.members = ["anna"]
queue.distribution = "all"
queue.idle_time = "3m"
queue.check_availability = false
queue.presence_timeout = "1h"
queue.retry_interval = 10
queue.limit = { max_conversations = 3, ignore = "closed" }
agent_info = { mode = "line", default_name = "N", default_photo = "P", entries.anna = { name = "A", photo = "B" } }
crm.use = "main"
crm.create = "deal"
crm.lead_needs = "phone"
crm.source = "S"
crm.tracker = false
crm.forward_to_responsible = false
crm.reassign_on_transfer = false
hours = { timezone = "Europe/Rome", open = ["10:00-12:00"], weekend = ["sun"], holidays = ["1.1", 2027-03-29] }
off_hours = { text = "o", weekend_text = "w", holiday_text = "h", absent_text = "a", form = "contact" }
consent = { enabled = true, text = "c", url = "https://shop.example/c", version = "2" }
greeting = { enabled = false, when = "each", text = "g" }
form = { name = "contact", show = "before_chat", acceptor_is_responsible = true }
no_answer = { after = "2m", text = "n", form = "contact" }
close = { text = "z", delay = 0 }
auto_close = { after = 0, text = "y" }
rating.enabled = false
rating.ongoing = false
rating.close_on_rating = true
rating.time_limit = "1d"
rating.livechat = { request = "r", like = "l", dislike = "d" }
rating.text = { request = "1 or 0", like = "L", dislike = "D", over = "O" }
bot = { use = "greeter", activate = "first", transfer_after = 0, transfer_key = " agent ", disconnect = "on_close" }
kpi.first = { time = 60, notify = ["anna"], text = "k" }
kpi.next = { time = "2m", notify = ["anna"], text = "K" }
kpi.pause_outside_hours = true
"""


def leaves(value: object, path: str = "line") -> dict[str, object]:
    if not isinstance(value, msgspec.Struct):
        return {path: value}
    inner = msgspec.structs.asdict(value)
    return {name: leaf for key, each in inner.items() for name, leaf in leaves(each, f"{path}.{key}").items()}


def test_every_key_of_a_line_reaches_the_domain() -> None:
    default, given = leaves(rules("[lines.shop]")), leaves(rules(EVERYTHING))

    rating_over_has_no_button = {"line.rating.livechat.over"}
    assert {name for name in default if default[name] == given[name]} == {"line.id"} | rating_over_has_no_button
    assert given["line.bot.transfer_key"] == "agent"
    assert given["line.off_hours.holiday_text"] == "h"
    assert given["line.kpi.next.time"] == 120


# -- departments and people -------------------------------------------------------------------------------------

TEAM = """
[agents.anna]
departments = ["sales"]
[agents.boris]
departments = ["support", "sales"]
[agents.carla]
[departments.empty]
"""


def test_a_department_stands_for_its_members_and_duplicates_keep_their_first_place() -> None:
    line = rules(
        TEAM.replace("[departments.empty]", "")
        + '[lines.shop]\nqueue.members = ["carla", "department:sales", "boris", "anna", "department:nobody"]'
    )

    assert line.queue.members == ("carla", "anna", "boris")


def test_departments_without_members_exist() -> None:
    declared = TEAM + "[departments.sales]\n[departments.support]\n"

    assert departments(settings(declared)) == {
        "empty": (),
        "sales": ("anna", "boris"),
        "support": ("boris",),
    }


def test_the_present_members_may_be_others_than_the_files() -> None:
    found = policies(
        settings('[lines.shop]\nqueue.members = ["department:sales"]\nkpi.first.notify = ["department:sales", "mila"]'),
        1,
        {},
        members={"sales": ("dora", "emil")},
    )

    assert found.lines["shop"].queue.members == ("dora", "emil")
    assert found.lines["shop"].kpi.first.notify == ("dora", "emil", "mila")


def test_nobody_is_twice_in_a_queue() -> None:
    assert expanded(["a", "department:x", "a", "b"], {"x": ("b", "a", "c")}) == ("a", "b", "c")


def test_a_role_of_the_file_stands_beside_the_built_in_ones_or_replaces_one() -> None:
    found = roles(settings('[roles.lead]\njoin = "department"\n[roles.agent]\nhistory = "any"'))

    assert found["lead"]["join"] == "department"
    assert found["lead"]["settings"] == "none"
    assert found["agent"]["history"] == "any"
    assert found["agent"]["conversations"] == "none"
    assert found["admin"] == ROLES["admin"]


# -- texts ------------------------------------------------------------------------------------------------------


def test_an_empty_text_is_a_choice_and_one_left_out_is_built_in() -> None:
    line = rules('[lines.shop]\nlanguage = "de"\ngreeting.text = ""\noff_hours.weekend_text = ""')

    assert line.greeting.text == ""
    assert line.close.text == texts("de").close
    assert line.off_hours.text == texts("de").off_hours
    assert line.off_hours.weekend_text == ""
    assert line.off_hours.holiday_text == texts("de").off_hours


def test_an_empty_off_hours_text_silences_its_variants_too() -> None:
    assert rules('[lines.shop]\noff_hours.text = ""').off_hours == policy.OffHours()


def test_texts_follow_the_line_then_the_server() -> None:
    assert rules('[server]\nlanguage = "ru"\n[lines.shop]').close.text == texts("ru").close
    assert rules('[server]\nlanguage = "ru"\n[lines.shop]\nlanguage = "es"').close.text == texts("es").close


def test_a_language_without_texts_of_its_own_speaks_english() -> None:
    assert texts("nl") == texts("en")
    assert texts("pt-BR") == texts("PT") == texts("pt")


@pytest.mark.parametrize("language", ["en", "it", "pl", "pt", "fr", "ru", "de", "es"])
def test_built_in_texts_keep_the_rules_for_texts(language: str) -> None:
    said = BUILT_IN[language]
    words = asdict(said)

    assert all(text.strip() == text and text for text in words.values())
    assert all(len(words[f"buttons_{name}"]) <= 100 for name in ("request", "like", "dislike"))
    assert set(re.findall(r"\d+", said.digits_request)) == {"0", "1"}
    assert all("#DIALOG#" in text and text.endswith("#OPERATOR#") for text in (said.kpi_first, said.kpi_next))


def test_no_two_languages_share_a_text() -> None:
    for field in fields(Texts):
        spoken = [getattr(said, field.name) for said in BUILT_IN.values()]
        assert len(set(spoken)) == len(BUILT_IN), field.name


# -- hours ------------------------------------------------------------------------------------------------------


def hours(text: str) -> policy.Hours:
    return rules(f"[lines.shop.hours]\n{text}").hours


def test_without_the_table_it_is_always_working_time() -> None:
    assert not rules("[lines.shop]").hours.enabled
    assert hours("").enabled
    assert not hours("enabled = false").enabled


def test_hours_are_minutes_of_each_weekday() -> None:
    found = hours(
        'open = ["14:00-18:00", "09:00-13:00"]\ndays.fri = []\nweekend = ["sat", "sun"]\ndays.sun = ["10:00-11:00"]'
    )

    assert found.days[0] == ((540, 780), (840, 1080))
    assert found.days[4:] == ((), (), ())
    assert found.weekend == (5, 6)


@pytest.mark.parametrize(
    ("span", "minutes"),
    [
        ("00:00-24:00", (0, 1440)),
        ("22:00-02:00", (1320, 1560)),
        ("9:00-18:30", (540, 1110)),
        ("22:00-00:00", (1320, 1440)),
        ("22:00-24:00", (1320, 1440)),
    ],
)
def test_a_span_may_reach_or_pass_midnight(span: str, minutes: tuple[int, int]) -> None:
    assert hours(f'open = ["{span}"]').days[2] == (minutes,)


def test_a_night_may_end_where_the_next_day_begins() -> None:
    assert hours('open = ["20:00-04:00", "04:00-10:00"]').days[0] == ((240, 600), (1200, 1680))


def test_hours_are_in_the_lines_zone_else_the_servers() -> None:
    server = '[server]\ntimezone = "Europe/Warsaw"\n'

    assert rules(f"{server}[lines.shop.hours]").hours.timezone == "Europe/Warsaw"
    assert rules(f'{server}[lines.shop.hours]\ntimezone = "Asia/Tokyo"').hours.timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "written", ['["25.12", "1.1", "2027-03-29"]', '"25.12, 01.01,2027-03-29"', '["25.12", "01.1", 2027-03-29]']
)
def test_holidays_in_every_form(written: str) -> None:
    found = hours(f"holidays = {written}")

    assert found.yearly_holidays == {(12, 25), (1, 1)}
    assert found.holidays == {"2027-03-29"}


def test_the_29th_of_february_is_a_day() -> None:
    assert hours('holidays = ["29.02"]').yearly_holidays == {(2, 29)}


def test_a_countrys_public_holidays_are_worked_out_for_the_years_ahead() -> None:
    found = hours('holiday_country = "IT"\nholidays = ["2026-11-24"]').holidays

    assert {"2026-11-24", "2026-12-25", "2027-03-29", "2036-06-02", "2025-06-02"} <= found
    assert "2026-11-25" not in found


# -- channels, forms, the server --------------------------------------------------------------------------------


class Loft(Connector[Pigeon]):
    kind = "pigeon"
    title = "Carrier pigeon"
    settings_model = Pigeon

    @property
    def abilities(self) -> Capabilities:
        return Capabilities(ratings=True, reachable=False)

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[Channel]:
        raise AssertionError("settings are read without opening anything")
        yield


def test_a_channel_is_as_able_as_its_connector() -> None:
    found = settings('[lines.shop]\n[channels.loft]\nkind = "pigeon"\nline = "shop"\ntoken = "x"\ntitle = "Our loft"')
    pigeon = found.channels["loft"].own
    assert isinstance(pigeon, Pigeon)

    with_connector = policies(found, 1, {"loft": Loft(pigeon)}).channels["loft"]
    without = policies(found, 1, {}).channels["loft"]

    assert with_connector == policy.Channel("loft", "shop", "pigeon", "Carrier pigeon", ratings=True, reachable=False)
    assert without == policy.Channel("loft", "shop", "pigeon", "pigeon")
    assert (found.channels["loft"].title, pigeon.title) == ("Our loft", "Our loft")


def test_forms_and_canned_lists_reach_the_domain() -> None:
    found = policies(
        settings("""
            [agents.anna]
            [forms.contact]
            title = "Who are you?"
            fields = ["phone", { name = "order", label = "Order number", type = "number", required = true }]
            responsible = "anna"
            [canned.sales]
            hi = "Hello!"
        """),
        1,
        {},
    )

    assert found.forms["contact"] == policy.FormSheet(
        "contact",
        "Who are you?",
        (policy.FormField("phone", type="phone"), policy.FormField("order", "Order number", "number", required=True)),
        ("anna",),
    )
    assert found.canned == {"sales": {"hi": "Hello!"}}


def test_the_cap_on_conversations_reaches_the_domain() -> None:
    assert policies(settings("server.max_conversations_per_agent = 7"), 1, {}).max_conversations_per_agent == 7


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("", "http://127.0.0.1:8080"),
        ('host = "0.0.0.0"\nport = 80', "http://127.0.0.1:80"),
        ('host = "::"', "http://[::1]:8080"),
        ('public_url = "https://chat.example/hub/"', "https://chat.example/hub"),
    ],
)
def test_the_hub_knows_its_own_address(server: str, address: str) -> None:
    assert settings(f"[server]\n{server}").server.address == address


def test_folders_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    assert settings("", folder=tmp_path).server.data == str(tmp_path / "data")
    assert settings('server.data = "/var/hub"', folder=tmp_path).server.data == "/var/hub"
    assert settings('server.record = "tape"', folder=tmp_path).server.record == str(tmp_path / "tape")
    assert settings("", folder=tmp_path).server.record == ""


def test_sizes_have_units() -> None:
    server = settings('[server]\nmax_file = "20MB"\nmax_body = 512000').server

    assert (server.max_file, server.max_body) == (20_000_000, 512_000)
