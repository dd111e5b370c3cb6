"""Starts hubs in milliseconds: a process that has imported everything forks one for each start.

Two hundred starts would otherwise be two hundred times the same second of imports. What is started is a process like
any other, with memory, threads and files of its own, and dies of kill -9 like any other.

Run as a program, this file is the process that forks; imported, the class `Nursery` is its remote control.
"""

from __future__ import annotations

import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self


class Nursery:
    """`with Nursery() as spawn: HubProcess(..., spawn=spawn)`."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],  # -P: what lies beside this file is not to be imported by chance
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # it ends its children, then itself
        self._process.wait(30)
        self._process.stdout.close()

    def __call__(self, arguments: Sequence[str], log: Path) -> Forked:
        """Run `openlines <arguments>` with its output added to a log file."""
        return Forked(self.ask("spawn", list(arguments), str(log)), self)

    def ask(self, *question: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Forked:
    """A forked process, with what `subprocess.Popen` offers of it."""

    def __init__(self, pid: int, nursery: Nursery) -> None:
        self.pid = pid
        self._nursery = nursery
        self._code: int | None = None
        self._ends = os.pidfd_open(pid)  # readable once it has ended; its number cannot pass to another process

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            ended, _, _ = select.select([self._ends], [], [], timeout)
            if not ended:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self._code = self._nursery.ask("reap", self.pid)
            os.close(self._ends)
        return self._code

    def send_signal(self, sig: int, /) -> None:
        if self._code is None:
            signal.pidfd_send_signal(self._ends, sig)


def main() -> None:
    """Fork what is asked for, until there is nobody left to ask."""
    import_everything()
    alive: set[int] = set()
    for line in sys.stdin:
        match json.loads(line):
            case ["spawn", arguments, log]:
                if (child := os.fork()) == 0:
                    become_openlines(arguments, log)
                alive.add(child)
                print(child)
            case ["reap", pid]:
                _, status = os.waitpid(pid, 0)
                alive.discard(pid)
                print(os.waitstatus_to_exitcode(status))
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def import_everything() -> None:
    """What `openlines serve` would import, and its plugins."""
    package = import_module("openlines")
    for module in pkgutil.walk_packages(package.__path__, "openlines."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            with suppress(Exception):  # then the hub itself will say what is wrong with it
                import_module(module.name)
    for plugin in entry_points(group="openlines"):
        with suppress(Exception):
            plugin.load()
    import_module("sqlalchemy.dialects.sqlite")


def become_openlines(arguments: list[str], log: str) -> NoReturn:
    nothing = os.open(os.devnull, os.O_RDONLY)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for ours, theirs in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(ours, theirs)
    sys.argv = ["openlines", *arguments]
    code = 1
    try:
        import_module("openlines.cli").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)  # not the way a forked copy of another program should clean up


if __name__ == "__main__":
    main()
