"""What only one of several workers may do, it does under a lease: nobody else has it until it runs out."""

from collections.abc import Iterator

import msgspec
import pytest

from fleet.core import HOLE_PATIENCE_MS, LEASE_MS, Arrived, Core, Message, Tick
from fleet.sql import SqlStore
from tests.fleet.test_core import FLEET_KEY, NOW
from tests.stores import each_store, new_store, postgres_free, postgres_server  # noqa: F401
from wire.messages import State

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
def store() -> Iterator[SqlStore]:
    made = new_store()
    yield made
    made.close()


def lease(store: SqlStore, holder: str, now_ms: int, until_ms: int, name: str = "ticks") -> bool:
    with store.begin() as books:
        return books.lease(name, holder, now_ms, until_ms)


def test_a_lease_is_one_holders_until_it_runs_out(store: SqlStore) -> None:
    assert lease(store, "a", 0, 10)
    assert not lease(store, "b", 9, 20), "a has it"
    assert lease(store, "b", 9, 20, name="rollouts"), "another matter"
    assert lease(store, "a", 9, 15), "its holder makes it longer"
    assert not lease(store, "b", 14, 30)
    assert lease(store, "b", 15, 30), "a is gone"
    assert not lease(store, "a", 16, 30)


def test_only_one_of_two_workers_asks_for_holes_and_the_other_when_it_is_dead(store: SqlStore) -> None:
    one, two = (Core(store, FLEET_KEY.sign, worker=name) for name in ("1", "2"))
    state = msgspec.json.encode(State(online=True, epoch=1, next_seq=51, acked_seq=50))
    one.step(Arrived(NOW, (Message("T0001", "state", state),)))
    assert one.step(Tick(NOW)) == [], "the hole is young"
    late = NOW + LEASE_MS - 1
    assert two.step(Tick(late)) == []
    assert two.step(Tick(NOW + HOLE_PATIENCE_MS)), "nobody renewed the lease"
    assert one.step(Tick(NOW + 2 * HOLE_PATIENCE_MS - 1)) == []
