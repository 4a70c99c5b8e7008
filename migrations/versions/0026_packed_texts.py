"""Texts are compressed, and pages may be kept as differences.

No view shows a text whole. Pages that are there stay as they are packed. On SQLite two tables whose
key is most of the row lose their hidden row numbers, and with these a second copy of the key.
"""

import sqlalchemy as sa
from alembic import op

from monitor.storage.packing import pack_text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BATCH = 200
GUARDED = ("UPDATE", "DELETE")


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("blob", sa.Column("base_id", number))
    op.create_table(
        "base_page",
        sa.Column("id", number, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("blob_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_base_page"),
        sa.ForeignKeyConstraint(["blob_hash"], ["blob.hash"], name="fk_base_page_blob_hash"),
    )
    op.create_index("ix_base_page_site", "base_page", ["site"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column(
        "snapshot", sa.Column("characters", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "snapshot_text",
        sa.Column("snapshot_id", number, nullable=False, autoincrement=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name="pk_snapshot_text"),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name="fk_snapshot_text_snapshot_id"
        ),
    )
    if sqlite:
        op.execute("DROP TRIGGER snapshot_no_update")
    else:
        op.execute("ALTER TABLE snapshot DISABLE TRIGGER snapshot_append_only")
    op.execute("UPDATE snapshot SET characters = LENGTH(text)")
    _pack()
    op.drop_column("snapshot", "text")
    if not sqlite:
        op.execute("ALTER TABLE snapshot ENABLE TRIGGER snapshot_append_only")
        op.execute(
            "CREATE TRIGGER snapshot_text_append_only BEFORE UPDATE OR DELETE ON snapshot_text "
            "FOR EACH ROW EXECUTE FUNCTION refuse_alteration()"
        )
    for table, event in (("snapshot", "UPDATE"), *(("snapshot_text", one) for one in GUARDED)):
        if sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for table, column in (("statement", "first_version_id"), ("change", "before_id")):
        there = sa.text(f"{column} IS NOT NULL")
        op.drop_index(f"ix_{table}_{column}", table)
        op.create_index(
            f"ix_{table}_{column}", table, [column], sqlite_where=there, postgresql_where=there
        )
    if sqlite:
        _without_row_numbers()
        # Fewer parts, and words that stand in several of them once.
        op.execute("INSERT INTO statement_words (statement_words, rank) VALUES ('automerge', 2)")
        op.execute("INSERT INTO statement_words (statement_words) VALUES ('optimize')")


def _without_row_numbers() -> None:
    """Write two tables anew, by their keys; no other table refers to them."""
    number = sa.Integer()
    _rewrite(
        "alert_change",
        sa.Column("alert_id", number, nullable=False),
        sa.Column("change_id", number, nullable=False),
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("alert_id", "change_id", "rule_id", name="pk_alert_change"),
        *_references("alert_change", alert_id="alert", change_id="change"),
    )
    op.drop_index("ix_metric_year_metric", "metric_year")
    _rewrite(
        "metric_year",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("promised", sa.Float()),
        sa.Column("promised_op", sa.String(16)),
        sa.Column("promised_id", number),
        sa.Column("reached", sa.Float()),
        sa.Column("reached_op", sa.String(16)),
        sa.Column("reached_id", number),
        sa.PrimaryKeyConstraint("region", "metric", "unit", "year", name="pk_metric_year"),
        *_references("metric_year", promised_id="statement", reached_id="statement"),
    )
    op.create_index("ix_metric_year_metric", "metric_year", ["metric", "year"])


def _rewrite(table: str, *columns: sa.schema.SchemaItem) -> None:
    """Not by renaming a new table: SQLite refuses that while a view names the old one."""
    names = ", ".join(column.name for column in columns if isinstance(column, sa.Column))
    op.execute(f"CREATE TEMP TABLE {table}_rows AS SELECT {names} FROM {table}")  # noqa: S608, ours
    op.drop_table(table)
    op.create_table(table, *columns, sqlite_with_rowid=False)
    op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}_rows")  # noqa: S608, ours
    op.execute(f"DROP TABLE {table}_rows")


def _references(table: str, **tables: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}")
        for column, other in tables.items()
    ]


def _pack() -> None:
    """Compress all texts, a batch in memory at a time."""
    connection = op.get_bind()
    last = 0
    some = sa.text("SELECT id, text FROM snapshot WHERE id > :last ORDER BY id LIMIT :most")
    keep = sa.text("INSERT INTO snapshot_text (snapshot_id, text) VALUES (:id, :text)")
    while rows := connection.execute(some, {"last": last, "most": BATCH}).all():
        connection.execute(keep, [{"id": row.id, "text": pack_text(row.text)} for row in rows])
        last = rows[-1].id
