"""Texts are compressed, and pages may be kept as differences.

No view shows a text whole. Pages that are there stay as they are packed. On SQLite two tables whose
key is most of the row lose their hidden row numbers, and with these a second copy of the key.
"""

import sqlalchemy as sa
from alembic import op

from monitor.storage.packing import pack_text

revision = "0026"
down_revision = "0023"
branch_labels = None
depends_on = None

BATCH = 200


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
    empty = "x''" if sqlite else "''"
    op.add_column(
        "snapshot", sa.Column("characters", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "snapshot",
        sa.Column("packed", sa.LargeBinary(), nullable=False, server_default=sa.text(empty)),
    )
    if sqlite:
        op.execute("DROP TRIGGER snapshot_no_update")
    else:
        op.execute("ALTER TABLE snapshot DISABLE TRIGGER snapshot_append_only")
    _pack()
    op.drop_column("snapshot", "text")
    op.alter_column("snapshot", "packed", new_column_name="text")
    if sqlite:
        op.execute(
            "CREATE TRIGGER snapshot_no_update BEFORE UPDATE ON snapshot "
            "BEGIN SELECT RAISE(ABORT, 'snapshot is append-only'); END"
        )
    else:
        op.execute("ALTER TABLE snapshot ENABLE TRIGGER snapshot_append_only")
    op.drop_index("ix_statement_first_version_id", "statement")
    there = sa.text("first_version_id IS NOT NULL")
    op.create_index(
        "ix_statement_first_version_id",
        "statement",
        ["first_version_id"],
        sqlite_where=there,
        postgresql_where=there,
    )
    if sqlite:
        _without_row_numbers()


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
    pack = sa.text("UPDATE snapshot SET packed = :packed, characters = :characters WHERE id = :id")
    while rows := connection.execute(some, {"last": last, "most": BATCH}).all():
        connection.execute(
            pack,
            [
                {
                    "id": row.id,
                    "packed": pack_text(row.text),
                    "characters": len(row.text),
                }
                for row in rows
            ],
        )
        last = rows[-1].id
