"""The thread and the composer: what is told, what is written, what is kept."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from plugins.console.tests.conftest import OpenConsole
from plugins.console.tests.console_page import field, list_of, log, open_one, title, write
from plugins.console.tests.fake_hub import NOW, FakeHub
from plugins.console.tests.world import busy_day
from tests.conftest import Axe

pytestmark = pytest.mark.timeout(60)


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
    handed_over = log(page).get_by_role("paragraph").filter(has_text="Handed over from the bot")
    await handed_over.get_by_role("button", name="1 more").click()
    await expect(log(page).get_by_text("anna: idle longest, 312 s; carla skipped: on leave")).to_be_visible()


async def test_a_form_is_shown_as_the_questions_it_asks(hub: FakeHub, console: OpenConsole, axe: Axe) -> None:
    open_one(hub)
    fields = [
        {"name": "email", "type": "email", "required": True},
        {"name": "arrival", "label": "When do you arrive?", "type": "date"},
        {"name": "notes", "label": "<b>Anything else?</b>"},
    ]
    content = {"text": "Tell us about your stay", "fields": fields}
    form = {"author": {"kind": "auto"}, "content": content, "kind": "form", "automatic": "form"}
    hub.tell(5, "Message", form, numbered=True)
    page = await console(5)
    questions = log(page).get_by_role("list", name="What the form asks for")
    await expect(questions.get_by_role("listitem")).to_have_text(
        ["E-mailrequired", "When do you arrive?date", "<b>Anything else?</b>"]
    )
    await expect(log(page).get_by_text("Tell us about your stay")).to_be_visible()
    assert await axe(page) == []


async def test_what_came_while_the_line_was_off_is_read_as_such(hub: FakeHub, console: OpenConsole) -> None:
    open_one(hub)
    author = {"kind": "customer", "name": "Vera"}
    hub.tell(5, "Held", {"author": author, "content": {"text": "Anybody there?"}, "line": "shop"}, numbered=True)
    page = await console(5)
    held = log(page).get_by_role("article").filter(has_text="Anybody there?")
    await expect(held).to_contain_text("Came while the line was off")


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
    await expect(title(page, "Ben")).to_be_visible()
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
    marked = log(page).get_by_text("line 73", exact=True)
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
    await expect(title(page, "<b>Vera</b>")).to_be_visible()
    assert await log(page).locator("a, img").count() == 0
