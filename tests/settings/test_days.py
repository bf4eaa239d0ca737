"""Days with documents, cuts and a slow card are clean; each mistake made on purpose is caught on one of them."""

from collections.abc import Callable

import msgspec
import pytest

from firmware.desks import settings as desk
from firmware.desks.settings import SettingsDesk
from firmware.events import SettingsStored
from firmware.terminal import Terminal
from firmware.txn import settings as txn
from rules import settings_book as books
from tests.settings.days import Day, Wrong

DAYS = 4
SEARCHED = 12

Put = Callable[[object, str, object], None]
MUTANTS: dict[str, Callable[[Put], None]] = {}


def mutant(make: Callable[[Put], None]) -> Callable[[Put], None]:
    MUTANTS[make.__name__] = make
    return make


@mutant
def switched_under_a_basket(put: Put) -> None:
    """Nobody waits for idle."""
    put(Terminal, "busy", lambda self: "")


@mutant
def older_revision_accepted(put: Put) -> None:
    """A document from the attacker's drawer is as good as a new one."""
    put(txn, "newest_rev", lambda book: 0)


@mutant
def signature_not_looked_at(put: Put) -> None:
    """Whoever holds the broker holds the till."""
    judge = txn.judge
    put(txn, "judge", lambda text, trusted, *rest: judge(text, True, *rest))


@mutant
def rollback_forgotten(put: Put) -> None:
    """A network that leads nowhere stays."""
    put(SettingsDesk, "_lost", lambda self, till, trial: False)


@mutant
def override_lost_at_the_switch(put: Put) -> None:
    """The fleet's document sweeps the shop's own changes away."""
    in_force = books.in_force
    put(books, "in_force", lambda version, overrides: in_force(version, ()))


@mutant
def trial_counted_offline(put: Put) -> None:
    """Ten minutes are ten minutes, link or no link."""

    def count(self, till):
        if till.book.trial is not None and not self.swap:
            self.proven_ms = till.now.monotonic_ms - self.tried_ms
        self.up_ms = till.now.monotonic_ms if self.up_ms >= 0 else -1

    put(SettingsDesk, "_count", count)


@mutant
def in_force_before_the_card_has_it(put: Put) -> None:
    """The switch does not wait for the card's word."""
    store = SettingsDesk._store

    def hasty(self, till, act, book):
        store(self, till, act, book)
        self._stored(till, SettingsStored(self.requests))

    put(SettingsDesk, "_store", hasty)


@mutant
def what_failed_is_forgotten(put: Put) -> None:
    """Gone back from, and taken again when the broker says it again."""
    returned = books.returned

    def forgetful(book, code, reason):
        return msgspec.structs.replace(returned(book, code, reason), heard=books.Heard())

    put(books, "returned", forgetful)


def found(folder, seed: int) -> str:
    try:
        Day(folder, seed).run()
    except Wrong as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize("seed", range(DAYS))
def test_a_day_under_the_fleets_eye_is_clean(tmp_path, seed):
    assert found(tmp_path, seed) == ""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_on_purpose_is_caught(tmp_path_factory, monkeypatch, name):
    MUTANTS[name](lambda owner, attribute, value: monkeypatch.setattr(owner, attribute, value))
    assert any(found(tmp_path_factory.mktemp(f"{name}{seed}"), seed) for seed in range(SEARCHED)), "nobody noticed"


def test_they_are_eight_at_least():
    assert len(MUTANTS) >= 8
    assert desk.TRIAL_MS == 600_000
