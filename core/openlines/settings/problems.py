"""What is wrong with a settings file, in one sentence each: where, what, what is allowed, what was perhaps meant.

`settings.toml:12: [lines.shop] queue.idle_time: is too long (got "13h"); 1m to 12h`
"""

from __future__ import annotations

import difflib
import json
import re
import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Secret, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from openlines.settings.positions import Path
from openlines.settings.values import Wrong, join

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` 0 = the file as a whole."""

    file: str
    line: int
    table: str
    key: str
    what: str
    got: str = ""
    """The value, as TOML would write it; empty where there is none or where it may be a secret."""
    allowed: str = ""
    meant: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:" if self.line else f"{self.file}:"
        place += f" [{self.table}]" if self.table else ""
        place += f" {self.key}:" if self.key else (":" if self.table else "")
        got = f" (got {self.got})" if self.got else ""
        allowed = f"; {self.allowed}" if self.allowed else ""
        meant = f"; did you mean '{self.meant}'?" if self.meant else ""
        return f"{place} {self.what}{got}{allowed}{meant}"


class SettingsError(Exception):
    """The settings are not in order. `problems` holds every mistake; the text is one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem before it has a place: `path` leads from the table to the key."""

    path: Path
    what: str
    allowed: str = ""
    meant: str = ""
    quote: bool = True
    """The value may be shown."""


def faults(
    error: ValidationError, model: Any, value: Any, *, foreign: bool = False, names: Iterable[str] = ()
) -> list[Fault]:
    """What pydantic found in `value`. `foreign`: a plugin's table, in which what is not surely harmless is not shown.

    `names` are keys of the same table that `model` does not know.
    """
    details = [
        (each, _path(each, value), _is_shape(each)) for each in error.errors(include_url=False, include_input=False)
    ]
    found: dict[tuple[Path, str], Fault] = {}
    for each, path, shape in details:
        if shape and any(_tells_more(path, other, its_shape) for _, other, its_shape in details):
            continue  # one branch of a union wants another shape; the branch that fits the shape says what is wrong
        fault = _fault(each, path, value, model, names)
        key = (fault.path, "" if shape else fault.what)
        if key in found:  # two branches of a union
            also = fault.what.removeprefix("must be ")
            what = found[key].what if also in found[key].what else f"{found[key].what} or {also}"
        else:
            what = fault.what
        quote = fault.quote and not is_secret(model, fault.path, unknown=foreign)
        found[key] = Fault(fault.path, what, fault.allowed, fault.meant, quote)
    return list(found.values())


def _tells_more(path: Path, other: Path, shape: bool) -> bool:
    return other[: len(path)] == path and (not shape or len(other) > len(path))


def _path(error: ErrorDetails, value: Any) -> Path:
    """The error's place in the file: its location without what pydantic adds, such as a union's branch."""
    path: Path = ()
    for part in error["loc"]:
        if _has(value, part):
            value = value[part]
            path = (*path, part)
        elif isinstance(value, Mapping) and error["type"] == "missing" and part == error["loc"][-1]:
            path = (*path, part)
    return path


def _is_shape(error: ErrorDetails) -> bool:
    """Whether it is about the value as a whole: what is wrong further in explains it."""
    return error["type"].endswith("_type") or error["type"] == "too_short"  # a refused item is missing from its list


def _fault(error: ErrorDetails, path: Path, value: Any, model: Any, names: Iterable[str]) -> Fault:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Fault(path, "is missing", quote=False)
        case "extra_forbidden":
            word = str(path[-1])
            return Fault(path, "unknown key", meant=_meant_key(model, path[:-1], word, names), quote=False)
        case "literal_error" | "enum":
            choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return Fault(
                path, "is no choice here", f"one of {join(choices, 30)}", near(str(look(value, path)), choices)
            )
        case "value_error" if isinstance(wrong := context.get("error"), Wrong):
            path = (*path, *wrong.at)
            word = str(path[-1] if isinstance(look(value, path), dict) else look(value, path))
            return Fault(path, wrong.what, wrong.allowed, near(word, wrong.known))
        case "string_type":
            return Fault(path, "must be a text in quotes")
        case "bool_type" | "bool_parsing":
            return Fault(path, "must be true or false, without quotes")
        case "int_type" | "int_parsing" | "int_from_float":
            return Fault(path, "must be a whole number, without quotes")
        case "float_type" | "float_parsing":
            return Fault(path, "must be a number, without quotes")
        case "tuple_type" | "list_type" | "set_type" | "frozen_set_type":
            return Fault(path, "must be a list")
        case "dict_type" | "mapping_type" | "model_type" | "model_attributes_type" | "dataclass_type":
            return Fault(path, "must be a table")
        case "string_too_short" | "too_short" if context.get("min_length") == 1:
            return Fault(path, "must not be empty")
        case "string_too_short":
            return Fault(path, "is too short", f"at least {context['min_length']} characters")
        case "string_too_long":
            return Fault(path, "is too long", f"at most {context['max_length']} characters")
        case "too_short":
            return Fault(path, "has too few items", f"at least {context['min_length']}")
        case "too_long":
            return Fault(path, "has too many items", f"at most {context['max_length']}")
        case "greater_than_equal":
            return Fault(path, "is too small", f"{context['ge']} or more")
        case "greater_than":
            return Fault(path, "is too small", f"more than {context['gt']}")
        case "less_than_equal":
            return Fault(path, "is too large", f"{context['le']} or less")
        case "less_than":
            return Fault(path, "is too large", f"less than {context['lt']}")
        case "string_pattern_mismatch":
            return Fault(path, "is not of the right form", f"it must match {context['pattern']}")
        case "value_error" | "assertion_error":
            return Fault(path, str(context.get("error", error["msg"])))
        case _:
            return Fault(path, error["msg"][:1].lower() + error["msg"][1:])


def look(value: Any, path: Path) -> Any:
    """The value at a place; as deep as the place exists."""
    for part in path:
        if not _has(value, part):
            break
        value = value[part]
    return value


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


# -- suggestions ------------------------------------------------------------------------------------------------


def near(word: str, names: Iterable[str]) -> str:
    """The name that was most likely meant, or nothing."""
    by_fold = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else ""


def _meant_key(model: Any, table: Path, word: str, names: Iterable[str]) -> str:
    """A sibling's name; else the dotted name of a key with this very name further in."""
    here = [name for each in at(model, table) for name in keys(each)]
    if sibling := near(word, [*here, *names]):
        return sibling
    return next((dotted for each in at(model, table) for dotted in _dotted(each) if dotted.split(".")[-1] == word), "")


def _dotted(annotation: Any, prefix: str = "", depth: int = 3) -> Iterator[str]:
    for name in keys(annotation):
        yield f"{prefix}{name}"
        if depth:
            for inner in at(annotation, (name,)):
                yield from _dotted(inner, f"{prefix}{name}.", depth - 1)


# -- what a model says of a place in its table ------------------------------------------------------------------


def keys(annotation: Any) -> list[str]:
    """The keys of a table of this type."""
    if not _is_model(annotation):
        return []
    return [field.alias or name for name, field in annotation.model_fields.items()]


def at(annotation: Any, path: Path) -> list[Any]:
    """The types that a value at this place may have; none where the model does not tell."""
    branches = list(_branches(annotation))
    if not path:
        return branches
    return [found for branch in branches for inner in _inner(branch, path[0]) for found in at(inner, path[1:])]


def _branches(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _branches(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for each in get_args(annotation):
            yield from _branches(each)
    elif _is_model(annotation) and issubclass(annotation, RootModel):
        yield from _branches(annotation.model_fields["root"].annotation)
    else:
        yield annotation


def _inner(annotation: Any, part: str | int) -> list[Any]:
    if _is_model(annotation):
        return [field.annotation for name, field in annotation.model_fields.items() if part in (name, field.alias)]
    origin, args = get_origin(annotation), get_args(annotation)
    if not isinstance(origin, type) or not args:
        return []
    if issubclass(origin, Mapping):
        return [args[1]]
    return [args[0]] if issubclass(origin, Collection) else []


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_secret(annotation: Any, path: Path, *, unknown: bool) -> bool:
    """Whether the value at this place is a secret; `unknown` is the answer where the model does not tell."""
    if not path:
        return False
    found = at(annotation, path)
    if not found:
        return unknown
    return any(_holds_secret(each) or (unknown and each in (Any, object)) for each in found)


def _holds_secret(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, (SecretStr, SecretBytes, Secret)):
        return True
    return any(_holds_secret(each) for each in get_args(annotation))


def secrets_in(annotation: Any, value: Any, path: Path = ()) -> Iterator[str]:
    """Every text in a table that its model takes for a secret."""
    match value:
        case str() if path and is_secret(annotation, path, unknown=False):
            yield value
        case dict():
            for key, inner in value.items():
                yield from secrets_in(annotation, inner, (*path, key))
        case list():
            for index, inner in enumerate(value):
                yield from secrets_in(annotation, inner, (*path, index))


# -- values and names as text -----------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A value as TOML would write it, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = json.dumps(value if len(value) <= 60 else f"{value[:57]}...", ensure_ascii=False)
        case datetime() | date() | time():
            text = value.isoformat()
        case dict():
            text = "a table"
        case list():
            whole = f"[{', '.join(map(shown, value))}]"
            text = whole if len(whole) <= 80 else "a list"
        case _:
            text = str(value)
    return text


def dotted(path: Path) -> str:
    """A key as TOML would write it; a list's item has its number from 0 in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part, ensure_ascii=False)
            text += f".{bare}" if text else bare
    return text


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret is left, whatever a plugin's own message quoted."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, HIDDEN)
    return text
