"""What alembic runs a step in: a connection whose transaction `fleet.pg_schema` has begun."""

from alembic import context

from fleet.pg_schema import is_ours
from fleet.pg_tables import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables,
    include_name=is_ours,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
