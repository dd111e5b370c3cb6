"""Words for what tests see and do in the console."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page

from plugins.console.tests.fake_hub import ME, FakeHub


def log(page: Page) -> Locator:
    return page.get_by_role("log")


def field(page: Page) -> Locator:
    return page.locator("#composer")


def title(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, level=1)


def list_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversations")


async def write(page: Page, text: str) -> None:
    await field(page).fill(text)
    await field(page).press("Enter")


def open_one(hub: FakeHub, number: int = 5, name: str = "Vera", **fields: Any) -> None:
    mine: dict[str, Any] = {"status": "awaiting_agent", "responsible": ME, "participants": [ME]}
    hub.opens(number, name, "Hello there", **mine | fields)
