"""Widget and console for everybody: by keyboard alone, in light and dark, on a phone, on a site that allows nothing."""

from __future__ import annotations

import re

import pytest
from aiohttp import web
from playwright.async_api import Frame, Locator, Page, expect
from pytest_aiohttp.plugin import AiohttpServer

from tests.conftest import Axe, OpenPage, Talk
from tests.hub_process import HubProcess
from tests.shop import PASSWORD, Desk, Visitor

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def test_the_widget_by_keyboard_alone(demo: HubProcess, new_page: OpenPage) -> None:
    page = await new_page()
    await page.goto(demo.address)
    visitor = Visitor(page)
    keyboard = page.keyboard

    # The shop's page has nothing else to stop at: the first Tab is at the launcher.
    await expect(visitor.launcher).to_be_visible()
    await keyboard.press("Tab")
    await expect(visitor.launcher).to_be_focused()
    await keyboard.press("Enter")
    await expect(visitor.form).to_be_visible()
    await tab_to(page, visitor.form.get_by_label("Name"))
    await keyboard.type("Clara")
    await keyboard.press("Tab")
    await keyboard.type("clara@example.org")
    await tab_to(page, visitor.button("Start the chat"))
    await keyboard.press("Enter")

    await tab_to(page, visitor.composer)
    await keyboard.type("Hello")
    await keyboard.press("Enter")
    await expect(visitor.button("Prices")).to_be_visible()
    await tab_to(page, visitor.button("Prices"), backwards=True)
    await keyboard.press("Enter")
    await visitor.sees("Hello", "A lamp costs 20 euro, a lantern 35. Delivery is free from 50 euro.")

    await tab_to(page, visitor.composer)
    await keyboard.press("Escape")
    await expect(visitor.launcher).to_be_focused()
    await expect(visitor.launcher).to_have_attribute("aria-expanded", "false")


async def test_the_console_by_keyboard_alone(demo: HubProcess, new_page: OpenPage) -> None:
    visitor = await Visitor.arrive(await new_page(), demo.address)
    await visitor.introduce("Clara", "clara@example.org")
    page = await new_page()
    desk = Desk(page)
    keyboard = page.keyboard

    await page.goto(f"{demo.address}/console/")
    await tab_to(page, page.get_by_label("E-mail"))
    await keyboard.type("anna@shop.example")
    await tab_to(page, page.get_by_label("Password", exact=True))
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(desk.rows).to_be_visible()

    # J goes to the offer, T takes it, R writes.
    await visitor.write("0")
    await expect(desk.offer).to_be_visible()
    await keyboard.press("j")
    await expect(page.locator("#thread").get_by_role("button", name="Accept")).to_be_visible()
    await keyboard.press("t")
    await expect(desk.offer).to_have_count(0)
    await keyboard.press("r")
    await expect(desk.composer).to_be_focused()
    await keyboard.type("Hello Clara")
    await keyboard.press("Enter")
    await visitor.sees("Hello Clara")

    # Alt+N turns to a note and leaves the cursor where it is.
    await keyboard.press("Alt+n")
    await expect(page.get_by_role("radio", name="Note")).to_be_checked()
    await keyboard.type("Knows what she wants")
    await keyboard.press("Enter")
    await expect(desk.log.get_by_text("Knows what she wants")).to_be_visible()

    # Everything that can be done with a pointer can be reached, and a dialog gives the focus back.
    await tab_to(page, page.get_by_role("button", name="Invite"), backwards=True)
    await keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Invite an agent")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Invite")).to_be_focused()
    await keyboard.press("Shift+Slash")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await keyboard.press("e")
    await tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Solved", exact=True))
    await keyboard.press("Enter")
    await expect(visitor.button("Good")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_stands_in_anybodys_way(scheme: str, demo: HubProcess, new_page: OpenPage, axe: Axe) -> None:
    look = {"color_scheme": scheme, "reduced_motion": "reduce"}
    page = await new_page(**look)
    await page.goto(f"{demo.address}/console/")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert await axe(page) == []
    desk = await Desk.sign_in(page, demo.address)
    await expect(page.get_by_text("Nothing on your desk.")).to_be_visible()
    assert await axe(page) == []

    visitor = await Visitor.arrive(await new_page(**look), demo.address)
    assert await axe(visitor.page) == []
    assert await axe(inside(visitor)) == []
    await visitor.introduce("Clara Bianchi", "clara@example.org")
    await visitor.write("Do you send lamps to Italy?")
    await visitor.button("Delivery").hover()
    assert await axe(inside(visitor)) == []

    await visitor.write("0")
    await expect(desk.offer).to_be_visible()
    assert await axe(page) == []
    await desk.accept()
    await desk.note("Second order this year")
    await desk.write("Hello Clara")
    await visitor.sees("Hello Clara")
    await visitor.composer.fill("Thank y")
    await expect(page.get_by_text("Clara Bianchi is writing")).to_be_visible()
    assert await axe(page) == []
    await page.get_by_role("radio", name="Note").click()
    assert await axe(page) == []

    await desk.button("Finish").click()
    await visitor.button("Good").click()
    assert await axe(inside(visitor)) == []


async def test_on_a_phone_each_thing_has_the_whole_screen(talk: Talk) -> None:
    visitor, desk = await talk(**PHONE)
    for page in (visitor.page, desk.page):
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"

    frame = await visitor.page.locator("openlines-chat iframe").bounding_box()
    assert frame == {"x": 0, "y": 0, "width": 390, "height": 844}
    await expect(visitor.launcher).to_be_hidden()
    await visitor.write("From the tram")
    await desk.sees("From the tram")

    await expect(desk.composer).to_be_in_viewport()
    await expect(desk.rows).to_be_hidden()
    await desk.write("Good ride!")
    await visitor.sees("From the tram", "Good ride!")
    await desk.button("Customer details").tap()
    await expect(desk.panel.get_by_role("heading", name="Clara Bianchi")).to_be_in_viewport()
    await desk.page.keyboard.press("Escape")
    await desk.button("Back to the list").tap()
    await expect(desk.rows.get_by_role("link", name=re.compile("with Clara Bianchi"))).to_be_in_viewport()
    await expect(desk.composer).to_be_hidden()

    await visitor.button("Close the chat").tap()
    await expect(visitor.launcher).to_be_in_viewport()


STRICT = "default-src 'none'; script-src {hub}; frame-src {hub}"
DENY_STORAGE = """for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })"""


async def test_a_strict_site_elsewhere_shows_the_chat_even_where_nothing_may_be_stored(
    demo: HubProcess, new_page: OpenPage, aiohttp_server: AiohttpServer
) -> None:
    async def index(_: web.Request) -> web.Response:
        body = f'<!doctype html><html lang="en"><title>Elsewhere</title><script async src="{loader}"></script></html>'
        policy = STRICT.format(hub=demo.address)
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    loader = f"{demo.address}/chat/site/loader.js"
    app = web.Application()
    app.router.add_get("/", index)
    site = await aiohttp_server(app)
    page = await new_page()
    await page.context.add_init_script(DENY_STORAGE)

    # localhost and 127.0.0.1 are two sites to a browser.
    visitor = await Visitor.arrive(page, f"http://localhost:{site.port}/")
    await visitor.introduce("Clara", "clara@example.org")
    await visitor.write("Hello from elsewhere")
    await expect(visitor.log.get_by_text("Hello, this is Lamps & Lanterns!")).to_be_visible()
    # Closed and opened again, the chat goes on: it lasts as long as the page.
    await visitor.button("Close the chat").click()
    await visitor.launcher.click()
    await visitor.sees("Hello from elsewhere")
    await page.reload()
    await visitor.launcher.click()
    await expect(visitor.form).to_be_visible()


async def tab_to(page: Page, target: Locator, *, backwards: bool = False) -> None:
    """Press Tab as often as it takes, and no more often than a person would."""
    for _ in range(25):
        if await target.evaluate("node => node.getRootNode().activeElement === node"):
            return
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"{target} cannot be reached with Tab")


def inside(visitor: Visitor) -> Frame:
    return next(frame for frame in visitor.page.frames if frame.parent_frame)
