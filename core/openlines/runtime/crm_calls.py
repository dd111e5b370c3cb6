"""Calls to the CRM: who is this, keep a record, give it to somebody, put the transcript on its timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, select

from openlines.api import CrmSession, Forgets, Identity, NotReady, Record, Rejected
from openlines.domain.commands import AssignRecord, CreateRecord, EraseFields, FindCustomer, LogTranscript
from openlines.domain.events import CrmRecorded, CustomerFound
from openlines.domain.people import Agent
from openlines.domain.state import Thread
from openlines.runtime import tables
from openlines.runtime.boundary import fault_of, within
from openlines.runtime.database import Database
from openlines.runtime.drafts import decode_entry
from openlines.runtime.records import Kept, customer_id
from openlines.runtime.retries import GivenUp, Retries
from openlines.runtime.supervisor import Supervisor
from openlines.runtime.transcript import transcript

FIND_LIMIT = 3.0
"""Seconds of a look-up; later it is "unknown for now"."""
WRITE_LIMIT = 30.0
"""Seconds of one writing call."""
OPEN_LIMIT = 60.0
"""Seconds that one try waits for a CRM to open."""
GIVE_UP_AFTER = 3 * 86400.0

Write = CreateRecord | AssignRecord | LogTranscript | EraseFields


class CrmCalls:
    """Does `FindCustomer`, `CreateRecord`, `AssignRecord` and `LogTranscript`."""

    def __init__(
        self,
        supervisor: Supervisor,
        database: Database,
        people: Callable[[], Mapping[str, Agent]],
        retries: Retries,
    ) -> None:
        self._supervisor, self._database, self._people, self._retries = supervisor, database, people, retries

    async def find(self, thread: Thread, command: FindCustomer) -> CustomerFound:
        """Raises `GivenUp` at once where the CRM fails or is late: nobody waits for it."""
        try:
            async with within(self._retries.clock, FIND_LIMIT):
                session = await self._retries.wait(self._supervisor.crm(command.crm))
                record = checked(await session.find(identity_of(thread)))
        except TimeoutError:
            raise GivenUp("late", f"no answer within {FIND_LIMIT:.0f} s") from None
        except BaseException as raised:
            error = fault_of(raised)
            raise GivenUp("failed", f"{type(error).__name__}: {error}") from error
        at = self._retries.clock.now()
        if record is None:
            return CustomerFound(thread=thread.id, command=command.id, at=at)
        return CustomerFound(
            thread=thread.id,
            command=command.id,
            at=at,
            record=record.id,
            record_kind=record.kind,
            name=record.name,
            responsible=self._agent(record.responsible),
        )

    async def write(self, thread: Thread, command: Write) -> CrmRecorded:
        """Raises `GivenUp`. Every call carries a key, so that a repeated one changes nothing."""

        async def attempt() -> Record | None:
            clock = self._retries.clock
            try:
                async with within(clock, OPEN_LIMIT):
                    session = await self._retries.wait(self._supervisor.crm(command.crm))
            except TimeoutError:
                raise NotReady(f"CRM {command.crm} is not open") from None
            async with within(clock, WRITE_LIMIT):
                return await self._write(session, thread, command)

        record = await self._retries.until(
            attempt, give_up_at=command.at + GIVE_UP_AFTER, lane="crm", instance=command.crm
        )
        return CrmRecorded(
            thread=thread.id,
            command=command.id,
            at=self._retries.clock.now(),
            record=record.id if record else "",
            record_kind=record.kind if record else "",
        )

    async def _write(self, session: CrmSession, thread: Thread, command: Write) -> Record | None:
        key = f"{thread.id}-{command.id}"
        match command:
            case CreateRecord():
                return await self._create(session, thread, command)
            case AssignRecord():
                await session.assign(command.record, command.record_kind, self._address(command.responsible), key)
            case LogTranscript():
                text = transcript(command.conversation, await self._entries(thread.id, command.conversation))
                await session.log(command.record, command.record_kind, text, key)
            case EraseFields():
                if not isinstance(session, Forgets):
                    raise Rejected(
                        f"CRM {command.crm} cannot erase: take {', '.join(command.fields)} out of it by hand"
                    )
                await session.erase(command.record, command.record_kind, command.fields, key)
        return None

    async def _create(self, session: CrmSession, thread: Thread, command: CreateRecord) -> Record:
        """One lead per customer and CRM: a claim in the store comes before a new record."""
        customer = customer_id(thread)
        claimed = await self._claimed(command.crm, customer, command.kind)
        if claimed:
            known = checked(await session.show(claimed, command.kind))
            if known is not None:
                return known
        key = f"{command.crm}-{customer}-{command.kind}-{claimed}"
        responsible = self._address(command.responsible)
        created = checked(await session.create(command.kind, identity_of(thread), command.source, responsible, key))
        if created is None:
            raise ValueError("create() returned None, not the new record")
        return created

    async def _claimed(self, crm: str, customer: str, kind: str) -> str:
        columns = tables.crm_records.c
        query = select(columns.record).where(columns.crm == crm, columns.customer == customer, columns.kind == kind)
        return await self._database.read(lambda connection: connection.execute(query).scalar() or "")

    async def _entries(self, thread: str, conversation: int) -> list[Kept]:
        columns = tables.entries.c
        query = (
            select(columns.partition, columns.n, columns.thread, columns.at, columns.body)
            .where(columns.thread == thread, columns.conversation == conversation)
            .order_by(columns.n)
        )

        def work(connection: Connection) -> list[Kept]:
            return [Kept(*row[:4], decode_entry(row.body)) for row in connection.execute(query)]

        return await self._database.read(work)

    def _agent(self, responsible: str) -> str:
        """The agent that a CRM's responsible is: by id or by e-mail; "" where there is none."""
        people = self._people()
        if responsible in people:
            return responsible
        wanted = responsible.casefold()
        return next((agent.id for agent in people.values() if wanted and agent.email.casefold() == wanted), "")

    def _address(self, agent: str) -> str:
        known = self._people().get(agent)
        return known.email or agent if known else agent


def checked(record: Record | None) -> Record | None:
    """A CRM's record, if it is one that can be kept. Raises `ValueError` saying what is wrong with it."""
    if record is None:
        return None
    if not isinstance(record, Record):
        raise ValueError(f"the CRM returned {type(record).__name__}, not a Record")  # noqa: TRY004 - a bad value
    texts = {name: getattr(record, name) for name in ("id", "kind", "name", "responsible")}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong or not record.id:
        raise ValueError(f"the CRM's record has a bad {', '.join(wrong) or 'id'}")
    return replace(record, **{name: value.encode(errors="replace").decode()[:255] for name, value in texts.items()})


def identity_of(thread: Thread) -> Identity:
    """The customer as CRMs look for them."""
    customer = thread.customer
    return Identity(
        identity=f"{thread.channel}:{customer.id}",
        name=customer.name,
        phone=customer.phone,
        email=customer.email,
        company=thread.form.get("company", ""),
    )
