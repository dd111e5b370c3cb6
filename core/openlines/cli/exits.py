"""What the exit code of a command says: scripts and service managers rely on it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """One code for each thing that the caller can do about it."""

    DONE = 0
    FAILED = 1
    SETTINGS = 2
    PLUGIN = 3
    STORE = 4
    ADDRESS = 5

    @property
    def meaning(self) -> str:
        return MEANINGS[self]


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.SETTINGS: "the settings or the command line are not in order",
    Exit.PLUGIN: "a plugin that the settings name is broken or missing",
    Exit.STORE: "the store cannot be used",
    Exit.ADDRESS: "the address is in use",
}

EPILOG = "Exit codes: " + " · ".join(f"{code.value} {code.meaning}" for code in Exit)
"""For the foot of `--help`."""
