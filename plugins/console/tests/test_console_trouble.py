"""When the world is not as it should be: lost feeds, refusals, lost conversations, forbidden storage."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from plugins.console.tests.conftest import OpenConsole, carry_session
from plugins.console.tests.console_page import field, list_of, log, open_one, write
from plugins.console.tests.fake_hub import FakeHub
from tests.conftest import OpenPage

pytestmark = pytest.mark.timeout(60)


async def test_what_was_missed_while_the_feed_was_down_is_there_once(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await expect(log(page)).to_contain_text("Hello there")
    await hub.drop_feeds()
    hub.customer_says(5, "Anybody?")
    await hub.until(lambda: hub.feeds == 1)
    await expect(log(page).get_by_text("Anybody?")).to_have_count(1)


async def test_where_the_feed_cannot_tell_what_was_missed_all_is_read_anew(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, 5, "Vera")
    open_one(hub, 6, "Ben")
    page = await console(5)
    await expect(list_of(page).get_by_role("link", name="Ben")).to_be_visible()
    hub.resets = True
    await hub.drop_feeds()
    del hub.conversations[6]
    hub.customer_says(5, "Anybody?")
    await expect(log(page).get_by_text("Anybody?")).to_have_count(1)
    await expect(list_of(page).get_by_role("link", name="Ben")).to_have_count(0)


async def test_a_message_written_while_the_hub_is_away_goes_out_when_it_is_back(
    hub: FakeHub, console: OpenConsole
) -> None:
    open_one(hub)
    page = await console(5)
    await expect(log(page)).to_contain_text("Hello there")
    hub.down = True
    await hub.drop_feeds()
    await expect(page.get_by_text(re.compile("Reconnecting… data from"))).to_be_visible()
    await write(page, "one")
    await write(page, "two")
    await expect(log(page).get_by_text("Will be sent when the connection is back").first).to_be_visible()
    hub.down = False
    await hub.until(lambda: len(hub.did("reply")) == 2, seconds=20)
    assert [body["text"] for body in hub.did("reply")] == ["one", "two"]
    await expect(log(page).get_by_text("one", exact=True)).to_have_count(1)
    await expect(page.get_by_text(re.compile("Reconnecting"))).to_be_hidden()


async def test_a_refused_message_stays_with_its_reason(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    hub.refusals["reply"] = "line_inactive"
    await write(page, "Good morning!")
    await expect(log(page)).to_contain_text("Not delivered: The line is switched off: nothing can be sent.")
    await log(page).get_by_role("button", name="Try again").click()
    await hub.until(lambda: len(hub.did("reply")) == 1)
    await expect(log(page).get_by_text("Good morning!")).to_have_count(1)
    await expect(log(page).get_by_text("Not delivered")).to_have_count(0)


async def test_a_conversation_that_is_lost_while_one_writes_keeps_the_draft(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await field(page).fill("half a thought")
    row = hub.conversations[5]
    hub.loses(5)
    await expect(page.get_by_role("main")).to_contain_text("This conversation is no longer yours")
    hub.conversations[5] = row
    hub.becomes(5)
    await expect(field(page)).to_have_value("half a thought")


async def test_an_address_of_nothing_says_so(console: OpenConsole) -> None:
    page = await console(404)
    await expect(page.get_by_role("main")).to_contain_text("There is no conversation 404.")
    await page.get_by_role("button", name="Back to the list").click()
    assert urlsplit(page.url).path == "/console/"


async def test_a_console_with_storage_forbidden_works(hub: FakeHub, console: OpenConsole, open_page: OpenPage) -> None:
    open_one(hub)
    page = await open_page()
    await page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError') } })"
    )
    address = (await console()).url
    await carry_session(page, address)
    await page.goto(f"{address}conversations/5")
    await write(page, "Good morning!")
    await hub.until(lambda: len(hub.did("reply")) == 1)
