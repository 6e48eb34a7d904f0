"""Purges.

What a purged coalition leaves to be done, and whose each command was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leftover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_leftover_next", "leftover", ["next_at"])
    with op.batch_alter_table("inbox") as batch:
        batch.add_column(sa.Column("coalition_id", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_inbox_coalition_id_coalition", "coalition", ["coalition_id"], ["id"])
    op.create_index("ix_inbox_coalition_id", "inbox", ["coalition_id"])
