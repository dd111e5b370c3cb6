"""The CRM as the core meets it: `records`, run in the hub's database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, TypeVar

import phonenumbers
from openlines.api import Crm, CrmSession, Identity, Link, NotReady, Record, Settings
from pydantic import Field, field_validator
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from openlines_embedded import records
from openlines_embedded.people import line, lines, person
from openlines_embedded.tables import metadata

T = TypeVar("T")


class EmbeddedSettings(Settings):
    """Nothing is required."""

    country: str = Field(default="", max_length=2)
    """ISO 3166 code: where a phone number without + belongs. Without it such numbers are compared as written."""

    @field_validator("country")
    @classmethod
    def _has_phones(cls, country: str) -> str:
        code = country.upper()
        if code and code not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError('a two-letter country code is needed, such as "IT"')
        return code


class Embedded(Crm[EmbeddedSettings]):
    """Kind `embedded`. All that a hub has of this kind are one CRM: they share its tables."""

    kind = "embedded"
    settings_model = EmbeddedSettings

    @asynccontextmanager
    async def open(self, link: Link) -> AsyncGenerator[CrmSession]:
        session = EmbeddedSession(link, self.settings.country)
        await session.prepare()
        yield session


class EmbeddedSession:
    """A `CrmSession`; besides, what rehearsals need: `add_contact` and `records`."""

    def __init__(self, link: Link, country: str) -> None:
        self._link = link
        self._country = country

    async def prepare(self) -> None:
        """Make the tables that are missing."""
        # Another process may be making them at this moment: whichever statement lost, by then they are there.
        await self._run(metadata.create_all, again_after=DBAPIError)

    async def find(self, who: Identity, /) -> Record | None:
        return await self._run(partial(records.find, who=person(who, self._country)))

    async def create(
        self, kind: Literal["lead", "deal"], who: Identity, source: str, responsible: str, key: str
    ) -> Record:
        return await self._run(
            partial(
                records.create,
                kind=kind,
                who=person(who, self._country),
                source=line(source, 300),
                responsible=line(responsible, 300),
                key=key,
                at=self._link.now(),
            )
        )

    async def assign(self, record: str, kind: str, responsible: str, key: str) -> None:
        await self._run(
            partial(
                records.assign,
                kind=kind,
                record=record,
                responsible=line(responsible, 300),
                key=key,
                at=self._link.now(),
            )
        )

    async def log(self, record: str, kind: str, text: str, key: str) -> None:
        await self._run(partial(records.log, kind=kind, record=record, text=lines(text), key=key, at=self._link.now()))

    async def erase(self, record: str, kind: str, fields: tuple[str, ...], key: str) -> None:
        await self._run(partial(records.erase, kind=kind, record=record, fields=fields, key=key, at=self._link.now()))

    async def show(self, record: str, kind: str) -> Record | None:
        return await self._run(partial(records.show, kind=kind, record=record))

    async def add_contact(self, who: Identity, responsible: str) -> Record:
        """A contact that is known before the first message."""
        return await self._run(
            partial(
                records.add_contact,
                who=person(who, self._country),
                responsible=line(responsible, 300),
                at=self._link.now(),
            )
        )

    async def records(self, kind: Literal["lead", "deal", "contact", "company"]) -> list[Record]:
        """Every record of a kind with its timeline, oldest first."""
        return await self._run(partial(records.all_of, kind=kind))

    async def _run(self, work: Callable[[Connection], T], *, again_after: type[DBAPIError] = IntegrityError) -> T:
        """One transaction. Where somebody did the same at the same moment, once more: then theirs is found."""
        try:
            try:
                return await self._link.database.run(work)
            except again_after:
                return await self._link.database.run(work)
        except DBAPIError as error:
            raise NotReady(f"the embedded CRM's tables cannot be used now: {error.orig}") from error
