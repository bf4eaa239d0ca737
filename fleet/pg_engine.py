"""PostgreSQL as the backend uses it: the only place that knows the driver and how a connection is set up.

The address is a URL without a password, which comes from the environment (`PGPASSWORD`, `PGPASSFILE`, `~/.pgpass`) or from
a client certificate: what stands on a command line can be read by everybody on the machine.
"""

from typing import Any

import sqlalchemy as sa
from psycopg.types.string import StrDumper

from fleet.store import BadUrl

PREFIXES = ("postgresql://", "postgres://")
CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, IDLE_TIMEOUT_MS = 15_000, 60_000, 30_000
POOL, POOL_MORE = 2, 8
_GONE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 15_000}
"""A machine that went without a word is noticed in 15 s, whatever is being waited for."""

_SESSION = {
    "synchronous_commit": "on",  # an acknowledgement promises what outlives the server
    "plan_cache_mode": "force_custom_plan",  # a plan made for the values at hand leaves out the days they are not in
    "lock_timeout": LOCK_TIMEOUT_MS,
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,  # a worker that hangs lets go of what it holds
    "application_name": "posfleet",
    "timezone": "UTC",
}


def is_url(text: str) -> bool:
    """Whether this names a PostgreSQL database."""
    return text.startswith(PREFIXES)


def open_engine(url: str, read_only: bool = False, schema: str = "") -> sa.Engine:
    """An engine on a database; `schema` for books that lie beside the backend's own. Raises `BadUrl`."""
    try:
        parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    except sa.exc.ArgumentError as trouble:
        raise BadUrl("not a postgresql:// URL") from trouble
    if not is_url(url):
        raise BadUrl("not a postgresql:// URL")
    if parsed.password is not None or "password" in parsed.query:
        raise BadUrl("the URL carries a password")
    session = _SESSION | ({"default_transaction_read_only": "on"} if read_only else {})
    words = " ".join(f"-c {name}={value}" for name, value in session.items())
    if schema:
        words += f" -c search_path={schema}"
    engine = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_size=POOL,
        max_overflow=POOL_MORE,
        connect_args={"options": words, "connect_timeout": CONNECT_TIMEOUT_S, **_GONE},
    )
    sa.event.listen(engine, "connect", _without_nul)
    return engine


def shown(url: str) -> str:
    """The address as it may stand in a line for a person."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "postgresql://…"


class _Str(StrDumper):
    """PostgreSQL's text holds no NUL, and what comes from a wire may: it becomes the sign for what cannot be shown.

    Bytes (records, what is put aside) are kept as they came; COPY goes another way: its texts were checked one by one."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


def _without_nul(connection: Any, _record: Any) -> None:
    connection.adapters.register_dumper(str, _Str)
