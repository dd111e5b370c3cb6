"""Sending: one message to one customer, in as many pieces as the platform needs."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import CollectorRegistry, Counter

from openlines.api import Capabilities, Channel, Files, NotReady, Outgoing, Receipt
from openlines.domain.commands import Send
from openlines.domain.events import Delivered
from openlines.domain.messages import Content
from openlines.domain.state import Thread
from openlines.runtime.boundary import within
from openlines.runtime.degrade import parts
from openlines.runtime.link import short_id
from openlines.runtime.retries import GivenUp, Retries
from openlines.runtime.supervisor import Supervisor

GIVE_UP_AFTER = 6 * 3600.0
"""Seconds after which a message that could not be sent has failed for good."""
SLOTS = 32
"""Sends under way at once per channel."""
LONGEST_ID = 200
"""Characters of a platform's id of our message; of a longer one nobody has heard."""
OPEN_LIMIT = 60.0
"""Seconds that one try waits for a channel to open."""

log = structlog.get_logger("openlines.performer")


class Sending:
    """Does `Send`."""

    def __init__(self, supervisor: Supervisor, files: Files, retries: Retries, metrics: CollectorRegistry) -> None:
        self._supervisor, self._files, self._retries = supervisor, files, retries
        self._gates: dict[str, _Gate] = {}
        self._counter = Counter(
            "openlines_outbound", "Messages to customers, by outcome", ["channel", "outcome"], registry=metrics
        )

    async def send(self, thread: Thread, command: Send) -> Delivered:
        """Raises `GivenUp`. What the platform has taken already is not sent again by a later try."""
        connector, _link = self._supervisor.connectors.get(thread.channel, (None, None))
        able = connector.abilities if connector else Capabilities()
        gate = self._gates.setdefault(thread.channel, _Gate(able.per_second))
        pieces = parts(command.content, command.sender, able, self._files.address)
        taken: list[str] = []

        async def attempt() -> None:
            while len(taken) < len(pieces):
                taken.append(await self._send_piece(thread, command, pieces, len(taken), able, gate))

        try:
            await self._retries.until(
                attempt,
                give_up_at=command.at + GIVE_UP_AFTER,
                lane="send",
                instance=thread.channel,
                rate_limited=gate.pause_until,
            )
        except GivenUp:
            self._counter.labels(thread.channel, "failed").inc()
            raise
        self._counter.labels(thread.channel, "sent").inc()
        external = next(filter(None, taken), "")[:LONGEST_ID]
        return Delivered(thread=thread.id, command=command.id, at=self._retries.clock.now(), external=external)

    async def _send_piece(
        self, thread: Thread, command: Send, pieces: tuple[Content, ...], place: int, able: Capabilities, gate: _Gate
    ) -> str:
        clock = self._retries.clock
        channel = self._supervisor.open_channel(thread.channel) or await self._opened(thread.channel)
        last = place == len(pieces) - 1
        key = f"{thread.id}-{command.message}"
        message = Outgoing(
            id=key if len(pieces) == 1 else f"{key}-{place + 1}",
            chat=thread.chat,
            conversation=command.conversation,
            content=pieces[place],
            sender=command.sender,
            kind=command.kind if last else "message",
            at=command.at,
        )
        async with gate.slots:
            while pause := gate.next_in(clock.now()):
                await self._retries.wait(clock.sleep(pause))
            async with within(clock, able.send_timeout):
                receipt = await channel.send(message)
        return self._taken_as(receipt, thread.channel)

    async def _opened(self, channel: str) -> Channel:
        try:
            async with within(self._retries.clock, OPEN_LIMIT):
                return await self._retries.wait(self._supervisor.channel(channel))
        except TimeoutError:
            raise NotReady(f"channel {channel} is not open") from None

    def _taken_as(self, receipt: Receipt, channel: str) -> str:
        """The platform's id of what it took. A receipt that is none must not have the message sent again."""
        if isinstance(receipt, Receipt) and isinstance(receipt.external, str):
            return short_id(receipt.external)
        log.warning("receipt_not_understood", channel=channel, receipt=type(receipt).__name__)
        return ""


class _Gate:
    """One channel's slots, pace and pauses."""

    def __init__(self, per_second: float) -> None:
        self.slots = asyncio.Semaphore(SLOTS)
        self._pace = 1 / per_second if per_second else 0.0
        self._free_at = 0.0

    def pause_until(self, at: float) -> None:
        self._free_at = max(self._free_at, at)

    def next_in(self, now: float) -> float:
        """Seconds until a send may start; 0 = now, and this one does. Ask again then: a pause may have begun."""
        if now < self._free_at:
            return self._free_at - now
        self._free_at = now + self._pace
        return 0.0
