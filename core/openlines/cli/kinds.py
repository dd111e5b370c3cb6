"""The installed plugins, as far as reading settings needs them: the settings model of each kind."""

from __future__ import annotations

from collections.abc import Callable

from openlines.runtime import plugins
from openlines.settings import Kinds

KindsFor = Callable[[frozenset[str]], Kinds]
"""Given the kinds that a file names, what is installed of them."""


def installed(named: frozenset[str]) -> Kinds:
    """Of the installed plugins, those that are named; the others are not imported."""
    return kinds_of(plugins.load(named))


def every_installed() -> Kinds:
    """All of them, for what is about every plugin."""
    return kinds_of(plugins.load())


def kinds_of(loaded: plugins.Loaded) -> Kinds:
    """What the settings need to know of plugins that were loaded."""
    return Kinds(
        channels={kind: each.settings_model for kind, each in loaded.connectors.items()},
        bots={kind: each.settings_model for kind, each in loaded.bots.items()},
        crm={kind: each.settings_model for kind, each in loaded.crms.items()},
        installed=plugins.installed(),
        apps=list(loaded.apps),
        broken={plugin.name: f"{plugin.error} ({plugin.distribution} {plugin.version})" for plugin in loaded.broken},
    )
