"""Oversight.

The audit, requests that wait for a second person, and failed tries.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coalition_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["coalition_id"], ["coalition.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("coalition_id", "sequence"),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coalition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["coalition_id"], ["coalition.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("coalition_id", "number"),
    )
    op.create_table(
        "failed_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coalition_id", sa.Integer(), nullable=True),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["coalition_id"], ["coalition.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_failed_try", "failed_try", ["coalition_id", "tried_at"])
    op.create_index("ix_failed_try_account", "failed_try", ["fingerprint", "tried_at"])
    op.create_index("ix_failed_try_old", "failed_try", ["tried_at"])
    op.create_index("ix_request_old", "request", ["expires_at"])
    with op.batch_alter_table("coalition") as batch:
        batch.add_column(sa.Column("audit_head", sa.LargeBinary(), nullable=True))
