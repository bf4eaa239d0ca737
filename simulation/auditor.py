"""Compares the witnesses of a day (decisions 28). It knows what travels and what was seen, nothing
of the terminal's insides.

Every finding is one sentence for a person; no finding means that the world, the paper, the drawer and the backend agree.
"""

import re
from collections import Counter
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simulation.counter_audit import At, audit_counter
from simulation.voucher_audit import audit as audit_vouchers
from simulation.witness import Day, Handed, Pulse, Row, Slip, Taken
from wire.facts import (
    BasketCancelled,
    Born,
    DrawerPulsed,
    DrawerReleased,
    EpochGranted,
    LineRemoved,
    NoSale,
    Sale,
    Seal,
    ShiftOpened,
    SlipContinued,
    SlipDropped,
    SlipPrinted,
    decode,
)  # fmt: skip
from wire.records import GENESIS, chain_hash, header_bytes, seal_text

_NUMBER = re.compile(r"\d{6}-\d{6}")
_SUMS = {
    "due": re.compile(r"^(?:应收|Due)[:：]\s*(-?\d+\.\d\d)$"),
    "cash": re.compile(r"^(?:现金|Cash)[:：]\s*(-?\d+\.\d\d)$"),
    "change": re.compile(r"^(?:找零|Change)[:：]\s*(-?\d+\.\d\d)$"),
}
HEAD_ROWS = 3
"""A slip torn before these may not show yet what mark it carries."""

_MARKS = ("续打", "CONTINUED", "补打", "COPY No.")
NEVER_SELLS = ("99",)
"""The administrator's number: system work and money are kept apart (domain 12)."""


def audit(day: Day) -> list[str]:
    """Everything that does not fit together."""
    findings = list(day.objections)
    if not day.rows:
        return [*findings, "the backend has nothing of this day"]
    facts = [At(row.seq, decode(row.kind, row.version, row.body)) for row in day.rows]
    for check in (_backend, _chain, _seals, _life, _reports, _originals, _claims):
        findings += check(day, facts)
    if day.staff == "clerk":
        return [*findings, *audit_counter(day, facts), *audit_vouchers(day, facts)]
    for check in (_sales, _numbers, _cash, _rights, _paper, _drawer, _baskets):
        findings += check(day, facts)
    return findings


# --- the backend's rows as a journal -----------------------------------------------------------------------------------


def _backend(day: Day, facts: list[At]) -> Iterator[str]:
    """All there, nothing twice, nothing else, nothing acknowledged that is not kept."""
    mine = {row.seq: row for row in day.journal}
    if [row.seq for row in day.rows] != list(range(1, len(day.rows) + 1)):
        yield f"the backend's records have gaps: {len(day.rows)} rows up to {day.rows[-1].seq}"
    if len(day.rows) != len(mine):
        yield f"the backend holds {len(day.rows)} records, the journal {len(mine)}"
    for row in day.rows:
        own = mine.get(row.seq)
        if own is None or (own.hash, own.body) != (row.hash, row.body):
            yield f"record {row.seq} ({row.kind}) at the backend is not the journal's"
            break
    if day.acked_seq > day.backend_upto:
        yield f"acknowledged up to {day.acked_seq}, the backend says {day.backend_upto}"
    if day.conflicts or day.quarantined:
        yield f"the backend holds {day.conflicts} conflicts and {day.quarantined} unreadable records"
    for table in day.rebuild_differences:
        yield f"the table {table} rebuilt from the journal is another one"


def _chain(day: Day, facts: list[At]) -> Iterator[str]:
    for name, rows in (("backend", day.rows), ("journal", day.journal)):
        prev = GENESIS
        for row in rows:
            header = header_bytes(day.terminal, day.epoch, row.seq, row.kind, row.version, row.at_ms, row.clock)
            whole = bytes.fromhex(row.prev) == prev and chain_hash(prev, header, row.body).hex() == row.hash
            if not whole and row.seq not in day.damaged:
                yield f"{name}: record {row.seq} ({row.kind}) does not fit the chain"
                break
            prev = bytes.fromhex(row.hash)


def _seals(day: Day, facts: list[At]) -> Iterator[str]:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(day.journal_key))
    hashes = {row.seq: row.hash for row in day.rows}
    last = 0
    for at in facts:
        if isinstance(at.fact, Seal):
            seal = at.fact
            try:
                key.verify(bytes.fromhex(seal.signature), seal_text(day.terminal, day.epoch, seal.upto, seal.hash))
            except InvalidSignature:
                yield f"seal {at.seq} is not signed by the journal key"
            if hashes.get(seal.upto) != seal.hash:
                yield f"seal {at.seq} seals another record {seal.upto}"
            last = at.seq
    if len(facts) - last > 250:
        yield f"no seal over the last {len(facts) - last} records"


def _life(day: Day, facts: list[At]) -> Iterator[str]:
    if not isinstance(facts[0].fact, Born) or facts[0].fact.journal_key != day.journal_key:
        yield "the journal does not begin with its birth"
    if sum(isinstance(at.fact, Born) for at in facts) != 1:
        yield "born more than once"
    if sum(isinstance(at.fact, EpochGranted) for at in facts) > 1:
        yield "the journal was given a number twice"
    shifts = [at.fact for at in facts if isinstance(at.fact, ShiftOpened)]
    if day.staff == "cashier" and (len(shifts) != 1 or shifts[0].float_fen != day.float_fen):
        yield f"one shift with {day.float_fen} was opened, the backend knows {shifts}"


# --- goods and money ---------------------------------------------------------------------------------------------------


def _sold(facts: list[At]) -> list[tuple[int, Sale]]:
    return [(at.seq, at.fact) for at in facts if isinstance(at.fact, Sale)]


def _sales(day: Day, facts: list[At]) -> Iterator[str]:
    """What went over the counter is what is booked, in the same order, each exactly once."""
    sales = _sold(facts)
    if len(sales) != len(day.handed):
        yield f"{len(day.handed)} sales went over the counter, {len(sales)} are booked"
    for handed, (seq, sale) in zip(day.handed, sales, strict=False):
        yield from (f"sale {seq}: {what}" for what in _one_sale(day, handed, sale))


def _one_sale(day: Day, handed: Handed, sale: Sale) -> Iterator[str]:
    booked = Counter(Taken(line.sku, line.quantity_milli, line.amount_fen) for line in sale.lines)
    if booked != Counter(handed.goods):
        yield f"booked {sorted(booked, key=str)}, handed over {sorted(handed.goods, key=str)}"
    paid = sum(part.paid_fen for part in sale.tenders)
    change = sum(part.change_fen for part in sale.tenders)
    if (sale.due_fen, paid, change) != (handed.due_fen, handed.paid_fen, handed.change_fen):
        yield f"booked due, paid, change {(sale.due_fen, paid, change)}, the counter {handed}"
    if sum(line.amount_fen for line in sale.lines) != sale.total_fen:
        yield "the lines do not add up to the total"
    if not sale.total_fen - sale.rounding_fen == sale.due_fen == paid - change:
        yield f"total {sale.total_fen} - rounding {sale.rounding_fen}, due {sale.due_fen}, {paid} - {change} differ"
    small = 0 < sale.total_fen < day.rounding_unit_fen  # cash is not refused for it, nor given away
    if sale.rounding_fen if small else sale.rounding_fen != sale.total_fen % day.rounding_unit_fen:
        yield f"rounded by {sale.rounding_fen} to {sale.due_fen}, the unit is {day.rounding_unit_fen}"
    if paid < sale.due_fen or change < 0:
        yield f"paid {paid} and change {change} for {sale.due_fen}"
    if sale.operator != handed.operator:
        yield f"booked on {sale.operator}, sold by {handed.operator}"
    for line in sale.lines:
        if not line.weighed and 2 * abs(line.price_fen * line.quantity_milli - 1000 * line.amount_fen) > 1000:
            yield f"{line.quantity_milli} at {line.price_fen} is not {line.amount_fen}"


def _numbers(day: Day, facts: list[At]) -> Iterator[str]:
    traces = [sale.trace for _, sale in _sold(facts)]
    if traces != list(range(1, len(traces) + 1)):
        yield f"trace numbers are not 1 to {len(traces)} without gap: {_first_odd(traces)}"
    if len({sale.batch for _, sale in _sold(facts)}) > 1:
        yield "sales of one shift carry several batch numbers"


def _first_odd(traces: list[int]) -> str:
    place = next((i for i, trace in enumerate(traces) if trace != i + 1), 0)
    return f"number {traces[place]} at place {place + 1}"


def _cash(day: Day, facts: list[At]) -> Iterator[str]:
    booked = sum(part.paid_fen - part.change_fen for _, sale in _sold(facts) for part in sale.tenders)
    if day.float_fen + booked != day.drawer_fen:
        yield f"in the drawer lie {day.drawer_fen}, float and sales make {day.float_fen + booked}"


def _rights(day: Day, facts: list[At]) -> Iterator[str]:
    for at in facts:
        if isinstance(at.fact, Sale | BasketCancelled | LineRemoved | ShiftOpened):
            if at.fact.operator in NEVER_SELLS:
                yield f"record {at.seq}: {at.fact.KIND} by {at.fact.operator}, who has no right to it"
            if not at.fact.operator:
                yield f"record {at.seq}: {at.fact.KIND} by nobody"


# --- paper ---------------------------------------------------------------------------------------------------------------


def _paper(day: Day, facts: list[At]) -> Iterator[str]:
    """Never a slip without a sale, never two unmarked ones of one sale; what is on paper is what was booked."""
    sales = {f"{sale.batch:06d}-{sale.trace:06d}": sale for _, sale in _sold(facts)}
    unmarked: Counter[str] = Counter()
    for slip in day.slips:
        number = next((found[0] for line in slip.rows if (found := _NUMBER.search(line))), "")
        if not number:
            continue  # torn before its number
        sale = sales.get(number)
        if sale is None:
            yield f"the slip {number} belongs to no sale"
            continue
        copy = any(mark in line for mark in _MARKS for line in slip.rows[:HEAD_ROWS])
        unmarked[number] += not copy
        if slip.complete:
            asked = any("补打" in line or "DUPLICATE" in line for line in slip.rows[:HEAD_ROWS])
            yield from _slip_sums(slip, number, sale, asked)
    for number, count in sorted(unmarked.items()):
        if count > 1:
            yield f"{count} unmarked slips of {number}"


def _originals(day: Day, facts: list[At]) -> Iterator[str]:
    """Of no job two slips that both look like the first one, whichever printer they came out of."""
    unmarked: dict[tuple[int, int], list[int]] = {}
    for slip in day.slips:
        if len(slip.rows) >= HEAD_ROWS and not any(
            mark in line for mark in _MARKS[:2] for line in slip.rows[:HEAD_ROWS]
        ):
            unmarked.setdefault((slip.job, slip.copy), []).append(slip.printer + 1)
    for (job, copy), printers in sorted(unmarked.items()):
        if len(printers) > 1:
            yield f"{len(printers)} unmarked slips of job {job}, copy {copy + 1}, from the printers {printers}"


def _slip_sums(slip: Slip, number: str, sale: Sale, copy: bool) -> Iterator[str]:
    """A slip says what is booked: all of it, or what stands on the part of it that was copied alone (domain 6.2)."""
    found = {
        name: round(float(match[1]) * 100)
        for line in slip.rows
        for name, pattern in _SUMS.items()
        if (match := pattern.match(line.strip()))
    }
    paid = sum(part.paid_fen for part in sale.tenders)
    booked = {"due": sale.due_fen, "cash": paid, "change": paid - sale.due_fen}
    if not paid and not copy:  # rounded away to nothing: no money to speak of
        found = {"cash": 0, "change": 0} | found
    if copy:
        booked = {name: fen for name, fen in booked.items() if name in found}
    if found != booked:
        yield f"the slip {number} says {found}, booked is {booked}"


def _claims(day: Day, facts: list[At]) -> Iterator[str]:
    """`printed` is a proof, so the paper must be there, whichever printer it came out of; a slip is continued only while
    it is owed (the clerk's may have copies, each owed by itself)."""
    owed: set[int] = set()
    for at in facts:
        match at.fact:
            case SlipPrinted(job=job, outcome=outcome):
                if outcome == "printed" and not any(day.printed_jobs.get(job, ())):
                    yield f"job {job} is called printed, the paper does not have it"
                if outcome in ("printed", "sent"):
                    owed.discard(job)
            case SlipContinued(job=job):
                if job not in owed and day.staff == "cashier":
                    yield f"job {job} was continued, though it was not owed"
            case fact if getattr(fact, "print_slip", False):
                owed.add(at.seq)
            case SlipDropped(job=job):
                owed.discard(job)
            case _:
                pass
    asked = {seq for seq, sale in _sold(facts) if sale.print_slip}
    for job in sorted(asked - owed - day.printed_jobs.keys()):
        if not any(isinstance(at.fact, SlipDropped) and at.fact.job == job for at in facts):
            yield f"the slip of sale {job} was never begun, and nobody is owed it"


# --- drawer --------------------------------------------------------------------------------------------------------------


def _drawer(day: Day, facts: list[At]) -> Iterator[str]:
    """Never a pulse without a sale, a float or somebody's key, never two for one, never by a boot; a
    seen sale had its pulse."""
    sales = dict(_sold(facts))
    by_hand = {at.seq for at in facts if isinstance(at.fact, NoSale | DrawerReleased) and at.fact.operator}
    by_hand |= {at.seq for at in facts if isinstance(at.fact, ShiftOpened) and at.fact.open_drawer}
    causes = Counter(pulse.cause for pulse in day.pulses)
    for pulse in day.pulses:
        yield from _one_pulse(pulse, sales, by_hand, day.durable_in)
    for cause, count in sorted(causes.items()):
        if count > 1:
            yield f"{count} pulses for the sale {cause}"
    for handed, seq in zip(day.handed, sales, strict=False):
        if handed.seen and sales[seq].open_drawer and seq not in day.asked_pulses:
            yield f"the sale {seq} was done, and the drawer was never asked to open"
    for at in facts:
        if isinstance(at.fact, DrawerPulsed) and at.fact.outcome == "opened" and at.fact.cause not in causes:
            yield f"record {at.seq} says the drawer opened for {at.fact.cause}, no pulse was made"


def _one_pulse(pulse: Pulse, sales: dict[int, Sale], by_hand: set[int], boot_of: dict[int, str]) -> Iterator[str]:
    sale = sales.get(pulse.cause)
    if sale is None and pulse.cause not in by_hand:
        yield f"a pulse at {pulse.at_ms} ms for {pulse.cause}, which is no sale"
    elif sale is not None and not sale.open_drawer:
        yield f"a pulse for the sale {pulse.cause}, which wanted none"
    elif boot_of[pulse.cause] != pulse.boot_id:
        yield f"the record {pulse.cause} of boot {boot_of[pulse.cause]} opened the drawer in boot {pulse.boot_id}"


def _reports(day: Day, facts: list[At]) -> Iterator[str]:
    """What printer and drawer said long enough before a cut is on record."""
    on_record: Counter[tuple[str, int, str]] = Counter()
    for at in facts:
        match at.fact:
            case SlipPrinted(job=job, outcome=printed):
                on_record["slip_printed", job, printed] += 1
            case DrawerPulsed(cause=cause, outcome=opened):
                on_record["drawer_pulsed", cause, opened] += 1
            case _:
                pass
    for kind, number, outcome in Counter(day.reported) - on_record:
        yield f"{outcome} of {number} was reported and is in no {kind}"


# --- baskets -------------------------------------------------------------------------------------------------------------


def _baskets(day: Day, facts: list[At]) -> Iterator[str]:
    """What left a basket is recorded. (Lost and invented baskets are objections of the counter.)"""
    lines = [at.fact.line for at in facts if isinstance(at.fact, LineRemoved)]
    removed = Counter(Taken(line.sku, line.quantity_milli, line.amount_fen) for line in lines)
    for taken in Counter(day.removed) - removed:
        yield f"{taken} was taken out of a basket, and no record says so"
    cancelled = Counter(at.fact.total_fen for at in facts if isinstance(at.fact, BasketCancelled))
    for total_fen in Counter(day.cancelled_fen) - cancelled:
        yield f"a basket of {total_fen} was given up, and no record says so"
    for at in facts:
        if isinstance(at.fact, BasketCancelled):
            if not at.fact.lines:
                yield f"record {at.seq} cancels an empty basket"
            if sum(line.amount_fen for line in at.fact.lines) != at.fact.total_fen:
                yield f"record {at.seq}: the cancelled lines are not its total"


def commits_per_sale(day: Day) -> float:
    """Commits of the whole day for each cash sale; the goal is 2 (decisions 7)."""
    sales = sales_of(day)
    return day.syncs / sales if sales else 0.0


def sales_of(day: Day) -> int:
    """Sales over the counter, whoever stood there."""
    return sum(row.kind == "sale" for row in day.rows)


def records_by_kind(rows: list[Row]) -> Counter[str]:
    """How many records of each kind the backend holds."""
    return Counter(row.kind for row in rows)
