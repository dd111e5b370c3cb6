"""The messenger itself: chats in memory, customers who write in them, and faults on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from itertools import count
from typing import Literal

from openlines.api import (
    Content,
    Customer,
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
    File,
    Incoming,
    Link,
    NotReady,
    Outgoing,
    Receipt,
    Stored,
)


class Platform:
    """One account on the messenger. It outlives the connector, as a real one does: a reconnect loses nothing."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.down = False
        """While true it takes nothing from the hub: sends and connecting fail with `NotReady`."""
        self._link: Link | None = None
        self._sent: dict[str, list[Outgoing]] = {}
        self._typing: dict[str, int] = {}
        self._failures: deque[tuple[Exception, bool]] = deque()
        self._open = asyncio.Event()
        self._open.set()
        self._arrived = asyncio.Condition()
        self._ids = count(1)

    # -- what customers do ----------------------------------------------------------------------------------------

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
        return await self._report(
            CustomerWrote(
                chat=chat,
                id=id or self._next_id(),
                customer=customer or person(chat),
                content=Content(text=text, files=files),
                group=group,
            )
        )

    async def edit(self, chat: str, id: str, text: str) -> Stored:  # noqa: A002
        return await self._report(CustomerEdited(chat=chat, id=id, content=Content(text=text), version=self._next_id()))

    async def delete(self, chat: str, id: str) -> Stored:  # noqa: A002
        return await self._report(CustomerDeleted(chat=chat, id=id))

    async def draft(self, chat: str, text: str = "") -> Stored:
        """A customer is typing."""
        return await self._report(CustomerTyping(chat=chat, text=text))

    async def press(self, chat: str, label: str, *, customer: Customer | None = None) -> Stored:
        """A customer presses a button of the newest message that has one of this label."""
        for message in reversed(self.sent(chat)):
            for button in message.content.buttons:
                if button.label == label:
                    return await self.write(chat, button.says, customer=customer)
        raise LookupError(f"nobody has put a button {label!r} into chat {chat!r} on channel {self.channel!r}")

    async def rate(self, chat: str, value: Literal["like", "dislike"], comment: str = "") -> Stored:
        """A customer presses a rating button."""
        return await self._report(CustomerRated(chat=chat, id=self._next_id(), value=value, comment=comment))

    async def fill(self, chat: str, fields: Mapping[str, str], *, customer: Customer | None = None) -> Stored:
        """A customer fills in a form."""
        filled = CustomerFilled(chat=chat, id=self._next_id(), customer=customer or person(chat), fields=dict(fields))
        return await self._report(filled)

    async def read(self, chat: str, id: str, state: Literal["delivered", "read"] = "read") -> Stored:  # noqa: A002
        """The customer's side has our message `id`, or has read it."""
        return await self._report(CustomerReceived(chat=chat, id=id, state=state))

    # -- what reached them ----------------------------------------------------------------------------------------

    def sent(self, chat: str) -> list[Outgoing]:
        """Every delivery to this chat, in order; one that was tried again after it had arrived is in it twice."""
        return list(self._sent.get(chat, ()))

    def texts(self, chat: str) -> list[str]:
        return [message.content.text for message in self.sent(chat)]

    def typing(self, chat: str) -> int:
        """How often "is typing" was shown."""
        return self._typing.get(chat, 0)

    async def reached(self, chat: str, messages: int = 1) -> list[Outgoing]:
        """Wait until so many messages have reached the chat."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.sent(chat)) >= messages)
        return self.sent(chat)

    # -- faults ---------------------------------------------------------------------------------------------------

    def fail_next(self, error: Exception, *, after_taking: bool = False) -> None:
        """The next send fails so; `after_taking`: it arrives, and only the receipt is lost."""
        self._failures.append((error, after_taking))

    def hold(self) -> None:
        """From now on a send takes as long as the test likes: until `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    # -- the connector's side -------------------------------------------------------------------------------------

    def connect(self, link: Link) -> None:
        self.check_up()
        self._link = link

    def disconnect(self, link: Link) -> None:
        if self._link is link:  # another hub may have connected meanwhile
            self._link = None

    def check_up(self) -> None:
        if self.down:
            raise NotReady(f"loopback channel {self.channel!r} is down")

    async def take(self, message: Outgoing) -> Receipt:
        await self._open.wait()
        self.check_up()
        error, after_taking = self._failures.popleft() if self._failures else (None, False)
        if error is not None and not after_taking:
            raise error
        await self._deliver(message)
        if error is not None:
            raise error
        return Receipt(external=self._next_id())

    # -- inside ---------------------------------------------------------------------------------------------------

    async def _deliver(self, message: Outgoing) -> None:
        if message.kind == "typing":
            self._typing[message.chat] = self.typing(message.chat) + 1
            return
        async with self._arrived:
            self._sent.setdefault(message.chat, []).append(message)
            self._arrived.notify_all()

    async def _report(self, fact: Incoming) -> Stored:
        if self._link is None:
            raise NotReady(f"no hub is connected to loopback channel {self.channel!r}")
        (stored,) = await self._link.receive(fact)
        return stored

    def _next_id(self) -> str:
        return f"{self.channel}-{next(self._ids)}"


def person(chat: str) -> Customer:
    """Who writes where nobody is named: in a chat of two it is known by its customer."""
    return Customer(id=chat, name=chat.capitalize())
