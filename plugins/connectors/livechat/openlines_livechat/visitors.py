"""Who a visitor is: somebody who holds a random token. Nothing is stored of it.

The hub knows only the token's hash, as the id of the chat: whoever reads the database cannot write as a visitor.
What a visitor may fetch or attach is sealed with a key of the channel, bound to their chat; so that needs no table.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from openlines.api import File, Link

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_KEY = "seal"
LIFE = 86_400
"""Seconds that a file's address holds at least."""


def new_token() -> str:
    """32 random bytes, as 43 characters."""
    return secrets.token_urlsafe(32)


def chat_of(token: str) -> str | None:
    """The chat that a token opens; None where it is no token of ours."""
    if not _TOKEN.fullmatch(token):
        return None
    return base64.b32encode(hashlib.sha256(token.encode()).digest())[:26].decode().lower()


class Seals:
    """Signs what a visitor brings back: addresses of files, and files that wait to be sent."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._key = b""
        self._read_at = 0.0

    async def ready(self) -> None:
        """Fetches the channel's key, or makes it. To be called before anything is signed."""
        if not self._key:
            await self._read()

    def ticket(self, chat: str, file: File) -> str:
        """Lets this chat send this file."""
        return self._sign("send", chat, file.id, file.name, file.type, str(file.size))

    async def takes(self, ticket: str, chat: str, file: File) -> bool:
        return await self._holds(ticket, lambda: self.ticket(chat, file))

    def address(self, chat: str, file: File, now: float) -> str:
        """Where this chat's visitor finds a file, below the channel's pages. The same for a day: browsers cache it."""
        until = (int(now) // LIFE + 2) * LIFE
        seal = self._address_seal(chat, file, until)
        return f"files/{file.id}?" + urlencode({"c": chat, "n": file.name, "t": file.type, "e": until, "s": seal})

    async def shows(self, seal: str, chat: str, file: File, until: int) -> bool:
        """Whether an address is one of ours and still holds."""
        await self.ready()
        return self._link.now() < until and await self._holds(seal, lambda: self._address_seal(chat, file, until))

    def _address_seal(self, chat: str, file: File, until: int) -> str:
        return self._sign("show", chat, file.id, file.name, file.type, str(until))

    async def _holds(self, seal: str, expected: Callable[[], str]) -> bool:
        if _same(seal, expected()):
            return True
        # Two nodes may make a channel's first key in the same instant; the one who lost reads the other's here.
        if self._link.now() - self._read_at < 60:
            return False
        await self._read()
        return _same(seal, expected())

    async def _read(self) -> None:
        kept = await self._link.state.get(_KEY)
        if not kept:
            await self._link.state.put(_KEY, secrets.token_hex(32))
            kept = await self._link.state.get(_KEY)
        self._key = bytes.fromhex(kept)
        self._read_at = self._link.now()

    def _sign(self, *parts: str) -> str:
        # Each part goes with its length: no two lists of parts read the same.
        text = "".join(f"{len(part)}:{part}" for part in parts).encode(errors="replace")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:40]


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
