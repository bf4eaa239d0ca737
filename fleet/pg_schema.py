"""The schema of the PostgreSQL database: alembic's steps in `fleet/migrations`, run one after another in one transaction."""

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fleet.pg_tables import tables
from fleet.sql_engine import troubles

STEPS = Path(__file__).parent / "migrations"
_LOCK = 0x706F73_666C656574  # "pos", "fleet": two upgrades at once follow one another


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    return config


@cache
def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def head() -> str:
    """The newest step this release knows."""
    found = _steps().get_current_head()
    assert found is not None
    return found


def version(connection: sa.Connection) -> str:
    """The step the database stands at; "" before the first."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def is_known(step: str) -> bool:
    """Whether this release knows a step: a later release's it does not."""
    return any(each.revision == step for each in _steps().walk_revisions())


def upgrade(engine: sa.Engine) -> tuple[str, str]:
    """Bring the schema to this release's, all steps or none. Returns the step before and after. Raises `StoreTrouble`."""
    with troubles(), engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        before = version(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, version(connection)


def differences(connection: sa.Connection) -> list[str]:
    """In what the database differs from this release's tables, in words for a person; empty when it does not."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": is_ours, "target_metadata": tables}
    )
    return [str(each) for each in compare_metadata(context, tables)]


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Partitions are tables of the database and none of the release's."""
    return kind != "table" or name is None or not name.startswith(("records_d", "alembic_version"))
