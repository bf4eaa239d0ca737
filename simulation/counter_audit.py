"""The auditor's second book: payments, refunds, prices, shifts and copies (decisions 28).

It knows what travels and what the world did, nothing of the terminal's insides: sums are folded here once more, in its
own words. Every finding is one sentence for a person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulation.witness import Day
from wire.facts import (
    Approved,
    BasketHeld,
    BasketRecalled,
    CashMoved,
    DayClosed,
    DrawerReleased,
    Fact,
    HoldDropped,
    NoSale,
    OrderDropped,
    OrderOpened,
    PaymentHeard,
    PaymentSent,
    Refund,
    RefundHeard,
    RefundSent,
    RefundTurned,
    Reprinted,
    ReversalSent,
    Sale,
    ShiftClosed,
    ShiftOpened,
)  # fmt: skip

SUPERVISORS = ("00", *(str(number) for number in range(90, 99)))
OPENS: tuple[type[Fact], ...] = (
    Sale, Refund, RefundTurned, CashMoved, ShiftOpened, ShiftClosed, NoSale, DrawerReleased,
)  # fmt: skip
"""Facts that may open the drawer. A copy, a continuation or a boot is none of them (domain 11.4)."""


@dataclass(frozen=True, slots=True)
class At:
    """A fact at its place."""

    seq: int
    fact: Fact


def audit_counter(day: Day, facts: list[At]) -> Iterator[str]:
    """Everything at the counter that does not fit together."""
    for check in (
        _prices, _numbers, _payments, _channel, _given_back, _did, _till, _approvals, _holds, _copies, _days, _secrets,
    ):  # fmt: skip
        yield from check(day, facts)


def _sales(facts: list[At]) -> list[tuple[int, Sale]]:
    return [(at.seq, at.fact) for at in facts if isinstance(at.fact, Sale)]


# --- prices -----------------------------------------------------------------------------------------


def _prices(day: Day, facts: list[At]) -> Iterator[str]:
    """Lines, reductions, rounding and tenders make one sum, and nothing is ever added to a price."""
    for seq, sale in _sales(facts):
        lines = sum(line.amount_fen for line in sale.lines)
        off = sum(step.amount_fen for step in sale.reductions)
        if lines != sale.total_fen or lines - off - sale.rounding_fen != sale.due_fen:
            yield f"sale {seq}: {lines} - {off} - {sale.rounding_fen} is not the {sale.due_fen} due"
        if any(step.amount_fen < 0 for step in sale.reductions) or sale.rounding_fen < 0 or sale.due_fen < 0:
            yield f"sale {seq} adds to a price"
        nets = [line.amount_fen if line.net_fen is None else line.net_fen for line in sale.lines]
        if any(line.net_fen is not None for line in sale.lines) and sum(nets) != sale.due_fen:
            yield f"sale {seq}: the lines bring {nets}, due are {sale.due_fen}"
        if any(not 0 <= net <= line.amount_fen for net, line in zip(nets, sale.lines, strict=True)):
            yield f"sale {seq}: a line brings less than nothing or more than it costs: {nets}"
        paid = sum(part.paid_fen - part.change_fen for part in sale.tenders)
        if paid != sale.due_fen:
            yield f"sale {seq}: tenders make {paid}, due are {sale.due_fen}"
        if any(part.change_fen and part.kind != "cash" for part in sale.tenders):
            yield f"sale {seq} gives change on other than cash"
        if any(part.change_fen < 0 or part.change_fen > part.paid_fen for part in sale.tenders):
            yield f"sale {seq} gives more change than was paid"


def _numbers(day: Day, facts: list[At]) -> Iterator[str]:
    """Trace numbers go on by one over everything that has one; an order and its sale share theirs."""
    traces: list[int] = []
    opened: set[int] = set()
    for at in facts:
        match at.fact:
            case OrderOpened(trace=trace):
                opened.add(trace)
                traces.append(trace)
            case Sale(trace=trace):
                if trace not in opened:
                    traces.append(trace)
            case Refund(trace=trace) | CashMoved(trace=trace):
                traces.append(trace)
            case RefundTurned(trace=trace):
                if trace not in traces:  # else the refund's own; money that came late belongs to none
                    traces.append(trace)
            case _:
                pass
    if traces != list(range(1, len(traces) + 1)):
        odd = next((trace for place, trace in enumerate(traces, 1) if trace != place), 0)
        yield f"trace numbers are not 1 to {len(traces)} without gap: {odd} is out of place"
    sold = Counter(sale.trace for _, sale in _sales(facts))
    for trace, count in sorted(sold.items()):
        if count > 1:
            yield f"{count} sales under trace {trace}"


# --- payments -----------------------------------------------------------------------------------------


def _payments(day: Day, facts: list[At]) -> Iterator[str]:
    """A number once sent is one payment for ever; a sale rests on payments that were heard to be paid, each once."""
    sent: dict[str, PaymentSent] = {}
    paid: dict[str, int] = {}
    reversing: set[str] = set()
    used: Counter[str] = Counter()
    for at in facts:
        match at.fact:
            case PaymentSent() as payment:
                if payment.order_no in sent:
                    yield f"record {at.seq}: the order number {payment.order_no} is sent anew"
                if payment.amount_fen <= 0:
                    yield f"record {at.seq}: a payment of {payment.amount_fen}"
                expected = f"{payment.batch:06d}{payment.trace:06d}{payment.attempt:02d}"
                if not payment.order_no.endswith(expected) or len(payment.order_no) != 32:
                    yield f"record {at.seq}: {payment.order_no} is not the number of attempt {expected}"
                sent[payment.order_no] = payment
            case PaymentHeard(order_no=order_no) as heard:
                if order_no not in sent:
                    yield f"record {at.seq}: an answer for {order_no}, which was never sent"
                elif heard.state == "paid":
                    if heard.paid_fen != sent[order_no].amount_fen:
                        yield f"record {at.seq}: {heard.paid_fen} paid of {sent[order_no].amount_fen} is called paid"
                    paid[order_no] = heard.paid_fen
            case ReversalSent(order_no=order_no):
                if order_no not in sent:
                    yield f"record {at.seq}: a reversal of {order_no}, which was never sent"
                reversing.add(order_no)
            case Sale() as sale:
                for part in sale.tenders:
                    if part.kind != "code":
                        continue
                    used[part.order_no] += 1
                    if paid.get(part.order_no) != part.paid_fen:
                        yield f"sale {at.seq} rests on {part.order_no}, which was not heard to be paid"
                    if part.order_no in sent and sent[part.order_no].trace != sale.trace:
                        yield f"sale {at.seq} rests on a payment of another order"
            case _:
                pass
    for order_no, count in used.items():
        if count > 1:
            yield f"{count} sales rest on the payment {order_no}"


def _channel(day: Day, facts: list[At]) -> Iterator[str]:
    """In the evening the channel holds for each order what the shop sold for it less what it gave back by it."""
    booked: Counter[str] = Counter()
    for at in facts:
        match at.fact:
            case Sale(tenders=tenders):
                for part in tenders:
                    if part.kind == "code":
                        booked[part.order_no] += part.paid_fen
            case _:
                pass
    wanted = {at.fact.refund_no: at.fact for at in facts if isinstance(at.fact, RefundSent)}
    given: set[str] = set()
    for at in facts:
        if isinstance(at.fact, RefundHeard) and at.fact.state == "refunded" and at.fact.refund_no not in given:
            given.add(at.fact.refund_no)
            order = wanted.get(at.fact.refund_no)
            if order is None:
                yield f"record {at.seq}: a refund {at.fact.refund_no} that nobody sent"
            elif order.trace:
                booked[order.order_no] -= order.amount_fen
    for at in facts:
        if isinstance(at.fact, RefundTurned) and (late := wanted.get(at.fact.refund_no)) and not late.trace:
            booked[late.order_no] += at.fact.amount_fen  # the customer has it in cash, the channel keeps the shop's
    sent = {at.fact.order_no for at in facts if isinstance(at.fact, PaymentSent)}
    reversed_ = {at.fact.order_no for at in facts if isinstance(at.fact, PaymentHeard) and at.fact.state == "reversed"}
    voided = {at.fact.order_no for at in facts if isinstance(at.fact, ReversalSent) and at.fact.why == "void"}
    for order_no in voided & reversed_:
        booked[order_no] = 0
    for order_no, money in sorted(day.channel.items()):
        if order_no not in sent:
            yield f"the channel knows {order_no}, the journal does not"
        if money.held_fen != booked[order_no]:
            yield f"the channel holds {money.held_fen} for {order_no}, the journal {booked[order_no]} ({money})"
    for order_no in sorted(booked.keys() - day.channel.keys()):
        if booked[order_no]:
            yield f"{booked[order_no]} are booked for {order_no}, the channel knows nothing of it"
    settled = {at.fact.trace for at in facts if isinstance(at.fact, Sale | OrderDropped)}
    for at in facts:
        if isinstance(at.fact, OrderOpened) and at.fact.trace not in settled:
            yield f"the order {at.fact.trace} was neither sold nor given up by the evening"


# --- giving back -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Back:
    """What was given back of one sale."""

    quantities: Counter[int] = field(default_factory=Counter)
    amounts: Counter[int] = field(default_factory=Counter)
    tenders: Counter[str] = field(default_factory=Counter)
    total_fen: int = 0
    vouchers: set[str] = field(default_factory=set)  # given back, by request number
    void: bool = False


def _given_back(day: Day, facts: list[At]) -> Iterator[str]:
    """Never more than was sold, never more than was paid, by no tender more than it brought; a void is whole."""
    sales = dict(_sales(facts))
    backs: dict[int, _Back] = defaultdict(_Back)
    turned = Counter(at.fact.refund_no for at in facts if isinstance(at.fact, RefundTurned))
    done = {at.fact.refund_no for at in facts if isinstance(at.fact, RefundHeard) and at.fact.state == "refunded"}
    for refund_no, count in turned.items():
        if count > 1 or refund_no in done:
            yield f"the refund {refund_no} was paid in cash {count} times and by the channel {refund_no in done}"
    sent = {at.fact.refund_no: at.fact for at in facts if isinstance(at.fact, RefundSent)}
    for at in facts:
        if not isinstance(at.fact, Refund):
            continue
        for part in at.fact.tenders:
            asked = sent.get(part.refund_no)
            if part.kind == "code" and (asked is None or asked.amount_fen != part.paid_fen):
                yield f"refund {at.seq} gives {part.paid_fen} back by {part.channel}, which was never asked to"
            if part.kind == "code" and part.refund_no not in done | turned.keys():
                yield f"refund {at.seq}: what became of {part.refund_no} is not known by the evening"
        refund, sale = at.fact, sales.get(at.fact.origin.seq)
        if refund.origin.terminal != day.terminal:
            continue
        if sale is None or at.fact.origin.seq > at.seq:
            yield f"refund {at.seq} is of record {refund.origin.seq}, which is no sale before it"
            continue
        back = backs[refund.origin.seq]
        yield from (f"refund {at.seq}: {what}" for what in _one_refund(refund, sale, back))


def _one_refund(refund: Refund, sale: Sale, back: _Back) -> Iterator[str]:
    if not refund.lines or refund.total_fen < 0:
        yield "gives nothing back"
    if sum(line.amount_fen for line in refund.lines) != refund.total_fen:
        yield "the lines do not add up"
    if sum(part.paid_fen for part in refund.tenders) != refund.total_fen:
        yield "the tenders do not add up"
    if back.void:
        yield "of a sale that was voided"
    if refund.way == "void":
        if back.total_fen or refund.total_fen != sale.due_fen or refund.batch != sale.batch:
            yield "a void must be whole, of this batch, and the first"
        back.void = True
    back.vouchers |= {part.voucher.request_no for part in refund.tenders if part.voucher is not None}
    kept = [
        part.voucher.shares for part in sale.tenders if part.voucher and part.voucher.request_no not in back.vouchers
    ]
    for line in refund.lines:
        back.quantities[line.index] += line.quantity_milli
        back.amounts[line.index] += line.amount_fen
    _brought_later(refund, back)
    for index in sorted(back.quantities):
        sold = sale.lines[index]
        net = sold.amount_fen if sold.net_fen is None else sold.net_fen
        net -= sum(shares[index] for shares in kept)  # what a voucher that stays redeemed paid is nobody's to have back
        if back.quantities[index] > sold.quantity_milli:
            yield f"{back.quantities[index]} of {sold.quantity_milli} come back of line {index}"
        if back.amounts[index] > net:
            yield f"{back.amounts[index]} of {net} are given back for line {index}"
        if back.quantities[index] == sold.quantity_milli and back.amounts[index] != net:
            yield f"the whole line {index} brought {net}, {back.amounts[index]} were given back"
    for part in refund.tenders:
        key = part.order_no or part.kind
        back.tenders[key] += part.paid_fen
    back.total_fen += refund.total_fen
    came = Counter[str]()
    for part in sale.tenders:
        came[part.order_no or part.kind] += part.paid_fen - part.change_fen
    if back.total_fen > sale.due_fen:
        yield f"{back.total_fen} given back of {sale.due_fen}"
    for key, fen in back.tenders.items():
        if key != "cash" and fen > came[key]:
            yield f"{fen} given back by {key}, which brought {came[key]}"


def _brought_later(refund: Refund, back: _Back) -> None:
    """A voucher goes back whole with the last of its goods: there it brings what it paid of those that came back before."""
    for part in refund.tenders:
        shares = part.voucher.shares if part.voucher is not None else ()
        here = [line.index for line in refund.lines if line.index < len(shares) and shares[line.index]]
        for index, share in enumerate(shares):
            if share and here and index not in here:
                back.amounts[index] += share
                back.amounts[here[-1]] -= share


# --- the till -----------------------------------------------------------------------------------------


def cash_of(fact: Fact) -> int:
    """What a fact does to the cash in the drawer; fen."""
    match fact:
        case Sale(tenders=tenders):
            return sum(part.paid_fen - part.change_fen for part in tenders if part.kind == "cash")
        case Refund(tenders=tenders):
            return -sum(part.paid_fen for part in tenders if part.kind == "cash")
        case RefundTurned(amount_fen=fen):
            return -fen
        case CashMoved(way="in", amount_fen=fen):
            return fen
        case CashMoved(way="out", amount_fen=fen):
            return -fen
        case _:
            return 0


def by_hand(fact: Fact) -> bool:
    """Whether cash went through a person's hands for it."""
    return bool(cash_of(fact))


def deed(fact: Fact) -> str:
    """What a person would call it."""
    return f"cash_{fact.way}" if isinstance(fact, CashMoved) else fact.KIND


def _did(day: Day, facts: list[At]) -> Iterator[str]:
    """What went through the clerk's hands is what is booked, in the same order, to the fen."""
    booked = [(deed(at.fact), cash_of(at.fact)) for at in facts if by_hand(at.fact)]
    did = [(each.kind, each.cash_fen) for each in day.did]
    if booked != did:
        place = next(
            (i for i, (a, b) in enumerate(zip(booked, did, strict=False)) if a != b), min(len(booked), len(did))
        )
        yield f"{len(did)} deeds, {len(booked)} booked; at {place} booked {booked[place:][:1]}, done {did[place:][:1]}"


def _till(day: Day, facts: list[At]) -> Iterator[str]:
    """Expected cash is the float and what came and went since; batches follow each other; the world counts the same."""
    expected, batch, first = 0, 0, 0
    for at in facts:
        match at.fact:
            case ShiftOpened() as opened:
                if batch:
                    yield f"record {at.seq}: a shift is opened while {batch} is open"
                batch, expected, first = opened.batch, opened.float_fen, at.seq
            case ShiftClosed() as closed:
                if closed.batch != batch:
                    yield f"record {at.seq}: batch {closed.batch} is closed, {batch} is open"
                if closed.expected_fen != expected:
                    yield f"record {at.seq}: {closed.expected_fen} expected, the journal makes {expected}"
                if closed.counted_fen - closed.expected_fen != closed.difference_fen:
                    yield f"record {at.seq}: the difference of {closed.counted_fen} is not {closed.difference_fen}"
                counted = sum(int(fen) * pieces for fen, pieces in closed.counted.items())
                if counted != closed.counted_fen and closed.counts:  # a full batch is changed without counting
                    yield f"record {at.seq}: the count does not add up"
                if closed.first_seq != first:
                    yield f"record {at.seq}: the shift began at {first}, not {closed.first_seq}"
                batch = 0
            case _:
                expected += cash_of(at.fact)
                own = getattr(at.fact, "batch", batch)
                if (
                    isinstance(at.fact, Sale | Refund | CashMoved)
                    and own != batch
                    and not getattr(at.fact, "late", False)
                ):
                    yield f"record {at.seq}: {at.fact.KIND} of batch {own} in batch {batch}"
    for seq, fen in day.drawer_at.items():
        said = [at.fact.counted_fen for at in facts if at.seq == seq and isinstance(at.fact, ShiftClosed)]
        if said != [fen]:
            yield f"in the drawer lay {fen} when the shift was closed by {seq}, counted are {said}"


def _days(day: Day, facts: list[At]) -> Iterator[str]:
    """The grand total never resets, Z numbers go on by one, a day closes with all its shifts closed."""
    grand, number, open_batch = 0, 0, 0
    for at in facts:
        match at.fact:
            case ShiftOpened(batch=batch):
                open_batch = batch
            case ShiftClosed():
                open_batch = 0
            case Sale(due_fen=due):
                grand += due
            case Refund(total_fen=total):
                grand -= total
            case DayClosed() as closed:
                number += 1
                if closed.number != number:
                    yield f"record {at.seq}: Z {closed.number} follows Z {number - 1}"
                if open_batch:
                    yield f"record {at.seq}: the day is closed, shift {open_batch} is not"
                if closed.grand_total_fen != grand:
                    yield f"record {at.seq}: the grand total is {closed.grand_total_fen}, sales less refunds make {grand}"
            case _:
                pass


# --- people -----------------------------------------------------------------------------------------


def _approvals(day: Day, facts: list[At]) -> Iterator[str]:
    """What needs two people has two, both on record, and the second is a supervisor."""
    approved = [at for at in facts if isinstance(at.fact, Approved)]
    for at in approved:
        assert isinstance(at.fact, Approved)
        if at.fact.approver not in SUPERVISORS or at.fact.approver == at.fact.operator:
            yield f"record {at.seq}: {at.fact.operator} was allowed {at.fact.action} by {at.fact.approver}"
    pairs = {(at.fact.operator, at.fact.approver) for at in approved if isinstance(at.fact, Approved)}
    for at in facts:
        if not isinstance(at.fact, Refund | RefundTurned | CashMoved | NoSale | ShiftClosed | Reprinted):
            continue
        operator, approver = at.fact.operator, at.fact.approver
        if approver and (operator, approver) not in pairs:
            yield f"record {at.seq}: {approver} approved {at.fact.KIND}, no approval is on record"
        if isinstance(at.fact, Refund | RefundTurned) and operator not in SUPERVISORS and not approver:
            yield f"record {at.seq}: {operator} gave money back alone"


def _secrets(day: Day, facts: list[At]) -> Iterator[str]:
    """A customer's code is a bearer credential: it stands on no record and no paper."""
    for secret in sorted(day.secrets):
        for row in day.rows:
            if secret.encode() in row.body:
                yield f"record {row.seq} ({row.kind}) holds the customer's code"
        if any(secret in line for slip in day.slips for line in slip.rows):
            yield "a slip holds a customer's code"


# --- holds and copies -----------------------------------------------------------------------------------------


def _holds(day: Day, facts: list[At]) -> Iterator[str]:
    """A held basket is there until it is recalled or dropped, once; never more than twenty."""
    held: dict[int, BasketHeld] = {}
    for at in facts:
        match at.fact:
            case BasketHeld(hold=hold) as fact:
                if hold in held:
                    yield f"record {at.seq}: the hold {hold} is taken"
                held[hold] = fact
                if len(held) > 20:
                    yield f"record {at.seq}: {len(held)} baskets are held"
            case BasketRecalled(hold=hold) | HoldDropped(hold=hold):
                if held.pop(hold, None) is None:
                    yield f"record {at.seq}: the hold {hold} is taken away, nobody put it there"
            case _:
                pass


def _copies(day: Day, facts: list[At]) -> Iterator[str]:
    """Copies are counted from one and open no drawer; every pulse has a fact that may open it, and only one."""
    counts: Counter[int] = Counter()
    kinds = {at.seq: at.fact for at in facts}
    for at in facts:
        if isinstance(at.fact, Reprinted):
            counts[at.fact.of] += 1
            if at.fact.count != counts[at.fact.of]:
                yield f"record {at.seq}: copy {at.fact.count} of {at.fact.of} is the {counts[at.fact.of]}th"
            if at.fact.of >= at.seq:
                yield f"record {at.seq} is a copy of something later"
    for pulse in day.pulses:
        if not isinstance(kinds.get(pulse.cause), OPENS):
            yield f"a pulse at {pulse.at_ms} ms for {pulse.cause}, a {type(kinds.get(pulse.cause)).__name__}"
