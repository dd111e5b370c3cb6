"""What a message costs the store: counted, since a statement too many is paid for by every message."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openlines.runtime.hub import Hub
from sqlalchemy import event

from tests.hub import QUIET, Messenger, Robot, hub_of

SHOP = f"""
[lines.shop]
queue.members = ["anna"]
bot.use = "robot"
{QUIET}
[bots.robot]
kind = "robot"
[channels.post]
kind = "post"
line = "shop"
[agents.anna]
email = "anna@shop.example"
"""


@dataclass
class Costs:
    """What the writer did."""

    batches: list[list[str]] = field(default_factory=list)
    """The statements of each transaction."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows written, by the statement's first words."""
    hops: int = 0
    """How often the writer's thread called into the loop."""


@contextmanager
def counted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Costs]:
    costs, engine = Costs(), hub.database.engine
    loop = asyncio.get_running_loop()
    to_loop = loop.call_soon_threadsafe

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if threading.current_thread().name != "openlines-writer":
            return
        if statement.startswith("BEGIN"):
            costs.batches.append([])
            return
        costs.batches[-1].append(statement)
        verb = statement.split()[0]
        if verb in ("INSERT", "UPDATE", "DELETE"):
            costs.rows[" ".join(statement.split()[:3])] += len(parameters) if many else 1

    def hop(callback: Any, *args: Any, **more: Any) -> Any:
        costs.hops += threading.current_thread().name == "openlines-writer"
        return to_loop(callback, *args, **more)

    event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(loop, "call_soon_threadsafe", hop)
    try:
        yield costs
    finally:
        event.remove(engine, "before_cursor_execute", note)
        monkeypatch.undo()


async def test_a_message_that_a_bot_answers_costs_at_most_seven_rows_and_six_statements_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        await post.write("ivan", "Hello")  # opens the conversation, which costs more and happens once
        await hub.settled()
        with counted(hub, monkeypatch) as costs:
            await post.write("ivan", "Are you open?")
            await hub.settled()
        assert post.texts("ivan")[-1] == "You said: Are you open?"
        assert sum(costs.rows.values()) <= 7, costs.rows
        assert 1 <= len(costs.batches) <= 3, "written, answered, sent"
        for batch in costs.batches:
            assert len(batch) <= 6, "\n".join(batch)
        assert costs.hops == len(costs.batches), "one hop into the loop a batch"


async def test_messages_at_once_share_their_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub_of(tmp_path, SHOP, post := Messenger(), Robot()) as hub:
        await hub.settled()
        chats = [f"chat{n}" for n in range(64)]
        for chat in chats:
            await post.write(chat, "Hello")
        await hub.settled()
        with counted(hub, monkeypatch) as costs:
            await asyncio.gather(*(post.write(chat, "Are you open?") for chat in chats))
            await hub.settled()
        assert sum(costs.rows.values()) <= 7 * len(chats), costs.rows
        assert len(costs.batches) <= len(chats) // 2, "64 messages cause 192 events"
        assert max(map(len, costs.batches)) <= 6
        assert costs.hops == len(costs.batches)
