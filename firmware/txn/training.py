"""Going to practise and coming back: what the live journal knows of it. Practice itself has a journal of its own."""

from dataclasses import dataclass

from firmware.events import Practise
from firmware.txn import checkout, hold, slip
from firmware.txn.command import Context, Decision, Refusal
from wire.facts import TrainingEntered


@dataclass(frozen=True, slots=True)
class StartTraining:
    """Practise beside the live counter, which is left as it is: with an empty basket, no order that is being paid, and no
    slip at the printer."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """`TrainingEntered`, or 2001, 5029 (an order stands at the counter), 8011 (a basket or a slip is under way)."""
        if not ctx.session.operator:
            return Refusal(2001)
        if not ctx.training and checkout.at_counter(ctx.books) is not None:
            return Refusal(5029)
        printing = any(job.state == "queued" for job in slip.open_jobs(ctx.books))
        if ctx.training or ctx.session.basket.lines or hold.kept(ctx.books).lines or printing:
            return Refusal(8011)
        return Decision((TrainingEntered(ctx.session.operator),), effects=(Practise(True),))


@dataclass(frozen=True, slots=True)
class StopTraining:
    """Given at the practice counter: back to the live one."""

    def decide(self, ctx: Context) -> Decision | Refusal:
        """No fact: what is practised is thrown away. 4010 when nobody practises here."""
        return Decision(effects=(Practise(False),)) if ctx.training else Refusal(4010)
