"""`openlines serve`: run the hub until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from openlines.cli.exits import Exit
from openlines.cli.reload import Watched, follow
from openlines.cli.start import DEFAULT_FILE, SettingsFile, errors, fail, log_to, prepare
from openlines.runtime.hub import Hub
from openlines.runtime.people import PeopleError
from openlines.runtime.plugins import Loaded
from openlines.runtime.running import InUse, running
from openlines.settings import Settings
from openlines.web.app import make_app
from openlines.web.control import listen, make_control_app

GOODBYE = 5.0
"""Seconds that requests under way may take at a stop: container runtimes kill after ten."""
KEEP_ALIVE = 75.0
"""Seconds that an idle connection stays open."""

log = structlog.get_logger("openlines.serve")

Level = Literal["debug", "info", "warning", "error"]
Prepared = Callable[[Hub, web.Application], Awaitable[None]]


def serve(
    settings: SettingsFile = DEFAULT_FILE,
    lenient: Annotated[bool, typer.Option(help="Start without the channels, bots and CRMs of broken plugins.")] = False,
    log_level: Annotated[Level, typer.Option(help="What is logged.")] = "info",
    log_json: Annotated[bool, typer.Option(help="Log lines for machines.")] = False,
) -> None:
    """Run the hub. SIGTERM or Ctrl+C stops it: it finishes what is in hand; what is owed goes on at the next start.

    When the settings file changes, or on SIGHUP, the new settings take over if they are in order.
    """
    log_to(log_level, as_json=log_json)
    watched = Watched.before_reading(settings)
    prepared, loaded = prepare(settings, lenient=lenient)
    run(prepared, loaded, watched=watched)


def run(
    settings: Settings, loaded: Loaded, prepared: Prepared | None = None, *, watched: Watched | None = None
) -> None:
    """Serve until a signal comes; ends the command with the exit code that says why it could not."""
    os.umask(0o077)  # the database, the files and the recordings are the owner's only
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            lost = runner.run(_serve(settings, loaded, prepared, watched))
    except InUse as error:
        fail(Exit.STORE, str(error))
    except SQLAlchemyError as error:
        fail(Exit.STORE, f"the store cannot be used: {getattr(error, 'orig', None) or error}")
    except PeopleError as error:
        fail(Exit.SETTINGS, str(error))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            where = f"{settings.server.host}:{settings.server.port}"
            fail(Exit.ADDRESS, f"cannot listen on {where}: {error.strerror}; choose another [server] host or port")
        fail(Exit.STORE, f"cannot use {settings.server.data}: {error}")
    if lost:
        fail(Exit.STORE, "another hub has taken over this store; this one has stopped")


async def _serve(settings: Settings, loaded: Loaded, prepared: Prepared | None, watched: Watched | None) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings, loaded))
        app = make_app(hub)
        if prepared is not None:
            await prepared(hub, app)
        site = await _listen(stack, app, settings)
        control = web.AppRunner(make_control_app(hub), access_log=None)
        await control.setup()
        stack.push_async_callback(control.cleanup)
        await listen(control, Path(settings.server.data))
        gc.collect()
        gc.freeze()  # what was imported stays: the collector need not walk through it again and again
        errors.print(f"openlines listens on {site}", style="green")
        jobs = [asyncio.create_task(follow(hub, watched))] if watched is not None else []
        stopped = asyncio.create_task(stop.wait())
        lost = asyncio.create_task(hub.lost.wait())
        await asyncio.wait([stopped, lost], return_when=asyncio.FIRST_COMPLETED)
        log.info("hub_stopping")
        for task in (stopped, lost, *jobs):
            task.cancel()
        return hub.lost.is_set()


async def _listen(stack: AsyncExitStack, app: web.Application, settings: Settings) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE, keepalive_timeout=KEEP_ALIVE)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.server.host, settings.server.port)
    await site.start()
    return settings.server.address if settings.server.port else str(site.name)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed (extra `speed`)."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
