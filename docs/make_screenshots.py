"""Plays a morning in the sample shop and takes the pictures that the README shows.

`./run python docs/make_screenshots.py` starts `openlines demo` on a free port with an empty folder and drives the same
two screens as the browser tests.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, FilePayload, Page, async_playwright, expect

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import QUIET  # noqa: E402
from tests.services import find_chromium  # noqa: E402
from tests.shop import Desk, Visitor, demo_process  # noqa: E402

IMAGES = ROOT / "docs" / "images"
LARGEST = 300_000
"""Bytes of one picture: the README is to be there at once."""
CUSTOMERS_SCREEN = {"width": 1120, "height": 760}
AGENTS_SCREEN = {"width": 1440, "height": 900}


async def main() -> None:
    chromium = find_chromium()
    with tempfile.TemporaryDirectory() as folder:
        async with demo_process(Path(folder)) as hub, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium.path, args=QUIET, env={**os.environ, **chromium.env}
            )
            desk = await Desk.sign_in(await new_page(browser, AGENTS_SCREEN), hub.address)
            await pleased_customer(browser, hub.address, desk)
            clara = await customer_with_a_question(browser, hub.address, desk)
            await customer_who_waits(browser, hub.address, desk)
            await expect(desk.toasts).to_have_count(0)  # they go by themselves
            await clara.composer.press_sequentially("And could it come before Saturday")
            await expect(desk.page.get_by_text("Clara Bianchi is writing")).to_be_visible()
            await take(desk.page, "console")
            await desk.composer.press_sequentially("It could")
            await expect(clara.chat.get_by_text("Anna Rossi is typing…")).to_be_attached()
            await take(clara.page, "widget")
            await browser.close()


async def new_page(browser: Browser, screen: dict[str, int]) -> Page:
    options: dict[str, Any] = {"viewport": screen, "device_scale_factor": 1.5, "reduced_motion": "reduce"}
    context = await browser.new_context(**options, locale="en-GB", color_scheme="light")
    return await context.new_page()


async def pleased_customer(browser: Browser, address: str, desk: Desk) -> None:
    visitor = await Visitor.arrive(await new_page(browser, CUSTOMERS_SCREEN), address)
    await visitor.introduce("Jonas Weber", "jonas@example.org")
    await visitor.write("0")
    await desk.accept()
    await visitor.write("The bell pendant hangs over our table now. It is lovely!")
    await desk.write("That is good to hear, thank you!")
    await visitor.sees("That is good to hear, thank you!")
    await desk.button("Finish").click()
    await visitor.button("Good").click()
    await visitor.chat.locator(".card").get_by_role("button", name="Send").click()
    await expect(visitor.chat.get_by_text("Thank you for your feedback")).to_be_visible()


async def customer_with_a_question(browser: Browser, address: str, desk: Desk) -> Visitor:
    visitor = await Visitor.arrive(await new_page(browser, CUSTOMERS_SCREEN), address)
    await visitor.introduce("Clara Bianchi", "clara@example.org")
    await visitor.write("Hello, do you send lamps to Italy?")
    await visitor.button("Delivery").click()
    await visitor.button("Italy").click()
    await expect(visitor.log.get_by_text("It takes two days and costs 4 euro.")).to_be_visible()
    await visitor.button("Talk to a person").click()
    await desk.accept()
    await visitor.write("I mean this one. Is it fit for a balcony?")
    lamp = await visitor.page.locator(".shelf svg").first.screenshot()
    await visitor.attach(FilePayload(name="lamp.png", mimeType="image/png", buffer=lamp))
    await expect(desk.log.get_by_role("img", name="lamp.png")).to_be_visible()
    await desk.note("Second order this year: the delivery is on us")
    await desk.write("Hello Clara! Yes, as long as it stands under a roof. And the delivery is on us this time.")
    await expect(visitor.log.get_by_text("Hello Clara! Yes")).to_be_visible()
    return visitor


async def customer_who_waits(browser: Browser, address: str, desk: Desk) -> None:
    visitor = await Visitor.arrive(await new_page(browser, CUSTOMERS_SCREEN), address)
    await visitor.introduce("Amélie Laurent", "amelie@example.org")
    await visitor.write("0")
    await visitor.write("Is the harbour lantern weatherproof?")
    await expect(desk.offer).to_contain_text("Is the harbour lantern weatherproof?")


async def take(page: Page, name: str) -> None:
    await page.mouse.move(1, 1)
    await page.evaluate("document.fonts.ready")
    picture = repacked(await page.screenshot())
    if len(picture) > LARGEST:
        sys.exit(f"{name}.png has {len(picture)} bytes, more than {LARGEST}: show less, or at a smaller scale")
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.png").write_bytes(picture)
    print(f"docs/images/{name}.png: {len(picture):,} bytes")


def repacked(png: bytes) -> bytes:
    """The same picture in fewer bytes: browsers pack for speed."""
    at, kept, pixels = 8, [], b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if kind == b"IDAT":
            pixels += body
        elif kind != b"IEND":
            kept.append(_chunk(kind, body))
        at += size + 12
    packed = _chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9))
    return b"".join([png[:8], *kept, packed, _chunk(b"IEND", b"")])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    asyncio.run(main())
