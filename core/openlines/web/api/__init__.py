"""The staff API: every path, what answers it, and who may ask. The OpenAPI document is made from this table."""

from __future__ import annotations

from openlines.web.api import (
    actions,
    audit,
    conversations,
    exports,
    feed,
    files,
    me,
    parked,
    people,
    plugins,
    search,
    session,
    tokens,
)
from openlines.web.endpoint import Route

ROUTES = (
    Route("POST", "/session", session.sign_in, errors=(401, 429), audit="signed_in"),
    Route("DELETE", "/session", session.sign_out, "read", audit="signed_out"),
    Route("GET", "/me", me.show, "read"),
    Route("PUT", "/me/presence", me.set_presence, "write", audit="presence_set"),
    Route("PUT", "/me/day", me.set_day, "write", audit="day_set"),
    Route("GET", "/tokens", tokens.show, "read"),
    Route("POST", "/tokens", tokens.make, "write", errors=(409,), status=201, audit="token_made"),
    Route("DELETE", "/tokens/{id}", tokens.remove, "write", errors=(404,), audit="token_removed"),
    Route("GET", "/agents", people.agents, "read"),
    Route("POST", "/agents", people.add, "write", errors=(409,), status=201, audit="agent_added"),
    Route("PATCH", "/agents/{id}", people.change, "write", errors=(404, 409), audit="agent_changed"),
    Route("PUT", "/agents/{id}/day", people.set_day, "write", errors=(404,), audit="day_set"),
    Route("GET", "/agents/{id}/leaves", people.leaves, "read", errors=(404,)),
    Route("POST", "/agents/{id}/leaves", people.take_leave, "write", errors=(404,), status=201, audit="leave_added"),
    Route("DELETE", "/leaves/{id}", people.cancel_leave, "write", errors=(404,), audit="leave_removed"),
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
    Route("GET", "/search", search.page, "read"),
    Route("POST", "/exports", exports.begin, "write", errors=(429,), status=202, audit="export_begun"),
    Route("GET", "/exports/{id}", exports.show, "read", errors=(404,)),
    Route("GET", "/exports/{id}/file", exports.download, "read", errors=(404, 409), media="application/octet-stream"),
    Route("POST", "/files", files.upload, "write", status=201, takes_file=True, audit="file_uploaded"),
    Route("GET", "/files/{id}", files.download, "read", errors=(404,), media="application/octet-stream"),
    Route("GET", "/parked", parked.page, "admin"),
    Route("POST", "/parked/{number}/replay", parked.replay, "admin", errors=(404,), audit="parked_replayed"),
    Route("GET", "/audit", audit.page, "admin"),
    Route("GET", "/plugins", plugins.show, "admin"),
    Route("GET", "/feed", feed.connect, "read", status=101),
)
