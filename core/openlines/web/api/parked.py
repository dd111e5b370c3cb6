"""Events that could not be decided."""

from __future__ import annotations

from openlines.web.endpoint import Call
from openlines.web.schemas import ParkedOut, ParkedPage, ParkedQuery, Replayed


async def page(call: Call, query: ParkedQuery) -> ParkedPage:
    """Parked events, oldest first."""
    found = await call.hub.reader.parked(after=query.after, limit=query.limit + 1)
    shown = found[: query.limit]
    return ParkedPage(
        items=[
            ParkedOut(
                id=each.id,
                partition=each.partition,
                thread=each.thread,
                at=each.at,
                kind=each.kind,
                error=each.error,
            )
            for each in shown
        ],
        next=shown[-1].id if len(found) > len(shown) else None,
    )


async def replay(call: Call) -> Replayed:
    """Decide a parked event again, after a fix."""
    decided = await call.hub.replay(call.number)
    call.deed.of(f"parked:{call.number}", decided=decided)
    return Replayed(decided=decided)
