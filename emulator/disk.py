"""A data partition that can be full or read-only: a size-limited tmpfs in a mount namespace of our own (decisions 4).

The emulator starts itself again inside the namespace; whatever happens to it, the mount goes with it. What the data
folder held before is copied in, and copied back whenever the daemon is down. From outside, the diagnosis socket stays
reachable through a link in the folder.
"""

import asyncio
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Literal

from wire.diag import SOCKET

DiskState = Literal["ok", "full", "read_only"]

OUTSIDE = "POSEMU_MOUNTS_OUTSIDE"
"""Environment: the mount namespace we came from, so that we know that ours is another."""

SHRINK_TRIES_MAX = 20
SAVING, SAVED = ".saving", ".saved"


class DiskTrouble(OSError):
    """The mount could not be made or changed."""


def own_namespace_argv(argv: list[str]) -> list[str] | None:
    """The command that runs `argv` in a mount namespace of its own, or None where this machine does not let us."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        return None
    prefix = [unshare, "--mount", "--propagation", "private"]
    probe = 'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d"; code=$?; rmdir "$d"; exit $code'
    tried = subprocess.run([*prefix, "sh", "-c", probe], capture_output=True, timeout=10, check=False)
    return [*prefix, *argv] if tried.returncode == 0 else None


def namespace_of(pid: int | str = "self") -> str:
    """Name of a process's mount namespace."""
    return os.readlink(f"/proc/{pid}/ns/mnt")


def in_own_namespace() -> bool:
    """Whether we were started by `own_namespace_argv`, with `OUTSIDE` set to where we came from."""
    return os.environ.get(OUTSIDE, namespace_of()) != namespace_of()


class Disk:
    """The data folder as a partition of `size_mib`. Without a size, or without a namespace, it is a plain folder."""

    def __init__(self, data: Path, size_mib: int | None) -> None:
        self.state: DiskState = "ok"
        self._data = data
        self._size_kib = (size_mib or 0) * 1024
        self._under = -1

    @property
    def available(self) -> bool:
        """Whether full and read-only can be played here."""
        return self._under >= 0

    def mount(self) -> None:
        """Put the partition over the folder and copy the folder's content in; the daemon must not run."""
        if not self._size_kib or not in_own_namespace():
            return
        under = os.open(self._data, os.O_RDONLY | os.O_DIRECTORY)
        _run("mount", "-t", "tmpfs", "-o", f"size={self._size_kib}k,mode=0700", "tmpfs", str(self._data))
        self._under = under
        self._install()
        shutil.copytree(self._below(), self._data, dirs_exist_ok=True, ignore=_no_sockets)
        link = self._below() / SOCKET
        link.unlink(missing_ok=True)
        link.symlink_to(f"/proc/{os.getpid()}/root{self._data.resolve()}/{SOCKET}")

    def unmount(self) -> None:
        """Copy the content back and take the partition away; the daemon must not run."""
        if not self.available:
            return
        self.save()
        (self._below() / SOCKET).unlink(missing_ok=True)
        _run("umount", str(self._data))
        os.close(self._under)
        self._under = -1

    def save(self) -> None:
        """Copy the content back below the mount, whole or not at all; the daemon must not run."""
        if not self.available:
            return
        saving, saved = self._below() / SAVING, self._below() / SAVED
        shutil.rmtree(saving, ignore_errors=True)
        shutil.copytree(self._data, saving, ignore=_no_sockets)
        shutil.rmtree(saved, ignore_errors=True)
        saving.rename(saved)  # from here on the new content counts
        self._install()

    def _install(self) -> None:
        """Put a saved copy in its place. It may be broken off anywhere and done again."""
        below, saved = self._below(), self._below() / SAVED
        if not saved.exists():
            return
        kept = {SAVING, SAVED, SOCKET, *(entry.name for entry in saved.iterdir())}
        for old in [entry for entry in below.iterdir() if entry.name not in kept]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(saved, below, dirs_exist_ok=True)
        shutil.rmtree(below / SAVING, ignore_errors=True)
        saved.rename(below / SAVING)
        shutil.rmtree(below / SAVING)

    async def fill(self) -> None:
        """Shrink the partition to what is on it: the next block does not fit."""
        for _ in range(SHRINK_TRIES_MAX):
            now = os.statvfs(self._data)
            used_kib = max((now.f_blocks - now.f_bfree) * now.f_frsize // 1024, 4)
            try:
                await asyncio.to_thread(_run, "mount", "-o", f"remount,size={used_kib}k", str(self._data))
            except DiskTrouble:
                continue  # the daemon wrote in between
            self.state = "full"
            return
        raise DiskTrouble("the partition could not be shrunk to its content")

    async def protect(self) -> None:
        """Make it read-only; the daemon must not run, for the kernel refuses while a file is open for writing."""
        await asyncio.to_thread(_run, "mount", "-o", "remount,ro", str(self._data))
        self.state = "read_only"

    async def mend(self) -> None:
        """Writable again, with its whole size."""
        await asyncio.to_thread(_run, "mount", "-o", f"remount,rw,size={self._size_kib}k", str(self._data))
        self.state = "ok"

    def _below(self) -> Path:
        """The folder under the mount, by the descriptor we took before mounting."""
        return Path(f"/proc/self/fd/{self._under}")


def _no_sockets(folder: str, names: list[str]) -> set[str]:
    kinds = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    return {name for name, mode in kinds.items() if stat.S_ISSOCK(mode) or name in (SOCKET, SAVING, SAVED)}


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise DiskTrouble(f"{' '.join(argv[:4])}: {done.stderr.strip()}")
