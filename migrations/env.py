"""Alembic's way in: the connection comes from ``monitor.storage.engine``, lock held."""

from alembic import context

from monitor.storage.statement_tables import ALL_TABLES

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=ALL_TABLES,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
