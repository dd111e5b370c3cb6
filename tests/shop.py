"""The sample shop as people meet it: `openlines demo` in a process of its own, and what they do in their browsers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.async_api import FilePayload, FrameLocator, Locator, Page, expect

from tests.hub_process import HubProcess, Process, Spawn, spawn_openlines

SETTINGS = Path(__file__).resolve().parents[1] / "settings.toml"
PASSWORD = "openlines"
PATIENCE = 20.0
"""Seconds until a screen must show what it has been told; a busy machine takes some of them."""

T = TypeVar("T")

expect.set_options(timeout=PATIENCE * 1000)


def sample_settings() -> str:
    """The settings that the project comes with, without `[server]`."""
    text = SETTINGS.read_text(encoding="utf-8")
    return re.sub(r"(?ms)^\[server\]\n.*?(?=^\[)", "", text)


def demo_process(folder: Path, spawn: Spawn = spawn_openlines) -> HubProcess:
    """`./run demo` on a free port, with its data in `folder`."""

    def spawn_demo(arguments: Sequence[str], log: Path) -> Process:
        return spawn(["demo", *arguments[1:]], log)

    return HubProcess(folder, sample_settings(), spawn=spawn_demo)


async def settles(read: Callable[[], Awaitable[T]], wanted: T) -> None:
    """Returns as soon as `read` gives what is wanted; fails with what it gave last."""
    found = await read()
    until = time.monotonic() + PATIENCE
    while found != wanted and time.monotonic() < until:
        await asyncio.sleep(0.03)
        found = await read()
    assert found == wanted, f"after {PATIENCE:g} s it is still {found!r} instead of {wanted!r}"


async def lines_in(log: Locator, known: Sequence[str]) -> list[str]:
    """Which of the known texts stand in a log, in its order, as often as they stand there."""
    return [line for line in (await log.inner_text()).splitlines() if line in known]


@dataclass
class Visitor:
    """A customer on the shop's page, with the chat open."""

    page: Page

    @classmethod
    async def arrive(cls, page: Page, address: str) -> Visitor:
        """Open the shop, then the chat in its corner."""
        visitor = cls(page)
        await page.goto(address)
        await visitor.launcher.click()
        await expect(visitor.form).to_be_visible()
        return visitor

    @property
    def launcher(self) -> Locator:
        return self.page.locator("openlines-chat button").first

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("openlines-chat iframe")

    @property
    def log(self) -> Locator:
        return self.chat.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.chat.get_by_role("textbox", name="Write a message…")

    def button(self, name: str) -> Locator:
        return self.chat.get_by_role("button", name=name, exact=True)

    async def write(self, text: str) -> None:
        await self.composer.fill(text)
        await self.chat.locator(".composer").get_by_role("button", name="Send").click()

    async def attach(self, *files: FilePayload) -> None:
        await self.chat.locator("input[type=file]").set_input_files(files)

    @property
    def form(self) -> Locator:
        return self.chat.get_by_role("form", name="Before we start")

    async def introduce(self, name: str, email: str) -> None:
        """Fill in the form that the shop begins with."""
        await self.form.get_by_label("Name").fill(name)
        await self.form.get_by_label("E-mail").fill(email)
        await self.button("Start the chat").click()
        await expect(self.composer).to_be_visible()

    async def sees(self, *texts: str) -> None:
        """Of these texts exactly this many, in this order, are to be seen."""
        await settles(lambda: lines_in(self.log, texts), list(texts))


@dataclass
class Desk:
    """An agent at the console."""

    page: Page

    @classmethod
    async def sign_in(cls, page: Page, address: str, email: str = "anna@shop.example") -> Desk:
        desk = cls(page)
        await page.goto(f"{address}/console/")
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(desk.rows).to_be_visible()
        return desk

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("tabpanel")

    @property
    def offer(self) -> Locator:
        return self.page.get_by_role("article", name=re.compile("^New conversation"))

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.page.locator("#composer")

    @property
    def toasts(self) -> Locator:
        return self.page.locator(".mantine-Notification-root")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="Customer")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def accept(self) -> None:
        await self.offer.get_by_role("button", name="Accept").click()
        await expect(self.composer).to_be_visible()

    async def write(self, text: str) -> None:
        await self.composer.fill(text)
        await self.button("Send").click()

    async def note(self, text: str) -> None:
        await self.page.get_by_role("radio", name="Note").click()
        await self.composer.fill(text)
        await self.button("Add note").click()

    async def attach(self, *files: FilePayload) -> None:
        await self.page.locator("#thread input[type=file]").set_input_files(files)
        await self.button("Send").click()

    async def sees(self, *texts: str) -> None:
        """Of these texts exactly this many, in this order, are to be seen."""
        await settles(lambda: lines_in(self.log, texts), list(texts))
