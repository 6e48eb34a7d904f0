"""Agreed provisions.

How far each provision of a draft is noted as agreed, and how many of a draft are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("draft") as batch:
        batch.add_column(sa.Column("agreed", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("provision") as batch:
        batch.add_column(sa.Column("agreed", sa.String(), nullable=False, server_default=""))
