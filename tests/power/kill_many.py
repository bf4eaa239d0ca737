"""Many runs of one scenario, each killed at its own point, out of one process that has imported everything once.

`strace -e inject=CALL:signal=KILL:when=N` counts the calls of each process by itself, with one N for all. So N is one more
than a whole run makes, and a child that is to die at its n-th call first makes N - n such calls that fail.

`python -m tests.power.kill_many MODULE FOLDER ARGUMENT POINT...`, a point being CALL:n:N; run number i works in FOLDER/i and
speaks to FOLDER/i.said. A line with what became of the child goes to standard error for each.
"""

import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

NOWHERE = -1

_libc = ctypes.CDLL(None, use_errno=True)
FAILING: dict[str, Callable[[], int]] = {
    "write": lambda: int(_libc.write(NOWHERE, b"", 0)),
    "pwrite64": lambda: int(_libc.pwrite64(NOWHERE, b"", 0, 0)),
    "fsync": lambda: int(_libc.fsync(NOWHERE)),
    "fdatasync": lambda: int(_libc.fdatasync(NOWHERE)),
    "ftruncate": lambda: int(_libc.ftruncate(NOWHERE, 0)),
    "rename": lambda: int(_libc.rename(b"/nowhere/a", b"/nowhere/b")),
    "unlink": lambda: int(_libc.unlink(b"/nowhere/a")),
}


def main(module: str, folder: str, argument: str, *points: str) -> None:
    """See the module."""
    run = importlib.import_module(module).run
    for number, point in enumerate(points):
        call, when, total = point.split(":")
        work = Path(folder) / str(number)
        work.mkdir()
        said = os.open(f"{work}.said", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        child = os.fork()
        if child == 0:
            os.dup2(said, 1)
            for _ in range(int(total) - int(when)):
                assert FAILING[call]() == -1
            run(work, argument)
            os._exit(0)
        os.close(said)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.exit(f"{point}: not killed, status {status}")
        _flattened(work / "ballast")


def _flattened(ballast: Path) -> None:
    """The ballast without its blocks: hundreds of folders are kept until they are judged."""
    if ballast.exists():
        size = ballast.stat().st_size
        os.truncate(ballast, 0)
        os.truncate(ballast, size)


if __name__ == "__main__":
    main(*sys.argv[1:])
