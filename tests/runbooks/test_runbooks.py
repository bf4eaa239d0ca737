"""Runbooks as a fleet manager follows them, with real processes. The others are played by `python -m tests.runbooks.plays`:
their parts are proven in tests/rollouts, tests/ca and tests/rogue, and they take their time."""

from collections.abc import Iterator

import pytest

from tests.mosquitto import PROGRAM
from tests.runbooks import plays
from tests.runbooks.house import House, Terminal

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Terminal]]:
    with House(tmp_path_factory.mktemp("house")) as house:
        yield house, plays.begin(house)


def test_a_restored_database_gets_every_record_once_again(fleet: tuple[House, Terminal]) -> None:
    plays.database_lost(*fleet)


def test_a_lost_broker_costs_no_sale_and_no_settings(fleet: tuple[House, Terminal]) -> None:
    plays.broker_lost(*fleet)


def test_a_lock_that_was_ordered_while_the_terminal_was_off_holds_at_power_on(fleet: tuple[House, Terminal]) -> None:
    plays.locked_while_off(fleet[0])
