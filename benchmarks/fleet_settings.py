"""Settings for 10 000 terminals, beside the broker's own fan-out of the same bytes.

Ours: a person's push at the admin door of `posfleet serve` until the last terminal has its signed document, read as a
terminal reads it: made, signed, stored and retained for each of them. The peer: one message with the bytes of such a
document to a topic all terminals hear. Both by turns on the same connections.
"""

import asyncio
import secrets
import socket
import time
from pathlib import Path
from statistics import median

from benchmarks.harness import Figure, Scale
from benchmarks.load import stand, workloads
from benchmarks.load.fleet import LoadFleet, LoadPlan
from fleet import admin, door, mqtt5
from tests.mosquitto import PROGRAM

RATIO_MAX = 2
SHARED = "fan/settings"
WAIT_S = 240
PAGE = 1_000
WHY = (
    "each terminal's row is worked out, written and marked as taken, and its document is a message of its own that "
    "the broker reads, keeps and passes on; the peer is read once and kept nowhere"
)


def measure(scale: Scale) -> list[Figure]:
    """The ratio of both medians."""
    name = "settings to all terminals ÷ the broker's fan-out"
    terminals = scale.pick(200, 10_000)
    if PROGRAM is None:
        return [Figure(name, 0, "×", detail="not measured: mosquitto is not installed")]
    try:
        with stand.plain(scale.folder, terminals) as here:
            pushes, fans, size = asyncio.run(_both(here, scale.folder / "fleet", terminals, scale.pick(1, 3)))
    except stand.TooFewFiles as few:
        return [Figure(name, 0, "×", detail=f"not measured: {few}")]
    detail = f"{median(pushes):.2f} s ÷ {median(fans):.2f} s for {terminals} terminals, {size} bytes each"
    return [Figure(name, median(pushes) / median(fans), "×", RATIO_MAX, "less", detail, WHY)]


async def _both(here: stand.Stand, data: Path, terminals: int, rounds: int) -> tuple[list[float], list[float], int]:
    plan = LoadPlan(here.broker.host, here.broker.port, terminals, shared=SHARED)
    pushes: list[float] = []
    fans: list[float] = []
    async with LoadFleet(plan) as fleet:
        await fleet.switch_on(WAIT_S)
        await fleet.settled(WAIT_S)
        for start in range(0, terminals, PAGE):
            rows = tuple(admin.Registered(terminal=name) for name in plan.names[start : start + PAGE])
            await _ask(data, admin.Register(rows=rows))
        sample: list[bytes] = []
        for number in range(rounds + 1):  # the first one warms up
            pushes.append(await _push(fleet, data, number, sample))
            fans.append(await _fan(fleet, here, sample[-1]))
    return pushes[1:], fans[1:], len(sample[-1])


async def _push(fleet: LoadFleet, data: Path, number: int, sample: list[bytes]) -> float:
    """Seconds from the push to the last terminal's document."""
    document = {"shop": {"name": f"第 {number + 1} 店"}}
    await _ask(data, admin.PutLayer(layer="fleet", document=document))
    heard = workloads.await_settings(fleet, number + 1, keep=sample)
    began = fleet.now_s()
    done = await _ask(data, admin.Push())
    assert isinstance(done, admin.Pushed), done
    assert (done.rev, done.terminals) == (number + 1, len(fleet.terminals)), done
    assert await fleet.until(lambda: heard.terminals == len(fleet.terminals), WAIT_S), heard
    return heard.last_s - began


async def _ask(data: Path, request: admin.Request) -> admin.Reply:
    call = admin.Call(by=admin.Caller(name="bench"), request=request, why="measured", nonce=secrets.token_hex(16))
    reply = await asyncio.to_thread(door.ask_server, data, call)
    assert not isinstance(reply, admin.Refused), reply
    return reply


async def _fan(fleet: LoadFleet, here: stand.Stand, payload: bytes) -> float:
    """Seconds from one publication to the last of all who hear it."""
    heard = workloads.await_shared(fleet)
    began = fleet.now_s()
    await asyncio.to_thread(_publish, here.broker.host, here.broker.port, payload, heard)
    assert await fleet.until(lambda: heard.terminals == len(fleet.terminals), WAIT_S), heard
    return heard.last_s - max(began, heard.since_s)


def _publish(host: str, port: int, payload: bytes, heard: workloads.Heard) -> None:
    """By the codec alone: paho waits by `select`, which knows no descriptor above 1 023."""
    reader = mqtt5.Reader()
    with socket.create_connection((host, port), WAIT_S) as link:
        link.sendall(mqtt5.connect(mqtt5.Connect("fan")))
        _expect(link, reader, mqtt5.Connack)
        heard.since_s = time.monotonic()
        link.sendall(mqtt5.publish(SHARED.encode(), payload, 1, 1))
        _expect(link, reader, mqtt5.Puback)
        link.sendall(mqtt5.disconnect())


def _expect(link: socket.socket, reader: mqtt5.Reader, kind: type[mqtt5.Connack | mqtt5.Puback]) -> None:
    while not (packets := reader.feed(link.recv(4_096))):
        continue
    assert all(isinstance(packet, kind) and not packet.reason for packet in packets), packets
