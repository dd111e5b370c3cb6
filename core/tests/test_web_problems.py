"""Whatever goes wrong is a problem document that says what, and the inside stays inside."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from openlines.runtime.reader import Reader
from openlines.runtime.tables import parked
from openlines.settings.models import Server
from sqlalchemy import insert

from core.tests.web_hub import Shop, Staff, WebHub, open_shop, problem

LIMIT = 20_000


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, server=Server(max_body=LIMIT)) as shop:
        yield shop


@pytest.fixture
async def anna(shop: Shop) -> Staff:
    return await shop.sign_in("anna")


async def say(shop: Shop, anna: Staff, raw: bytes | str, content_type: str = "application/json") -> ClientResponse:
    """Send a raw body where a message is expected."""
    number = await shop.customer_writes("hello")
    headers = {"Content-Type": content_type, "X-CSRF-Token": anna.csrf}
    return await anna.session.post(f"/api/v1/conversations/{number}/reply", data=raw, headers=headers)


async def test_addresses_and_methods_that_are_not_there(shop: Shop) -> None:
    browser = await shop.browser()
    for path in ("/", "/nothing", "/api/v1/nothing", "/api/v2/me", "/hooks/unknown/x", "/chat/unknown", "/files/x/y"):
        assert (await problem(await browser.session.get(path)))["code"] == "not_found", path
    response = await browser.session.put("/api/v1/session")
    assert (await problem(response))["code"] == "method_not_allowed"
    assert response.headers["Allow"] == "DELETE,POST"


async def test_every_answer_is_guarded_and_named(shop: Shop) -> None:
    response = await (await shop.browser()).session.get("/api/v1/me", headers={"X-Request-Id": "trace-1234"})
    assert response.headers["X-Request-Id"] == "trace-1234"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    forged = await (await shop.browser()).session.get("/healthz", headers={"X-Request-Id": "a b<script>"})
    assert re.fullmatch("[0-9a-f]{13,}", forged.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ('{"text": "hi", "colour": "red"}', "colour"),
        ('{"text": 5}', "text"),
        ('{"text": null}', "text"),
        ('{"text": "half \\ud83d"}', "text"),
        ('{"text": "\\udc00"}', "text"),
        ('{"text": "nul \\u0000"}', "text"),
        ('{"text": "bell \\u0007"}', "text"),
        ('{"text": "c1 \\u0085"}', "text"),
        ('{"text": "hi", "mentions": ["a\\nb"]}', "mentions.0"),
        ('{"text": "hi", "files": ["missing"]}', "files.0"),
        ('{"text": "hi", "files": "one"}', "files"),
        ('{"text": "  \\n "}', "text"),
        ("{}", "text"),
        ("[]", ""),
        ("null", ""),
    ],
)
async def test_a_wrong_field_is_named(shop: Shop, anna: Staff, raw: str, field: str) -> None:
    told = await problem(await say(shop, anna, raw))
    assert (told["status"], told["code"], told["field"]) == (422, "invalid", field)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"hello", b'{"text": "\xff"}', b'{"text": NaN}', b"[" * 15_000, b"1" * 15_000],
)
async def test_what_is_no_json_is_said_to_be_none(shop: Shop, anna: Staff, raw: bytes) -> None:
    told = await problem(await say(shop, anna, raw))
    assert told["status"] == 422
    assert "body" in told["detail"]


async def test_text_arrives_as_it_was_written(shop: Shop, anna: Staff) -> None:
    response = await say(shop, anna, '{"text": "line 1\\r\\nline 2\\tend \\ud83d\\ude00 <b>"}')
    assert response.status == 200
    number = (await response.json())["conversation"]
    last = (await anna.read(f"conversations/{number}/entries"))["items"]
    said = [e["body"]["content"]["text"] for e in last if e["body"].get("author", {}).get("kind") == "agent"]
    assert said == ["line 1\nline 2\tend 😀 <b>"]


async def test_other_types_of_body_are_refused(shop: Shop, anna: Staff) -> None:
    told = await problem(await say(shop, anna, "text=hi", "application/x-www-form-urlencoded"))
    assert told["status"] == 415


async def test_a_body_over_the_limit(shop: Shop, anna: Staff) -> None:
    told = await problem(await say(shop, anna, b'{"text": "' + b"x" * LIMIT + b'"}'))
    assert (told["status"], told["code"]) == (413, "too_large")


async def test_a_text_over_the_limit_is_refused_not_cut(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        anna = await shop.sign_in("anna")
        number = await shop.customer_writes("hello")
        told = await problem(await anna.post(f"conversations/{number}/reply", {"text": "x" * 100_001}))
        assert (told["status"], told["field"]) == (422, "text")
        assert (await anna.post(f"conversations/{number}/reply", {"text": "x" * 100_000})).status == 200


async def test_a_fault_of_ours_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    def break_it(hub: WebHub) -> None:
        hub.policies = None  # type: ignore[assignment]

    async with open_shop(tmp_path, prepare=break_it) as shop:
        anna = await shop.sign_in("anna")
        response = await anna.get("lines", headers={"X-Request-Id": "trace-5678"})
        told = await problem(response)
        assert (told["status"], told["code"]) == (500, "internal")
        assert "trace-5678" in told["detail"]
        assert "NoneType" not in told["detail"]


class BrokenStore(Reader):
    async def ready(self) -> None:
        raise OSError("disk on fire")


async def test_health(shop: Shop) -> None:
    browser = await shop.browser()
    assert (await browser.session.get("/healthz")).status == 200
    assert (await browser.session.get("/readyz")).status == 200
    shop.hub.failing = "disk full"
    assert (await problem(await browser.session.get("/readyz")))["detail"] == "the store takes nothing now"
    shop.hub.failing = ""
    shop.hub.reader = BrokenStore(shop.hub.database)
    assert (await browser.session.get("/healthz")).status == 200
    told = await problem(await browser.session.get("/readyz"))
    assert (told["code"], told["detail"]) == ("not_ready", "the store does not answer")


async def test_metrics_and_plugins_are_for_this_machine_and_for_admins(shop: Shop) -> None:
    browser = await shop.browser()
    metrics = await (await browser.session.get("/metrics")).text()
    assert "openlines_feed_sockets 0.0" in metrics
    plugins = await (await browser.session.get("/-/plugins.json")).json()
    assert plugins["items"][0]["instance"] == "site"
    # A proxy on this machine speaks for the whole world.
    beyond = {"X-Forwarded-For": "203.0.113.7"}
    program = await shop.program("olga", "admin")
    reader = await shop.program("olga", "read")
    for path in ("/metrics", "/-/plugins.json"):
        assert (await problem(await browser.session.get(path, headers=beyond)))["status"] == 401
        assert (await problem(await reader.session.get(path, headers=beyond)))["status"] == 403
        assert (await program.session.get(path, headers=beyond)).status == 200


async def test_parked_events_are_seen_and_replayed(shop: Shop) -> None:
    row = {"partition": 3, "thread": "t", "at": 5.0, "event": b'{"type":"CustomerWrote"}', "error": "KeyError: 'x'"}
    await shop.hub.database.run(lambda c: c.execute(insert(parked), [row, row, row]))
    olga = await shop.sign_in("olga")
    page = await olga.read("parked?limit=2")
    assert [each["kind"] for each in page["items"]] == ["CustomerWrote", "CustomerWrote"]
    rest = await olga.read(f"parked?limit=2&after={page['next']}")
    assert (len(rest["items"]), rest["next"]) == (1, None)
    number = page["items"][0]["id"]
    assert await (await olga.post(f"parked/{number}/replay")).json() == {"decided": True}
    assert shop.hub.replayed == [number]
    anna = await shop.sign_in("anna")
    assert (await problem(await anna.post(f"parked/{number}/replay")))["code"] == "denied"
