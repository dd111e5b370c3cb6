"""A CRM in one book: every record is a page, kept in the place that the hub lends a plugin."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

from openlines.api import Crm, CrmSession, Identity, Link, Record, Settings, hookimpl


class Ledger(Crm[Settings]):
    kind, settings_model = "ledger", Settings

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[CrmSession]:
        yield Book(link)


class Book:
    def __init__(self, link: Link) -> None:
        self._link, self._pen = link, asyncio.Lock()

    async def find(self, who: Identity, /) -> Record | None:
        told = {"identity": who.identity, "phone": who.phone, "email": who.email}
        async with self._pages() as pages:
            for key, page in pages.items():
                if any(value and page["person"][name] == value for name, value in told.items()):
                    return _record(key, page)
        return None

    async def create(
        self, kind: Literal["lead", "deal"], who: Identity, source: str, responsible: str, key: str
    ) -> Record:
        person = {"identity": who.identity, "name": who.name, "phone": who.phone, "email": who.email}
        new = {"kind": kind, "person": person, "source": source, "responsible": responsible, "timeline": {}}
        async with self._pages() as pages:
            return _record(key, pages.setdefault(key, new))  # the key is the id: the same key makes the same record

    async def assign(self, record: str, kind: str, responsible: str, key: str) -> None:
        async with self._pages() as pages:
            pages[record]["responsible"] = responsible

    async def log(self, record: str, kind: str, text: str, key: str) -> None:
        async with self._pages() as pages:
            pages[record]["timeline"][key] = text

    async def show(self, record: str, kind: str) -> Record | None:
        async with self._pages() as pages:
            return _record(record, pages[record]) if record in pages else None

    @asynccontextmanager
    async def _pages(self) -> AsyncGenerator[dict[str, Any]]:
        """The whole book, for one hand at a time; what was written is kept."""
        async with self._pen:
            pages = await self._link.state.get("pages") or {}
            yield pages
            await self._link.state.put("pages", pages)


def _record(key: str, page: dict[str, Any]) -> Record:
    return Record(
        id=key,
        kind=page["kind"],
        name=page["person"]["name"],
        responsible=page["responsible"],
        fields={"source": page["source"]},
        timeline=tuple(page["timeline"].values()),
    )


@hookimpl
def openlines_crms() -> list[type[Ledger]]:
    return [Ledger]
