"""Files that staff send and read.

`POST /files` gives an id that holds the content's hash and, after a dot, the name: what is attached later is called
as it was uploaded, and nothing about an upload must be remembered.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Sequence

from aiohttp import BodyPartReader, web

from openlines.domain.messages import File
from openlines.runtime.files import TooLarge
from openlines.web.downloads import serve
from openlines.web.endpoint import Call
from openlines.web.problems import Refusal, invalid
from openlines.web.schemas import FileOut, FileQuery

CHUNK = 1 << 16


async def upload(call: Call) -> FileOut:
    """Keep a file: one multipart field, `file`."""
    if call.request.content_type != "multipart/form-data":
        raise Refusal(415, "send the file as Content-Type: multipart/form-data, in the field `file`")
    try:
        part = await (await call.request.multipart()).next()
    except ValueError as error:
        raise Refusal(422, f"the body is no multipart form: {error}") from error
    if not isinstance(part, BodyPartReader) or part.name != "file" or not part.filename:
        raise invalid("file", "the first field of the form must be the file, called `file`")
    try:
        file = await call.hub.files.save(part.filename, part.headers.get("Content-Type", ""), _chunks(part))
    except TooLarge as error:
        raise Refusal(413, f"{error} ([server] max_file in the settings)", field="file") from error
    call.deed.of(f"file:{file.id}", size=file.size)
    return FileOut(id=upload_id(file), name=file.name, type=file.type, size=file.size)


async def download(call: Call, query: FileQuery) -> web.StreamResponse:
    """A kept file. Pictures, sound and video may be shown in a page; everything else is a download."""
    digest, name = read_upload_id(call.id)
    file = await call.hub.files.find(digest, query.name or name)
    return await serve(call.hub.files, file, what="file of this id")


async def attached(call: Call, ids: Sequence[str]) -> tuple[File, ...]:
    """The files that a message names. Raises `Refusal` 422 for one that was never uploaded."""
    found = []
    for index, upload_name in enumerate(ids):
        digest, name = read_upload_id(upload_name)
        file = await call.hub.files.find(digest, name)
        if file is None:
            raise invalid(f"files.{index}", "there is no file of this id: upload it with POST /api/v1/files")
        found.append(file)
    return tuple(found)


def upload_id(file: File) -> str:
    return f"{file.id}.{base64.urlsafe_b64encode(file.name.encode()).decode().rstrip('=')}"


def read_upload_id(upload: str) -> tuple[str, str]:
    """Hash and name; the name is empty where only a hash is given."""
    digest, _, name = upload.partition(".")
    try:
        return digest, base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (binascii.Error, ValueError):
        return digest, ""


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield chunk
