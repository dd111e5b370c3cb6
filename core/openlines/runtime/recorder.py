"""The recorder: keeps what the deciding function was given, for a post-mortem (`[server] record`).

One JSON line per decision: the settings' revision, the event, and the facts. With the same policies, `decide` makes
the same states of them again, so a conversation that went wrong can be gone through step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from openlines.domain.events import AnyEvent
from openlines.domain.facts import Facts


class Recorded(Struct, frozen=True):
    """One input."""

    thread: str
    revision: int
    event: AnyEvent
    facts: Facts


class Recorder:
    """Appends to one file per start of the hub. Holds messages in clear: the folder is the owner's only."""

    def __init__(self, folder: Path, started_at: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"inputs-{started_at:.0f}.jsonl"
        self._file = path.open("ab")
        path.chmod(0o600)
        self._encode = msgspec.json.Encoder().encode

    def keep(self, inputs: Iterable[Recorded]) -> None:
        """Write down the inputs of one commit."""
        self._file.write(b"".join(self._encode(one) + b"\n" for one in inputs))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Recorded]:
    """The inputs in a recording, in order. A line that a crash cut off is the last one and left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line, type=Recorded)
