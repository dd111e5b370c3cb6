"""The full-text index: which message says what. Derived from the entries, so it can be dropped and makes itself anew.

It follows the entries as the feed does, from a place it keeps per partition, and is brought up to date before each
search. So the step pays nothing for it: fed one by one in the step, SQLite's FTS5 costs five times as much as in bulk.
Another database brings another `TextIndex`; everything else asks by these few words.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Dialect, column, false, select, text

from openlines.api import NotReady
from openlines.domain.entries import AnyEntry, Deleted, Edited, Message, Noted
from openlines.domain.messages import Content
from openlines.runtime.records import PARTITIONS, fact_id
from openlines.runtime.tables import conversations, entries
from openlines.runtime.words import Phrase, indexed

Found = Generator["Hit", None, None]
Where = Literal["anywhere", "text", "files"]

AT_ONCE = 500
"""Entries taken in by one transaction: it holds SQLite's only lock for a few milliseconds."""
MERGED = 64
"""Pages by which the index is tidied up after each: bounded too, where FTS5's own merging is not."""

_ENTRY: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


@dataclass(frozen=True, slots=True)
class Span:
    """Messages said from a moment to another, in seconds; 0 = no bound. `below` = before this hit."""

    start: float = 0.0
    end: float = 0.0
    below: int = 0


class Hit(Struct, frozen=True, gc=False):
    """A message that holds what was asked. Later ones have a higher `id`."""

    id: int
    conversation: int


@dataclass(frozen=True, slots=True)
class Said:
    """A hit's message: its entry's key, the entry, and what it says now."""

    id: int
    partition: int
    n: int
    at: float
    entry: Message | Noted
    content: Content


class TextIndex(Protocol):
    """Finds messages by their words. Works in transactions that others begin."""

    def behind(self, connection: Connection) -> bool:
        """Whether entries wait to be taken in."""
        ...

    def follow(self, connection: Connection) -> bool:
        """Take in some entries more, in a writing transaction; whether there may be others."""
        ...

    def hits(self, connection: Connection, phrases: Sequence[Phrase], where: Where, span: Span) -> Found:
        """The messages that hold all phrases, newest first, each looked for when it is asked for."""
        ...

    def holding(self, phrases: Sequence[Phrase], where: Where) -> ColumnElement[bool]:
        """That a row of `conversations` is one with such a message."""
        ...

    def said(self, connection: Connection, hits: Iterable[Hit]) -> dict[int, Said]:
        """The messages of hits, by their ids."""
        ...


def index_for(dialect: Dialect) -> TextIndex:
    """The index of a store. Raises `NotReady` where there is none yet."""
    if dialect.name != "sqlite":
        raise NotReady(f"full-text search works on SQLite only, so far; this store is {dialect.name}")
    return Fts5()


def searchable(content: Content) -> tuple[str, str]:
    """What of a message can be found: its words, and the names of its files."""
    words = content.text
    if place := content.location:
        words += f"\n{place.title}"
    if card := content.contact:
        words += f"\n{card.name}\n{card.phone}\n{card.email}"
    return words.strip(), "\n".join(file.name for file in content.files)


# -- SQLite ------------------------------------------------------------------------------------------------------

# A hit's id begins with the time and so sorts by it, whatever order messages are taken in: 42 bits of milliseconds,
# 6 of the partition, 14 of the entry's number, against two messages of one millisecond.
_TAIL = 20
_KINDS = ("Message", "Held", "Noted", "Edited", "Deleted")

# `detail=full` (the default) keeps places, for phrases; sizes are for ranking, which newest-first does not need.
_PREPARE = (
    """CREATE TABLE IF NOT EXISTS text_index_places (partition INTEGER PRIMARY KEY, n INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS text_index_messages (
        id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, n INTEGER NOT NULL, said INTEGER NOT NULL,
        conversation INTEGER NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS text_index_edited ON text_index_messages (partition, n) WHERE said <> n""",
    """CREATE VIRTUAL TABLE IF NOT EXISTS text_index USING fts5(
        text, files, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2')""",
    # FTS5 would merge whole segments when it thinks fit, for seconds; `follow` does it page by page instead.
    """INSERT INTO text_index (text_index, rank) VALUES ('automerge', 0)""",
    """INSERT INTO text_index (text_index, rank) VALUES ('crisismerge', 1000)""",
)
_START = """INSERT OR IGNORE INTO text_index_places VALUES (:partition, 0)"""
_NEXT = """
SELECT e.partition, e.n, e.thread, e.conversation, e.at, e.kind, e.body
FROM text_index_places p CROSS JOIN entries e ON e.partition = p.partition AND e.n > p.n
ORDER BY e.partition, e.n LIMIT :limit"""
_BEHIND = """
SELECT 1 FROM text_index_places p CROSS JOIN entries e ON e.partition = p.partition AND e.n > p.n LIMIT 1"""
_HITS = """
SELECT m.id, m.conversation FROM text_index f CROSS JOIN text_index_messages m ON m.id = f.rowid
WHERE f.text_index MATCH :query AND f.rowid >= :low AND f.rowid < :high ORDER BY f.rowid DESC"""
_CONVERSATIONS = """
SELECT DISTINCT m.conversation FROM text_index f CROSS JOIN text_index_messages m ON m.id = f.rowid
WHERE f.text_index MATCH :{}"""
_SAID = """
SELECT m.id, e.partition, e.n, e.at, e.body, s.body AS said
FROM json_each(:ids) j CROSS JOIN text_index_messages m ON m.id = j.value
CROSS JOIN entries e ON e.partition = m.partition AND e.n = m.n
CROSS JOIN entries s ON s.partition = m.partition AND s.n = m.said"""


class _Key(Struct, frozen=True, gc=False):
    """A message in the index, and its entry's key."""

    id: int
    partition: int
    n: int


class _Taken(Struct, frozen=True, gc=False):
    """A message on its way into the index; the entry `said` holds its words."""

    key: _Key
    said: int
    conversation: int
    words: str
    files: str


class Fts5:
    """The index of SQLite: an FTS5 table without content, beside the keys of what it knows."""

    def behind(self, connection: Connection) -> bool:
        return not _prepared(connection) or connection.exec_driver_sql(_BEHIND).first() is not None

    def follow(self, connection: Connection) -> bool:
        if not _prepared(connection):
            for statement in _PREPARE:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(_START, [{"partition": partition} for partition in range(PARTITIONS)])
        rows = connection.exec_driver_sql(_NEXT, {"limit": AT_ONCE}).all()
        if not rows:
            return False
        taken, gone = _read(connection, rows)
        _forget(connection, gone)
        _take_in(connection, taken)
        places = {row.partition: row.n for row in rows}
        connection.exec_driver_sql(
            "UPDATE text_index_places SET n = :n WHERE partition = :partition",
            [{"partition": partition, "n": n} for partition, n in places.items()],
        )
        connection.exec_driver_sql(f"INSERT INTO text_index (text_index, rank) VALUES ('merge', {MERGED})")  # noqa: S608
        return len(rows) == AT_ONCE

    def hits(self, connection: Connection, phrases: Sequence[Phrase], where: Where, span: Span) -> Found:
        high = min(span.below or 2**63 - 1, _id(span.end) if span.end else 2**63 - 1)
        bounds = {"query": _query(phrases, where), "low": _id(span.start), "high": high}
        with closing(connection.exec_driver_sql(_HITS, bounds)) as found:
            for row in found:
                yield Hit(*row)

    def holding(self, phrases: Sequence[Phrase], where: Where) -> ColumnElement[bool]:
        if not phrases:
            return false()
        # A name of its own, for two of them may stand in one statement.
        name = f"words_in_{where}"
        found = text(_CONVERSATIONS.format(name)).bindparams(**{name: _query(phrases, where)})
        return conversations.c.number.in_(found.columns(column("conversation")))

    def said(self, connection: Connection, hits: Iterable[Hit]) -> dict[int, Said]:
        ids = msgspec.json.encode([hit.id for hit in hits]).decode()
        found = {}
        for row in connection.exec_driver_sql(_SAID, {"ids": ids}):
            entry, said = _ENTRY.decode(row.body), _ENTRY.decode(row.said)
            if isinstance(entry, Message | Noted) and isinstance(said, Message | Noted | Edited):
                found[row.id] = Said(row.id, row.partition, row.n, row.at, entry, said.content)
        return found


def _prepared(connection: Connection) -> bool:
    there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'text_index'"
    return connection.exec_driver_sql(there).first() is not None


def _query(phrases: Sequence[Phrase], where: Where) -> str:
    """In FTS5's language. Words hold letters and digits only, so quotes are safe; they keep AND a word."""
    query = " AND ".join(f'"{" ".join(phrase.words)}"{"*" if phrase.open else ""}' for phrase in phrases)
    return query if where == "anywhere" else f"{where} : ({query})"


def _id(at: float, partition: int = 0, n: int = 0) -> int:
    milliseconds = min(max(int(at * 1000), 0), 2**42 - 1)
    return milliseconds << _TAIL | partition << 14 | n & 0x3FFF


def _read(connection: Connection, rows: Sequence[Any]) -> tuple[Iterable[_Taken], Iterable[_Key]]:
    """What comes into the index, and what leaves it because it was edited or taken back."""
    told = [(row, _ENTRY.decode(row.body)) for row in rows if row.kind in _KINDS]
    earlier = _originals(connection, told)
    taken: dict[tuple[int, int], _Taken] = {}
    gone: list[_Key] = []
    for row, entry in told:
        key = _Key(_id(row.at, row.partition, row.n), row.partition, row.n)
        match entry:
            case Message() | Noted():
                conversation, content = row.conversation, entry.content
            case Edited() | Deleted() if original := earlier.get(_fact(row.thread, entry)):
                message = _Key(_id(original.at, original.partition, original.n), original.partition, original.n)
                gone.append(message)
                taken.pop((message.partition, message.n), None)
                key = replace(message, id=key.id)  # it is found where it was edited, and shown where it was said
                conversation, content = original.conversation, getattr(entry, "content", Content())
            case _:
                continue
        words, files = searchable(content)
        if words or files:
            taken[key.partition, key.n] = _Taken(key, row.n, conversation, words, files)
    return taken.values(), gone


def _originals(connection: Connection, told: Iterable[tuple[Any, AnyEntry]]) -> Mapping[bytes, Any]:
    """The messages that were edited or taken back, by their facts."""
    facts = [_fact(row.thread, entry) for row, entry in told if isinstance(entry, Edited | Deleted)]
    if not facts:
        return {}
    columns = entries.c
    query = select(columns.fact, columns.partition, columns.n, columns.conversation, columns.at)
    return {row.fact: row for row in connection.execute(query.where(columns.fact.in_(facts)))}


def _fact(thread: str, entry: Edited | Deleted) -> bytes:
    return fact_id(thread, f"message:{entry.message}")


def _forget(connection: Connection, gone: Iterable[_Key]) -> None:
    """Drop messages. Their words stay in FTS5 and lead nowhere: to take them out it would need the old text."""
    keys = [{"id": key.id, "partition": key.partition, "n": key.n} for key in gone]
    if keys:
        connection.exec_driver_sql("DELETE FROM text_index_messages WHERE id = :id", keys)
        edited = "DELETE FROM text_index_messages WHERE partition = :partition AND n = :n AND said <> n"
        connection.exec_driver_sql(edited, keys)


def _take_in(connection: Connection, taken: Iterable[_Taken]) -> None:
    keys, texts = [], []
    for one in sorted(taken, key=lambda one: one.key.id):  # FTS5 writes a segment whenever ids step back
        key = one.key
        keys.append(
            {"id": key.id, "partition": key.partition, "n": key.n, "said": one.said, "conversation": one.conversation}
        )
        texts.append({"id": key.id, "text": indexed(one.words), "files": indexed(one.files)})
    if keys:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO text_index_messages VALUES (:id, :partition, :n, :said, :conversation)", keys
        )
        connection.exec_driver_sql("INSERT INTO text_index (rowid, text, files) VALUES (:id, :text, :files)", texts)
