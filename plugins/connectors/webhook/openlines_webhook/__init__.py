"""A connector to any program that speaks signed HTTP."""

from collections.abc import Iterable
from typing import Any

from openlines.api import Connector, hookimpl

from openlines_webhook.connector import Webhook, WebhookSettings

__all__ = ["Webhook", "WebhookSettings"]


@hookimpl
def openlines_connectors() -> Iterable[type[Connector[Any]]]:
    return [Webhook]
