"""Mosquitto 2.0.11 or later: `mosquitto.conf` and the two access lists."""

from fleet.broker.place import (
    INFLIGHT_MAX,
    PACKET_BYTES_MAX,
    QUEUED_MAX,
    SERVER_CERT,
    SERVER_KEY,
    SESSION_EXPIRY_DAYS,
    Place,
)
from fleet.ca.authority import CLIENTS, CRL, SERVICES_CRL, TRUST
from wire.topics import ROOT

CONFIG, TERMINALS_ACL, BACKEND_ACL = "mosquitto.conf", "terminals.acl", "backend.acl"

AUTOSAVE_S = 60
"""Between writings of what is retained and what waits."""

_CONFIG = """\
# Terminals come in on one listener and backends on another, and neither on the other's: each believes another root.
# After a change of certificates or of a revocation list: kill -HUP. A new list refuses a revoked terminal the next time
# it connects; one that is connected stays until its link ends (posfleet broker kick ID ends it).
per_listener_settings true
{user}
# --- limits, for both listeners ---
max_packet_size {packet_max}
max_inflight_messages {inflight_max}
max_queued_messages {queued_max}
queue_qos0_messages false
persistent_client_expiration {expiry_days}d
max_keepalive 120
check_retain_source true
{persistence}
sys_interval 0
# Small messages must not wait for each other: Nagle's algorithm would hold acknowledgements back for 40 ms.
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information

# --- terminals: everything they say and hear is below {mount} ---
listener {port} {host}
mount_point {mount}
max_connections {terminals_max}
max_qos 1
cafile {folder}/{clients}
crlfile {folder}/{crl}
certfile {folder}/{server_cert}
keyfile {folder}/{server_key}
tls_version tlsv1.2
require_certificate true
# The certificate's name is user and client id at once: nobody takes another's session over.
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/{terminals_acl}

# --- backends: the only place where shared subscriptions make sense ---
listener {private_port} {private_host}
max_qos 1
cafile {folder}/{trust}
crlfile {folder}/{services_crl}
certfile {folder}/{server_cert}
keyfile {folder}/{server_key}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {folder}/{backend_acl}
"""

_TERMINALS_ACL = """\
# %u is the name in the certificate. Nothing else is allowed.
pattern write {mount}{root}/%u/up/#
pattern read {mount}{root}/%u/dn/#
"""

_BACKEND = """\
user {name}
topic readwrite {mount}{root}/#
"""


def files(place: Place) -> dict[str, bytes]:
    """The configuration's files by name, without certificates."""
    kept = f"persistence true\npersistence_location {place.state}/\nautosave_interval {AUTOSAVE_S}"
    words = {
        "user": f"user {place.user}\n" if place.user else "",
        "persistence": kept if place.state is not None else "persistence false",
        "packet_max": PACKET_BYTES_MAX, "inflight_max": INFLIGHT_MAX, "queued_max": QUEUED_MAX,
        "expiry_days": SESSION_EXPIRY_DAYS, "mount": place.mount, "port": place.port, "host": place.host,
        "terminals_max": place.terminals_max, "folder": place.folder, "clients": CLIENTS, "crl": CRL,
        "server_cert": SERVER_CERT, "server_key": SERVER_KEY, "terminals_acl": TERMINALS_ACL, "trust": TRUST,
        "services_crl": SERVICES_CRL, "private_port": place.private_port, "private_host": place.private_host,
        "backend_acl": BACKEND_ACL, "root": ROOT,
    }  # fmt: skip
    backends = "\n".join(_BACKEND.format(name=name, **words) for name in place.backends)
    made = {CONFIG: _CONFIG, TERMINALS_ACL: _TERMINALS_ACL, BACKEND_ACL: backends}
    return {name: text.format(**words).encode() for name, text in made.items()}
