"""Draining a backlog, in records acknowledged per second ÷ messages per second of a bare paho publisher.

`benchmarks.drain` measures: driver, a real Mosquitto and the real backend, whose commit comes before its word.
"""

from benchmarks import drain
from benchmarks.harness import Figure, Scale
from tests.mosquitto import PROGRAM

RATIO_MIN = 1.5
WHY = "the backend on this machine checks, stores and acknowledges every record; a bare publisher waits for the broker only"


def measure(scale: Scale) -> list[Figure]:
    """One ratio; without a broker on this machine it cannot be taken."""
    name = "backlog records/s ÷ bare paho messages/s"
    if PROGRAM is None:
        return [Figure(name, 0, "×", detail="not measured: mosquitto is not installed")]
    found = drain.measure(scale.pick(600, 4_000), scale.pick(1, 3))
    detail = f"{found.records_per_s:.0f} ÷ {found.bare_messages_per_s:.0f} a second, {found.records} records"
    return [Figure(name, found.ratio, "×", RATIO_MIN, "more", detail, WHY)]
