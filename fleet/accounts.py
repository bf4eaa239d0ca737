"""Whose doing something is, as the kernel knows it: the account of the machine, never what its environment says."""

import os
import pwd
import re
import socket
import struct
from pathlib import Path
from typing import Final

from fleet.admin import SUDO

NAME_CHARS_MAX: Final = 64
UID_MAP: Final = Path("/proc/self/uid_map")
"""The accounts of this process's user namespace: first here, first outside, how many."""
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid
_sudo = re.compile(SUDO)


def account(uid: int) -> str:
    """The account's name; `uid N` when the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name[:NAME_CHARS_MAX] or f"uid {uid}"
    except KeyError:
        return f"uid {uid}"


def acting(folder: Path, uid: int) -> tuple[str, str]:
    """As whom an account acts on a data folder, and as a remark which one it is, where it is another. Whoever gets at the
    folder is its owner, the backend's account: root is no second person, and a name from a user namespace is anybody's
    choice. Raises `OSError`."""
    owner = folder.stat().st_uid
    return account(_outside(owner)), "" if uid == owner else account(uid)


def _outside(uid: int) -> int:
    """What an account is outside this process's user namespace; without one the same."""
    for line in UID_MAP.read_text(encoding="ascii").splitlines():
        here, there, count = map(int, line.split())
        if here <= uid < here + count:
            return there + uid - here
    return uid


def peer_uid(client: socket.socket) -> int:
    """Under which account the other end of a Unix socket connected. Raises `OSError`."""
    told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(told)[1]
    return uid


def sudo_said() -> str:
    """Who is said to have called `sudo`; "" for nobody. Anybody can say anything there: a remark, and no proof."""
    said = os.environ.get("SUDO_USER", "")
    return said if _sudo.fullmatch(said) else ""
