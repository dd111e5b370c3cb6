"""The two words of the bus, and their answers. Everything that happens goes through them.

`publish(events)` returns once the events are durable and decided; `ask(request)` waits for the decision.
Here they reach the router of this process; a cluster's bus says the same words over streams.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from openlines.domain.events import AnyEvent, Asked, Delivered
from openlines.domain.turn import Answered
from openlines.runtime.boundary import within
from openlines.runtime.drafts import Outcome
from openlines.runtime.router import Router
from openlines.runtime.step import routed

PATIENCE = 10.0
"""Seconds that `ask` waits for a decision before it says "pending"."""


class Decided(Struct, frozen=True):
    """What a request of staff came to."""

    status: Literal["done", "refused", "pending"]
    conversation: int = 0
    message: int | None = None
    code: str = ""
    field: str = ""
    detail: str = ""


class MemoryBus:
    """The bus of one process: an event is answered at the commit of its own step."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._waiters: dict[tuple[str, str], list[asyncio.Future[Answered]]] = {}

    async def publish(self, *events: AnyEvent) -> list[Outcome]:
        """Raises `NotReady` where nothing can be made durable."""
        return await self._router.publish([routed(event) for event in events])

    def publish_own(self, *events: AnyEvent) -> None:
        """What the hub tells itself: never refused. That a message was taken can wait for the next commit."""
        lazy = all(isinstance(event, Delivered) for event in events)
        self._router.publish_own([routed(event) for event in events], lazy=lazy)

    async def ask(self, request: Asked) -> Decided:
        """Raises `NotReady`; answers `pending` where the decision takes longer than a person likes to wait."""
        request = replace(request, request=request.request or uuid.uuid4().hex)
        key = (request.thread, request.request)
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(key, []).append(answer)
        try:
            async with within(self._router.clock, PATIENCE):
                await self._router.publish([routed(request)])
                answered = await answer
        except TimeoutError:
            return Decided("pending", request.conversation)
        finally:
            waiters = self._waiters[key]
            waiters.remove(answer)
            if not waiters:
                del self._waiters[key]
        return Decided(
            "refused" if answered.code else "done",
            answered.conversation,
            answered.message,
            answered.code,
            answered.field,
            answered.detail,
        )

    def answered(self, thread: str, answer: Answered) -> None:
        """A decision is in: tell whoever waits for it here."""
        for waiter in self._waiters.get((thread, answer.request), ()):
            if not waiter.done():
                waiter.set_result(answer)
