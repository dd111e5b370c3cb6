"""One call of the staff API: who may, what must come, what goes back.

A handler's own signature says it all: `body` and `query` are pydantic models, the return type is the answer's. The
same signature makes the OpenAPI document, so that the two cannot differ.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ValidationError

from openlines.domain.people import Agent
from openlines.runtime.audit import Audit
from openlines.web.hub import HUB, Hub
from openlines.web.problems import Refusal, invalid
from openlines.web.schemas import Outcome
from openlines.web.sessions import Caller, Scope, cookie_name, identify, require, set_cookie

M = TypeVar("M", bound=BaseModel)

PREFIX = "/api/v1"
BODY_WITHIN = 30.0
"""Seconds for a body of JSON to arrive: nobody holds a connection for longer by sending it drop by drop."""
Handler = Callable[..., Awaitable[BaseModel | web.StreamResponse | None]]

_PLACES = {"number": r"[1-9][0-9]{0,8}", "id": r"[^/]{1,500}"}
"""What stands in a path: a number that the store can hold, or an id."""


AUDIT: web.AppKey[Audit] = web.AppKey("audit", Audit)


@dataclass(slots=True)
class Deed:
    """What the journal tells of a call that changes something; the handler says to what, and what matters of it."""

    who: str = ""
    target: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def of(self, target: str, **detail: Any) -> None:
        self.target = target
        self.detail |= detail


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given."""

    hub: Hub
    request: web.Request
    caller: Caller | None
    deed: Deed = field(default_factory=Deed)

    @property
    def agent(self) -> Agent:
        return self.signed_in.agent

    @property
    def signed_in(self) -> Caller:
        if self.caller is None:
            raise Refusal(401, "sign in first: POST /api/v1/session")
        return self.caller

    @property
    def number(self) -> int:
        return int(self.request.match_info["number"])

    @property
    def id(self) -> str:
        return self.request.match_info["id"]

    @property
    def key(self) -> str:
        """The request's idempotency key; one of our own where the client has none."""
        key = self.request.headers.get("Idempotency-Key", "")
        if not key:
            return uuid.uuid4().hex
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
            raise invalid("Idempotency-Key", "at most 255 printable ASCII characters without spaces")
        return key

    def require_right(self, right: str) -> None:
        """Raise `Refusal` unless the agent's role has this right on everything."""
        if self.agent.may(right) != "any":
            raise Refusal(403, f"this needs the right `{right}` = any; your role is {self.agent.role}")


@dataclass(frozen=True)
class Route:
    """A method and a path of the staff API with what answers it."""

    method: str
    path: str
    handler: Handler
    scope: Scope | None = None
    """None = open to everybody."""
    errors: tuple[int, ...] = ()
    """Statuses of the problems to expect beside those that every call may have."""
    status: int = 200
    media: str = "application/json"
    """Of the answer, where it is no model."""
    keyed: bool = False
    """Takes an Idempotency-Key."""
    audit: str = ""
    """What the journal calls it. What takes a key is noted by the thread's own step."""
    takes_file: bool = False
    """The body is a multipart form with the field `file`."""

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.handler)

    @property
    def body(self) -> type[BaseModel] | None:
        return self._hints.get("body")

    @property
    def query(self) -> type[BaseModel] | None:
        return self._hints.get("query")

    @property
    def answer(self) -> type[BaseModel] | None:
        told = self._hints["return"]
        models = [each for each in (told, *get_args(told)) if isinstance(each, type) and issubclass(each, BaseModel)]
        return models[0] if models else None

    @property
    def audited(self) -> bool:
        """Whether the web layer notes it in the journal."""
        return self.method != "GET" and not self.keyed

    @property
    def places(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def pattern(self) -> str:
        """The path as the router takes it."""
        return PREFIX + re.sub(r"{(\w+)}", lambda found: f"{{{found[1]}:{_PLACES[found[1]]}}}", self.path)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        hub = request.app[HUB]
        caller = None
        if self.scope is not None:
            caller = await identify(request, hub.people, hub.settings.server.address)
            require(caller, self.scope)
        given: dict[str, BaseModel] = {}
        if self.query is not None:
            # A parameter given twice is the same as two values in one; where one is expected, it is refused.
            query = {name: ",".join(request.query.getall(name)) for name in request.query}
            given["query"] = validated(self.query, query, strict=False)
        if self.body is not None:
            given["body"] = validated(self.body, await read_json(request), strict=True)
        call = Call(hub, request, caller)
        answer = await self.handler(call, **given)
        if self.audited:
            who = call.deed.who or (caller.agent.id if caller else "")
            await request.app[AUDIT].note(who, self.audit, call.deed.target, call.deed.detail)
        response = answer if isinstance(answer, web.StreamResponse) else self._response(answer)
        if caller and caller.session and caller.session.renewed and not response.prepared:
            _renew(request, response, hub)
        return response

    def _response(self, answer: BaseModel | None) -> web.Response:
        if answer is None:
            return web.Response(status=204)
        status = 202 if isinstance(answer, Outcome) and answer.status == "pending" else self.status
        return web.Response(status=status, text=answer.model_dump_json(), content_type="application/json")


def _renew(request: web.Request, response: web.StreamResponse, hub: Hub) -> None:
    address = hub.settings.server.address
    set_cookie(response, request.cookies[cookie_name(address)], address)


async def read_json(request: web.Request) -> Any:
    """The body as JSON. Raises `Refusal`: another type, too slow, no UTF-8, no JSON."""
    if request.content_type != "application/json":
        raise Refusal(415, "send the body as Content-Type: application/json")
    try:
        async with asyncio.timeout(BODY_WITHIN):
            raw = await request.read()
    except TimeoutError as error:
        raise Refusal(408, f"the body did not arrive within {BODY_WITHIN:.0f} seconds") from error
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Refusal(422, "the body is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Refusal(422, f"the body is not JSON: {error}") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def validated(model: type[M], value: object, *, strict: bool) -> M:
    """The value as a model. Raises `Refusal` 422 that names the first field at fault."""
    try:
        return model.model_validate(value, strict=strict)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        named = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in faults]
        raise invalid(named[0][0], "; ".join(f"{name or 'body'}: {text}" for name, text in named[:5])) from error
