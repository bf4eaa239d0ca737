"""The account a broker runs as: what it may read, and what makes it so.

Mosquitto started by root becomes `mosquitto` before it reads keys, lists and rights; a private folder of root's is closed
to it. Files keep their owner, and its group is given to them: whoever wrote the folder can renew its lists later.
"""

import grp
import os
import pwd
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

FOLDER_MODE, FILE_MODE, STATE_MODE = 0o750, 0o640, 0o700


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine; `group` is its own, `groups` all it is in."""

    name: str
    uid: int
    gid: int
    group: str
    groups: frozenset[int]


def account(name: str) -> Account | None:
    """Who that is here; None: nobody."""
    try:
        entry = pwd.getpwnam(name)
        group = grp.getgrgid(entry.pw_gid).gr_name
    except KeyError:
        return None
    groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, group, groups)


def may(path: Path, who: Account, right: int) -> bool:
    """Whether the mode of a file or folder gives `right` (a sum of 4 read, 2 write, 1 enter). Raises `OSError`."""
    found = path.stat()
    shift = 6 if found.st_uid == who.uid else 3 if found.st_gid in who.groups else 0
    return who.uid == 0 or stat.S_IMODE(found.st_mode) >> shift & right == right


def closed(folder: Path, who: Account) -> list[Path]:
    """The folders above `folder`, of those there are, that the account cannot enter, the uppermost first. Raises
    `OSError`."""
    return [each for each in reversed(folder.resolve().parents) if each.exists() and not may(each, who, 1)]


def share(folder: Path, who: Account) -> bool:
    """Let the account read a folder's files, and nobody else but their owner; False: that is not ours to give."""
    try:
        for path in (folder, *folder.iterdir()):
            os.chown(path, -1, who.gid)
            path.chmod(FOLDER_MODE if path == folder else FILE_MODE)
    except PermissionError:
        return False
    return True


def make_state(folder: Path, who: Account) -> bool:
    """The account's folder to write to; one that is there stays as it is. False: it is not there, or not its to write
    to. Raises `OSError`."""
    if not folder.exists():
        if os.geteuid() not in (0, who.uid):
            return False
        folder.mkdir(STATE_MODE, parents=True)
        os.chown(folder, who.uid, who.gid)
    return may(folder, who, 7)


def sharing(folder: Path, group: str) -> str:
    """The command that does what `share` does."""
    place = shlex.quote(str(folder))
    return f"chgrp -R {group} {place} && chmod -R u=rwX,g=rX,o= {place}"


def entering(folder: Path) -> str:
    """The command that lets anybody through a folder, without seeing what is in it."""
    return f"chmod o+x {shlex.quote(str(folder))}"


def state_making(folder: Path, name: str, group: str) -> str:
    """The command that makes a folder the account may write to."""
    return f"install -d -o {name} -g {group} -m {STATE_MODE:o} {shlex.quote(str(folder))}"
