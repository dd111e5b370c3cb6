"""What the store keeps beside the threads' states, and what lists and feeds hand on."""

from __future__ import annotations

import hashlib
from operator import attrgetter

from msgspec import Struct

from openlines.domain.entries import AnyEntry
from openlines.domain.events import Reason
from openlines.domain.state import Conversation, Thread

PARTITIONS = 64
"""Threads are spread over this many; fixed for the life of an installation."""


def thread_id(channel: str, chat: str) -> str:
    """The id of a chat's thread: made from its key, so that nobody has to look it up. 26 letters and digits."""
    return hashlib.blake2b(f"{channel}\0{chat}".encode(), digest_size=13).hexdigest()


def fact_id(thread: str, key: str) -> bytes:
    """What makes a fact, or a request, of a thread the same one when it comes again; 16 bytes."""
    return hashlib.blake2b(f"{thread}\0{key}".encode(), digest_size=16).digest()


def partition_of(thread: str) -> int:
    """Which partition a thread lives in."""
    return int(thread[:4], 16) % PARTITIONS  # the id is a hash already


class Kept(Struct, frozen=True):
    """An entry as the store keeps it; (`partition`, `n`) is its key."""

    partition: int
    n: int
    thread: str
    at: float
    entry: AnyEntry


class Summary(Struct, frozen=True, omit_defaults=True):
    """What lists show of a conversation; written only when it changes."""

    number: int
    thread: str
    line: str
    channel: str
    customer_id: str
    customer_name: str
    status: str
    responsible: str = ""
    offered: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    created_at: float = 0.0
    queued_at: float = 0.0
    accepted_at: float = 0.0
    finished_at: float = 0.0
    closed_at: float = 0.0
    closed_by: str = ""
    idle_at: float = 0.0
    pinned: bool = False
    unanswered: bool = False
    solved: bool = False
    rating: str = ""
    supervisor_rating: int = 0
    reason: Reason | None = None
    late: bool = False
    """A response time is or was over its norm."""
    first_response: float = 0.0
    """Response times in seconds, 0 = none."""
    total_response: float = 0.0
    average_response: float = 0.0
    longest_response: float = 0.0


shown = attrgetter(
    "status", "line", "responsible", "offered", "participants", "holders", "created_at", "queued_at", "accepted_at",
    "finished_at", "closed_at", "closed_by", "idle_at", "pinned", "unanswered", "solved", "rating",
    "supervisor_rating", "reason", "responses", "alerted",
)  # fmt: skip
"""What of a conversation its summary shows."""


def summarise(thread: Thread, conversation: Conversation) -> Summary:
    """The summary of one of the thread's conversations."""
    times = conversation.responses
    return Summary(
        number=conversation.number,
        thread=thread.id,
        line=conversation.line,
        channel=thread.channel,
        customer_id=customer_id(thread),
        customer_name=thread.customer.name,
        status=conversation.status.value,
        responsible=conversation.responsible,
        offered=conversation.offered,
        participants=conversation.participants,
        holders=conversation.holders,
        created_at=conversation.created_at,
        queued_at=conversation.queued_at,
        accepted_at=conversation.accepted_at,
        finished_at=conversation.finished_at,
        closed_at=conversation.closed_at,
        closed_by=conversation.closed_by,
        idle_at=conversation.idle_at,
        pinned=conversation.pinned,
        unanswered=conversation.unanswered,
        solved=conversation.solved,
        rating=conversation.rating,
        supervisor_rating=conversation.supervisor_rating,
        reason=conversation.reason,
        late=conversation.alerted or conversation.responses.late > 0,
        first_response=times.first,
        total_response=times.total,
        average_response=float(times.total // times.count) if times.count else 0.0,
        longest_response=times.longest,
    )


def involved(conversation: Conversation) -> frozenset[str]:
    """Whose own it is: the agents who are or were responsible, took part, or were offered it."""
    agents = {conversation.responsible, *conversation.participants, *conversation.holders}
    return frozenset(agent for agent in agents if agent and not agent.startswith("bot:"))


def customer_id(thread: Thread) -> str:
    """The customer behind a thread: one per identity on its channel; a group chat counts as its first writer's."""
    return thread_id(thread.channel, f"customer:{thread.customer.id}")
