"""What a broker's configuration is made for: addresses, and where its certificates lie.

The mount point keeps a shared subscription made by a terminal from ever naming a topic of another (wire contract, 1.2)."""

from dataclasses import dataclass
from pathlib import Path

from wire.topics import MOUNT

PACKET_BYTES_MAX = 64 * 1024
TERMINALS_MAX = 20_000
QUEUED_MAX = 100_000
"""Messages that wait for a backend that is slow."""
INFLIGHT_MAX = 1_000
SESSION_EXPIRY_DAYS = 7
SERVER_CERT, SERVER_KEY = "server.crt", "server.key"


@dataclass(frozen=True, slots=True)
class Place:
    """`folder`: where the files will lie when the broker reads them. `private_host`: an address no terminal reaches.
    `backends`: names of the certificates backends come with. `state`: folder the broker may write to; with it
    retained settings and waiting sessions survive its restart (no record depends on it: PUBACK proves nothing). `user`:
    the account a broker started by root becomes; empty: the one it becomes by itself."""

    folder: Path
    host: str = "0.0.0.0"
    port: int = 8883
    private_host: str = "127.0.0.1"
    private_port: int = 8884
    mount: str = MOUNT
    terminals_max: int = TERMINALS_MAX
    backends: tuple[str, ...] = ("fleet.backend",)
    state: Path | None = None
    user: str = ""
