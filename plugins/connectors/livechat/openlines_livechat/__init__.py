"""Live chat for your own site: `[channels.<id>] kind = "livechat"`.

Start with `connector` (what the hub sees), then `session` (one visitor's socket) and `wire` (what is said over it).
The window itself is TypeScript: `web/`.
"""

from __future__ import annotations

from openlines.api import hookimpl

from openlines_livechat.connector import LiveChat
from openlines_livechat.settings import LiveChatSettings

__all__ = ["LiveChat", "LiveChatSettings", "openlines_connectors"]


@hookimpl
def openlines_connectors() -> list[type[LiveChat]]:
    """The connector classes of this plugin."""
    return [LiveChat]
