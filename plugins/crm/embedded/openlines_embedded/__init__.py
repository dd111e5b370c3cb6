"""A small CRM in the hub's own database."""

from collections.abc import Iterable
from typing import Any

from openlines.api import Crm, hookimpl

from openlines_embedded.crm import Embedded, EmbeddedSettings

__all__ = ["Embedded", "EmbeddedSettings"]


@hookimpl
def openlines_crms() -> Iterable[type[Crm[Any]]]:
    return [Embedded]
