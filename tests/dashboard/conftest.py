"""A house for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less work for each password; how much the real one takes is tested by itself."""
    monkeypatch.setattr("fleet.dashboard.passwords._N", 2**4)
    from fleet.dashboard import passwords

    nobody = passwords.Hash("00" * 16, "00" * 32, n=2**4, r=8, p=1)
    monkeypatch.setattr("fleet.dashboard.passwords._NOBODY", nobody)
