"""Corrected commands.

A deed knows in which event it was said, so that an edit of that can take its place.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deed") as batch:
        batch.add_column(sa.Column("said", sa.String(), nullable=False, server_default=""))
