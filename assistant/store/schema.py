"""The tables of `assistant.store`, and the numbered migrations that make them."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from assistant.store.database import WHOLE, Words, seconds_of
from retrieval.errors import SetupError

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", WHOLE, nullable=False))

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", Words, primary_key=True),
    sa.Column("shopper_id", Words, index=True),
    sa.Column("started_at", Words, nullable=False),
)


def _conversation(**options: bool) -> sa.Column[str]:
    reference = sa.ForeignKey("conversations.conversation_id", ondelete="CASCADE")
    return sa.Column("conversation_id", Words, reference, nullable=False, **options)  # type: ignore[arg-type]


turns = sa.Table(
    "turns",
    metadata,
    _conversation(primary_key=True),
    sa.Column("number", WHOLE, primary_key=True),
    sa.Column("at", Words, nullable=False),
    sa.Column("utterance", Words, nullable=False),
    sa.Column("intent", Words, nullable=False),
    sa.Column("rung", Words, nullable=False),
    sa.Column("act", sa.JSON, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("constraints", sa.JSON, nullable=False),
    sa.Column("matching", WHOLE, nullable=False),
    sa.Column("reply", Words, nullable=False),
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
    sa.Column("turn", WHOLE, primary_key=True),
    sa.Column("rank", WHOLE, primary_key=True),
    sa.Column("item_id", Words, nullable=False, index=True),
    sa.Column("scores", sa.JSON, nullable=False),
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("cold_start", sa.Boolean),  # NULL: stored before it was noted
)

interactions = sa.Table(
    "interactions",
    metadata,
    sa.Column("id", WHOLE, primary_key=True),
    sa.Column("shopper_id", Words, nullable=False, index=True),
    sa.Column("conversation_id", Words),
    sa.Column("item_id", Words, nullable=False),
    sa.Column("kind", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("value", sa.Float),
)

feedback = sa.Table(
    "feedback",
    metadata,
    _conversation(primary_key=True),
    sa.Column("item_id", Words, primary_key=True),
    sa.Column("verdict", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", WHOLE, primary_key=True),
    sa.Column("shopper_id", Words, nullable=False, index=True),
    sa.Column("granted", sa.Boolean, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("surface", Words),  # NULL, as the words: given before they were noted
    sa.Column("words", Words),
)


FIRST_TABLES = (schema_version, conversations, turns, impressions, interactions, feedback, consents)

# what staff see of a turn, and what they do about it

traces = sa.Table(
    "traces",
    metadata,
    _conversation(primary_key=True),
    sa.Column("turn", WHOLE, primary_key=True),
    sa.Column("trace", sa.JSON, nullable=False),
)

flags = sa.Table(
    "flags",
    metadata,
    _conversation(primary_key=True),
    sa.Column("turn", WHOLE, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("detail", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("settled_at", Words),
    sa.Column("settled_by", Words),
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("id", WHOLE, primary_key=True),
    sa.Column("item_id", Words, nullable=False, index=True),
    sa.Column("field", Words),
    sa.Column("reason", Words, nullable=False),
    sa.Column("until", Words, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("lifted_at", Words),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", WHOLE, primary_key=True),
    sa.Column("at", Words, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("action", Words, nullable=False),
    sa.Column("subject", Words, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("role", Words, nullable=False),
    sa.Column("password_hash", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("disabled_at", Words),
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("token_hash", Words, primary_key=True),
    sa.Column("name", Words, sa.ForeignKey("staff.name", ondelete="CASCADE"), nullable=False),
    sa.Column("csrf", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("until", Words, nullable=False),
)

# the catalogue's queue, and the shop's own words

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("item_id", Words, primary_key=True),
    sa.Column("check", Words, primary_key=True),
    sa.Column("state", Words, nullable=False),
    sa.Column("note", Words, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
)

synonyms = sa.Table(
    "synonyms",
    metadata,
    sa.Column("word", Words, primary_key=True),
    sa.Column("means", Words, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
)

# the cart, and the API's keys

cart_lines = sa.Table(
    "cart_lines",
    metadata,
    _conversation(primary_key=True),
    sa.Column("item_id", Words, primary_key=True),
    sa.Column("quantity", WHOLE, nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("price", WHOLE),
    sa.Column("currency", Words),
    sa.Column("at", Words, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_hash", Words, primary_key=True),
    sa.Column("name", Words, nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.Column("revoked_at", Words),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("owner", Words, primary_key=True),
    sa.Column("key", Words, primary_key=True),
    sa.Column("request_hash", Words, nullable=False),
    sa.Column("status", WHOLE),
    sa.Column("answer", sa.JSON),
    sa.Column("at", Words, nullable=False),
)

CARDS_SECONDS = seconds_of(turns.c.latency, "cards")
TURN_SECONDS = seconds_of(turns.c.latency, "turn")

# what the console lists by time reads these alone and not the wide rows of the turns
TURNS_IN_TIME = {
    "sqlite": sa.Index(
        "turns_in_time",
        *(turns.c.at, turns.c.conversation_id, turns.c.number, turns.c.intent),
        *(turns.c.rung, turns.c.matching, turns.c.utterance),
        *(sa.text("json_extract(latency, '$.cards')"), sa.text("json_extract(latency, '$.turn')")),
        _table=turns,
    ).ddl_if(dialect="sqlite"),
    "postgresql": sa.Index(  # without the words: an entry has 2,704 bytes at most there, an utterance may have more
        "turns_in_time",
        *(turns.c.at, turns.c.conversation_id, turns.c.number, turns.c.intent, turns.c.rung, turns.c.matching),
    ).ddl_if(dialect="postgresql"),
}
TIME_INDEXES = (
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
    _add_column(connection, "impressions", "cold_start", "BOOLEAN")
    for index in (TURNS_IN_TIME[connection.dialect.name], *TIME_INDEXES):
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _add_column(connection: sa.Connection, table: str, name: str, kind: str) -> None:
    """Nothing happens where the table was made with it."""
    if name not in {column["name"] for column in sa.inspect(connection).get_columns(table)}:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def _remake_cart_lines(connection: sa.Connection) -> None:
    """With the title and the price of the moment a line was put in. No version before this one wrote any line."""
    cart_lines.drop(connection, checkfirst=True)
    cart_lines.create(connection)


def _add_what_consents_were_given_to(connection: sa.Connection) -> None:
    for name in ("surface", "words"):
        _add_column(connection, "consents", name, "TEXT")


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    _create_first_tables,
    _create_second_tables,
    _add_cold_start_and_time_indexes,
    _remake_cart_lines,
    _add_what_consents_were_given_to,
)


def migrate(connection: sa.Connection, place: str) -> None:
    """Bring a database to the newest version, step by step.

    Args:
        connection: within a transaction.
        place: where the database is, for people.

    Raises:
        SetupError: it was written by a newer version, or is another program's database.
    """
    if connection.dialect.name == "postgresql":  # a server takes several processes at once: one of them migrates
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7860)")
    names = set(sa.inspect(connection).get_table_names())
    if names and "schema_version" not in names:
        raise SetupError(
            f"{place} holds another program's tables ({', '.join(sorted(names)[:3])}).",
            "Set ASSISTANT_DATA_FOLDER to a folder, or ASSISTANT_DATABASE_URL to a database, of this service's own.",
        )
    version = int(connection.scalar(sa.select(schema_version.c.version)) or 0) if names else 0
    if version > len(MIGRATIONS):
        raise SetupError(
            f"{place} was written by a newer version (schema {version}; this one knows {len(MIGRATIONS)}).",
            "Install the newer version, or use another folder or database.",
        )
    for step in MIGRATIONS[version:]:
        step(connection)
    if version < len(MIGRATIONS):
        connection.execute(schema_version.delete())
        connection.execute(schema_version.insert().values(version=len(MIGRATIONS)))
