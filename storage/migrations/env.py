"""How Alembic runs here: on the connection that storage.migrate hands over, in its transaction."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_as_batch=True,  # SQLite cannot alter a column otherwise
    transactional_ddl=True,  # our SQLite connections begin their transactions themselves, so DDL rolls back too
)
context.run_migrations()
