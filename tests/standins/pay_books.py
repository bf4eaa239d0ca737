"""A payment channel's own books: what it took, closed, gave back. The witness of the tests."""

from dataclasses import dataclass, field


@dataclass
class Trade:
    """One payment. `state`: paying, paid, failed, closed (never paid), revoked (paid and given back by a reversal)."""

    order_no: str
    fen: int
    code: str
    number: str
    state: str
    at_ms: int


@dataclass
class Back:
    """One refund. `state`: processing, done, closed."""

    refund_no: str
    order_no: str
    fen: int
    number: str
    state: str


@dataclass
class PayBooks:
    """Everything that happened, in order: (what, number)."""

    trades: dict[str, Trade] = field(default_factory=dict)
    backs: dict[str, Back] = field(default_factory=dict)
    history: list[tuple[str, str]] = field(default_factory=list)

    def open(self, trade: Trade) -> Trade:
        assert trade.order_no not in self.trades
        assert all(each.code != trade.code for each in self.trades.values()), "a code is good once"
        self.trades[trade.order_no] = trade
        if trade.state == "paid":
            self.history.append(("taken", trade.order_no))
        return trade

    def settle(self, order_no: str, state: str, at_ms: int = 0) -> None:
        """The customer, or a reversal, makes a trade this."""
        trade = self.trades[order_no]
        if state == "paid":
            assert trade.state == "paying", trade
            self.history.append(("taken", order_no))
            trade.at_ms = at_ms
        if state == "revoked":
            assert trade.state == "paid", trade
            self.history.append(("given back", order_no))
        trade.state = state

    def give_back(self, back: Back) -> Back:
        assert back.refund_no not in self.backs
        self.backs[back.refund_no] = back
        self.history.append(("refunded", back.refund_no))
        return back

    def given_fen(self, order_no: str) -> int:
        return sum(each.fen for each in self.backs.values() if each.order_no == order_no and each.state != "closed")

    def held_fen(self, order_no: str) -> int:
        """What the shop has of a payment in the end."""
        trade = self.trades.get(order_no)
        return trade.fen - self.given_fen(order_no) if trade is not None and trade.state == "paid" else 0

    def count(self, what: str) -> int:
        return sum(1 for each, _number in self.history if each == what)
