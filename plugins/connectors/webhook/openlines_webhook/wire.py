"""The wire format, both ways: pure functions over bytes. The README is its reference for people.

Rule 1: the signature is checked on the raw bytes, before anything is read from them.
Rule 2: what is not in the format is an error that names the field; nothing is guessed.
Rule 3: text is cleaned (control characters go), identifiers are not: they must be right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from openlines.api import Content, Customer, CustomerWrote, File, Outgoing

MAX_BODY = 2_000_000
"""Bytes of one request: the longest text with every character escaped, and its files, fit well."""
MAX_TEXT = 100_000
MAX_FILES = 20
WINDOW = 300
"""Seconds for which a signature holds, to either side: clocks differ."""
SIGNATURE = "X-Openlines-Signature"

_HEADER = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""C0 but tab and line feed, and DEL: they mean nothing in a message, and PostgreSQL takes no NUL."""
_RETRY_DEFAULT = 5.0
_RETRY_MAX = 3600.0


# -- signature ----------------------------------------------------------------------------------------------------


class BadSignature(Exception):
    """The request is not signed by who knows the secret, or is too old. Its text says which."""


def sign(secret: str, body: bytes, now: float) -> str:
    """The value of `X-Openlines-Signature` for this body, at this time (seconds since the epoch)."""
    at = str(int(now))
    return f"t={at},v1={_hmac(secret, at, body)}"


def verify(secret: str, header: str, body: bytes, now: float) -> None:
    """Raise `BadSignature` unless the header signs these very bytes and is fresh."""
    if not header:
        raise BadSignature(f"the header {SIGNATURE} is missing")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise BadSignature(f"the header {SIGNATURE} must read t=<unix seconds>,v1=<64 hex digits>")
    at, given = match.groups()
    if not hmac.compare_digest(_hmac(secret, at, body), given):
        raise BadSignature("the signature does not match the body: check the secret, and sign the bytes as sent")
    if abs(now - int(at)) > WINDOW:
        raise BadSignature(f"the signature is stale: t must be within {WINDOW} seconds of this server's time")


def _hmac(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


# -- in -----------------------------------------------------------------------------------------------------------


class Faulty(Exception):
    """The body is not in the format."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        """`customer.email`, `files[0].url`; empty where no single field is to blame."""


_Key = Annotated[str, Meta(min_length=1, max_length=200)]
_Short = Annotated[str, Meta(max_length=300)]
_Address = Annotated[str, Meta(min_length=1, max_length=2000)]


class _Person(Struct, forbid_unknown_fields=True):
    id: _Key
    name: _Short = ""
    phone: _Short = ""
    email: _Short = ""


class _File(Struct, forbid_unknown_fields=True):
    url: _Address
    name: _Short = ""
    type: _Short = ""


class _Inbound(Struct, forbid_unknown_fields=True):
    chat: _Key
    id: _Key
    customer: _Person | None = None
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    files: Annotated[list[_File], Meta(max_length=MAX_FILES)] = []
    at: Annotated[datetime, Meta(tz=True)] | None = None


_decoder = msgspec.json.Decoder(_Inbound)
_PLACE = re.compile(r"(?P<what>.*) - at `\$\.?(?P<place>.*)`", re.DOTALL)
_NAMED = re.compile(r"(?:unknown|missing required) field `(?P<name>.*)`", re.DOTALL)


def parse(body: bytes) -> CustomerWrote:
    """The customer's message in a request body. Raises `Faulty`."""
    try:
        inbound = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _faulty(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Faulty("", f"the body must be JSON in UTF-8, without lone surrogates: {error}") from None
    text = clean(inbound.text)
    files = tuple(_file(file, f"files[{place}]") for place, file in enumerate(inbound.files))
    if not text.strip() and not files:
        raise Faulty("text", "a message needs text or files")
    chat = _identifier(inbound.chat, "chat")
    return CustomerWrote(
        chat=chat,
        id=_identifier(inbound.id, "id"),
        customer=_customer(inbound.customer, chat),
        content=Content(text=text, files=files),
        sent_at=inbound.at.timestamp() if inbound.at else 0.0,
    )


def clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _customer(person: _Person | None, chat: str) -> Customer:
    if person is None:
        return Customer(id=chat)
    return Customer(
        id=_identifier(person.id, "customer.id"),
        name=_line(person.name),
        phone=_line(person.phone),
        email=_line(person.email),
    )


def _file(file: _File, place: str) -> File:
    if not is_web_address(file.url):
        raise Faulty(f"{place}.url", "an http:// or https:// address is needed")
    name = _line(file.name) or urlsplit(file.url).path.rpartition("/")[2] or "file"
    return File(name=name, type=_line(file.type) or "application/octet-stream", url=file.url)


def is_web_address(url: str) -> bool:
    """An absolute http or https address with a host, in printable ASCII: nothing else may become a link."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _identifier(value: str, field: str) -> str:
    if _CONTROL.search(value) or "\n" in value or "\t" in value or value != value.strip():
        raise Faulty(field, "control characters and spaces around are not allowed")
    return value


def _faulty(message: str) -> Faulty:
    """msgspec's words and place, with the field's whole name."""
    found = _PLACE.fullmatch(message)
    what, place = (found["what"], found["place"]) if found else (message, "")
    named = _NAMED.search(what)
    if named is not None:
        place = f"{place}.{named['name']}" if place else named["name"]
    place = place[:200]
    return Faulty(place, f"{place}: {what[:300]}" if place else what[:300])


# -- out ----------------------------------------------------------------------------------------------------------


def render(message: Outgoing, address: Callable[[File], str]) -> bytes:
    """The body that carries a message to the program; `address` tells where a file can be fetched."""
    content = message.content
    body: dict[str, Any] = {
        "id": message.id,
        "chat": message.chat,
        "conversation": message.conversation,
        "kind": _kind(message),
        "text": content.text,
        "files": [{"url": address(f), "name": f.name, "type": f.type, "size": f.size} for f in content.files],
        "buttons": [{"label": button.label, "value": button.says} for button in content.buttons],
        "sender": {
            "kind": message.sender.kind,
            "name": message.sender.name,
            "photo": message.sender.photo,
            "title": message.sender.title,
        },
        "at": datetime.fromtimestamp(message.at, UTC),
    }
    if content.location is not None:
        body["location"] = content.location
    if content.contact is not None:
        body["contact"] = content.contact
    return msgspec.json.encode(body)


def _kind(message: Outgoing) -> str:
    if message.kind != "message":
        return message.kind
    return "file" if message.content.files else "text"


def external_id(answer: bytes) -> str:
    """The `id` in the program's answer; empty where it gives none, or none that can be kept."""
    try:
        body = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    found = body.get("id", "") if isinstance(body, dict) else ""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    words = str(found)
    return words if len(words) <= 200 and not _CONTROL.search(words) else ""


def retry_after(header: str, now: float) -> float:
    """Seconds of a `Retry-After` (RFC 9110 10.2.3: seconds or a date), an hour at most; 5 where it says nothing."""
    if header.isascii() and header.isdigit():
        return min(float(header[:9]), _RETRY_MAX)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return _RETRY_DEFAULT
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(until.timestamp() - now, 0.0), _RETRY_MAX)
