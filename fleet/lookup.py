"""Finding sales and refunds of the shop, and keeping count of what is given back of them across terminals.

Keys of a sale: its receipt number `000123-000045`, the order number and the channel's number of each payment. Two terminals
may have the same receipt number: the newest is found, or with the terminal before it (`00010023-000123-000045`) that one's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from fleet.effects import SendAnswer
from fleet.money import Found, MoneyBooks, Movement, Reservation, Return
from fleet.reading import Good
from fleet.store import StoredRecord
from wire.facts import Dress, Fact, Refund, Sale, SettingsApplied, ShiftOpened
from wire.facts import decode as decode_fact
from wire.messages import AnswerReserve, AnswerSale, AskReserve, AskSale, tender_sums
from wire.totals import batch_of

OVER_SUM, WRONG_STATE, NOT_FOUND, OVER_QUANTITY = 5015, 6008, 6009, 6014
EPOCHS_MAX = 8
"""Journals of one terminal that are looked through for a shift."""
_Quantities = dict[str, int]
_OF_TERMINAL = re.compile("(.+)-([0-9]{6,}-[0-9]{6,})")


def receipt_number(batch: int, trace: int) -> str:
    """As it stands on the slip."""
    return f"{batch:06d}-{trace:06d}"


def shelve(books: MoneyBooks, arrivals: Iterable[tuple[str, Good]]) -> None:
    """Enter new records, each with its terminal, where asks will look for them."""
    found: list[Found] = []
    returns: list[Return] = []
    movements: list[Movement] = []
    for terminal, good in arrivals:
        fact, record = good.fact, good.record
        for key in _keys(terminal, fact):
            found.append(Found(key, terminal, record.epoch, record.seq, record.at_ms))
        batch = batch_of(fact)
        if batch is None:
            continue
        movements.append(Movement(terminal, record.epoch, batch, record.seq))
        if isinstance(fact, Refund):
            returns.append(_return(terminal, good, fact))
    if found or movements:
        books.shelve(found, returns, movements)


def refund_key(terminal: str, batch: int, trace: int) -> str:
    """What a refund is found by: nobody who asks for a sale can mean it."""
    return f"refund-{terminal}-{receipt_number(batch, trace)}"


def shift_key(terminal: str, batch: int) -> str:
    """What the opening of a shift is found by."""
    return f"shift-{terminal}-{batch:06d}"


def dress_key(terminal: str) -> str:
    """What settings are found by that changed how a terminal's slips look."""
    return f"dress-{terminal}"


def _keys(terminal: str, fact: Fact) -> list[str]:
    match fact:
        case Sale():
            return _sale_keys(fact)
        case Refund():
            return [refund_key(terminal, fact.batch, fact.trace)]
        case ShiftOpened():
            return [shift_key(terminal, fact.batch)]
        case SettingsApplied() if fact.dress is not None:
            return [dress_key(terminal)]
        case _:
            return []


def _sale_keys(sale: Sale) -> list[str]:
    keys = {receipt_number(sale.batch, sale.trace): None}
    for tender in sale.tenders:
        keys[tender.order_no] = keys[tender.channel_no] = None
    keys.pop("", None)
    return list(keys)


def _return(terminal: str, good: Good, fact: Refund) -> Return:
    back: _Quantities = {}
    for line in fact.lines:
        back[str(line.index)] = back.get(str(line.index), 0) + line.quantity_milli
    origin = fact.origin
    return Return(
        terminal, good.epoch, good.seq, origin.terminal, origin.epoch, origin.seq, msgspec.json.encode(back),
        fact.total_fen, fact.reserve_no,
    )  # fmt: skip


def find(books: MoneyBooks, terminal: str, ask: AskSale) -> SendAnswer:
    """The sale under a key, with what has been given back of it or is reserved."""
    for found in _under(books, ask.key.strip()):
        record = books.record(found.terminal, found.epoch, found.seq)
        sale = sale_of(record)
        if record is not None and sale is not None:
            back, back_fen = given_back(books, record.terminal, record.epoch, record.seq)
            sold = {str(index): line.quantity_milli for index, line in enumerate(sale.lines)}
            capped = {index: min(quantity, sold[index]) for index, quantity in back.items() if index in sold}
            answer = AnswerSale(
                ask.key, 0, record.terminal, record.epoch, record.seq, record.at_ms, sale, capped, back_fen,
                given_tenders(books, record.terminal, record.epoch, record.seq),
            )  # fmt: skip
            return SendAnswer(terminal, answer)
    return SendAnswer(terminal, AnswerSale(ask.key, NOT_FOUND))


def _under(books: MoneyBooks, key: str) -> list[Found]:
    """What a key finds: one row or none."""
    found = books.find(key, 1)
    if not found and (parts := _OF_TERMINAL.fullmatch(key)):
        return books.find(parts[2], 1, parts[1])
    return found


def sale_of(record: StoredRecord | None) -> Sale | None:
    """The sale a stored record is about, None when it is about something else."""
    fact = slip_fact(record)
    return fact if isinstance(fact, Sale) else None


def slip_fact(record: StoredRecord | None) -> Sale | Refund | None:
    """The sale or refund a stored record is about, None when it is about something else."""
    if record is None or record.kind not in (Sale.KIND, Refund.KIND):
        return None
    fact = decode_fact(record.kind, record.version, record.body)
    assert isinstance(fact, Sale | Refund)
    return fact


def dress_of(books: MoneyBooks, record: StoredRecord, fact: Sale | Refund) -> Dress | None:
    """How the slip of a record looks: by the settings applied last before it, else by the opening of its shift. None when
    neither has come, or says so."""
    opened = _opening(books, record, fact.batch)
    said = books.last_before(dress_key(record.terminal), record.terminal, record.epoch, record.seq)
    if said is None or (opened is not None and opened.seq > said.seq):
        said = opened
    row = books.record(said.terminal, said.epoch, said.seq) if said else None
    told = decode_fact(row.kind, row.version, row.body) if row else None
    return told.dress if isinstance(told, ShiftOpened | SettingsApplied) else None


def _opening(books: MoneyBooks, record: StoredRecord, batch: int) -> Found | None:
    """The opening of a shift in the journal of this record."""
    found = books.find(shift_key(record.terminal, batch), EPOCHS_MAX)
    return next((each for each in found if each.epoch == record.epoch), None)


def given_back(books: MoneyBooks, terminal: str, epoch: int, seq: int) -> tuple[_Quantities, int]:
    """What of a sale is booked as given back or reserved: quantities by line, and fen. A reservation and the refund it
    became count once."""
    back: _Quantities = {}
    fen = 0
    rows: list[Return | Reservation] = [*books.returns_of(terminal, epoch, seq)]
    for row in (*rows, *books.reservations_of(terminal, epoch, seq)):
        fen += row.total_fen
        for index, quantity in msgspec.json.decode(row.quantities, type=_Quantities).items():
            back[index] = back.get(index, 0) + quantity
    return back, fen


def given_tenders(books: MoneyBooks, terminal: str, epoch: int, seq: int) -> dict[str, int]:
    """By which means what is booked or reserved of a sale goes back; fen by `tender_key`."""
    sums: dict[str, int] = {}
    parts: list[dict[str, int]] = []
    for row in books.returns_of(terminal, epoch, seq):
        record = books.record(row.terminal, row.epoch, row.seq)
        fact = decode_fact(record.kind, record.version, record.body) if record else None
        parts += [tender_sums(fact.tenders)] if isinstance(fact, Refund) else []
    for kept in books.reservations_of(terminal, epoch, seq):
        parts.append(msgspec.json.decode(kept.tenders, type=dict[str, int]))
    for part in parts:
        for name, fen in part.items():
            sums[name] = sums.get(name, 0) + fen
    return sums


def reserve(books: MoneyBooks, terminal: str, ask: AskReserve, now_ms: int) -> SendAnswer:
    """Keep goods of a sale for one refund, or give a reservation up. The same number again is answered alike."""
    row = books.reservation(ask.refund_no)
    if row is None:
        row = _new_reservation(books, terminal, ask, now_ms)
        if row.code != NOT_FOUND:  # the sale may still come: nothing is decided
            books.put_reservation(row)
    elif not ask.quantities and row.asker == terminal:
        row = replace(row, state="released", code=0)
        books.put_reservation(row)
    elif not _is_same(row, terminal, ask) or row.state == "released":
        return SendAnswer(terminal, AnswerReserve(ask.refund_no, False, WRONG_STATE))
    return SendAnswer(terminal, AnswerReserve(ask.refund_no, row.state == "granted", row.code))


def _new_reservation(books: MoneyBooks, terminal: str, ask: AskReserve, now_ms: int) -> Reservation:
    """A release may overtake its reservation: then that finds the number closed."""
    wanted = msgspec.json.encode(ask.quantities)
    if not ask.quantities:
        return Reservation(*_head(terminal, ask), wanted, ask.total_fen, "released", 0, now_ms)
    code = _refusal(books, ask)
    return Reservation(
        *_head(terminal, ask), wanted, ask.total_fen, "refused" if code else "granted", code, now_ms,
        msgspec.json.encode(ask.tenders),
    )  # fmt: skip


def _refusal(books: MoneyBooks, ask: AskReserve) -> int:
    sale = sale_of(books.record(ask.terminal, ask.epoch, ask.seq))
    if sale is None:
        return NOT_FOUND
    back, back_fen = given_back(books, ask.terminal, ask.epoch, ask.seq)
    if not _fits(sale, back, ask.quantities):
        return OVER_QUANTITY
    over = back_fen + ask.total_fen > sale.due_fen
    return OVER_SUM if over or not _payable(books, sale, ask) else 0


def _payable(books: MoneyBooks, sale: Sale, ask: AskReserve) -> bool:
    """Whether no means gives back more than it brought, and a voucher goes back whole or not at all. Who asks may not know
    what others gave back since; a terminal of a release before says nothing of its means, nor of vouchers."""
    paid = tender_sums(sale.tenders)
    back = given_tenders(books, ask.terminal, ask.epoch, ask.seq)
    fits = all(0 < fen <= paid.get(name, 0) - back.get(name, 0) for name, fen in ask.tenders.items())
    vouchers = {part.voucher.request_no for part in sale.tenders if part.voucher is not None}
    whole = all(ask.tenders[number] == paid[number] for number in vouchers & ask.tenders.keys())
    if not ask.tenders:  # nothing of the vouchers' part may go back in money
        by_money = sum(fen for name, fen in paid.items() if name not in vouchers)
        return sum(fen for name, fen in back.items() if name not in vouchers) + ask.total_fen <= by_money
    return fits and whole and sum(ask.tenders.values()) == ask.total_fen


def _fits(sale: Sale, back: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    sold = {str(index): line.quantity_milli for index, line in enumerate(sale.lines)}
    return all(index in sold and q > 0 and back.get(index, 0) + q <= sold[index] for index, q in wanted.items())


def _head(terminal: str, ask: AskReserve) -> tuple[str, str, str, int, int]:
    return ask.refund_no, terminal, ask.terminal, ask.epoch, ask.seq


def _is_same(row: Reservation, terminal: str, ask: AskReserve) -> bool:
    kept = (row.reserve_no, row.asker, row.terminal, row.epoch, row.seq, row.total_fen)
    quantities = msgspec.json.decode(row.quantities, type=_Quantities)
    return kept == (*_head(terminal, ask), ask.total_fen) and quantities == ask.quantities
