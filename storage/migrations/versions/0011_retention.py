"""Retention.

What a coalition has erased sooner, what the last sweep removed, and reviews whose words are erased.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coalition_id", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("closed", sa.Integer(), nullable=True),
        sa.Column("suspended", sa.Integer(), nullable=True),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["coalition_id"], ["coalition.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("coalition_id"),
    )
    with op.batch_alter_table("review") as batch:
        batch.alter_column("note", existing_type=sa.LargeBinary(), nullable=True)
        batch.alter_column("wording", existing_type=sa.LargeBinary(), nullable=True)
    op.create_index("ix_review_written", "review", ["coalition_id", "reviewed_at"])
