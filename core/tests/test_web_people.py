"""People through the staff API: roles of the settings, working time, leave; and the journal of what staff did."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openlines.domain.people import RIGHTS, ROLES
from openlines.runtime.organisation import Organisation
from openlines.web.api import ROUTES

from core.tests.web_hub import HASH, Shop, Staff, open_shop, problem

NEW = {"id": "nina", "name": "Nina", "email": "nina@shop.example", "password": "long enough"}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        people = shop.hub.people
        hr = {**dict.fromkeys(RIGHTS, "none"), "people": "any", "conversations": "own", "history": "own", "crm": "own"}
        await people.redeclare((), Organisation({**ROLES, "hr": hr}))
        people._hashes |= dict.fromkeys(people.view, HASH)
        yield shop


async def journal(staff: Staff, query: str = "") -> list[tuple[str, str, str]]:
    return [(row["who"], row["what"], row["target"]) for row in (await staff.read(f"audit{query}"))["items"]]


# -- roles ------------------------------------------------------------------------------------------------------


async def test_a_role_of_the_settings_is_given_and_shown(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    made = await olga.post("agents", NEW | {"role": "hr", "departments": ["office"]})
    assert (made.status, (await made.json())["role"]) == (201, "hr")
    nina = await shop.browser()
    me = await (await nina.sign_in(NEW["email"], NEW["password"])).json()
    assert (me["rights"]["people"], me["rights"]["settings"]) == ("any", "none")
    unknown = await problem(await olga.post("agents/nina", {"role": "pilot"}, method="PATCH"))
    assert (unknown["code"], unknown["field"]) == ("invalid", "role")
    assert "hr" in unknown["detail"]


async def test_whoever_manages_people_cannot_rise_by_it(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    await olga.post("agents/carla", {"role": "hr"}, method="PATCH")
    carla = await shop.sign_in("carla")
    for tried in (
        carla.post("agents", NEW | {"role": "admin"}),
        carla.post("agents/carla", {"role": "admin"}, method="PATCH"),
        carla.post("agents/anna", {"role": "supervisor"}, method="PATCH"),
        carla.post("agents/olga", {"password": "taken over"}, method="PATCH"),
        carla.post("agents/olga", {"email": "carla2@shop.example"}, method="PATCH"),
        carla.post("agents/olga", {"dismissed": True}, method="PATCH"),
    ):
        assert (await problem(await tried))["code"] == "denied"
    assert (await carla.post("agents", NEW)).status == 201
    assert (await carla.post("agents/anna", {"password": "another one"}, method="PATCH")).status == 200


async def test_nobody_dismisses_themselves(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    told = await problem(await olga.post("agents/olga", {"dismissed": True}, method="PATCH"))
    assert (told["status"], told["field"]) == (409, "dismissed")


async def test_the_dismissed_are_listed_when_asked_for_and_can_come_back(shop: Shop) -> None:
    olga, anna = await shop.sign_in("olga"), await shop.sign_in("anna")
    await olga.post("agents/anna", {"dismissed": True}, method="PATCH")
    assert (await anna.get("me")).status == 401
    assert "anna" not in [each["id"] for each in (await olga.read("agents"))["items"]]
    [gone] = [each for each in (await olga.read("agents?dismissed=true"))["items"] if each["dismissed"]]
    assert (gone["id"], gone["absence"]) == ("anna", "dismissed")
    await olga.post("agents/anna", {"dismissed": False}, method="PATCH")
    assert (await anna.get("me")).status == 401, "the old session is over"
    assert (await (await shop.browser()).sign_in("anna@shop.example")).status == 200


# -- working time -----------------------------------------------------------------------------------------------


async def test_a_day_as_colleagues_see_it(shop: Shop) -> None:
    anna, boris = await shop.sign_in("anna"), await shop.sign_in("boris")
    assert (await anna.read("me"))["day"] == "untracked"
    for state, day, absence in (
        ("start_day", "working", ""),
        ("break", "on_break", "on a break"),
        ("resume", "working", ""),
        ("end_day", "ended", "clocked out"),
    ):
        me = await (await anna.post("me/day", {"state": state}, method="PUT")).json()
        assert me["day"] == day
        [seen] = [each for each in (await boris.read("agents"))["items"] if each["id"] == "anna"]
        assert seen["absence"] == absence
    wrong = await problem(await anna.post("me/day", {"state": "leave"}, method="PUT"))
    assert (wrong["code"], wrong["field"]) == ("invalid", "state")


async def test_leave_is_put_into_a_calendar_and_taken_out(shop: Shop) -> None:
    olga, anna = await shop.sign_in("olga"), await shop.sign_in("anna")
    days = {"first": "2026-12-24", "last": "2026-12-26"}
    made = await (await olga.post("agents/anna/leaves", days)).json()
    assert made == {"id": made["id"], "agent": "anna", **days}
    assert (await anna.read("agents/anna/leaves"))["items"] == [made]
    assert (await anna.post("agents/anna/leaves", days)).status == 403
    assert (await anna.get("agents/boris/leaves")).status == 403
    assert (await olga.post(f"leaves/{made['id']}", method="DELETE")).status == 204
    assert (await olga.post(f"leaves/{made['id']}", method="DELETE")).status == 404
    assert (await olga.read("agents/anna/leaves"))["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"first": "24.12.2026"}, "first"),
        ({"first": "2026-02-30"}, "first"),
        ({"first": 1795424400}, "first"),
        ({"first": "2026-12-24", "last": "2026-12-23"}, "last"),
        ({"first": "1999-12-31"}, "first"),
        ({}, "first"),
    ],
)
async def test_days_that_are_none(shop: Shop, body: dict[str, Any], field: str) -> None:
    olga = await shop.sign_in("olga")
    told = await problem(await olga.post("agents/anna/leaves", body))
    assert (told["code"], told["field"]) == ("invalid", field)


async def test_an_admin_sets_the_day_of_whoever_forgot(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    await olga.post("agents/anna/day", {"state": "start_day"}, method="PUT")
    told = await (await olga.post("agents/anna/day", {"state": "end_day"}, method="PUT")).json()
    assert told["absence"] == "clocked out"
    await olga.post("agents/anna/day", {"state": "leave"}, method="PUT")
    assert (await (await olga.post("agents/anna/day", {"state": "return"}, method="PUT")).json())["available"] is False
    assert (await olga.post("agents/nobody/day", {"state": "break"}, method="PUT")).status == 404


# -- the journal ------------------------------------------------------------------------------------------------


async def test_it_tells_what_was_done_to_conversations_and_not_what_was_said(shop: Shop) -> None:
    number = await shop.customer_writes("my card is 4111")
    await shop.offer("anna")
    anna, olga = await shop.sign_in("anna"), await shop.sign_in("olga")
    await anna.post(f"conversations/{number}/accept")
    await anna.post(f"conversations/{number}/reply", {"text": "secret words"})
    await anna.post(f"conversations/{number}/note", {"text": "secret words", "mentions": ["mila"]})
    await anna.post(f"conversations/{number}/intercept")
    await olga.post(f"conversations/{number}/rate", {"score": 5, "comment": "secret words"})
    await anna.post(f"conversations/{number}/transfer", {"to": "boris"})
    rows = (await olga.read(f"audit?target=conversation:{number}"))["items"][::-1]
    told = [(row["who"], row["what"], row["detail"]) for row in rows]
    for _, _, detail in told:
        assert detail.pop("thread")
    assert told == [
        ("anna", "accept", {}),
        ("anna", "reply", {"message": told[1][2]["message"]}),
        ("anna", "note", {"mentions": ["mila"], "message": told[2][2]["message"]}),
        ("anna", "intercept", {"refused": "invalid"}),
        ("olga", "rate", {"score": 5}),
        ("anna", "transfer", {"to": "boris"}),
    ]
    whole = json.dumps(await olga.read("audit?limit=200"))
    assert not [said for said in ("secret words", "4111") if said in whole]


async def test_what_is_repeated_is_noted_once(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    await shop.offer("anna")
    anna, olga = await shop.sign_in("anna"), await shop.sign_in("olga")
    for _ in range(3):
        await anna.post(f"conversations/{number}/accept", headers={"Idempotency-Key": "once"})
    assert await journal(olga, "?what=accept") == [("anna", "accept", f"conversation:{number}")]


async def test_it_tells_what_was_done_to_people_and_tokens(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    await olga.post("agents", NEW | {"role": "hr"})
    await olga.post("agents/nina", {"role": "agent", "password": "other secret"}, method="PATCH")
    token = await (await olga.post("tokens", {"name": "script", "scopes": ["read"]})).json()
    await olga.post(f"tokens/{token['id']}", method="DELETE")
    await olga.post("me/day", {"state": "start_day"}, method="PUT")
    await olga.post("session", method="DELETE")
    mine = await shop.sign_in("olga")
    assert await journal(mine, "?who=olga") == [
        ("olga", "signed_in", "agent:olga"),
        ("olga", "signed_out", "agent:olga"),
        ("olga", "day_set", "agent:olga"),
        ("olga", "token_removed", f"token:{token['id']}"),
        ("olga", "token_made", f"token:{token['id']}"),
        ("olga", "agent_changed", "agent:nina"),
        ("olga", "agent_added", "agent:nina"),
        ("olga", "signed_in", "agent:olga"),
    ]
    [changed] = (await mine.read("audit?what=agent_changed"))["items"]
    assert changed["detail"] == {"changed": ["password", "role"], "role": "agent"}
    assert "secret" not in json.dumps(await mine.read("audit"))
    assert token["token"] not in json.dumps(await mine.read("audit"))


async def test_what_is_refused_by_the_web_was_not_done(shop: Shop) -> None:
    anna, olga = await shop.sign_in("anna"), await shop.sign_in("olga")
    assert (await anna.post("agents", NEW)).status == 403
    assert await journal(olga, "?what=agent_added") == []


async def test_it_is_paged_and_for_admins_only(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    for state in ("start_day", "break", "resume", "end_day"):
        await olga.post("me/day", {"state": state}, method="PUT")
    first = await olga.read("audit?what=day_set&limit=3")
    assert [row["detail"]["state"] for row in first["items"]] == ["end_day", "resume", "break"]
    rest = await olga.read(f"audit?what=day_set&limit=3&before={first['next']}")
    assert [row["detail"]["state"] for row in rest["items"]] == ["start_day"]
    assert rest["next"] is None
    for agent in ("anna", "mila"):
        assert (await (await shop.sign_in(agent)).get("audit")).status == 403
    assert (await (await shop.program("olga", "read", "write")).get("audit")).status == 403


def test_every_call_that_changes_something_has_a_name_in_the_journal() -> None:
    nameless = [f"{route.method} {route.path}" for route in ROUTES if route.audited and not route.audit]
    assert not nameless, f"web/api/__init__.py: give them `audit`: {nameless}"
    assert not [route.path for route in ROUTES if route.audit and not route.audited]
