"""Exports of whole lists: begun here, looked after, fetched. They are kept for an hour, for who asked."""

from __future__ import annotations

import asyncio

from aiohttp import web

from openlines.runtime.exports import Export, Exports, TooManyExports
from openlines.runtime.files import disposition
from openlines.runtime.words import TooManyWords, asked
from openlines.web.api.conversations import narrowed
from openlines.web.endpoint import Call
from openlines.web.problems import Refusal, invalid, not_found
from openlines.web.schemas import ExportIt, ExportOut

EXPORTS: web.AppKey[Exports] = web.AppKey("exports", Exports)
RIGHT = "reports"
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def begin(call: Call, body: ExportIt) -> ExportOut:
    """Begin an export of all conversations that fit the filters."""
    call.require_right(RIGHT)
    for field in ("text", "file"):
        try:
            asked(getattr(body.filters, field))
        except TooManyWords as error:
            raise invalid(f"filters.{field}", str(error)) from error
    filters = narrowed(call, body.filters)
    try:
        export = call.request.app[EXPORTS].start(call.agent, call.hub.policies.lines, filters, body.format)
    except TooManyExports as error:
        raise Refusal(429, str(error), headers={"Retry-After": "30"}) from error
    call.deed.of(
        f"export:{export.id}",
        format=body.format,
        filters=body.filters.model_dump(exclude={"text", "file"}, exclude_defaults=True),
    )
    return _out(export)


async def show(call: Call) -> ExportOut:
    """How far an export is."""
    return _out(_of(call))


async def download(call: Call) -> web.StreamResponse:
    """The file of a finished export."""
    export = _of(call)
    if export.state != "ready":
        raise Refusal(409, f"this export is {export.state}; only a finished one has a file", code="wrong_status")
    if not await asyncio.to_thread(export.path.is_file):
        raise not_found("file of this export any more")
    kind = TYPES[export.format]
    return web.FileResponse(
        export.path,
        headers={"Content-Type": kind, "Content-Disposition": disposition(export.name, kind)},
    )


def _of(call: Call) -> Export:
    call.require_right(RIGHT)
    export = call.request.app[EXPORTS].find(call.id, call.agent)
    if export is None:
        raise not_found("such export of yours; they are kept for an hour")
    return export


def _out(export: Export) -> ExportOut:
    return ExportOut(
        id=export.id,
        state=export.state,
        format=export.format,
        done=export.done,
        total=export.total,
        created_at=export.created_at,
        expires_at=export.expires_at,
    )
