"""Discreet.

Who is named only where what is said is encrypted: at first whoever is known on Matrix alone, and whoever is suspended,
since their accounts cannot be read here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KNOWN_ON_MATRIX_ALONE = """
UPDATE member SET discreet = :yes WHERE standing = 'suspended' OR id IN (
    SELECT member_id FROM identity WHERE platform <> 'console'
    GROUP BY member_id HAVING MIN(platform) = 'matrix' AND MAX(platform) = 'matrix'
)
"""


def upgrade() -> None:
    with op.batch_alter_table("member") as batch:
        batch.add_column(sa.Column("discreet", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("alias_outside", sa.LargeBinary(), nullable=True))
    op.get_bind().execute(sa.text(KNOWN_ON_MATRIX_ALONE), {"yes": True})
