"""What feed sockets show, worked out once per batch and shared by all of them.

Each piece (an entry, a conversation's row) is serialised once; a socket only picks the pieces its agent may see and
joins them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from openlines.domain import rights
from openlines.domain.entries import Delivery, Message, Notice
from openlines.domain.people import Agent
from openlines.domain.policy import Line
from openlines.domain.state import Status
from openlines.runtime.feed import FeedBatch, PresenceChanged, Typing
from openlines.runtime.reader import Listed, members
from openlines.runtime.records import Summary
from openlines.web.hub import Hub
from openlines.web.shapes import agent_out, conversation_out, entry_out

KNOWN = 20_000
"""Conversations whose row is kept at hand."""
PREPARED = 256
"""Batches whose pieces are kept for the sockets that are a little behind."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to send about one conversation, as JSON."""

    conversation: int
    json: str


@dataclass(frozen=True, slots=True)
class Change:
    """A conversation's row before (where it was known) and after a batch."""

    before: Summary | None
    after: Summary
    json: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch in pieces."""

    cursor: str
    entries: list[Piece] = field(default_factory=list)
    changes: dict[int, Change] = field(default_factory=dict)
    summaries: dict[int, Summary] = field(default_factory=dict)
    """Of every conversation that the batch speaks of: whose they are decides who hears of them."""
    notices: list[Notice] = field(default_factory=list)
    typing: list[tuple[Typing, str]] = field(default_factory=list)
    presence: str = ""


class Board:
    """Prepares batches; knows the rows of the conversations that are talked of."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: OrderedDict[int, Listed] = OrderedDict()
        self._prepared: OrderedDict[int, tuple[FeedBatch, asyncio.Task[Prepared]]] = OrderedDict()

    async def prepare(self, batch: FeedBatch) -> Prepared:
        """The batch in pieces; the first socket to get there does the work."""
        # By identity: watchers share the very object. The entry holds it, so its id stays its own.
        kept = self._prepared.get(id(batch))
        if kept is None:
            kept = (batch, asyncio.ensure_future(self._work_out(batch)))
            self._prepared[id(batch)] = kept
            while len(self._prepared) > PREPARED:
                self._prepared.popitem(last=False)
        # Shielded: one socket's end must not take the work from the others.
        return await asyncio.shield(kept[1])

    async def row(self, number: int) -> Listed | None:
        """A conversation's row."""
        await self._learn([number])
        return self._known.get(number)

    def forget(self) -> None:
        """A watcher left, perhaps the one that was ahead of all others: rows may be older than they seem."""
        self._known.clear()

    async def _work_out(self, batch: FeedBatch) -> Prepared:
        told = {summary.number: summary for summary in batch.summaries}
        spoken = {k.entry.conversation: (k.entry, k.at) for k in batch.entries if isinstance(k.entry, Message)}
        typing = [signal for signal in batch.signals if isinstance(signal, Typing)]
        named = {kept.entry.conversation for kept in batch.entries} | told.keys()
        named |= {signal.conversation for signal in typing}
        # What the store says now is the state after this batch, so it is no `before`.
        before = {number: self._known[number].summary for number in named if number in self._known}
        await self._learn(named - {0} - (told.keys() & spoken.keys()))

        for number in sorted(named & (told.keys() | self._known.keys())):
            was = self._known.get(number)
            row = was or Listed(told[number])
            if number in told:
                row = replace(row, summary=told[number])
            if number in spoken:
                last, at = spoken[number]
                row = replace(row, last=last, last_at=at)
            self._keep(number, row)

        # A receipt alone changes no row.
        changed = told.keys() | {
            k.entry.conversation for k in batch.entries if not isinstance(k.entry, Delivery | Notice)
        }
        agents = {agent for signal in batch.signals if isinstance(signal, PresenceChanged) for agent in signal.agents}
        return Prepared(
            cursor=batch.cursor,
            entries=[
                Piece(kept.entry.conversation, entry_out(kept).model_dump_json())
                for kept in batch.entries
                if not isinstance(kept.entry, Notice)
            ],
            changes={n: self._change(before.get(n), self._known[n]) for n in sorted(changed & self._known.keys())},
            summaries={number: self._known[number].summary for number in named & self._known.keys()},
            notices=[kept.entry for kept in batch.entries if isinstance(kept.entry, Notice)],
            typing=[(signal, _typing(signal)) for signal in typing],
            presence=self._presence(agents) if agents else "",
        )

    async def _learn(self, numbers: Iterable[int]) -> None:
        missing = [number for number in numbers if number not in self._known]
        for number, row in (await self._hub.reader.rows(missing)).items():
            if number not in self._known:
                self._keep(number, row)

    def _keep(self, number: int, row: Listed) -> None:
        self._known[number] = row
        self._known.move_to_end(number)
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def _change(self, before: Summary | None, row: Listed) -> Change:
        shown = conversation_out(row, self._hub.policies).model_dump_json(exclude={"actions"})
        return Change(before, row.summary, shown)

    def _presence(self, agents: Iterable[str]) -> str:
        now, view = self._hub.clock.now(), self._hub.people.view
        known = [agent_out(view[agent], now) for agent in sorted(agents) if agent in view]
        told = [{"id": each.id, "available": each.available, "absence": each.absence} for each in known]
        return _json({"op": "presence", "agents": told})


class Mix:
    """Several batches as one agent may see them; later ones replace what earlier ones said of a row."""

    def __init__(self, agent: Agent, lines: Mapping[str, Line]) -> None:
        self._agent = agent
        self._lines = lines
        self._cursor = ""
        self._entries: list[str] = []
        self._rows: dict[int, str] = {}
        self._lost: set[int] = set()
        self._signals: dict[tuple[object, ...], str] = {}

    def add(self, batch: Prepared) -> None:
        seen = {number for number, summary in batch.summaries.items() if self._sees(summary)}
        self._cursor = batch.cursor
        self._entries += [piece.json for piece in batch.entries if piece.conversation in seen]
        for number, change in batch.changes.items():
            if number in seen:
                self._rows[number] = change.json
                self._lost.discard(number)
            elif self._may_have_seen(change):
                self._rows.pop(number, None)
                self._lost.add(number)
        for notice in batch.notices:
            if notice.agent == self._agent.id:
                said = {"op": "notice", "text": notice.text, "conversation": notice.conversation}
                self._signals["notice", len(self._signals)] = _json(said)
        for signal, frame in batch.typing:
            own = signal.by_kind == "agent" and signal.by_id == self._agent.id
            if signal.conversation in seen and not own:
                self._signals["typing", signal.conversation, signal.by_kind, signal.by_id] = frame
        if batch.presence:
            self._signals["presence", len(self._signals)] = batch.presence

    def frames(self) -> list[str]:
        """What to send. A batch that holds nothing for this agent is not sent: a cursor a little old does no harm."""
        batch = []
        if self._entries or self._rows or self._lost:
            batch.append(
                f'{{"op":"batch","cursor":{_json(self._cursor)},"conversations":[{",".join(self._rows.values())}],'
                f'"entries":[{",".join(self._entries)}],"closed":{_json(sorted(self._lost))}}}'
            )
        return batch + list(self._signals.values())

    def _sees(self, summary: Summary) -> bool:
        return rights.sees(self._agent, summary, members(self._lines, summary))

    def _may_have_seen(self, change: Change) -> bool:
        if change.before is not None:
            return self._sees(change.before)
        # Not known how it was: whoever sees it while it waits may have seen it.
        return self._sees(msgspec.structs.replace(change.after, status=Status.WAITING.value))


def _typing(signal: Typing) -> str:
    by = {"kind": signal.by_kind, "id": signal.by_id, "name": signal.by_name}
    return _json({"op": "typing", "conversation": signal.conversation, "by": by, "text": signal.text})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
