"""The window in a real browser, on a site of another origin that allows as little as a site can."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from openlines.api import Author, Button, Content, Outgoing, Sender
from openlines.testing import MemoryLink
from openlines_livechat import LiveChat, LiveChatSettings
from openlines_livechat.connector import LiveChatChannel
from playwright.async_api import async_playwright, expect

ANNA = Author(kind="agent", id="anna", name="Anna Rossi", title="Sales")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--no-proxy-server"]
HOSTILE = "* { all: unset !important; display: block !important; font-size: 40px !important }"
"""A site's style that would ruin whatever it reached."""


@dataclass
class Hub:
    """A hub on a port of its own that can go away and come back."""

    link: MemoryLink
    chat: LiveChat
    channel: LiveChatChannel
    runner: web.AppRunner | None = None
    port: int = 0
    sockets: bool = True
    """Whether what stands before it lets WebSockets through."""

    async def start(self) -> None:
        app = web.Application()
        for route in self.chat.pages(self.link):
            if route.path == "/socket" and not self.sockets:
                continue
            app.router.add_route(route.method, "/chat/site" + route.path, route.handler)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        await self.chat.room.close(1012, "the hub restarts")
        await self.runner.cleanup()


@asynccontextmanager
async def hub(folder: Path, *, sockets: bool = True, **settings):
    async with MemoryLink(folder, id="site", title="Sample shop") as link:
        chat = LiveChat(LiveChatSettings(**settings))
        async with chat.open(link) as channel:
            one = Hub(link, chat, channel, sockets=sockets)
            await one.start()
            try:
                yield one
            finally:
                await one.stop()


@asynccontextmanager
async def shop(hub: Hub, style: str = "", **html: str):
    """A site that embeds the chat, at `localhost`: another origin than the hub's `127.0.0.1`."""
    origin = f"http://127.0.0.1:{hub.port}"

    async def index(_: web.Request) -> web.Response:
        attributes = " ".join(f'{name}="{value}"' for name, value in {"lang": "en", **html}.items())
        text = f"<!doctype html><html {attributes}><head><title>Tea</title><style>{style}</style></head><body>"
        text += f'<main><h1>Tea</h1></main><script async src="{origin}/chat/site/loader.js"></script></body></html>'
        policy = f"default-src 'none'; script-src {origin}; frame-src {origin}; style-src 'unsafe-inline'"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/", index)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost", 0).start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def chromium():
    services = Path(__file__).resolve().parents[4] / "tests" / "services.py"
    spec = importlib.util.spec_from_file_location("services_for_livechat", services)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.find_chromium()


@pytest.fixture
async def open_page(chromium):
    """Opens pages; the test fails at its end if one of them raised an error or complained."""
    faults: list[str] = []
    async with async_playwright() as playwright:
        env = {**os.environ, **chromium.env}
        browser = await playwright.chromium.launch(executable_path=chromium.path, args=FLAGS, env=env)

        async def opened(address: str, init: str = "", **options):
            context = await browser.new_context(reduced_motion="reduce", **options)
            if init:
                await context.add_init_script(init)
            page = await context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
            await page.goto(address)
            return page

        opened.faults = faults
        yield opened
        await browser.close()
    assert not faults, "\n".join(faults)


def window(page):
    return page.frame_locator("openlines-chat iframe")


async def opens(page):
    await page.locator("openlines-chat button").click()
    return window(page)


async def writes(page, text: str) -> None:
    area = window(page).get_by_role("textbox", name="Write a message")
    await area.fill(text)
    await area.press("Enter")


async def chat_of_the_only_visitor(hub: Hub) -> str:
    (chat,) = {fact.chat for fact in hub.link.received}
    return chat


async def faults_of(page) -> list[str]:
    package = importlib.util.find_spec("axe_playwright_python")
    script = (Path(package.origin).parent / "axe.min.js").read_text()
    frame = page.frames[1]
    await frame.evaluate(script)
    found = await frame.evaluate("only => axe.run(document, { runOnly: only })", WCAG)
    return [
        f"{fault['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def test_a_visitor_writes_reads_and_comes_back(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here, HOSTILE) as address:
        page = await open_page(address)
        chat = await opens(page)
        await writes(page, "Do you have tea?")
        await expect(chat.get_by_text("Do you have tea?")).to_be_visible()
        await expect(chat.get_by_text("Sent")).to_be_visible()
        assert here.link.texts() == ["Do you have tea?"]

        visitor = await chat_of_the_only_visitor(here)
        typing = Outgoing("1", visitor, 1, Content(), Sender(kind="agent", name="Anna Rossi"), "typing")
        await here.channel.send(typing)
        await expect(chat.get_by_role("status").filter(has_text="Anna Rossi is typing")).to_be_attached()
        question = Content(text="Which **one**?", buttons=(Button("Green"), Button("Black", "black tea")))
        await here.link.say(visitor, question, author=ANNA)
        await expect(chat.get_by_role("heading", name="Anna Rossi")).to_be_visible()
        await chat.get_by_role("button", name="Black").click()
        await expect(chat.get_by_text("black tea")).to_be_visible()
        await expect(chat.get_by_role("button", name="Green")).to_be_hidden()

        await page.reload()
        chat = window(page)  # it was open, so it is open again
        await expect(chat.get_by_text("Do you have tea?")).to_be_visible()
        assert here.link.texts() == ["Do you have tea?", "black tea"]


async def test_what_is_written_while_the_hub_is_away_arrives_once(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await writes(page, "before")
        await expect(chat.get_by_text("Sent")).to_be_visible()
        await here.stop()
        await expect(chat.get_by_text("No connection")).to_be_visible()
        await writes(page, "meanwhile")
        await expect(chat.get_by_text("Sending")).to_be_visible()
        await here.start()
        await page.evaluate("dispatchEvent(new Event('online'))")
        await page.frames[1].evaluate("dispatchEvent(new Event('online'))")
        await expect(chat.get_by_text("Sent")).to_be_visible(timeout=15_000)
        assert here.link.texts() == ["before", "meanwhile"]
        assert await chat.get_by_text("meanwhile").count() == 1
        # the browser itself complains of the refused connections
        open_page.faults[:] = [fault for fault in open_page.faults if "WebSocket" not in fault]


async def test_where_no_websocket_gets_through_the_chat_goes_by_requests(tmp_path, open_page):
    async with hub(tmp_path, sockets=False) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await writes(page, "Hello")
        await expect(chat.get_by_text("Sent")).to_be_visible(timeout=15_000)
        await here.link.say(await chat_of_the_only_visitor(here), "Good morning!", author=ANNA)
        await expect(chat.get_by_text("Good morning!")).to_be_visible()
        assert here.link.texts() == ["Hello"]
        open_page.faults[:] = [fault for fault in open_page.faults if "WebSocket" not in fault]


async def test_unread_answers_show_on_the_launcher(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address)
        await opens(page)
        await writes(page, "Hello")
        await expect(window(page).get_by_text("Sent")).to_be_visible()
        await page.keyboard.press("Escape")
        launcher = page.locator("openlines-chat button")
        await expect(launcher).to_have_attribute("aria-expanded", "false")
        assert await page.evaluate("document.activeElement.shadowRoot.activeElement.tagName") == "BUTTON"
        visitor = await chat_of_the_only_visitor(here)
        await here.link.say(visitor, "one", author=ANNA)
        await here.link.say(visitor, "two", author=ANNA)
        await expect(launcher).to_have_accessible_name("Sample shop, 2 new messages")
        await launcher.click()
        await expect(launcher).to_have_accessible_name("Sample shop")


async def test_what_somebody_writes_is_shown_and_never_run(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await writes(page, "<img src=x onerror=alert(1)>")
        await expect(chat.get_by_text("<img src=x")).to_be_visible()
        visitor = await chat_of_the_only_visitor(here)
        await here.link.say(
            visitor, "<script>alert(1)</script> [press](javascript:alert(1)) https://a.example", author=ANNA
        )
        await expect(chat.get_by_text("[press](javascript:alert(1))")).to_be_visible()
        (link,) = await chat.get_by_role("link").all()
        assert await link.get_attribute("href") == "https://a.example"
        assert await link.get_attribute("rel") == "noopener noreferrer ugc"


async def test_a_browser_that_forbids_storage_can_chat(tmp_path, open_page):
    forbid = "for (const area of ['localStorage', 'sessionStorage']) Object.defineProperty(window, area, { get() {"
    forbid += " throw new DOMException('no', 'SecurityError') } })"
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address, init=forbid)
        chat = await opens(page)
        await writes(page, "Hello")
        await expect(chat.get_by_text("Sent")).to_be_visible()
        assert here.link.texts() == ["Hello"]


async def test_files_are_sent_by_button_and_by_paste(tmp_path, open_page):
    async with hub(tmp_path, max_file=10_000) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await chat.locator("input[type=file]").set_input_files(
            [
                {"name": "prices.txt", "mimeType": "text/plain", "buffer": b"100 EUR"},
                {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"x" * 10_001},
            ]
        )
        await expect(chat.get_by_text("The file is too large: 10 kB at most")).to_be_visible()
        async with page.expect_download() as download:
            await chat.get_by_role("link", name="prices.txt").click()
        kept = await (await download.value).path()
        assert await asyncio.to_thread(kept.read_bytes) == b"100 EUR"
        await chat.get_by_role("button", name="Remove").click()
        await expect(chat.get_by_text("film.mp4")).to_be_hidden()
        await chat.get_by_role("textbox", name="Write a message").evaluate(
            """area => {
                const data = new DataTransfer()
                data.items.add(new File(['pasted'], 'note.txt', { type: 'text/plain' }))
                area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
            }"""
        )
        await expect(chat.get_by_role("link", name="note.txt")).to_be_visible()
    assert [fact.content.files[0].name for fact in here.link.received] == ["prices.txt", "note.txt"]


async def test_the_form_comes_first_where_the_channel_says_so(tmp_path, open_page):
    form = ["name", {"name": "email", "required": True}]
    async with hub(tmp_path, form=form, form_first=True) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await chat.get_by_label("Name").fill("Ivan")
        await chat.get_by_label("E-mail").fill("nonsense")
        await chat.get_by_role("button", name="Start the chat").click()
        email = chat.get_by_label("E-mail")
        await expect(email).to_be_focused()
        await expect(email).to_have_accessible_description("Please check the e-mail address")
        assert await faults_of(page) == []
        await email.fill("ivan@mail.example")
        await chat.get_by_role("button", name="Start the chat").click()
        await expect(chat.get_by_role("textbox", name="Write a message")).to_be_visible()
        (filled,) = here.link.received
        assert filled.fields == {"name": "Ivan", "email": "ivan@mail.example"}


async def test_a_rating_is_given_with_a_button_and_a_comment(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address)
        chat = await opens(page)
        await writes(page, "Bye")
        await expect(chat.get_by_text("Sent")).to_be_visible()
        visitor = await chat_of_the_only_visitor(here)
        await here.link.say(visitor, "How was our help?", author=Author(kind="auto"), kind="rating_request")
        await chat.get_by_role("button", name="Not good").click()
        await chat.get_by_role("textbox", name="Would you like to add something?").fill("too slow")
        assert await faults_of(page) == []
        await chat.locator(".card").get_by_role("button", name="Send").click()
        await expect(chat.get_by_text("Thank you for your feedback")).to_be_visible()
        rated = here.link.received[-1]
        assert (rated.value, rated.comment) == ("dislike", "too slow")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["#2f5bea", "#ffd400"])
async def test_everybody_can_use_it(tmp_path, open_page, scheme, colour):
    async with hub(tmp_path, colour=colour) as here, shop(here) as address:
        page = await open_page(address, color_scheme=scheme)
        chat = await opens(page)
        area = chat.get_by_role("textbox", name="Write a message")
        await expect(area).to_be_focused()
        assert await faults_of(page) == []
        await writes(page, "Hello")
        await expect(chat.get_by_text("Sent")).to_be_visible()
        text = "- one\n- `two` https://a.example\n> quoted"
        await here.link.say(await chat_of_the_only_visitor(here), text, author=ANNA)
        await expect(chat.get_by_text("quoted")).to_be_visible()
        await expect(chat.get_by_role("log", name="Messages")).to_be_visible()
        assert await faults_of(page) == []


async def test_on_a_phone_it_takes_the_screen_and_gives_it_back(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here, dir="rtl") as address:
        page = await open_page(address, viewport={"width": 320, "height": 568}, has_touch=True, locale="de-DE")
        await page.locator("openlines-chat button").tap()
        chat = window(page)
        area = chat.get_by_role("textbox", name="Nachricht schreiben")
        await area.fill("Guten Tag")
        await chat.get_by_role("button", name="Senden").tap()
        await expect(chat.get_by_text("Gesendet")).to_be_visible()
        box = await page.locator("openlines-chat iframe").bounding_box()
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 320, 568)
        assert await page.frames[1].evaluate("document.documentElement.scrollWidth") == 320
        await chat.get_by_role("button", name="Chat schließen").tap()
        await expect(page.locator("openlines-chat iframe")).to_be_hidden()
        await expect(page.locator("openlines-chat button")).to_be_visible()


async def test_the_site_speaks_to_the_chat(tmp_path, open_page):
    async with hub(tmp_path) as here, shop(here) as address:
        page = await open_page(address, init="window.openlinesSettings = { hideLauncher: true }")
        heard: asyncio.Queue[str] = asyncio.Queue()
        await page.expose_function("heard", heard.put_nowait)
        await page.locator("openlines-chat").wait_for(state="attached")
        await page.evaluate("openlines('on', 'message', text => void heard(text))")
        await page.evaluate("openlines('identify', { name: 'Ivan', email: 'ivan@mail.example' })")
        await expect(page.locator("openlines-chat button")).to_be_hidden()
        await page.evaluate("openlines('open')")
        await writes(page, "Hello")
        await expect(window(page).get_by_text("Sent")).to_be_visible()
        assert here.link.received[0].customer.email == "ivan@mail.example"
        await here.link.say(await chat_of_the_only_visitor(here), "Hello Ivan", author=ANNA)
        assert await asyncio.wait_for(heard.get(), 5) == "Hello Ivan"
        assert await page.evaluate("localStorage['openlines:site'].length") == 43
        await page.evaluate("openlines('logout')")
        assert await page.evaluate("localStorage['openlines:site']") is None
        await page.evaluate("openlines('open')")
        await expect(window(page).get_by_text("How can we help?")).to_be_visible()
        await page.evaluate("openlines('destroy')")
        assert await page.locator("openlines-chat").count() == 0
