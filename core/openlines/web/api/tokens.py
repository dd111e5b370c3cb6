"""API tokens: how programs act for an agent."""

from __future__ import annotations

from openlines.web.endpoint import Call
from openlines.web.feed_socket import SOCKETS
from openlines.web.problems import denied, not_found
from openlines.web.schemas import NewToken, TokenList, TokenOut
from openlines.web.sessions import SESSIONS, Token


async def show(call: Call) -> TokenList:
    """Your tokens, without their secrets."""
    found = await call.request.app[SESSIONS].tokens(call.agent.id)
    return TokenList(items=[_out(token) for token in found])


async def make(call: Call, body: NewToken) -> TokenOut:
    """A new token; its secret is in this answer and nowhere else. None reaches further than you do now."""
    beyond = set(body.scopes) - call.signed_in.scopes
    if beyond:
        raise denied(f"you cannot give a scope that you do not have: {', '.join(sorted(beyond))}")
    secret, token = await call.request.app[SESSIONS].make_token(call.agent.id, body.name, sorted(set(body.scopes)))
    call.deed.of(f"token:{token.id}", name=token.name, scopes=list(token.scopes))
    return _out(token, secret)


async def remove(call: Call) -> None:
    """From now on the token is not known, and feeds opened with it end."""
    call.deed.of(f"token:{call.id}")
    if not await call.request.app[SESSIONS].remove_token(call.agent.id, call.id):
        raise not_found(f"token {call.id!r} of yours")
    await call.request.app[SOCKETS].end_token(call.id)


def _out(token: Token, secret: str | None = None) -> TokenOut:
    return TokenOut(id=token.id, name=token.name, scopes=list(token.scopes), created_at=token.created_at, token=secret)
