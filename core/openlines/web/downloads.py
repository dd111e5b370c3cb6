"""Handing out files, and the signed addresses that platforms and customers fetch them from."""

from __future__ import annotations

from aiohttp import web

from openlines.domain.messages import File
from openlines.runtime.files import FileStore, disposition, is_id
from openlines.web.hub import HUB
from openlines.web.problems import Refusal, not_found

ACTIVE_TEXT = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})
"""Types that a browser could run; their bytes go out as a plain download."""


async def signed(request: web.Request) -> web.StreamResponse:
    """`/files/<id>?name=&type=&until=&sig=`"""
    files = request.app[HUB].files
    file, query = request.match_info["id"], request.query
    if not is_id(file) or not files.verify(file, query):
        raise Refusal(403, "this address of a file is not valid, or no longer")
    return await serve(files, File(id=file, name=query.get("name", ""), type=query.get("type", "")), what="file")


async def serve(files: FileStore, file: File | None, *, what: str) -> web.StreamResponse:
    """The bytes, so that no browser takes them for a page of ours. Raises `Refusal` 404."""
    path = await files.open(file.id) if file else None
    if file is None or path is None:
        raise not_found(what)
    shown = "application/octet-stream" if file.type in ACTIVE_TEXT else file.type
    return web.FileResponse(
        path,
        headers={
            "Content-Type": shown,
            "Content-Disposition": disposition(file.name, shown),
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "private, max-age=86400, immutable",
        },
    )
