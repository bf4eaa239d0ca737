"""A terminal, the backend's core and the simulated acquirer in one process, on one clock."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from firmware.events import Answered, Ask, Effect, Event, Send
from fleet.acquirer.books import Ledgers
from fleet.acquirer.port import NO_ANSWER
from fleet.acquirer.script import Step
from fleet.acquirer.simulator import Simulator
from fleet.core import AcquirerAnswered, Arrived, CallAcquirer, Core, Message, SendAnswer
from fleet.sql import SqlStore
from tests.fleet_money.world import KEY
from tests.payments.till import Till
from wire.channels import money_channel
from wire.messages import MoneyAsk


@dataclass
class Shop(Till):
    """`script` tells the acquirer what to do with coming requests; everything else happens as in a shop."""

    store: SqlStore = field(default_factory=SqlStore)
    books: Ledgers = field(default_factory=Ledgers)
    core: Core = field(init=False)
    acquirer: Simulator = field(init=False)

    def __post_init__(self) -> None:
        self.core = Core(self.store, KEY.sign)
        self.acquirer = Simulator(self.books, Random(1))

    @property
    def wall_ms(self) -> int:
        return self.day_ms + self.ms

    def step(self, event: Event, after_ms: int = 100) -> list[Effect]:
        effects = super().step(event, after_ms)
        for effect in list(effects):
            if isinstance(effect, Send):
                message = Message(self.ledger.terminal, "rec", msgspec.json.encode(effect.packet))
                self.core.step(Arrived(self.wall_ms, (message,)))
        return effects

    def _answer(self, effect: Effect) -> list[Effect]:
        effects = super()._answer(effect)
        return effects + self._served(effect.ask) if isinstance(effect, Ask) else effects

    def _served(self, ask: MoneyAsk) -> list[Effect]:
        message = Message(self.ledger.terminal, money_channel(ask).rest, msgspec.json.encode(ask))
        return self._carried_out(self.core.step(Arrived(self.wall_ms, (message,))))

    def _carried_out(self, wanted: list) -> list[Effect]:
        done: list[Effect] = []
        for effect in wanted:
            if isinstance(effect, SendAnswer):
                done += self.step(Answered(effect.answer))
            elif isinstance(effect, CallAcquirer):
                replies = [reply for _, reply in self.acquirer.plan(effect.call, self.wall_ms)] or [NO_ANSWER]
                for reply in replies:
                    done += self._carried_out(self.core.step(AcquirerAnswered(self.wall_ms, effect.ticket, reply)))
        return done

    def script(self, *steps: Step) -> "Shop":
        with self.books.begin() as books:
            books.clear_steps()
            books.add_steps(steps)
        return self


def shop(folder: Path) -> Shop:
    """Open for business, on line, numbered."""
    counter = Shop(folder)
    counter.open_for_business()
    counter.online()
    return counter
