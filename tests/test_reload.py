"""Settings of a running hub: what is in order takes over, what is not is refused and the old stays."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from tests.hub_process import HubProcess

SETTINGS = """
[lines.shop]
queue.members = ["{member}"]

[agents.anna]
email = "anna@shop.example"

[agents.boris]
email = "boris@shop.example"
"""


async def said(hub: HubProcess, word: str) -> str:
    """The hub's log, once it holds the word."""
    async with asyncio.timeout(20):
        while word not in (log := hub.log.read_text(encoding="utf-8")):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return log


async def test_new_settings_take_over_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, SETTINGS.format(member="anna")) as hub:
        file = tmp_path / "settings.toml"
        in_order = file.read_text(encoding="utf-8")

        file.write_text(in_order.replace('["anna"]', '["bors"]'), encoding="utf-8")
        os.kill(hub.pid, signal.SIGHUP)
        refused = await said(hub, "settings_refused")
        assert "queue.members" in refused
        assert "boris" in refused, "the nearest name is proposed"
        assert "settings_adopted" not in refused

        file.write_text(in_order.replace('["anna"]', '["boris"]'), encoding="utf-8")
        adopted = await said(hub, "settings_adopted")
        assert "settings_need_restart" not in adopted


async def test_what_needs_a_restart_is_named(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, SETTINGS.format(member="anna")) as hub:
        file = tmp_path / "settings.toml"
        greeter = '\n[bots.greeter]\nkind = "scripted"\nscript = [{ on = "*", say = ["Hi"] }]\n'
        file.write_text(file.read_text(encoding="utf-8") + greeter, encoding="utf-8")
        assert "tables=bots" in await said(hub, "settings_need_restart")
