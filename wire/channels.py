"""Every MQTT channel of a terminal in one table: topic, payload, QoS, retained, expiry (wire contract, 2).

Drivers publish by this table, the AsyncAPI document is made from it and the test oracle judges by it.
"""

from types import UnionType
from typing import Literal, NamedTuple

from wire import topics
from wire.fleet import COMMAND_EXPIRY_S, COMMANDS, Desired, Met, Order, Reply, Reported, Signed
from wire.messages import (
    Answer,
    AskDiagnose,
    AskEpoch,
    AskPay,
    AskQuery,
    AskRefund,
    AskRefundQuery,
    AskRenew,
    AskReserve,
    AskReverse,
    AskSale,
    AskTime,
    AskTotals,
    EventReport,
    MoneyAsk,
    State,
    Time,
)
from wire.records import Ack, Packet
from wire.vouchers import (
    AskDeals,
    AskVoucherConsume,
    AskVoucherLook,
    AskVoucherPrepare,
    AskVoucherQuery,
    AskVoucherUndo,
)

SCHEMA_MAJOR = ("schema", "1")
"""User property of every message: the major version of its payload's schema."""

KEEP_ALIVE_S = 60
SESSION_EXPIRY_S = 7 * 24 * 3600
WILL_DELAY_S = 90
RECEIVE_MAX = 16
PACKET_SIZE_MAX = 64 * 1024
"""Bytes of a whole MQTT packet."""


class Channel(NamedTuple):
    """One row of the table. `rest` is the topic after `pos/v1/<id>/<way>/`, `expiry_s` None: kept until delivered. A
    `{cid}` in it stands for the number of a command."""

    way: Literal["up", "dn"]
    rest: str
    payload: type | UnionType
    qos: Literal[0, 1]
    retained: bool
    expiry_s: int | None
    summary: str

    def topic(self, terminal: str) -> str:
        """Whole topic of this channel for one terminal."""
        return topics.up(terminal, self.rest) if self.way == "up" else topics.down(terminal, self.rest)

    def of(self, cid: str) -> "Channel":
        """This channel for one command."""
        return self._replace(rest=self.rest.replace("{cid}", cid))


STATE = Channel("up", "state", State, 1, True, None, "Birth, changes and death of a terminal; also its will.")
RECORDS = Channel("up", "rec", Packet, 1, False, None, "Journal records, at most 16 or 8 KiB to a packet.")
EVENT = Channel("up", "event", EventReport, 1, False, None, "Error codes seen at the counter: at once, or counted.")
ASK_EPOCH = Channel("up", "ask/epoch", AskEpoch, 1, False, 60, "Asks for the number of a new journal's epoch.")
ASK_TIME = Channel("up", "ask/time", AskTime, 1, False, 30, "Asks for the signed time.")
ASK_RENEW = Channel("up", "ask/renew", AskRenew, 1, False, 60, "Asks for a certificate for a new key.")
ASK_PAY = Channel("up", "ask/pay", AskPay, 1, False, 10, "Asks for money by a customer's payment code.")
ASK_QUERY = Channel("up", "ask/query", AskQuery, 1, False, 10, "Asks what became of a payment.")
ASK_REVERSE = Channel("up", "ask/reverse", AskReverse, 1, False, 30, "Asks that a payment be closed or given back.")
ASK_REFUND = Channel("up", "ask/refund", AskRefund, 1, False, 30, "Asks that a part of a payment be given back.")
ASK_REFUND_QUERY = Channel("up", "ask/refund_query", AskRefundQuery, 1, False, 10, "Asks what became of a refund.")
ASK_SALE = Channel("up", "ask/sale", AskSale, 1, False, 10, "Asks for a sale of another terminal of the shop.")
ASK_RESERVE = Channel("up", "ask/reserve", AskReserve, 1, False, 30, "Asks to give back goods of another terminal.")
ASK_TOTALS = Channel("up", "ask/totals", AskTotals, 1, False, 10, "Asks for the backend's totals of a batch.")
ASK_VOUCHER_PREPARE = Channel(
    "up", "ask/voucher_prepare", AskVoucherPrepare, 1, False, 10, "Asks what a voucher's code is worth."
)
ASK_VOUCHER_CONSUME = Channel("up", "ask/voucher_consume", AskVoucherConsume, 1, False, 10, "Redeems a voucher.")
ASK_VOUCHER_QUERY = Channel(
    "up", "ask/voucher_query", AskVoucherQuery, 1, False, 10, "Asks what became of a voucher's redemption."
)
ASK_VOUCHER_UNDO = Channel(
    "up", "ask/voucher_undo", AskVoucherUndo, 1, False, 30, "Asks that a voucher be given back to the customer."
)
ASK_VOUCHER_LOOK = Channel("up", "ask/voucher_look", AskVoucherLook, 1, False, 10, "Asks where a voucher was used.")
ASK_DEALS = Channel("up", "ask/deals", AskDeals, 1, False, 30, "Asks for deals, their rules and the platforms' states.")
ASK_DIAGNOSE = Channel(
    "up", "ask/diagnose", AskDiagnose, 1, False, 10, "Asks whether the backend and its platforms are there."
)
ACK = Channel("dn", "ack", Ack, 1, False, 600, "What the backend has committed, sent after the commit.")
ANSWER = Channel("dn", "answer", Answer, 1, False, 60, "The answer to an ask.")
TIME = Channel("dn", "time", Time, 0, False, 30, "The backend's clock, signed and bound to a nonce.")
DESIRED = Channel("dn", "desired", Signed, 1, True, None, "The settings a terminal is to have: a signed `Desired`.")
REPORTED = Channel("up", "reported", Reported, 1, True, None, "Which settings and which release are in force.")
REPLY = Channel("up", "reply/{cid}", Reply, 1, False, None, "What became of a command.")
MET = Channel("up", "met", Met, 0, False, None, "Telemetry, every 15 minutes.")
COMMAND: dict[str, Channel] = {
    name: Channel("dn", f"cmd/{name}", Signed, 1, False, COMMAND_EXPIRY_S, f"Orders {name}: a signed `Order`.")
    for name in COMMANDS
}
SIGNED_BODIES = (Desired, Order)
"""What the text of a `Signed` holds."""

MONEY: tuple[Channel, ...] = (
    ASK_PAY, ASK_QUERY, ASK_REVERSE, ASK_REFUND, ASK_REFUND_QUERY, ASK_SALE, ASK_RESERVE, ASK_TOTALS,
    ASK_VOUCHER_PREPARE, ASK_VOUCHER_CONSUME, ASK_VOUCHER_QUERY, ASK_VOUCHER_UNDO, ASK_VOUCHER_LOOK, ASK_DEALS,
    ASK_DIAGNOSE,
)  # fmt: skip

CHANNELS: tuple[Channel, ...] = (
    STATE, RECORDS, EVENT, REPORTED, REPLY, MET, ASK_EPOCH, ASK_TIME, ASK_RENEW, *MONEY, ACK, ANSWER, TIME, DESIRED,
    *COMMAND.values(),
)  # fmt: skip


def money_channel(ask: MoneyAsk) -> Channel:
    """The channel an ask about money or vouchers is published on."""
    return next(channel for channel in MONEY if channel.payload is type(ask))


def find(way: str, rest: str) -> Channel | None:
    """The channel a parsed topic belongs to, or None when this version does not know it."""
    if rest.startswith("reply/"):
        rest = "reply/{cid}"
    return next((channel for channel in CHANNELS if (channel.way, channel.rest) == (way, rest)), None)
