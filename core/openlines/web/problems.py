"""Errors as RFC 9457 problem documents: a stable `code`, a sentence, and the field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from openlines.web.schemas import Problem

CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    415: "unsupported_type",
    416: "range_not_satisfiable",
    422: "invalid",
    429: "too_many_requests",
    500: "internal",
    503: "not_ready",
    504: "timeout",
}
REFUSED = {"denied": 403, "not_found": 404, "invalid": 422}
"""Statuses of what a thread refuses; everything else is a conflict with the state it is in."""


class Refusal(Exception):
    """A request is answered with a problem."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code or CODES.get(status, "error")
        self.detail = detail
        self.field = field
        self.headers = headers or {}

    def response(self) -> web.Response:
        return problem(self.status, self.detail, code=self.code, field=self.field, headers=self.headers)


def not_found(what: str) -> Refusal:
    return Refusal(404, f"there is no {what}")


def denied(detail: str) -> Refusal:
    return Refusal(403, detail)


def invalid(field: str, detail: str) -> Refusal:
    return Refusal(422, detail, field=field)


def not_ready(detail: str, after: int = 2) -> Refusal:
    return Refusal(503, detail, headers={"Retry-After": str(after)})


def problem(
    status: int, detail: str, *, code: str = "", field: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    """The response itself."""
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    body = Problem(title=title, status=status, code=code or CODES.get(status, "error"), detail=detail, field=field)
    return web.Response(
        status=status, text=body.model_dump_json(), content_type="application/problem+json", headers=headers
    )


def from_http(error: web.HTTPException) -> web.Response:
    """aiohttp's own errors in our shape, with the headers that belong to them."""
    kept = {
        name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After", "WWW-Authenticate")
    }
    details = {
        404: "nothing is at this address",
        405: f"this address takes {error.headers.get('Allow', 'other methods')}",
        413: "the body is larger than this server takes ([server] max_body in the settings)",
    }
    return problem(error.status, details.get(error.status, error.reason), headers=kept)
