"""Who gets in, how far, and what a guesser or another site cannot do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openlines.settings.models import Server
from openlines.web.api.session import PER_ADDRESS, PER_PERSON, WINDOW
from openlines.web.sessions import DAY, LIFETIME

from core.tests.web_hub import PASSWORD, Shop, open_shop, problem


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


async def test_signing_in_and_out(shop: Shop) -> None:
    browser = await shop.browser()
    assert (await problem(await browser.get("me")))["code"] == "unauthenticated"

    response = await browser.sign_in("  Anna@SHOP.example ")
    assert response.status == 200
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # this hub's address is http

    me = await browser.read("me")
    assert (me["id"], me["state"], me["csrf"]) == ("anna", "online", browser.csrf)
    assert me["rights"]["conversations"] == "own"
    assert me["rights"]["settings"] == "none"

    assert (await browser.post("session", method="DELETE")).status == 204
    assert (await browser.get("me")).status == 401


async def test_the_cookie_is_bound_to_the_host_over_https(tmp_path: Path) -> None:
    async with open_shop(tmp_path, server=Server(public_url="https://hub.example")) as shop:
        response = await (await shop.browser()).sign_in("anna@shop.example")
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-openlines=")
        assert "Secure" in cookie
        assert "Path=/" in cookie


async def test_the_store_keeps_no_secret_that_lets_in(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    cookie = next(iter(anna.session.cookie_jar)).value
    program = await shop.program("anna", "read")
    token = program.session.headers["Authorization"].removeprefix("Bearer ")
    dumped = await shop.hub.database.read(lambda c: "\n".join(c.connection.driver_connection.iterdump()))  # type: ignore[union-attr]
    assert "anna@shop.example" in dumped
    assert cookie not in dumped
    assert token not in dumped
    assert PASSWORD not in dumped


@pytest.mark.parametrize(("email", "password"), [("anna@shop.example", "wrong"), ("nobody@shop.example", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_person_read_the_same(shop: Shop, email: str, password: str) -> None:
    told = await problem(await (await shop.browser()).sign_in(email, password))
    assert (told["status"], told["code"], told["detail"]) == (401, "wrong_credentials", "e-mail or password is wrong")


async def test_guessing_a_password_gets_slow(shop: Shop) -> None:
    guesser = await shop.browser()
    for _ in range(PER_PERSON):
        assert (await guesser.sign_in("anna@shop.example", "guess")).status == 401
    response = await guesser.sign_in("ANNA@shop.example", PASSWORD)
    assert (await problem(response))["code"] == "too_many_attempts"
    assert 0 < int(response.headers["Retry-After"]) <= WINDOW
    # Her colleague, from the same office, is not in the way of it.
    assert (await guesser.sign_in("boris@shop.example")).status == 200
    await shop.clock.advance(WINDOW)
    assert (await guesser.sign_in("anna@shop.example")).status == 200


async def test_guessing_many_people_gets_slow_too(shop: Shop) -> None:
    guesser = await shop.browser()
    answers = [(await guesser.sign_in(f"{index}@shop.example", "guess")).status for index in range(PER_ADDRESS + 1)]
    assert answers[:PER_ADDRESS] == [401] * PER_ADDRESS
    assert answers[PER_ADDRESS] == 429


async def test_signing_in_well_does_not_use_up_the_tries(shop: Shop) -> None:
    for _ in range(PER_PERSON + 1):
        assert (await (await shop.browser()).sign_in("anna@shop.example")).status == 200


async def test_a_session_lasts_while_it_is_used(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    for _ in range(3):
        await shop.clock.advance(LIFETIME - DAY)
        response = await anna.get("me")
        assert response.status == 200
        assert "Set-Cookie" in response.headers  # it slid, and the browser must keep the cookie as long
    assert "Set-Cookie" not in (await anna.get("me")).headers
    await shop.clock.advance(LIFETIME)
    assert (await anna.get("me")).status == 401


async def test_a_write_needs_the_csrf_token(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    anna = await shop.sign_in("anna")
    path = f"conversations/{number}/accept"
    for forged in ("", "guess", "ü\x80"):
        told = await problem(await anna.post(path, headers={"X-CSRF-Token": forged}))
        assert (told["status"], told["code"]) == (403, "csrf")
    boris = await shop.sign_in("boris")
    assert (await problem(await anna.post(path, headers={"X-CSRF-Token": boris.csrf})))["code"] == "csrf"
    assert (await anna.post(path)).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "nonsense"])
async def test_another_sites_page_cannot_write(shop: Shop, origin: str) -> None:
    anna = await shop.sign_in("anna")
    told = await problem(await anna.post("me/presence", {"state": "offline"}, method="PUT", headers={"Origin": origin}))
    assert (told["status"], told["code"]) == (403, "wrong_origin")
    body = {"email": "anna@shop.example", "password": PASSWORD}
    told = await problem(await anna.post("session", body, headers={"Origin": origin}))
    assert told["code"] == "wrong_origin"


async def test_our_own_page_can(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    for origin in (str(shop.server.make_url("/")).rstrip("/"), shop.hub.settings.server.address):
        response = await anna.post("me/presence", {"state": "online"}, method="PUT", headers={"Origin": origin})
        assert response.status == 200, origin


async def test_going_offline_and_back(shop: Shop) -> None:
    anna, boris = await shop.sign_in("anna"), await shop.sign_in("boris")

    async def absence() -> tuple[bool, str]:
        [found] = [each for each in (await boris.read("agents"))["items"] if each["id"] == "anna"]
        return found["available"], found["absence"]

    assert await absence() == (True, "")
    gone = await (await anna.post("me/presence", {"state": "offline"}, method="PUT")).json()
    assert gone["state"] == "offline"
    assert gone["csrf"] == anna.csrf
    assert await absence() == (False, "offline")
    await anna.read("me")  # looking around is no return
    assert await absence() == (False, "offline")
    await anna.post("me/presence", {"state": "online"}, method="PUT")
    assert await absence() == (True, "")
    await anna.post("session", method="DELETE")
    assert await absence() == (False, "offline")


async def test_lines_name_their_queue(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    assert (await anna.read("lines"))["items"][0] == {
        "id": "shop",
        "name": "Shop",
        "active": True,
        "distribution": "evenly",
        "members": ["anna", "boris"],
    }


# -- API tokens -------------------------------------------------------------------------------------------------


async def test_a_token_reaches_as_far_as_its_scopes(shop: Shop) -> None:
    number = await shop.customer_writes("hello")
    reader = await shop.program("anna", "read")
    writer = await shop.program("anna", "write")
    assert await reader.numbers("queue") == [number]
    assert (await problem(await reader.post(f"conversations/{number}/accept")))["code"] == "denied"
    assert (await problem(await writer.get("conversations")))["code"] == "denied"
    assert (await writer.post(f"conversations/{number}/accept")).status == 200  # and needs no CSRF token
    assert (await problem(await reader.get("parked")))["code"] == "denied"


async def test_only_who_administers_gives_admin(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    told = await problem(await anna.post("tokens", {"name": "x", "scopes": ["admin"]}))
    assert told["code"] == "denied"
    program = await shop.program("olga", "admin")
    assert (await program.get("parked")).status == 200
    # Olga is no admin any more: her token reaches no further than she does.
    olga = shop.hub.people.view["olga"]
    await shop.hub.people.change(type(olga)(id="olga", name="Olga", email=olga.email, role="agent"))
    assert (await program.get("parked")).status == 403


async def test_a_token_cannot_make_a_wider_one(shop: Shop) -> None:
    program = await shop.program("olga", "write")
    told = await problem(await program.post("tokens", {"name": "wider", "scopes": ["admin"]}))
    assert told["code"] == "denied"


async def test_tokens_are_listed_without_secrets_and_can_be_taken_back(shop: Shop) -> None:
    anna = await shop.sign_in("anna")
    made = await (await anna.post("tokens", {"name": "robot", "scopes": ["read"]})).json()
    assert made["token"].startswith("ol_")
    [listed] = (await anna.read("tokens"))["items"]
    assert (listed["name"], listed["scopes"], listed["token"]) == ("robot", ["read"], None)
    twice = await problem(await anna.post("tokens", {"name": "robot", "scopes": ["read"]}))
    assert (twice["status"], twice["field"]) == (409, "name")
    boris = await shop.sign_in("boris")
    assert (await boris.post(f"tokens/{made['id']}", method="DELETE")).status == 404
    bearer = {"Authorization": f"Bearer {made['token']}"}
    stranger = await shop.browser()
    assert (await stranger.get("me", headers=bearer)).status == 200
    assert (await anna.post(f"tokens/{made['id']}", method="DELETE")).status == 204
    assert (await stranger.get("me", headers=bearer)).status == 401


@pytest.mark.parametrize("value", ["Bearer ol_wrong", "Basic b2xnYTpwYXNz", "Bearer", "Bearer \xfc"])
async def test_an_unknown_token_is_nobody(shop: Shop, value: str) -> None:
    anna = await shop.sign_in("anna")  # the cookie does not help where a token is sent
    response = await anna.get("me", headers={"Authorization": value})
    assert (await problem(response))["code"] == "unauthenticated"
    assert response.headers["WWW-Authenticate"] == "Bearer"


# -- people -----------------------------------------------------------------------------------------------------


NEW = {"id": "dora", "name": "Dora", "email": "dora@shop.example", "password": "a long word"}


async def test_only_an_admin_changes_people(shop: Shop) -> None:
    for name in ("anna", "mila"):
        staff = await shop.sign_in(name)
        assert (await problem(await staff.post("agents", NEW)))["code"] == "denied"
        change = await staff.post("agents/boris", {"role": "admin"}, method="PATCH")
        assert (await problem(change))["code"] == "denied"


async def test_a_new_colleague_signs_in_and_is_dismissed(shop: Shop) -> None:
    olga = await shop.sign_in("olga")
    assert (await olga.post("agents", NEW)).status == 201
    dora = await shop.browser()
    assert (await dora.sign_in(NEW["email"], NEW["password"])).status == 200
    taken = await problem(await olga.post("agents", NEW))
    assert (taken["status"], taken["field"]) == (409, "id")
    taken = await problem(await olga.post("agents/boris", {"email": NEW["email"]}, method="PATCH"))
    assert (taken["status"], taken["field"]) == (409, "email")
    changed = await (await olga.post("agents/dora", {"name": "Dora D.", "dismissed": True}, method="PATCH")).json()
    assert (changed["name"], changed["absence"]) == ("Dora D.", "dismissed")
    assert (await dora.get("me")).status == 401
    assert (await dora.sign_in(NEW["email"], NEW["password"])).status == 401
    assert "dora" not in [each["id"] for each in (await olga.read("agents"))["items"]]
    assert (await olga.post("agents/nobody", {"name": "x"}, method="PATCH")).status == 404


async def test_a_new_password_signs_out_everywhere(shop: Shop) -> None:
    anna, olga = await shop.sign_in("anna"), await shop.sign_in("olga")
    assert (await olga.post("agents/anna", {"password": "another word"}, method="PATCH")).status == 200
    assert (await anna.get("me")).status == 401
    assert (await anna.sign_in("anna@shop.example", "another word")).status == 200
