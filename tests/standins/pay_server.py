"""What the stand-ins of payment channels share: customers, and misdeeds of an answer that must not be believed."""

from collections import deque

from tests.standins.pay_books import PayBooks
from tests.standins.server import Fault, Standin

UNBELIEVED = ("forged", "unsigned", "tampered")
"""The call was carried out; its answer is signed by somebody else, by nobody, or changed on its way."""

REVERSIBLE_DAY_MS = 86_400_000


class PayStandin(Standin):
    """`customers`: what the coming ones do: "pays" or "types" (a password; the test says how it ends)."""

    CHANNEL = ""
    CODE = ""

    def reset(self, clock) -> None:
        super().reset(clock)
        self.books = PayBooks()
        self.customers: deque[str] = deque()
        self.slow_refunds = False
        self.addresses: list[str] = []

    def first_state(self) -> str:
        return "paying" if self.customers and self.customers.popleft() == "types" else "paid"

    def number(self, head: str) -> str:
        return f"{head}{self.clock.wall_ms():013d}{len(self.books.history):011d}"

    def customer_ends(self, order_no: str, pays: bool) -> None:
        raise NotImplementedError

    def finish_refunds(self) -> None:
        for back in self.books.backs.values():
            back.state = "done"


__all__ = ["UNBELIEVED", "Fault", "PayStandin"]
