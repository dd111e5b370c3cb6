"""A hub of cardboard: the staff API over a `World` in memory, for the console's tests.

It checks what it is sent against the hub's own models and answers in their shapes. What the console did is in `asked`.
"""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

from aiohttp import WSMsgType, web
from openlines.web import schemas
from openlines_console.app import Console
from pydantic import ValidationError

from plugins.console.tests.fake_world import ME, NOW, World

__all__ = ["ME", "NOW", "PASSWORD", "FakeHub"]

CSRF = "csrf-of-anna"
PASSWORD = "open sesame"

BODIES: dict[str, type[schemas.Body]] = {
    "reply": schemas.Say,
    "note": schemas.Say,
    "transfer": schemas.TransferTo,
    "invite": schemas.InviteAgent,
    "pin": schemas.PinIt,
    "finish": schemas.FinishIt,
    "rate": schemas.RateIt,
    "resend": schemas.ResendIt,
}
OPEN_TO_ALL = ["reply", "note", "transfer", "invite", "pin", "spam", "finish", "save_to_crm", "refuse_consent"]

DECIDED = {
    "invite": "invited",
    "intercept": "intercepted",
    "leave": "left",
    "save_to_crm": "crm_recorded",
    "refuse_consent": "consent_refused",
}


class FakeHub(World):
    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=50_000_000)
        app.add_routes(
            [
                web.post("/api/v1/session", self._sign_in),
                web.delete("/api/v1/session", self._sign_out),
                web.get("/api/v1/me", self._me),
                web.put("/api/v1/me/presence", self._presence),
                web.get("/api/v1/agents", self._list_agents),
                web.get("/api/v1/lines", self._list_lines),
                web.get("/api/v1/counters", self._counters),
                web.get("/api/v1/conversations", self._page),
                web.get("/api/v1/conversations/{number}", self._detail),
                web.get("/api/v1/conversations/{number}/entries", self._entry_page),
                web.get("/api/v1/conversations/{number}/records", self._record_list),
                web.post("/api/v1/conversations/{number}/{verb}", self._act),
                web.post("/api/v1/files", self._take_file),
                web.get("/api/v1/files/{id}", self._give_file),
                web.get("/api/v1/feed", self._feed),
            ]
        )
        console = web.Application()
        console.add_routes(list(Console().routes(_Link())))
        app.add_subapp("/console", console)
        return app

    # -- sign-in ------------------------------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        response = await self._guarded(request, handler)
        if not response.prepared:
            response.headers["Date"] = formatdate(self.clock(), usegmt=True)  # the console's countdowns go by it
        return response

    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/api/"):
            return await handler(request)  # type: ignore[no-any-return]
        if self.down:
            return problem(503, "not_ready", "the hub is starting")
        if request.path != "/api/v1/session" and not (self.signed_in and request.cookies.get("session") == "s3cret"):
            return problem(401, "signed_out", "sign in first")
        if request.method != "GET" and request.path != "/api/v1/session":
            if request.headers.get("X-CSRF-Token") != CSRF:
                return problem(403, "csrf", "the X-CSRF-Token header is missing or wrong")
            if not request.headers.get("Idempotency-Key"):
                return problem(400, "invalid", "the Idempotency-Key header is missing")
        return await handler(request)  # type: ignore[no-any-return]

    async def _sign_in(self, request: web.Request) -> web.Response:
        given = schemas.SignIn.model_validate(await request.json())
        if given.password != PASSWORD:
            return problem(401, "denied", "wrong e-mail or password")
        self.signed_in = True
        response = answer(self.me())
        response.set_cookie("session", "s3cret", httponly=True, samesite="Lax")
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        self.signed_in = False
        return web.Response(status=204)

    def me(self) -> schemas.Me:
        return schemas.Me(
            id=ME,
            name="Anna Larsen",
            email="anna@shop.example",
            role="agent",
            photo="",
            state=self.state,  # type: ignore[arg-type]
            rights={"conversations": "own"},
            csrf=CSRF,
            language="en",
        )

    async def _me(self, request: web.Request) -> web.Response:
        return answer(self.me())

    async def _presence(self, request: web.Request) -> web.Response:
        self.state = schemas.Presence.model_validate(await request.json()).state
        self._note("presence", 0, {"state": self.state})
        return answer(self.me())

    # -- reading ------------------------------------------------------------------------------------------------

    async def _list_agents(self, request: web.Request) -> web.Response:
        return answer({"items": [agent.model_dump() for agent in self.agents.values()]})

    async def _list_lines(self, request: web.Request) -> web.Response:
        return answer({"items": [line.model_dump() for line in self.lines.values()]})

    async def _counters(self, request: web.Request) -> web.Response:
        counts = {view: len(self._view(view)) for view in ("mine", "queue", "waiting", "open")}
        return answer(schemas.Counters(**counts))

    async def _page(self, request: web.Request) -> web.Response:
        rows = self._view(request.query["view"])
        start, limit = int(request.query.get("cursor", 0)), int(request.query.get("limit", 50))
        end = start + limit
        page = schemas.ConversationPage(items=rows[start:end], next=str(end) if end < len(rows) else None)
        return answer(page)

    def _view(self, view: str) -> list[schemas.ConversationOut]:
        def belongs(row: schemas.ConversationOut) -> bool:
            match view:
                case "mine":
                    return row.status != "closed" and ME in (row.responsible, *row.participants, *row.offered)
                case "queue":
                    return row.status == "waiting"
                case "waiting":
                    return row.status == "awaiting_agent"
                case "open":
                    return row.status != "closed"
                case _:
                    return row.status == "closed"

        rows = [row for row in self.conversations.values() if belongs(row)]
        return sorted(rows, key=lambda row: -row.last_at)

    async def _detail(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        row = self.conversations.get(number)
        if row is None:
            return problem(404, "not_found", "no such conversation")
        shown = row.model_copy(update={"actions": self._actions(row)})
        return answer(schemas.ConversationDetail(conversation=shown, customer=self.customers[number]))

    def _actions(self, row: schemas.ConversationOut) -> list[str]:
        if row.status == "closed":
            return ["reply", "rate"]
        if row.status == "waiting":
            offered = ["decline"] if ME in row.offered else []
            return ["accept", *offered, *OPEN_TO_ALL]
        if row.responsible == ME:
            return ["return", *OPEN_TO_ALL]
        if ME in row.participants:
            return ["leave", *OPEN_TO_ALL]
        return ["intercept", "note"]

    async def _entry_page(self, request: web.Request) -> web.Response:
        row = self.conversations[int(request.match_info["number"])]
        story = self.entries[row.thread]
        before = int(request.query.get("before", 0))
        there = [entry for entry in story if not before or entry.seq < before]
        limit = int(request.query.get("limit", 50))
        page = there[-limit:]
        more = page[0].seq if len(there) > len(page) else None
        return answer(schemas.EntryPage(items=page, before=more))

    async def _record_list(self, request: web.Request) -> web.Response:
        if self.crm_down:
            return problem(504, "crm_failed", "the CRM did not answer")
        records = self.records.get(int(request.match_info["number"]), [])
        return answer({"items": [record.model_dump() for record in records]})

    # -- writing ------------------------------------------------------------------------------------------------

    async def _act(self, request: web.Request) -> web.Response:
        number, verb = int(request.match_info["number"]), request.match_info["verb"]
        given = json.loads(await request.text() or "{}")
        try:
            body = BODIES.get(verb, schemas.Body).model_validate(given).model_dump()
        except ValidationError as error:
            return problem(422, "invalid", str(error))
        key = request.headers["Idempotency-Key"]
        if key in self._answers:
            return answer(self._answers[key])
        if verb in self.refusals:
            code = self.refusals.pop(verb)
            return problem(409, code, f"refused: {code}")
        message = self._decide(number, verb, body)
        self._note(verb, number, body)
        self._answers[key] = schemas.Outcome(status="done", conversation=number, message=message).model_dump()
        return answer(self._answers[key])

    def _decide(self, number: int, verb: str, body: dict[str, Any]) -> int | None:
        row = self.conversations[number]
        mine = {"responsible": ME, "participants": [ME], "offered": [], "idle_at": 0, "reason": None}
        match verb:
            case "accept":
                self._set(number, status="accepted", accepted_at=self.clock(), **mine)
                self.decides(number, "accepted", by=ME)
            case "decline":
                self._set(number, offered=["boris"], idle_at=self.clock() + 60)
                self.decides(number, "declined", by=ME)
            case "reply":
                self._set(number, status="awaiting_customer", **({} if row.responsible == ME else mine))
                files = [self.files[each][0].model_dump() for each in body["files"]]
                entry = self.says(number, body["text"], content={"files": files} if files else {})
                self.delivers(number, entry.body["id"], "sent")
                return int(entry.body["id"])
            case "note":
                self.notes(number, body["text"], by=ME, mentions=tuple(body["mentions"]))
                return self._seq
            case "finish":
                self._set(
                    number,
                    status="closed",
                    closed_at=self.clock(),
                    finished_at=self.clock(),
                    closed_by="agent",
                    solved=body["solved"],
                )
                self.decides(number, "finished", by=ME)
            case "transfer":
                to = body["to"]
                self._set(number, responsible=to, participants=[to])
                self.decides(number, "transferred", by=ME, agents=[to])
            case "pin":
                self._set(number, pinned=body["on"])
                self.decides(number, "pinned" if body["on"] else "unpinned", by=ME)
            case "spam":
                self._set(number, status="closed", closed_at=self.clock(), closed_by="spam")
                self.decides(number, "spam", by=ME)
            case "resend":
                self.delivers(number, body["message"], "sent")
            case "return":
                self._set(number, status="waiting", responsible="", participants=[], queued_at=self.clock())
                self.decides(number, "returned", by=ME)
            case "rate":
                self._set(number, supervisor_rating=body["score"])
                self.decides(
                    number, "supervisor_rated", by=ME, text=body["comment"], fields={"score": str(body["score"])}
                )
            case _:
                self.decides(number, DECIDED[verb], by=ME)
        return None

    async def _take_file(self, request: web.Request) -> web.Response:
        part: Any = await (await request.multipart()).next()
        assert part.name == "file"
        data = bytes(await part.read())
        kept = schemas.FileOut(
            id=f"f{len(self.files) + 1}", name=part.filename, type=part.headers.get("Content-Type", ""), size=len(data)
        )
        self.files[kept.id] = (kept, data)
        self._note("file", 0, kept.model_dump())
        return answer(kept)

    async def _give_file(self, request: web.Request) -> web.Response:
        kept, data = self.files[request.match_info["id"]]
        return web.Response(body=data, content_type=kept.type)

    def _note(self, verb: str, number: int, body: dict[str, Any]) -> None:
        self.asked.append((verb, number, body))
        self.changed.set()

    # -- the feed -----------------------------------------------------------------------------------------------

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        feed = web.WebSocketResponse()
        await feed.prepare(request)
        async for message in feed:
            if message.type is not WSMsgType.TEXT:
                break
            frame = message.json()
            match frame["op"]:
                case "hello":
                    after = int(frame["cursor"] or self._cursor)
                    await feed.send_json({"op": "welcome", "cursor": str(self._cursor), "reset": self.resets})
                    for at, batch in self._log:
                        if at > after and not self.resets:
                            await feed.send_json(batch)
                    self._feeds.append(feed)
                    self.changed.set()
                case "ping":
                    await feed.send_json({"op": "pong"})
                case _:
                    self.heard.append(frame)
                    self.changed.set()
        if feed in self._feeds:
            self._feeds.remove(feed)
            self.changed.set()
        return feed


class _Link:
    public_url = ""
    language = "en"


def answer(body: Any) -> web.Response:
    return web.json_response(body if isinstance(body, dict) else body.model_dump())


def problem(status: int, code: str, detail: str) -> web.Response:
    body = schemas.Problem(title=code, status=status, code=code, detail=detail).model_dump()
    return web.json_response(body, status=status, content_type="application/problem+json")
