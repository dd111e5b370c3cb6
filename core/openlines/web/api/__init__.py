"""The staff API: every path, what answers it, and who may ask. The OpenAPI document is made from this table."""

from __future__ import annotations

from openlines.web.api import actions, conversations, feed, files, me, parked, people, plugins, session, tokens
from openlines.web.endpoint import Route

ROUTES = (
    Route("POST", "/session", session.sign_in, errors=(401, 429)),
    Route("DELETE", "/session", session.sign_out, "read"),
    Route("GET", "/me", me.show, "read"),
    Route("PUT", "/me/presence", me.set_presence, "write"),
    Route("GET", "/tokens", tokens.show, "read"),
    Route("POST", "/tokens", tokens.make, "write", errors=(409,), status=201),
    Route("DELETE", "/tokens/{id}", tokens.remove, "write", errors=(404,)),
    Route("GET", "/agents", people.agents, "read"),
    Route("POST", "/agents", people.add, "write", errors=(409,), status=201),
    Route("PATCH", "/agents/{id}", people.change, "write", errors=(404, 409)),
    Route("GET", "/lines", people.lines, "read"),
    Route("GET", "/counters", conversations.counters, "read"),
    Route("GET", "/conversations", conversations.page, "read"),
    Route("GET", "/conversations/{number}", conversations.detail, "read", errors=(404,)),
    Route("GET", "/conversations/{number}/entries", conversations.entries, "read", errors=(404,)),
    Route("GET", "/conversations/{number}/records", conversations.records, "read", errors=(404,)),
    *(
        Route("POST", f"/conversations/{{number}}/{name}", handler, "write", errors=(404, 409), keyed=True)
        for name, handler in actions.ACTIONS.items()
    ),
    Route("POST", "/files", files.upload, "write", status=201, takes_file=True),
    Route("GET", "/files/{id}", files.download, "read", errors=(404,), media="application/octet-stream"),
    Route("GET", "/parked", parked.page, "admin"),
    Route("POST", "/parked/{number}/replay", parked.replay, "admin", errors=(404,)),
    Route("GET", "/plugins", plugins.show, "admin"),
    Route("GET", "/feed", feed.connect, "read", status=101),
)
