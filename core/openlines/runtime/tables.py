"""The tables, one schema for SQLite and PostgreSQL. `migrations/` builds them; a test holds that both agree."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

threads = Table(
    "threads",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("channel", String(255), nullable=False),
    Column("chat", Text, nullable=False),
    Column("conversation", Integer, nullable=False),  # the open one's number, 0 = none
    Column("seated", Boolean, nullable=False),  # the desk must know of it after a start
    Column("owes", Boolean, nullable=False),  # commands are pending
    Column("due", Double, nullable=False),  # lower bound of the earliest deadline, 0 = none
    Column("state", LargeBinary, nullable=False),  # the whole `domain.state.Thread`, as JSON
    sqlite_with_rowid=False,
)
# Partial: of a million threads at rest none is in them.
Index(
    "ix_threads_due", threads.c.partition, threads.c.due, sqlite_where=text("due > 0"), postgresql_where=text("due > 0")
)
Index("ix_threads_owes", threads.c.partition, sqlite_where=text("owes"), postgresql_where=text("owes"))
Index("ix_threads_seated", threads.c.partition, sqlite_where=text("seated"), postgresql_where=text("seated"))

entries = Table(
    "entries",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),  # counted per partition: commit order is key order
    Column("thread", String(26), nullable=False),
    Column("conversation", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("external", String(255)),  # the platform's id of a fact
    Column("fact", LargeBinary(16)),  # hash of thread and external: the same is the same fact, whenever it comes
    Column("body", LargeBinary, nullable=False),  # the `domain.entries` struct, as JSON
    sqlite_with_rowid=False,
)
Index("ix_entries_thread_n", entries.c.thread, entries.c.n)
# One column, since SQLite walks the whole table for `(a, b) IN (...)`.
Index(
    "ux_entries_fact",
    entries.c.fact,
    unique=True,
    sqlite_where=text("fact IS NOT NULL"),
    postgresql_where=text("fact IS NOT NULL"),
)
Index(
    "ix_entries_held",
    entries.c.at,
    sqlite_where=text("kind = 'Held'"),
    postgresql_where=text("kind = 'Held'"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("thread", String(26), nullable=False),
    Column("line", String(255), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("customer", String(26), nullable=False),
    Column("customer_name", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("responsible", String(255), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("closed_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("summary", LargeBinary, nullable=False),  # `runtime.records.Summary`, as JSON: what a list shows
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("unanswered", Boolean, nullable=False, server_default=false()),
    Column("late", Boolean, nullable=False, server_default=false()),
    Column("rating", String(16), nullable=False, server_default=""),
    Column("supervisor_rating", Integer, nullable=False, server_default="0"),  # 0 = none
    Column("first_response", Double, nullable=False, server_default="0"),  # seconds, 0 = none
    Column("total_response", Double, nullable=False, server_default="0"),
    Column("average_response", Double, nullable=False, server_default="0"),
    Column("longest_response", Double, nullable=False, server_default="0"),
)
Index("ix_conversations_status_changed_at", conversations.c.status, conversations.c.changed_at)
Index("ix_conversations_responsible_changed_at", conversations.c.responsible, conversations.c.changed_at)
Index("ix_conversations_line_changed_at", conversations.c.line, conversations.c.changed_at)
Index("ix_conversations_channel_changed_at", conversations.c.channel, conversations.c.changed_at)
Index("ix_conversations_changed_at", conversations.c.changed_at)
Index("ix_conversations_created_at", conversations.c.created_at)
Index(
    "ix_conversations_closed_at",
    conversations.c.closed_at,
    sqlite_where=text("closed_at > 0"),
    postgresql_where=text("closed_at > 0"),
)
# What few conversations have is found by an index of these few.
for _name, _few in (
    ("rating", "rating <> ''"),
    ("supervisor_rating", "supervisor_rating > 0"),
    ("late", "late = true"),
    ("unanswered", "unanswered = true"),
    ("pinned", "pinned = true"),
):
    Index(
        f"ix_conversations_{_name}",
        conversations.c.changed_at,
        sqlite_where=text(_few.replace("true", "1")),  # as a condition is written there, so that it is recognised
        postgresql_where=text(_few),
    )
Index("ix_conversations_thread", conversations.c.thread)
Index("ix_conversations_customer", conversations.c.customer)

involved = Table(
    "involved",
    metadata,
    Column("agent", String(255), primary_key=True),
    Column("conversation", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Whose own a conversation is: was responsible, took part, was offered it."""

customers = Table(
    "customers",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("merged_into", String(26)),  # reversible: a merge only points
    Column("profile", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

identities = Table(
    "identities",
    metadata,
    Column("kind", String(255), primary_key=True),  # "channel:<id>", "phone", "email"
    Column("value", String(255), primary_key=True),
    Column("customer", String(26), ForeignKey("customers.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)

crm_records = Table(
    "crm_records",
    metadata,
    Column("crm", String(255), primary_key=True),
    Column("customer", String(26), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("record", String(255), nullable=False),
    sqlite_with_rowid=False,
)
"""One claim per CRM, customer and kind: two threads of one person make one lead."""

people = Table(
    "people",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", String(255), nullable=False, unique=True),
    Column("role", String(255), nullable=False),
    Column("departments", Text, nullable=False),  # JSON list
    Column("photo", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2 hash, "" = cannot sign in
    Column("from_settings", Boolean, nullable=False),  # named in settings.toml: read-only elsewhere
    Column("dismissed", Boolean, nullable=False),
    Column("signed_off", Boolean, nullable=False),
    Column("seen_at", Double, nullable=False),
    # Time tracking; it applies to those who were clocked in once.
    Column("clocked", Boolean, nullable=False, server_default=false()),
    Column("clocked_out", Boolean, nullable=False, server_default=false()),
    Column("on_break", Boolean, nullable=False, server_default=false()),
)

leaves = Table(
    "leaves",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("agent", String(255), nullable=False, index=True),
    Column("first", String(10), nullable=False),  # ISO dates, in the server's time zone
    Column("last", String(10), nullable=False),  # the last day off; "" = until they return
)

agent_lines = Table(
    "agent_lines",
    metadata,
    Column("line", String(255), primary_key=True),
    Column("agent", String(255), primary_key=True),
    Column("offered_at", Double, nullable=False),
    Column("replied_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

files = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the content
    Column("type", String(255), nullable=False),  # told from the bytes
    Column("size", Integer, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)

requests = Table(
    "requests",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),  # hash of thread and key
    Column("at", Double, nullable=False, index=True),
    Column("result", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What requests of staff were answered: the same key is answered the same again."""

parked = Table(
    "parked",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("thread", String(26), nullable=False),
    Column("at", Double, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
)

partitions = Table(
    "partitions",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),  # who writes with an older one is refused: the fence
    Column("owner", String(64), nullable=False),
    Column("position", String(64), nullable=False),  # of the bus
    Column("n", Integer, nullable=False),  # the last entry's
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)
"""Blocks of conversation numbers are taken from here; gaps are allowed."""

plugin_state = Table(
    "plugin_state",
    metadata,
    Column("plugin", String(255), primary_key=True),  # "channel:<id>", "crm:<id>"
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the cookie's value
    Column("agent", String(255), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the secret
    Column("agent", String(255), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("scopes", Text, nullable=False),  # JSON list
    Column("created_at", Double, nullable=False),
    UniqueConstraint("agent", "name"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", String(255), nullable=False),
    Column("what", String(100), nullable=False),
    Column("target", String(600), nullable=False),
    Column("detail", Text, nullable=False),  # JSON; never what somebody wrote
)
"""What staff did. Rows are only added."""
Index("ix_audit_who_id", audit.c.who, audit.c.id)
Index("ix_audit_target_id", audit.c.target, audit.c.id)
