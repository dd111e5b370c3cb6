"""A settings file with a mistake: what is said of it, and where. Every class of mistake has its row."""

# ruff: noqa: E501  what is said stands here as it is read

from __future__ import annotations

import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from openlines.settings import Document, Kinds, Problem, SettingsError, check, load, parse, read

from core.tests.settings_samples import KINDS, SHOP, settings


def refusals(text: str, **more: object) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        settings(text, **more)  # type: ignore[arg-type]
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return [str(problem) for problem in refused.value.problems]


def test_a_file_in_order_is_not_refused() -> None:
    assert settings(SHOP).channels["loft"].line == "shop"


# -- one key of a line ------------------------------------------------------------------------------------------

DURATION = 'seconds, or a number with its unit as in "90s" "5m" "1h" "1d" "1w"'
HOLIDAYS = '"DD.MM" for every year or "YYYY-MM-DD" for once, as in ["25.12", "2027-03-29"] or "25.12, 1.1"'
APART = "spans that do not overlap; one may begin where another ends"

LINE_MISTAKES = {
    "unknown key": ('queue.distributon = "all"', "queue.distributon: unknown key; did you mean 'distribution'?"),
    "key of a deeper table": ('idle_time = "5m"', "idle_time: unknown key; did you mean 'queue.idle_time'?"),
    "unknown table": ("quue.members = []", "quue: unknown key; did you mean 'queue'?"),
    "text for a number": (
        'queue.limit.max_conversations = "3"',
        'queue.limit.max_conversations: must be a whole number, without quotes (got "3")',
    ),
    "number for a text": ("name = 3", "name: must be a text in quotes (got 3)"),
    "text for a boolean": ('active = "yes"', 'active: must be true or false, without quotes (got "yes")'),
    "number for a boolean": ("active = 1", "active: must be true or false, without quotes (got 1)"),
    "text for a list": ('queue.members = "anna"', 'queue.members: must be a list (got "anna")'),
    "text for a table": ('queue = "anna"', 'queue: must be a table (got "anna")'),
    "empty": ('name = ""', 'name: must not be empty (got "")'),
    "too long": (f'name = "{"x" * 256}"', f'name: is too long (got "{"x" * 57}..."); at most 255 characters'),
    "no choice": (
        'queue.distribution = "evnly"',
        "queue.distribution: is no choice here (got \"evnly\"); one of evenly, strictly, all; did you mean 'evenly'?",
    ),
    "too small": (
        "queue.limit.max_conversations = -1",
        "queue.limit.max_conversations: is too small (got -1); 0 or more",
    ),
    "too large": (
        "queue.limit.max_conversations = 1001",
        "queue.limit.max_conversations: is too large (got 1001); 1000 or less",
    ),
    "no duration": ('queue.idle_time = "5 minutes"', f'queue.idle_time: is no duration (got "5 minutes"); {DURATION}'),
    "boolean duration": ("queue.idle_time = true", f"queue.idle_time: is no duration (got true); {DURATION}"),
    "fractional duration": ("queue.idle_time = 90.5", f"queue.idle_time: is no duration (got 90.5); {DURATION}"),
    "short duration": ('queue.idle_time = "59s"', 'queue.idle_time: is too short (got "59s"); 1m to 12h'),
    "long duration": ('queue.idle_time = "13h"', 'queue.idle_time: is too long (got "13h"); 1m to 12h'),
    "presence too short": (
        'queue.presence_timeout = "30s"',
        'queue.presence_timeout: is too short (got "30s"); 1m to 1d',
    ),
    "retry too short": ("queue.retry_interval = 9", "queue.retry_interval: is too short (got 9); 10s or more"),
    "between 0 and least": ('close.delay = "30s"', 'close.delay: is too short (got "30s"); 0 (at once), or 1m to 1d'),
    "auto-close too long": (
        'auto_close.after = "32d"',
        'auto_close.after: is too long (got "32d"); 0 (never), or 1h to 31d',
    ),
    "negative": ("auto_close.after = -1", "auto_close.after: is too short (got -1); 0 (never), or 1h to 31d"),
    "rating limit": ('rating.time_limit = "1h"', 'rating.time_limit: is too short (got "1h"); 0 (none), or 1d to 30d'),
    "no answer at once": ("no_answer.after = 0", "no_answer.after: is too short (got 0); 1m to 12h"),
    "bot's time": ('bot.transfer_after = "2d"', 'bot.transfer_after: is too long (got "2d"); 0 (never), or 1m to 1d'),
    "unknown agent": (
        'queue.members = ["anna", "ana"]',
        "queue.members[1]: names no agent (got \"ana\"); one of anna; did you mean 'anna'?",
    ),
    "unknown kind of member": (
        'queue.members = ["team:x"]',
        'queue.members[0]: is neither an agent nor a department (got "team:x"); an agent\'s id, or "department:<id>"',
    ),
    "unknown bot": ('bot.use = "greter"', 'bot.use: names no bot (got "greter"); add a table [bots.greter]'),
    "unknown CRM": ('crm.use = "main"', 'crm.use: names no CRM (got "main"); add a table [crm.main]'),
    "unknown form": ('form.name = "contact"', 'form.name: names no form (got "contact"); add a table [forms.contact]'),
    "unknown off-hours form": (
        'off_hours.form = "x"',
        'off_hours.form: names no form (got "x"); add a table [forms.x]',
    ),
    "unknown canned list": (
        'canned = ["hellos"]',
        'canned[0]: names no canned list (got "hellos"); add a table [canned.hellos]',
    ),
    "unknown agent's card": (
        'agent_info.entries.boris.name = "B"',
        "agent_info.entries.boris: names no agent (got a table); one of anna",
    ),
    "unknown agent to tell": (
        'kpi.first.notify = ["mila"]',
        'kpi.first.notify[0]: names no agent (got "mila"); one of anna',
    ),
    "blank transfer key": (
        'bot.transfer_key = " "',
        'bot.transfer_key: is blank (got " "); what a customer writes to reach a person, such as "0" or "agent"',
    ),
    "no 0 asked for": (
        'rating.text.request = "Send 1 or 10"',
        'rating.text.request: does not mention 0 (got "Send 1 or 10"); a text that asks for 1 (good) or 0 (bad)',
    ),
    "long rating text": (
        f'rating.livechat.like = "{"x" * 101}"',
        f'rating.livechat.like: is too long (got "{"x" * 57}..."); at most 100 characters',
    ),
    "consent without words": (
        'consent = { enabled = true, text = "" }',
        'consent.text: is empty while consent is enabled (got ""); give consent.text or consent.url',
    ),
    "no language": (
        'language = "english"',
        'language: is no language (got "english"); a BCP 47 tag such as "en", "de" or "pt-BR"',
    ),
    "no zone": (
        'hours.timezone = "Europe/Roma"',
        (
            'hours.timezone: is no time zone (got "Europe/Roma"); an IANA name such as "Europe/Rome" or "UTC";'
            " did you mean 'Europe/Rome'?"
        ),
    ),
    "a path for a zone": (
        'hours.timezone = "../../etc/passwd"',
        'hours.timezone: is no time zone (got "../../etc/passwd"); an IANA name such as "Europe/Rome" or "UTC"',
    ),
    "no country": (
        'hours.holiday_country = "QQ"',
        'hours.holiday_country: is no country whose holidays are known (got "QQ"); an ISO 3166 code such as "IT", "PL" or "DE"',
    ),
    "no weekday": (
        'hours.weekend = ["saturday"]',
        'hours.weekend[0]: is no choice here (got "saturday"); one of mon, tue, wed, thu, fri, sat, sun',
    ),
    "no such weekday's hours": ("hours.days.monday = []", "hours.days.monday: unknown key; did you mean 'mon'?"),
    "holiday without a dot": ('hours.holidays = ["2512"]', f'hours.holidays[0]: is no day (got "2512"); {HOLIDAYS}'),
    "unreal holiday": ('hours.holidays = ["31.04"]', f'hours.holidays[0]: is no real day (got "31.04"); {HOLIDAYS}'),
    "unreal date": (
        'hours.holidays = ["2027-02-29"]',
        f'hours.holidays[0]: is no real day (got "2027-02-29"); {HOLIDAYS}',
    ),
    "unreal holiday among several": (
        'hours.holidays = "25.12, 32.1"',
        f'hours.holidays: 32.1 is no real day (got "25.12, 32.1"); {HOLIDAYS}',
    ),
    "holidays as a number": ("hours.holidays = 25.12", f"hours.holidays: is no list of days (got 25.12); {HOLIDAYS}"),
    "no span": (
        'hours.open = ["9-18"]',
        'hours.open[0]: is no span of hours (got "9-18"); "HH:MM-HH:MM" as in "09:00-18:30"',
    ),
    "no time of day": (
        'hours.open = ["09:00-24:30"]',
        'hours.open[0]: is no time of day (got "09:00-24:30"); 00:00 to 23:59, or 24:00 as an end',
    ),
    "no time between": (
        'hours.days.sun = ["09:00-09:00"]',
        'hours.days.sun[0]: begins and ends at the same time (got "09:00-09:00"); "00:00-24:00" for the whole day, [] for closed',
    ),
    "overlap": (
        'hours.open = ["13:00-18:00", "09:00-13:01"]',
        f'hours.open[0]: overlaps 09:00-13:01 (got "13:00-18:00"); {APART}',
    ),
    "overlap over midnight": (
        'hours = { open = [], days = { fri = ["22:00-03:00"], sat = ["02:00-04:00"] } }',
        f'hours.days.fri: run past midnight on fri into the hours of sat (got ["22:00-03:00"]); {APART}',
    ),
}


@pytest.mark.parametrize(("written", "said"), LINE_MISTAKES.values(), ids=LINE_MISTAKES.keys())
def test_a_mistake_in_a_line_is_named_with_file_line_table_and_key(written: str, said: str) -> None:
    text = SHOP.replace("[lines.shop]", f"[lines.shop]\n\n{written}")

    assert refusals(text) == [f"settings.toml:3: [lines.shop] {said}"]


# -- the other tables -------------------------------------------------------------------------------------------

EMAIL = '"name@example.com"'
IDS = "letters a-z, digits, and _ - . after the first, at most 64"

TABLE_MISTAKES = {
    "unknown table": ("[line.x]", "1: line: unknown table; did you mean 'lines'?"),
    "a value for a table": ("lines = 3", "1: lines: must be a table (got 3); [lines.<id>]"),
    "a value for a line": ('[lines]\nname = "x"', '2: [lines.name]: must be a table'),
    "a value for the server": ("server = 1", "1: [server]: must be a table"),
    "an id with a space": ('[lines."the shop"]', f'1: [lines."the shop"]: "the shop" is no id; {IDS}'),
    "an id with a slash": ('[agents."a/b"]', f'1: [agents."a/b"]: "a/b" is no id; {IDS}'),
    "an agent named queue": ("[agents.queue]", "1: [agents.queue]: the name queue has a meaning of its own; another id"),
    "an admin with less": ("[roles.admin]", "1: [roles.admin]: the name admin has a meaning of its own; another id"),
    "port": ("[server]\nport = 65536", "2: [server] port: is too large (got 65536); 65535 or less"),
    "size": ('[server]\nmax_file = "20 MB"', '2: [server] max_file: is no size (got "20 MB"); bytes, or a number with its unit as in "512KB" "20MB" "1GB"'),
    "size out of range": ("[server]\nmax_body = 1", "2: [server] max_body: is out of range (got 1); 10KB to 100MB"),
    "public address": ('[server]\npublic_url = "chat.example"', '2: [server] public_url: is no web address (got "chat.example"); "https://..." without a query'),
    "unknown screen": ('[server]\napps = ["consol"]', "2: [server] apps[0]: names no installed web screen (got \"consol\"); one of console; did you mean 'console'?"),
    "store": ('[store]\nurl = "mysql://u:p@h/d"', '2: [store] url: is no address of a kind that is known; "sqlite:///..." or "postgresql://..."'),
    "bus": ('[bus]\nurl = "kafka://h"', '2: [bus] url: is no address of a kind that is known; "memory" or "redis://..."'),
    "mail without a host": ('[mail]\nsender = "a@b.c"', "1: [mail] host: is missing"),
    "e-mail": ('[agents.anna]\nemail = "anna"', f'2: [agents.anna] email: is no e-mail address (got "anna"); {EMAIL}'),
    "e-mail twice": (
        '[agents.anna]\nemail = "a@b.c"\n[agents.boris]\nemail = "A@b.c"',
        '4: [agents.boris] email: belongs to anna already (got "A@b.c"); one address a person',
    ),
    "unknown role": (
        '[agents.anna]\nrole = "supervisr"',
        "2: [agents.anna] role: names no role (got \"supervisr\"); one of admin, supervisor, agent; did you mean 'supervisor'?",
    ),
    "password": ('[agents.anna]\npassword = "1234"', "2: [agents.anna] password: unknown key"),
    "unknown department": (
        '[departments.sales]\n[agents.anna]\ndepartments = ["saels"]',
        "3: [agents.anna] departments[0]: names no department (got \"saels\"); one of sales; did you mean 'sales'?",
    ),
    "unknown head": (
        '[agents.anna]\n[departments.sales]\nhead = "ana"',
        "3: [departments.sales] head: names no agent (got \"ana\"); one of anna; did you mean 'anna'?",
    ),
    "level of a right": (
        '[roles.lead]\njoin = "all"',
        '2: [roles.lead] join: is no choice here (got "all"); one of none, own, department, any',
    ),
    "a form without questions": ("[forms.f]\nfields = []", "2: [forms.f] fields: must not be empty (got [])"),
    "a form's unknown field": (
        '[forms.f]\nfields = ["nme"]',
        ('2: [forms.f] fields[0]: is no built-in field (got "nme"); name, email, phone, company, or a table'
        " { name, label, type, required }; did you mean 'name'?"),
    ),
    "a form's field twice": (
        '[forms.f]\nfields = ["name", { name = "name" }]',
        "2: [forms.f] fields[1]: asks for name twice (got a table); each field once",
    ),
    "a form's wrong type": (
        '[forms.f]\nfields = [\n"name",\n{ name = "x", type = "txt" }]',
        ('4: [forms.f] fields[1].type: is no choice here (got "txt"); one of text, long_text, email, phone, number, date,'
        " checkbox; did you mean 'text'?"),
    ),
    "a shortcut with a space": (
        '[canned.sales]\n"a b" = "x"',
        '2: [canned.sales] "a b": is no shortcut (got "x"); up to 50 characters without a space or a slash',
    ),
    "a shortcut that is a command": (
        '[canned.sales]\nclose = "x"',
        '2: [canned.sales] close: is the name of a slash command (got "x"); another shortcut',
    ),
    "a canned response that is no text": ("[canned.sales]\na = 1", "2: [canned.sales] a: must be a text in quotes (got 1)"),
    "no kind": ('[channels.tg]\nline = ""', "1: [channels.tg] kind: is missing"),
    "no line": ('[channels.tg]\nkind = "pigeon"\ntoken = "x"', "1: [channels.tg] line: is missing"),
    "unknown line": (
        '[lines.shop]\n[channels.tg]\nkind = "pigeon"\nline = "shpo"\ntoken = "x"',
        "4: [channels.tg] line: names no line (got \"shpo\"); one of shop; did you mean 'shop'?",
    ),
    "unknown kind": (
        '[channels.tg]\nkind = "telegarm"\nline = ""',
        ('2: [channels.tg] kind: no connector of this kind is installed (got "telegarm"); installed: parrot, pigeon,'
        " shoebox, telegram; did you mean 'telegram'?"),
    ),
    "kind of another family": (
        '[bots.greeter]\nkind = "pigeon"',
        '2: [bots.greeter] kind: is a connector, no bot (got "pigeon"); its table is [channels.<id>]',
    ),
    "bot's timeout": (
        '[bots.greeter]\nkind = "parrot"\ntimeout = "1h"',
        '3: [bots.greeter] timeout: is too long (got "1h"); 1s to 10m',
    ),
    "plugin: missing key": ('[channels.tg]\nkind = "pigeon"\nline = ""', "1: [channels.tg] token: is missing"),
    "plugin: unknown key": (
        '[channels.tg]\nkind = "pigeon"\nline = ""\ntoken = "x"\nsped = 3',
        "5: [channels.tg] sped: unknown key; did you mean 'speed'?",
    ),
    "plugin: the core's key misspelt": (
        '[channels.tg]\nkind = "pigeon"\nline = ""\ntoken = "x"\nactiv = true',
        "5: [channels.tg] activ: unknown key; did you mean 'active'?",
    ),
    "plugin: bound": (
        '[channels.tg]\nkind = "pigeon"\nline = ""\ntoken = "x"\nspeed = 101',
        "5: [channels.tg] speed: is too large (got 101); 100 or less",
    ),
    "plugin: neither of two shapes": (
        '[bots.b]\nkind = "parrot"\noptions.1 = 5',
        "3: [bots.b] options.1: must be a table or a text in quotes (got 5)",
    ),
    "plugin: inside one of two shapes": (
        '[bots.b]\nkind = "parrot"\n[bots.b.options.1]\noptions.x = { txt = "?" }',
        "4: [bots.b] options.1.options.x.txt: unknown key; did you mean 'text'?",
    ),
    "plugin: its own rule": (
        '[bots.b]\nkind = "parrot"\noptions.1 = { text = "" }',
        "3: [bots.b] options.1: says nothing (got a table)",
    ),
    "CRM: any key": ('[crm.main]\nkind = "shoebox"\nsize = 3', "3: [crm.main] size: unknown key"),
}  # fmt: skip


@pytest.mark.parametrize(("written", "said"), TABLE_MISTAKES.values(), ids=TABLE_MISTAKES.keys())
def test_a_mistake_in_any_other_table_is_named_as_well(written: str, said: str) -> None:
    assert refusals(written) == [f"settings.toml:{said}"]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
[server]
prot = 80
[lines.shop]
name = ""
queue = { idle_time = "1s", members = ["nobody"] }
bot.use = "greter"
[lines.other]
canned = ["x"]
[agents.anna]
emial = "a@b.c"
[channels.loft]
kind = "pigeon"
line = "nowhere"
speed = "fast"
[bots.greeter]
kind = "parot"
"""
    told = refusals(text)

    assert [(line.split(":")[1], line.split("] ")[1].split(":")[0]) for line in told] == [
        ("2", "prot"),
        ("4", "name"),
        ("5", "queue.members[0]"),
        ("5", "queue.idle_time"),
        ("6", "bot.use"),
        ("8", "canned[0]"),
        ("10", "emial"),
        ("11", "token"),
        ("13", "line"),
        ("14", "speed"),
        ("16", "kind"),
    ]


# -- names that may be kept elsewhere ---------------------------------------------------------------------------


def test_without_people_in_the_file_any_agent_may_be_named() -> None:
    found = settings('[lines.shop]\nqueue.members = ["somebody", "department:sales"]')

    assert found.lines["shop"].queue.members == ("somebody", "department:sales")


def test_people_known_from_elsewhere_may_be_named() -> None:
    text = '[agents.anna]\n[lines.shop]\nqueue.members = ["anna", "zoe"]'

    assert settings(text, agents=["zoe"]).lines["shop"].queue.members == ("anna", "zoe")
    assert refusals(text) == ['settings.toml:3: [lines.shop] queue.members[1]: names no agent (got "zoe"); one of anna']


def test_once_departments_are_declared_they_must_be_named_rightly() -> None:
    text = '[departments.sales]\n[lines.shop]\nqueue.members = ["department:saels"]'

    assert refusals(text) == [
        (
            'settings.toml:3: [lines.shop] queue.members[0]: names no department (got "department:saels"); one of sales;'
            " did you mean 'department:sales'?"
        )
    ]


def test_a_department_needs_no_members_and_no_line() -> None:
    assert settings('[departments.sales]\n[lines.shop]\nqueue.members = ["department:sales"]').departments["sales"]


def test_a_channel_may_have_no_line() -> None:
    assert settings('[channels.loft]\nkind = "pigeon"\nline = ""\ntoken = "x"').channels["loft"].line == ""


# -- secrets ----------------------------------------------------------------------------------------------------


def loft(more: str) -> str:
    return f'[channels.loft]\nkind = "pigeon"\nline = ""\n{more}'


def token(text: str, **more: object) -> str:
    own = settings(text, **more).channels["loft"].own  # type: ignore[arg-type]
    return own.token.get_secret_value()  # type: ignore[attr-defined,no-any-return]


def test_a_secret_may_come_from_the_environment() -> None:
    assert token(loft('token = { env = "TOKEN" }'), environ={"TOKEN": "from outside"}) == "from outside"


def test_a_secret_may_come_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "loft.token").write_text("from a file\n")

    assert token(loft('token = { file = "loft.token" }'), folder=tmp_path) == "from a file"


def test_a_secret_inside_a_list_may_come_from_outside() -> None:
    found = settings(loft('token = "x"\nrings = [{ env = "RING" }]'), environ={"RING": "ring 1"})

    assert found.channels["loft"].own.rings[0].get_secret_value() == "ring 1"  # type: ignore[attr-defined]


def test_the_core_s_own_secrets_may_come_from_outside() -> None:
    found = settings('[store]\nurl = { env = "DB" }', environ={"DB": "postgresql://u:p@h/d"})

    assert found.store.url.get_secret_value() == "postgresql://u:p@h/d"


SET_IT = "set it before openlines starts"
ALONE = "the secret alone, in a file of its own"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{ env = "NONE" }', f"token: the environment variable NONE is not set; {SET_IT}"),
        ('{ env = "EMPTY" }', f"token: the environment variable EMPTY is empty; {SET_IT}"),
        ('{ file = "none" }', f"token: the file {{folder}}/none cannot be read: No such file or directory; {ALONE}"),
        ('{ file = "." }', f"token: the file {{folder}} cannot be read: Is a directory; {ALONE}"),
        ('{ file = "empty" }', f"token: the file {{folder}}/empty is empty; {ALONE}"),
        ('{ file = "large" }', f"token: the file {{folder}}/large is too long for a secret; {ALONE}"),
        ('{ file = "binary" }', f"token: the file {{folder}}/binary is not UTF-8 text; {ALONE}"),
        ('{ env = "A", file = "B" }', "token: must be a text in quotes"),
    ],
)
def test_a_secret_that_cannot_be_had_is_one_mistake(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    told = refusals(loft(f"token = {written}"), environ={"EMPTY": ""}, folder=tmp_path)

    assert told == [f"settings.toml:4: [channels.loft] {said.format(folder=tmp_path)}"]


SECRET = "tiger-lily-7731"


@pytest.mark.parametrize(
    "text",
    [
        loft(f'token = ["{SECRET}"]'),
        loft(f'token = {{ value = "{SECRET}" }}'),
        loft(f'tokn = "{SECRET}"'),
        loft(f'token = "x"\nrings = ["{SECRET}"]'),
        loft(f'token = "x"\nrings = "{SECRET}"'),
        loft(f'token = "{SECRET}"\nspeed = "{SECRET}"'),
        loft('token = "x"\nspeed = { env = "SECRET" }'),
        loft('token = "x"\nrings = [{ env = "SECRET" }]'),
        f'[store]\nurl = "mysql://{SECRET}@h/d"',
        f'[store]\nurl = ["{SECRET}"]',
        f'[bus]\nurl = "{SECRET}"',
        f'[mail]\npassword = ["{SECRET}"]',
        f'[mail]\npasswrod = "{SECRET}"',
    ],
)
def test_a_refusal_never_shows_a_secret(text: str) -> None:
    told = refusals(text, environ={"SECRET": SECRET})

    assert told
    assert SECRET not in "\n".join(told)


def test_settings_never_show_a_secret() -> None:
    found = settings(
        loft(f'token = "{SECRET}"\nrings = [{{ env = "RING" }}]')
        + f'\n[mail]\nhost = "h"\nsender = "a@b.c"\npassword = "{SECRET}"\n[store]\nurl = "postgresql://u:{SECRET}@h/d"',
        environ={"RING": f"ring {SECRET}"},
    )

    assert SECRET not in repr(found)
    assert SECRET not in str(found.channels["loft"].own)


def test_not_even_a_secret_that_its_plugin_takes_for_a_plain_text() -> None:
    found = settings('[bots.b]\nkind = "parrot"\noptions.1 = { env = "SECRET" }', environ={"SECRET": SECRET})

    assert found.bots["b"].own.options["1"] == SECRET  # type: ignore[attr-defined]
    assert SECRET not in repr(found)


# -- the file itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "1: is no TOML: invalid value at the end of the file"),
        (
            "[server]\nport = 80 90\n",
            "2: is no TOML: expected newline or end of document after a statement in column 11",
        ),
        ('[lines.shop]\n\nname = "Shop\n', "3: is no TOML: illegal character '\\n' in column 13"),
        ("[a]\nb = 1\nb = 2\n", "3: is no TOML: cannot overwrite a value in column 6"),
        ("[a]\n[a]\n", "2: is no TOML: cannot declare ('a',) twice in column 3"),
    ],
)
def test_a_slip_of_syntax_is_named_with_its_line(text: str, said: str) -> None:
    assert refusals(text) == [f"settings.toml:{said}"]


def test_endless_nesting_is_refused() -> None:
    assert refusals(f"a = {'[' * 5000}{']' * 5000}") == [
        "settings.toml: is nested too deep; tables in tables are enough for every setting"
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory; name an existing settings file"),
        (b"a = 1\nb = '\xff'", "2: is not UTF-8 text; save it as UTF-8"),
        (b"#" * 4_000_001, "is too large; at most 4 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError) as refused:
        read(file)

    assert str(refused.value) == f"{file}:{'' if said[0] == '2' else ' '}{said}"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SHOP.encode())

    assert load(file, KINDS).agents["anna"].email == "anna@shop.example"


# -- plugins ----------------------------------------------------------------------------------------------------


def test_only_the_plugins_that_a_file_names_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(SHOP + '[server]\napps = ["screen"]\n[bots.b]\nkind = 3\n')
    asked: list[frozenset[str]] = []

    def kinds(named: frozenset[str]) -> Kinds:
        asked.append(named)
        return KINDS

    with pytest.raises(SettingsError, match="names no installed web screen"):
        load(file, kinds)
    assert asked == [{"pigeon", "screen"}]


def test_the_console_is_asked_for_unless_other_screens_are_named() -> None:
    assert parse("").kinds == {"console"}
    assert parse("server.apps = []").kinds == frozenset()


def test_a_broken_plugin_s_table_is_left_unread() -> None:
    broken = Kinds(broken={"pigeon": "ImportError: no wings"})

    found = check(parse(SHOP), broken)

    assert found.channels == {}
    assert found.lines.keys() == {"shop"}


# -- changes over a file ----------------------------------------------------------------------------------------


def test_changes_are_merged_and_mistakes_in_them_are_found_where_they_stand() -> None:
    base = parse(SHOP.replace("[lines.shop]", '[lines.shop]\nname = "Shop"\nqueue.idle_time = "2m"'))
    changed = base.with_changes(
        {"lines": {"shop": {"queue": {"members": ["anna"]}, "nam": "x"}}}, {("lines", "shop", "nam"): ("story.toml", 7)}
    )

    with pytest.raises(SettingsError) as refused:
        check(changed, KINDS, environ={})
    assert str(refused.value) == "story.toml:7: [lines.shop] nam: unknown key; did you mean 'name'?"

    found = check(base.with_changes({"lines": {"shop": {"queue": {"members": ["anna"]}}}}, {}), KINDS, environ={})
    assert found.lines["shop"].name == "Shop"
    assert found.lines["shop"].queue.idle_time == 120
    assert found.lines["shop"].queue.members == ("anna",)


# -- property: nothing but a named mistake ----------------------------------------------------------------------

WHOLE = tomllib.loads("""
[server]
apps = ["console"]
[mail]
host = "h"
sender = "a@b.c"
password = { env = "P" }
[lines.shop]
canned = ["sales"]
queue.members = ["anna", "department:sales"]
hours = { open = ["09:00-18:00"], holidays = ["25.12"], days.mon = [] }
agent_info.entries.anna.name = "A"
rating.text.request = "1 or 0"
[channels.loft]
kind = "pigeon"
line = "shop"
token = "x"
rings = ["ring"]
[bots.b]
kind = "parrot"
options.1 = { text = "t", options.2 = "x" }
[crm.main]
kind = "shoebox"
[forms.f]
fields = ["name", { name = "x", type = "text" }]
responsible = "anna"
[canned.sales]
hi = "Hello"
[agents.anna]
email = "a@b.c"
departments = ["sales"]
[departments.sales]
head = "anna"
[roles.lead]
join = "any"
""")
STRANGE = st.sampled_from(
    [0, -1, 2.5, float("nan"), True, "", " ", "x", "department:", "1", [], [[]], [1], [{}], {}, {"x": 1}, {"env": "P"},
     {"env": 1}, {"kind": []}, date(2027, 1, 1), time(9, 30), "\x00", "é" * 300]
)  # fmt: skip


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def replaced(value: Any, path: tuple[str | int, ...], by: object) -> Any:
    if not path:
        return by
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@limits(deadline=None)  # the machine may be busy
@given(st.sampled_from([place for place in places(WHOLE) if place]), STRANGE)
def test_whatever_stands_in_a_place_is_taken_or_refused(place: tuple[str | int, ...], strange: object) -> None:
    tables = replaced(WHOLE, place, strange)
    document = Document(
        "settings.toml", Path(), tables, {each: ("settings.toml", 1) for each in places(tables) if each}
    )

    assert all(isinstance(kind, str) for kind in document.kinds)
    assert all(problem.line == 1 and problem.what for problem in found_in(document))


def found_in(document: Document) -> tuple[Problem, ...]:
    try:
        check(document, KINDS, environ={"P": "pass"})
    except SettingsError as refused:
        return refused.problems
    return ()
