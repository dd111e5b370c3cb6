"""What lists filter on"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FLAGS = ("pinned", "unanswered", "late")
TIMES = ("first_response", "total_response", "average_response", "longest_response")
AT_ONCE = 1000


def upgrade() -> None:
    columns: list[sa.Column[Any]] = [
        *(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()) for name in FLAGS),
        sa.Column("rating", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("supervisor_rating", sa.Integer(), nullable=False, server_default="0"),
        *(sa.Column(name, sa.Double(), nullable=False, server_default="0") for name in TIMES),
    ]
    for column in columns:
        op.add_column("conversations", column)
    _take_over()
    op.create_index("ix_conversations_line_changed_at", "conversations", ["line", "changed_at"])
    op.create_index("ix_conversations_channel_changed_at", "conversations", ["channel", "changed_at"])
    op.create_index("ix_conversations_changed_at", "conversations", ["changed_at"])
    op.create_index("ix_conversations_created_at", "conversations", ["created_at"])
    _index_few("closed_at", "closed_at", "closed_at > 0")
    _index_few("rating", "changed_at", "rating <> ''")
    _index_few("supervisor_rating", "changed_at", "supervisor_rating > 0")
    for name in ("late", "unanswered", "pinned"):
        _index_few(name, "changed_at", f"{name} = true")


def _index_few(name: str, column: str, few: str) -> None:
    op.create_index(
        f"ix_conversations_{name}",
        "conversations",
        [column],
        sqlite_where=sa.text(few.replace("true", "1")),
        postgresql_where=sa.text(few),
    )


def _take_over() -> None:
    """The new columns of conversations that are there say what their summaries say."""
    connection = op.get_bind()
    table = sa.table(
        "conversations",
        sa.column("number", sa.Integer),
        sa.column("summary", sa.LargeBinary),
        sa.column("pinned", sa.Boolean),
        sa.column("unanswered", sa.Boolean),
        sa.column("rating", sa.String),
        sa.column("supervisor_rating", sa.Integer),
    )
    change = (
        sa.update(table)
        .where(table.c.number == sa.bindparam("its"))
        .values({name: sa.bindparam(name) for name in ("pinned", "unanswered", "rating", "supervisor_rating")})
    )
    after = 0
    while True:
        page = sa.select(table.c.number, table.c.summary).where(table.c.number > after).order_by(table.c.number)
        rows = connection.execute(page.limit(AT_ONCE)).all()
        if not rows:
            return
        after = rows[-1].number
        told = [(row.number, json.loads(row.summary)) for row in rows]
        changes = [
            {
                "its": number,
                "pinned": summary.get("pinned", False),
                "unanswered": summary.get("unanswered", False),
                "rating": summary.get("rating", ""),
                "supervisor_rating": summary.get("supervisor_rating", 0),
            }
            for number, summary in told
            if {"pinned", "unanswered", "rating", "supervisor_rating"} & summary.keys()
        ]
        if changes:
            connection.execute(change, changes)
