"""The tables. They are made when missing; columns are only ever added.

Phones are kept in E.164 where they can be read as such, e-mails in lower case: equal means the same.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

CLOSED = ("won", "lost")
"""Stages of leads and deals that are over; every other stage is open."""

metadata = MetaData()

companies = Table(
    "embedded_companies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),  # the name without regard to case: one company, one row
    Column("responsible", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

people = Table(
    "embedded_people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("company", Integer, ForeignKey(companies.c.id)),
    Column("responsible", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

leads = Table(
    "embedded_leads",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("company", Integer, ForeignKey(companies.c.id)),
    Column("source", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

deals = Table(
    "embedded_deals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("person", Integer, ForeignKey(people.c.id), nullable=False, index=True),
    Column("company", Integer, ForeignKey(companies.c.id)),
    Column("source", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

for _table in (people, leads):
    for _column in ("identity", "phone", "email"):
        Index(f"{_table.name}_{_column}", _table.c[_column])

timeline = Table(
    "embedded_timeline",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("record", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("text", Text, nullable=False),
    Index("embedded_timeline_record", "kind", "record"),
)

writes = Table(
    "embedded_writes",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of what was done and the caller's key
    Column("kind", Text, nullable=False),
    Column("record", Integer, nullable=False),
    Column("at", Float, nullable=False),
)
"""What has been done already: a key that is here is not done again."""

RECORDS = {"lead": leads, "deal": deals, "contact": people, "company": companies}
"""The table of each kind of record."""
