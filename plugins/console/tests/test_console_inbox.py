"""Signing in, and the list: offers, tabs, order under the pointer, many rows, the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from plugins.console.tests.conftest import OpenConsole
from plugins.console.tests.console_page import field, list_of, open_one, title
from plugins.console.tests.fake_hub import ME, NOW, PASSWORD, FakeHub
from plugins.console.tests.world import busy_day
from tests.conftest import OpenPage

pytestmark = pytest.mark.timeout(60)


async def test_an_agent_signs_in_and_out(hub: FakeHub, address: str, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto(address)
    await page.get_by_label("E-mail").fill("anna@shop.example")
    await page.get_by_label("Password", exact=True).fill("a guess")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("This e-mail and password do not match.")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Your account: Anna Larsen, Online")).to_be_visible()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("E-mail")).to_be_visible()
    assert not hub.signed_in


async def test_a_session_that_ended_elsewhere_leads_back_to_the_sign_in(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console()
    await expect(list_of(page).get_by_role("link", name="Vera")).to_be_visible()
    hub.signed_in = False
    await list_of(page).get_by_role("link", name="Vera").click()
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()


async def test_an_offer_shows_why_and_for_how_long_and_is_accepted_in_the_list(
    hub: FakeHub, console: OpenConsole
) -> None:
    page = await console()
    hub.offers(21, "Mateo", "Is the table in stock?", seconds=75)
    offer = page.get_by_role("article", name="New conversation: Mateo")
    await expect(offer).to_contain_text("Is the table in stock?")
    await expect(offer).to_contain_text("anna: idle longest, 312 s")
    await expect(offer.locator("time")).to_have_text(re.compile(r"^1:1[0-6]$"))
    await expect(page).to_have_title("(1) openlines")
    await offer.get_by_role("button", name="Accept").click()
    await hub.until(lambda: hub.asked == [("accept", 21, {})])
    await expect(page).to_have_url(re.compile(r"/console/conversations/21$"))
    await expect(offer).to_be_hidden()
    await expect(list_of(page).get_by_role("link", name="Mateo")).to_contain_text("Accepted")
    await expect(page).to_have_title("openlines")


async def test_an_offer_is_declined_unless_one_is_the_only_candidate(hub: FakeHub, console: OpenConsole) -> None:
    hub.offers(21, "Mateo", "Hello?")
    page = await console()
    offer = page.get_by_role("article", name="New conversation: Mateo")
    hub.refusals["decline"] = "only_candidate"
    await offer.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("alert").first).to_contain_text("You are the only one who can take it")
    await expect(offer).to_be_visible()
    await offer.get_by_role("button", name="Decline").click()
    await expect(offer).to_be_hidden()
    assert hub.did("decline") == [{}]


async def test_what_a_colleague_took_first_is_said_in_words(hub: FakeHub, console: OpenConsole) -> None:
    hub.offers(21, "Mateo", "Hello?")
    page = await console()
    hub.refusals["accept"] = "already_taken"
    await page.get_by_role("article", name="Mateo").get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("alert").first).to_have_text("Someone else has taken this conversation.")


async def test_tabs_hold_their_lists_with_counters(hub: FakeHub, console: OpenConsole) -> None:
    busy_day(hub)
    page = await console()
    tabs, rows = page.get_by_role("tab"), page.get_by_role("tabpanel").get_by_role("link")
    await expect(tabs).to_have_text(["Mine13", "Queue2", "Waiting2", "All16", "Closed"])
    await tabs.filter(has_text="Queue").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(["Chen Wei"])
    await tabs.filter(has_text="Waiting").click()
    await expect(rows).to_contain_text(["Liam O'Brien", "Vera Kovač"])
    await tabs.filter(has_text="Closed").click()
    await expect(rows).to_contain_text(["Sofia Costa", "Vera Kovač"])


async def test_rows_do_not_move_under_the_pointer(hub: FakeHub, console: OpenConsole) -> None:
    mine = {"status": "awaiting_customer", "responsible": ME, "participants": [ME]}
    for number, name in ((1, "Ada"), (2, "Ben"), (3, "Cleo")):
        hub.opens(number, name, "Hi", at=NOW - 100 + number, **mine)
    page = await console()
    rows = page.get_by_role("tabpanel").get_by_role("link")
    await expect(rows).to_contain_text(["Cleo", "Ben", "Ada"])
    await rows.nth(1).hover()
    hub.opens(4, "Dora", "Hi", at=NOW - 1, **mine)
    await page.mouse.move(200, 400)
    hub.customer_says(1, "Are you there?")
    await expect(rows).to_contain_text(["Cleo", "Ben", "Are you there?"])
    await page.get_by_role("button", name="1 new").click()
    await expect(rows).to_contain_text(["Ada", "Dora", "Cleo", "Ben"])


async def test_ten_thousand_conversations_draw_a_handful_of_rows(hub: FakeHub, console: OpenConsole) -> None:
    for number in range(1, 10_001):
        hub.opens(number, f"Visitor {number}", at=NOW - number, responsible=ME, participants=[ME], status="accepted")
    page = await console()
    rows = page.get_by_role("tabpanel").get_by_role("link")
    await expect(rows.first).to_contain_text("Visitor 1")
    assert await rows.count() <= 60
    await page.get_by_role("tabpanel").get_by_role("list").locator("xpath=..").evaluate("box => box.scrollTop = 7000")
    await expect(page.get_by_role("tabpanel").get_by_text("Visitor 95", exact=True)).to_be_visible()
    assert await rows.count() <= 60


async def test_one_walks_the_list_by_keyboard_in_any_layout(hub: FakeHub, console: OpenConsole) -> None:
    for number, name in ((1, "Ada"), (2, "Ben")):
        open_one(hub, number, name, at=NOW - number)
    page = await console()
    await expect(list_of(page).get_by_role("link", name="Ben")).to_be_visible()
    await page.keyboard.press("j")
    await expect(title(page, "Ada")).to_be_visible()
    await expect(field(page)).to_be_visible()
    await page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'о', code: 'KeyJ' }))")
    await expect(title(page, "Ben")).to_be_visible()
    await expect(page.get_by_placeholder("Write to Ben…")).to_be_visible()
    await page.keyboard.press("r")
    await page.keyboard.press("j")
    await expect(field(page)).to_have_value("j")
    await page.keyboard.press("Alt+3")
    await expect(page.get_by_role("tab", name="Waiting")).to_have_attribute("aria-selected", "true")
