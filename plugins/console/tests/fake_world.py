"""What a cardboard hub holds, and how tests change it: customers write, colleagues act, networks fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from openlines.web import schemas

NOW = 1_790_000_000.0  # 21 September 2026, 14:13 UTC
ME = "anna"


class World:
    def __init__(self, clock: Callable[[], float] = lambda: NOW) -> None:
        self.clock = clock
        self.signed_in = False
        self.state = "online"
        self.agents = {agent.id: agent for agent in _agents()}
        self.lines = {line.id: line for line in _lines()}
        self.conversations: dict[int, schemas.ConversationOut] = {}
        self.customers: dict[int, schemas.CustomerOut] = {}
        self.records: dict[int, list[schemas.RecordOut]] = {}
        self.entries: dict[str, list[schemas.EntryOut]] = {}
        self.files: dict[str, tuple[schemas.FileOut, bytes]] = {}
        self.asked: list[tuple[str, int, dict[str, Any]]] = []
        """What the console did: (verb, conversation, body)."""
        self.heard: list[dict[str, Any]] = []
        """What came over the feed from the console, but for pings."""
        self.refusals: dict[str, str] = {}
        """Verb to problem code: the next request of that kind is refused."""
        self.down = False
        """Nothing answers: as a hub that is being restarted."""
        self.crm_down = False
        self.resets = False
        self._answers: dict[str, dict[str, Any]] = {}
        self._feeds: list[web.WebSocketResponse] = []
        self._seq = 0
        self._cursor = 0
        self._log: list[tuple[int, dict[str, Any]]] = []
        self.changed = asyncio.Event()

    # -- what the world does ------------------------------------------------------------------------------------

    def opens(self, number: int, name: str, text: str = "", **fields: Any) -> schemas.ConversationOut:
        """A conversation begins; `fields` overwrite what a fresh one has."""
        at = fields.pop("at", self.clock() - 600)
        defaults: dict[str, Any] = {
            "number": number,
            "thread": f"site/{number}",
            "line": "shop",
            "channel": "site",
            "channel_kind": "livechat",
            "customer_id": f"c{number}",
            "customer_name": name,
            "status": "waiting",
            "responsible": "",
            "offered": [],
            "participants": [],
            "created_at": at,
            "queued_at": at,
            "accepted_at": 0,
            "finished_at": 0,
            "closed_at": 0,
            "closed_by": "",
            "idle_at": 0,
            "pinned": False,
            "unanswered": False,
            "solved": False,
            "rating": "",
            "supervisor_rating": 0,
            "last_at": at,
        }
        row = schemas.ConversationOut.model_validate(defaults | fields)
        self.conversations[number] = row
        self.customers.setdefault(
            number,
            schemas.CustomerOut(
                id=row.customer_id, name=name, phone="", email="", photo="", language="en", form={}, conversations=1
            ),
        )
        self.entries.setdefault(row.thread, [])
        if text:
            self.customer_says(number, text, at=at)
        self.becomes(number, status=row.status)
        return self.conversations[number]

    def offers(self, number: int, name: str, text: str, seconds: float = 60, **fields: Any) -> None:
        reason = schemas.ReasonOut(
            rule="evenly",
            words="anna: idle longest, 312 s; boris skipped: limit 3/3",
            idle=312,
            skipped={"limit": 1},
            before=[],
        )
        fields = {"offered": [ME], "idle_at": self.clock() + seconds, "reason": reason} | fields
        self.opens(number, name, text, **fields)

    def customer_says(self, number: int, text: str, **fields: Any) -> schemas.EntryOut:
        row = self.conversations[number]
        at = fields.pop("at", self.clock())
        status = "awaiting_agent" if row.status == "awaiting_customer" else row.status
        self._set(number, preview=text, preview_by="customer", last_at=at, status=status)
        author = {"kind": "customer", "name": row.customer_name}
        return self._message(number, author, {"text": text} | fields.pop("content", {}), at=at, **fields)

    def says(self, number: int, text: str, kind: str = "agent", by: str = ME, **fields: Any) -> schemas.EntryOut:
        """An agent, a bot or the line writes."""
        at = fields.pop("at", self.clock())
        name = self.agents[by].name if kind == "agent" else {"bot": "Menu", "auto": ""}[kind]
        if not fields.get("dropped"):
            self._set(number, preview=text, preview_by=kind, last_at=at)
        if kind == "agent" and self.conversations[number].status == "awaiting_agent":
            self._set(number, status="awaiting_customer")
        content = {"text": text} | fields.pop("content", {})
        return self._message(
            number, {"kind": kind, "id": by if kind == "agent" else "", "name": name}, content, at=at, **fields
        )

    def notes(self, number: int, text: str, by: str = "boris", mentions: tuple[str, ...] = (), **fields: Any) -> None:
        body = {"by": by, "content": {"text": text}, "mentions": list(mentions)}
        self.tell(number, "Noted", body, numbered=True, **fields)

    def decides(self, number: int, what: str, **body: Any) -> None:
        at = body.pop("at", None)
        self.tell(number, "Decision", {"what": what} | body, **({} if at is None else {"at": at}))

    def delivers(self, number: int, message: int, state: str, **body: Any) -> None:
        self.tell(number, "Delivery", {"message": message, "state": state} | body)

    def tell(
        self, number: int, kind: Any, body: dict[str, Any], numbered: bool = False, at: float | None = None
    ) -> schemas.EntryOut:
        """One entry, kept and sent to every console."""
        self._seq += 1
        row = self.conversations[number]
        entry = schemas.EntryOut(
            id=f"0.{self._seq}",
            seq=self._seq,
            thread=row.thread,
            conversation=number,
            at=self.clock() if at is None else at,
            kind=kind,
            body=body | ({"id": self._seq} if numbered else {}),
        )
        self.entries[row.thread].append(entry)
        self._send(entries=[entry], rows=[number])
        return entry

    def becomes(self, number: int, **fields: Any) -> None:
        """The conversation changes, and every console hears of it."""
        self._set(number, **fields)
        self._send(rows=[number])

    def loses(self, number: int) -> None:
        """The conversation is no longer this agent's to see."""
        del self.conversations[number]
        self._send(closed=[number])

    def types(self, number: int, text: str = "", by: dict[str, str] | None = None) -> None:
        row = self.conversations[number]
        who = by or {"kind": "customer", "id": row.customer_id, "name": row.customer_name}
        self._broadcast({"op": "typing", "conversation": number, "by": who, "text": text})

    def available(self, agent: str, available: bool, absence: str = "") -> None:
        self.agents[agent] = self.agents[agent].model_copy(update={"available": available, "absence": absence})
        self._broadcast({"op": "presence", "agents": [{"id": agent, "available": available, "absence": absence}]})

    def notice(self, text: str, number: int = 0) -> None:
        self._broadcast({"op": "notice", "text": text, "conversation": number})

    async def drop_feeds(self) -> None:
        for feed in list(self._feeds):
            await feed.close(code=1012)

    @property
    def feeds(self) -> int:
        return len(self._feeds)

    def did(self, verb: str) -> list[dict[str, Any]]:
        return [body for asked, _, body in self.asked if asked == verb]

    async def until(self, true: Callable[[], bool], seconds: float = 5) -> None:
        """Waits until the console has done something."""
        async with asyncio.timeout(seconds):
            while not true():
                self.changed.clear()
                await self.changed.wait()

    def _send(
        self,
        rows: list[int] | None = None,
        entries: list[schemas.EntryOut] | None = None,
        closed: list[int] | None = None,
    ) -> None:
        self._cursor += 1
        batch = {
            "op": "batch",
            "cursor": str(self._cursor),
            "conversations": [self.conversations[number].model_dump(exclude={"actions"}) for number in rows or []],
            "entries": [entry.model_dump() for entry in entries or []],
            "closed": closed or [],
        }
        self._log.append((self._cursor, batch))
        self._broadcast(batch)

    def _broadcast(self, frame: dict[str, Any]) -> None:
        for feed in self._feeds:
            task = asyncio.ensure_future(feed.send_json(frame))
            task.add_done_callback(lambda done: done.exception())

    def _message(
        self, number: int, author: dict[str, str], content: dict[str, Any], at: float, **body: Any
    ) -> schemas.EntryOut:
        return self.tell(number, "Message", {"author": author, "content": content} | body, numbered=True, at=at)

    def _set(self, number: int, **fields: Any) -> None:
        self.conversations[number] = self.conversations[number].model_copy(update=fields)


def _agents() -> list[schemas.AgentOut]:
    people = [
        (ME, "Anna Larsen", True, ""),
        ("boris", "Boris Nikolov", True, ""),
        ("carla", "Carla Mendes", False, "on leave"),
        ("dmitri", "Dmitri Orlov", False, "on a break"),
    ]
    return [
        schemas.AgentOut(
            id=id_,
            name=name,
            email=f"{id_}@shop.example",
            role="agent",
            departments=["sales"],
            photo="",
            available=available,
            absence=absence,
        )
        for id_, name, available, absence in people
    ]


def _lines() -> list[schemas.LineOut]:
    return [
        schemas.LineOut(id="shop", name="Shop", active=True, distribution="evenly", members=[ME, "boris"]),
        schemas.LineOut(id="support", name="Support", active=True, distribution="all", members=["carla"]),
    ]
