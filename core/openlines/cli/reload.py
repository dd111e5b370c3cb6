"""New settings for a running hub: on SIGHUP, and when the file changes.

What is in order takes over without dropping a message; what is not is refused with every mistake, and the old stays.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

import structlog

from openlines.cli.kinds import installed
from openlines.cli.start import tell
from openlines.runtime.hub import Hub
from openlines.runtime.people import PeopleError
from openlines.settings import Settings, SettingsError, load

LOOK_EVERY = 2.0
"""Seconds between two looks at the file."""

log = structlog.get_logger("openlines.serve")


@dataclass(frozen=True, slots=True)
class Watched:
    """A settings file, as it was when it was read: what changed since then is news."""

    file: Path
    changed_at: int

    @classmethod
    def before_reading(cls, file: Path) -> Watched:
        return cls(file, _changed_at(file))


async def follow(hub: Hub, watched: Watched) -> None:
    """Take over what the file says, whenever it changes or SIGHUP comes. Runs until cancelled."""
    file, seen = watched.file, watched.changed_at
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    while True:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await asked.wait()
        except TimeoutError:
            pass
        changed = await asyncio.to_thread(_changed_at, file)
        if asked.is_set() or changed != seen:
            asked.clear()
            seen = changed
            await take_over(hub, file)


async def take_over(hub: Hub, file: Path) -> None:
    """Read the file; adopt it where it is in order."""
    try:
        settings = await asyncio.to_thread(load, file, installed)
        before = hub.settings
        await hub.adopt(settings)
    except SettingsError as error:
        tell(error.problems)
        log.warning("settings_refused", file=str(file), mistakes=len(error.problems))
    except PeopleError as error:
        log.warning("settings_refused", file=str(file), why=str(error))
    else:
        log.info("settings_adopted", file=str(file))
        if tables := needs_restart(before, settings):
            log.warning("settings_need_restart", tables=", ".join(tables))


def needs_restart(before: Settings, after: Settings) -> list[str]:
    """The tables that changed and hold only from the next start."""
    tables = ("server", "store", "bus", "channels", "bots", "crm")
    return [table for table in tables if getattr(before, table) != getattr(after, table)]


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # an editor is about to put it back
