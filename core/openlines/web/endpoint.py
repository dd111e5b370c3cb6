"""One call of the staff API: who may, what must come, what goes back.

A handler's own signature says it all: `body` and `query` are pydantic models, the return type is the answer's. The
same signature makes the OpenAPI document, so that the two cannot differ.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ValidationError

from openlines.domain.people import Agent
from openlines.web.hub import HUB, Hub
from openlines.web.problems import Refusal, invalid
from openlines.web.schemas import Outcome
from openlines.web.sessions import Caller, Scope, cookie_name, identify, require, set_cookie

M = TypeVar("M", bound=BaseModel)

PREFIX = "/api/v1"
Handler = Callable[..., Awaitable[BaseModel | web.StreamResponse | None]]

_PLACES = {"number": r"[1-9][0-9]{0,8}", "id": r"[^/]{1,500}"}
"""What stands in a path: a number that the store can hold, or an id."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given."""

    hub: Hub
    request: web.Request
    caller: Caller | None

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
            given["query"] = validated(self.query, dict(request.query), strict=False)
        if self.body is not None:
            given["body"] = validated(self.body, await read_json(request), strict=True)
        answer = await self.handler(Call(hub, request, caller), **given)
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
    """The body as JSON. Raises `Refusal`: another type, no UTF-8, no JSON."""
    if request.content_type != "application/json":
        raise Refusal(415, "send the body as Content-Type: application/json")
    raw = await request.read()
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
