"""Mistakes on purpose, put over the real code while it runs: each must be caught, or the auditor proves nothing.

A mutant is a function that gets `put(owner, name, value)`; `mutated` undoes everything it put. Where an assertion of the
terminal would stop a mutant, the mutant takes the assertion away too, so that it is the auditor who finds it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from firmware import terminal
from firmware.desks import Till, link
from firmware.desks.link import LinkDesk
from firmware.desks.paper import PaperDesk
from firmware.events import PulseDrawer, Started
from firmware.screens import stack as stacks
from firmware.screens.sell import BasketScreen, Idle
from firmware.terminal import Terminal
from firmware.txn import basket, command, numbers, operator, sale, selling, slip
from firmware.txn.command import FIRST, Context, Decision, Refusal
from firmware.txn.outbox import Outbox
from rules.money import rounding_unit
from rules.rights import Right
from wire.facts import Fact, Line, Sale, SlipContinued, SlipPrinted, TenderPart

Put = Callable[[Any, str, Any], None]
Mutant = Callable[[Put], None]
MUTANTS: dict[str, Mutant] = {}


def mutant(apply: Mutant) -> Mutant:
    """Enter a mutant under its function's name."""
    MUTANTS[apply.__name__] = apply
    return apply


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """The code with that mistake in it; "" for none. Raises `KeyError` for an unknown name."""
    undo: list[tuple[Any, str, Any]] = []

    def put(owner: Any, attribute: str, value: Any) -> None:
        undo.append((owner, attribute, vars(owner)[attribute]))
        setattr(owner, attribute, value)

    if name:
        MUTANTS[name](put)
    try:
        yield
    finally:
        for owner, attribute, value in reversed(undo):
            setattr(owner, attribute, value)


def _sale_changed(put: Put, change: Callable[[Sale, Context], Sale]) -> None:
    """Every sale is booked after `change`."""
    decide = sale.TakeCash.decide

    def changed(self: sale.TakeCash, ctx: Context) -> Decision | Refusal:
        done = decide(self, ctx)
        if isinstance(done, Refusal):
            return done
        facts = tuple(change(fact, ctx) if isinstance(fact, Sale) else fact for fact in done.facts)
        return replace(done, facts=facts)

    put(sale.TakeCash, "decide", changed)


@mutant
def effect_before_commit(put: Put) -> None:
    """Commands hand out their effects and leave the commit to the next occasion."""
    decided, commit = Terminal._decided, Terminal._commit_or_raise
    inside: list[bool] = []

    def hasty(self: Terminal, command: Any) -> Any:
        inside.append(True)
        try:
            return decided(self, command)
        finally:
            inside.pop()

    put(Terminal, "_decided", hasty)
    put(Terminal, "_commit_or_raise", lambda self: None if inside else commit(self))
    put(Terminal, "_now", lambda self: None)
    put(Terminal, "_assert_justified", lambda self, effect: None)


@mutant
def trace_number_twice(put: Put) -> None:
    """The trace number is taken from the number of receipts in the list, which begins again at twenty."""
    put(sale, "next_trace", lambda books: len(books.read("SELECT seq FROM receipt")) % 20 + 1)


@mutant
def new_number_on_retry(put: Put) -> None:
    """A refused payment has already used up its number."""
    next_trace, decide, wasted = numbers.next_trace, sale.TakeCash.decide, [0]

    def wasteful(self: sale.TakeCash, ctx: Context) -> Decision | Refusal:
        done = decide(self, ctx)
        wasted[0] = wasted[0] + 1 if isinstance(done, Refusal) else 0
        return done

    put(sale.TakeCash, "decide", wasteful)
    put(sale, "next_trace", lambda books: next_trace(books) + wasted[0])


@mutant
def change_sign_swapped(put: Put) -> None:
    """Change is booked as if the customer had brought it."""

    def swapped(fact: Sale, ctx: Context) -> Sale:
        part = fact.tenders[0]
        return msgspec.structs.replace(
            fact, tenders=(TenderPart("cash", fact.due_fen - part.change_fen, -part.change_fen),)
        )

    _sale_changed(put, swapped)


@mutant
def rounding_up(put: Put) -> None:
    """Cash is rounded up where it must be rounded down."""

    def up(ctx: Context) -> tuple[int, int]:
        cash, total = ctx.settings.cash, ctx.session.basket.total_fen
        unit = rounding_unit(cash.rounding, cash.rounding_custom_fen)
        due = -(-total // unit) * unit
        return due, total - due

    put(sale, "due_in_cash", up)


@mutant
def lost_ack_taken_for_ack(put: Put) -> None:
    """No acknowledgement for ten seconds: it will have been lost on the way."""
    fired = LinkDesk.fired

    def hopeful(self: LinkDesk, till: Till, what: str) -> None:
        if what == "ack":
            till.ledger.note_acked(self.outbox.sent_upto)
        fired(self, till, what)

    put(LinkDesk, "fired", hopeful)


@mutant
def sent_is_acked(put: Put) -> None:
    """The broker has taken the packet (PUBACK): good enough."""
    stream = LinkDesk._stream

    def trusting(self: LinkDesk, till: Till) -> None:
        stream(self, till)
        if self.outbox.sent_upto > till.ledger.acked_seq:
            till.ledger.note_acked(self.outbox.sent_upto)

    put(LinkDesk, "_stream", trusting)


@mutant
def right_forgotten(put: Put) -> None:
    """Selling asks only whether anybody is signed on."""

    lacking = command.lacking

    def lax(ctx: Context, right: Right, *states: int | None) -> Refusal | None:
        refusal = lacking(ctx, right, *states)
        return None if refusal is not None and refusal.code in (2005, 2006) else refusal

    put(selling, "lacking", lax)


@mutant
def continuation_unmarked(put: Put) -> None:
    """A slip printed again looks like the first one."""
    give = PaperDesk._give

    def unmarked(self: PaperDesk, till: Till, job: int, because: int, mark: str, printer: int) -> None:
        give(self, till, job, because, "", printer)

    put(PaperDesk, "_give", unmarked)


@mutant
def stand_in_unmarked(put: Put) -> None:
    """What the second printer takes over is its first try of it: no mark, though the first one may have printed it."""
    give = PaperDesk._give

    def unmarked(self: PaperDesk, till: Till, job: int, because: int, mark: str, printer: int) -> None:
        give(self, till, job, because, mark if printer == FIRST else "", printer)

    put(PaperDesk, "_give", unmarked)


@mutant
def pulse_at_boot(put: Put) -> None:
    """A boot opens the drawer for the sale whose slip is unfinished."""
    started = Terminal._started

    def opening(self: Terminal, event: Started) -> None:
        started(self, event)
        for job in slip.open_jobs(self.ledger):
            self.emit(PulseDrawer(job.job))

    put(Terminal, "_started", opening)


@mutant
def kept_basket_dropped(put: Put) -> None:
    """What a cut left of the basket is offered to nobody."""
    home = stacks.home

    def forgetful(ctx: Context) -> Any:
        found = home(ctx)
        if isinstance(found[0], Idle) and not isinstance(found[-1], BasketScreen):
            return found[:1]
        return found

    put(stacks, "home", forgetful)
    put(terminal, "home", forgetful)


@mutant
def quantity_ignored(put: Put) -> None:
    """A line costs what one piece costs."""
    for module in (sale, basket):
        put(module, "line_amount", lambda price_fen, quantity_milli: price_fen)


@mutant
def soon_never(put: Put) -> None:
    """What may be committed soon waits for the next thing that must be committed now."""
    put(Terminal, "_soon", lambda self: None)


@mutant
def line_removed_silently(put: Put) -> None:
    """A line leaves the basket without a trace."""
    decide = sale.RemoveLine.decide

    def silent(self: sale.RemoveLine, ctx: Context) -> Decision | Refusal:
        done = decide(self, ctx)
        return done if isinstance(done, Refusal) else replace(done, facts=())

    put(sale.RemoveLine, "decide", silent)


@mutant
def resend_skips_one(put: Put) -> None:
    """Whatever is sent again begins one record too late, also when the backend asks for what it misses."""
    send_again = LinkDesk._send_again

    def late(sent_upto: int = 0, in_flight: tuple[int, ...] = ()) -> Outbox:
        return Outbox(sent_upto + 1 if sent_upto else 0, in_flight)

    def later(self: LinkDesk, till: Till, wanted: tuple[tuple[int, int], ...]) -> None:
        send_again(self, till, tuple((first + 1, last) for first, last in wanted))

    put(link, "Outbox", late)
    put(LinkDesk, "_send_again", later)


@mutant
def unknown_taken_for_printed(put: Put) -> None:
    """A printer that did not answer will have printed."""
    append = Terminal.append

    def sure(self: Terminal, fact: Fact) -> None:
        if isinstance(fact, SlipPrinted) and fact.outcome in ("unknown", "not_printed"):
            fact = SlipPrinted(fact.job, "printed")
        append(self, fact)

    put(Terminal, "append", sure)


@mutant
def lock_forgotten(put: Put) -> None:
    """Wrong PINs are counted and nothing follows."""
    decide = operator.SignOn.decide
    put(operator.SignOn, "decide", lambda self, ctx: decide(self, replace(ctx, locked=frozenset())))


@mutant
def pulse_on_continuation(put: Put) -> None:
    """Every print opens the drawer."""
    follow = Terminal._follow

    def generous(self: Terminal, fact: Fact, seq: int) -> None:
        follow(self, fact, seq)
        if isinstance(fact, SlipContinued):
            self.emit(PulseDrawer(fact.job))

    put(Terminal, "_follow", generous)


@mutant
def joined_line_lost(put: Put) -> None:
    """Scanning the same good again replaces its line instead of adding to it."""
    add = basket.Basket.add

    def forgetful(self: basket.Basket, line: Line) -> basket.Basket:
        kept = tuple(old for old in self.lines if old.weighed or not line.sku or old.sku != line.sku)
        return add(basket.Basket(kept), line)

    put(basket.Basket, "add", forgetful)
