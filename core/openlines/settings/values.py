"""What a single value in `settings.toml` may be: durations, sizes, ids, names of other tables, zones, languages.

Each is a pydantic annotation. A refusal is a `Wrong`: what is wrong, what is allowed instead, and which names
were perhaps meant. `problems` turns it into the sentence that people read.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic.types import Strict
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Wrong(ValueError):
    """A refused value. `at` leads from the validated value to the part that is meant; `known` feeds the suggestion."""

    def __init__(
        self, what: str, allowed: str = "", *, known: Iterable[str] = (), at: tuple[str | int, ...] = ()
    ) -> None:
        super().__init__(what)
        self.what = what
        self.allowed = allowed
        self.known = tuple(known)
        self.at = at


class Table(BaseModel):
    """Base of the core's own tables: unknown keys are errors, and TOML's types are meant as they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


@dataclass(frozen=True)
class Context:
    """What the rest of the file tells the validators of one table."""

    names: Mapping[str, Collection[str] | None] = field(default_factory=dict)
    """The ids under each table; None where any name will do."""
    folder: Path = Path()
    """Where the file is: paths in it are relative to this."""


Many = Annotated[tuple[T, ...], Strict(False)]
"""A list."""


# -- durations and sizes ----------------------------------------------------------------------------------------

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DURATIONS = 'seconds, or a number with its unit as in "90s" "5m" "1h" "1d" "1w"'


def seconds(value: object) -> int:
    """A duration as TOML has it, in seconds. Raises `Wrong`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,9})([smhdw])", value)):
        return int(match[1]) * UNITS[match[2]]
    raise Wrong("is no duration", DURATIONS)


@dataclass(frozen=True)
class Lasts:
    """A duration from `least` to `most`, as written in the reference; `zero` says what 0 means where it is allowed."""

    least: str = "0s"
    most: str = ""
    zero: str = ""

    def __call__(self, value: object) -> int:
        amount = seconds(value)
        if self.zero and amount == 0:
            return amount
        if amount < seconds(self.least) or (self.most and amount > seconds(self.most)):
            raise Wrong("is too short" if amount < seconds(self.least) else "is too long", self.range)
        return amount

    @property
    def range(self) -> str:
        span = f"{self.least} to {self.most}" if self.most else f"{self.least} or more"
        return f"0 ({self.zero}), or {span}" if self.zero else span

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,9}[smhdw]$"}],
            "$comment": self.range,
        }


SIZES = {"KB": 1000, "MB": 1000**2, "GB": 1000**3}


@dataclass(frozen=True)
class Weighs:
    """A size in bytes, or with a unit: "512KB" "20MB" "1GB"."""

    least: str
    most: str

    def __call__(self, value: object) -> int:
        amount = self.bytes(value)
        if not self.bytes(self.least) <= amount <= self.bytes(self.most):
            raise Wrong("is out of range", f"{self.least} to {self.most}")
        return amount

    @staticmethod
    def bytes(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,9})(KB|MB|GB)", value)):
            return int(match[1]) * SIZES[match[2]]
        raise Wrong("is no size", 'bytes, or a number with its unit as in "512KB" "20MB" "1GB"')

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,9}(KB|MB|GB)$"}],
            "$comment": f"{self.least} to {self.most}",
        }


# -- names ------------------------------------------------------------------------------------------------------

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
IDS = "letters a-z, digits, and _ - . after the first, at most 64"

WORDS = {"agents": "agent", "bots": "bot", "crm": "CRM", "departments": "department", "forms": "form",
         "lines": "line", "canned": "canned list", "roles": "role", "apps": "installed web screen"}  # fmt: skip


def known(table: str) -> Callable[[str, ValidationInfo], str]:
    """A validator: the id of a table `[<table>.<id>]` of the same file, or empty for none."""

    def check(name: str, info: ValidationInfo) -> str:
        if name:
            must_know(table, name, info)
        return name

    return check


def must_know(table: str, name: str, info: ValidationInfo, at: tuple[str | int, ...] = ()) -> None:
    names = info.context.names.get(table) if isinstance(info.context, Context) else None
    if names is not None and name not in names:
        allowed = f"one of {join(names)}" if names else f"add a table [{table}.{name}]"
        raise Wrong(f"names no {WORDS[table]}", allowed, known=names, at=at)


def member(name: str, info: ValidationInfo) -> str:
    """A validator: an agent's id, or `department:<id>`."""
    kind, colon, department = name.partition(":")
    if not colon:
        must_know("agents", name, info)
    elif kind != "department" or not department:
        raise Wrong("is neither an agent nor a department", 'an agent\'s id, or "department:<id>"')
    else:
        names = info.context.names.get("departments") if isinstance(info.context, Context) else None
        if names is not None and department not in names:
            raise Wrong(
                "names no department",
                f"one of {join(names)}" if names else f"add a table [departments.{department}]",
                known=[f"department:{each}" for each in names],
            )
    return name


def join(names: Iterable[str], most: int = 12) -> str:
    """Names for people: the first few, in order."""
    every = list(names)
    return ", ".join(every[:most]) + (", ..." if len(every) > most else "")


BotName = Annotated[str, AfterValidator(known("bots"))]
CrmName = Annotated[str, AfterValidator(known("crm"))]
FormName = Annotated[str, AfterValidator(known("forms"))]
LineName = Annotated[str, AfterValidator(known("lines"))]
CannedName = Annotated[str, AfterValidator(known("canned"))]
AgentName = Annotated[str, AfterValidator(known("agents"))]
DepartmentName = Annotated[str, AfterValidator(known("departments"))]
AppName = Annotated[str, AfterValidator(known("apps"))]
RoleName = Annotated[str, AfterValidator(known("roles"))]
Member = Annotated[str, AfterValidator(member)]


# -- places, languages, addresses -------------------------------------------------------------------------------


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong(
            "is no time zone",
            'an IANA name such as "Europe/Rome" or "UTC"',
            known=sorted(zoneinfo.available_timezones()),
        ) from None
    return name


def _language(tag: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise Wrong("is no language", 'a BCP 47 tag such as "en", "de" or "pt-BR"')
    return tag


def _country(code: str) -> str:
    if not code:
        return code
    import holidays  # here, because it costs 0.15 s and most lines need none

    countries = holidays.list_supported_countries(include_aliases=False)
    if code not in countries:
        raise Wrong(
            "is no country whose holidays are known", 'an ISO 3166 code such as "IT", "PL" or "DE"', known=countries
        )
    return code


def _web_address(url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise Wrong("is no web address", '"https://..." without a query')
    return url.rstrip("/")


def _email(address: str) -> str:
    if address and not re.fullmatch(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}", address):
        raise Wrong("is no e-mail address", '"name@example.com"')
    return address


Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Email = Annotated[str, AfterValidator(_email)]
