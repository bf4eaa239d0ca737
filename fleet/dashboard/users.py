"""Who may sign in: `users.json` in the data folder, 0600, written whole under a lock by `posfleet user`.

The server reads it again whenever it has changed, so a user who is taken away, or has another role or password, is so at
the next click. No password is in it, only scrypt hashes.
"""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from fleet.admin import Role
from fleet.dashboard.passwords import Hash, fits, hashed, weakness
from fleet.files import PRIVATE, locked, replace_whole

FILE = "users.json"
LOCK = "users.lock"
USERS_MAX = 200
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class User(msgspec.Struct, frozen=True):
    """One user. `stamp` is new with each password: sessions of an older one are over."""

    name: str
    role: Role
    password: Hash
    stamp: str
    changed_ms: int


class _File(msgspec.Struct, frozen=True):
    version: Literal[1]
    users: tuple[User, ...]


class UserTrouble(Exception):
    """Why a user cannot be added or changed; `key` names texts `wrong__user_KEY` and `step__user_KEY`."""

    def __init__(self, key: str, **named: object) -> None:
        super().__init__(key)
        self.key = key
        self.named = named


@dataclass(frozen=True, slots=True)
class _Read:
    mark: tuple[int, int, int]
    users: dict[str, User]


class Users:
    """The users of a data folder. Safe to use from several threads."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self._lock = data / LOCK
        self._guard = threading.Lock()
        self._read: _Read | None = None

    def all(self) -> list[User]:
        """By name. Raises `OSError` or `ValueError` when the file cannot be read."""
        return [user for _, user in sorted(self._users().items())]

    def find(self, name: str) -> User | None:
        """Raises `OSError` or `ValueError`."""
        return self._users().get(name)

    def let_in(self, name: str, password: str) -> User | None:
        """The user, if name and password are theirs; takes as long for a name nobody has."""
        user = self.find(name)
        return user if fits(password, user.password if user else None) else None

    def add(self, name: str, role: Role, password: str, now_ms: int) -> None:
        """Raises `UserTrouble` for a name that is taken or malformed, or for a weak password."""
        if not NAME.fullmatch(name):
            raise UserTrouble("bad_name", name=name)
        user = _with_password(name, role, password, now_ms)
        with self._changing() as users:
            if name in users:
                raise UserTrouble("taken", name=name)
            if len(users) >= USERS_MAX:
                raise UserTrouble("too_many", count=USERS_MAX)
            users[name] = user

    def set_password(self, name: str, password: str, now_ms: int) -> None:
        """All sessions of the user end with it. Raises `UserTrouble`."""
        fresh = _with_password(name, "viewer", password, now_ms)
        with self._changing() as users:
            users[name] = msgspec.structs.replace(fresh, role=_known(users, name).role)

    def set_role(self, name: str, role: Role, now_ms: int) -> None:
        """Raises `UserTrouble`."""
        with self._changing() as users:
            users[name] = msgspec.structs.replace(_known(users, name), role=role, changed_ms=now_ms)

    def remove(self, name: str) -> None:
        """Raises `UserTrouble`."""
        with self._changing() as users:
            del users[_known(users, name).name]

    def _users(self) -> dict[str, User]:
        with self._guard:
            mark = self._mark()
            if self._read is None or self._read.mark != mark:
                self._read = _Read(mark, self._load())
            return self._read.users

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self) -> dict[str, User]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        return {user.name: user for user in msgspec.json.decode(raw, type=_File).users}

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """The users as they are in the file, to be changed and written by the end of the block."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._lock):
            users = self._load()
            yield users
            replace_whole(self._path, msgspec.json.encode(_File(1, tuple(users.values()))), PRIVATE)


def _with_password(name: str, role: Role, password: str, now_ms: int) -> User:
    weak = weakness(name, password)
    if weak:
        raise UserTrouble(f"weak_{weak}")
    return User(name, role, hashed(password), secrets.token_hex(8), now_ms)


def _known(users: dict[str, User], name: str) -> User:
    if name not in users:
        raise UserTrouble("unknown", name=name)
    return users[name]
