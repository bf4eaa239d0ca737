"""The simulated way to the backend carries asks about money as the real one does: through core, acquirer and radio."""

import pytest

from firmware.events import Answered, Ask, AskFailed, Event, LinkUp
from fleet.acquirer.script import Step
from fleet.vouchers.script import VoucherStep
from rules.orders import order_no, voucher_no
from simulation.clockwork import Clockwork
from simulation.link import Backend, Link
from wire.messages import AnswerPayment, AskPay, AskQuery, AskReverse
from wire.vouchers import (
    AnswerVoucher,
    AnswerVoucherPrepare,
    AskVoucherConsume,
    AskVoucherPrepare,
    AskVoucherQuery,
)

TERMINAL = "00010023"
ORDER = order_no("2026-11-22", TERMINAL, 1, 1, 45, 1)
PAY = AskPay(ORDER, "wechat", "134567890123456789", 1050, "Shop", "01", 8_000)


class Radio:
    """A link with a terminal that only listens."""

    def __init__(self, *steps: Step, seed: int = 1) -> None:
        self.clock = Clockwork(seed)
        self.backend = Backend(self.clock, 1_795_305_600_000)
        self.backend.script(*steps)
        self.events: list[Event] = []
        self.link = Link(
            self.clock,
            self.backend,
            TERMINAL,
            lambda event, ms: self.clock.after(ms, lambda: self.events.append(event)),
        )
        self.link.start()
        self.run(10_000)
        assert any(isinstance(event, LinkUp) for event in self.events)

    def run(self, ms: int) -> None:
        self.clock.run_until(self.clock.now_ms + ms)

    def ask(self, ask: AskPay | AskQuery | AskReverse, ms: int = 20_000) -> list[str]:
        before = len(self.events)
        self.link.carry(Ask(1, ask))
        self.run(ms)
        found = [event.answer for event in self.events[before:] if isinstance(event, Answered)]
        return [answer.state for answer in found if isinstance(answer, AnswerPayment)]

    @property
    def taken_fen(self) -> int:
        with self.backend.acquirer_books.begin() as books:
            return sum(trade.amount_fen for trade in books.trades() if trade.state == "success")


def test_money_is_taken_and_given_back() -> None:
    radio = Radio()
    assert radio.ask(PAY) == ["paid"]
    assert radio.taken_fen == 1050
    assert radio.ask(AskReverse(ORDER)) == ["reversed"]
    assert radio.taken_fen == 0


def test_a_lost_answer_of_the_acquirer_is_found_by_a_query() -> None:
    radio = Radio(Step("lost"))
    assert radio.ask(PAY) == ["unknown"]
    assert radio.ask(AskQuery(ORDER)) == ["paid"]


def test_a_doubling_link_takes_money_once() -> None:
    radio = Radio(Step("double"))
    radio.link.quality = "doubling"
    answers = radio.ask(PAY)
    assert answers[-1] == "paid"
    assert len(answers) > 1
    assert radio.taken_fen == 1050


def test_without_a_session_an_ask_fails_and_never_leaves() -> None:
    radio = Radio()
    radio.link.radio = False
    radio.link.changes()
    radio.run(10_000)
    radio.link.carry(Ask(1, PAY))
    radio.run(60_000)
    assert AskFailed(ORDER, "pay") in radio.events
    assert radio.taken_fen == 0


@pytest.mark.parametrize(("away_ms", "taken_fen"), [(5_000, 1050), (60_000, 0)])
def test_an_ask_that_waited_too_long_at_the_broker_is_gone(away_ms: int, taken_fen: int) -> None:
    radio = Radio()
    radio.backend.restart(away_ms)
    radio.ask(PAY, 90_000)
    assert radio.taken_fen == taken_fen


def test_a_call_in_the_hands_of_a_backend_that_dies_is_found_again() -> None:
    radio = Radio()
    radio.link.carry(Ask(1, PAY))
    radio.run(85)
    radio.backend.restart(1_000)
    radio.run(30_000)
    assert radio.ask(AskQuery(ORDER)) in (["paid"], ["absent"])


def test_vouchers_are_redeemed_on_the_worlds_clock() -> None:
    radio = Radio()
    radio.link.carry(Ask(1, AskVoucherPrepare("l1", "100100000001", False)))
    radio.run(5_000)
    (prepared,) = [each.answer for each in radio.events if isinstance(each, Answered)]
    assert isinstance(prepared, AnswerVoucherPrepare)
    number = voucher_no(TERMINAL, 1, 1, 45, 1)
    radio.backend.platforms.script(VoucherStep("lost"))
    radio.link.carry(Ask(2, AskVoucherConsume(number, "meituan", 1, 2_000, "01", prepared.coupons[0].ref)))
    radio.run(20_000)
    radio.link.carry(Ask(3, AskVoucherQuery(number)))
    radio.run(20_000)
    told = [each.answer for each in radio.events if isinstance(each, Answered)]
    assert [each.state for each in told if isinstance(each, AnswerVoucher)] == ["unknown", "consumed"]
    assert radio.backend.platforms.redeemed(1_795_305_700_000) == {number: 1}
