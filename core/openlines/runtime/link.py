"""What the core lends one plugin instance: the real `openlines.api.Link`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import structlog
from aiohttp import ClientSession
from msgspec.structs import replace
from sqlalchemy import Connection, select

from openlines.api import Database, Files, Incoming, Log, Rejected, State, Stored, Story
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
from openlines.runtime.boundary import as_kept
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
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the reading direction of what follows: in a name they make it read as another."""

E = TypeVar("E", CustomerWrote, CustomerEdited, CustomerDeleted, CustomerReceived, CustomerRated, CustomerFilled)
Publish = Callable[[Sequence[Incoming]], Awaitable[list[Outcome]]]


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

    async def receive(self, *incoming: Incoming) -> list[Stored]:
        at = self._clock.now()
        facts = [tidy(replace(one, channel=self.id, at=at)) for one in incoming]
        durable = [fact for fact in facts if not isinstance(fact, CustomerTyping)]
        outcomes = iter(await self._publish(durable) if durable else [])
        stored = []
        for fact in facts:
            if isinstance(fact, CustomerTyping):
                self._typing(fact)
                stored.append(Stored(duplicate=False))
            else:
                stored.append(self._stored(fact, next(outcomes)))
        return stored

    def _stored(self, fact: Incoming, outcome: Outcome) -> Stored:
        message = f"{thread_id(self.id, fact.chat)}:{outcome.message}" if outcome.message else ""
        return Stored(outcome.duplicate, message)

    async def follow(self, chat: str, after: int = 0) -> AsyncIterator[list[Story]]:
        thread = thread_id(self.id, chat)
        async with self._feed.following(thread) as news:
            while True:
                for page in [] if after else await self._whole(thread):
                    after = page[-1].seq
                    yield page
                while after and (page := await self._reader.story(thread, after=after, limit=100)):
                    after = page[-1].seq
                    yield page
                while (fresh := await news.get()) is not None:
                    new = [Story(kept.n, kept.at, kept.entry) for kept in fresh if kept.n > after]
                    if new:
                        after = new[-1].seq
                        yield new

    async def _whole(self, thread: str) -> list[list[Story]]:
        """The story from its beginning, in pages; read from its end, where an index leads."""
        pages: list[list[Story]] = []
        while page := await self._reader.story(thread, before=pages[-1][0].seq if pages else 0, limit=100):
            pages.append(page)
        return pages[::-1]

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
            wrote = replace(
                event,
                customer=_customer(event.customer),
                content=_content(event.content),
                group=bool(event.group),
                sent_at=float(event.sent_at),
            )
            return _short(wrote)
        case CustomerEdited():
            return _short(replace(event, content=_content(event.content), version=short_id(event.version)))
        case CustomerRated():
            if event.value not in ("like", "dislike"):
                raise Rejected(f"a rating is like or dislike, not {event.value!r}")
            return _short(replace(event, comment=_text(event.comment, LONGEST_TEXT)))
        case CustomerFilled():
            fields = {_text(key, 100): _text(value, LONGEST_NAME) for key, value in list(event.fields.items())[:50]}
            return _short(replace(event, customer=_customer(event.customer), fields=fields))
        case CustomerTyping():
            return replace(event, text=_clean(event.text[:1000]))
        case CustomerDeleted():
            return _short(event)
        case CustomerReceived():
            if event.state not in ("delivered", "read"):
                raise Rejected(f"a receipt says delivered or read, not {event.state!r}")
            return _short(event)


def _short(event: E) -> E:
    if not event.id:
        raise Rejected("a fact needs the platform's id of it, or the hub cannot tell repetitions")
    id_, chat = short_id(event.id), _clean(event.chat)
    return event if (id_, chat) == (event.id, event.chat) else replace(event, id=id_, chat=chat)


def short_id(given: str) -> str:
    """A platform's id as it is kept: the same for the same id, whichever way it came in."""
    if len(given) > SHORT_ID:
        return hashlib.sha256(given.encode(errors="replace")).hexdigest()
    return _clean(given)


def _customer(customer: Customer) -> Customer:
    told = (_text(getattr(customer, name), LONGEST_NAME) for name in Customer.__struct_fields__[1:])
    return Customer(_text(customer.id, LONGEST_NAME), *(_TURNING.sub("", text) for text in told))


def _content(content: Content) -> Content:
    if len(content.files) > MOST_FILES:
        raise Rejected(f"a message has {len(content.files)} files; at most {MOST_FILES} are taken")
    if not (content.files or content.location or content.contact or content.buttons):
        return Content(text=_text(content.text, LONGEST_TEXT))
    tidied = replace(
        content,
        text=_text(content.text, LONGEST_TEXT),
        files=tuple(
            replace(file, name=_clean(file.name[:255]) or "file", type=_clean(file.type[:100]), url=_web(file.url))
            for file in content.files
        ),
        location=replace(content.location, title=_clean(content.location.title[:1000])) if content.location else None,
        contact=_card(content.contact) if content.contact else None,
    )
    try:
        return as_kept(tidied)
    except ValueError as error:
        raise Rejected(f"a message cannot be kept: {error}") from error


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
