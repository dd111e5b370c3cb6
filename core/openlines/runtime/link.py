"""What the core lends one plugin instance: the real `openlines.api.Link`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiohttp import ClientSession
from msgspec.structs import replace
from sqlalchemy import Connection, select

from openlines.api import Database, Files, Incoming, Log, Rejected, State, Stored, Story
from openlines.api.contracts import Capabilities
from openlines.domain.events import (
    CustomerDeleted,
    CustomerEdited,
    CustomerFilled,
    CustomerRated,
    CustomerReceived,
    CustomerTyping,
    CustomerWrote,
)
from openlines.domain.messages import ContactCard, Content, Customer
from openlines.runtime import database, tables
from openlines.runtime.clock import Clock
from openlines.runtime.drafts import Outcome
from openlines.runtime.feed import Feed
from openlines.runtime.reader import Reader
from openlines.runtime.records import thread_id

LONGEST_TEXT = 100_000
"""Characters of one incoming message; a connector is told, so that it can tell its platform."""
LONGEST_NAME = 1_000
MOST_FILES = 50
SHORT_ID = 200
"""Longer ids of platforms are kept as their hash."""

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of characters: no store, screen or protocol takes them as text."""

E = TypeVar("E", CustomerWrote, CustomerEdited, CustomerDeleted, CustomerReceived, CustomerRated, CustomerFilled)
Publish = Callable[[list[Incoming]], Awaitable[list[Outcome]]]


class HubLink:
    """A `Link` onto this hub. `publish` and `typing` are the hub's."""

    def __init__(
        self,
        family: str,
        instance: str,
        *,
        title: str = "",
        line: str = "",
        language: str = "en",
        public_url: str,
        http: ClientSession,
        store: database.Database,
        files: Files,
        reader: Reader,
        feed: Feed,
        clock: Clock,
        publish: Publish,
        typing: Callable[[CustomerTyping], None],
        able: Capabilities | None = None,
    ) -> None:
        self.id = instance
        self.title = title
        self.line = line
        self.language = language
        self.public_url = public_url
        self.http = http
        self.log: Log = structlog.get_logger(f"openlines.{family}").bind(**{family: instance})
        self.state: State = _PluginState(f"{family}:{instance}", store)
        self.database: Database = store
        self.files = files
        self._reader, self._feed, self._clock = reader, feed, clock
        self._publish, self._typing = publish, typing
        self._able = able or Capabilities()

    async def receive(self, *incoming: Incoming) -> list[Stored]:
        durable: list[Incoming] = []
        at = self._clock.now()
        for one in incoming:
            mine = tidy(replace(one, channel=self.id, at=at))
            if isinstance(mine, CustomerTyping):
                self._typing(mine)
            else:
                durable.append(mine)
        outcomes = await self._publish(durable) if durable else []
        threads = [thread_id(self.id, one.chat) for one in durable]
        return [
            Stored(outcome.duplicate, f"{thread}:{outcome.message}" if outcome.message else "")
            for outcome, thread in zip(outcomes, threads, strict=True)
        ]

    async def follow(self, chat: str, after: int = 0) -> AsyncIterator[list[Story]]:
        thread = thread_id(self.id, chat)
        async with self._feed.following(thread) as news:
            while True:
                while page := await self._reader.story(thread, after=after, limit=100):
                    after = page[-1].seq
                    yield page
                while (fresh := await news.get()) is not None:
                    new = [Story(kept.n, kept.at, kept.entry) for kept in fresh if kept.n > after]
                    if new:
                        after = new[-1].seq
                        yield new

    async def history(self, chat: str, before: int = 0, limit: int = 50) -> list[Story]:
        return await self._reader.story(thread_id(self.id, chat), before=before, limit=limit)

    def now(self) -> float:
        return self._clock.now()


# -- what platforms send is made safe to keep -------------------------------------------------------------------


def tidy(event: Incoming) -> Incoming:
    """The fact with texts that can be kept and shown. Raises `Rejected` for one that is too large."""
    if len(event.chat) > LONGEST_NAME:
        raise Rejected(f"the chat's id has {len(event.chat)} characters; at most {LONGEST_NAME} are taken")
    match event:
        case CustomerWrote():
            if not event.content:
                raise Rejected("a message needs a text, a file, a location or a contact")
            return _short(replace(event, customer=_customer(event.customer), content=_content(event.content)))
        case CustomerEdited():
            return _short(replace(event, content=_content(event.content)))
        case CustomerRated():
            return _short(replace(event, comment=_text(event.comment, LONGEST_TEXT)))
        case CustomerFilled():
            fields = {_text(key, 100): _text(value, LONGEST_NAME) for key, value in list(event.fields.items())[:50]}
            return _short(replace(event, customer=_customer(event.customer), fields=fields))
        case CustomerTyping():
            return replace(event, text=_clean(event.text[:1000]))
        case CustomerDeleted():
            return _short(event)
        case CustomerReceived():
            return _short(event)


def _short(event: E) -> E:
    if not event.id:
        raise Rejected("a fact needs the platform's id of it, or the hub cannot tell repetitions")
    changes: dict[str, str] = {}
    if len(event.id) > SHORT_ID:
        changes["id"] = hashlib.sha256(event.id.encode(errors="replace")).hexdigest()
    elif _UNWANTED.search(event.id):
        changes["id"] = _clean(event.id)
    if _UNWANTED.search(event.chat):
        changes["chat"] = _clean(event.chat)
    return replace(event, **changes) if changes else event


def _customer(customer: Customer) -> Customer:
    return Customer(*(_text(getattr(customer, name), LONGEST_NAME) for name in Customer.__struct_fields__))


def _content(content: Content) -> Content:
    if len(content.files) > MOST_FILES:
        raise Rejected(f"a message has {len(content.files)} files; at most {MOST_FILES} are taken")
    if not (content.files or content.location or content.contact or content.buttons):
        return Content(text=_text(content.text, LONGEST_TEXT))
    return replace(
        content,
        text=_text(content.text, LONGEST_TEXT),
        files=tuple(
            replace(file, name=_clean(file.name[:255]) or "file", type=_clean(file.type[:100]), url=_web(file.url))
            for file in content.files
        ),
        location=replace(content.location, title=_clean(content.location.title[:1000])) if content.location else None,
        contact=_card(content.contact) if content.contact else None,
    )


def _card(card: ContactCard) -> ContactCard:
    return ContactCard(*(_text(getattr(card, name), LONGEST_NAME) for name in ContactCard.__struct_fields__))


def _text(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Rejected(f"a text has {len(text)} characters; at most {limit} are taken")
    return _clean(text)


def _clean(text: str) -> str:
    return text if not _UNWANTED.search(text) else _UNWANTED.sub("", text)


def _web(address: str) -> str:
    """Only addresses that a browser may be sent to."""
    return _clean(address[:4000]) if address.startswith(("https://", "http://")) else ""


class _PluginState:
    """`link.state` in the table `plugin_state`."""

    def __init__(self, plugin: str, store: database.Database) -> None:
        self._plugin, self._store = plugin, store

    async def get(self, key: str) -> Any:
        columns = tables.plugin_state.c

        def work(connection: Connection) -> str | None:
            query = select(columns.value).where(columns.plugin == self._plugin, columns.key == key)
            return connection.execute(query).scalar()

        value = await self._store.read(work)
        return None if value is None else json.loads(value)

    async def put(self, key: str, value: Any) -> None:
        columns = tables.plugin_state.c
        text = json.dumps(value)

        def work(connection: Connection) -> None:
            mine = (columns.plugin == self._plugin, columns.key == key)
            changed = connection.execute(tables.plugin_state.update().where(*mine).values(value=text))
            if not changed.rowcount:
                connection.execute(tables.plugin_state.insert(), {"plugin": self._plugin, "key": key, "value": text})

        await self._store.run(work)
