"""The journal of what staff did."""

from __future__ import annotations

from openlines.web.endpoint import AUDIT, Call
from openlines.web.staff_schemas import AuditOut, AuditPage, AuditQuery


async def page(call: Call, query: AuditQuery) -> AuditPage:
    """What staff did, the latest first."""
    found = await call.request.app[AUDIT].page(
        who=query.who, what=query.what, target=query.target, before=query.before, limit=query.limit + 1
    )
    shown = found[: query.limit]
    return AuditPage(
        items=[
            AuditOut(id=each.id, at=each.at, who=each.who, what=each.what, target=each.target, detail=dict(each.detail))
            for each in shown
        ],
        next=shown[-1].id if len(found) > len(shown) else None,
    )
