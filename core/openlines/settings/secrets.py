"""Secrets that the file only points to: `token = { env = "TG_TOKEN" }` or `token = { file = "tg.token" }`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openlines.settings.positions import Path as Place
from openlines.settings.problems import Fault

LONGEST = 65_536
"""Bytes of a secret's file: more is some other file."""


@dataclass(slots=True)
class Resolved:
    """A table with its secrets in place; where one could not be had, an empty text, and a fault that says why."""

    value: Any = None
    texts: dict[Place, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def resolved(table: Any, environ: Mapping[str, str], folder: Path) -> Resolved:
    """Look up each `{ env = ... }` and `{ file = ... }`; a file's path is relative to `folder`."""
    result = Resolved()

    def walk(value: Any, path: Place) -> Any:
        match value:
            case {"env": str(name)} if len(value) == 1:
                return keep(path, from_environment(name, environ))
            case {"file": str(name)} if len(value) == 1:
                return keep(path, from_file(folder / name))
            case dict():
                return {key: walk(inner, (*path, key)) for key, inner in value.items()}
            case list():
                return [walk(inner, (*path, index)) for index, inner in enumerate(value)]
            case _:
                return value

    def keep(path: Place, found: str | Fault) -> str:
        if isinstance(found, Fault):
            result.faults.append(Fault(path, found.what, found.allowed, quote=False))
            return ""
        result.texts[path] = found
        return found

    result.value = walk(table, ())
    return result


def from_environment(name: str, environ: Mapping[str, str]) -> str | Fault:
    if environ.get(name):
        return environ[name]
    state = "is empty" if name in environ else "is not set"
    return Fault((), f"the environment variable {name} {state}", "set it before openlines starts")


def from_file(path: Path) -> str | Fault:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        return Fault((), f"the file {path} cannot be read: {error.strerror}", "the secret alone, in a file of its own")
    if len(content) > LONGEST:
        return Fault((), f"the file {path} is too long for a secret", "the secret alone, in a file of its own")
    try:
        text = content.decode().rstrip()
    except UnicodeDecodeError:
        return Fault((), f"the file {path} is not UTF-8 text", "the secret alone, in a file of its own")
    return text or Fault((), f"the file {path} is empty", "the secret alone, in a file of its own")
