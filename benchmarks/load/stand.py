"""The stand a run takes place on: a real Mosquitto and the real `posfleet serve`, each a process of its own."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT
from benchmarks.load.tls import TlsFiles
from fleet.ca import authority as ca
from fleet.ca import certificates as make
from tests.backend import Served
from tests.mosquitto import Broker
from tests.tls_broker import TlsBroker, now

CERTIFICATE_DAYS = 30

FILES_SPARE = 200
"""Descriptors a process needs beside its connections."""


class TooFewFiles(Exception):
    """This machine allows fewer open files than terminals are wanted."""


@dataclass(frozen=True, slots=True)
class Stand:
    """`store`: the URL of the backend's database."""

    broker: Broker
    served: Served
    store: str
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
def plain(folder: Path, terminals: int, database: str = "") -> Iterator[Stand]:
    """Broker and backend without TLS. `database`: URL of a PostgreSQL; "": SQLite in the folder. Raises `TooFewFiles`."""
    open_files(terminals)
    (folder / "broker").mkdir(parents=True, exist_ok=True)
    words = ("--database", database) if database else ()
    if database:
        init = [sys.executable, "-m", "fleet", "--lang", "en", "db", "init", "--database", database]
        subprocess.run(init, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    with Broker(folder / "broker") as broker, Served(folder / "fleet", broker.port, *words) as served:
        yield Stand(broker, served, database or _url(folder))


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'fleet' / 'fleet.db'}"


@contextmanager
def encrypted(folder: Path, names: Sequence[str]) -> Iterator[Stand]:
    """Broker and backend as we ship them: both listeners with mutual TLS, terminals below the mount point, a certificate for
    each of `names`. Raises `TooFewFiles`."""
    open_files(len(names))
    broker = TlsBroker(folder / "broker")
    files, own = _certificates(broker, folder / "terminals", names), broker.backend()
    given = ("--mount", broker.mount, "--tls-ca", own.ca, "--tls-cert", own.cert, "--tls-key", own.key)
    with ExitStack() as running:
        running.enter_context(broker)  # its ports are known from here on
        served = running.enter_context(Served(folder / "fleet", broker.private_port, *map(str, given)))
        yield Stand(broker, served, _url(folder), files)


def _certificates(broker: TlsBroker, folder: Path, names: Sequence[str]) -> TlsFiles:
    """A certificate under the authority for each terminal, all with one key: a register's entry for each of thousands would
    take longer than the run, and a key of its own would change nothing at the broker."""
    folder.mkdir(parents=True)
    with ca.opened(broker.authority) as authority:
        issuing = authority.latest(ca.ISSUING)
        certificate = authority.certificate(issuing)
    signer = make.Signer(certificate, make.read_key((broker.authority / f"{issuing}.key").read_bytes()))
    key, term, between = make.new_key(), make.Term.days(now(), CERTIFICATE_DAYS), make.pem_of(certificate)
    for name in names:
        made = make.leaf(signer, name, key.public_key(), term, (make.CLIENT,))
        (folder / f"{name}.crt").write_bytes(make.pem_of(made) + between)
    (folder / "own.key").write_bytes(make.key_pem(key))
    (folder / "trust.pem").write_bytes((broker.authority / ca.TRUST).read_bytes())
    return TlsFiles(folder / "trust.pem", folder, folder / "own.key")


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
