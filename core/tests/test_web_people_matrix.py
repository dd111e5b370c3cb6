"""Every way into the staff API against every level of every right. A new route must say here what guards it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openlines.domain.events import Finish, Transfer
from openlines.domain.people import LEVELS, RIGHTS, ROLES, Agent, Level
from openlines.runtime.organisation import Organisation
from openlines.runtime.records import thread_id
from openlines.web.api import ROUTES
from openlines.web.api.actions import ACTIONS

from core.tests.test_web_feed import Screen
from core.tests.web_hub import HASH, Shop, Staff, open_shop

WHOSE = {"own": "dora", "department": "erik", "any": "carla"}
"""Whom a conversation is held by, and the lowest level that lets Dora reach it. She sells with Erik."""
REACHED: dict[Level, set[str]] = {
    "none": set(),
    "own": {"own"},
    "department": {"own", "department"},
    "any": {"own", "department", "any"},
}
BODIES: dict[str, Any] = {
    "reply": {"text": "hi"},
    "note": {"text": "hm"},
    "transfer": {"to": "mila"},
    "invite": {"agent": "mila"},
    "pin": {},
    "finish": {},
    "rate": {"score": 4},
    "resend": {"message": 1},
}
READS = ("", "/entries", "/records")
GUARDED = {
    ("POST", "/exports"): "reports",
    ("GET", "/exports/{id}"): "reports",
    ("GET", "/exports/{id}/file"): "reports",
    ("POST", "/agents"): "people",
    ("PATCH", "/agents/{id}"): "people",
    ("PUT", "/agents/{id}/day"): "people",
    ("GET", "/agents/{id}/leaves"): "people",
    ("POST", "/agents/{id}/leaves"): "people",
    ("DELETE", "/leaves/{id}"): "people",
    ("GET", "/parked"): "settings",
    ("POST", "/parked/{number}/replay"): "settings",
    ("GET", "/audit"): "settings",
    ("GET", "/plugins"): "settings",
}
FOR_EVERYBODY = {
    ("POST", "/session"), ("DELETE", "/session"), ("GET", "/me"), ("PUT", "/me/presence"), ("PUT", "/me/day"),
    ("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/{id}"), ("GET", "/agents"), ("GET", "/lines"),
    ("POST", "/files"), ("GET", "/files/{id}"),
}  # fmt: skip
NARROWED = {("GET", "/counters"), ("GET", "/conversations"), ("GET", "/search"), ("GET", "/feed")}
"""For everybody, but each sees their part."""


def test_every_route_is_one_of_them() -> None:
    ours = {("POST", f"/conversations/{{number}}/{name}") for name in ACTIONS}
    ours |= {("GET", f"/conversations/{{number}}{what}") for what in READS}
    assert {(route.method, route.path) for route in ROUTES} == {*ours, *GUARDED, *FOR_EVERYBODY, *NARROWED}
    assert not {name for name in BODIES if name not in ACTIONS}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        for agent in ("dora", "erik"):
            await shop.hub.people.add(Agent(id=agent, email=f"{agent}@shop.example", departments=("sales",)))
        yield shop


async def may(shop: Shop, **levels: Level) -> None:
    """From now on, this is what Dora may."""
    roles = {**ROLES, "tried": {**dict.fromkeys(RIGHTS, "none"), **levels}}
    await shop.hub.people.redeclare((), Organisation(roles))
    shop.hub.people._hashes["dora"] = HASH
    dora = shop.hub.people.view["dora"]
    if dora.role != "tried":
        await shop.hub.people.change(replace(dora, role="tried"))


async def held_by(shop: Shop, agent: str, chat: str, *, closed: bool = False) -> int:
    """A conversation that only this agent has had."""
    number = await shop.customer_writes(f"hello {chat}", chat=chat)
    thread = thread_id("site", chat)
    await shop.hub.ask(Transfer(thread=thread, by="olga", to=agent, request=f"t-{chat}", at=shop.clock.now()))
    if closed:
        for n in range(2):
            await shop.hub.ask(Finish(thread=thread, by="olga", request=f"f{n}-{chat}", at=shop.clock.now()))
    return number


@pytest.mark.parametrize("level", LEVELS)
async def test_actions(shop: Shop, level: Level) -> None:
    await may(shop, **dict.fromkeys(RIGHTS, level))
    dora = await shop.sign_in("dora")
    for name in ACTIONS:
        permitted = set()
        for whose, agent in WHOSE.items():
            number = await held_by(shop, agent, f"{name}-{whose}")
            response = await dora.post(f"conversations/{number}/{name}", BODIES.get(name))
            told = await response.json()
            assert response.status in (200, 403, 409, 422), told
            if response.status != 403:
                permitted.add(whose)
            else:
                assert told["code"] == "denied", told
        # No level accepts for somebody else: that takes an offer or a place in the queue.
        expected = REACHED[level] & {"own"} if name == "accept" else REACHED[level]
        assert permitted == expected, name


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_reading(shop: Shop, level: Level, closed: bool) -> None:
    right = "history" if closed else "conversations"
    numbers = {whose: await held_by(shop, agent, whose, closed=closed) for whose, agent in WHOSE.items()}
    await may(shop, **{right: level, "crm": "any"})
    dora = await shop.sign_in("dora")
    for what in READS:
        statuses = {w: (await dora.get(f"conversations/{number}{what}")).status for w, number in numbers.items()}
        assert statuses == {whose: 200 if whose in REACHED[level] else 403 for whose in WHOSE}, what
    expected = sorted(numbers[whose] for whose in REACHED[level])
    assert sorted(await dora.numbers("closed" if closed else "open")) == expected
    assert await dora.numbers("open" if closed else "closed") == []
    found = await dora.read("search?q=hello")
    assert sorted(hit["conversation"] for hit in found["items"]) == expected
    assert (await dora.read("counters"))["open"] == (0 if closed else len(expected))


@pytest.mark.parametrize("level", LEVELS)
async def test_records_of_the_crm(shop: Shop, level: Level) -> None:
    numbers = {whose: await held_by(shop, agent, whose) for whose, agent in WHOSE.items()}
    await may(shop, conversations="any", crm=level)
    dora = await shop.sign_in("dora")
    read = {w for w, number in numbers.items() if (await dora.get(f"conversations/{number}/records")).status == 200}
    assert read == REACHED[level]


@pytest.mark.parametrize("level", LEVELS)
async def test_the_feed(shop: Shop, level: Level) -> None:
    numbers = {whose: await held_by(shop, agent, whose) for whose, agent in WHOSE.items()}
    await may(shop, conversations=level)
    screen = await Screen.open(await shop.sign_in("dora"))
    for whose in WHOSE:
        await shop.customer_writes("still there?", chat=whose)
    batches = [frame for frame in await quiet(screen) if frame["op"] == "batch"]
    rows = {row["number"] for batch in batches for row in batch["conversations"]}
    entries = {entry["conversation"] for batch in batches for entry in batch["entries"]}
    assert rows == entries == {numbers[whose] for whose in REACHED[level]}


async def quiet(screen: Screen) -> list[dict[str, Any]]:
    """What comes in until nothing more does."""
    frames = await screen.quiet()
    while more := await screen.quiet():
        frames += more
    return frames


async def test_a_change_of_rights_reaches_an_open_screen_at_once(shop: Shop) -> None:
    number = await held_by(shop, "erik", "chat-1")
    await may(shop, conversations="own")
    dora = await shop.sign_in("dora")
    screen = await Screen.open(dora)
    await may(shop, conversations="department")
    assert (await screen.next("welcome"))["reset"], "she must fetch what she may see now"
    await shop.customer_writes("hm", chat="chat-1")
    assert [row["number"] for row in (await screen.next("batch"))["conversations"]] == [number]
    await may(shop, conversations="own")
    assert (await screen.next("welcome"))["reset"]
    assert (await dora.get(f"conversations/{number}")).status == 403
    await shop.customer_writes("hm", chat="chat-1")
    assert "conversations" not in str([frame for frame in await quiet(screen) if frame.get("conversations")])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("right", sorted(set(GUARDED.values())))
async def test_what_needs_a_right_of_its_own(shop: Shop, right: str, level: Level) -> None:
    leaves = {whose: await shop.hub.people.take_leave(agent, shop.hub.people._today) for whose, agent in WHOSE.items()}
    await may(shop, **{right: level, "conversations": "any", "history": "any", "crm": "any"})
    dora = await shop.sign_in("dora")
    for (method, path), needed in GUARDED.items():
        if needed != right:
            continue
        permitted = set()
        for whose, agent in WHOSE.items():
            target = leaves[whose].id if "leaves/{" in path else agent if "agents/" in path else "1"
            place = path[1:].replace("{id}", target).replace("{number}", "1")
            response = await call(dora, method, place, whose)
            assert response != 500
            if response != 403:
                permitted.add(whose)
        if "{id}" in path and "agents" in path:
            # Everybody reads their own calendar.
            expected = REACHED[level] | ({"own"} if method == "GET" else set())
        elif "leaves" in path:
            expected = REACHED[level]
        elif path == "/agents":
            expected = {"department": {"own", "department"}, "any": set(WHOSE)}.get(level, set())
        else:
            expected = set(WHOSE) if level == "any" else set()
        assert permitted == expected, (method, path)


async def call(staff: Staff, method: str, place: str, whose: str) -> int:
    if method == "GET":
        return (await staff.get(place)).status
    department = "support" if whose == "any" else "sales"
    bodies: dict[tuple[str, str], Any] = {
        ("POST", "exports"): {},
        ("POST", "agents"): {
            "id": f"new-{whose}",
            "name": "New",
            "email": f"new-{whose}@shop.example",
            "departments": [department],
            "password": "long enough",
        },
        ("PATCH", "agents"): {"title": "Seller"},
        ("PUT", "agents"): {"state": "start_day"},
    }
    body = bodies.get((method, place.split("/")[0]))
    if place.endswith("/leaves"):
        body = {"first": "2026-12-24", "last": "2026-12-26"}
    return (await staff.post(place, body, method=method)).status


async def test_what_everybody_may_asks_no_right(shop: Shop) -> None:
    await may(shop)
    dora = await shop.sign_in("dora")
    for path in ("me", "tokens", "agents", "lines", "counters", "conversations", "search?q=hello"):
        assert (await dora.get(path)).status == 200, path
    assert (await dora.post("me/day", {"state": "start_day"}, method="PUT")).status == 200
    await asyncio.sleep(0)
