"""The tables as the newest migration leaves them; only the store and the migrations read them."""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.events import File
from bot.store.columns import Exact, Json, Moment, Prose, Ref
from bot.store.records import Source, Upload, Value

metadata = MetaData()

_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER
_Files = Json[tuple[File, ...]](tuple[File, ...])
_Inputs = Json[Mapping[str, Value]](dict[str, Value])


def _number() -> Column[int]:
    """The order in which rows came; ids are others' words and have no order."""
    return Column("number", _Number, primary_key=True)


inbox = Table(
    "inbox",
    metadata,
    _number(),
    Column("id", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # emptied when done
    Column("state", Text, nullable=False),  # queued, forgotten, done, failed
    Column("attempts", Integer, nullable=False),
    Column("run_at", Moment),
    Column("platform", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("user_workspace", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("id", name="inbox_id"),
    Index("inbox_finished", "finished_at", "number"),
    Index("inbox_person", "user_id", "workspace"),
)

questions = Table(
    "questions",
    metadata,
    _number(),
    Column("ref", Ref, nullable=False),
    Column("event", Text, nullable=False),
    Column("text", Prose, nullable=False),
    Column("files", _Files, nullable=False),
    Column("quoted", Prose, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("emptied", Boolean, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("ref", name="questions_ref"),
    Index("questions_event", "event"),
    Index("questions_emptied", "emptied", "changed_at"),
)

answers = Table(
    "answers",
    metadata,
    _number(),
    Column("id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("user_workspace", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("user_name", Prose, nullable=False),
    Column("user_language", Text, nullable=False),
    Column("reply_to", Ref),
    Column("only_user", Boolean, nullable=False),
    Column("end_user", Text, nullable=False),
    Column("question", Ref),
    Column("replaces", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("inputs", _Inputs, nullable=False),
    Column("files", _Files, nullable=False),
    Column("uploads", Json[tuple[Upload, ...]](tuple[Upload, ...]), nullable=False),
    Column("task_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("text", Prose, nullable=False),
    Column("error", Text, nullable=False),
    Column("sources", Json[tuple[Source, ...]](tuple[Source, ...]), nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("price", Exact, nullable=False),
    Column("currency", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("stop_wanted", Boolean, nullable=False),
    Column("forget_wanted", Boolean, nullable=False),  # emptied as soon as it is finished
    Column("emptied", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("asked_at", Moment),
    Column("finished_at", Moment),
    UniqueConstraint("id", name="answers_id"),
    UniqueConstraint("event", name="answers_event"),
    Index("answers_person", "user_id", "workspace", "chat", "number"),
    Index(
        "answers_open",
        "user_id",
        "workspace",
        "chat",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
    Index("answers_question", "question"),
    Index("answers_asked", "end_user", "asked_at"),
    Index("answers_finished", "emptied", "finished_at"),
)


def _of_answer() -> Column[str]:
    return Column("answer", Text, ForeignKey("answers.id"), nullable=False)


screens = Table(
    "screens",
    metadata,
    _of_answer(),
    Column("role", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("ref", Ref),  # empty between the intent to post and the platform's reply
    PrimaryKeyConstraint("answer", "role", "part", name="screens_pk"),
    Index("screens_ref", "ref"),
)

ratings = Table(
    "ratings",
    metadata,
    _of_answer(),
    Column("user", Text, nullable=False),
    Column("wanted", Text),
    Column("sent", Text),
    Column("content", Prose, nullable=False),
    Column("content_sent", Prose, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("marks", Json[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Moment),
    Column("due", Boolean, nullable=False),  # what is wanted is yet to be sent
    PrimaryKeyConstraint("answer", "user", name="ratings_pk"),
    Index("ratings_due", "due", "next_try"),
    Index("ratings_user", "user"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("scope", Text, nullable=False),
    Column("inputs", _Inputs, nullable=False),
    Column("voice", Boolean, nullable=False),
    Column("language", Text, nullable=False),
    PrimaryKeyConstraint("scope", name="preferences_pk"),
)

dialogs = Table(
    "dialogs",
    metadata,
    Column("scope", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Json[Mapping[str, object]](dict[str, object]), nullable=False),
    Column("asked_at", Moment, nullable=False),
    PrimaryKeyConstraint("scope", name="dialogs_pk"),
)

usage = Table(
    "usage",
    metadata,
    Column("day", Date, nullable=False),
    Column("end_user", Text, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("price", Exact, nullable=False),
    Column("currency", Text, nullable=False),
    PrimaryKeyConstraint("day", "end_user", name="usage_pk"),
)

recordings = Table(
    "recordings",
    metadata,
    _of_answer(),
    Column("data", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("answer", name="recordings_pk"),
    Index("recordings_created", "created_at"),
)

installations = Table(
    "installations",
    metadata,
    Column("platform", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("through", Text, nullable=False),  # the organisation whose installation serves it
    Column("sealed", Text, nullable=False),
    Column("installed_at", Moment, nullable=False),
    PrimaryKeyConstraint("platform", "workspace", name="installations_pk"),
)
