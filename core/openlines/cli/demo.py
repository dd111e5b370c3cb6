"""`openlines demo`: the sample shop on this machine, with ready-made agents."""

from __future__ import annotations

import html
from dataclasses import replace as replaced
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from rich.console import Console
from rich.table import Table

from openlines.cli.exits import Exit
from openlines.cli.serve import run
from openlines.cli.start import DEFAULT_FILE, SettingsFile, fail, log_to, prepare
from openlines.runtime.hub import Hub
from openlines.settings import Settings

PASSWORD = "openlines"  # noqa: S105 - of sample agents on the loopback address, printed below


def demo(settings: SettingsFile = DEFAULT_FILE) -> None:
    """Run the sample shop on this machine only: a page with the live chat, the console, a bot, the embedded CRM."""
    log_to("warning", as_json=False)
    if not settings.exists():
        fail(Exit.SETTINGS, f"{settings} is not there: run this in the project's folder, or name one with --settings")
    prepared, loaded = prepare(settings)
    server = prepared.server.model_copy(update={"host": "127.0.0.1", "public_url": ""})
    prepared = replaced(prepared, server=server)

    async def furnish(hub: Hub, app: web.Application) -> None:
        for agent in hub.people.view.values():
            if not hub.people.has_password(agent.id):
                await hub.people.set_password(agent.id, PASSWORD)
        app.router.add_get("/", shop_page(prepared))
        _welcome(hub, prepared)

    run(prepared, loaded, furnish)


def shop_page(settings: Settings) -> Handler:
    """A page of a shop that has the live chat on it, as a deployer would embed it: one tag."""
    channel = next((channel.id for channel in settings.channels.values() if channel.kind == "livechat"), None)
    page = (Path(__file__).parent / "shop.html").read_text(encoding="utf-8")
    tag = f'<script async src="/chat/{html.escape(channel)}/loader.js"></script>' if channel else ""
    body = page.replace("<!-- live chat -->", tag)

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html", headers={"Cache-Control": "no-store"})

    return show


def _welcome(hub: Hub, settings: Settings) -> None:
    address = settings.server.address
    console = Console(stderr=True, highlight=False)
    console.print()
    console.print("[bold]openlines[/bold]: the sample shop", style="green")
    console.print(f"  write as a customer   {address}/")
    console.print(f"  answer as an agent    {address}/console/")
    console.print()
    table = Table("sign in with", "password", "as")
    for agent in sorted(hub.people.view.values(), key=lambda agent: agent.role):
        if not agent.dismissed and agent.email:
            table.add_row(agent.email, PASSWORD, f"{agent.name}, {agent.role}")
    console.print(table)
    console.print("Passwords that you have changed stay as you made them. Ctrl+C stops the hub.\n")
