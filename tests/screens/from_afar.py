"""Counters to which the fleet has spoken: sought, locked, about to start again, or left by an update."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from firmware.events import Event, Fetched, OrderCame, SlotAnswered
from tests.counter import Counter
from tests.remote.afar import Afar
from wire.fleet import Blob, Command, Identify, Lock, Order, Reboot, Unlock, Update, command_name

RELEASE = Blob("release", "ab" * 32, 1_000, "https://fleet.example/releases/2.0.0")
REASON = "门店欠费停机,请与总部财务联系后由运维恢复使用"
FAR_MS, LIFE_MS = 1_795_305_600_000, 6 * 24 * 3_600_000


def sought(folder: Path) -> Counter:
    afar = Afar(folder).open()
    afar.order(Identify(60))
    return afar.counter


def locked(folder: Path) -> Counter:
    afar = Afar(folder).open()
    afar.order(Lock(REASON))
    return afar.counter


def locked_without_a_word(folder: Path) -> Counter:
    afar = Afar(folder).open()
    afar.order(Lock())
    return afar.counter


def restarting(folder: Path) -> Counter:
    afar = Afar(folder).open()
    afar.order(Reboot("device"))
    afar.counter.pass_time(1_000)
    assert afar.counter.screen == "Updating"
    return afar.counter


def updating(folder: Path) -> Counter:
    """The release lies in the other slot and is about to start."""
    afar = Afar(folder).open()
    counter = afar.counter
    counter.step(SlotAnswered("look", slot="A", software="test"))
    afar.order(Update("2.0.0", RELEASE))
    counter.step(Fetched(RELEASE.sha256))
    counter.pass_time(11_000)
    counter.step(SlotAnswered("install"))
    counter.pass_time(11_000)
    assert counter.screen == "Updating"
    return counter


def update_left(folder: Path) -> Counter:
    counter = updating(folder)
    counter.pass_time(6_000)
    counter.step(SlotAnswered("try"))
    counter.cut()
    counter.boot().sign_on()
    counter.step(SlotAnswered("look", slot="A", software="test", fell_back=True))
    return counter


def restart_does_not_come(folder: Path) -> Counter:
    counter = restarting(folder)
    counter.pass_time(6_000)
    return counter


LEDGERS = (sought, locked, locked_without_a_word, restarting, restart_does_not_come, updating, update_left)
TIMERS = ("remote:restart", "remote:stuck", "update:start")


def orders(screen: str) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """What the fleet may say next."""
    if screen == "Locked":
        yield "unlocked", (_order(Unlock()),)


def _order(command: Command) -> OrderCame:
    order = Order("cid99999999", "00010023", FAR_MS, FAR_MS + LIFE_MS, command)
    return OrderCame(command_name(command), msgspec.json.encode(order).decode(), True)
