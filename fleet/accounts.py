"""Whose doing something is, as the kernel knows it: the account of the machine, never what its environment says."""

import os
import pwd
import re
import socket
import struct
from typing import Final

from fleet.admin import SUDO

NAME_CHARS_MAX: Final = 64
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid
_sudo = re.compile(SUDO)


def account(uid: int) -> str:
    """The account's name; `uid N` when the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name[:NAME_CHARS_MAX] or f"uid {uid}"
    except KeyError:
        return f"uid {uid}"


def peer_uid(client: socket.socket) -> int:
    """Under which account the other end of a Unix socket connected. Raises `OSError`."""
    told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(told)[1]
    return uid


def sudo_said() -> str:
    """Who is said to have called `sudo`; "" for nobody. Anybody can say anything there: a remark, and no proof."""
    said = os.environ.get("SUDO_USER", "")
    return said if _sudo.fullmatch(said) else ""
