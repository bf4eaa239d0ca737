"""Where the broker is and how to reach it."""

from dataclasses import dataclass, field
from pathlib import Path

from wire.channels import KEEP_ALIVE_S
from wire.pace import BACKOFF_CAP_MS


@dataclass(frozen=True, slots=True)
class Tls:
    """Strict TLS 1.2 or later: the broker's certificate must chain to `ca` and name the host. `cert` and `key` are the
    terminal's own; both empty: the broker does not ask for one."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None


NO_TLS = Tls(Path())


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """`fleet_key`: the backend's Ed25519 public key in hex, with which signed time is checked; empty: time is not
    asked for. `terminal` is topic part and MQTT client id at once (wire contract, 2). `grace_port`: where at `host` a
    certificate that has expired is renewed; 0: nowhere."""

    terminal: str
    host: str
    port: int
    fleet_key: str = ""
    tls: Tls | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    open_timeout_ms: int = 10_000
    backoff_cap_ms: int = BACKOFF_CAP_MS
    grace_port: int = 0
    keep_alive_s: int = KEEP_ALIVE_S
