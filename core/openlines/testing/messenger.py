"""What a connector offers so that rehearsals can play its customers: a messenger in the same process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

from openlines.api.contracts import Outgoing, Receipt
from openlines.api.link import Link, Stored
from openlines.domain.messages import Customer, File


class RehearsedMessenger(Protocol):
    """One account on a messenger: customers write in its chats, and see what reached them."""

    def connect(self, link: Link) -> None:
        """From now on what customers do goes to this link."""
        ...

    def disconnect(self, link: Link) -> None: ...

    async def take(self, message: Outgoing) -> Receipt:
        """The hub's message reaches its chat."""
        ...

    def sent(self, chat: str) -> list[Outgoing]:
        """Every delivery to this chat, in order."""
        ...

    async def write(
        self,
        chat: str,
        text: str = "",
        *,
        id: str = "",  # noqa: A002  # the name it has on every messenger
        files: tuple[File, ...] = (),
        customer: Customer | None = None,
        group: bool = False,
    ) -> Stored:
        """A customer writes; the same `id` again is the same message delivered twice."""
        ...

    async def draft(self, chat: str, text: str = "") -> Stored:
        """A customer is typing."""
        ...

    async def press(self, chat: str, label: str, *, customer: Customer | None = None) -> Stored:
        """A customer presses a button; `LookupError` where there is none of this label."""
        ...

    async def rate(self, chat: str, value: Literal["like", "dislike"], comment: str = "") -> Stored:
        """A customer presses a rating button."""
        ...

    async def fill(self, chat: str, fields: Mapping[str, str], *, customer: Customer | None = None) -> Stored:
        """A customer fills in a form."""
        ...


@runtime_checkable
class RehearsedConnector(Protocol):
    """The class of a connector whose platform is in memory."""

    def fresh(self, channel: str) -> RehearsedMessenger:
        """A messenger without a past, for one channel."""
        ...
