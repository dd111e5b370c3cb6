"""The browser fixtures themselves: what they promise to other tests."""

from __future__ import annotations

import pytest
from aiohttp import web
from playwright.async_api import Browser, Error, Page
from pytest_aiohttp.plugin import AiohttpServer

from tests.conftest import Axe, OpenPage, watch

PAGE = """<!doctype html><html lang="en"><title>Greetings</title><main><h1>Hello</h1>
<button onclick="this.textContent = 'Pressed'">Press</button>%s</main></html>"""


async def serve(start: AiohttpServer, extra: str = "") -> str:
    async def index(_: web.Request) -> web.Response:
        return web.Response(text=PAGE % extra, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    app = web.Application()
    app.router.add_get("/", index)
    server = await start(app)
    return str(server.make_url("/"))


POLICY = "default-src 'none'; script-src 'unsafe-inline'"


async def test_a_page_is_opened_and_used(page: Page, aiohttp_server: AiohttpServer) -> None:
    await page.goto(await serve(aiohttp_server))
    await page.get_by_role("button", name="Press").click()
    assert await page.get_by_role("button").inner_text() == "Pressed"


async def test_axe_works_under_a_strict_policy_and_names_rule_and_place(
    page: Page, axe: Axe, aiohttp_server: AiohttpServer
) -> None:
    await page.goto(await serve(aiohttp_server, '<input id="nameless">'))
    assert [fault.partition(":")[0] for fault in await axe(page)] == ["label"]


async def test_axe_has_nothing_to_say_of_a_sound_page(page: Page, axe: Axe, aiohttp_server: AiohttpServer) -> None:
    await page.goto(await serve(aiohttp_server))
    assert await axe(page) == []


async def test_pages_of_one_test_share_nothing(open_page: OpenPage, aiohttp_server: AiohttpServer) -> None:
    address = await serve(aiohttp_server)
    dark, arabic = await open_page(color_scheme="dark"), await open_page(locale="ar")
    for page in (dark, arabic):
        await page.goto(address)
    await dark.evaluate("localStorage.who = 'dark'")
    assert await arabic.evaluate("localStorage.who ?? 'nobody'") == "nobody"
    assert await arabic.evaluate("navigator.language") == "ar"


async def test_what_a_page_asks_for_beyond_this_machine_is_noted_and_never_leaves(browser: Browser) -> None:
    faults: list[str] = []
    context = await browser.new_context()
    watch(context, faults)
    page = await context.new_page()
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://shop.example/")
    assert faults == ["a page asked for http://shop.example/, beyond this machine"]


async def test_an_error_that_nobody_caught_is_noted(browser: Browser) -> None:
    faults: list[str] = []
    context = await browser.new_context()
    watch(context, faults)
    page = await context.new_page()
    async with context.expect_event("weberror"):
        await page.evaluate("setTimeout(() => { throw new Error('spilt milk') })")
    assert faults == ["uncaught in about:blank: spilt milk"]
