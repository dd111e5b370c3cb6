"""From a settings file to `Settings`, or to everything that is wrong with it, told at once.

Two steps, because the file says which plugins are needed: `read` finds the kinds it names, the caller gets their
settings models, `check` validates. `load` is both.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from openlines.settings.models import (
    BUILT_IN_ROLES,
    HEADS,
    NAMED,
    RESERVED,
    SINGLE,
    TABLES,
    Bot,
    BotHead,
    Channel,
    ChannelHead,
    Crm,
    Head,
    Server,
    Settings,
)
from openlines.settings.positions import Path as Place
from openlines.settings.positions import positions
from openlines.settings.problems import (
    Fault,
    Problem,
    SettingsError,
    dotted,
    faults,
    keys,
    look,
    near,
    scrubbed,
    secrets_in,
    shown,
)
from openlines.settings.secrets import resolved
from openlines.settings.values import ID, IDS, Context, join

DEFAULT_APPS: tuple[str, ...] = Server.model_fields["apps"].default

LARGEST = 4_000_000
"""Bytes of a settings file."""

FAMILIES: Mapping[str, str] = {"channels": "connector", "bots": "bot", "crm": "CRM"}
"""What kind of plugin each of these tables names."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The plugins that a file may name: per family, the settings model of each kind."""

    channels: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    bots: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    crm: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    installed: Collection[str] = ()
    """All plugins that are there, for suggestions."""
    apps: Collection[str] | None = None
    """The web screens that are there; None where that is not known."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Kinds that could not be loaded, and why. Their tables are left unread: the caller decides what follows."""

    def of(self, table: str) -> Mapping[str, type[BaseModel]]:
        return {"channels": self.channels, "bots": self.bots, "crm": self.crm}[table]


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file as it was read: valid TOML, nothing more."""

    file: str
    """As people know it."""
    folder: Path
    tables: Mapping[str, Any]
    places: Mapping[Place, tuple[str, int]]
    """File and line of each key."""

    @property
    def kinds(self) -> frozenset[str]:
        """The plugins it names: kinds, and web screens."""
        server = self.tables.get("server")
        apps = server.get("apps") if isinstance(server, dict) else None
        screens = frozenset(app for app in (apps if isinstance(apps, list) else DEFAULT_APPS) if isinstance(app, str))
        return screens | frozenset(
            table["kind"]
            for family in FAMILIES
            for table in _tables(self.tables.get(family))
            if isinstance(table, dict) and isinstance(table.get("kind"), str)
        )

    def with_changes(self, changes: Mapping[str, Any], places: Mapping[Place, tuple[str, int]]) -> Document:
        """The same with other tables merged over it: what is a table in both is merged, all else is replaced."""
        return Document(self.file, self.folder, _merged(self.tables, changes), {**self.places, **places})

    def place(self, path: Place) -> tuple[str, int]:
        """Where a key stands, or the nearest table that would hold it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.file, 0


def load(path: Path | str, kinds: Kinds | Callable[[frozenset[str]], Kinds], *, agents: Iterable[str] = ()) -> Settings:
    """The settings in a file. `kinds` may be a function of the kinds that the file names.

    `agents` are people who are known besides those in the file. Raises `SettingsError` with every mistake.
    """
    document = read(path)
    return check(document, kinds(document.kinds) if callable(kinds) else kinds, agents=agents)


def read(path: Path | str) -> Document:
    """Read a file. Raises `SettingsError` where it cannot be read or is no TOML."""
    file, path = str(path), Path(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror}", "name an existing settings file") from None
    if len(content) > LARGEST:
        raise _refused(file, "is too large", f"at most {LARGEST // 1_000_000} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(
            file, "is not UTF-8 text", "save it as UTF-8", content.count(b"\n", 0, error.start) + 1
        ) from None
    return parse(text, file, path.parent)


def parse(text: str, file: str = "settings.toml", folder: Path = Path()) -> Document:
    """Read a text. Raises `SettingsError` where it is no TOML."""
    try:
        tables = tomllib.loads(text)
        lines = positions(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(file, *_syntax(str(error), text)) from None
    except RecursionError:
        raise _refused(file, "is nested too deep", "tables in tables are enough for every setting") from None
    return Document(file, folder, tables, {path: (file, line) for path, line in lines.items()})


def check(
    document: Document, kinds: Kinds, *, agents: Iterable[str] = (), environ: Mapping[str, str] = os.environ
) -> Settings:
    """Validate a document. Raises `SettingsError` with every mistake."""
    return _Check(document, kinds, frozenset(agents), environ).settings()


def _refused(file: str, what: str, allowed: str = "", line: int = 0) -> SettingsError:
    return SettingsError([Problem(file, line, "", "", what, allowed=allowed)])


def _syntax(message: str, text: str) -> tuple[str, str, int]:
    """tomllib's words and place, in ours."""
    match = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    what, line, column = match.groups() if match else (message, None, None)
    what = f"is no TOML: {what[:1].lower()}{what[1:]}"
    if line is None:
        return f"{what} at the end of the file", "", text.count("\n", 0, len(text.rstrip())) + 1
    return f"{what} in column {column}", "", int(line)


def _tables(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else ()


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


class _Check:
    """One validation of one document: it goes on after each mistake and collects them all."""

    def __init__(self, document: Document, kinds: Kinds, agents: frozenset[str], environ: Mapping[str, str]) -> None:
        self.document = document
        self.kinds = kinds
        self.environ = environ
        self.problems: list[Problem] = []
        self.secrets: set[str] = set()
        names: dict[str, Collection[str] | None] = {table: self.ids(table) for table in (*NAMED, *HEADS)}
        names["roles"] = [*dict.fromkeys((*BUILT_IN_ROLES, *self.ids("roles")))]
        # People and departments may be kept in the console instead: then any name will do.
        names["agents"] = [*self.ids("agents"), *sorted(agents - set(self.ids("agents")))] or None
        names["apps"] = None if kinds.apps is None else sorted({*kinds.apps, *kinds.broken})
        names["departments"] = self.ids("departments") or None
        self.context = Context(names, document.folder)

    def ids(self, table: str) -> list[str]:
        value = self.document.tables.get(table)
        return list(value) if isinstance(value, dict) else []

    def settings(self) -> Settings:
        for name in self.document.tables:
            if name not in TABLES:
                self.report((), Fault((name,), "unknown table", meant=near(name, TABLES), quote=False))
        found: dict[str, Any] = {name: self.single(name, model) for name, model in SINGLE.items()}
        for name, model in NAMED.items():
            found[name] = {each: self.validated((name, each), model) for each in self.names(name)}
        for name, head in HEADS.items():
            built = ((each, self.plugin((name, each), head)) for each in self.names(name))
            found[name] = {each: own for each, own in built if own is not None}
        self.one_person_an_email()
        if self.problems:
            raise SettingsError(sorted(dict.fromkeys(self.problems), key=lambda each: (each.file, each.line)))
        return Settings(**found)

    def single(self, name: str, model: type[BaseModel]) -> Any:
        """A table there is one of; only mail may be left out as a whole."""
        if name not in self.document.tables:
            return None if name == "mail" else self.validated((name,), model, {})
        return self.validated((name,), model)

    def names(self, table: str) -> list[str]:
        """The ids of a table, each reported that is no good id."""
        value = self.document.tables.get(table, {})
        if not isinstance(value, dict):
            self.report((), Fault((table,), "must be a table", f"[{table}.<id>]"))
            return []
        for each in value:
            if not ID.fullmatch(each):
                self.report((table, each), Fault((), f"{shown(each)} is no id", IDS))
            elif each in RESERVED.get(table, ()):
                self.report((table, each), Fault((), f"the name {each} has a meaning of its own", "another id"))
        return list(value)

    def validated(self, table: Place, model: Any, value: Any = None) -> Any:
        """One of the core's tables; None where it is not in order."""
        raw = look(self.document.tables, table) if value is None else value
        with_secrets = table[0] in SINGLE
        value, done = self.with_secrets(table, raw, model) if with_secrets else (raw, [])
        try:
            return TypeAdapter(model).validate_python(value, context=self.context)
        except ValidationError as error:
            self.report_all(table, faults(error, model, raw), done)
            return None

    def plugin(self, table: tuple[str, str], model: type[Head]) -> Channel | Bot | Crm | None:
        """A plugin's table: the core's part by the core's model, the rest by the plugin's own."""
        raw = look(self.document.tables, table)
        head = self.validated(table, model)
        kind = raw.get("kind") if isinstance(raw, dict) else None
        if not isinstance(kind, str) or kind in self.kinds.broken:
            return None
        own_model = self.kinds.of(table[0]).get(kind)
        if own_model is None:
            self.report(table, self.unknown_kind(table[0], kind))
            return None
        core = model.model_fields
        own_raw = {key: value for key, value in raw.items() if key not in core or key in keys(own_model)}
        value, done = self.with_secrets(table, own_raw, own_model)
        try:
            own = own_model.model_validate(value)
        except ValidationError as error:
            self.report_all(table, faults(error, own_model, own_raw, foreign=True, names=core), done)
            return None
        match head:
            case ChannelHead():
                return Channel(table[1], kind, head.line, head.title or table[1], head.active, own)
            case BotHead():
                return Bot(table[1], kind, head.timeout, own)
            case Head():
                return Crm(table[1], kind, own)
            case _:
                return None

    def unknown_kind(self, table: str, kind: str) -> Fault:
        here = self.kinds.of(table)
        for family, name in FAMILIES.items():
            if kind in self.kinds.of(family):
                return Fault(("kind",), f"is a {name}, no {FAMILIES[table]}", f"its table is [{family}.<id>]")
        names = sorted({*here, *self.kinds.installed})
        allowed = f"installed: {join(names)}" if names else f"install a plugin that brings this {FAMILIES[table]}"
        return Fault(("kind",), f"no {FAMILIES[table]} of this kind is installed", allowed, near(kind, names))

    def with_secrets(self, table: Place, raw: Any, model: Any) -> tuple[Any, list[Place]]:
        """The table with its secrets in place, and where one could not be had."""
        result = resolved(raw, self.environ, self.document.folder)
        self.secrets.update(result.texts.values(), secrets_in(model, raw))
        for fault in result.faults:
            self.report(table, fault)
        return result.value, [fault.path for fault in result.faults]

    def one_person_an_email(self) -> None:
        owners: dict[str, str] = {}
        for agent in self.ids("agents"):
            email = look(self.document.tables, ("agents", agent, "email"))
            if isinstance(email, str) and email:
                owner = owners.setdefault(email.casefold(), agent)
                if owner != agent:
                    self.report(
                        ("agents", agent), Fault(("email",), f"belongs to {owner} already", "one address a person")
                    )

    def report_all(self, table: Place, found: list[Fault], done: Collection[Place]) -> None:
        for fault in found:
            if fault.path not in done:
                self.report(table, fault)

    def report(self, table: Place, fault: Fault) -> None:
        path = (*table, *fault.path)
        file, line = self.document.place(path)
        value = look(self.document.tables, path)
        there = path in self.document.places or not isinstance(value, dict)
        got = shown(value) if fault.quote and fault.path and there else ""
        texts = (scrubbed(text, self.secrets) for text in (fault.what, got, fault.allowed, fault.meant))
        self.problems.append(Problem(file, line, dotted(table), dotted(fault.path), *texts))
