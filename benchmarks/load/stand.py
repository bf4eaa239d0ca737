"""The stand a run takes place on: a real Mosquitto and the real `posfleet serve`, each a process of its own."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.tls import TlsFiles
from tests.backend import Served
from tests.mosquitto import Broker

FILES_SPARE = 200
"""Descriptors a process needs beside its connections."""


class TooFewFiles(Exception):
    """This machine allows fewer open files than terminals are wanted."""


@dataclass(frozen=True, slots=True)
class Stand:
    """`store`: the backend's database."""

    broker: Broker
    served: Served
    store: Path
    tls: TlsFiles | None = None

    def cpu_s(self) -> dict[str, float]:
        """Processor time used so far by each process of the run."""
        pids = {"generator": os.getpid(), "broker": self.broker.pid, "backend": self.served.process.pid}
        return {name: processor_s(pid) for name, pid in pids.items()}


def processor_s(pid: int) -> float:
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def plain(folder: Path, terminals: int, *words: str) -> Iterator[Stand]:
    """Broker and backend without TLS. `words`: further ones for `posfleet serve`. Raises `TooFewFiles`."""
    open_files(terminals)
    (folder / "broker").mkdir(parents=True, exist_ok=True)
    with Broker(folder / "broker") as broker, Served(folder / "fleet", broker.port, *words) as served:
        yield Stand(broker, served, folder / "fleet" / "fleet.db")


def open_files(terminals: int) -> None:
    """Let this process, and those it starts, open a connection for each terminal. Raises `TooFewFiles`."""
    wanted = terminals + FILES_SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (OSError, ValueError) as refused:
            raise TooFewFiles(
                f"{terminals} terminals need {wanted} open files, this machine allows {hard}"
            ) from refused
    elif soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
