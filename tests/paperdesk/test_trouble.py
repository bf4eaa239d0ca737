"""Paper out, cover, unplugged, stalled, power cut: during each kind of slip, and in the second copy of one. A badge, which
is no job, is `tests/operators/test_badge.py`'s."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from firmware.events import Printed, PrinterSeen
from firmware.txn import slip
from firmware.txn.command import Context, Decision
from firmware.txn.slip import ContinueSlip
from firmware.txn.slips import slip_of, stored
from tests.counter import COLA, Counter
from tests.slips.journal import COPIES, FACTS, LATER, OF_SUPPORT, WITH_VOUCHERS, book, sale
from wire.facts import Fact, Reprinted
from wire.receipt import SlipKind

TROUBLES = [
    (("paper_out", "unknown", 4001), ("cover_open", "not_printed", 4003)),
    (("offline", "unknown", 4005), ("fault", "unknown", 4013)),
]
"""Two, one after the other, to one slip: so often it goes on by itself."""

MERCHANT = msgspec.structs.replace(sale(), print_slip=False, merchant_copy=True)
ALL = {**FACTS, **WITH_VOUCHERS, **OF_SUPPORT, **LATER, "merchant": MERCHANT}
ALIKE = ("sale-cash", "settlement-uneven", "settlement-error", "settlement-vouchers", "x-vouchers")
"""The same slips with other figures."""

NAMES = tuple(name for name in (*ALL, *COPIES) if name not in ALIKE)


@dataclass(frozen=True, slots=True)
class Write:
    """The fact as a command would have decided it."""

    fact: Fact

    def decide(self, ctx: Context) -> Decision:
        return Decision((self.fact,))


def giving(folder: Path, name: str) -> tuple[Counter, int]:
    """A counter whose printer has been given the slip of that name and has not answered."""
    counter = Counter(folder, prints="printed").open_for_business()
    counter.scan(COLA).keys("OK F1 OK")
    sold = int(counter.ledger.read("SELECT max(seq) FROM receipt")[0][0])
    counter.prints, counter.out = "", []
    fact = Reprinted(sold, 1, "jam", "01", part=COPIES[name]) if name in COPIES else ALL[name]
    if fact.KIND == "sale":
        fact = msgspec.structs.replace(fact, batch=1, trace=2, open_drawer=False)
    assert counter.terminal.do(Write(fact)) is None
    counter.step(PrinterSeen("ok"))
    jobs = slip.open_jobs(counter.ledger)
    assert [job.state for job in jobs] == ["queued"]
    return counter, jobs[0].job


def test_every_kind_of_slip_is_tried_here(tmp_path):
    sheet, seqs = book(tmp_path, "zh")
    facts = {name: stored(sheet.books, seq) for name, seq in seqs.items() if name in NAMES}
    tried = {slip_of(sheet, fact, entry).kind for fact, entry, _ in facts.values()}
    assert tried | {"badge"} == set(get_args(SlipKind))


@pytest.mark.parametrize("troubles", TROUBLES, ids=["paper and cover", "plug and head"])
@pytest.mark.parametrize("name", NAMES)
def test_what_was_interrupted_goes_on_marked_and_is_then_done(tmp_path, name, troubles):
    counter, job = giving(tmp_path, name)
    for look, outcome, code in troubles:
        counter.step(PrinterSeen(look))
        counter.step(Printed(job, outcome, code))
        assert [(each.job, each.state, each.code) for each in slip.open_jobs(counter.ledger)] == [(job, outcome, code)]
        counter.out.clear()
        counter.step(PrinterSeen("ok"))
        [again] = counter.printed()
        assert again.receipt.mark.startswith("**续打**")
        assert again.because > job, "a fence of its own"
        assert counter.pulses() == [], "what is continued opens no drawer"
    counter.prints = "printed"
    counter.step(Printed(job, "printed"))
    assert slip.open_jobs(counter.ledger) == ()


@pytest.mark.parametrize("name", NAMES)
def test_after_a_power_cut_it_waits_for_a_person(tmp_path, name):
    counter, job = giving(tmp_path, name)
    counter.ledger.commit()
    counter.cut()
    counter.boot()
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    assert counter.printed() == [], "nothing is printed by itself"
    assert [(each.job, each.state, each.code) for each in slip.open_jobs(counter.ledger)] == [(job, "unknown", 9016)]
    counter.sign_on()
    assert counter.terminal.do(ContinueSlip(job)) is None


def test_each_of_two_copies_is_proven_by_itself(tmp_path):
    counter, job = giving(tmp_path, "shift")
    counter.out.clear()
    counter.step(Printed(job, "printed"))
    [second] = counter.printed()
    assert (second.copy, second.receipt.mark) == (1, "")
    counter.step(Printed(job, "unknown", 4008))
    assert [(each.job, each.state) for each in slip.open_jobs(counter.ledger)] == [(job, "unknown")]
    counter.out.clear()
    counter.step(PrinterSeen("cover_open"))
    counter.step(PrinterSeen("ok"))
    [again] = counter.printed()
    assert (again.copy, again.receipt.mark) == (1, "**续打**"), "only the copy that is missing"
    counter.step(Printed(job, "printed"))
    assert slip.open_jobs(counter.ledger) == ()
