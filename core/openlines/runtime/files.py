"""Files: kept under the hash of their bytes, typed by their bytes, handed out by signed addresses.

Nothing about a file is believed: its name is cleaned, its type is told from its first bytes, and what a browser could
run (HTML, SVG, anything unknown) is only ever downloaded.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from openlines.domain.messages import File
from openlines.runtime.clock import Clock
from openlines.runtime.database import Database
from openlines.runtime.tables import files

DAY = 86400.0
LIFETIME = 30 * DAY
"""How long an address works. Rounded up to whole days, so that a browser may keep what it has."""
HEAD = 512
"""Bytes that tell a type."""
NAME_LIMIT = 200
"""Bytes of a name in UTF-8: what every file system takes, with room for a suffix."""
ANYTHING = "application/octet-stream"
INLINE = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/mp4",
        "audio/flac",
        "audio/amr",
        "video/mp4",
        "video/webm",
        "video/quicktime",
    }
)
"""Types that a browser may show in the page: none of them can carry a script."""


class TooLarge(ValueError):
    """The file is over the limit."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a place has taken."""

    id: str
    """SHA-256 of the bytes, hex."""
    size: int
    head: bytes


class Place(Protocol):
    """Where the bytes are: a folder, later an object store."""

    async def write(self, chunks: AsyncIterator[bytes], limit: int) -> Written:
        """Keep the bytes durably, whole or not at all. Raises `TooLarge` as soon as they are more than `limit`."""
        ...

    async def path(self, id: str) -> Path | None:  # noqa: A002
        """A local path of them, None where there are none."""
        ...


class Folder:
    """A place on disk: `ab/cdef...`, written beside and moved in, so that a crash leaves no half file.

    Only who runs the hub may read it: customers send passports.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    async def write(self, chunks: AsyncIterator[bytes], limit: int) -> Written:
        part = self._incoming / secrets.token_hex(16)
        stream = await asyncio.to_thread(self._begin, part)
        digest, head, size = hashlib.sha256(), b"", 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(f"the file is larger than {limit} bytes")
                head = (head + chunk)[:HEAD] if len(head) < HEAD else head
                digest.update(chunk)
                await asyncio.to_thread(stream.write, chunk)
            await asyncio.to_thread(self._finish, stream, part, self._at(digest.hexdigest()))
        finally:
            stream.close()
            part.unlink(missing_ok=True)
        return Written(digest.hexdigest(), size, head)

    async def path(self, id: str) -> Path | None:  # noqa: A002
        path = self._at(id)
        return path if await asyncio.to_thread(path.is_file) else None

    def _at(self, id: str) -> Path:  # noqa: A002
        return self._root / id[:2] / id[2:]

    def _begin(self, part: Path) -> BinaryIO:
        for folder in (self._root, self._incoming):  # one by one: the mode is not for parents
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def _finish(self, stream: BinaryIO, part: Path, target: Path) -> None:
        stream.flush()
        os.fsync(stream.fileno())
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name is durable too
        finally:
            os.close(folder)


class FileStore:
    """The hub's files. Satisfies `openlines.api.Files`."""

    def __init__(
        self, place: Place, database: Database, clock: Clock, *, secret: bytes, public_url: str, max_file: int
    ) -> None:
        self.public_url = public_url
        self.max_file = max_file
        self._place = place
        self._database = database
        self._clock = clock
        self._secret = secret

    async def save(self, name: str, media_type: str, chunks: AsyncIterator[bytes]) -> File:
        """Keep a file. What was said of its type counts only where its bytes tell nothing and it is harmless."""
        written = await self._place.write(chunks, self.max_file)
        told = type_of(written.head, media_type)
        row = {"id": written.id, "type": told, "size": written.size, "at": self._clock.now()}

        def work(connection: Connection) -> None:
            if connection.execute(select(files.c.id).where(files.c.id == written.id)).first() is None:
                connection.execute(insert(files), row)

        with suppress(IntegrityError):  # the same bytes came twice at once, and the other was first
            await self._database.run(work)
        return File(name=clean_name(name), type=told, size=written.size, id=written.id)

    async def open(self, file: str) -> Path | None:
        """Where the bytes of a kept file are."""
        return await self._place.path(file) if is_id(file) else None

    async def find(self, file: str, name: str) -> File | None:
        """A kept file by its id, under this name."""
        if not is_id(file):
            return None
        query = select(files.c.type, files.c.size).where(files.c.id == file)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return File(name=clean_name(name), type=row.type, size=row.size, id=file) if row else None

    def address(self, file: File) -> str:
        """A signed public address; of a file held elsewhere, its own."""
        if not file.id:
            return file.url
        until = int((self._clock.now() + LIFETIME) // DAY + 1) * int(DAY)
        query = {"name": clean_name(file.name), "type": file.type, "until": str(until)}
        query["sig"] = self._sign(file.id, query)
        return f"{self.public_url}/files/{file.id}?{urlencode(query)}"

    def verify(self, file: str, query: Mapping[str, str]) -> bool:
        """Whether an address is one of ours and still good."""
        until = query.get("until", "")
        fresh = until.isascii() and until.isdigit() and len(until) < 12 and self._clock.now() < int(until)
        good = hmac.compare_digest(query.get("sig", "").encode(), self._sign(file, query).encode())
        return good and fresh

    def _sign(self, file: str, query: Mapping[str, str]) -> str:
        said = "\0".join([file, *(query.get(name, "") for name in ("name", "type", "until"))])
        return hmac.new(self._secret, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def secret_in(folder: Path) -> bytes:
    """The installation's secret, made at the first start; only the owner may read the file."""
    path = folder / "secret"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_secret(path)
    text = path.read_text("ascii", "replace").strip()
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError(f"{path} is damaged: remove it, and addresses of files given out so far stop working")
    return bytes.fromhex(text)


def _make_secret(path: Path) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)  # whole or not at all


def is_id(text: str) -> bool:
    """Whether this can be a file's id: nothing else ever becomes part of a path."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


# -- names and types --------------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """A name that is safe on every system and in every header: no folders, no controls, no tricks of direction."""
    name = re.split(r"[/\\]", name.encode("utf-8", "ignore").decode())[-1]
    # Cf holds the marks that turn the reading direction: "gpj.exe" must not read as "exe.jpg".
    name = "".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Zl", "Zp", "Cs"))
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    if len(name.encode()) > NAME_LIMIT:
        stem, dot, suffix = name.rpartition(".")
        suffix = dot + suffix if stem and len(suffix.encode()) <= 16 else ""
        room = NAME_LIMIT - len(suffix.encode())
        name = name.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + suffix
    return name or "file"


def disposition(name: str, media_type: str) -> str:
    """`Content-Disposition` (RFC 6266): the name in ASCII for old clients, in UTF-8 for the others."""
    name = clean_name(name)
    ascii_name = re.sub(r"[^\x20-\x7e]", "_", name).replace("%", "_").replace("\\", "_")
    how = "inline" if media_type in INLINE else "attachment"
    return f"{how}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def type_of(head: bytes, said: str) -> str:
    """The media type that the first bytes tell."""
    for offset, magic, told in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return _inside(head, said, told)
    return _HARMLESS.get(said.partition(";")[0].strip().lower(), ANYTHING) if _is_text(head) else ANYTHING


def _inside(head: bytes, said: str, told: str) -> str:
    """Containers hold several types: the bytes tell the container, what was said chooses among its types."""
    said = said.partition(";")[0].strip().lower()
    match told:
        case "riff":
            return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12], ANYTHING)
        case "ftyp":
            brand = head[8:12]
            if brand in (b"avif", b"avis"):
                return "image/avif"
            if brand in (b"heic", b"heix", b"mif1"):
                return "image/heic"
            if brand == b"qt  ":
                return "video/quicktime"
            return "audio/mp4" if brand in (b"M4A ", b"M4B ") or said in ("audio/mp4", "audio/x-m4a") else "video/mp4"
        case "matroska":
            return "audio/webm" if said == "audio/webm" else "video/webm" if b"webm" in head else "video/x-matroska"
        case "zip":
            return said if said in _IN_ZIP else "application/zip"
        case "ole":
            return said if said in _IN_OLE else "application/x-ole-storage"
        case "ogg":
            return "video/ogg" if b"theora" in head else "audio/ogg"
        case _:
            return told


def _is_text(head: bytes) -> bool:
    # A character may be cut at the end of the head.
    text = head.decode("utf-8", "ignore")
    return b"\0" not in head and len(head) - len(text.encode()) < 4


_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"RIFF", "riff"),
    (4, b"ftyp", "ftyp"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"BM", "image/bmp"),  # last: two letters are a weak sign
)

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_IN_ZIP = frozenset(
    {
        f"{_OFFICE}wordprocessingml.document",
        f"{_OFFICE}spreadsheetml.sheet",
        f"{_OFFICE}presentationml.presentation",
        f"{_OPEN}text",
        f"{_OPEN}spreadsheet",
        f"{_OPEN}presentation",
        "application/epub+zip",
    }
)
_IN_OLE = frozenset({"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"})
_HARMLESS = {
    "text/plain": "text/plain",
    "text/csv": "text/csv",
    "text/markdown": "text/markdown",
    "text/calendar": "text/calendar",
    "text/vcard": "text/vcard",
    "text/x-vcard": "text/vcard",
    "application/json": "application/json",
}
"""Types of plain text that may be kept as they were said. Never HTML, SVG or XML."""
