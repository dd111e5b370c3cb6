"""One exception per thing the core can do about a failure."""

from __future__ import annotations


class PluginError(Exception):
    """Base of what a plugin raises on purpose. Say what, where and what to do; the text is shown to staff."""


class NotReady(PluginError):
    """The service cannot be reached now: the core tries again, with growing pauses."""


class Rejected(PluginError):
    """The service refused for good (bad credentials, bad recipient, bad content): no retry."""


class RateLimited(PluginError):
    """Too many requests: the whole channel pauses for `after` seconds, then goes on where it stopped."""

    def __init__(self, after: float, text: str = "rate limited") -> None:
        super().__init__(text)
        self.after = after


class WindowClosed(Rejected):
    """The platform allows no message to this customer now (WhatsApp's 24 hours): the agent needs another way."""


class Blocked(Rejected):
    """The customer blocked us or left."""
