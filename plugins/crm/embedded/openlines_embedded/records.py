"""What is read and written, as plain functions on a connection. Each write is done once for its key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, cast

from openlines.api import Record, Rejected
from sqlalchemy import Connection, RowMapping, Table, insert, select, update

from openlines_embedded.people import Person
from openlines_embedded.tables import CLOSED, RECORDS, companies, deals, leads, people, timeline, writes

Kind: TypeAlias = Literal["lead", "deal", "contact", "company"]
_TIMELINE = 100
"""Newest entries that a record is shown with."""


# -- reading ------------------------------------------------------------------------------------------------------


def find(connection: Connection, who: Person) -> Record | None:
    """By identity, else by phone, else by e-mail: the newest open deal, else the newest open lead, else the contact."""
    for column, value in who.known_by:
        deal = (
            select(deals)
            .join(people, people.c.id == deals.c.person)
            .where(people.c[column] == value, deals.c.stage.not_in(CLOSED))
        )
        lead = select(leads).where(leads.c[column] == value, leads.c.stage.not_in(CLOSED))
        contact = select(people).where(people.c[column] == value)
        found: Sequence[tuple[Kind, Any]] = (
            ("deal", deal.order_by(deals.c.id.desc())),
            ("lead", lead.order_by(leads.c.id.desc())),
            ("contact", contact.order_by(people.c.id)),
        )
        for kind, query in found:
            row = connection.execute(query.limit(1)).mappings().first()
            if row is not None:
                return _record(connection, kind, row)
    return None


def show(connection: Connection, kind: str, record: str) -> Record | None:
    """The record with its timeline."""
    row = _row(connection, kind, record)
    return None if row is None else _record(connection, cast("Kind", kind), row, with_timeline=True)


def all_of(connection: Connection, kind: Kind) -> list[Record]:
    """Every record of a kind, oldest first."""
    table = RECORDS[kind]
    rows = connection.execute(select(table).order_by(table.c.id)).mappings().all()
    return [_record(connection, kind, row, with_timeline=True) for row in rows]


def _row(connection: Connection, kind: str, record: str) -> RowMapping | None:
    table = RECORDS.get(kind)
    number = _number(record)
    if table is None or number is None:
        return None
    return connection.execute(select(table).where(table.c.id == number)).mappings().first()


def _record(connection: Connection, kind: Kind, row: RowMapping, *, with_timeline: bool = False) -> Record:
    fields = {name: row[name] for name in ("phone", "email", "source", "stage") if row.get(name)}
    if kind == "deal":
        contact = connection.execute(select(people).where(people.c.id == row["person"])).mappings().one()
        fields |= {name: contact[name] for name in ("phone", "email") if contact[name]}
        fields["contact"] = contact["name"]
    if row.get("company") is not None:
        fields["company"] = connection.execute(
            select(companies.c.name).where(companies.c.id == row["company"])
        ).scalar_one()
    return Record(
        id=str(row["id"]),
        kind=kind,
        name=row["name"],
        responsible=row["responsible"],
        fields=fields,
        timeline=_timeline(connection, kind, row["id"]) if with_timeline else (),
    )


def _timeline(connection: Connection, kind: Kind, number: int) -> tuple[str, ...]:
    newest = connection.execute(
        select(timeline.c.text)
        .where(timeline.c.kind == kind, timeline.c.record == number)
        .order_by(timeline.c.id.desc())
        .limit(_TIMELINE)
    ).scalars()
    return tuple(reversed(newest.all()))


def _number(record: str) -> int | None:
    """Ids are numbers, and those of the tables fit 31 bits."""
    return int(record) if record.isascii() and record.isdigit() and len(record) <= 9 else None


# -- writing ------------------------------------------------------------------------------------------------------


def create(
    connection: Connection,
    kind: Literal["lead", "deal"],
    who: Person,
    source: str,
    responsible: str,
    key: str,
    at: float,
) -> Record:
    """A lead, or a deal with its contact; with the company where one is named."""
    done = _done(connection, "create", key)
    if done is None:
        company = _company(connection, who.company, responsible, at)
        values: dict[str, Any] = {
            "name": who.label,
            "company": company,
            "source": source,
            "stage": "new",
            "responsible": responsible,
            "created_at": at,
        }
        if kind == "lead":
            values |= {"identity": who.identity, "phone": who.phone, "email": who.email}
        else:
            values["person"] = contact(connection, who, company, responsible, at)
        done = (kind, _insert(connection, RECORDS[kind], values))
        _remember(connection, "create", key, *done, at)
    created = show(connection, done[0], str(done[1]))
    if created is None:
        raise Rejected(f"the embedded CRM no longer has {done[0]} {done[1]}, which was created here")
    return created


def assign(connection: Connection, kind: str, record: str, responsible: str, key: str, at: float) -> None:
    """Give the record another responsible."""
    number = _existing(connection, kind, record)
    if _done(connection, "assign", key) is None:
        table = RECORDS[kind]
        connection.execute(update(table).where(table.c.id == number).values(responsible=responsible))
        _remember(connection, "assign", key, kind, number, at)


def log(connection: Connection, kind: str, record: str, text: str, key: str, at: float) -> None:
    """Put a text on the record's timeline."""
    number = _existing(connection, kind, record)
    if _done(connection, "log", key) is None:
        _insert(connection, timeline, {"kind": kind, "record": number, "at": at, "text": text})
        _remember(connection, "log", key, kind, number, at)


def erase(connection: Connection, kind: str, record: str, fields: Sequence[str], key: str, at: float) -> None:
    """Blank fields of the record; of a deal's contact too, if both were made at once."""
    number = _existing(connection, kind, record)
    if _done(connection, "erase", key) is None:
        _blank(connection, RECORDS[kind], number, fields)
        if kind == "deal":
            deal = connection.execute(select(deals).where(deals.c.id == number)).mappings().one()
            made = select(people.c.id).where(people.c.id == deal["person"], people.c.created_at == deal["created_at"])
            for person in connection.execute(made).scalars().all():
                _blank(connection, people, person, fields)
        _remember(connection, "erase", key, kind, number, at)


def _blank(connection: Connection, table: Table, number: int, fields: Sequence[str]) -> None:
    """A record is called by its name, or by what else was known: what is erased must not live on as a name."""
    row = connection.execute(select(table).where(table.c.id == number)).mappings().one()
    erased = [name for name in ("phone", "email") if name in fields and name in row]
    values: dict[str, Any] = dict.fromkeys(erased, "")
    if "company" in fields and "company" in row:
        values["company"] = None
    if "name" in fields or row["name"] in [row[name] for name in erased if row[name]]:
        values["name"] = row.get("identity") or "?"
    if values:
        connection.execute(update(table).where(table.c.id == number).values(**values))


def contact(connection: Connection, who: Person, company: int | None, responsible: str, at: float) -> int:
    """The person's row: found, and completed by what it lacked, or new."""
    for column, value in who.known_by:
        query = select(people).where(people.c[column] == value).order_by(people.c.id).limit(1)
        row = connection.execute(query).mappings().first()
        if row is not None:
            news = {name: value for name, value in who.known_by if not row[name]}
            if company is not None and row["company"] is None:
                connection.execute(update(people).where(people.c.id == row["id"]).values(company=company))
            if news:
                connection.execute(update(people).where(people.c.id == row["id"]).values(**news))
            return int(row["id"])
    values = {
        "name": who.label,
        "identity": who.identity,
        "phone": who.phone,
        "email": who.email,
        "company": company,
        "responsible": responsible,
        "created_at": at,
    }
    return _insert(connection, people, values)


def add_contact(connection: Connection, who: Person, responsible: str, at: float) -> Record:
    """A contact that is known beforehand."""
    number = contact(connection, who, _company(connection, who.company, responsible, at), responsible, at)
    row = connection.execute(select(people).where(people.c.id == number)).mappings().one()
    return _record(connection, "contact", row)


def _company(connection: Connection, name: str, responsible: str, at: float) -> int | None:
    if not name:
        return None
    folded = name.casefold()
    found = connection.execute(select(companies.c.id).where(companies.c.folded == folded)).scalar()
    if found is not None:
        return int(found)
    return _insert(
        connection, companies, {"name": name, "folded": folded, "responsible": responsible, "created_at": at}
    )


def _existing(connection: Connection, kind: str, record: str) -> int:
    row = _row(connection, kind, record)
    if row is None:
        raise Rejected(f"the embedded CRM has no {kind} {record!r}")
    return int(row["id"])


def _insert(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    (number,) = connection.execute(insert(table).values(**values)).inserted_primary_key or (0,)
    return int(number)


def _done(connection: Connection, what: str, key: str) -> tuple[Kind, int] | None:
    row = connection.execute(select(writes.c.kind, writes.c.record).where(writes.c.key == _hash(what, key))).first()
    return None if row is None else (row.kind, row.record)


def _remember(connection: Connection, what: str, key: str, kind: str, number: int, at: float) -> None:
    """In the same transaction as the write itself: another one with this key then fails as a whole."""
    connection.execute(insert(writes).values(key=_hash(what, key), kind=kind, record=number, at=at))


def _hash(what: str, key: str) -> str:
    return hashlib.sha256(f"{what}\n{key}".encode(errors="surrogatepass")).hexdigest()
