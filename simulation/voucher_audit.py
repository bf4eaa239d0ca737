"""What the auditor asks of vouchers, from facts and from the platforms' own books alone (domain 3): no voucher is redeemed
without a sale, and no sale lives on a voucher that was not, unless a person has been told and it stands on the list.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from simulation.counter_audit import At
from simulation.witness import Day
from wire.facts import (
    OrderDropped,
    OrderOpened,
    Refund,
    Sale,
    TenderPart,
    VoucherHandled,
    VoucherHeard,
    VoucherRegistered,
    VoucherSent,
    VoucherUndoSent,
    VoucherUse,
)

ENDS = ("consumed", "rejected", "undone", "kept")


def audit(day: Day, facts: list[At]) -> Iterator[str]:
    """Everything that is wrong about vouchers in this day."""
    for check in (_parts, _order, _platforms, _answers, _owed, _backs, _codes):
        yield from check(day, facts)


def _sold(facts: list[At]) -> dict[str, tuple[int, Sale, TenderPart]]:
    """Voucher parts of sales by request number: where, the sale, the part."""
    return {
        part.voucher.request_no: (at.seq, at.fact, part)
        for at in facts
        if isinstance(at.fact, Sale)
        for part in at.fact.tenders
        if part.kind == "voucher" and part.voucher is not None
    }


def _parts(day: Day, facts: list[At]) -> Iterator[str]:
    """A voucher pays for lines of its sale, no line more than it brings, and gives no change."""
    seen: Counter[str] = Counter()
    for at in facts:
        if not isinstance(at.fact, Sale):
            continue
        sale = at.fact
        nets = [line.amount_fen if line.net_fen is None else line.net_fen for line in sale.lines]
        borne = [0] * len(nets)
        for part in sale.tenders:
            if part.kind != "voucher":
                continue
            use = part.voucher
            if use is None:
                yield f"sale {at.seq} has a voucher part without a voucher"
                continue
            seen[use.request_no] += 1
            if part.change_fen or part.paid_fen != use.deduct_fen or sum(use.shares) != use.deduct_fen:
                yield f"sale {at.seq}: the voucher {use.request_no} takes off {part.paid_fen}, its lines bear {use.shares}"
            if len(use.shares) != len(nets):
                yield f"sale {at.seq}: {len(use.shares)} shares of {len(nets)} lines"
                continue
            borne = [had + share for had, share in zip(borne, use.shares, strict=True)]
        slack = sale.rounding_fen  # taken off the lines after the vouchers
        if any(share < 0 for share in borne) or any(
            share > net + slack for share, net in zip(borne, nets, strict=True)
        ):
            yield f"sale {at.seq}: vouchers bear {borne} of {nets}"
    yield from (f"the voucher {number} is in {count} sales" for number, count in sorted(seen.items()) if count > 1)


def _order(day: Day, facts: list[At]) -> Iterator[str]:
    """Journaled before it leaves; one number for one use; a sale only after its vouchers are redeemed."""
    uses: dict[str, VoucherUse] = {}
    state: dict[str, str] = {}
    registered: set[str] = set()
    for at in facts:
        match at.fact:
            case VoucherSent(use=use):
                before = uses.setdefault(use.request_no, use)
                if (before.platform, before.count, before.deduct_fen) != (use.platform, use.count, use.deduct_fen):
                    yield f"record {at.seq}: {use.request_no} stands for two uses"
            case VoucherRegistered(use=use, approver=approver):
                uses.setdefault(use.request_no, use)
                registered.add(use.request_no)
                if not approver:
                    yield f"record {at.seq}: {use.request_no} was registered by nobody who may"
            case VoucherHeard(request_no=number):
                if number not in uses:
                    yield f"record {at.seq}: {number} was heard of and never sent"
                state[number] = at.fact.state
            case VoucherUndoSent(request_no=number):
                if number not in uses:
                    yield f"record {at.seq}: {number} is undone and was never sent"
            case Sale():
                for part in at.fact.tenders:
                    number = part.voucher.request_no if part.voucher else ""
                    redeemed = state.get(number) in ("consumed", "kept")  # kept: the platform did not take it back
                    if number and number not in registered and not redeemed:
                        yield f"sale {at.seq} lives on {number}, which is {state.get(number, 'not asked for')}"
            case _:
                pass


def _platforms(day: Day, facts: list[At]) -> Iterator[str]:
    """In the evening: whatever a platform has redeemed is in a sale or on the list, and whatever is in a sale is redeemed
    or on the list."""
    sold, voided = _sold(facts), _voided(facts)
    handled = {at.fact.request_no for at in facts if isinstance(at.fact, VoucherHandled)}
    listed = day.vouchers_listed | handled
    for number, count in sorted(day.vouchers.items()):
        if count and number not in listed and (number not in sold or number in voided):
            yield f"a platform has redeemed {number}, and no sale stands for it"
    for number, (seq, _, part) in sorted(sold.items()):
        assert part.voucher is not None
        taken = day.vouchers.get(number, 0)
        if number in voided or number in listed:
            continue
        if taken != part.voucher.count:
            yield f"sale {seq} lives on {part.voucher.count} vouchers of {number}, the platform has redeemed {taken}"


def _voided(facts: list[At]) -> set[str]:
    """Vouchers given back with their sale."""
    return {
        part.voucher.request_no
        for at in facts
        if isinstance(at.fact, Refund)
        for part in at.fact.tenders
        if part.kind == "voucher" and part.voucher is not None
    }


def _answers(day: Day, facts: list[At]) -> Iterator[str]:
    """By the evening every use has an end that its platform agrees with."""
    last: dict[str, str] = {}
    sent: set[str] = set()
    for at in facts:
        match at.fact:
            case VoucherSent(use=use):
                sent.add(use.request_no)
            case VoucherHeard(request_no=number, state=heard):
                last[number] = heard
            case _:
                pass
    for number in sorted(sent):
        state = last.get(number, "sent")
        if state not in ENDS and number not in day.vouchers_listed:
            yield f"{number} is still {state} in the evening and on no list"
        count = day.vouchers.get(number, 0)
        if state in ("rejected", "undone") and count:
            yield f"{number} is {state} here and redeemed at the platform"
        if state in ("consumed", "kept") and not count and number not in day.vouchers_listed:
            yield f"{number} is {state} here, the platform has nothing redeemed under it"
    dropped = {at.fact.trace for at in facts if isinstance(at.fact, OrderDropped)}
    for at in facts:
        if isinstance(at.fact, OrderOpened) and at.fact.trace in dropped:
            for use in at.fact.vouchers:
                if last.get(use.request_no) == "consumed" and use.request_no not in day.vouchers_listed:
                    yield f"{use.request_no} stays redeemed for the order {at.fact.trace} that was given up"


def _owed(day: Day, facts: list[At]) -> Iterator[str]:
    """What a platform is to pay for a voucher stands in the figures once: with its sale, or, of one that was registered or
    that no sale stands for, by what was heard of it."""
    standing = _sold(facts).keys() - _voided(facts)
    over = {at.fact.trace for at in facts if isinstance(at.fact, OrderDropped | Sale)}
    uses: dict[str, tuple[int, VoucherUse]] = {}
    last: dict[str, str] = {}
    said: Counter[str] = Counter()
    worth: dict[str, int] = defaultdict(int)
    for at in facts:
        match at.fact:
            case VoucherSent(trace=trace, use=use) | VoucherRegistered(trace=trace, use=use):
                uses.setdefault(use.request_no, (trace, use))
            case VoucherHeard(request_no=number):
                last[number] = at.fact.state
                said[number] += at.fact.verified_fen + at.fact.kept_fen
                worth[number] = max(worth[number], at.fact.paid_fen + at.fact.platform_fen)
            case _:
                pass
    for number, (trace, use) in sorted(uses.items()):
        state = last.get(number, "")
        if state not in ENDS:
            continue
        due = 0
        if use.registered and state in ("consumed", "kept"):
            due = worth[number] or use.deduct_fen
        elif state == "kept" and number not in standing and trace in over:
            due = worth[number]
        if said[number] != due:
            yield f"the figures say {said[number]} is owed for {number} beside its sale, it is {due}"


def _backs(day: Day, facts: list[At]) -> Iterator[str]:
    """A voucher's part never goes back in money: what other means give back of a sale is at most what they brought. A
    voucher goes back when all that it paid for has come back."""
    sales = {at.seq: at.fact for at in facts if isinstance(at.fact, Sale)}
    given: dict[int, int] = defaultdict(int)
    back: Counter[tuple[int, int]] = Counter()  # by sale and line
    for at in facts:
        if isinstance(at.fact, Refund) and at.fact.origin.terminal == day.terminal:
            of = at.fact.origin.seq
            given[of] += sum(part.paid_fen for part in at.fact.tenders if part.kind != "voucher")
            back.update({(of, line.index): line.quantity_milli for line in at.fact.lines})
            lines = sales[of].lines if of in sales else ()
            out = {index for index, line in enumerate(lines) if back[of, index] < line.quantity_milli}
            for use in (part.voucher for part in at.fact.tenders if part.voucher is not None):
                if any(share and index in out for index, share in enumerate(use.shares)):
                    yield f"refund {at.seq} gives {use.request_no} back while the customer keeps what it paid for"
    for seq, fen in sorted(given.items()):
        sale = sales.get(seq)
        if sale is None:
            continue
        by_voucher = sum(part.paid_fen for part in sale.tenders if part.kind == "voucher")
        if fen > sale.due_fen - by_voucher:
            yield f"of sale {seq} {fen} went back in money, {sale.due_fen - by_voucher} came in"


def _codes(day: Day, facts: list[At]) -> Iterator[str]:
    """The code of a voucher is in no record."""
    codes = [code.encode() for code in day.voucher_codes]
    for row in day.rows:
        if any(code in row.body for code in codes):
            yield f"record {row.seq} ({row.kind}) holds a voucher's code"
