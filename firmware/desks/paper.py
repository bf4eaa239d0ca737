"""The paper desk: which slip goes to which printer, how it ended, and what is still owed (decisions 19, 20).

A job belongs to the fact it prints. Its first print carries no mark, every later one does (续打); a try of which the printer
took no byte is no print. What trouble of this boot interrupted goes on by itself; what an earlier run left, what is too old
and what there is no room for waits as an offer until somebody looks at the paper.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from firmware.desks import Till
from firmware.events import BatterySeen, Event, Print, Printed, PrinterSeen, ToneName
from firmware.screens.pay import AskSlip, Sold
from firmware.screens.sell import Idle as ReadyToSell
from firmware.screens.stack import offered
from firmware.screens.start import KeptBasket
from firmware.txn import badge, slip
from firmware.txn.command import FIRST, SECOND, Refusal
from firmware.txn.slips import Sheet, slip_of, stored
from wire.facts import Fact, Sale, SlipContinued, SlipPrinted, Trouble

PRINTING_MAX = 2
"""Slips a printer is given at once: one in hand, one to follow."""

CONTINUED_MAX = 2
"""So often a slip that may be on paper is printed again by itself; a printer that fails more needs somebody to look."""

WAITING_MAX = 20
"""Slips that wait for the printer at most; more become offers at once (4014)."""

OFFER_KEPT_MS = 7 * 24 * 3_600_000
"""An offer nobody took for a week is dropped: it would hold up the pruning of the journal."""

CUT_SHORT, TOO_MANY, NO_ORIGINAL, PAPER_OUT = 9016, 4014, 4010, 4001
LEFT_OUT = {4009: "character", 4016: "logo"}
"""What a slip that was printed may lack: signs that neither the printer nor our font has, or the shop's picture."""
UNKNOWN_PAPER = 4012

DESK = "paper"


@dataclass(slots=True)
class PaperDesk:
    """The slips of one boot, on one printer or two."""

    name: str = DESK
    printing: dict[int, int] = field(default_factory=dict)  # job -> printer that was given it and has not answered
    begun: frozenset[tuple[int, int]] = frozenset()  # job and copy of which there may be something on paper
    left: frozenset[int] = frozenset()  # offers: an earlier run left them, they are too old, or there were too many
    continued: dict[int, int] = field(default_factory=dict)  # jobs printed again by themselves, how often
    since_ms: dict[int, int] = field(default_factory=dict)  # job of this boot -> when it began to wait, by its clock
    told: frozenset[int] = frozenset()  # what was left out of slips is said once in a run, not with every slip
    asking: dict[int, bool] = field(default_factory=dict)  # jobs that wait for the customer's wish -> asked already
    starved: bool = False  # the battery was last seen too low to print (4007)
    offering: bool = False  # somebody is to be shown the offers when the till is free

    def booted(self, till: Till) -> None:
        """What the run before left is offered; what was given to the printer and never answered is unknown."""
        jobs = slip.open_jobs(till.ledger)
        for job in jobs:
            if job.state == "queued":
                till.append(SlipPrinted(job.job, "unknown", CUT_SHORT))
        for job in jobs:
            if till.now.trusted and self._at_ms(till, job.job) < till.now.wall_ms - OFFER_KEPT_MS:
                till.append(slip.expired(job.job))
            else:
                self.left |= {job.job}
        self.offering = bool(self.left)
        if jobs:
            till.commit()

    def hear(self, till: Till, event: Event) -> None:
        """Outcomes and the printers' state; then the offers, when somebody is there and the till is free."""
        match event:
            case Printed():
                self._printed(till, event)
            case PrinterSeen():
                self._seen(till, event)
            case BatterySeen():
                self._powered(till)
            case _:
                pass
        self._ask(till)
        if self.offering and till.stack and isinstance(till.stack[-1], ReadyToSell | KeptBasket):
            self.offering = False  # later trouble is said beside selling, and waits in the menu
            till.stack = offered(till.stack, till.context())

    def fired(self, till: Till, what: str) -> None:
        """No timer of its own: an old job is noticed when it would be printed."""
        raise AssertionError(what)

    def follow(self, till: Till, fact: Fact, seq: int) -> None:
        """A fact that wants a slip is printed; so is an unfinished one that is to be continued."""
        if isinstance(fact, SlipContinued):
            self._give(till, fact.job, seq, self._mark(till, fact.job), self._printer(till) or FIRST)
        elif isinstance(fact, Sale) and _is_asked_after(till, fact):
            self.asking[seq] = False
        elif slip.wants_slip(fact):
            self._queue(till, seq)

    def _ask(self, till: Till) -> None:
        """Ask above the result whether this slip is wanted. It is printed when it is, and also when the question went away
        without an answer or there is nobody to ask: the money is taken."""
        for job, asked in tuple(self.asking.items()):
            if not asked and isinstance(top := till.stack[-1], Sold) and top.job == job:
                self.asking[job] = True
                till.stack = (*till.stack, AskSlip(top.paid_fen, job))
            elif not any(isinstance(each, AskSlip) and each.job == job for each in till.stack):
                del self.asking[job]
                if any(each.job == job for each in slip.open_jobs(till.ledger)):
                    self._queue(till, job)

    # --- what happened at the printers ---

    def _printed(self, till: Till, event: Printed) -> None:
        if event.job not in self.printing and badge.is_badge(till.ledger, event.job):
            self._badge_printed(till, event)
            return
        printer = self.printing.pop(event.job, event.printer)
        other = self._printer(till, without=printer)
        if event.outcome == "not_printed" and not event.begun and other is not None:
            # Nothing came of this try: the other printer may take its place, as the first one if it was the first.
            self._give(till, event.job, event.job, self._mark(till, event.job), other)
            return
        if (
            event.begun or event.outcome != "not_printed"
        ):  # before the ledger hears it: a full card forgets, paper does not
            self.begun |= {(event.job, slip.copies_out(till.ledger, event.job))}
        till.append(SlipPrinted(event.job, event.outcome, event.code))
        if event.code in LEFT_OUT and event.outcome in ("printed", "sent") and event.code not in self.told:
            self.told |= {event.code}
            till.tell(Trouble(event.code, LEFT_OUT[event.code]))
            till.refused(Refusal(event.code))
        if event.outcome in ("not_printed", "unknown"):
            till.tone(ToneName.PAPER_OUT if event.code == PAPER_OUT else ToneName.ATTENTION)
            if other is not None:
                self._resume(till)
        else:
            self._resume(till, proven=printer)

    def _badge_printed(self, till: Till, event: Printed) -> None:
        """A badge is on nobody's list: its slip is made once. What went wrong is said, and a new badge is issued."""
        if event.outcome in ("not_printed", "unknown"):
            till.tone(ToneName.ATTENTION)
            till.refused(Refusal(event.code or UNKNOWN_PAPER))
        else:
            self._resume(till)

    def _seen(self, till: Till, event: PrinterSeen) -> None:
        worked = till.devices.works(event.printer)
        if event.printer == SECOND:
            till.devices = replace(till.devices, printer2=event.look)
        else:
            till.devices = replace(till.devices, printer=event.look)
        if till.devices.works(event.printer) and not worked:
            self._resume(till)
        elif event.look == "paper_out" and worked:
            till.tone(ToneName.PAPER_OUT)

    # --- what is printed next ---

    def _queue(self, till: Till, job: int) -> None:
        """A new job: printed at once if there is room, kept until there is, or offered (4014)."""
        self.since_ms[job] = till.now.monotonic_ms
        printer = self._printer(till)
        if printer is None and self._room(FIRST) and not till.devices.starved(till.settings.printer.battery_min):
            printer = FIRST  # it says itself what it lacks
        if printer is not None:
            self._give(till, job, job, "", printer)
        elif len(list(self._waiting(till))) > WAITING_MAX:
            till.append(SlipPrinted(job, "not_printed", TOO_MANY))
            self.left |= {job}

    def _powered(self, till: Till) -> None:
        """The battery cannot carry the print head any more, which is said once; or it can again, and what waited goes on."""
        was, self.starved = self.starved, till.devices.starved(till.settings.printer.battery_min)
        if self.starved and not was and till.devices.prints:
            till.tell(Trouble(slip.LOW_VOLTAGE, f"{till.devices.battery} %"))
        elif was and not self.starved:
            self._resume(till)

    def _resume(self, till: Till, proven: int | None = None) -> None:
        """The printer works again, or has room: what waited is printed, and what trouble of this boot interrupted goes on
        by itself (decisions 20). What has become too old meanwhile is an offer (`slips.expire_min`)."""
        if till.safe_mode:
            return
        for job in self._waiting(till):
            printer = self._printer(till, proven=proven)
            if printer is None:
                return
            untouched = self._untouched(till, job.job)
            if untouched and job.state == "queued":
                self._give(till, job.job, job.job, "", printer)
            elif untouched or self.continued.get(job.job, 0) < CONTINUED_MAX:
                self.continued[job.job] = self.continued.get(job.job, 0) + (not untouched)
                till.do(slip.ContinueSlip(job.job, by_itself=True))

    def _untouched(self, till: Till, job: int) -> bool:
        """Whether the copy of this job that is due is surely on no paper, not even in part. Of what an earlier run left
        and of what a printer has in hand, nobody knows."""
        surely_not_begun = (job, slip.copies_out(till.ledger, job)) not in self.begun
        return job in self.since_ms and job not in self.printing and surely_not_begun

    def _mark(self, till: Till, job: int) -> str:
        return "" if self._untouched(till, job) else "mark__continued"

    def _waiting(self, till: Till) -> Iterator[slip.Job]:
        """Jobs that may be printed without asking, oldest first."""
        oldest_ms = till.now.monotonic_ms - till.settings.slips.expire_min * 60_000
        for job in slip.open_jobs(till.ledger):
            if job.job in self.left or job.job in self.printing or job.job in self.asking:
                continue
            if self.since_ms.setdefault(job.job, till.now.monotonic_ms) < oldest_ms:
                self.left |= {job.job}
                self.offering = True
                if job.state == "queued":
                    till.append(SlipPrinted(job.job, "not_printed", slip.EXPIRED))
                continue
            yield job

    def _printer(self, till: Till, without: int | None = None, proven: int | None = None) -> int | None:
        """The printer to give the next slip to: the first while it works, else its stand-in; None: it has no room, or
        neither works. `proven`: one that has just printed, whatever it looked like before."""
        if till.devices.starved(till.settings.printer.battery_min):
            return None
        for printer in (FIRST, SECOND):
            if printer != without and (till.devices.works(printer) or printer == proven):
                return printer if self._room(printer) else None
        return None

    def _room(self, printer: int) -> bool:
        return sum(1 for each in self.printing.values() if each == printer) < PRINTING_MAX

    def _give(self, till: Till, job: int, because: int, mark: str, printer: int) -> None:
        """Give a printer the slip of fact `job`, as the journal has it."""
        try:
            fact, entry, trusted = stored(till.ledger, job)
            sheet = Sheet(till.ledger.terminal, till.settings, till.ledger, trusted, till.context().training)
            copy = slip.copies_out(till.ledger, job)
            receipt = slip_of(sheet, fact, entry, mark, slip.copies_of(fact)[copy])
        except LookupError:  # a copy of something the journal does not hold any more
            till.append(SlipPrinted(job, "not_printed", NO_ORIGINAL))
            self.left |= {job}
            return
        self.printing[job] = printer
        till.emit(Print(job, because, receipt, printer, copy))

    def _at_ms(self, till: Till, job: int) -> int:
        rows = till.ledger.read("SELECT at_ms FROM journal WHERE seq = ?", job)
        return int(rows[0][0]) if rows else 0

    def owes(self, till: Till) -> bool:
        """Whether something waits for paper or a person, not only for the printer's answer."""
        return any(job.job not in self.printing for job in slip.open_jobs(till.ledger))


def _is_asked_after(till: Till, sale: Sale) -> bool:
    """Whether the cashier is to say after the sale if a slip is wanted: cash was asked about before it."""
    by_cash = any(part.kind == "cash" for part in sale.tenders)
    return till.settings.printer.print_slip == "ask" and sale.print_slip and not by_cash
