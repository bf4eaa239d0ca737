"""Who is signed in: a random token in a cookie, of which only the hash is kept (`sessions.db`), so that a stolen file lets
nobody in. A session ends when nothing was done for `IDLE_MS`, after `LIFE_MS` whatever was done, with the user's password,
and on sign-out."""

import hashlib
import secrets
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from fleet.dashboard.users import User
from fleet.side_books import SideBooks, table_of

FILE = "sessions.db"
IDLE_MS = 30 * 60_000
LIFE_MS = 12 * 3_600_000
TOUCH_MS = 60_000
"""How often the last use is written down: a click is no commit."""
OF_A_USER_MAX = 20
TOKEN_BYTES = 32
TOKEN_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class Session:
    """`digest`: SHA-256 of the token; `stamp`: the password it was made with; `csrf`: what each of its forms carries."""

    digest: str
    user: str
    stamp: str
    csrf: str
    made_ms: int
    seen_ms: int


_tables = sa.MetaData()
_sessions = table_of(_tables, "sessions", Session)


class _Pages:
    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def find(self, digest: str) -> Session | None:
        row = self._db.execute(sa.select(_sessions).where(_sessions.c.digest == digest)).first()
        return Session(*row) if row else None

    def add(self, session: Session) -> None:
        self._db.execute(sa.insert(_sessions), asdict(session))

    def touch(self, digest: str, now_ms: int) -> None:
        self._db.execute(sa.update(_sessions).where(_sessions.c.digest == digest).values(seen_ms=now_ms))

    def end(self, digest: str) -> None:
        self._db.execute(sa.delete(_sessions).where(_sessions.c.digest == digest))

    def forget(self, now_ms: int) -> None:
        it = _sessions.c
        old = (it.seen_ms <= now_ms - IDLE_MS) | (it.made_ms <= now_ms - LIFE_MS)
        self._db.execute(sa.delete(_sessions).where(old))

    def of(self, user: str) -> list[str]:
        query = sa.select(_sessions.c.digest).where(_sessions.c.user == user)
        return list(self._db.execute(query.order_by(_sessions.c.seen_ms.desc(), _sessions.c.digest)).scalars())


class Sessions:
    """Sessions of one server, the only one that opens its file. `path` None: in memory. Raises `StoreTrouble`."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.touch(mode=0o600)
        self._books = SideBooks(_tables, _Pages, path, read_only=False)
        self._guard = threading.Lock()

    def begin(self, user: User, now_ms: int) -> str:
        """A new session; returns the token for the cookie. The oldest of too many ends."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(_digest(token), user.name, user.stamp, secrets.token_urlsafe(TOKEN_BYTES), now_ms, now_ms)
        with self._guard, self._books.begin() as pages:
            pages.forget(now_ms)
            for digest in pages.of(user.name)[OF_A_USER_MAX - 1 :]:
                pages.end(digest)
            pages.add(session)
        return token

    def find(self, token: str, now_ms: int) -> Session | None:
        """The session of a token that is still good; being looked for is being used."""
        if not 0 < len(token) <= TOKEN_CHARS_MAX:
            return None
        with self._guard, self._books.begin() as pages:
            session = pages.find(_digest(token))
            if session is None or not _alive(session, now_ms):
                return None
            if now_ms - session.seen_ms >= TOUCH_MS:
                pages.touch(session.digest, now_ms)
                return replace(session, seen_ms=now_ms)
            return session

    def end(self, token: str) -> None:
        with self._guard, self._books.begin() as pages:
            pages.end(_digest(token))

    def close(self) -> None:
        self._books.close()


def _alive(session: Session, now_ms: int) -> bool:
    return now_ms - session.seen_ms < IDLE_MS and now_ms - session.made_ms < LIFE_MS


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
