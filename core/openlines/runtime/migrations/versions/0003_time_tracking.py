"""Time tracking: whether agents are clocked in, on a break"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("clocked", "clocked_out", "on_break")


def upgrade() -> None:
    with op.batch_alter_table("people") as people:
        for name in COLUMNS:
            people.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("people") as people:
        for name in COLUMNS:
            people.drop_column(name)
