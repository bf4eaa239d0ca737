"""A printer that proves nothing gives no endless uncounted copies (decisions 19, 20)."""

from firmware.txn import slip
from firmware.txn.approve import Approve
from firmware.txn.slip import ContinueSlip, open_jobs
from tests.giving.shop import known_supervisor
from tests.limits.tills import done
from tests.payments.till import Till, till


def unproven(folder, prints: str) -> tuple[Till, int]:
    counter = till(folder)
    known_supervisor(counter)
    counter.prints = prints
    counter.basket(2)
    counter.keys("OK F1 OK")
    return counter, open_jobs(counter.ledger)[0].job


def test_after_some_continuations_a_supervisor_is_asked(tmp_path):
    counter, job = unproven(tmp_path, "unknown")
    for _ in range(slip.CONTINUED_BY_KEY_MAX):
        assert done(counter, ContinueSlip(job)) is None
    before = len(counter.printed())
    assert done(counter, ContinueSlip(job)).code == 4011
    assert len(counter.printed()) == before
    assert done(counter, Approve(ContinueSlip(job), "00", 4011)) is None
    assert len(counter.printed()) == before + 1
    assert counter.journal("slip_continued")[-1].approver == "00"
    assert counter.ledger.differences() == []


def test_by_keys_the_bound_is_said(tmp_path):
    counter, _ = unproven(tmp_path, "unknown")
    for _ in range(slip.CONTINUED_BY_KEY_MAX + 1):
        counter.keys("CANCEL CANCEL CANCEL MENU 4 9 OK")
        if "[4011]" in counter.text():
            return
    raise AssertionError(counter.text())


def test_what_surely_is_on_no_paper_may_be_tried_for_ever(tmp_path):
    counter, job = unproven(tmp_path, "not_printed")
    for _ in range(slip.CONTINUED_BY_KEY_MAX + 3):
        assert done(counter, ContinueSlip(job)) is None
