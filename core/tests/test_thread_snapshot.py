"""Stored threads stay readable: `snapshots/` holds one of each release that changed their shape, nothing left out.

The files are never edited. Who adds a field adds a file of the next release in which it is set.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct
from openlines.domain.commands import AnyCommand, AssignRecord, Send
from openlines.domain.events import Reason
from openlines.domain.messages import Button, ContactCard, Content, Customer, File, FormField, Location, Sender
from openlines.domain.state import Agreement, Asking, Conversation, Responses, Status, Thread

SNAPSHOTS = sorted((Path(__file__).parent / "snapshots").glob("thread-*.json"))
STORED: tuple[type[Struct], ...] = (
    *(Thread, Conversation, Asking, Reason, Responses, Agreement),
    *(Customer, Content, File, Button, Location, ContactCard, FormField, Sender),
    *get_args(AnyCommand),
)


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_stored_thread_is_read_and_nothing_of_it_is_lost(path: Path) -> None:
    stored = json.loads(path.read_bytes())
    thread = msgspec.json.decode(path.read_bytes(), type=Thread)
    assert json.loads(msgspec.json.encode(thread)) == stored


def test_what_release_0_1_stored_means_what_it_meant() -> None:
    thread = msgspec.json.decode((Path(__file__).parent / "snapshots/thread-0.1.json").read_bytes(), type=Thread)
    assert thread.open is not None
    assert thread.last is not None
    assert (thread.open.status, thread.open.offered, thread.open.rung) == (
        Status.WAITING,
        ("boris",),
        ("anna", "boris"),
    )
    assert thread.open.asking == (Asking(why="declined", by="boris", request="k7"),)
    assert (thread.last.status, thread.last.closed_by, thread.last.rating) == (Status.CLOSED, "agent", "dislike")
    assert thread.due == thread.open.identify_at
    assert isinstance(thread.pending[0], Send)
    assert [type(command) for command in thread.pending] == list(get_args(AnyCommand)[:6])
    assert isinstance(thread.pending[4], AssignRecord)
    assert thread.pending[4].responsible == "boris"


def test_every_field_that_is_stored_is_in_some_snapshot() -> None:
    set_somewhere: set[tuple[str, str]] = set()
    for path in SNAPSHOTS:
        note(msgspec.json.decode(path.read_bytes(), type=Thread), json.loads(path.read_bytes()), set_somewhere)
    missing = {(kind.__name__, name) for kind in STORED for name in kind.__struct_fields__} - set_somewhere
    assert not missing, f"add a snapshot of the next release with {sorted(missing)}"


def test_an_unknown_field_of_a_newer_release_does_no_harm() -> None:
    newer = b'{"id":"t","channel":"tg","chat":"ivan","customer":{"id":"ivan","shoe_size":43},"mood":"fine"}'
    assert msgspec.json.decode(newer, type=Thread).customer.id == "ivan"


def note(value: Any, stored: Any, found: set[tuple[str, str]]) -> None:
    """Note which fields of which structs are in the stored JSON."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            if name in stored:
                found.add((type(value).__name__, name))
                note(getattr(value, name), stored[name], found)
    elif isinstance(value, tuple):
        for one, kept in zip(value, stored, strict=True):
            note(one, kept, found)
