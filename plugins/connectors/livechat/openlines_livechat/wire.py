"""What is said over the socket, as pure functions: frames in, frames out. The README shows the whole protocol.

Everything a visitor sends is bounded and cleaned here; nothing of it is ever read as markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct
from openlines.api import Author, Content, Customer, Decision, Deleted, Edited, File, Message, Story

VERSION = 1
MAX_TEXT = 10_000
MAX_DRAFT = 500
MAX_FRAME = 65_536
MAX_FILES = 10

Cid: TypeAlias = Annotated[str, Meta(min_length=8, max_length=64, pattern="^[A-Za-z0-9-]+$")]
"""The visitor's own id of what they send: sent again after a loss, it is the same thing."""
Short: TypeAlias = Annotated[str, Meta(max_length=200)]
Seq: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class BadFrame(ValueError):
    """Not a frame of this protocol."""


# -- from the visitor -------------------------------------------------------------------------------------------


class Known(Struct, frozen=True):
    """What the page around the chat knows of its visitor. As little proven as what is typed into a form."""

    name: Short = ""
    email: Short = ""
    phone: Short = ""


class Hello(Struct, frozen=True, tag="hello", tag_field="t"):
    """The first frame. `after`: the last `seq` seen, to go on from there."""

    v: int = VERSION
    token: Annotated[str, Meta(max_length=100)] = ""
    after: Seq = 0
    lang: Annotated[str, Meta(max_length=40)] = ""
    user: Known = Known()


class Sent(Struct, frozen=True):
    """A file that was uploaded before, with the ticket that its upload gave."""

    id: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    name: Annotated[str, Meta(max_length=255)]
    type: Annotated[str, Meta(max_length=255)]
    size: Seq
    ticket: Annotated[str, Meta(max_length=64)]

    @property
    def file(self) -> File:
        return File(id=self.id, name=self.name, type=self.type, size=self.size)


class Say(Struct, frozen=True, tag="send", tag_field="t"):
    """A message."""

    cid: Cid
    text: str = ""
    files: Annotated[list[Sent], Meta(max_length=MAX_FILES)] = []


class Rate(Struct, frozen=True, tag="rate", tag_field="t"):
    """A rating button was pressed."""

    cid: Cid
    value: Literal["like", "dislike"]
    comment: str = ""


class Fill(Struct, frozen=True, tag="form", tag_field="t"):
    """The form was filled in."""

    cid: Cid
    fields: dict[str, str]


class Seen(Struct, frozen=True, tag="seen", tag_field="t"):
    """Messages up to `id` are on the visitor's screen, or were read."""

    id: Seq
    state: Literal["delivered", "read"]


class Typing(Struct, frozen=True, tag="typing", tag_field="t"):
    """The visitor is typing."""

    text: str = ""


class Older(Struct, frozen=True, tag="older", tag_field="t"):
    """The visitor scrolls up: the page before `before`, please."""

    before: Seq


class Ping(Struct, frozen=True, tag="ping", tag_field="t"):
    """Are you there?"""


Command: TypeAlias = Say | Rate | Fill
"""What is answered `ok` or `err`."""
Frame: TypeAlias = Hello | Command | Seen | Typing | Older | Ping

_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)


def parse(data: str) -> Frame:
    """Reads one frame. Raises `BadFrame`."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise BadFrame(str(error)) from None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        # Half an emoji (a lone surrogate) is no JSON to msgspec; browsers send such, when a text is cut in the middle.
        return _parse_mended(data)


def _parse_mended(data: str) -> Frame:
    try:
        mended = json.dumps(json.loads(data), ensure_ascii=False).encode(errors="replace")
        return _decoder.decode(mended)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise BadFrame(f"not a frame: {error}") from None


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Text without control characters (lines and tabs stay), bounded."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:limit].strip()


def clean_line(text: str, limit: int = 200) -> str:
    """The same on one line, for names and addresses."""
    return " ".join(clean(text, limit).split())


def customer_of(chat: str, hello: Hello) -> Customer:
    """Who writes, as far as the page around the chat tells."""
    return Customer(
        id=chat,
        name=clean_line(hello.user.name),
        email=clean_line(hello.user.email),
        phone=clean_line(hello.user.phone),
        language=hello.lang if _LANGUAGE.fullmatch(hello.lang) else "",
    )


# -- to the visitor ---------------------------------------------------------------------------------------------


def encode(frame: Mapping[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()


def welcome(token: str, heartbeat: float, max_file: int, history: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer to `hello`. Without `history` the stream goes on where the visitor was."""
    limits = {"text": MAX_TEXT, "draft": MAX_DRAFT, "file": max_file, "files": MAX_FILES}
    frame: dict[str, Any] = {"t": "welcome", "v": VERSION, "token": token, "heartbeat": heartbeat, "limits": limits}
    return frame if history is None else {**frame, "history": history}


def error(cid: str, code: str, retry_after: float = 0) -> dict[str, Any]:
    """A refusal; with `retry_after` it is worth trying again."""
    frame: dict[str, Any] = {"t": "err", "cid": cid, "code": code}
    return {**frame, "retry_after": retry_after} if retry_after else frame


Address: TypeAlias = Callable[[File], str]
"""Where the visitor finds a file."""


def render_all(stories: Iterable[Story], address: Address) -> list[dict[str, Any]]:
    return [shown for story in stories if (shown := render(story, address)) is not None]


def render(story: Story, address: Address) -> dict[str, Any] | None:
    """One entry as the visitor sees it: no ids of staff, no reasons, no notes. None = nothing of it."""
    kind, data = _shown(story, address)
    if not kind:
        return None
    return {"seq": story.seq, "at": story.at, "kind": kind, "conv": story.entry.conversation, "data": data}


def _shown(story: Story, address: Address) -> tuple[str, dict[str, Any]]:
    match story.entry:
        case Message(dropped=False) as entry:
            shown = {"id": entry.id, **_author(entry.author), **_content(entry.content, address)}
            if entry.author.kind == "customer":
                shown["cid"] = entry.external
            if entry.kind != "message":
                shown["ask"] = "rating" if entry.kind == "rating_request" else "form"
            return "msg", shown
        case Edited() as entry:
            return "edit", {"cid": entry.message, **_content(entry.content, address)}
        case Deleted() as entry:
            return "delete", {"cid": entry.message}
        case Decision(what="rated") as entry:
            return "note", {"what": "rated", "value": entry.fields.get("rating", "")}
        case Decision(what="accepted" | "intercepted" | "transferred" | "handed_over" | "finished" | "closed") as entry:
            return "note", {"what": entry.what}
        case _:
            return "", {}


def _author(author: Author) -> dict[str, str]:
    shown: dict[str, str] = {"from": "me" if author.kind == "customer" else author.kind}
    if author.kind != "customer":
        shown |= {key: value for key in ("name", "photo", "title") if (value := getattr(author, key))}
    return shown


def _content(content: Content, address: Address) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if content.text:
        shown["text"] = content.text
    if content.files:
        shown["files"] = [
            {"name": file.name, "type": file.type, "size": file.size, "url": _reachable(file, address)}
            for file in content.files
        ]
    if content.buttons:
        shown["buttons"] = [{"label": button.label, "says": button.says} for button in content.buttons]
    if content.location:
        point = content.location
        shown["location"] = {"lat": point.latitude, "lon": point.longitude, "title": point.title}
    if content.contact:
        card = content.contact
        shown["contact"] = {"name": card.name, "phone": card.phone, "email": card.email}
    return shown


def _reachable(file: File, address: Address) -> str:
    if file.id:
        return address(file)
    return file.url if file.url.startswith(("https://", "http://")) else ""
