"""The console in a browser: an agent's day, told step by step, against a hub of cardboard."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from plugins.console.tests.conftest import OpenConsole, carry_session
from plugins.console.tests.fake_hub import ME, NOW, PASSWORD, FakeHub
from plugins.console.tests.world import busy_day
from tests.conftest import Axe, OpenPage

pytestmark = pytest.mark.timeout(60)


def log(page: Page) -> Locator:
    return page.get_by_role("log")


def field(page: Page) -> Locator:
    return page.locator("#composer")


def list_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversations")


async def write(page: Page, text: str) -> None:
    await field(page).fill(text)
    await field(page).press("Enter")


def open_one(hub: FakeHub, number: int = 5, name: str = "Vera", **fields: object) -> None:
    mine = {"status": "awaiting_agent", "responsible": ME, "participants": [ME]}
    hub.opens(number, name, "Hello there", **mine | fields)


# -- signing in -----------------------------------------------------------------------------------------------------


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
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_label("E-mail")).to_be_visible()
    assert not hub.signed_in


async def test_a_session_that_ended_elsewhere_leads_back_to_the_sign_in(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console()
    await expect(list_of(page).get_by_role("link", name="Vera")).to_be_visible()
    hub.signed_in = False
    await list_of(page).get_by_role("link", name="Vera").click()
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()


# -- the list -------------------------------------------------------------------------------------------------------


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
    await expect(page.get_by_role("heading", name="Ada")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'о', code: 'KeyJ' }))")
    await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
    await field(page).press("j")
    await expect(field(page)).to_have_value("j")
    await page.keyboard.press("Alt+3")
    await expect(page.get_by_role("tab", name="Waiting")).to_have_attribute("aria-selected", "true")


# -- the thread -----------------------------------------------------------------------------------------------------


async def test_a_thread_tells_everything_that_happened(hub: FakeHub, console: OpenConsole) -> None:
    busy_day(hub)
    page = await console(17)
    for words in (
        "do you deliver to Zagreb?",  # the conversation before
        "Conversation 17",
        "Automatic text",
        "Handed over from the bot to people",
        "Not sent: an agent had taken over",
        "Only staff",
        "Not delivered: the customer's mailbox is full",
        "Anna Larsen invited Boris Nikolov",
    ):
        await expect(log(page).get_by_text(words).first).to_be_visible()
    await expect(log(page).get_by_role("link", name="https://example.org/calendar")).to_have_attribute(
        "rel", "noopener noreferrer ugc"
    )
    await expect(log(page).get_by_role("img", name="scratch.svg")).to_be_visible()
    await log(page).get_by_role("button", name="1 more").first.click()
    await expect(log(page).get_by_text("anna: idle longest, 312 s; carla skipped: on leave")).to_be_visible()


async def test_a_failed_message_is_sent_again(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    sent = hub.says(5, "On its way")
    hub.delivers(5, sent.body["id"], "failed", reason="the chat is gone")
    page = await console(5)
    await expect(log(page)).to_contain_text("Not delivered: the chat is gone")
    await log(page).get_by_role("button", name="Send again").click()
    await hub.until(lambda: hub.did("resend") == [{"message": sent.body["id"]}])
    await expect(log(page).get_by_text("Not delivered")).to_have_count(0)


async def test_what_is_written_goes_to_the_customer_once(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await write(page, "Good morning!")
    await hub.until(lambda: bool(hub.did("reply")))
    await expect(field(page)).to_have_value("")
    await expect(log(page).get_by_text("Good morning!")).to_have_count(1)
    await expect(log(page).get_by_role("article").last.get_by_text("Sent")).to_be_attached()
    assert hub.did("reply") == [{"text": "Good morning!", "files": [], "mentions": []}]


async def test_shift_enter_starts_a_line_and_ctrl_enter_sends_where_that_is_chosen(
    hub: FakeHub, console: OpenConsole
) -> None:
    open_one(hub)
    page = await console(5)
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_text("Ctrl + Enter", exact=True).click()
    await page.keyboard.press("Escape")
    await field(page).fill("one")
    await field(page).press("Enter")
    await page.keyboard.type("two")
    await expect(field(page)).to_have_value("one\ntwo")
    await field(page).press("Control+Enter")
    await hub.until(lambda: [body["text"] for body in hub.did("reply")] == ["one\ntwo"])


async def test_a_note_looks_unlike_a_reply_and_mentions_colleagues(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await field(page).fill("for the customer")
    await page.keyboard.press("Alt+n")
    await expect(page.get_by_role("radio", name="Note")).to_be_checked()
    await expect(page.get_by_role("button", name="Add note")).to_be_visible()
    await field(page).press_sequentially("see this @bor")
    await expect(page.get_by_role("option", name="Boris Nikolov")).to_be_visible()
    await field(page).press("Enter")
    await expect(field(page)).to_have_value("see this @Boris Nikolov ")
    await field(page).press("Enter")
    await hub.until(lambda: bool(hub.did("note")))
    assert hub.did("note") == [{"text": "see this @Boris Nikolov", "files": [], "mentions": ["boris"]}]
    assert hub.did("reply") == []
    await expect(log(page).get_by_role("article", name="Only staff: Anna Larsen")).to_be_visible()
    await expect(page.get_by_role("radio", name="Reply")).to_be_checked()
    await expect(field(page)).to_have_value("for the customer")


async def test_drafts_stay_with_their_conversation_and_outlive_the_page(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, 5, "Vera")
    open_one(hub, 6, "Ben")
    page = await console(5)
    await field(page).fill("half a thought")
    await list_of(page).get_by_role("link", name="Ben").click()
    await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
    await expect(field(page)).to_have_value("")
    await list_of(page).get_by_role("link", name="Vera").click()
    await expect(field(page)).to_have_value("half a thought")
    await page.reload()
    await expect(field(page)).to_have_value("half a thought")


CARRIED = """const carried = new DataTransfer()
carried.items.add(new File(['x'], name, { type: 'image/png' }))"""
PASTE = f"""(field, name) => {{ {CARRIED}
field.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: carried, bubbles: true, cancelable: true }})) }}"""
DROP = f"""(log, name) => {{ {CARRIED}
for (const type of ['dragenter', 'dragover', 'drop'])
  log.dispatchEvent(new DragEvent(type, {{ dataTransfer: carried, bubbles: true, cancelable: true }})) }}"""


async def test_files_are_attached_pasted_and_dropped(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    bill = FilePayload(name="bill.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 one")
    await page.locator("input[type=file]").set_input_files([bill])
    await expect(page.get_by_role("button", name="Remove bill.pdf")).to_be_visible()
    await field(page).evaluate(PASTE, "shot.png")
    await log(page).evaluate(DROP, "plan.png")
    for name in ("shot.png", "plan.png"):
        await expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    await page.get_by_role("button", name="Remove shot.png").click()
    await write(page, "Here they are")
    await hub.until(lambda: bool(hub.did("reply")))
    sent = [hub.files[each][0].name for each in hub.did("reply")[0]["files"]]
    assert sent == ["bill.pdf", "plan.png"]
    await expect(log(page).get_by_role("link", name="File bill.pdf")).to_have_attribute("download", "bill.pdf")


async def test_the_customers_draft_and_a_writing_colleague_are_seen(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await expect(log(page)).to_contain_text("Hello there")
    hub.types(5, "I would li")
    await expect(page.get_by_text("I would li")).to_be_visible()
    await expect(list_of(page).get_by_text("typing…")).to_be_visible()
    hub.types(5, by={"kind": "agent", "id": "boris", "name": "Boris Nikolov"})
    await expect(page.get_by_text("Boris Nikolov is writing too")).to_be_visible()
    hub.customer_says(5, "I would like a chair")
    await expect(page.get_by_text("I would li", exact=True)).to_have_count(0)


async def test_the_hub_hears_that_the_agent_types_but_not_with_every_letter(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    page = await console(5)
    await field(page).press_sequentially("Good morning")
    await write(page, "Good morning")
    await hub.until(lambda: bool(hub.did("reply")))
    assert hub.heard == [{"op": "typing", "conversation": 5}]


async def test_earlier_pages_come_upward_and_the_reader_stays_in_place(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    for n in range(1, 121):
        hub.customer_says(5, f"line {n}", at=NOW - 5000 + n * 20)
    page = await console(5)
    await expect(log(page).get_by_text("line 120", exact=True)).to_be_in_viewport()
    assert await log(page).get_by_role("article").count() == 50
    box = page.get_by_role("region", name="Messages")
    marked = log(page).get_by_text("line 75", exact=True)
    await marked.scroll_into_view_if_needed()
    await box.evaluate("box => box.scrollTop = 200")
    await expect(log(page).get_by_text("line 25", exact=True)).to_be_attached()
    await expect(marked).to_be_in_viewport()
    hub.customer_says(5, "and one more")
    await page.get_by_role("button", name="Latest · 1 new").click()
    await expect(log(page).get_by_text("and one more")).to_be_in_viewport()
    await expect(page.get_by_role("button", name="Latest")).to_have_count(0)


async def test_markup_in_messages_stays_text(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub, name="<b>Vera</b>")
    hub.customer_says(5, "<img src=x onerror=alert(1)> javascript:alert(1)")
    page = await console(5)
    await expect(log(page).get_by_text("<img src=x onerror=alert(1)> javascript:alert(1)")).to_be_visible()
    await expect(page.get_by_role("heading", name="<b>Vera</b>").first).to_be_visible()
    assert await log(page).locator("a, img").count() == 0


# -- what staff can do ----------------------------------------------------------------------------------------------


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
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.locator("body").click()
    await page.keyboard.press("Alt+s")
    await dialog.get_by_role("button", name="Mark as spam").click()
    await hub.until(lambda: hub.did("spam") == [{}])


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
    await dialog.get_by_role("radio", name="4 points").check(force=True)
    await dialog.get_by_label("Comment for the agent").fill("Well explained")
    await dialog.get_by_role("button", name="Rate", exact=True).click()
    await hub.until(lambda: hub.did("rate") == [{"score": 4, "comment": "Well explained"}])
    await expect(log(page)).to_contain_text("Anna Larsen rated the work: 4 / 5 · Well explained")


async def test_presence_is_switched_off_and_stays_off(hub: FakeHub, console: OpenConsole) -> None:
    page = await console()
    await page.get_by_role("button", name="Your account").click()
    await page.get_by_text("Taking conversations").click()
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


# -- when the world is not as it should be --------------------------------------------------------------------------


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


# -- for everybody --------------------------------------------------------------------------------------------------


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
    await expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
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
    await expect(page.get_by_role("heading", name="Ben")).to_be_visible()
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
