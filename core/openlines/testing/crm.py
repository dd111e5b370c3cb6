"""What a CRM offers beyond its session so that rehearsals can set it up and look into it."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from openlines.api.contracts import CrmSession, Identity, Record


@runtime_checkable
class RehearsedCrm(CrmSession, Protocol):
    """A session that can be filled before a rehearsal and compared after it."""

    async def add_contact(self, who: Identity, responsible: str) -> Record:
        """A contact that is known before the first message."""
        ...

    async def records(self, kind: Literal["lead", "deal", "contact", "company"]) -> list[Record]:
        """Every record of a kind with its timeline, oldest first."""
        ...
