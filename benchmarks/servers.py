"""The servers that are measured: each a process of its own on a core of its own, with what the kernel says of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.error import URLError
from urllib.request import urlopen

from load import QUESTIONS

SERVER_CORE, LOAD_CORE = 0, 1
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30.0
STOP_SECONDS = 30.0

HUB_SETTINGS = """
[server]
host = "127.0.0.1"
port = {port}
data = "{data}"

[lines.shop]
name = "Shop"
greeting = {{ enabled = false }}
off_hours = {{ text = "" }}
rating = {{ enabled = false }}
bot = {{ use = "greeter", transfer_after = 0 }}

[bots.greeter]
kind = "menu"
text = "What would you like to know?"
person = ""

[bots.greeter.options]
{options}

[channels.hook]
kind = "webhook"
line = "shop"
secret = "{secret}"
url = "{target}"
"""


class Server:
    """A server under load."""

    durability: ClassVar[str]
    """What of a message is safe once it is acknowledged."""

    def __init__(self, name: str, command: Sequence[str], port: int, folder: Path) -> None:
        self.name = name
        self.hook = f"http://127.0.0.1:{port}/hooks/hook"
        self._log = folder / f"{name}.log"
        self._address = f"http://127.0.0.1:{port}/readyz"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        # At once, while it has one thread: the others inherit the core.
        os.sched_setaffinity(self._process.pid, {SERVER_CORE})

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._says_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not come up; its log ends:\n{self.log_tail()}")
            time.sleep(0.05)

    @property
    def cpu(self) -> float:
        """Seconds of CPU that all its threads have used, user and system."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{self.name} did not end on SIGTERM; its log ends:\n{self.log_tail()}") from None

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def _says_ready(self) -> bool:
        try:
            with urlopen(self._address, timeout=1) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Relay(Server):
    """The bare relay."""

    durability = "nothing"

    def __init__(self, target: str, folder: Path, *, name: str = "relay") -> None:
        port = free_port()
        script = str(Path(__file__).with_name("relay.py"))
        command = [sys.executable, script, "--port", str(port), "--target", target]
        super().__init__(name, command, port, folder)


class Hub(Server):
    """openlines: webhook connector in, menu bot, reply out, everything stored."""

    durability = "every message, fsynced"

    def __init__(self, target: str, folder: Path, secret: str) -> None:
        port, data = free_port(), folder / "data"
        settings = folder / "settings.toml"
        options = "\n".join(f'{key} = "Answer {key}"' for key in QUESTIONS)
        settings.write_text(
            HUB_SETTINGS.format(port=port, data=data, options=options, secret=secret, target=target), encoding="utf-8"
        )
        self._database = data / "openlines.db"
        script = "from openlines.cli import main; main()"
        super().__init__("hub", [sys.executable, "-c", script, "serve", "--settings", str(settings)], port, folder)

    def stored(self) -> tuple[int, int]:
        """How many messages of customers, and of the bot, a stopped hub holds."""
        store = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            bodies = store.execute("SELECT body FROM entries WHERE kind = 'Message'")
            authors = [json.loads(body)["author"]["kind"] for (body,) in bodies]
        finally:
            store.close()
        return authors.count("customer"), authors.count("bot")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fsync_micros(folder: Path) -> float:
    """What one fsync of a page costs on the disk that the hub writes to: the median of 64."""
    page, taken = b"\0" * 4096, []
    with (folder / "fsync.probe").open("wb", buffering=0) as probe:
        for _ in range(64):
            probe.write(page)
            start = time.perf_counter()
            os.fsync(probe.fileno())
            taken.append(time.perf_counter() - start)
    return sorted(taken)[len(taken) // 2] * 1e6
