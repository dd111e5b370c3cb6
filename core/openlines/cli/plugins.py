"""`openlines plugins`: what is installed, and how it fares."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from openlines.cli.start import DEFAULT_FILE, SettingsFile, prepare
from openlines.runtime.plugins import load
from openlines.web.control import ask_running

COLOURS = {"open": "green", "waiting": "yellow", "starting": "yellow", "rejected": "red", "closed": "dim"}


def plugins(settings: SettingsFile = DEFAULT_FILE) -> None:
    """List the installed plugins, and, beside a running hub, the state of each channel, bot and CRM."""
    console = Console()
    table = Table("plugin", "distribution", "version", "provides", title="Installed", title_justify="left")
    for plugin in load().plugins:
        told = f"[red]{plugin.error}[/red]" if plugin.error else ", ".join(plugin.provides)
        table.add_row(plugin.name, plugin.distribution, plugin.version, told)
    console.print(table)
    if settings.exists():
        prepared, _loaded = prepare(settings, lenient=True)
        states = asyncio.run(ask_running(Path(prepared.server.data), "GET", "/plugins"))
        if states is None:
            console.print("No hub runs on these settings: no states to show.", style="dim")
        else:
            console.print(_states(states))


def _states(states: list[dict[str, Any]]) -> Table:
    table = Table("", "id", "plugin", "state", "since", "why", title="In the running hub", title_justify="left")
    for row in states:
        since = datetime.fromtimestamp(row["since"], UTC).strftime("%Y-%m-%d %H:%M:%S") if row["since"] else ""
        colour = COLOURS.get(row["state"], "")
        table.add_row(row["family"], row["instance"], row["plugin"], f"[{colour}]{row['state']}[/]", since, row["why"])
    return table
