"""From what the hub keeps to what the API shows."""

from __future__ import annotations

from typing import Any

import msgspec

from openlines.domain import rights
from openlines.domain.people import Agent, absence
from openlines.domain.policy import Policies, Queue
from openlines.domain.state import Thread
from openlines.runtime.leaves import Leave
from openlines.runtime.reader import Listed, members, preview
from openlines.runtime.records import Kept
from openlines.web.schemas import AgentOut, ConversationOut, CustomerOut, EntryOut, ReasonOut
from openlines.web.staff_schemas import LeaveOut

PRESENCE_TIMEOUT = Queue().presence_timeout
"""Lines may set their own; screens that show one light per agent take the default."""


def agent_out(agent: Agent, now: float, *, from_settings: bool = False) -> AgentOut:
    why = absence(agent, now, check=True, presence_timeout=PRESENCE_TIMEOUT)
    return AgentOut(
        id=agent.id,
        name=agent.name,
        email=agent.email,
        role=agent.role,
        departments=list(agent.departments),
        photo=agent.photo,
        available=not why,
        absence=why,
        title=agent.title,
        dismissed=agent.dismissed,
        from_settings=from_settings,
    )


def leave_out(leave: Leave) -> LeaveOut:
    last = leave.last.isoformat() if leave.last else None
    return LeaveOut(id=leave.id, agent=leave.agent, first=leave.first.isoformat(), last=last)


def conversation_out(row: Listed, policies: Policies, asker: Agent | None = None) -> ConversationOut:
    """A row of the lists; with `asker`, also what they may do now."""
    summary, last = row.summary, row.last
    channel, line = policies.channels.get(summary.channel), policies.lines.get(summary.line)
    told = msgspec.structs.asdict(summary)
    del told["holders"]
    told["reason"] = ReasonOut(**msgspec.structs.asdict(summary.reason)) if summary.reason else None
    told |= {
        "channel_kind": channel.kind if channel else "",
        "preview": preview(last) if last else "",
        "preview_by": last.author.kind if last else "",
        "last_at": row.last_at,
        "actions": list(rights.actions(asker, summary, members(policies.lines, summary), line)) if asker else [],
    }
    return ConversationOut.model_validate(told)


def customer_out(thread: Thread, customer: str) -> CustomerOut:
    return CustomerOut(
        id=customer,
        name=thread.customer.name,
        phone=thread.customer.phone,
        email=thread.customer.email,
        photo=thread.customer.photo,
        language=thread.customer.language,
        form=thread.form,
        conversations=thread.conversations,
    )


def entry_out(kept: Kept) -> EntryOut:
    """An entry; fields that have their default are left out of its body."""
    body: dict[str, Any] = msgspec.to_builtins(kept.entry)
    return EntryOut(
        id=f"{kept.partition}.{kept.n}",
        seq=kept.n,
        thread=kept.thread,
        at=kept.at,
        kind=body.pop("type"),
        conversation=body.pop("conversation"),
        body=body,
    )
