"""What practice stands on: a folder of its own, the shop's goods, the operator as signed on, an open shift."""

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from firmware.screens.base import local_time
from firmware.screens.training import PRACTICE_PIN
from firmware.terminal import Terminal
from firmware.txn.command import Session
from firmware.txn.ledger import Ledger, Stamp, load_products
from rules.rights import Role, role_of
from rules.settings import Settings
from rules.settings_model import Operator
from wire.facts import Fact, LanguageChosen, ShiftOpened, SignedOn

FOLDER = "training"
"""In the data folder; there only while somebody practises."""

STAND_IN = "98"
"""A supervisor who exists in practice only, for a shop whose one supervisor practises."""

BATCH = 990_001
"""Practice's first batch: a shop of three shifts a day comes to it after nine hundred years, so no slip of practice is
ever taken for a live one."""

FLOAT_FEN = 50_000
GOODS_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class School:
    """Where to practise: `folder` is the data folder, `secret` a random key of this boot for practice PINs."""

    folder: Path
    secret: bytes

    def clear(self) -> None:
        """Throw away what was practised; at a boot, what a power cut left of it."""
        shutil.rmtree(self.folder / FOLDER, ignore_errors=True)

    def open(self, live: Terminal) -> Terminal:
        """A practice counter beside `live`, not started yet. Raises `LedgerError`, `OSError`."""
        self.clear()
        (self.folder / FOLDER).mkdir(mode=0o700)
        path = self.folder / FOLDER / "training.db"
        # no sync: what is practised may be lost, and the card is spared
        ledger = Ledger.open(path, live.ledger.terminal, live.ledger.epoch, synchronous="OFF")
        load_products(ledger, _goods(live.ledger), _codes(live.ledger))
        settings = practice_settings(live.settings, live.session.operator)
        pins = tuple((who.number, b"", self.pin_hash(PRACTICE_PIN, b"")) for who in settings.operators)
        ledger.append((), Stamp(live.now.wall_ms, live.now.clock), pins)
        ledger.commit()
        session = Session(live.session.operator, live.session.role)
        return Terminal(
            ledger, settings, live.software, live.journal_key, now=live.now, session=session, training=True,
            help=live.help,
        )  # fmt: skip

    def pin_hash(self, pin: str, salt: bytes) -> bytes:
        """Keyed by a secret that no disk ever sees: a real PIN typed by mistake cannot be read out of the folder."""
        return hmac.digest(self.secret, salt + pin.encode(), hashlib.sha256)


def opening(live: Terminal) -> tuple[Fact, ...]:
    """The practice journal's first facts of business: who practises, and a shift with a float."""
    who = live.session.operator
    date = local_time(live.now.wall_ms, "%Y-%m-%d")
    return SignedOn(who, live.session.role), LanguageChosen(live.lang), ShiftOpened(BATCH, who, date, FLOAT_FEN, {})


def practice_settings(settings: Settings, who: str) -> Settings:
    """The shop's, with another supervisor to call if there is none, and without the code that leads to a real receipt."""
    others = [row for row in settings.operators if row.active and row.number != who]
    operators = settings.operators
    if not any(role_of(row.number) is Role.SUPERVISOR for row in others):
        kept = tuple(row for row in operators if row.number != STAND_IN)
        operators = (*kept, Operator(number=STAND_IN, name="练习主管"))
    slips = msgspec.structs.replace(settings.slips, qr=False, receipt_url="")
    return msgspec.structs.replace(settings, operators=operators, slips=slips)


def _goods(live: Ledger) -> Iterator[tuple[str, str, str, bytes]]:
    last = ""
    while rows := live.read(
        "SELECT sku, plu, pad, body FROM product WHERE sku > ? ORDER BY sku LIMIT ?", last, GOODS_PAGE
    ):
        last = rows[-1][0]
        yield from rows


def _codes(live: Ledger) -> Iterator[tuple[str, str, int]]:
    last = ""
    while rows := live.read(
        "SELECT code, sku, pack FROM barcode WHERE code > ? ORDER BY code LIMIT ?", last, GOODS_PAGE
    ):
        last = rows[-1][0]
        yield from rows
