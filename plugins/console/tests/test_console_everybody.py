"""For everybody: no barriers, phones, languages, keyboards, calls for attention."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from plugins.console.tests.conftest import OpenConsole
from plugins.console.tests.console_page import field, list_of, open_one, title
from plugins.console.tests.fake_hub import FakeHub
from plugins.console.tests.world import busy_day
from tests.conftest import Axe, OpenPage

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_stands_in_the_way_of_people_who_cannot_see_or_point(
    hub: FakeHub, console: OpenConsole, axe: Axe, scheme: str
) -> None:
    busy_day(hub)
    page = await console(17, color_scheme=scheme, reduced_motion="reduce")
    await expect(page.get_by_role("complementary")).to_contain_text("Two walnut chairs")
    assert await axe(page) == []
    await page.keyboard.press("Alt+n")
    await field(page).press_sequentially("@")
    await expect(page.get_by_role("option").first).to_be_visible()
    assert await axe(page) == []
    await field(page).fill("")
    await page.get_by_role("button", name="Transfer", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await axe(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.get_by_role("button", name="Your account").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert await axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_sign_in_is_for_everybody(address: str, open_page: OpenPage, axe: Axe, scheme: str) -> None:
    page = await open_page(color_scheme=scheme)
    await page.goto(address)
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert await axe(page) == []


async def test_a_phone_shows_one_pane_at_a_time(hub: FakeHub, console: OpenConsole, axe: Axe) -> None:
    busy_day(hub)
    page = await console(width=390, height=844, has_touch=True, is_mobile=True)
    assert await axe(page) == []
    await list_of(page).get_by_role("link", name="Vera Kovač").tap()
    await expect(field(page)).to_be_visible()
    await expect(page.get_by_role("tablist")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await axe(page) == []
    await page.get_by_role("button", name="More actions").tap()
    await page.get_by_role("menuitem", name="Transfer").tap()
    await page.get_by_role("dialog").get_by_role("button", name="Close").tap()
    await page.get_by_role("button", name="Customer details").tap()
    await expect(page.get_by_role("dialog").get_by_text("Two walnut chairs")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Close").first.tap()
    await page.get_by_role("button", name="Back to the list").tap()
    await expect(page.get_by_role("tablist")).to_be_visible()


async def test_the_console_speaks_russian(hub: FakeHub, console: OpenConsole) -> None:
    busy_day(hub)
    page = await console(17)
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_text("Русский").click()
    await expect(page.get_by_role("tab").first).to_have_text("Мои13")
    await expect(page.get_by_role("complementary", name="Клиент")).to_contain_text("4 обращения")
    assert await page.evaluate("document.documentElement.lang") == "ru"


async def test_the_help_lists_every_shortcut(console: OpenConsole) -> None:
    page = await console()
    await page.locator("body").click()
    await page.keyboard.press("Shift+Slash")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog.get_by_text("Next conversation")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_a_notice_and_a_message_elsewhere_call_for_attention(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, 5, "Vera")
    open_one(hub, 6, "Ben")
    page = await console(5)
    await expect(list_of(page).get_by_role("link", name="Ben")).to_be_visible()
    hub.customer_says(6, "Are you there?")
    toast = page.get_by_role("alert").filter(has_text="Ben: Are you there?")
    await toast.click()
    await expect(title(page, "Ben")).to_be_visible()
    hub.notice("Rated: good", 5)
    await expect(page.get_by_role("alert").filter(has_text="Rated: good")).to_be_visible()


async def test_a_colleagues_presence_is_seen_at_once(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="Transfer", exact=True).click()
    boris = page.get_by_role("dialog").get_by_role("button", name="Boris Nikolov")
    await expect(boris).to_contain_text("available")
    hub.available("boris", False, "on a break")
    await expect(boris).to_contain_text("on a break")
