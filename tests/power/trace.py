"""Running a process under strace, and its log as operations on one folder.

Every call that can change a file is traced, those we cannot replay included: such a call on the folder, or a shared writable
mapping of one of its files, fails the run instead of escaping the proof.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.power.disk import Create, Op, Rename, Resize, Said, Sync, SyncFolder, Unlink, Write

ROOT = Path(__file__).parents[2]
REPLAYED = (
    "openat", "?open", "write", "pwrite64", "lseek", "ftruncate", "fallocate", "fsync", "fdatasync",
    "?rename", "?renameat", "renameat2", "?unlink", "unlinkat", "mmap",
)  # fmt: skip
UNKNOWN_TO_US = (
    "?creat", "truncate", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice", "vmsplice",
    "?link", "linkat", "?symlink", "symlinkat", "?mknod", "mknodat", "?io_uring_setup", "msync", "sync_file_range",
    "sync", "syncfs",
)  # fmt: skip
SECONDS_MAX = 120

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)", re.DOTALL)
_FD = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?(?:, )?")
_OPENED = re.compile(r'^\w+\((?:AT_FDCWD<[^>]*>, )?"((?:\\x[0-9a-f]{2})*)", ([A-Z_|]+)')
_STRINGS = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Escaped(AssertionError):
    """The folder is changed by a call that the proof cannot see or replay."""


@dataclass(frozen=True, slots=True)
class Run:
    """One traced run: `code` of the process, its standard output, and what it did to the folder."""

    code: int
    output: str
    errors: str
    log: Path


def why_no_strace() -> str:
    """Empty when processes can be traced here, else the reason, for a skip by name."""
    if sys.platform != "linux":
        return "strace is of Linux"
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"this machine forbids ptrace: {tried.stderr.strip()[:80]}"


def run(module: str, *arguments: str, log: Path, inject: tuple[str, ...] = ()) -> Run:
    """Run `python -m module arguments` under strace, with the faults of `strace -e inject=`."""
    calls = ",".join((*REPLAYED, *UNKNOWN_TO_US))
    faults = [part for one in inject for part in ("-e", f"inject={one}")]
    data = ("-y", "-xx", "-s", str(2 * 1024 * 1024))
    return _run("--seccomp-bpf", *data, "-o", str(log), "-e", f"trace={calls}", *faults, module=(module, *arguments))


def run_killed(
    module: str, folder: Path, argument: str, points: tuple[tuple[str, int], ...], counts: dict[str, int]
) -> Run:
    """One run of `module` for each (call, n), killed at its n-th `call`, which is not made any more.

    `counts`: how often each call comes in a whole run. Run number i works in `folder`/i and speaks to `folder`/i.said.
    """
    # not with --seccomp-bpf: strace 6.1 then sends no signal
    faults = [part for call, n in counts.items() for part in ("-e", f"inject={call}:signal=KILL:when={n + 1}")]
    asked = [f"{call}:{when}:{counts[call] + 1}" for call, when in points]
    many = ("tests.power.kill_many", module, str(folder), argument, *asked)
    return _run("-s", "0", "-o", "/dev/null", "-e", f"trace={','.join(counts)}", *faults, module=many)


def _run(*options: str, module: tuple[str, ...]) -> Run:
    log = Path(options[options.index("-o") + 1])
    done = subprocess.run(
        ["strace", "-f", "-qq", *options, sys.executable, "-m", *module],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS_MAX,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "1"},
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr, log)


def operations(log: Path, folder: Path) -> list[Op]:
    """What the log says was done to `folder` and said on standard output, in order. Raises `Escaped`."""
    reader = _Reader(os.fsencode(folder), _hexed(os.fsencode(folder)))
    with log.open(encoding="ascii") as lines:
        for line in lines:
            reader.read(line)
    return reader.ops


class _Reader:
    def __init__(self, folder: bytes, mark: str) -> None:
        self.folder, self.mark = folder, mark
        self.ops: list[Op] = []
        self.offset_of: dict[int, int] = {}
        self.existing: set[str] = set()

    def read(self, line: str) -> None:
        """One line of the log."""
        if self.mark not in line and " write(1<" not in line[:24]:
            return
        found = _CALL.match(line)
        if found is None:
            raise Escaped(f"a call that did not end: {line[:120]}")
        call, arguments, result = found[1], found[2], int(found[3])
        if result < 0:
            return  # refused, by the disk or by a fault we made
        if call in ("open", "openat"):
            self._open(line, result)
        elif call == "mmap":
            if "MAP_SHARED" in arguments and "PROT_WRITE" in arguments:
                raise Escaped(f"a shared writable mapping: {line[:120]}")
        elif call.startswith("rename"):
            old, new = (self._name(_raw(text)) for text in _STRINGS.findall(arguments))
            assert "" not in (old, new), "only renames inside the folder are known"
            self.ops.append(Rename(old, new))
        elif call.startswith("unlink"):
            name = self._name(_raw(_STRINGS.findall(arguments)[0]))
            assert name
            self.ops.append(Unlink(name))
        else:
            self._on_file(call, arguments, result)

    def _open(self, line: str, fd: int) -> None:
        opened = _OPENED.match(line.split(" ", 1)[1].lstrip())
        assert opened, line[:120]
        name, flags = self._name(_raw(opened[1])), opened[2].split("|")
        if not name or "O_RDONLY" in flags:
            return
        if "O_APPEND" in flags:
            raise Escaped("a file opened for appending")
        self.offset_of[fd] = 0
        if "O_CREAT" in flags:
            self.ops.append(Create(name))
        if "O_TRUNC" in flags:
            self.ops.append(Resize(name, 0))

    def _on_file(self, call: str, arguments: str, result: int) -> None:
        found = _FD.match(arguments)
        assert found, f"{call}: {arguments[:120]}"
        fd, path, rest = int(found[1]), _raw(found[2]), arguments[found.end() :]
        if call == "write" and fd == 1:
            self.ops.append(Said(_raw(_STRINGS.findall(rest)[0]).decode()))
            return
        if path == self.folder:
            assert call in ("fsync", "fdatasync"), call
            self.ops.append(SyncFolder())
            return
        name = self._name(path)
        assert name, path
        if found[3]:
            return  # unlinked while open: nobody will see these bytes again
        match call:
            case "pwrite64":
                data = _raw(_STRINGS.findall(rest)[0])
                self.ops.append(Write(name, int(rest.rsplit(", ", 1)[1]), data[:result]))
            case "write":
                data = _raw(_STRINGS.findall(rest)[0])[:result]
                self.ops.append(Write(name, self.offset_of[fd], data))
                self.offset_of[fd] += result
            case "lseek":
                self.offset_of[fd] = result
            case "ftruncate":
                self.ops.append(Resize(name, int(rest)))
            case "fallocate":
                mode, start, length = rest.split(", ")
                if mode != "0":
                    raise Escaped(f"fallocate of mode {mode}")
                self.ops.append(Resize(name, int(start) + int(length), grow_only=True))
            case "fsync" | "fdatasync":
                self.ops.append(Sync(name))
            case _:
                raise Escaped(f"{call} on {name}")

    def _name(self, path: bytes) -> str:
        """The file's name in the folder; empty when it is elsewhere."""
        parent, _, name = path.rpartition(b"/")
        if parent == self.folder:
            return os.fsdecode(name)
        assert not path.startswith(self.folder + b"/"), f"a folder in the folder: {path!r}"
        return ""


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _hexed(raw: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in raw)
