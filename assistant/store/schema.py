"""The tables of `assistant.store`, and the numbered migrations that make them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from retrieval.errors import SetupError

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("shopper_id", sa.Text, index=True),
    sa.Column("started_at", sa.Text, nullable=False),
)


def _conversation(**options: bool) -> sa.Column[str]:
    reference = sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE")
    return sa.Column("conversation_id", sa.Text, reference, nullable=False, **options)  # type: ignore[arg-type]


turns = sa.Table(
    "turns",
    metadata,
    _conversation(primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("utterance", sa.Text, nullable=False),
    sa.Column("intent", sa.Text, nullable=False),
    sa.Column("rung", sa.Text, nullable=False),
    sa.Column("act", sa.JSON, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("constraints", sa.JSON, nullable=False),
    sa.Column("matching", sa.Integer, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("claims", sa.JSON, nullable=False),
    sa.Column("relaxations", sa.JSON, nullable=False),
    sa.Column("notices", sa.JSON, nullable=False),
    sa.Column("prompts", sa.JSON, nullable=False),
    sa.Column("latency", sa.JSON, nullable=False),
)

impressions = sa.Table(
    "impressions",
    metadata,
    _conversation(primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Text, nullable=False, index=True),
    sa.Column("scores", sa.JSON, nullable=False),
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("cold_start", sa.Boolean),  # NULL: stored before it was noted
)

interactions = sa.Table(
    "interactions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shopper_id", sa.Text, nullable=False, index=True),
    sa.Column("conversation_id", sa.Text),
    sa.Column("item_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("value", sa.Float),
)

feedback = sa.Table(
    "feedback",
    metadata,
    _conversation(primary_key=True),
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shopper_id", sa.Text, nullable=False, index=True),
    sa.Column("granted", sa.Boolean, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)


FIRST_TABLES = (schema_version, conversations, turns, impressions, interactions, feedback, consents)

# what staff see of a turn, and what they do about it

traces = sa.Table(
    "traces",
    metadata,
    _conversation(primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("trace", sa.JSON, nullable=False),
)

flags = sa.Table(
    "flags",
    metadata,
    _conversation(primary_key=True),
    sa.Column("turn", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("settled_at", sa.Text),
    sa.Column("settled_by", sa.Text),
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Text, nullable=False, index=True),
    sa.Column("field", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("lifted_at", sa.Text),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("disabled_at", sa.Text),
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, sa.ForeignKey("staff.name", ondelete="CASCADE"), nullable=False),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
)

# the catalogue's queue, and the shop's own words

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("check", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

synonyms = sa.Table(
    "synonyms",
    metadata,
    sa.Column("word", sa.Text, primary_key=True),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

# the cart, and the API's keys

cart_lines = sa.Table(
    "cart_lines",
    metadata,
    _conversation(primary_key=True),
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("price", sa.Integer),
    sa.Column("currency", sa.Text),
    sa.Column("at", sa.Text, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_hash", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.JSON),
    sa.Column("at", sa.Text, nullable=False),
)

# what the console lists by time reads these alone and not the wide rows of the turns
CARDS_SECONDS = sa.literal_column("json_extract(latency, '$.cards')", sa.Float)
TURN_SECONDS = sa.literal_column("json_extract(latency, '$.turn')", sa.Float)
TIME_INDEXES = (
    sa.Index(
        "turns_in_time",
        *(turns.c.at, turns.c.conversation_id, turns.c.number, turns.c.intent),
        *(turns.c.rung, turns.c.matching, turns.c.utterance),
        *(sa.text(str(CARDS_SECONDS)), sa.text(str(TURN_SECONDS))),
        _table=turns,
    ),
    sa.Index(
        "impressions_of_turn",
        *(impressions.c.conversation_id, impressions.c.turn, impressions.c.rank, impressions.c.cold_start),
    ),
    sa.Index("interactions_in_time", interactions.c.kind, interactions.c.at),
    sa.Index("flags_in_time", flags.c.settled_at, flags.c.at),
)

SECOND_TABLES = (
    *(traces, flags, blocks, audit, staff, sign_ins),
    *(findings, synonyms, cart_lines, api_keys, idempotency),
)


def _create_first_tables(connection: sa.Connection) -> None:
    metadata.create_all(connection, tables=FIRST_TABLES)


def _create_second_tables(connection: sa.Connection) -> None:
    """Traces and flags, the console's tables, carts, keys."""
    metadata.create_all(connection, tables=SECOND_TABLES)


def _add_cold_start_and_time_indexes(connection: sa.Connection) -> None:
    """Both are there already where the first two steps have just made the tables."""
    if "cold_start" not in {column["name"] for column in sa.inspect(connection).get_columns("impressions")}:
        connection.exec_driver_sql("ALTER TABLE impressions ADD COLUMN cold_start BOOLEAN")
    for index in TIME_INDEXES:
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _remake_cart_lines(connection: sa.Connection) -> None:
    """With the title and the price of the moment a line was put in. No version before this one wrote any line."""
    cart_lines.drop(connection, checkfirst=True)
    cart_lines.create(connection)


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    _create_first_tables,
    _create_second_tables,
    _add_cold_start_and_time_indexes,
    _remake_cart_lines,
)


def migrate(connection: sa.Connection, path: Path) -> None:
    """Bring a database to the newest version, step by step.

    Raises:
        SetupError: it was written by a newer version, or is another program's database.
    """
    names = set(sa.inspect(connection).get_table_names())
    if names and "schema_version" not in names:
        raise SetupError(
            f"{path} holds another program's tables ({', '.join(sorted(names)[:3])}).",
            "Set ASSISTANT_DATA_FOLDER to a folder of this service's own.",
        )
    version = int(connection.scalar(sa.select(schema_version.c.version)) or 0) if names else 0
    if version > len(MIGRATIONS):
        raise SetupError(
            f"{path} was written by a newer version (schema {version}; this one knows {len(MIGRATIONS)}).",
            "Install the newer version, or set ASSISTANT_DATA_FOLDER to another folder.",
        )
    for step in MIGRATIONS[version:]:
        step(connection)
    if version < len(MIGRATIONS):
        connection.execute(schema_version.delete())
        connection.execute(schema_version.insert().values(version=len(MIGRATIONS)))
