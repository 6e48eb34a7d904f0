"""Several accounts.

A member has a lane on each platform, and accounts that are linked by a code and act as less until a coordinator says.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
"""For SQLite, where constraints without a name can only be dropped by one that the convention gives them."""


def upgrade() -> None:
    named = op.get_bind().dialect.name == "postgresql"
    with op.batch_alter_table("lane", naming_convention=_NAMES) as batch:
        batch.drop_constraint("lane_member_id_key" if named else "uq_lane_member_id", type_="unique")
        batch.create_unique_constraint("uq_lane_member_id_platform", ["member_id", "platform"])
    with op.batch_alter_table("identity") as batch:
        batch.add_column(sa.Column("role", sa.String(24), nullable=True))
    with op.batch_alter_table("code") as batch:
        batch.add_column(sa.Column("identity_id", sa.Integer(), nullable=True))
    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("coalition_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["coalition_id"],
            ["coalition.id"],
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["identity.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identity_id"),
    )
    op.create_table(
        "wrong_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("platform", "fingerprint"),
    )
