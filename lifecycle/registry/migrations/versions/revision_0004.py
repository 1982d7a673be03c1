"""What an alert of many columns has told of, so that it says when more join them.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember which columns an alert has told of."""
    told = sa.Column("told", sa.Text(), nullable=False, server_default="{}")
    op.add_column("alert", told)
