"""What every slip has in common: shop, number, time, terminal, operator, in the shop's own dress."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from firmware.txn import life
from firmware.txn.books import Entry, Reading
from firmware.txn.dress import dress, dress_at
from rules.receipt_token import receipt_token
from rules.settings import Settings
from rules.slip_code import slip_code
from texts import Lang, t
from wire.facts import Dress
from wire.receipt import Receipt, SlipKind

LOCAL = timezone(timedelta(hours=8))
"""Slips and screens show China's time; the journal holds UTC."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a builder may look at beside the fact: who prints, with which settings, and whether the record's clock was
    trusted."""

    terminal: str
    settings: Settings
    books: Reading
    trusted: bool = True
    training: bool = False
    looks: Dress | None = None  # when the slip was first printed; None: as the settings are

    @property
    def lang(self) -> Lang:
        """The shop's language: slips are the customer's."""
        return (self.looks and self.looks.lang) or self.settings.terminal.lang

    def as_at(self, seq: int) -> "Sheet":
        """The same for the slip of the record at `seq`, in the shop's dress of then."""
        return replace(self, looks=dress_at(self.books, seq))

    def say(self, key: str, **args: object) -> str:
        """A text of the room `receipt`."""
        return t("receipt", self.lang, key, **args)


def receipt_number(batch: int, trace: int) -> str:
    """`000123-000045` (domain 5.3)."""
    return f"{batch:06d}-{trace:06d}"


def local(at_ms: int, form: str) -> str:
    """China's time of a UTC moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(LOCAL).strftime(form)


def headed(
    sheet: Sheet, kind: SlipKind, entry: Entry, *, batch: int, trace: int = 0, operator: str = "", **content: Any
) -> Receipt:
    """A slip of this kind with everything around it filled in; `content` is the rest of `Receipt`'s fields.

    `trace` 0: the slip has no number of its own (reports) and no barcode."""
    slips, looks = sheet.settings.slips, sheet.looks or dress(sheet.settings)
    epoch = int(life.value(sheet.books, "epoch_number") or 0)
    around: dict[str, Any] = {
        "shop": looks.shop,
        "number": receipt_number(batch, trace) if trace else "",
        "header": looks.header,
        "logo": slips.logo,
        "address": looks.address,
        "phone": looks.phone,
        "footer": looks.footer if kind == "sale" else (),  # thanks for coming are no words for who gives goods back
        "barcode": slip_code(sheet.terminal, epoch, batch, trace) if trace and slips.barcode else "",
    }
    return Receipt(
        kind=kind,
        lang=sheet.lang,
        date=local(entry.at_ms, "%Y-%m-%d"),
        time=local(entry.at_ms, "%H:%M:%S"),
        clock_trusted=sheet.trusted,
        terminal=sheet.terminal,
        operator=operator,
        batch=f"{batch:06d}",
        training=sheet.training,
        **{**around, **content},
    )


def stamp_box(sheet: Sheet) -> str:
    """Words of the box for the shop's stamp, where the shop wants one (`slips.stamp`)."""
    return sheet.say("sign__stamp") if sheet.settings.slips.stamp else ""


def copy_address(sheet: Sheet, seq: int, batch: int, trace: int, amount_fen: int) -> str:
    """Where the electronic copy of the sale or refund at `seq` is to be read: built offline, proven by its own record's
    hash (`rules.receipt_token`). Empty when the shop has no such page, while practising, and when the record is gone."""
    url = sheet.settings.slips.receipt_url
    rows = sheet.books.read("SELECT hash FROM journal WHERE seq = ?", seq) if url and not sheet.training else []
    if not rows:
        return ""
    return f"{url.rstrip('/')}/{receipt_token(sheet.terminal, batch, trace, amount_fen, bytes(rows[0][0]))}"


def copy_code(sheet: Sheet, seq: int, batch: int, trace: int, amount_fen: int) -> dict[str, str]:
    """The slip's QR code that leads to its electronic copy, as fields of `Receipt`; none where the shop wants none."""
    address = copy_address(sheet, seq, batch, trace, amount_fen) if sheet.settings.slips.qr else ""
    return {"qr": address, "qr_words": sheet.say("tail__qr_receipt")} if address else {}
