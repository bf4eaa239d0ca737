"""Journals by chance that hold every kind of fact, in orders a shop could make: for properties of the ledger.

The facts are told straight to the ledger, without screens and rights: what counts is that tables follow them. An order is
opened before it is paid, a shift before it is closed; everything else comes as it comes, also late and twice.
"""

import random
from collections.abc import Callable
from itertools import cycle

import msgspec

from firmware.txn import checkout, closing, hold, numbers, payment, settings, shift, slip, voucher
from firmware.txn.ledger import Ledger, Stamp
from rules.orders import order_no, read_voucher_no, refund_no, voucher_no, voucher_no_again
from wire import facts as f
from wire.facts import Fact

START_MS = 1_795_305_600_000
TERMINAL, EPOCH = "00010023", 4711
WHO = ("01", "02", "99", "00")
LINE = f.Line("sku1", "可口可乐", 1000, 350, 350)


ABOUT_SETTINGS: tuple[Fact, ...] = (
    f.SettingsStaged(7, "cd" * 32),
    f.SettingOverridden("terminal.volume", "3", "00", "2"),
    f.SettingsRefused(8, "cash.rounding", 9004, "value", "cd" * 32),
    f.SettingOverridden("shop.footer", '["再来"]', "00", "[]"),
    f.SettingsKept(7),
    f.SettingRestored("shop.footer", ""),
    f.SettingsReturned(9, 7, 1003, "broker out of reach"),
)


class Shop:
    """`live` appends facts and commits now and then; the same seed makes the same journal."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger, self.chance = ledger, random.Random(seed)
        self.afar = random.Random(seed + 1)
        self.at_ms, self.trace = START_MS, 0
        self.told: set[str] = set()
        self.refunded: dict[str, int] = {}  # order number -> how many refunds were numbered
        self.batch, self.shift_from = 0, 0  # 0: no shift is open
        self.last_batch, self.day, self.z = 0, 1, 0
        self.orders: dict[int, f.OrderOpened] = {}  # neither sold nor dropped
        self.paid: dict[int, list[f.TenderPart]] = {}
        self.payments: list[f.PaymentSent] = []
        self.refunds: list[f.RefundSent] = []
        self.reserves: list[f.ReserveSent] = []
        self.sales: list[tuple[int, f.Sale]] = []
        self.vouchers: list[f.VoucherUse] = []
        self.slips: list[int] = []
        self.holds: list[int] = []
        self.about_settings = cycle(ABOUT_SETTINGS)
        self.tell(f.Born(TERMINAL, "ab" * 32, "test"))

    # --- telling ---

    def tell(self, *facts: Fact) -> int:
        """Append in one step; the seq of the first. Half of the steps are committed, so that others ride."""
        self.at_ms += self.chance.randrange(200, 400_000)
        seqs = self.ledger.append(facts, Stamp(self.at_ms, "trusted"))
        self.told |= {fact.KIND for fact in facts}
        for seq, fact in zip(seqs, facts, strict=True):
            if getattr(fact, "print_slip", False):
                self.slips.append(seq)
        if self.chance.random() < 0.5:
            self.ledger.commit()
        return seqs[0]

    def live(self, steps: int) -> "Shop":
        """So many things happen."""
        acts: list[Callable[[], None]] = [
            *[self.sell] * 6, *[self.open_order] * 4, *[self.ask_payment] * 5, *[self.hear_payment] * 6, self.take_card,
            *[self.finish_order] * 4, *[self.give_back] * 3, *[self.hear_refund] * 3, *[self.slip] * 8, *[self.drawer] * 5,
            *[self.holding] * 3, *[self.people] * 4, *[self.cash] * 2, *[self.machine] * 2, self.shifts, *[self.days] * 3,
            *[self.basket] * 3, *[self.reserve] * 2, self.reprint, *[self.use_voucher] * 3,
            *[self.hear_voucher] * 5, self.register_voucher,
        ]  # fmt: skip
        for step in range(steps):
            self.chance.choice(acts)()
            if step % 9 == 0:
                self.fleet()
        self.ledger.commit()
        return self

    def quiet(self) -> "Shop":
        """Everything that keeps old records comes to its end: orders, payments, refunds, slips, holds, the shift."""
        for trace in list(self.orders):
            self.drop(trace)
        for sent_pay in self.payments:
            self.tell(f.PaymentHeard(sent_pay.order_no, "reversed", "reverse"))
        for sent in self.refunds:
            self.tell(f.RefundHeard(sent.refund_no, "refunded"))
        for reserve in self.reserves:
            self.tell(f.ReserveEnded(reserve.reserve_no, 5018))
        for use in self.vouchers:
            self.tell(f.VoucherHeard(use.request_no, "undone", "undo"), f.VoucherHandled(use.request_no, "99"))
        for job in self.slips:
            self.tell(f.SlipDropped(job, ""))
        for number in self.holds:
            self.tell(f.HoldDropped(number, "01"))
        self.tell(f.BasketKept("01", ()))
        self.orders, self.payments, self.refunds, self.reserves, self.slips, self.holds = {}, [], [], [], [], []
        self.vouchers = []
        while self.batch:
            self.shifts()
        self.slips = []
        for (job,) in self.ledger.read("SELECT job FROM print_job ORDER BY job"):
            self.tell(f.SlipDropped(job, ""))
        self.ledger.commit()
        return self

    @property
    def date(self) -> str:
        return f"2026-{self.day // 28 + 1:02d}-{self.day % 28 + 1:02d}"

    def who(self) -> str:
        return self.chance.choice(WHO)

    def next_trace(self) -> int:
        self.trace += 1
        return self.trace

    # --- shifts, days, cash ---

    def shifts(self) -> None:
        if not self.batch:
            self.last_batch += 1
            self.batch = self.last_batch
            self.shift_from = self.tell(f.ShiftOpened(self.batch, "01", self.date, 20_000, {"10000": 2}))
            return
        if self.chance.random() < 0.3:
            self.tell(f.CountTried(self.batch, closing.counts_tried(self.ledger) + 1, "01"))
            return
        totals = dict(closing.running(self.ledger))
        self.tell(
            f.ShiftClosed(
                self.batch, "01", self.date, self.shift_from, {}, 5, 5, 0, totals, copies=self.chance.randrange(1, 3)
            )
        )  # fmt: skip
        if self.chance.random() < 0.8:
            self.tell(
                f.BatchSettled(self.batch, self.chance.choice(("balanced", "uneven")), {"sales": 1}, {"sales": 1})
            )
        self.batch = 0

    def days(self) -> None:
        if self.batch or self.chance.random() < 0.5:
            return
        day = closing.open_day(self.ledger)
        if day is None:
            return
        self.z += 1
        grand = closing.grand_total_fen(self.ledger)
        self.tell(f.DayClosed(self.z, day.date, day.batches, day.figures, grand, "00", 1, "00" * 32))
        if self.chance.random() < 0.3:
            self.tell(f.DayReopened(self.z, day.date, "00", "error"))
        self.day += 1

    def cash(self) -> None:
        if self.batch:
            way = self.chance.choice(("in", "out"))
            reason = self.chance.choice(("change", "deposit", "other"))
            self.tell(
                f.CashMoved(self.batch, self.next_trace(), way, self.chance.randrange(1, 9999), reason, self.who())
            )  # type: ignore[arg-type]

    # --- selling ---

    def sale(self, trace: int, parts: tuple[f.TenderPart, ...], late: bool = False) -> None:
        due = sum(part.paid_fen - part.change_fen for part in parts)
        fact = f.Sale(
            self.batch, trace, self.who(), self.date, (LINE,), due, 0, due, parts, 1, self.chance.random() < 0.7,
            any(part.kind == "cash" for part in parts), late=late,
            reductions=(f.Reduction("line_discount", 5, 0),) * self.chance.randrange(2),
        )  # fmt: skip
        if fact.print_slip and trace % 5 == 0:
            fact = msgspec.structs.replace(fact, merchant_copy=True)
        self.sales.append((self.tell(fact), fact))

    def sell(self) -> None:
        if self.batch:
            due = self.chance.randrange(1, 9000)
            self.sale(self.next_trace(), (f.TenderPart("cash", due + 100, 100),))

    def basket(self) -> None:
        facts: list[Fact] = [
            f.BasketKept(self.who(), (LINE,) * self.chance.randrange(3)),
            f.LineRemoved(self.who(), self.batch, LINE, reason=self.chance.choice(("", "age"))),
            f.BasketCancelled(self.who(), self.batch, (LINE,), 350),
        ]
        self.tell(self.chance.choice(facts))

    def holding(self) -> None:
        if self.holds and self.chance.random() < 0.6:
            number = self.holds.pop(self.chance.randrange(len(self.holds)))
            gone = self.chance.random() < 0.5
            self.tell(f.BasketRecalled(number, self.who()) if gone else f.HoldDropped(number, self.who(), "gone"))
        elif self.batch:
            number = next(free for free in range(1, 99) if free not in self.holds)
            self.holds.append(number)
            self.tell(f.BasketHeld(number, self.batch, self.who(), (LINE,), 350, print_slip=True, due_fen=350))

    # --- orders and payments ---

    def open_order(self) -> None:
        if self.batch:
            due = self.chance.randrange(200, 9000)
            trace = self.next_trace()
            uses = tuple(self.a_use(trace, place) for place in range(1, self.chance.randrange(1, 4)))
            fact = f.OrderOpened(
                self.batch, trace, "01", self.date, (LINE,), (), due, due, 1, vouchers=uses
            )  # fmt: skip
            if any(state == "open" for (state,) in self.ledger.read("SELECT state FROM pay_order ORDER BY seq")):
                return
            self.orders[fact.trace] = fact
            self.paid[fact.trace] = []
            self.tell(fact)
            if self.chance.random() < 0.7:
                self.tell(f.OrderParked(fact.trace, "01"))

    def an_order(self) -> int:
        return self.chance.choice(sorted(self.orders)) if self.orders and self.batch else 0

    def ask_payment(self) -> None:
        if trace := self.an_order():
            tries = 1 + sum(each.trace == trace for each in self.payments)
            opened = self.orders[trace]
            number = order_no(self.date, TERMINAL, 1, opened.batch, trace, min(tries, 99))
            fact = f.PaymentSent(number, self.batch, trace, tries, "wechat", opened.due_fen, "1234", "01")
            self.payments.append(fact)
            self.tell(fact)

    def hear_payment(self) -> None:
        if not self.payments:
            return
        asked = self.chance.choice(self.payments[-12:])
        state = self.chance.choice(("paid", "failed", "unknown", "reversed", "late", "reversing", "twice"))
        if state in ("late", "twice"):
            number = self.refund_no(asked.order_no)
            why = "late" if state == "late" else "duplicate"
            self.send_back(f.RefundSent(number, asked.order_no, "wechat", asked.amount_fen, 0, "", why))
        elif state == "reversing":
            self.tell(f.ReversalSent(asked.order_no, "deadline"))
        else:
            got = asked.amount_fen if state == "paid" else 0
            self.tell(f.PaymentHeard(asked.order_no, state, "pay", 5007 if not got else 0, "ch1", got))
            if got and asked.trace in self.orders and self.batch:
                part = f.TenderPart("code", got, channel="wechat", order_no=asked.order_no, channel_no="ch1", fee_fen=1)
                self.sale(asked.trace, (part,), late=self.chance.random() < 0.3)
                del self.orders[asked.trace]

    def take_card(self) -> None:
        if trace := self.an_order():
            self.tell(f.CardTaken(trace, 100, "123456789012", "4321", "01"))

    def drop(self, trace: int) -> None:
        self.tell(f.OrderDropped(trace, "01"))
        del self.orders[trace]

    def finish_order(self) -> None:
        trace = self.an_order()
        if not trace:
            return
        if self.chance.random() < 0.4:
            self.drop(trace)
        elif self.chance.random() < 0.5:
            self.tell(f.OrderResumed(trace, "01"), f.OrderParked(trace, "01"))
        else:
            due = self.orders.pop(trace).due_fen
            card = f.TenderPart("card", due - 100, reference="123456789012", last4="4321")
            self.sale(trace, (card, f.TenderPart("cash", 100)))

    # --- vouchers ---

    def a_use(self, trace: int, place: int) -> f.VoucherUse:
        count = self.chance.randrange(1, 4)
        return f.VoucherUse(
            voucher_no(TERMINAL, 1, self.batch, trace, place), f"p{trace}-{place}", "meituan", "4001", "10 元券", "cash",
            count, count * 50, (count * 50,), "1234", f"{self.chance.randrange(30):016x}", count * 50, count * 45,
        )  # fmt: skip

    def use_voucher(self) -> None:
        """One that an order was frozen with leaves, sometimes twice."""
        if (trace := self.an_order()) and (planned := self.orders[trace].vouchers):
            use = self.chance.choice([each for each in planned if each not in self.vouchers] or planned)
            self.vouchers.append(use)
            self.tell(f.VoucherSent(self.batch, trace, use, "01"))

    def register_voucher(self) -> None:
        if self.batch:
            trace = self.next_trace()
            use = f.msgspec.structs.replace(self.a_use(trace, 1), registered=True)
            self.vouchers.append(use)
            code = f"{trace:012d}"
            self.tell(f.VoucherRegistered(self.batch, trace, use, code, "01", "99", self.date))
            self.sale(trace, (f.TenderPart("voucher", use.deduct_fen, channel=use.platform, voucher=use),))
        self.tell(f.DealsLoaded("r1", 2, "dd"))

    def hear_voucher(self) -> None:
        if not self.vouchers:
            return
        use = self.chance.choice(self.vouchers[-10:])
        state = self.chance.choice(
            ("consumed", "consumed", "rejected", "unknown", "undone", "kept", "undo", "handled", "sold", "again")
        )
        if state == "undo":
            self.tell(f.VoucherUndoSent(use.request_no, self.chance.choice(("dropped", "void", "cashier")), "01"))
        elif state == "handled":
            self.tell(f.VoucherHandled(use.request_no, "99", "asked the platform"))
        elif state == "again":
            self.try_again(use)
        elif state != "sold":
            fewer = self.chance.randrange(use.count) if state == "consumed" else 0
            self.tell(
                f.VoucherHeard(use.request_no, state, "query", 3035 if fewer else 0, "r1", 9, 1, 2, {"a": 1}, 5, fewer)
            )
        elif use in (mine := self.orders[trace].vouchers if (trace := self.an_order()) else ()):
            del self.orders[trace]
            paid = f.TenderPart(
                "voucher", mine[0].deduct_fen, channel=mine[0].platform, channel_no="r1", voucher=mine[0]
            )
            self.sale(trace, (paid, f.TenderPart("cash", 100)))

    def try_again(self, use: f.VoucherUse) -> None:
        """A registered one is sent under its next number."""
        number = read_voucher_no(use.request_no)
        if use.registered and number is not None and number.place < 9:
            new = f.msgspec.structs.replace(use, request_no=voucher_no_again(use.request_no, number.place + 1))
            self.vouchers.append(new)
            root = voucher_no_again(use.request_no, 1)
            self.tell(f.VoucherSent(number.batch, number.trace, new, "01", again=root, business_date=self.date))

    # --- giving back ---

    def a_refund(self) -> f.Refund:
        seq, sale = self.chance.choice(self.sales[-30:])
        part = max(1, sale.due_fen // self.chance.randrange(2, 5))
        origin = f.Origin(TERMINAL, EPOCH, seq, sale.batch, sale.trace, self.at_ms)
        line = f.RefundLine(0, "sku1", "可口可乐", 100, part)
        way = self.chance.choice(("void", "refund"))
        tender = f.TenderPart("cash", part)
        if sale.tenders[0].kind == "code":
            old = sale.tenders[0].order_no
            number = self.refund_no(old)
            tender = f.TenderPart("code", part, channel="wechat", order_no=old, refund_no=number)
        return f.Refund(
            way, self.batch, self.next_trace(), "99", self.date, origin, (line,), part, (tender,), "customer", 1,  # type: ignore[arg-type]
            open_drawer=tender.kind == "cash",
        )  # fmt: skip

    def refund_no(self, order: str) -> str:
        """The next of an order; no number is given twice."""
        self.refunded[order] = self.refunded.get(order, 0) + 1
        return refund_no(order, self.refunded[order])

    def give_back(self) -> None:
        if self.sales and self.batch:
            refund = self.a_refund()
            self.tell(refund)
            part = refund.tenders[0]
            if part.kind == "code":
                self.send_back(
                    f.RefundSent(part.refund_no, part.order_no, "wechat", part.paid_fen, refund.trace, "99", refund.way)
                )

    def send_back(self, fact: f.RefundSent) -> None:
        self.refunds.append(fact)
        self.tell(fact)

    def hear_refund(self) -> None:
        if not self.refunds:
            return
        sent = self.chance.choice(self.refunds[-10:])
        state = self.chance.choice(("refunded", "processing", "failed", "unknown", "again", "turned"))
        if state == "again":
            self.tell(sent)
        elif state == "turned" and self.batch:
            self.tell(f.RefundTurned(sent.refund_no, sent.amount_fen, self.batch, self.next_trace(), "01", "99"))
        elif state != "turned":
            self.tell(f.RefundHeard(sent.refund_no, state, 0 if state == "refunded" else 5016))

    def reserve(self) -> None:
        if self.reserves and self.chance.random() < 0.6:
            old = self.reserves.pop()
            if self.batch and self.chance.random() < 0.5:
                self.tell(f.msgspec.structs.replace(old.refund, batch=self.batch, reserve_no=old.reserve_no))
            else:
                code = self.chance.choice((0, 5018))
                self.tell(f.ReserveEnded(old.reserve_no, code))
                if not code:
                    self.tell(f.ReserveFreed(old.reserve_no))
        elif self.sales and self.batch:
            fact = f.ReserveSent(f"V{self.next_trace()}", self.a_refund())
            self.reserves.append(fact)
            self.tell(fact)

    # --- slips and the drawer ---

    def slip(self) -> None:
        if not self.slips:
            return
        job = self.chance.choice(self.slips[-15:])
        outcome = self.chance.choice(("printed", "printed", "printed", "sent", "not_printed", "unknown"))
        facts: list[Fact] = [f.SlipPrinted(job, outcome, 4001 if outcome == "not_printed" else 0)] * 6  # type: ignore[arg-type]
        facts += [f.SlipContinued(job, ""), f.SlipDropped(job, "01", one=True), f.CopyShown(job, "01")]
        self.tell(self.chance.choice(facts))

    def reprint(self) -> None:
        if self.slips:
            self.tell(f.Reprinted(self.chance.choice(self.slips), self.chance.randrange(1, 5), "customer", self.who()))
        self.tell(f.ReportPrinted("x", self.batch, "01", {"sales": 1}))

    def drawer(self) -> None:
        cause = self.sales[-1][0] if self.sales else 1
        outcome = self.chance.choice(("opened", "did_not_open", "no_sensor", "no_drawer", "too_soon"))
        facts: list[Fact] = [
            f.DrawerPulsed(cause, outcome),  # type: ignore[arg-type]
            f.DrawerMoved(True, self.chance.random() < 0.3, cause=cause),
            f.DrawerMoved(False, open_ms=self.chance.randrange(9000)),
            f.NoSale(self.batch, self.who(), "change", event=self.chance.choice(("no_sale", "test"))),
            f.DrawerReleased(cause, self.who()),
            f.DrawerRefused("no_sale", self.who(), self.chance.choice((8004, 8005))),
        ]
        self.tell(self.chance.choice(facts))

    # --- people and the machine ---

    def people(self) -> None:
        who = self.who()
        facts: list[Fact] = [
            f.SignedOn(who, "cashier"),
            f.SignedOff(who, "idle"),
            f.SignOnRefused(who, self.chance.randrange(1, 6)),
            f.PinChanged(who, who),
            f.PinReset(who, "99"),
            f.BadgeIssued(who, "99"),
            f.BadgeRevoked(who, "99"),
            f.OperatorUnlocked(who, "99"),
            f.Approved(who, "99", 2006, "Void"),
            f.TrainingEntered(who),
            f.TrainingLeft(who),
        ]
        self.tell(self.chance.choice(facts))

    def machine(self) -> None:
        head = max(1, self.ledger.durable_seq)
        facts: list[Fact] = [
            f.Booted("boot", "test", 1),
            f.Stopped("asked"),
            f.EpochGranted(7),
            f.ClockChanged("trusted", 5),
            f.SettingsApplied(self.chance.randrange(99), "aa", "fleet", f.Dress("店", footer=("谢谢",), lang="zh")),
            f.CatalogueLoaded(self.chance.randrange(99), 5, "bb"),
            f.LanguageChosen(self.chance.choice(("zh", "en"))),
            f.Trouble(self.chance.choice((4001, 9006))),
            f.Seal(head, "00" * 32, "00" * 64),
            f.Quarantined("uplink", "odd", "cc"),
        ]
        self.tell(self.chance.choice(facts), next(self.about_settings))

    def fleet(self) -> None:
        """A command from afar, and what may become of it."""
        chance = self.afar
        number = chance.randrange(10**9)
        cid, expires_ms = f"{number:09d}", self.at_ms + 120_000
        step = f.UpdateMoved(cid, "ordered", "2.0", "ab" * 32, 10, "https://x/y", "1.0")
        middles: list[tuple[Fact, ...]] = [
            (), (f.CommandBegun(cid),), (f.TerminalLocked(cid, "lost", "ops"),), (f.TerminalUnlocked(cid),), (step,),
            (f.NoSale(self.batch, "", "why", "", "remote"),),
        ]  # fmt: skip
        taken = (
            f.CommandTaken(cid, "selftest", expires_ms, "ops", "x", max(0, self.at_ms - 3_600_000)),
            *chance.choice(middles),
        )
        ended = (f.CommandEnded(cid, chance.choice(("done", "refused", "failed")), 1018, "r"),)
        facts = taken + (ended if chance.random() < 0.8 else ())
        self.ledger.append(facts, Stamp(self.at_ms, "trusted"))
        self.told |= {fact.KIND for fact in facts}


def must_survive(ledger: Ledger) -> dict[str, object]:
    """What no pruning may change."""
    open_shift = shift.current(ledger)
    return {
        "open shift": open_shift,
        "running figures": closing.running(ledger),
        "nobody's figures": closing.nobodys(ledger),
        "closed batches": closing.closings(ledger),
        "days": closing.days(ledger),
        "Z number": closing.z_number(ledger),
        "grand total": closing.grand_total_fen(ledger),
        "next trace": numbers.next_trace(ledger),
        "next batch": shift.next_batch(ledger),
        "what waits": checkout.unfinished(ledger),
        "what is in the open orders": [checkout.contents(ledger, each) for each in checkout.parked(ledger)],
        "order at the counter": checkout.at_counter(ledger),
        "open payments": payment.open_payments(ledger),
        "vouchers asked about": [(each, voucher.contents(ledger, each)) for each in voucher.open_uses(ledger)],
        "vouchers on the list": [(each, voucher.contents(ledger, each)) for each in voucher.listed(ledger)],
        "reservations": ledger.read("SELECT * FROM reservation ORDER BY reserve_no"),
        "holds": hold.holds(ledger),
        "kept basket": ledger.read("SELECT body FROM kept_basket"),
        "slips owed": [(job, ledger.fact(job.job)) for job in slip.open_jobs(ledger)],
        "wrong PINs": ledger.read("SELECT * FROM sign_on ORDER BY operator"),
        "secrets": ledger.read("SELECT * FROM secret ORDER BY operator"),
        "changed here": settings.overrides(ledger),
        "life": ledger.read("SELECT * FROM life ORDER BY name"),
        "openings of the shift": ledger.read(
            "SELECT * FROM drawer_count WHERE batch = ? ORDER BY event", open_shift.batch if open_shift else -1
        ),
        "removals": ledger.read("SELECT * FROM removal ORDER BY operator"),
    }


def of_young_sales(ledger: Ledger, from_seq: int) -> dict[str, object]:
    """What may be given back and printed again, of sales from `from_seq` on: they were not pruned."""
    return {
        name: ledger.read(f"SELECT * FROM {table} WHERE {column} >= ? ORDER BY 1, 2, 3, 4, 5", from_seq)
        for name, table, column in (
            ("sales", "receipt JOIN journal USING (seq)", "seq"),
            ("given back", "given", "sale"),
            ("copies", "reprint", "original"),
            ("keys of slips", "(SELECT key, seq, 3, 4, 5 FROM slip_key)", "seq"),
        )
    }
