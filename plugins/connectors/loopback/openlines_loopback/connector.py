"""The connector: a platform of its own in the same process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import ClassVar

from openlines.api import Capabilities, Channel, Connector, Link, Outgoing, Receipt, Settings
from pydantic import Field

from openlines_loopback.platform import Platform


class LoopbackSettings(Settings):
    """What the messenger shall be able to do; what it is not, the core makes up for."""

    sender_names: bool = False
    buttons: bool = False
    ratings: bool = False
    """Rating buttons; else the rating is asked for and given as text."""
    forms: bool = False
    files: bool = True
    typing: bool = True
    drafts: bool = True
    reachable: bool = True
    max_text: int = Field(default=100_000, ge=1, le=1_000_000)
    per_second: float = Field(default=0, ge=0)


class Loopback(Connector[LoopbackSettings]):
    """Kind `loopback`. Tests reach the customers' side by the channel's id: `Loopback.of("tg")`."""

    kind = "loopback"
    title = "Loopback"
    settings_model = LoopbackSettings

    _platforms: ClassVar[dict[str, Platform]] = {}

    @classmethod
    def of(cls, channel: str) -> Platform:
        """The platform behind a channel; made when first asked for, so faults can be set before the hub starts."""
        return cls._platforms.setdefault(channel, Platform(channel))

    @classmethod
    def fresh(cls, channel: str) -> Platform:
        """A new platform without a past. Begin a test with it: the old one stays with the hub that has it open."""
        cls._platforms.pop(channel, None)
        return cls.of(channel)

    @property
    def abilities(self) -> Capabilities:
        settings = self.settings
        return Capabilities(
            max_text=settings.max_text,
            files=settings.files,
            buttons=settings.buttons,
            sender_names=settings.sender_names,
            typing=settings.typing,
            drafts=settings.drafts,
            ratings=settings.ratings,
            forms=settings.forms,
            reachable=settings.reachable,
            per_second=settings.per_second,
        )

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[Channel]:
        platform = self.of(link.id)
        platform.connect(link)
        try:
            yield _Channel(platform)
        finally:
            platform.disconnect(link)


class _Channel:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def send(self, message: Outgoing, /) -> Receipt:
        return await self._platform.take(message)
