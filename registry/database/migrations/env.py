"""What Alembic runs: the revisions, on the connection it was handed."""

from __future__ import annotations

from alembic import context

from registry.database.metadata import metadata

# SQLite changes a table by copying it. The transaction is the one of whoever handed the connection over.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
