"""Files that visitors send and get."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from openlines.api import File, Link

from openlines_livechat import wire
from openlines_livechat.room import Full, Room
from openlines_livechat.session import address_of, comes_from
from openlines_livechat.settings import LiveChatSettings
from openlines_livechat.visitors import Seals, chat_of

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""What a browser may show in place; SVG is a document with scripts and is none of these."""
_CHUNK = 65_536
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")


class TooLarge(ValueError):
    """More bytes than a file may have."""


async def upload(
    request: web.Request, link: Link, settings: LiveChatSettings, room: Room, seals: Seals
) -> web.Response:
    """`POST uploads`: one part `file`, the token as `Authorization: Bearer`. Answers the file with a ticket."""
    chat = chat_of(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if chat is None:
        return _problem(401, "bad_token", "send the visitor's token as Authorization: Bearer")
    if not comes_from(request, settings, link.public_url, "Origin"):
        return _problem(403, "bad_origin", "this site may not show the chat")
    limit = settings.max_file
    if not limit or (request.content_length or 0) > limit + _CHUNK:
        return _problem(413, "too_large", f"a file may have {limit} bytes")
    if not request.content_type.startswith("multipart/form-data"):
        return _problem(415, "not_multipart", "send one part named file as multipart/form-data")
    try:
        with room.uploading(chat, address_of(request)):
            async with asyncio.timeout(room.limits.upload_timeout):
                part = await (await request.multipart()).next()
                if not isinstance(part, BodyPartReader) or part.name != "file" or not part.filename:
                    return _problem(422, "no_file", "send one part named file, with a file name")
                name, media_type = file_name(part.filename), part.headers.get("Content-Type", "")
                file = await link.files.save(name, file_type(media_type), _chunks(part, limit))
    except Full as error:
        return _problem(429, "slow_down", str(error))
    except TooLarge:
        return _problem(413, "too_large", f"a file may have {limit} bytes")
    except TimeoutError:
        return _problem(408, "too_slow", "the upload took too long")
    except ValueError as error:  # malformed parts; the hub's own limit
        return _problem(422, "bad_file", wire.clean_line(str(error)))
    if not file.size:
        return _problem(422, "empty", "the file is empty")
    await seals.ready()
    sent = {"id": file.id, "name": file.name, "type": file.type, "size": file.size}
    ticket, url = seals.ticket(chat, file), seals.address(chat, file, link.now())
    return web.json_response({**sent, "ticket": ticket, "url": url})


async def download(request: web.Request, link: Link, seals: Seals) -> web.StreamResponse:
    """`GET files/<id>`: only with an address that a chat's own stream gave."""
    told = request.query
    file = File(id=request.match_info["file"], name=told.get("n", ""), type=told.get("t", ""))
    until = told.get("e", "")
    genuine = re.fullmatch(r"[0-9]{1,12}", until) and await seals.shows(
        told.get("s", ""), told.get("c", ""), file, int(until)
    )
    path = await link.files.open(file.id) if genuine else None
    if path is None:
        return _problem(404, "not_found", "no such file, or its address has expired: reload the chat")
    inline = file.type in SHOWN
    return web.FileResponse(
        path,
        headers={
            "Content-Type": file.type if inline else "application/octet-stream",
            "Content-Disposition": disposition("inline" if inline else "attachment", file.name),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=86400, immutable",
        },
    )


def file_name(told: str) -> str:
    """A visitor's file name as a name and nothing more: no path, no control or direction characters, bounded."""
    base = re.split(r"[/\\]", told)[-1]
    # Cc: control; Cf: "right-to-left override" makes exe.png of gnp.exe; Cs: half an emoji
    kept = "".join(char for char in base if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    kept = " ".join(kept.split()).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > 120:
        kept = f"{stem[:100]}.{ending[:15]}" if dot and stem else kept[:120]
    return kept or "file"


def file_type(told: str) -> str:
    """A media type without parameters; what looks like none is plain bytes."""
    kind = told.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream"


def disposition(how: str, name: str) -> str:
    """RFC 6266: a plain name for old clients, the true one beside it."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _chunks(part: BodyPartReader, limit: int) -> AsyncIterator[bytes]:
    size = 0
    while chunk := await part.read_chunk(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        yield chunk


def _problem(status: int, code: str, detail: str) -> web.Response:
    title = detail[:1].upper() + detail[1:]
    return web.json_response(
        {"type": "about:blank", "title": title, "status": status, "code": code},
        status=status,
        content_type="application/problem+json",
    )
