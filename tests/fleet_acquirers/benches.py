"""A way to take money by code, before the books of its channel: what the contract's tests are played on. The simulator
is one of them: what a terminal may expect of a real channel it learns from that."""

from itertools import count
from random import Random

from fleet.acquirer.adapters import alipay, alipay_door, wechat, wechat_door
from fleet.acquirer.adapters.adapter import Adapter
from fleet.acquirer.books import Ledgers
from fleet.acquirer.codes import provided_table
from fleet.acquirer.port import PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.acquirer.script import Step
from fleet.acquirer.simulator import Simulator
from rules.orders import order_no, refund_no
from tests.fleet_adapters.benches import TurnedClock
from tests.standins import alipay as alipay_server
from tests.standins import wechat as wechat_server
from tests.standins.aggregator import private_pem, public_pem
from tests.standins.server import Fault

TERMINAL = "00010023"
PATIENT_MS, IMPATIENT_MS = 12_000, 150
LATER_MS = 61_000
"""After this long no customer's code is alive any more."""


def number(index: int = 1) -> str:
    return order_no("2026-11-22", TERMINAL, 1, 1, index, 1)


class Bench:
    """One channel: calls, and what its customers and its network do."""

    channel: str
    head: str
    kinds: dict[str, tuple[str, str]]

    def __init__(self) -> None:
        self.clock = TurnedClock()
        self.codes = count(1)
        self.alarms: list[str] = []

    def code(self) -> str:
        """A fresh one of a customer."""
        return f"{self.head}{next(self.codes):016d}"

    def one(self, call, patience_ms: int = PATIENT_MS) -> Reply:
        replies = self.ask(call, patience_ms)
        assert len(replies) == 1, replies
        return replies[0]

    def pay(self, fen: int = 1050, index: int = 1, code: str = "", patience_ms: int = PATIENT_MS, **more) -> Reply:
        told = {"subject": "可乐,薯片", "terminal": TERMINAL, "operator": "01", **more}
        self.asked_ms = self.clock.wall_ms()
        call = PayCall(number(index), self.channel, fen, auth_code=code or self.code(), **told)
        return self.one(call, patience_ms)

    def query(self, index: int = 1) -> Reply:
        return self.one(QueryCall(number(index), self.channel))

    def reverse(self, index: int = 1, after_ms: int = LATER_MS) -> Reply:
        """As the backend asks: so long after the payment was asked for."""
        self.clock.at_ms += after_ms
        return self.one(ReverseCall(number(index), self.channel, self.clock.wall_ms() - after_ms))

    def refund(self, fen: int, nth: int = 1, paid_fen: int = 1050, index: int = 1) -> Reply:
        call = RefundCall(refund_no(number(index), nth), number(index), self.channel, fen, "退货", paid_fen)
        return self.one(call)

    def refund_query(self, nth: int = 1, index: int = 1) -> Reply:
        return self.one(RefundQueryCall(refund_no(number(index), nth), number(index), self.channel))


class RealBench(Bench):
    """An adapter before the stand-in of its channel."""

    server_class: type
    secrets: tuple[str, ...]

    def __init__(self, server, folder) -> None:
        """Adapters are made once for each stand-in, which takes a tenth of a second, and live on its clock."""
        super().__init__()
        self.server = server
        if not hasattr(server, "made"):
            server.made, server.their_clock, server.alarms = {}, self.clock, self.alarms
        self.clock, self.alarms = server.their_clock, server.alarms
        self.clock.at_ms = TurnedClock.at_ms
        self.alarms.clear()
        server.reset(self.clock)
        self._made: dict[int, Adapter] = server.made

    def dialect(self, answer_ms: int):
        raise NotImplementedError

    def adapter(self, answer_ms: int = PATIENT_MS) -> Adapter:
        if answer_ms not in self._made:
            self._made[answer_ms] = Adapter(self.dialect(answer_ms), provided_table(), self.clock, self.alarms.append)
        return self._made[answer_ms]

    def ask(self, call, patience_ms: int = PATIENT_MS) -> list[Reply]:
        replies: list[Reply] = []
        self.adapter(patience_ms).call(call, replies.append)
        return replies

    def misbehave(self, call: str, *hows: str) -> None:
        self.server.misbehave(call, *hows)

    def refuse(self, call: str, kind: str) -> None:
        self.server.misbehave(call, Fault("error", *self.kinds[kind]))

    def customer_types(self) -> None:
        self.server.customers.append("types")

    def customer_ends(self, pays: bool, index: int = 1) -> None:
        self.clock.at_ms += 5_000
        self.server.customer_ends(number(index), pays)

    def waits(self, index: int = 1) -> bool:
        """Whether a customer is typing a password."""
        trade = self.server.books.trades.get(number(index))
        return trade is not None and trade.state == "paying"

    def taken(self) -> int:
        return self.server.books.count("taken")

    def held_fen(self, index: int = 1) -> int:
        return self.server.books.held_fen(number(index))


class WeChatBench(RealBench):
    channel = "wechat"
    head = "13"
    server_class = wechat_server.WeChatPay
    secrets = ("PRIVATE KEY", wechat_server.OPENID, "招商银行")
    more: dict[str, str] = {}  # noqa: RUF012 - never changed
    kinds = {  # noqa: RUF012 - never changed
        "poor": ("NOTENOUGH", "余额不足"), "expired": ("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试"),
        "busy": ("SYSTEM_ERROR", "系统超时"), "unheard": ("NEVER_HEARD_OF", "…"),
        "merchant poor": ("NOT_ENOUGH", "余额不足"),
        "not reversible": ("REVERSE_EXPIRE", "订单无法撤销"), "used": ("AUTH_CODE_INVALID", "每个二维码仅限使用一次"),
        "closed": ("ORDER_CLOSED", "订单已关闭"), "not enabled": ("NO_AUTH", "商户无权限"), "limit": ("RULE_LIMIT", "超限"),
    }  # fmt: skip

    def keys(self) -> wechat_door.Keys:
        mine, theirs = private_pem(self.server.callers), public_pem(self.server.own)
        return wechat_door.Keys(mine, wechat_server.SERIAL, theirs, wechat_server.PUBLIC_ID)

    def dialect(self, answer_ms: int):
        credentials = wechat.Credentials(
            wechat_server.MCHID, wechat_server.APPID, wechat_server.SERIAL, "", base=self.server.address, **self.more
        )
        return wechat.WeChat(credentials, self.keys(), self.clock, answer_ms)


class WeChatPartnerBench(WeChatBench):
    server_class = wechat_server.WeChatPartner
    more = {"sub_mchid": wechat_server.SUB_MCHID}  # noqa: RUF012 - never changed


class AlipayBench(RealBench):
    channel = "alipay"
    head = "28"
    server_class = alipay_server.AlipayGateway
    secrets = ("PRIVATE KEY", alipay_server.BUYER, alipay_server.LOGON, alipay_server.APP_TOKEN)
    token = ""
    kinds = {  # noqa: RUF012 - never changed
        "poor": ("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足"), "expired": ("ACQ.PAYMENT_AUTH_CODE_INVALID", "无效"),
        "busy": ("aop.ACQ.SYSTEM_ERROR", "系统错误"), "unheard": ("ACQ.NEVER_HEARD_OF", "…"),
        "merchant poor": ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户余额不足"),
        "not reversible": ("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围"),
        "closed": ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
        "not enabled": ("ACQ.ACCESS_FORBIDDEN", "无权限使用接口"), "limit": ("ACQ.TOTAL_FEE_EXCEED", "超限"),
    }  # fmt: skip

    def keys(self) -> alipay_door.Keys:
        return alipay_door.Keys(private_pem(self.server.callers), public_pem(self.server.own))

    def dialect(self, answer_ms: int):
        credentials = alipay.Credentials(
            alipay_server.APP_ID, "", app_auth_token=self.token, gateway=f"{self.server.address}/gateway.do"
        )
        return alipay.Alipay(credentials, self.keys(), self.clock, answer_ms)


class AlipayAuthorisedBench(AlipayBench):
    server_class = alipay_server.AlipayAuthorised
    token = alipay_server.APP_TOKEN


class SimulatorBench(Bench):
    """The simulated acquirer, speaking one channel's codes."""

    server_class = None
    plays = {"lost": "lost", "dropped": "silent", "twice": "double"}  # noqa: RUF012 - never changed

    def __init__(self, _server, folder) -> None:
        super().__init__()
        self.ledgers = Ledgers()
        self.simulator = Simulator(self.ledgers, Random(1))

    def ask(self, call, patience_ms: int = PATIENT_MS) -> list[Reply]:
        plan = self.simulator.plan(call, self.clock.wall_ms())
        return [reply for _, reply in plan[:1]] or [Reply("unknown", 5007)]

    def _add(self, step: Step) -> None:
        with self.ledgers.begin() as books:
            books.add_steps([step])

    def misbehave(self, call: str, *hows: str) -> None:
        for how in hows:
            self._add(Step(self.plays[how], call=call))

    def refuse(self, call: str, kind: str) -> None:
        code, words = self.kinds[kind]
        self._add(Step("refuse", call=call, code=code, text=words))

    def customer_types(self) -> None:
        self._add(Step("password", after_ms=5_000, end="cancel"))

    def customer_ends(self, pays: bool, index: int = 1) -> None:
        if pays:
            with self.ledgers.begin() as books:
                trade = books.trade(number(index))
                books.put_trade(
                    type(trade)(**{name: getattr(trade, name) for name in trade.__slots__} | {"then": "success"})
                )
        self.clock.at_ms += 5_000

    def waits(self, index: int = 1) -> bool:
        return any(each.order_no == number(index) and each.state == "wait" for each in self._trades()[0])

    def _trades(self):
        self.simulator.ripen(self.clock.wall_ms())
        with self.ledgers.begin() as books:
            return books.trades(), books.backs()

    def taken(self) -> int:
        return sum(1 for trade in self._trades()[0] if trade.state in ("success", "revoked"))

    def held_fen(self, index: int = 1) -> int:
        trades, backs = self._trades()
        paid = sum(each.amount_fen for each in trades if each.order_no == number(index) and each.state == "success")
        return paid - sum(each.amount_fen for each in backs if each.order_no == number(index))


class SimulatedWeChat(SimulatorBench):
    channel, head, kinds = "wechat", "13", WeChatBench.kinds


class SimulatedAlipay(SimulatorBench):
    channel, head, kinds = "alipay", "28", AlipayBench.kinds


REAL = (WeChatBench, AlipayBench)
PLAIN = (*REAL, SimulatedWeChat, SimulatedAlipay)
ALL = (*PLAIN, WeChatPartnerBench, AlipayAuthorisedBench)
"""With those that serve other merchants: the contract only, where their requests differ."""
