"""What thread and desk tell each other. Both messages are full values, so loss, repetition and reordering do no harm.

thread -> desk  `Standing`, after each commit that moved the thread's `seat`
desk -> thread  `Placed` (in `events`), applied only while seat and conversation are still the same
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from openlines.domain.state import WITH_AGENT, Status, Thread

CountsAs = Literal["", "offered", "accepted", "awaiting_agent", "awaiting_customer"]


class Standing(Struct, frozen=True, kw_only=True):
    """Where a conversation stands for the desk."""

    thread: str
    conversation: int
    seat: int
    partition: int
    epoch: int
    line: str
    counts_as: CountsAs = ""
    """What it weighs against the limits of its `holders`; "" = nothing (with a bot, closing, closed, undistributed)."""
    holders: tuple[str, ...] = ()
    """Who holds it now: the agents offered, or the responsible."""
    wants: Literal["none", "more", "next"] = "none"
    """none = leave it; more = offer it, or widen the offer to newcomers (`all`); next = replace the offer."""
    why: str = ""
    """With `next`: declined, idle."""
    rung: tuple[str, ...] = ()
    queued_at: float = 0.0
    first: str = ""
    """Offer it to this agent before the queue (the CRM's responsible)."""
    by: str = ""
    """Who declined it."""
    pinned: bool = False
    rule: str = ""
    """`Reason.rule` of the last placement, while it waits: "crm" = the holder has it as the CRM's responsible,
    "nobody" = undistributed, and the thread has been told why."""


class Clock(Struct, frozen=True):
    """What `evenly` measures an agent's idleness on a line from; the later of both."""

    line: str
    agent: str
    offered_at: float = 0.0
    replied_at: float = 0.0


def standing(thread: Thread, partition: int, epoch: int) -> Standing:
    """The thread's standing, derived from its state. A thread without an open conversation stands nowhere."""
    conversation = thread.open or thread.last
    if conversation is None:
        raise ValueError(f"thread {thread.id} has had no conversation")
    nowhere = Standing(
        thread=thread.id,
        conversation=conversation.number,
        seat=thread.seat,
        partition=partition,
        epoch=epoch,
        line=conversation.line,
    )
    if conversation.status in WITH_AGENT:
        return replace(
            nowhere,
            counts_as=conversation.status.value,
            holders=(conversation.responsible,),
            pinned=conversation.pinned,
        )
    if conversation.status is not Status.WAITING or conversation.identifying or conversation.suspended:
        return nowhere
    asking = conversation.asking[0] if conversation.asking else None
    return replace(
        nowhere,
        counts_as="offered" if conversation.offered else "",
        holders=conversation.offered,
        wants="next" if asking else "more",
        why=asking.why if asking else "",
        by=asking.by if asking else "",
        rung=conversation.rung,
        queued_at=conversation.queued_at,
        first=conversation.crm_first,
        pinned=conversation.pinned,
        rule=conversation.reason.rule if conversation.reason else "",
    )
