"""`openlines serve` as a process of its own, on a folder that outlives it: to be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from aiohttp import ClientError, ClientSession, ClientTimeout

LOOK_AGAIN = 0.01
LOG_TAIL = 4000


class HubFailed(AssertionError):
    """The hub did not come up or did not go down as it must; the text ends with its log."""


class Process(Protocol):
    """What this module needs of a process; `subprocess.Popen` has it."""

    pid: int

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


Spawn = Callable[[Sequence[str], Path], Process]
"""Runs `openlines <arguments>` with its output added to a log file."""


def spawn_openlines(arguments: Sequence[str], log: Path) -> Process:
    command = [sys.executable, "-c", "from openlines.cli import main; main()", *arguments]
    with log.open("ab") as sink:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )


class HubProcess:
    """One hub. `settings` is the text of its settings.toml without the table `[server]`.

        async with HubProcess(tmp_path, settings) as hub:
            await http.post(f"{hub.address}/hooks/shop", ...)
            await hub.kill()
            await hub.start()

    Leaving the block stops it as a deployer would, and fails if it does not end well.
    """

    def __init__(self, folder: Path, settings: str, *, port: int = 0, spawn: Spawn = spawn_openlines) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "hub.log"
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: Process | None = None
        self._spawn = spawn
        self._settings = folder / "settings.toml"
        self._settings.write_text(
            f'[server]\nhost = "127.0.0.1"\nport = {self.port}\ndata = "{self.data}"\n\n{settings}', encoding="utf-8"
        )

    @property
    def database(self) -> Path:
        return self.data / "openlines.db"

    @property
    def pid(self) -> int:
        return self._running().pid

    async def start(self, within: float = 30) -> None:
        """Start it and return when it is ready."""
        self.launch()
        await self.ready(within)

    def launch(self) -> None:
        """Start it and do not wait."""
        assert self.process is None or self.process.poll() is not None, "the hub runs already"
        self.process = self._spawn(["serve", "--settings", str(self._settings)], self.log)

    async def ready(self, within: float = 30) -> None:
        """Return when /readyz says 200."""
        process = self._running()
        try:
            async with asyncio.timeout(within), ClientSession(timeout=ClientTimeout(total=2)) as http:
                while not await self._says_ready(http):
                    if (code := process.poll()) is not None:
                        raise self._failure(f"ended with exit code {code} before it was ready")
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError:
            raise self._failure(f"was not ready within {within:g} s") from None

    async def _says_ready(self, http: ClientSession) -> bool:
        try:
            async with http.get(f"{self.address}/readyz") as answer:
                return answer.status == 200
        except (ClientError, TimeoutError):
            return False  # it does not listen yet

    async def stop(self, within: float = 15) -> None:
        """End it as a deployer does (SIGTERM): it must end by itself, with exit code 0."""
        code = await self._end(signal.SIGTERM, within)
        if code != 0:
            raise self._failure(f"ended with exit code {code} on SIGTERM")

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL, within=10)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self._kill_if_alive()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self.process is not None and self.process.poll() is None:
                await self.stop()
        finally:
            await self._kill_if_alive()

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-LOG_TAIL:] if self.log.exists() else ""

    async def _kill_if_alive(self) -> None:
        if self.process is not None and self.process.poll() is None:
            await self.kill()

    async def _end(self, sig: signal.Signals, within: float) -> int:
        process = self._running()
        process.send_signal(sig)
        try:
            return await asyncio.to_thread(process.wait, within)
        except subprocess.TimeoutExpired:
            raise self._failure(f"did not end on {sig.name} within {within:g} s") from None

    def _running(self) -> Process:
        if self.process is None:
            raise self._failure("was never started")
        return self.process

    def _failure(self, what: str) -> HubFailed:
        return HubFailed(f"the hub at {self.address} {what}. Its log ends:\n{self.log_tail()}")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
