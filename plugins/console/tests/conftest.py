"""A browser with the console in it, before a cardboard hub."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

# Editable installs put each distribution on the path, and with it a folder `tests`: the repository's own comes first.
sys.path.insert(0, str(Path(__file__).parents[3]))

from plugins.console.tests.fake_hub import FakeHub
from tests.conftest import OpenPage, axe, browser, chromium, open_page

__all__ = ["axe", "browser", "chromium", "open_page"]


async def carry_session(page: Page, address: str) -> None:
    """What a browser holds after Anna has signed in."""
    await page.context.add_cookies([{"name": "session", "value": "s3cret", "url": urljoin(address, "/")}])


OpenConsole = Callable[..., Awaitable[Page]]


@pytest.fixture
async def hub() -> FakeHub:
    return FakeHub()


@pytest.fixture
async def address(hub: FakeHub) -> AsyncIterator[str]:
    async with TestServer(hub.app()) as server:
        yield str(server.make_url("/console/"))


@pytest.fixture
async def console(hub: FakeHub, address: str, open_page: OpenPage) -> OpenConsole:
    """`await console(17, width=390)`: Anna's console with a conversation open, its feed up."""

    async def open_console(number: int = 0, width: int = 1440, height: int = 900, **options: Any) -> Page:
        page = await open_page(
            viewport={"width": width, "height": height}, **({"locale": "en-US", "timezone_id": "UTC"} | options)
        )
        hub.signed_in = True
        before = hub.feeds
        await carry_session(page, address)
        await page.goto(f"{address}conversations/{number}" if number else address)
        await hub.until(lambda: hub.feeds > before)
        return page

    return open_console
