"""An acquirer that obeys a script: it keeps its own books and answers like WeChat Pay and Alipay do, good days and bad.

Pure but for its books: time and chance are given in. `plan` says which replies come after how many milliseconds; the
simulation puts them on its clock, `fleet.simulated` waits them out in the backend's worker threads.
"""

from dataclasses import dataclass, replace
from random import Random

from fleet.acquirer.books import Back, Ledgers, Pages, Trade
from fleet.acquirer.codes import Table, provided_table
from fleet.acquirer.port import Call, PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.acquirer.script import Step, name_of

LATENCY_MS = (60, 250)
SECOND_ANSWER_MS = 1_500
REVERSE_DAYS_MAX = 7
DAY_MS = 24 * 3_600_000
FEES_PPM = {"wechat": 6_000, "alipay": 6_000, "unionpay": 5_500, "ecny": 0, "member": 0}
_PLAIN = {
    ("refuse", "wechat"): "NOTENOUGH", ("refuse", "alipay"): "ACQ.BUYER_BALANCE_NOT_ENOUGH",
    ("error", "wechat"): "SYSTEMERROR", ("error", "alipay"): "ACQ.SYSTEM_ERROR",
}  # fmt: skip
_REFUSED_BACK = {"wechat": "MCH_NOTENOUGH", "alipay": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
_REFUSED_REVERSE = {"wechat": "REVERSE_EXPIRE", "alipay": "ACQ.TRADE_NOT_ALLOW_REFUND"}

Plan = tuple[tuple[int, Reply], ...]
"""(milliseconds from now, reply); none: no answer."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Fee of each channel in millionths of the amount."""

    ppm: tuple[tuple[str, int], ...] = tuple(FEES_PPM.items())

    def of(self, channel: str) -> int:
        return dict(self.ppm).get(channel, 0)


class Simulator:
    """Takes calls at given times. `rng` only spreads latencies and makes the channels' numbers."""

    def __init__(self, ledgers: Ledgers, rng: Random, codes: Table | None = None, rates: Rates | None = None) -> None:
        self._ledgers = ledgers
        self._rng = rng
        self._codes = codes or provided_table()
        self._rates = rates or Rates()

    def plan(self, call: Call, now_ms: int) -> Plan:
        """Do what is asked, as far as the script lets it, and say which replies come when."""
        with self._ledgers.begin() as books:
            self._ripen(books, now_ms)
            step = self._step_for(books, call)
            if step is not None and step.play == "outage":
                books.mark("outage_until_ms", now_ms + step.after_ms)
            if now_ms < books.marked("outage_until_ms") or (step is not None and step.play == "silent"):
                return ()
            reply = self._do(books, call, step, now_ms)
            wait_ms = self._rng.randint(*LATENCY_MS)
        match step.play if step is not None else "success":
            case "lost" | "late":
                return ()
            case "double":
                return (wait_ms, reply), (wait_ms + SECOND_ANSWER_MS, reply)
            case _:
                return ((wait_ms, reply),)

    def _step_for(self, books: Pages, call: Call) -> Step | None:
        for number, step, left in books.steps():
            if step.is_for(call):
                books.use_step(number, left)
                return step
        return None

    def _do(self, books: Pages, call: Call, step: Step | None, now_ms: int) -> Reply:
        if step is not None and step.play in ("refuse", "error"):
            return self._refusal(call, step)
        match call:
            case PayCall():
                return self._pay(books, call, step, now_ms)
            case QueryCall():
                return self._known(books.trade(call.order_no))
            case ReverseCall():
                return self._reverse(books, call, now_ms)
            case RefundCall():
                return self._refund(books, call, step, now_ms)
            case RefundQueryCall():
                return _known_back(books.back(call.refund_no))

    def _refusal(self, call: Call, step: Step) -> Reply:
        """A definite refusal or an error, in the channel's own code; the channel has done nothing."""
        speaks = call.channel if call.channel == "alipay" else "wechat"
        plain = _PLAIN[step.play, speaks]
        if step.play == "refuse" and isinstance(call, RefundCall):
            plain = _REFUSED_BACK[speaks]
        if step.play == "refuse" and isinstance(call, ReverseCall):
            plain = _REFUSED_REVERSE[speaks]
        reply = self._codes.failure(call.channel, step.code or plain, step.text, name_of(call))
        if isinstance(call, ReverseCall) and reply.state == "failed":
            return replace(reply, state="refused")
        if isinstance(call, QueryCall | RefundQueryCall):
            return Reply("unknown", reply.code)
        return reply

    # --- payments ---

    def _pay(self, books: Pages, call: PayCall, step: Step | None, now_ms: int) -> Reply:
        known = books.trade(call.order_no)
        if known is not None:  # the same number is the same payment
            return Reply("failed", 5011) if known.state in ("closed", "revoked") else self._known(known)
        trade = Trade(
            call.order_no, call.channel, self._number(call.channel, now_ms), call.amount_fen,
            self._rates.of(call.channel), "success", call.terminal, call.operator, call.subject, now_ms, now_ms,
        )  # fmt: skip
        if step is not None and step.play in ("password", "late"):
            then = step.end if step.play == "password" else "success"
            trade = replace(trade, state="wait", paid_ms=0, due_ms=now_ms + step.after_ms, then=then)
        books.put_trade(trade)
        return self._known(trade)

    def _known(self, trade: Trade | None) -> Reply:
        if trade is None:
            return Reply("absent")
        match trade.state:
            case "success":
                return Reply("paid", 0, trade.trade_no, trade.amount_fen)
            case "wait":
                return self._codes.failure(trade.channel, "10003" if trade.channel == "alipay" else "USERPAYING")
            case "cancelled":
                return self._codes.failure(
                    trade.channel, "ACQ.PAYMENT_FAIL" if trade.channel == "alipay" else "PAYERROR"
                )
            case "closed" | "revoked":
                return Reply("reversed", 0, trade.trade_no)

    def _reverse(self, books: Pages, call: ReverseCall, now_ms: int) -> Reply:
        """Close what is not paid, give back what is; a number nobody knows is closed too."""
        trade = books.trade(call.order_no)
        if trade is None:
            trade = Trade(call.order_no, call.channel, "", 0, 0, "closed", made_ms=now_ms)
        elif trade.state == "success":
            if now_ms - trade.paid_ms > REVERSE_DAYS_MAX * DAY_MS or books.backs(trade.order_no):
                refused = _speaking(call.channel, _REFUSED_REVERSE)
                return replace(self._codes.failure(call.channel, refused, call="reverse"), state="refused")
            trade = replace(trade, state="revoked", revoked_ms=now_ms)
        elif trade.state in ("wait", "cancelled"):
            trade = replace(trade, state="closed", due_ms=0, then="")
        books.put_trade(trade)
        return Reply("reversed", 0, trade.trade_no)

    # --- refunds ---

    def _refund(self, books: Pages, call: RefundCall, step: Step | None, now_ms: int) -> Reply:
        known = books.back(call.refund_no)
        if known is not None:  # the same number is the same refund
            return _known_back(known)
        trade = books.trade(call.order_no)
        given = sum(each.amount_fen for each in books.backs(call.order_no))
        if trade is None or trade.state != "success" or given + call.amount_fen > trade.amount_fen:
            return Reply("failed", 5015)
        slow = step is not None and step.play in ("processing", "late")
        back = Back(
            call.refund_no, call.order_no, call.channel, self._number("50" + call.channel, now_ms), call.amount_fen,
            call.reason, "processing" if slow else "success", now_ms, 0 if slow else now_ms,
            now_ms + step.after_ms if slow and step is not None else 0,
        )  # fmt: skip
        books.put_back(back)
        return _known_back(back)

    def _ripen(self, books: Pages, now_ms: int) -> None:
        """What the customer or the bank has done in the meantime."""
        trades, backs = books.due(now_ms)
        for trade in trades:
            paid = replace(trade, state="success", paid_ms=trade.due_ms, due_ms=0, then="")
            books.put_trade(paid if trade.then == "success" else replace(trade, state="cancelled", due_ms=0, then=""))
        for back in backs:
            books.put_back(replace(back, state="success", done_ms=back.due_ms, due_ms=0))

    def ripen(self, now_ms: int) -> None:
        """Let come true what is due by now, without a request: a customer pays while nobody asks."""
        with self._ledgers.begin() as books:
            self._ripen(books, now_ms)

    def _number(self, channel: str, now_ms: int) -> str:
        """A number as the channel makes them: 28 digits."""
        head = {"wechat": "4200", "alipay": "2026"}.get(channel, "5030" if channel.startswith("50") else "8800")
        return f"{head}{now_ms:013d}{self._rng.randrange(10**11):011d}"


def _speaking(channel: str, words: dict[str, str]) -> str:
    return words["alipay" if channel == "alipay" else "wechat"]


def _known_back(back: Back | None) -> Reply:
    if back is None:
        return Reply("absent")
    if back.state == "processing":
        return Reply("processing", 5018, back.refund_trade_no)
    return Reply("refunded", 0, back.refund_trade_no)
