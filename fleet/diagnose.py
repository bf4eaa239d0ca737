"""What the backend says when a terminal asks how things stand: that it is there, and which platforms it reached lately.

Nothing is called for the asking: a shop that diagnoses must not load a channel that is in trouble. What the last quarter
of an hour's payments met is told; of a channel nobody used, that it is not known.
"""

from fleet.effects import SendAnswer
from fleet.money import MoneyBooks, Payment
from wire.messages import AnswerDiagnose, AskDiagnose, Reach

CHANNELS = ("wechat", "alipay", "unionpay", "ecny")
LATELY_MS = 15 * 60_000
PAYMENTS_MAX = 200
TIME_OUT = 1004
_WITHOUT_THE_CHANNEL = (5013, 5014, 5007)
"""Failures that are the channel's own, not the customer's."""


def answer(
    books: MoneyBooks, terminal: str, ask: AskDiagnose, now_ms: int, vouchers: tuple[Reach, ...] = ()
) -> SendAnswer:
    """Every channel of the acquirer, as its newest payment of all terminals found it, and the voucher platforms as they
    answered for this shop."""
    newest: dict[str, Payment] = {}
    for payment in books.recent(now_ms - LATELY_MS, PAYMENTS_MAX):
        if payment.state != "unknown" or now_ms >= payment.busy_until_ms:  # a call under way says nothing yet
            newest.setdefault(payment.channel, payment)
    platforms = tuple(_state(channel, newest.get(channel)) for channel in CHANNELS)
    return SendAnswer(terminal, AnswerDiagnose(ask.nonce, (*platforms, *vouchers)))


def _state(channel: str, payment: Payment | None) -> Reach:
    if payment is None:
        return Reach(channel, "unknown")
    if payment.state == "unknown":
        return Reach(channel, "down", TIME_OUT)
    if payment.state == "failed" and payment.code in _WITHOUT_THE_CHANNEL:
        return Reach(channel, "down", payment.code)
    return Reach(channel, "ok")
