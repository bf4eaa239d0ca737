"""A counter with sales to give back: cash by keys, mixed tenders as the payment desk would have journaled them."""

from pathlib import Path

import msgspec

from firmware.events import Answered, LinkUp
from firmware.txn import original, shift
from firmware.txn.command import Refusal
from firmware.txn.ledger import Stamp
from firmware.txn.original import Original
from firmware.txn.refund import RefundGoods
from rules.orders import order_no
from rules.settings import Settings, defaults
from tests.counter import Counter, _pin_hash
from wire.facts import EpochGranted, Fact, Line, PinChanged, Refund, RefundHeard, Sale, TenderPart
from wire.messages import MoneyAnswer

SUPERVISOR = "00"


def settings(**sections: dict) -> Settings:
    base = defaults()
    parts = {name: msgspec.structs.replace(getattr(base, name), **values) for name, values in sections.items()}
    return msgspec.structs.replace(base, **parts)


def shop(folder: Path, **sections: dict) -> Counter:
    """Open for business; nobody answers yet."""
    return Counter(folder, settings(**sections)).open_for_business()


def online(counter: Counter) -> Counter:
    counter.step(LinkUp())
    journal(counter, EpochGranted(3))
    return counter


def journal(counter: Counter, *given: Fact) -> int:
    """Facts as another desk journals them; the seq of the first."""
    seqs = counter.ledger.append(given, Stamp(counter.day_ms + counter.ms, counter.clock))
    counter.ledger.commit()
    return seqs[0]


def line(
    name: str = "可乐", milli: int = 1000, price: int = 350, amount: int | None = None, net: int | None = None
) -> Line:
    amount = price * milli // 1000 if amount is None else amount
    weighed = milli % 1000 != 0
    return Line("010001", name, milli, price, amount, weighed=weighed, net_fen=amount if net is None else net)


def code_part(counter: Counter, fen: int, trace: int, attempt: int = 1, channel: str = "wechat") -> TenderPart:
    current = shift.current(counter.ledger)
    assert current is not None
    number = order_no(current.business_date, counter.ledger.terminal, 3, current.batch, trace, attempt)
    return TenderPart("code", fen, channel=channel, order_no=number, channel_no=f"42000{trace:023d}")


def sold(counter: Counter, *lines: Line, codes: tuple[int, ...] = (), card: int = 0) -> Original:
    """A sale whose rest was paid in cash."""
    current = shift.current(counter.ledger)
    assert current is not None
    trace = original.recent(counter.ledger, 0)[0][2] + 1 if original.recent(counter.ledger, 0) else 1
    due = sum(x.net_fen or 0 for x in lines)
    total = sum(x.amount_fen for x in lines)
    parts = tuple(code_part(counter, fen, trace, place) for place, fen in enumerate(codes, 1))
    parts += (TenderPart("card", card, reference="123456789012", last4="8888"),) if card else ()
    rest = due - sum(part.paid_fen for part in parts)
    parts += (TenderPart("cash", rest + 100, 100),) if rest else ()
    sale = Sale(
        current.batch, trace, "01", current.business_date, lines, total, total - due, due, parts, 0,
        print_slip=False, open_drawer=False,
    )  # fmt: skip
    found = original.of_seq(counter.ledger, counter.ledger.terminal, journal(counter, sale))
    assert found is not None
    return found


def as_supervisor(counter: Counter) -> Counter:
    """A supervisor is at the counter, their factory PIN long changed; signing on is tested elsewhere."""
    known_supervisor(counter)
    counter.terminal.session = msgspec_replace(counter.terminal.session, operator=SUPERVISOR, role="supervisor")
    return counter


def known_supervisor(counter: Counter) -> Counter:
    """00 has a PIN of their own: 385274."""
    if not counter.ledger.read("SELECT 1 FROM secret WHERE operator = '00'"):
        secret = ("00", b"salt", _pin_hash("385274", b"salt"))
        counter.ledger.append((PinChanged("00", "00"),), Stamp(counter.day_ms + counter.ms, counter.clock), (secret,))
        counter.ledger.commit()
    return counter


def msgspec_replace(session, **values):
    from dataclasses import replace

    return replace(session, **values)


def refund(counter: Counter, known: Original, *chosen: tuple[int, int], reference: str = "") -> Refusal | None:
    """Give these lines and quantities back; all that is left when none are named."""
    now = original.fresh(counter.ledger, counter.ledger.terminal, known)
    assert now is not None
    return counter.terminal.do(RefundGoods(known, chosen or now.everything(), "买错", reference))


def refunds(counter: Counter) -> list[Refund]:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, Refund)]


def of_kind(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


def heard(counter: Counter, refund_no: str, state: str, code: int = 0) -> None:
    journal(counter, RefundHeard(refund_no, state, code))


def answer(counter: Counter, given: MoneyAnswer) -> None:
    counter.step(Answered(given))
