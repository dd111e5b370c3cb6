"""What staff do to a conversation, and what they see beside it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from plugins.console.tests.conftest import OpenConsole
from plugins.console.tests.console_page import field, list_of, log, open_one
from plugins.console.tests.fake_hub import NOW, FakeHub
from plugins.console.tests.world import busy_day

pytestmark = pytest.mark.timeout(60)


async def test_a_conversation_is_handed_to_a_colleague_or_a_line(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="Transfer", exact=True).click()
    dialog = page.get_by_role("dialog", name="Transfer the conversation")
    await expect(dialog.get_by_role("button", name="Carla Mendes")).to_contain_text("on leave")
    await dialog.get_by_role("textbox").fill("supp")
    await expect(dialog.get_by_role("button", name="Boris")).to_have_count(0)
    await dialog.get_by_role("textbox").press("Enter")
    await hub.until(lambda: hub.did("transfer") == [{"to": "line:support"}])
    await expect(dialog).to_be_hidden()


async def test_a_colleague_is_invited(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_role("dialog").get_by_role("button", name="Boris Nikolov").click()
    await hub.until(lambda: hub.did("invite") == [{"agent": "boris"}])


async def test_finishing_is_one_click_or_two_where_the_line_asks(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    hub.refusals["finish"] = "confirmation_required"
    await page.get_by_role("button", name="Finish", exact=True).click()
    dialog = page.get_by_role("dialog", name="Finish the conversation?")
    await dialog.get_by_role("button", name="Not solved").click()
    await hub.until(lambda: hub.did("finish") == [{"solved": False, "confirmed": True}])
    await expect(page.get_by_role("main")).to_contain_text("Closed")
    await expect(page.get_by_text("Closed: a reply opens a new conversation.")).to_be_visible()


async def test_sending_and_finishing_is_one_stroke(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await field(page).fill("Glad to help!")
    await field(page).press("Control+Shift+Enter")
    await hub.until(lambda: bool(hub.did("finish")))
    assert [verb for verb, _, _ in hub.asked] == ["reply", "finish"]


async def test_spam_is_asked_about_first(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Mark as spam").click()
    dialog = page.get_by_role("dialog", name="Mark as spam?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    assert hub.did("spam") == []
    await page.keyboard.press("Alt+s")
    await dialog.get_by_role("button", name="Mark as spam").click()
    await hub.until(lambda: hub.did("spam") == [{}])


async def test_a_refused_consent_is_asked_about_first(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Consent is refused").click()
    dialog = page.get_by_role("dialog", name="Does the customer refuse consent?")
    await expect(dialog).to_contain_text("What was captured of Vera")
    assert hub.did("refuse_consent") == []
    await dialog.get_by_role("button", name="Consent is refused").click()
    await hub.until(lambda: hub.did("refuse_consent") == [{}])
    await expect(log(page).get_by_text("Consent refused (Anna Larsen)")).to_be_visible()


async def test_the_customer_is_saved_to_the_crm_by_hand(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Save to the CRM").click()
    await hub.until(lambda: hub.did("save_to_crm") == [{}])
    await expect(log(page).get_by_text("Recorded in the CRM")).to_be_visible()


async def test_the_rest_is_in_the_menu_as_far_as_the_hub_allows(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, 5, "Vera")
    open_one(hub, 6, "Ben", responsible="boris", participants=["boris"])
    page = await console(5)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Pin to me").click()
    await hub.until(lambda: hub.did("pin") == [{"on": True}])
    await expect(list_of(page).get_by_role("link", name="Vera").get_by_title("Pinned")).to_be_visible()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Return to the queue").click()
    await hub.until(lambda: hub.did("return") == [{}])
    await page.get_by_role("tab", name="All").click()
    await list_of(page).get_by_role("link", name="Ben").click()
    await page.get_by_role("button", name="Take over").click()
    await hub.until(lambda: hub.did("intercept") == [{}])
    await expect(page.get_by_role("radio", name="Reply")).to_have_count(0)


async def test_a_supervisor_rates_the_work(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, status="closed", closed_at=NOW)
    page = await console(5)
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Rate the work").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("radio", name="4 points").press("Space")
    await dialog.get_by_label("Comment for the agent").fill("Well explained")
    await dialog.get_by_role("button", name="Rate", exact=True).click()
    await hub.until(lambda: hub.did("rate") == [{"score": 4, "comment": "Well explained"}])
    await expect(log(page)).to_contain_text("Anna Larsen rated the work: 4 / 5 · Well explained")


async def test_presence_is_switched_off_and_stays_off(hub: FakeHub, console: OpenConsole) -> None:
    page = await console()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_role("switch", name="Taking conversations").click()
    await hub.until(lambda: hub.state == "offline")
    await page.reload()
    await expect(page.get_by_role("button", name="Your account: Anna Larsen, Offline")).to_be_visible()
    await expect(page.get_by_text("You are offline: switch to online")).to_be_visible()


async def test_the_panel_shows_the_customer_and_what_the_crm_knows(hub: FakeHub, console: OpenConsole) -> None:
    busy_day(hub)
    page = await console(17)
    panel = page.get_by_role("complementary", name="Customer")
    await expect(panel).to_contain_text("4 conversations")
    await expect(panel.get_by_role("link", name="+385 91 234 5678")).to_have_attribute("href", "tel:+385 91 234 5678")
    await expect(panel).to_contain_text("Studio Kovač")
    await expect(panel).to_contain_text("Two walnut chairs")
    await panel.get_by_text("Timeline").click()
    await expect(panel.get_by_text("Moved to Negotiation by Anna")).to_be_visible()
    await page.get_by_role("button", name="Customer details").click()
    await expect(panel).to_be_hidden()


async def test_the_panel_tells_how_soon_the_customer_was_answered(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, first_response=42, average_response=125, total_response=3850, longest_response=3725, late=True)
    page = await console(5)
    panel = page.get_by_role("complementary", name="Customer")
    for fact in ("First response42 s", "Average response2 min 5 s", "Longest response1 h 2 min", "Response norm Late"):
        await expect(panel).to_contain_text(fact)
    hub.becomes(5, late=False, first_response=0)
    await expect(panel).not_to_contain_text("Response norm")
    await expect(panel).not_to_contain_text("First response")


async def test_a_crm_that_is_down_leaves_the_rest_of_the_panel(hub: FakeHub, console: OpenConsole) -> None:
    busy_day(hub)
    hub.crm_down = True
    page = await console(17)
    panel = page.get_by_role("complementary", name="Customer")
    await expect(panel).to_contain_text("The CRM did not answer.")
    await expect(panel).to_contain_text("vera@example.org")
    hub.crm_down = False
    await panel.get_by_role("button", name="Try again").click()
    await expect(panel).to_contain_text("Two walnut chairs")
