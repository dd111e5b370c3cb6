"""An in-memory messenger: tests and rehearsals speak through it."""

from collections.abc import Iterable
from typing import Any

from openlines.api import Connector, hookimpl

from openlines_loopback.connector import Loopback, LoopbackSettings
from openlines_loopback.platform import Platform

__all__ = ["Loopback", "LoopbackSettings", "Platform"]


@hookimpl
def openlines_connectors() -> Iterable[type[Connector[Any]]]:
    return [Loopback]
