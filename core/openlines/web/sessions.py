"""Who asks: a browser with a session cookie, or a program with an API token.

A session lives in the database under the hash of its cookie, for 30 days after its last use. Its writes must carry the
CSRF token that `GET /me` gave: another site can make a browser send the cookie, not the header.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import web
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from openlines.domain.people import Agent
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.people import People
from openlines.runtime.tables import sessions, tokens
from openlines.web.problems import Refusal, denied

Scope = Literal["read", "write", "admin"]

DAY = 86400.0
LIFETIME = 30 * DAY
TOKEN_PREFIX = "ol_"  # noqa: S105  a mark that scanners for leaked secrets can look for
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    agent: str
    csrf: str
    expires_at: float
    renewed: bool = False
    """It was extended just now: the cookie is sent again."""


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    agent: str
    name: str
    scopes: tuple[str, ...]
    created_at: float


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how far the way they came in lets them."""

    agent: Agent
    scopes: frozenset[str]
    session: Session | None = None
    token: str = ""
    """The API token's id, for programs."""


class Sessions:
    """Sessions and API tokens."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, agent: str) -> tuple[str, Session]:
        """A new session, with the secret for its cookie. Old ones that ended are cleared away."""
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        session = Session(_hash(secret), agent, secrets.token_urlsafe(32), now + LIFETIME)
        row = {"id": session.id, "agent": agent, "csrf": session.csrf, "created_at": now, "expires_at": now + LIFETIME}

        def work(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(insert(sessions), row)

        await self._database.run(work)
        return secret, session

    async def find(self, secret: str) -> Session | None:
        """The session of a cookie; using it extends it, at most once a day."""
        return await self._refreshed(_hash(secret))

    async def alive(self, session: str) -> bool:
        """Whether a session has neither ended nor been signed out."""
        return await self._refreshed(session) is not None

    async def end(self, session: str) -> None:
        """Sign out."""
        await self._delete(sessions.c.id == session)

    async def end_all(self, agent: str) -> None:
        """Sign an agent out everywhere."""
        await self._delete(sessions.c.agent == agent)

    async def make_token(self, agent: str, name: str, scopes: Sequence[str]) -> tuple[str, Token]:
        """A new API token and its secret, which is not kept. Raises `Refusal` when the name is taken."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(16), agent, name, tuple(scopes), self._clock.now())
        new = insert(tokens).values(
            id=token.id,
            hash=_hash(secret),
            agent=agent,
            name=name,
            scopes=json.dumps(scopes),
            created_at=token.created_at,
        )
        try:
            await self._database.run(lambda connection: connection.execute(new))
        except IntegrityError as error:
            raise Refusal(409, f"you have a token called {name!r} already", code="name_taken", field="name") from error
        return secret, token

    async def find_token(self, secret: str) -> Token | None:
        """Whose token this is."""
        found = await self._tokens(tokens.c.hash == _hash(secret))
        return found[0] if found else None

    async def token_alive(self, token: str) -> bool:
        """Whether an API token has not been removed."""
        return bool(await self._tokens(tokens.c.id == token))

    async def tokens(self, agent: str) -> list[Token]:
        """An agent's tokens, oldest first."""
        return await self._tokens(tokens.c.agent == agent)

    async def remove_token(self, agent: str, token: str) -> bool:
        """Whether there was one."""
        gone = delete(tokens).where(tokens.c.id == token, tokens.c.agent == agent)
        return await self._database.run(lambda connection: connection.execute(gone).rowcount > 0)

    async def _refreshed(self, session: str) -> Session | None:
        now = self._clock.now()
        query = select(sessions).where(sessions.c.id == session, sessions.c.expires_at > now)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        if row.expires_at > now + LIFETIME - DAY:
            return Session(row.id, row.agent, row.csrf, row.expires_at)
        extended = update(sessions).where(sessions.c.id == session).values(expires_at=now + LIFETIME)
        await self._database.run(lambda connection: connection.execute(extended))
        return Session(row.id, row.agent, row.csrf, now + LIFETIME, renewed=True)

    async def _delete(self, which: ColumnElement[bool]) -> None:
        await self._database.run(lambda connection: connection.execute(delete(sessions).where(which)))

    async def _tokens(self, which: ColumnElement[bool]) -> list[Token]:
        query = select(tokens).where(which).order_by(tokens.c.created_at, tokens.c.id)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [Token(row.id, row.agent, row.name, tuple(json.loads(row.scopes)), row.created_at) for row in rows]


SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)


async def identify(request: web.Request, people: People, address: str) -> Caller:
    """Who asks. Raises `Refusal` 401 for nobody, 403 for a write that another site may have caused."""
    kept = request.app[SESSIONS]
    if "Authorization" in request.headers:
        return await _by_token(request, kept, people)
    cookie = request.cookies.get(cookie_name(address), "")
    session = await kept.find(cookie) if cookie else None
    agent = people.view.get(session.agent) if session else None
    if session is None or agent is None or agent.dismissed:
        raise Refusal(401, "sign in first: POST /api/v1/session, or send an API token")
    if request.method not in SAFE:
        refuse_other_sites(request, address)
        given = request.headers.get("X-CSRF-Token", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, session.csrf.encode()):
            raise Refusal(403, "send the `csrf` of GET /api/v1/me as X-CSRF-Token with every write", code="csrf")
    people.seen(agent.id)
    scopes = {"read", "write"} | ({"admin"} if _administers(agent) else set())
    return Caller(agent, frozenset(scopes), session)


async def _by_token(request: web.Request, kept: Sessions, people: People) -> Caller:
    kind, _, secret = request.headers["Authorization"].partition(" ")
    token = None
    if kind.lower() == "bearer" and secret.isascii():
        token = await kept.find_token(secret.strip())
    agent = people.view.get(token.agent) if token else None
    if token is None or agent is None or agent.dismissed:
        raise Refusal(
            401,
            "this API token is not known: send `Authorization: Bearer ol_...` with a token that is still valid",
            headers={"WWW-Authenticate": "Bearer"},
        )
    scopes = set(token.scopes) - (set() if _administers(agent) else {"admin"})
    return Caller(agent, frozenset(scopes), token=token.id)


def require(caller: Caller, scope: Scope) -> None:
    """Raise `Refusal` 403 unless the caller's way in reaches this far."""
    if scope not in caller.scopes:
        raise denied(f"this needs the scope `{scope}`; you have: {', '.join(sorted(caller.scopes)) or 'none'}")


def _administers(agent: Agent) -> bool:
    return agent.may("settings") == "any"


# -- the cookie -------------------------------------------------------------------------------------------------


def cookie_name(address: str) -> str:
    """`__Host-` binds a cookie to this very host, where the web is encrypted."""
    return "__Host-openlines" if address.startswith("https:") else "openlines"


def set_cookie(response: web.StreamResponse, secret: str, address: str) -> None:
    response.set_cookie(
        cookie_name(address),
        secret,
        max_age=int(LIFETIME),
        path="/",
        secure=address.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: web.StreamResponse, address: str) -> None:
    response.del_cookie(
        cookie_name(address), path="/", secure=address.startswith("https:"), httponly=True, samesite="Lax"
    )


def same_site(request: web.Request, address: str) -> bool:
    """Whether a page of this hub asks: one at its public address, or at the address the request went to."""
    try:
        origin = urlsplit(request.headers.get("Origin", "")).netloc.lower()
    except ValueError:  # "http://["
        return False
    return bool(origin) and origin in (urlsplit(address).netloc.lower(), request.host.lower())


def refuse_other_sites(request: web.Request, address: str) -> None:
    """Raise `Refusal` where a browser says that another site's page asks. Programs send no Origin."""
    if "Origin" in request.headers and not same_site(request, address):
        raise Refusal(403, "this request comes from a page of another site", code="wrong_origin")


# -- guessing ---------------------------------------------------------------------------------------------------


class Attempts:
    """How often somebody tried in a while. Counts before the try, so that many at once are no way round it."""

    def __init__(self, clock: Clock, *, limit: int, window: float, keys: int = 10_000) -> None:
        self._clock = clock
        self._limit = limit
        self._window = window
        self._keys = keys
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Seconds to wait before the next try; 0 = go ahead, and it counts."""
        now = self._clock.now()
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while len(self._tries) > self._keys:
            self._tries.popitem(last=False)
        while tries and tries[0] <= now - self._window:
            tries.popleft()
        if len(tries) >= self._limit:
            return tries[0] + self._window - now
        tries.append(now)
        return 0.0

    def forgive(self, key: str) -> None:
        """The try was good."""
        self._tries.pop(key, None)


def address_of(request: web.Request) -> str:
    """Whose machine asks: the peer, or what a proxy on this very machine says. IPv6 by its network of 64 bits."""
    peer = request.remote or ""
    if _is_loopback(peer):
        peer = request.headers.get("X-Forwarded-For", peer).rpartition(",")[2].strip()
    try:
        found = ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped:  # else all of IPv4 would be one network
        found = found.ipv4_mapped
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else str(found)


def is_local(request: web.Request) -> bool:
    """Asked from this machine, by its own name and by no proxy.

    A page of another site can make a browser here ask, under a name of that site's; a proxy hands on the public one.
    """
    named = re.sub(r":[0-9]*$", "", request.host).strip("[]")
    return (
        _is_loopback(request.remote or "")
        and (named == "localhost" or _is_loopback(named))
        and not any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"))
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _hash(secret: str) -> str:
    # The secrets are random and long: a fast hash is enough, and the lookup by it leaks nothing.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
