"""The beginning: a database that Parley has prepared, and `check` can tell from any other.

pre: before the first version starts.
"""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is kept yet; Alembic's own table marks the beginning."""
