"""Who is here: the open sockets of one channel, by chat. Also the bounds on how many, and how fast."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

_PACES = 10_000  # chats and addresses whose pace is remembered


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what visitors may do. Seconds and counts."""

    hello_timeout: float = 10
    heartbeat: float = 25
    send_timeout: float = 20
    """For one frame to a visitor whose connection does not take it."""
    sockets_per_chat: int = 12
    """Tabs of one visitor."""
    sockets_per_address: int = 200
    """A whole office may stand behind one address."""
    burst: int = 12
    """Messages at once..."""
    per_second: float = 1.0
    """...and from then on."""
    address_burst: int = 150
    """The same for all visitors of one address: another token does not buy another burst."""
    address_per_second: float = 10.0
    frames_burst: int = 120
    frames_per_second: float = 10.0
    """Frames of any kind; more than that closes the socket."""
    uploads_at_once: int = 3
    """Of one visitor..."""
    uploads_per_address: int = 20
    """...and of all visitors of one address."""
    upload_timeout: float = 600
    farewell: float = 3
    """For a visitor's connection to take the goodbye when the hub stops."""


class Full(Exception):
    """There are as many as there may be."""


class Bucket:
    """A token bucket. The time is the caller's."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst = burst
        self._rate = per_second
        self._left = burst
        self._at = now

    def take(self, now: float) -> float:
        """Takes one; the answer is how many seconds to wait where none is left, else 0."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate


class Seat(Protocol):
    """One open socket, as the room sees it."""

    chat: str
    address: str

    def idle(self) -> bool:
        """Whether nothing waits to go out: a write would not block."""
        ...

    async def send(self, frame: Mapping[str, Any]) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...


class Room:
    """The sockets of one channel."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._seats: dict[str, set[Seat]] = {}
        self._addresses: Counter[str] = Counter()
        self._uploads: defaultdict[str, int] = defaultdict(int)
        self._paces: OrderedDict[str, Bucket] = OrderedDict()
        """Who wrote lately: coming back does not buy a new burst."""
        self._beating: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._seats.values()))

    @contextmanager
    def seated(self, seat: Seat) -> Iterator[None]:
        """Takes a place for as long as the socket lives. Raises `Full`."""
        counted = seat.address if _is_public(seat.address) else ""
        if counted and self._addresses[counted] >= self.limits.sockets_per_address:
            raise Full(f"{counted} has {self.limits.sockets_per_address} sockets open")
        if len(self._seats.get(seat.chat, ())) >= self.limits.sockets_per_chat:
            raise Full(f"the chat has {self.limits.sockets_per_chat} sockets open")
        self._seats.setdefault(seat.chat, set()).add(seat)
        if counted:
            self._addresses[counted] += 1
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            self._leave(seat, counted)

    @contextmanager
    def uploading(self, chat: str, address: str) -> Iterator[None]:
        """Takes a place among the running uploads of the chat, and of the address. Raises `Full`."""
        places = {chat: self.limits.uploads_at_once}
        if _is_public(address):
            places[f"address {address}"] = self.limits.uploads_per_address
        if any(self._uploads.get(place, 0) >= most for place, most in places.items()):
            raise Full("too many files at once")
        for place in places:
            self._uploads[place] += 1
        try:
            yield
        finally:
            for place in places:
                self._uploads[place] -= 1
                if not self._uploads[place]:
                    del self._uploads[place]

    def pace(self, chat: str, address: str, now: float) -> float:
        """Counts one message of a chat; the answer is how many seconds to wait where that was too fast, else 0."""
        own = self._take(chat, self.limits.burst, self.limits.per_second, now)
        return own or self.crowd(address, now)

    def crowd(self, address: str, now: float) -> float:
        """Counts what any visitor of an address does that costs the hub a commit; the answer as above."""
        if not _is_public(address):
            return 0.0
        return self._take(f"address {address}", self.limits.address_burst, self.limits.address_per_second, now)

    def _take(self, who: str, burst: float, per_second: float, now: float) -> float:
        bucket = self._paces.pop(who, None) or Bucket(burst, per_second, now)
        self._paces[who] = bucket
        if len(self._paces) > _PACES:
            self._paces.popitem(last=False)
        return bucket.take(now)

    async def tell(self, chat: str, frame: Mapping[str, Any]) -> None:
        """A passing signal to all of a visitor's tabs; whoever is busy misses it."""
        for seat in [*self._seats.get(chat, ())]:
            if seat.idle():
                await seat.send(frame)

    async def close(self, code: int, reason: str) -> None:
        """Sends everybody away: the hub stops, or the channel's settings changed."""
        everybody = [seat for seats in self._seats.values() for seat in seats]
        await asyncio.gather(*(seat.close(code, reason) for seat in everybody))

    def _leave(self, seat: Seat, counted: str) -> None:
        seats = self._seats[seat.chat]
        seats.discard(seat)
        if not seats:
            del self._seats[seat.chat]
        if counted:
            self._addresses[counted] -= 1
            if not self._addresses[counted]:
                del self._addresses[counted]
        if not self._seats and self._beating is not None:
            self._beating.cancel()
            self._beating = None

    async def _beat(self) -> None:
        # Browsers hide protocol pings from scripts, so they get a frame. One task for all: idle sockets are many.
        while True:
            await asyncio.sleep(self.limits.heartbeat)
            for seat in [seat for seats in self._seats.values() for seat in seats]:
                if seat.idle():
                    await seat.send({"t": "beat"})


def network(address: str) -> str:
    """An address as it counts: of IPv6 the network of 64 bits, which one customer has whole."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.IPv6Address(int(found) >> 64 << 64)) if found.version == 6 else str(found)


def _is_public(address: str) -> bool:
    """A private or local address is most often the proxy's own: it stands for everybody."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
