"""EMQX 5.1 or later: a configuration to be included by `emqx.conf`, and the access list. Written after its documentation;
nobody has run it here.

EMQX judges rights before it puts the mount point in front, so terminals' rules have no prefix and the backends' have one.
"""

from fleet.broker.place import INFLIGHT_MAX, PACKET_BYTES_MAX, SERVER_CERT, SERVER_KEY, SESSION_EXPIRY_DAYS, Place
from fleet.ca.authority import CLIENTS, TRUST
from wire.topics import ROOT

CONFIG, ACL = "pos.conf", "pos-acl.conf"
PACKETS_IN_FLIGHT_MAX = 16
QUEUED_FOR_A_TERMINAL_MAX = 1_000

_CONFIG = """\
## In emqx.conf: include "{folder}/{config}", and switch the default listeners off.
## Revocation: EMQX knows lists only by a download address in the certificate, which terminals' certificates do not have.
## A revoked terminal is banned by its name instead (HTTP API: POST /api/v5/banned, as "username"), which also ends its
## connection; posfleet ca list --state revoked --json names them.

zones.terminals.mqtt {{
  peer_cert_as_username = cn
  peer_cert_as_clientid = cn
  shared_subscription = false
  max_packet_size = {packet_kb}KB
  max_qos_allowed = 1
  max_inflight = {terminal_inflight}
  max_mqueue_len = {terminal_queue}
  session_expiry_interval = {expiry_days}d
}}

zones.backends.mqtt {{
  peer_cert_as_username = cn
  shared_subscription = true
  max_packet_size = {packet_kb}KB
  max_qos_allowed = 1
  max_inflight = {inflight_max}
}}

listeners.ssl.terminals {{
  bind = "{host}:{port}"
  zone = terminals
  mountpoint = "{mount}"
  max_connections = {terminals_max}
  ssl_options {{
    cacertfile = "{folder}/{clients}"
    certfile = "{folder}/{server_cert}"
    keyfile = "{folder}/{server_key}"
    versions = ["tlsv1.3", "tlsv1.2"]
    verify = verify_peer
    fail_if_no_peer_cert = true
    depth = 3
  }}
}}

listeners.ssl.backends {{
  bind = "{private_host}:{private_port}"
  zone = backends
  ssl_options {{
    cacertfile = "{folder}/{trust}"
    certfile = "{folder}/{server_cert}"
    keyfile = "{folder}/{server_key}"
    versions = ["tlsv1.3", "tlsv1.2"]
    verify = verify_peer
    fail_if_no_peer_cert = true
    depth = 3
  }}
}}

authorization {{
  no_match = deny
  deny_action = ignore
  cache {{ enable = true }}
  sources = [
    {{ type = file, enable = true, path = "{folder}/{acl}" }}
  ]
}}

## Who is let in has shown a certificate; there are no passwords.
authentication = []
"""

_ACL = """\
%% A backend's name has a dot, which no terminal's id has; terminals are let in by another root, on another listener.
{backends}
%% ${{username}} is the name in the terminal's certificate.
{{allow, all, publish, ["{root}/${{username}}/up/#"]}}.
{{allow, all, subscribe, ["{root}/${{username}}/dn/#"]}}.
{{deny, all}}.
"""


def files(place: Place) -> dict[str, bytes]:
    """The configuration's files by name, without certificates."""
    backends = "\n".join(
        f'{{allow, {{username, "{name}"}}, all, ["{place.mount}{ROOT}/#"]}}.' for name in place.backends
    )
    words = {
        "folder": place.folder, "config": CONFIG, "acl": ACL, "packet_kb": PACKET_BYTES_MAX // 1024,
        "inflight_max": INFLIGHT_MAX, "terminal_inflight": PACKETS_IN_FLIGHT_MAX,
        "terminal_queue": QUEUED_FOR_A_TERMINAL_MAX, "expiry_days": SESSION_EXPIRY_DAYS, "host": place.host,
        "port": place.port, "mount": place.mount, "terminals_max": place.terminals_max, "clients": CLIENTS,
        "trust": TRUST, "server_cert": SERVER_CERT, "server_key": SERVER_KEY, "private_host": place.private_host,
        "private_port": place.private_port, "root": ROOT, "backends": backends,
    }  # fmt: skip
    return {name: text.format(**words).encode() for name, text in {CONFIG: _CONFIG, ACL: _ACL}.items()}
