"""The sample shop from the first word to the lead, as a customer and an agent live it in two real browsers.

Given `openlines demo` in a process of its own, a customer on the shop's page and Anna at the console,
when they talk, lose their connections and lose the hub,
then each sees everything the other wrote, once, in order, and nothing that was not meant for them.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.async_api import FilePayload, Page, WebSocket, expect

from tests.conftest import OpenPage, Talk
from tests.hub_process import HubProcess
from tests.shop import Desk, Visitor, lines_in, settles

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def test_from_the_first_word_to_the_lead(demo: HubProcess, new_page: OpenPage) -> None:
    desk = await Desk.sign_in(await new_page(), demo.address)
    visitor = await Visitor.arrive(await new_page(), demo.address)

    # The customer says who they are, and the bot answers with buttons.
    await visitor.introduce("Clara Bianchi", "clara@example.org")
    await visitor.write("Do you send lamps to Italy?")
    await visitor.button("Delivery").click()
    await visitor.button("Italy").click()
    await visitor.sees("Do you send lamps to Italy?", "Where shall we deliver?", "It takes two days and costs 4 euro.")

    # The key 0 brings a person: Anna is told why it is her, and takes it.
    await visitor.write("0")
    await expect(desk.offer).to_contain_text("Clara Bianchi")
    await expect(desk.offer).to_contain_text(re.compile(r"Why you: .*anna"))
    await desk.toasts.get_by_role("button", name="Close").click()
    await expect(desk.page.get_by_text("Choose a conversation")).to_be_visible()  # put away, not opened
    await desk.accept()
    await expect(visitor.log.get_by_text("An agent has joined the chat")).to_be_visible()

    # Both write, and each sees the other at it.
    await desk.composer.press_sequentially("Hello Cla")
    await expect(visitor.chat.get_by_text("Anna Rossi is typing…")).to_be_attached()
    await desk.write("Hello Clara!")
    await visitor.composer.press_sequentially("Two lant")
    await expect(desk.page.get_by_text("Clara Bianchi is writing")).to_be_visible()
    await expect(desk.page.get_by_text("Two lant", exact=True)).to_be_visible()
    await visitor.write("Two lanterns, please")
    await visitor.sees("Hello Clara!", "Two lanterns, please")
    await desk.sees("Do you send lamps to Italy?", "Hello Clara!", "Two lanterns, please")

    # Anna finishes, and the customer rates.
    await desk.button("Finish").click()
    await visitor.button("Good").click()
    await visitor.chat.get_by_role("textbox", name="Would you like to add something?").fill("Anna was quick")
    await visitor.chat.locator(".card").get_by_role("button", name="Send").click()
    await expect(visitor.chat.get_by_text("Thank you for your feedback")).to_be_visible()
    await expect(desk.log.get_by_text(re.compile("The customer’s rating: Good · Anna was quick"))).to_be_visible()

    # A second finish closes it for good: the lead in the CRM has the whole exchange.
    await desk.button("Finish").click()
    await expect(desk.panel.get_by_text("Lead", exact=True)).to_be_visible()
    await expect(desk.panel.get_by_role("link", name="clara@example.org")).to_be_visible()
    await desk.panel.get_by_text("Timeline").click()
    transcript = desk.panel.get_by_role("listitem").filter(has_text="Conversation #1").last
    for said in ("Do you send lamps to Italy?", "Hello Clara!", "Two lanterns, please", "0", "Anna"):
        await expect(transcript).to_contain_text(said)


async def test_files_go_both_ways_and_a_note_goes_no_way(talk: Talk, tmp_path: Path) -> None:
    visitor, desk = await talk()
    told = frames_told(visitor.page)

    await visitor.attach(FilePayload(name="order.txt", mimeType="text/plain", buffer=b"two lanterns"))
    async with desk.page.expect_download() as downloading:
        await desk.log.get_by_role("link", name="order.txt").click()
    download = await downloading.value
    assert download.suggested_filename == "order.txt"
    await download.save_as(tmp_path / "taken.txt")
    assert (tmp_path / "taken.txt").read_bytes() == b"two lanterns"

    await desk.attach(FilePayload(name="lantern.png", mimeType="image/png", buffer=PIXEL))
    picture = visitor.log.get_by_role("img", name="lantern.png")
    await settles(lambda: picture.evaluate("image => image.naturalWidth"), 1)

    # The socket from here on shows all that the customer's browser is told.
    await visitor.page.reload()
    await expect(visitor.log.get_by_role("img", name="lantern.png")).to_be_visible()
    await desk.note("She always haggles")
    await expect(desk.log.get_by_text("She always haggles")).to_be_visible()
    await desk.write("They leave our shop today")
    await visitor.sees("They leave our shop today")
    assert any("They leave our shop today" in frame for frame in told)
    assert not any("haggles" in frame for frame in told)
    await expect(visitor.log.get_by_text("haggles")).to_have_count(0)


async def test_a_closed_laptop_lid_loses_nothing_and_doubles_nothing(talk: Talk) -> None:
    visitor, desk = await talk()
    await visitor.write("before")
    await desk.write("and after?")
    await visitor.sees("before", "and after?")

    all_said = ("before", "and after?", "are you still there?", "hello?", "I was in a tunnel")

    await visitor.page.context.set_offline(True)
    await visitor.write("I was in a tunnel")
    await expect(visitor.log.get_by_text("Sending…")).to_be_visible()
    await desk.write("are you still there?")
    await desk.write("hello?")
    await expect(desk.log.get_by_text("Sent", exact=True)).to_have_count(2)
    assert await lines_in(desk.log, all_said) == ["before", "and after?", "are you still there?", "hello?"]
    assert await lines_in(visitor.log, all_said) == ["before", "and after?", "I was in a tunnel"]
    await visitor.page.context.set_offline(False)

    for _ in ("as they are", "as a new page shows them"):
        await visitor.sees(*all_said)
        await desk.sees(*all_said)
        for page in (visitor.page, desk.page):
            await page.reload()


async def test_a_killed_hub_comes_back_to_both_by_itself(demo: HubProcess, talk: Talk) -> None:
    visitor, desk = await talk()
    await visitor.write("before the fall")
    await desk.sees("before the fall")

    await demo.kill()
    await expect(visitor.chat.get_by_text("No connection.")).to_be_visible()
    await expect(desk.page.get_by_text(re.compile("^Reconnecting…"))).to_be_visible()
    await visitor.write("from below")
    await desk.write("from above")
    await expect(desk.log.get_by_text("Will be sent when the connection is back").first).to_be_visible()
    await demo.start()

    await expect(visitor.chat.get_by_text("No connection.")).to_have_count(0)
    await expect(desk.page.get_by_text(re.compile("^Reconnecting…"))).to_have_count(0)
    for said in ("before the fall", "from below", "from above"):
        for log in (visitor.log, desk.log):
            await expect(log.get_by_text(said, exact=True)).to_have_count(1)
    # Which of the two came through first is chance; both must see the same order, now and after a reload.
    order = [line for line in (await desk.log.inner_text()).splitlines() if line in ("from below", "from above")]
    for page in (visitor.page, desk.page):
        await page.reload()
    await visitor.sees("before the fall", *order)
    await desk.sees("before the fall", *order)


HOSTILE_NAME = "<img src=x onerror=alert(0)>"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "[click](javascript:alert(3)) javascript:alert(4)",
    "</p></div><svg onload=alert(5)>",
    "{{constructor.constructor('alert(6)')()}} ${alert(7)}",
)


async def test_hostile_words_stay_words(talk: Talk) -> None:
    visitor, desk = await talk(name=HOSTILE_NAME)
    for text in HOSTILE:
        await visitor.write(text)
    await desk.sees(*HOSTILE)
    await desk.note(HOSTILE[0])
    for text in HOSTILE:
        await desk.write(text)
    await expect(visitor.log.locator(".theirs").get_by_text(HOSTILE[-1])).to_be_visible()
    hostile_file = FilePayload(name='"><img src=x onerror=alert(8)>.html', mimeType="text/html", buffer=b"<script>")
    await visitor.attach(hostile_file)
    await desk.attach(hostile_file)
    await expect(visitor.log.get_by_role("link", name="onerror")).to_have_count(2)
    await expect(desk.log.get_by_role("link", name="onerror")).to_have_count(2)
    await expect(desk.page.get_by_role("heading", name=HOSTILE_NAME).first).to_be_visible()

    widget = visitor.page.frames[-1]
    for document in (widget, desk.page.main_frame):
        assert await document.locator('a[href^="javascript:" i], img[src="x"], [onerror], [onload]').count() == 0
        assert await document.locator("script:not([src]):not([type='application/json'])").count() == 0


async def test_a_page_that_somebody_sends_is_a_download_and_never_a_page_of_ours(talk: Talk) -> None:
    visitor, desk = await talk()
    page = FilePayload(name="page.html", mimeType="text/html", buffer=b"<script>alert(document.cookie)</script>")
    picture = FilePayload(name="p.svg", mimeType="image/svg+xml", buffer=b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    await visitor.attach(page, picture)
    for name in ("page.html", "p.svg"):
        link = desk.log.get_by_role("link", name=name)
        address = await link.get_attribute("href")
        answer = await desk.page.request.get(f"{desk.page.url.partition('/console')[0]}{address}")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"].startswith("application/octet-stream")
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_hebrew_and_turned_letters_disturb_nobody(talk: Talk) -> None:
    visitor, desk = await talk(name="דנה \u202egnp.exe")
    await visitor.write("שלום, יש לכם מנורות?")
    await desk.write("مرحبا")
    for log, text in ((desk.log, "שלום, יש לכם מנורות?"), (visitor.log, "مرحبا")):
        said = log.get_by_text(text, exact=True)
        await expect(said).to_be_visible()
        assert await said.evaluate(RUNS_FROM_THE_RIGHT), f"{text} does not begin at the right"
    # An override in a name turns nothing around it.
    heading = desk.page.get_by_role("heading", name="דנה").first
    assert await heading.evaluate("node => getComputedStyle(node).unicodeBidi") in ("isolate", "plaintext")


RUNS_FROM_THE_RIGHT = """node => {
  const style = getComputedStyle(node)
  return style.direction === 'rtl' || style.unicodeBidi === 'plaintext'
}"""


def frames_told(page: Page) -> list[str]:
    """What this browser is told over sockets that open from now on."""
    told: list[str] = []

    def note(frame: str | bytes) -> None:
        told.append(frame if isinstance(frame, str) else frame.decode())

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", note)

    page.on("websocket", listen)
    return told
