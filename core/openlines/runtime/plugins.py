"""The loader: finds plugins by their entry points and imports those that the settings name, one by one.

One that cannot be imported, asks for another core, or clashes with a neighbour is recorded with its distribution,
version and reason; the others go on. This is the only module that touches pluggy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points, requires, version
from typing import Any, Literal

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from openlines.api import App, Bot, Connector, Crm, Specs

GROUP = "openlines"
Family = Literal["connectors", "bots", "crms", "observers", "apps"]
FAMILIES: tuple[Family, ...] = ("connectors", "bots", "crms", "observers", "apps")


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin, and what became of it."""

    name: str
    distribution: str
    version: str
    error: str = ""
    """Why it could not be loaded; "" = it was."""
    provides: tuple[str, ...] = ()
    """"connectors: telegram", ..."""


@dataclass(slots=True)
class Loaded:
    """The classes that plugins provide, by kind."""

    plugins: list[Plugin] = field(default_factory=list)
    connectors: dict[str, type[Connector[Any]]] = field(default_factory=dict)
    bots: dict[str, type[Bot[Any]]] = field(default_factory=dict)
    crms: dict[str, type[Crm[Any]]] = field(default_factory=dict)
    observers: dict[str, type[Any]] = field(default_factory=dict)
    apps: dict[str, type[App]] = field(default_factory=dict)

    @property
    def broken(self) -> list[Plugin]:
        return [plugin for plugin in self.plugins if plugin.error]


def installed() -> list[str]:
    """The names of all installed plugins."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(named: Collection[str] | None = None, extra: Iterable[object] = ()) -> Loaded:
    """Load the plugins `named` (None = all that are installed), and modules handed over in process (`extra`).

    A plugin's entry-point name is the kind that settings name; apps are named in `[server] apps`.
    """
    manager = pluggy.PluginManager("openlines")
    manager.add_hookspecs(Specs)
    loaded = Loaded()
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if named is None or entry.name in named:
            _load_one(manager, entry, loaded)
    for module in extra:
        plugin = Plugin(getattr(module, "__name__", "in process"), "in process", "")
        _load_module(manager, plugin, partial(_itself, module), loaded)
    return loaded


def _itself(module: object) -> object:
    return module


def _load_one(manager: pluggy.PluginManager, entry: EntryPoint, loaded: Loaded) -> None:
    name = entry.dist.name if entry.dist else "unknown distribution"
    plugin = Plugin(entry.name, name, entry.dist.version if entry.dist else "")
    if entry.dist and (mismatch := _asks_for_another_core(name)):
        loaded.plugins.append(_broken(plugin, mismatch))
        return
    _load_module(manager, plugin, entry.load, loaded)


def _load_module(manager: pluggy.PluginManager, plugin: Plugin, imported: Callable[[], object], loaded: Loaded) -> None:
    module = None
    try:
        module = imported()
        manager.register(module)
        manager.check_pending()
        provided = _provided(manager, module, loaded)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way: it hurts only itself
        if module is not None and manager.is_registered(module):
            manager.unregister(module)
        loaded.plugins.append(_broken(plugin, f"{type(error).__name__}: {error}"))
        return
    for family, kind, provided_class in provided:
        getattr(loaded, family)[kind] = provided_class
    provides = tuple(f"{family}: {kind}" for family, kind, _class in provided)
    loaded.plugins.append(Plugin(plugin.name, plugin.distribution, plugin.version, "", provides))


def _provided(manager: pluggy.PluginManager, module: object, loaded: Loaded) -> list[tuple[Family, str, type]]:
    """What a plugin's hooks return: all of it, or an error."""
    found: dict[tuple[Family, str], type] = {}
    for family in FAMILIES:
        hook = getattr(manager.hook, f"openlines_{family}")
        for implementation in hook.get_hookimpls():
            if implementation.plugin is not module:
                continue
            for provided in implementation.function():
                kind = provided.path if family == "apps" else provided.kind
                known = getattr(loaded, family).get(kind) or found.get((family, kind))
                if known is not None:
                    raise ValueError(f"{family} {kind!r} is provided by {known.__module__} already")
                found[family, kind] = provided
    return [(family, kind, provided) for (family, kind), provided in found.items()]


def _asks_for_another_core(distribution: str) -> str:
    """Compared before anything of the plugin is imported."""
    core = version("openlines")
    for line in requires(distribution) or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        ours = canonicalize_name(requirement.name) == "openlines" and _holds(requirement)
        if ours and not requirement.specifier.contains(core, prereleases=True):
            return f"needs openlines {requirement.specifier}, this is {core}"
    return ""


def _holds(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _broken(plugin: Plugin, error: str) -> Plugin:
    return Plugin(plugin.name, plugin.distribution, plugin.version, error)
