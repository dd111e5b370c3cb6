"""What a step is about to make true, what it has made true, and the rows in which the store keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from openlines.domain.entries import AnyEntry, Delivery, Held, Message
from openlines.domain.seats import Clock
from openlines.domain.state import Status, Thread
from openlines.domain.turn import Answered
from openlines.runtime.recorder import Recorded
from openlines.runtime.records import Kept, Summary, fact_id, partition_of


class Outcome(Struct, frozen=True):
    """What one event led to, for whoever published it."""

    duplicate: bool = False
    message: int = 0
    """The message it made, 0 = none."""


@dataclass(slots=True)
class Committed:
    """What one step has made durable."""

    outcomes: list[Outcome] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    threads: dict[str, Thread] = field(default_factory=dict)
    seats_before: dict[str, int] = field(default_factory=dict)
    summaries: dict[int, Summary] = field(default_factory=dict)
    clocks: list[Clock] = field(default_factory=list)
    answers: list[tuple[str, Answered]] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """What a step would make true, until the commit does."""

    counts: dict[int, int]
    numbers: range
    known: dict[bytes, int] = field(default_factory=dict)
    """Facts from platforms that are kept already, with the message each made."""
    answered: dict[bytes, Answered] = field(default_factory=dict)
    new_answers: list[tuple[str, Answered]] = field(default_factory=list)
    externals: list[str | None] = field(default_factory=list)
    customers: dict[str, Thread] = field(default_factory=dict)
    involved: set[tuple[str, int]] = field(default_factory=set)
    recorded: list[Recorded] = field(default_factory=list)
    audited: list[dict[str, Any]] = field(default_factory=list)
    """What staff asked for."""
    done: Committed = field(default_factory=Committed)


decode_thread: Callable[[bytes], Thread] = msgspec.json.Decoder(Thread).decode
encode = msgspec.json.Encoder().encode
decode_entry: Callable[[bytes], AnyEntry] = msgspec.json.Decoder(AnyEntry).decode


def thread_row(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "partition": partition_of(thread.id),
        "channel": thread.channel,
        "chat": thread.chat,
        "conversation": thread.open.number if thread.open else 0,
        "seated": thread.open is not None
        and (thread.open.suspended or thread.open.status not in (Status.WITH_BOT, Status.CLOSING)),
        "owes": bool(thread.pending),
        "due": thread.due,
        "state": encode(thread),
    }


def entry_row(kept: Kept, external: str | None) -> dict[str, Any]:
    return {
        "partition": kept.partition,
        "n": kept.n,
        "thread": kept.thread,
        "conversation": kept.entry.conversation,
        "at": kept.at,
        "kind": type(kept.entry).__name__,
        "external": getattr(kept.entry, "external", "") or None,
        "fact": fact_id(kept.thread, external) if external is not None else None,
        "body": encode(kept.entry),
    }


def conversation_row(summary: Summary, now: float) -> dict[str, Any]:
    return {
        "number": summary.number,
        "thread": summary.thread,
        "line": summary.line,
        "channel": summary.channel,
        "customer": summary.customer_id,
        "customer_name": summary.customer_name,
        "status": summary.status,
        "responsible": summary.responsible,
        "created_at": summary.created_at,
        "closed_at": summary.closed_at,
        "changed_at": now,
        "summary": encode(summary),
        "pinned": summary.pinned,
        "unanswered": summary.unanswered,
        "late": summary.late,
        "rating": summary.rating,
        "supervisor_rating": summary.supervisor_rating,
        "first_response": summary.first_response,
        "total_response": summary.total_response,
        "average_response": summary.average_response,
        "longest_response": summary.longest_response,
    }


def message_of(kind: str, body: bytes) -> int:
    if kind in ("Message", "Held"):
        return msgspec.json.decode(body, type=Message | Held).id
    return msgspec.json.decode(body, type=Delivery).message if kind == "Delivery" else 0
