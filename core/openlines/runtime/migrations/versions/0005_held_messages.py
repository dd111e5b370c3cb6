"""Messages that are held while a line is switched off are found without a walk over all"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_entries_held",
        "entries",
        ["at"],
        unique=False,
        sqlite_where=sa.text("kind = 'Held'"),
        postgresql_where=sa.text("kind = 'Held'"),
    )


def downgrade() -> None:
    op.drop_index("ix_entries_held", table_name="entries")
