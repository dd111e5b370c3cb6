"""Files: kept whole or not at all, typed by their bytes, named safely, handed out by addresses that end."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlines.domain.messages import File
from openlines.runtime.database import Database, open_engine
from openlines.runtime.files import (
    ANYTHING,
    INLINE,
    LIFETIME,
    NAME_LIMIT,
    FileStore,
    Folder,
    TooLarge,
    clean_name,
    disposition,
    secret_in,
    type_of,
)
from openlines.runtime.tables import metadata
from openlines.testing.clock import VirtualClock

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
LIMIT = 1000


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def broken(part: bytes) -> AsyncIterator[bytes]:
    yield part
    raise ConnectionResetError("the sender is gone")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[FileStore]:
    engine = open_engine(f"sqlite:///{tmp_path / 'files.db'}")
    metadata.create_all(engine)
    database = Database(engine)
    place = Folder(tmp_path / "files")
    yield FileStore(place, database, clock, secret=b"k" * 32, public_url="https://hub.example", max_file=LIMIT)
    database.close()


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


async def test_a_file_is_kept_under_the_hash_of_its_bytes(store: FileStore, tmp_path: Path) -> None:
    file = await store.save("sofa.png", "image/png", chunks(PNG[:10], PNG[10:]))
    assert file == File(name="sofa.png", type="image/png", size=len(PNG), id=hashlib.sha256(PNG).hexdigest())
    path = await store.open(file.id)
    assert path is not None
    assert path.read_bytes() == PNG
    assert path == tmp_path / "files" / file.id[:2] / file.id[2:]


async def test_the_same_content_is_kept_once_under_any_name(store: FileStore, tmp_path: Path) -> None:
    first = await store.save("one.png", "image/png", chunks(PNG))
    second = await store.save("two.png", "image/png", chunks(PNG))
    assert (first.id, second.name) == (second.id, "two.png")
    assert len(kept(tmp_path)) == 1
    assert await store.find(first.id, "three.png") == File("three.png", "image/png", len(PNG), first.id)


async def test_a_file_over_the_limit_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="1000 bytes"):
        await store.save("big", "", chunks(b"x" * LIMIT, b"x"))
    assert kept(tmp_path) == []
    assert (await store.save("fits", "", chunks(b"x" * LIMIT))).size == LIMIT


async def test_half_a_file_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await store.save("half", "", broken(PNG))
    assert kept(tmp_path) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "g" * 64, f"{'a' * 64}/.."])
async def test_only_an_id_opens_a_file(store: FileStore, name: str) -> None:
    assert await store.open(name) is None
    assert await store.find(name, "x") is None


# -- types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "said", "told"),
    [
        (PNG, "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"GIF89a", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", "", "audio/wav"),
        (b"RIFF\0\0\0\0EVIL", "image/webp", ANYTHING),
        (b"\0\0\0\x20ftypavif", "", "image/avif"),
        (b"\0\0\0\x20ftypisom", "", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "", "audio/mp4"),
        (b"OggS" + b"\0" * 30, "audio/ogg; codecs=opus", "audio/ogg"),
        (b"\x1aE\xdf\xa3....webm", "", "video/webm"),
        (b"ID3\x03", "", "audio/mpeg"),
        (b"%PDF-1.7", "text/plain", "application/pdf"),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04", "text/html", "application/zip"),
        (b"name;price\n", "text/csv", "text/csv"),
        ("привет".encode()[:-1], "text/plain; charset=utf-8", "text/plain"),
        (b"<html><script>", "text/html", ANYTHING),
        (b"<svg onload=x>", "image/svg+xml", ANYTHING),
        (b"<?xml version='1.0'?>", "application/xml", ANYTHING),
        (b"\0binary", "text/plain", ANYTHING),
        (b"", "image/png", ANYTHING),
    ],
)  # fmt: skip
def test_the_bytes_tell_the_type(head: bytes, said: str, told: str) -> None:
    assert type_of(head, said) == told


@given(st.binary(max_size=600), st.sampled_from(["text/html", "image/svg+xml", "text/xml", "application/javascript"]))
def test_nothing_becomes_what_a_browser_runs(head: bytes, said: str) -> None:
    told = type_of(head, said)
    assert told != said
    assert "html" not in told
    assert "svg" not in told


def test_nothing_shown_in_a_page_can_run_there() -> None:
    assert not [each for each in INLINE if each.startswith("text/") or "xml" in each or "pdf" in each]


# -- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("invoice 12.pdf", "invoice 12.pdf"),
        ("счёт №5.pdf", "счёт №5.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe"),
        ('a"b\r\nSet-Cookie: x.txt', "a_bSet-Cookie_ x.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("half\ud83d.png", "half.png"),
        (" . ", "file"),
        ("", "file"),
        ("..", "file"),
        ("a/", "file"),
        ("x" * 500 + ".jpeg", "x" * (NAME_LIMIT - 5) + ".jpeg"),
    ],
)
def test_names_are_made_safe(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@given(st.text(max_size=400))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name, "image/png")
    assert header.isascii()
    assert header.isprintable()
    quoted = header.partition('filename="')[2].partition('"; filename*=')[0]
    assert '"' not in quoted
    assert "\\" not in quoted
    assert len(clean_name(name).encode()) <= NAME_LIMIT
    assert clean_name(clean_name(name)) == clean_name(name)


def test_only_harmless_types_are_shown_in_a_page() -> None:
    assert disposition("a.png", "image/png").startswith("inline;")
    for media_type in ("application/pdf", "text/html", "image/svg+xml", ANYTHING):
        assert disposition("a", media_type).startswith("attachment;")


# -- addresses --------------------------------------------------------------------------------------------------


async def test_an_address_is_good_until_its_day(store: FileStore, clock: VirtualClock) -> None:
    file = await store.save("счёт.png", "image/png", chunks(PNG))
    address = urlsplit(store.address(file))
    assert (address.scheme, address.netloc, address.path) == ("https", "hub.example", f"/files/{file.id}")
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert query["name"] == "счёт.png"
    assert store.verify(file.id, query)
    assert store.address(file) == store.address(file)

    for name, forged in (("name", "x.exe"), ("type", "text/html"), ("until", "99999999999"), ("sig", ""), ("sig", "é")):
        assert not store.verify(file.id, query | {name: forged}), name
    assert not store.verify("0" * 64, query)
    assert not store.verify(file.id, {})

    await clock.advance(LIFETIME)
    assert store.verify(file.id, query)
    await clock.advance(86400)
    assert not store.verify(file.id, query)


def test_a_file_held_elsewhere_keeps_its_own_address(tmp_path: Path, clock: VirtualClock) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    database = Database(engine)
    store = FileStore(Folder(tmp_path), database, clock, secret=b"k" * 32, public_url="https://hub.example", max_file=1)
    assert store.address(File(name="x", url="https://cdn.example/x")) == "https://cdn.example/x"
    database.close()


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    secret = secret_in(folder)
    assert len(secret) == 32
    assert secret_in(folder) == secret
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600
    (folder / "secret").write_text("short")
    with pytest.raises(ValueError, match="damaged"):
        secret_in(folder)
