"""What a real broker has kept of sleeping terminals reaches workers that share a subscription."""

import threading
from pathlib import Path

import msgspec
import pytest

from fleet import ingest
from fleet.core import Arrived, Core, Joined
from fleet.effects import HearKept
from fleet.mqtt import Connection
from fleet.sql import SqlStore
from tests.backend import FLEET_KEY, UTC_MS, WAIT_S, Backend
from tests.bus import Publisher
from tests.mosquitto import Broker, broker  # noqa: F401
from wire.fleet import Reported
from wire.messages import State

SLEEPING = {
    f"T{number:04d}": State(number % 2 == 0, software="1.0", reason="" if number % 2 == 0 else "stopped")
    for number in range(300)
}
SAID = Reported(4, 4, "applied", "0" * 64, 0, "trusted")


class Watched:
    """The core, and what it was given."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.heard: list[tuple[str, str]] = []
        self.news = threading.Condition()

    def step(self, event):
        effects = self._core.step(event)
        if isinstance(event, Arrived):
            with self.news:
                self.heard += [(message.terminal, message.rest) for message in event.messages]
                self.news.notify_all()
        return effects

    def until(self, met) -> None:
        with self.news:
            assert self.news.wait_for(lambda: met(self.heard), WAIT_S), len(self.heard)


def fall_asleep(publisher: Publisher) -> None:
    for terminal, state in SLEEPING.items():
        publisher.send(f"pos/v1/{terminal}/up/state", msgspec.json.encode(state), retain=True)
    publisher.send("pos/v1/T0000/up/reported", msgspec.json.encode(SAID), retain=True)


def test_states_of_sleeping_terminals_are_known_at_a_first_start_and_not_listened_to_for_ever(
    tmp_path: Path,
    broker: Broker,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    end = Connection.hear_kept_no_more
    monkeypatch.setattr(ingest, "TICK_MS", 200)
    monkeypatch.setattr(ingest, "KEPT_MS", 200)
    monkeypatch.setattr(Connection, "hear_kept_no_more", lambda it: (end(it), over.set()))
    publisher = Publisher(broker)
    fall_asleep(publisher)
    watched: list[Watched] = []

    def wrap(core: Core) -> Watched:
        watched.append(Watched(core))
        return watched[0]

    with Backend(tmp_path / "fleet.db", broker.host, broker.port, wrap, share="fleet") as backend:
        (core,) = watched
        core.until(lambda heard: {name for name, rest in heard if rest == "state"} >= SLEEPING.keys())
        core.until(lambda heard: ("T0000", "reported") in heard)
        assert over.wait(WAIT_S)
        counts = []
        while 1 not in counts and len(counts) < 50:  # the broker may hear of the end after the first of these
            before = len(core.heard)
            publisher.send("pos/v1/T0001/up/state", msgspec.json.encode(SLEEPING["T0001"]))
            publisher.send(f"pos/v1/M{len(counts)}/up/state", b'{"online":true}')
            core.until(lambda heard: (f"M{len(counts)}", "state") in heard)
            counts.append(core.heard[before:].count(("T0001", "state")))
        assert counts[-1] == 1, "each message once, as the share has it"
        with backend.store.begin() as books:
            known = {row.terminal: (row.state.online, row.seen_ms) for row in books.all_terminals()}
            told = books.fleet.heard.reported("T0000")
        assert known["T0000"] == (True, 0), "known, and not taken for heard of"
        assert known["T0003"] == (False, 0)
        assert told.reported == SAID
    publisher.close()


def test_of_several_workers_one_listens(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "fleet.db")
    one, two = (Core(store, FLEET_KEY.sign, worker=name) for name in ("one", "two"))
    assert one.step(Joined(UTC_MS)) == [HearKept()]
    assert two.step(Joined(UTC_MS)) == []
    assert two.step(Joined(UTC_MS + 60_000)) == [HearKept()], "the first one is gone, its lease has run out"
    store.close()
