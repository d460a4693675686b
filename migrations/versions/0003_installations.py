"""Workspaces that have installed the app by themselves, with their sealed tokens.

pre: before the first process of the version that needs it. Adds a table only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installations",
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("platform", "workspace", "through", "sealed")
        ),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", name="installations_pk"),
    )
