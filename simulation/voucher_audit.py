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
    for check in (_parts, _order, _again, _platforms, _answers, _owed, _lacking, _backs, _codes):
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


def _tries(facts: list[At]) -> dict[str, str]:
    """Numbers under which registered vouchers were tried once more, in their order, and by which their sales hold them."""
    return {at.fact.use.request_no: at.fact.again for at in facts if isinstance(at.fact, VoucherSent) and at.fact.again}


def _tried(facts: list[At]) -> dict[str, list[str]]:
    """By the number of a sale all under which its voucher was tried, the last one last."""
    found = {number: [number] for number in _sold(facts)}
    for number, root in _tries(facts).items():
        found.setdefault(root, [root]).append(number)
    return found


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


def _again(day: Day, facts: list[At]) -> Iterator[str]:
    """Nothing is tried under another number but what a sale lives on, was registered and is refused under its last."""
    sold, newest = _sold(facts), {}
    voided: set[str] = set()
    state: dict[str, str] = {}
    for at in facts:
        match at.fact:
            case VoucherRegistered(use=use):
                newest[use.request_no] = use.request_no
            case VoucherHeard(request_no=number):
                state[number] = at.fact.state
            case Refund():
                voided |= {part.voucher.request_no for part in at.fact.tenders if part.voucher is not None}
            case VoucherSent(again=root, use=use) if root:
                last = newest.get(root, "")
                if state.get(last) != "rejected" or root not in sold or root in voided:
                    yield f"record {at.seq}: {root} is tried again, it is {state.get(last, 'not registered')}"
                if use.request_no in newest.values() or use.request_no in state:
                    yield f"record {at.seq}: {use.request_no} is tried again under a number that was used"
                newest[root] = use.request_no
            case _:
                pass


def _platforms(day: Day, facts: list[At]) -> Iterator[str]:
    """In the evening: whatever a platform has redeemed is in a sale or on the list, and whatever is in a sale is redeemed
    or on the list."""
    sold, voided, tries, tried = _sold(facts), _voided(facts), _tries(facts), _tried(facts)
    handled = {at.fact.request_no for at in facts if isinstance(at.fact, VoucherHandled)}
    listed = day.vouchers_listed | handled
    for number, count in sorted(day.vouchers.items()):
        root = tries.get(number, number)
        if count and number not in listed and (root not in sold or root in voided):
            yield f"a platform has redeemed {number}, and no sale stands for it"
    for number, (seq, _, part) in sorted(sold.items()):
        assert part.voucher is not None
        taken = sum(day.vouchers.get(each, 0) for each in tried[number])
        if number in voided or listed & set(tried[number]):
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


def _lacking(day: Day, facts: list[At]) -> Iterator[str]:
    """What the figures say a sale lacks is the amount of a registered voucher that is refused, and nothing once it is
    redeemed or has gone back with its sale. While nobody knows, it is what it was."""
    registered = {at.fact.use.request_no: at.fact.use for at in facts if isinstance(at.fact, VoucherRegistered)}
    voided, tried = _voided(facts), _tried(facts)
    last: dict[str, str] = {}
    said: Counter[str] = Counter()
    for at in facts:
        if isinstance(at.fact, VoucherHeard):
            last[at.fact.request_no] = at.fact.state
            said[at.fact.request_no] += at.fact.shortage_fen
    for root, use in sorted(registered.items()):
        numbers = tried.get(root, [root])
        state = last.get(numbers[-1], "")
        if state not in ENDS:
            continue
        lacks = use.deduct_fen if state == "rejected" and root not in voided else 0
        if (told := sum(said[each] for each in numbers)) != lacks:
            yield f"the figures say the sale of {root} lacks {told}, it lacks {lacks}"
    for number in sorted(number for number, fen in said.items() if fen and number not in _in(tried)):
        yield f"the figures say a sale lacks {number}, which none holds"


def _in(tried: dict[str, list[str]]) -> set[str]:
    return {number for numbers in tried.values() for number in numbers}


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
    """The code of a voucher is in no record, and nowhere on the card once nothing can be done with it."""
    may_be_wanted = _wanted(facts)
    for number in sorted(day.vouchers_secret - may_be_wanted):
        yield f"the code of {number} is still on the card"
    codes = [code.encode() for code in day.voucher_codes]
    for row in day.rows:
        if any(code in row.body for code in codes):
            yield f"record {row.seq} ({row.kind}) holds a voucher's code"


def _wanted(facts: list[At]) -> set[str]:
    """Registered vouchers that wait to be redeemed, or are refused and may be tried again: nobody has handled them, no later
    try stands for them, and their sale has not gone back."""
    wanted: set[str] = set()
    newest: dict[str, str] = {}
    for at in facts:
        match at.fact:
            case VoucherRegistered(use=use):
                newest[use.request_no] = use.request_no
                wanted.add(use.request_no)
            case VoucherSent(again=root, use=use) if root:
                wanted.discard(newest.get(root, ""))
                newest[root] = use.request_no
                wanted.add(use.request_no)
            case VoucherHeard(request_no=number, state="consumed" | "undone" | "kept") | VoucherHandled(number):
                wanted.discard(number)
            case _:
                pass
    return wanted
