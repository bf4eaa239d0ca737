"""Draining a backlog, in records acknowledged per second ÷ messages per second of a bare paho publisher.

`benchmarks.drain` measures: driver, a real Mosquitto and the real backend, whose commit comes before its word.
"""

from benchmarks import drain
from benchmarks.harness import Figure, Scale
from tests.mosquitto import PROGRAM

RATIO_MIN = 1.5
WHY = "the backend on this machine checks, stores and acknowledges every record; a bare publisher waits for the broker only"


def measure(scale: Scale) -> list[Figure]:
    """One ratio without TLS and one with it; without a broker on this machine they cannot be taken."""
    return [_figure(scale, tls) for tls in (False, True)]


def _figure(scale: Scale, tls: bool) -> Figure:
    name = f"backlog records/s ÷ bare paho messages/s{', TLS' if tls else ''}"
    if PROGRAM is None:
        return Figure(name, 0, "×", detail="not measured: mosquitto is not installed")
    found = drain.measure(scale.pick(600, 10_000), scale.pick(1, 15), tls)
    speeds = f"{found.records_per_s:.0f} ÷ {found.bare_messages_per_s:.0f} a second"
    detail = f"{speeds}, {found.rounds} × {found.records} records"
    return Figure(name, found.ratio, "×", RATIO_MIN, "more", detail, WHY)
