"""Fixtures for what spans distributions: a real browser that stays on this machine.

`page` is one page; `open_page(color_scheme="dark", locale="ar", ...)` opens more, each in a context of its own;
`axe(page)` names what stands in the way of people who cannot see or point.

`demo` is the sample shop in a process of its own; `new_page()` opens pages on it in which nothing that somebody wrote
may ever run; `talk()` brings a customer and an agent together there.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Frame,
    Page,
    Request,
    WebError,
    async_playwright,
)

from tests.hub_process import HubProcess
from tests.nursery import Nursery
from tests.services import Chromium, find_chromium
from tests.shop import Desk, Visitor, demo_process

OpenPage = Callable[..., Awaitable[Page]]
Axe = Callable[[Page | Frame], Awaitable[list[str]]]
Talk = Callable[..., Awaitable[tuple[Visitor, Desk]]]

QUIET = [
    "--no-sandbox",  # the sandbox needs rights that root in a container and plain users often lack
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
HERE = {"127.0.0.1", "localhost"}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    return find_chromium()


@pytest.fixture
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """One browser per test: Playwright belongs to an event loop, and each test has its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.path, args=QUIET, env={**os.environ, **chromium.env}
        )
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages; the test fails at its end if one raised an error or asked for anything beyond this machine."""
    faults: list[str] = []

    async def open_page(**options: Any) -> Page:
        context = await browser.new_context(**options)
        watch(context, faults)
        return await context.new_page()

    yield open_page
    assert not faults, "\n".join(faults)


def watch(context: BrowserContext, faults: list[str]) -> None:
    """Note what no page of ours may do."""

    def note_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in HERE:
            faults.append(f"a page asked for {request.url}, beyond this machine")

    def note_error(error: WebError) -> None:
        faults.append(f"uncaught in {error.page.url if error.page else 'a page'}: {error.error}")

    context.on("request", note_request)
    context.on("weberror", note_error)


@pytest.fixture
async def page(open_page: OpenPage) -> Page:
    return await open_page()


@pytest.fixture(scope="session")
def axe() -> Axe:
    """`await axe(page)` lists accessibility faults, one line each: rule, what is wrong, where."""
    package = find_spec("axe_playwright_python")
    assert package is not None
    assert package.origin is not None
    script = (Path(package.origin).parent / "axe.min.js").read_text()

    async def axe(page: Page | Frame) -> list[str]:
        await page.evaluate(script)  # evaluate passes a strict content policy; a script tag would not
        found = await page.evaluate("only => axe.run(document, { runOnly: only })", WCAG)
        return [
            f"{fault['id']}: {fault['help']}: {' '.join(map(str, node['target']))}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]

    return axe


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as spawn:
        yield spawn


@pytest.fixture
async def demo(tmp_path: Path, nursery: Nursery) -> AsyncIterator[HubProcess]:
    async with demo_process(tmp_path, nursery) as hub:
        yield hub


@pytest.fixture
async def new_page(open_page: OpenPage) -> AsyncIterator[OpenPage]:
    """A page in which nothing that somebody wrote may ever run: the test fails where it did, or tried to."""
    injected: list[str] = []

    async def shut(dialog: Dialog) -> None:
        injected.append(f"a dialog opened: {dialog.message}")
        await dialog.dismiss()

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            injected.append(message.text)

    async def new_page(**options: Any) -> Page:
        page = await open_page(**{"locale": "en-US", "timezone_id": "UTC", **options})
        page.on("dialog", shut)
        page.on("console", hear)
        return page

    yield new_page
    assert not injected, "\n".join(injected)


@pytest.fixture
async def talk(demo: HubProcess, new_page: OpenPage) -> Talk:
    """Brings a customer and Anna together: the bot was asked for a person, and she has accepted."""

    async def talk(
        name: str = "Clara Bianchi", email: str = "clara@example.org", **options: Any
    ) -> tuple[Visitor, Desk]:
        desk = await Desk.sign_in(await new_page(**options), demo.address)
        visitor = await Visitor.arrive(await new_page(**options), demo.address)
        await visitor.introduce(name, email)
        await visitor.write("0")
        await desk.accept()
        return visitor, desk

    return talk
