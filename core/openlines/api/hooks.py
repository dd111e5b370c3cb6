"""The whole list of what a plugin can provide: five hooks, called once at start-up, each returning classes.

A distribution names its module under the entry-point group `openlines`; the module implements the hooks it needs:

    @hookimpl
    def openlines_connectors():
        return [TelegramConnector]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import pluggy

from openlines.api.contracts import App, Bot, Connector, Crm

F = TypeVar("F", bound=Callable[..., Any])

PROJECT = "openlines"
hookimpl = cast("Callable[[F], F]", pluggy.HookimplMarker(PROJECT))
_hookspec = cast("Callable[[F], F]", pluggy.HookspecMarker(PROJECT))


class Specs:
    """What pluggy checks implementations against."""

    @_hookspec
    def openlines_connectors(self) -> Iterable[type[Connector[Any]]]:
        """The connector classes this plugin provides."""
        raise AssertionError("a specification, never called")

    @_hookspec
    def openlines_bots(self) -> Iterable[type[Bot[Any]]]:
        """The bot classes this plugin provides."""
        raise AssertionError("a specification, never called")

    @_hookspec
    def openlines_crms(self) -> Iterable[type[Crm[Any]]]:
        """The CRM backends this plugin provides."""
        raise AssertionError("a specification, never called")

    @_hookspec
    def openlines_observers(self) -> Iterable[type[Any]]:
        """The observers this plugin provides."""
        raise AssertionError("a specification, never called")

    @_hookspec
    def openlines_apps(self) -> Iterable[type[App]]:
        """The web screens this plugin provides."""
        raise AssertionError("a specification, never called")
