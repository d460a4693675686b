"""The heart: what is accepted, asked, answered, shown, rated and settled.

pre: before the first process of the version that needs it. Adds tables only, so that the release
before goes on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def number() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("number", kind, primary_key=True)


def answer() -> sa.Column[str]:
    return sa.Column("answer", sa.Text, sa.ForeignKey("answers.id"), nullable=False)


def upgrade() -> None:
    create_inbox()
    create_questions()
    create_answers()
    create_screens()
    create_ratings()
    create_settled()
    create_recordings()


def create_inbox() -> None:
    op.create_table(
        "inbox",
        number(),
        text("id"),
        text("lane"),
        text("kind"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        text("state"),
        count("attempts"),
        sa.Column("run_at", MOMENT),
        text("platform"),
        text("workspace"),
        text("user_workspace"),
        text("user_id"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.UniqueConstraint("id", name="inbox_id"),
    )
    op.create_index("inbox_finished", "inbox", ["finished_at", "number"])
    op.create_index("inbox_person", "inbox", ["user_id", "workspace"])


def create_questions() -> None:
    op.create_table(
        "questions",
        number(),
        text("ref"),
        text("event"),
        text("text"),
        text("files"),
        text("quoted"),
        flag("deleted"),
        flag("emptied"),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.UniqueConstraint("ref", name="questions_ref"),
    )
    op.create_index("questions_event", "questions", ["event"])
    op.create_index("questions_emptied", "questions", ["emptied", "changed_at"])


def create_answers() -> None:
    op.create_table(
        "answers",
        number(),
        *(text(name) for name in ("id", "event")),
        *(text(name) for name in ("platform", "workspace", "chat", "thread")),
        flag("private"),
        *(text(name) for name in ("user_workspace", "user_id", "user_name", "user_language")),
        text("reply_to", null=True),
        flag("only_user"),
        text("end_user"),
        text("question", null=True),
        *(text(name) for name in ("replaces", "state")),
        text("outcome", null=True),
        *(text(name) for name in ("inputs", "files", "uploads")),
        *(text(name) for name in ("task_id", "message_id", "text", "error", "sources")),
        count("tokens"),
        *(text(name) for name in ("price", "currency", "claim")),
        *(flag(name) for name in ("stop_wanted", "forget_wanted", "emptied")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.UniqueConstraint("id", name="answers_id"),
        sa.UniqueConstraint("event", name="answers_event"),
    )
    op.create_index("answers_person", "answers", ["user_id", "workspace", "chat", "number"])
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "answers_open",
        "answers",
        ["user_id", "workspace", "chat"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_index("answers_question", "answers", ["question"])
    op.create_index("answers_asked", "answers", ["end_user", "asked_at"])
    op.create_index("answers_finished", "answers", ["emptied", "finished_at"])


def create_screens() -> None:
    op.create_table(
        "screens",
        answer(),
        text("role"),
        count("part"),
        text("ref", null=True),
        sa.PrimaryKeyConstraint("answer", "role", "part", name="screens_pk"),
    )
    op.create_index("screens_ref", "screens", ["ref"])


def create_ratings() -> None:
    op.create_table(
        "ratings",
        answer(),
        text("user"),
        text("wanted", null=True),
        text("sent", null=True),
        text("content"),
        text("content_sent"),
        flag("told"),
        text("marks"),
        count("attempts"),
        sa.Column("next_try", MOMENT),
        flag("due"),
        sa.PrimaryKeyConstraint("answer", "user", name="ratings_pk"),
    )
    op.create_index("ratings_due", "ratings", ["due", "next_try"])
    op.create_index("ratings_user", "ratings", ["user"])


def create_settled() -> None:
    """What people have settled, what they were asked, and what they have used up."""
    op.create_table(
        "preferences",
        text("scope"),
        text("inputs"),
        flag("voice"),
        text("language"),
        sa.PrimaryKeyConstraint("scope", name="preferences_pk"),
    )
    op.create_table(
        "dialogs",
        text("scope"),
        text("kind"),
        text("state"),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="dialogs_pk"),
    )
    op.create_table(
        "usage",
        sa.Column("day", sa.Date, nullable=False),
        text("end_user"),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        text("price"),
        text("currency"),
        sa.PrimaryKeyConstraint("day", "end_user", name="usage_pk"),
    )


def create_recordings() -> None:
    op.create_table(
        "recordings",
        answer(),
        sa.Column("data", sa.LargeBinary, nullable=False),
        text("media_type"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("answer", name="recordings_pk"),
    )
    op.create_index("recordings_created", "recordings", ["created_at"])
