"""Indexes, and what is known of the processes.

For what is asked of all coalitions at once: what is due, what waits to be read, what is to be erased; and for what a
person who is taken out may have left.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_draft_waiting", "draft", ["state", "id"])
    op.create_index("ix_correction_applied", "correction", ["applied"])
    for table, column in (
        ("code", "identity_id"), ("note", "member_id"), ("draft", "added_by"), ("source", "added_by"),
        ("correction", "made_by"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{column}", table, [column])
    for table, moment, content in (
        ("notice", "send_at", "content"),
        ("parcel", "created_at", "content"),
        ("inbox", "done_at", "body"),
    ):
        kept = sa.text(f"{content} IS NOT NULL")
        op.create_index(f"ix_{table}_kept", table, [moment], sqlite_where=kept, postgresql_where=kept)
    bound = sa.text("held_until IS NOT NULL OR leased_until IS NOT NULL")
    op.create_index("ix_lane_bound", "lane", ["id"], sqlite_where=bound, postgresql_where=bound)
