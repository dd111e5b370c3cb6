"""Signing in and out."""

from __future__ import annotations

import math

import structlog
from aiohttp import web

from openlines.runtime.clock import Clock
from openlines.web.api.me import describe
from openlines.web.endpoint import Call
from openlines.web.feed_socket import SOCKETS
from openlines.web.problems import Refusal
from openlines.web.schemas import Me, SignIn
from openlines.web.sessions import SESSIONS, Attempts, address_of, clear_cookie, refuse_other_sites, set_cookie

log = structlog.get_logger("openlines.web")

WINDOW = 300.0
PER_PERSON = 5
"""Tries per address and e-mail in a window."""
PER_ADDRESS = 50
"""Tries per address: an office has many people behind one, a guesser many e-mails."""


class SignIns:
    """What stands between a guesser and the passwords."""

    def __init__(self, clock: Clock) -> None:
        self._person = Attempts(clock, limit=PER_PERSON, window=WINDOW)
        self._address = Attempts(clock, limit=PER_ADDRESS, window=WINDOW)

    def admit(self, address: str, email: str) -> None:
        """Count a try. Raises `Refusal` 429 with the time to wait."""
        wait = max(self._address.take(address), self._person.take(_key(address, email)))
        if wait:
            log.info("sign_in_limited", address=address)
            raise Refusal(
                429,
                f"too many tries: wait {math.ceil(wait)} seconds",
                code="too_many_attempts",
                headers={"Retry-After": str(math.ceil(wait))},
            )

    def welcome(self, address: str, email: str) -> None:
        """The try was good: it does not count."""
        self._person.forgive(_key(address, email))


SIGN_INS: web.AppKey[SignIns] = web.AppKey("sign_ins", SignIns)


async def sign_in(call: Call, body: SignIn) -> Me | web.Response:
    """Sign in with e-mail and password; the answer sets the session's cookie."""
    address = call.hub.settings.server.address
    refuse_other_sites(call.request, address)
    guard, asker = call.request.app[SIGN_INS], address_of(call.request)
    guard.admit(asker, body.email)
    agent = await call.hub.people.authenticate(body.email, body.password)
    if agent is None:
        raise Refusal(401, "e-mail or password is wrong", code="wrong_credentials")
    guard.welcome(asker, body.email)
    call.deed.who = agent.id
    call.deed.of(f"agent:{agent.id}")
    secret, session = await call.request.app[SESSIONS].begin(agent.id)
    call.hub.people.seen(agent.id)
    log.info("agent_signed_in", agent=agent.id)
    me = describe(call.hub, agent, session.csrf)
    response = web.Response(text=me.model_dump_json(), content_type="application/json")
    set_cookie(response, secret, address)
    return response


async def sign_out(call: Call) -> web.Response:
    """End this session and its feeds. Presence ends too, unless another console is connected."""
    call.deed.of(f"agent:{call.agent.id}")
    response = web.Response(status=204)
    clear_cookie(response, call.hub.settings.server.address)
    session = call.signed_in.session
    if session is not None:
        await call.request.app[SESSIONS].end(session.id)
        await call.request.app[SOCKETS].end_session(session.id)
        await call.hub.people.leave(session.agent)
        log.info("agent_signed_out", agent=session.agent)
    return response


def _key(address: str, email: str) -> str:
    return f"{address} {email.strip().casefold()[:255]}"
