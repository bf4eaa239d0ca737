"""The day's statement as WeChat Pay and Alipay write it (domain 2.1, 2.2), from the simulated acquirer's own books.

Days are those of China (UTC+8). WeChat: one UTF-8 CSV, back-tick before every field, a summary at the end. Alipay: a ZIP of
two GBK CSVs with comment lines, cells padded with tabs.
"""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from fleet import china
from fleet.acquirer.books import Pages
from fleet.china import day_of
from rules.money import yuan
from rules.orders import read_order_no

APP, MERCHANT, ACCOUNT = "wx0000000000000000", "1900000109", "2088000000000001"

WECHAT_COLUMNS = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
)
WECHAT_SUMMARY = (
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
)
ALIPAY_COLUMNS = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "门店编号",
    "门店名称",
    "操作员",
    "终端号",
    "对方账户",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝红包（元）",
    "集分宝（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "券核销金额（元）",
    "券名称",
    "商家红包消费金额（元）",
    "卡消费金额（元）",
    "退款批次号/请求号",
    "服务费（元）",
    "分润（元）",
    "备注",
)
ALIPAY_SUMMARY = (
    "门店编号",
    "门店名称",
    "交易订单总笔数",
    "退款订单总笔数",
    "订单金额（元）",
    "商家实收（元）",
    "支付宝优惠（元）",
    "商家优惠（元）",
    "卡消费金额（元）",
    "服务费（元）",
    "分润（元）",
    "实收净额（元）",
)
STATEMENTS = ("wechat", "alipay")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. Amounts are positive; `kind` says which way the money went."""

    kind: Literal["pay", "refund", "revoked"]
    at_ms: int
    made_ms: int
    order_no: str
    trade_no: str
    amount_fen: int
    fee_ppm: int
    terminal: str
    operator: str
    subject: str
    refund_no: str = ""
    refund_trade_no: str = ""


def entries(books: Pages, channel: str, day: date) -> list[Entry]:
    """What moved on that day: payments, refunds, and reversals of payments; unpaid orders are absent."""
    found: list[Entry] = []
    trades = {trade.order_no: trade for trade in books.trades() if trade.channel == channel and trade.paid_ms}
    for trade in trades.values():
        plain = (
            trade.made_ms, trade.order_no, trade.trade_no, trade.amount_fen, trade.fee_ppm, trade.terminal,
            trade.operator, trade.subject,
        )  # fmt: skip
        if day_of(trade.paid_ms) == day:
            found.append(Entry("pay", trade.paid_ms, *plain))
        if trade.revoked_ms and day_of(trade.revoked_ms) == day:
            reverse_no = f"{trade.order_no}V"[-32:]
            found.append(Entry("revoked", trade.revoked_ms, *plain, reverse_no, f"50{trade.trade_no[2:]}"))
    for back in books.backs():
        if back.state == "success" and back.order_no in trades and day_of(back.done_ms) == day:
            trade = trades[back.order_no]
            found.append(
                Entry(
                    "refund", back.done_ms, back.made_ms, back.order_no, trade.trade_no, back.amount_fen, trade.fee_ppm,
                    trade.terminal, trade.operator, trade.subject, back.refund_no, back.refund_trade_no,
                )
            )  # fmt: skip
    return sorted(found, key=lambda entry: (entry.at_ms, entry.order_no, entry.refund_no))


# --- WeChat -----------------------------------------------------------------


def wechat_bill(found: Iterable[Entry]) -> bytes:
    """The trade bill of one day, all kinds (ALL). An empty day is a bill with a summary of noughts."""
    rows = list(found)
    lines = [",".join(WECHAT_COLUMNS)]
    lines += [_ticked(_wechat_row(entry)) for entry in rows]
    lines += [",".join(WECHAT_SUMMARY), _ticked(_wechat_sums(rows))]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _wechat_row(entry: Entry) -> tuple[str, ...]:
    back = entry.kind != "pay"
    paid, given = ("0.00", yuan(entry.amount_fen)) if back else (yuan(entry.amount_fen), "0.00")
    state = {"pay": "SUCCESS", "refund": "REFUND", "revoked": "REVOKED"}[entry.kind]
    return (
        china.written(entry.at_ms), APP, MERCHANT, "0", entry.terminal, entry.trade_no, entry.order_no,
        "o" + entry.trade_no[-27:], "MICROPAY", state, "OTHERS", "CNY", paid, "0.00",
        entry.refund_trade_no or "0", entry.refund_no or "0", given, "0.00", "ORIGINAL" if back else "",
        "SUCCESS" if back else "", entry.subject.replace("`", "'"), "", _fee(_fee_sign(entry)), _rate(entry.fee_ppm), paid,
        given, "",
    )  # fmt: skip


def _wechat_sums(rows: list[Entry]) -> tuple[str, ...]:
    paid = sum(entry.amount_fen for entry in rows if entry.kind == "pay")
    given = sum(entry.amount_fen for entry in rows if entry.kind != "pay")
    fees = sum(_fee_sign(entry) for entry in rows)
    return (str(len(rows)), yuan(paid), yuan(given), "0.00", _fee(fees), yuan(paid), yuan(given))


def _ticked(cells: tuple[str, ...]) -> str:
    return ",".join("`" + cell for cell in cells)


def _fee_sign(entry: Entry) -> int:
    """Fee in thousandths of a fen, rounded half up: positive when the merchant pays it, negative when it is given back."""
    milli = (entry.amount_fen * entry.fee_ppm + 500) // 1_000
    return milli if entry.kind == "pay" else -milli


def _fee(milli_fen: int) -> str:
    sign, size = ("-" if milli_fen < 0 else ""), abs(milli_fen)
    return f"{sign}{size // 100_000}.{size % 100_000:05d}"


def _rate(ppm: int) -> str:
    return f"{ppm // 10_000}.{ppm % 10_000 // 100:02d}%"


# --- Alipay -----------------------------------------------------------------


def alipay_bill(found: Iterable[Entry], day: date) -> bytes:
    """The ZIP of one day: details and summary."""
    rows = list(found)
    head = f"{ACCOUNT}_{day:%Y%m%d}_"
    return _zipped(
        {
            f"{head}业务明细.csv": _alipay_details(rows, day),
            f"{head}业务明细(汇总).csv": _alipay_summary(rows, day),
        },
        day,
    )


def _alipay_details(rows: list[Entry], day: date) -> bytes:
    pays = [entry for entry in rows if entry.kind == "pay"]
    backs = [entry for entry in rows if entry.kind != "pay"]
    lines = [
        "#支付宝业务明细查询", f"#账号：[{ACCOUNT}]", _period(day),
        "#-----------------------------------------业务明细列表----------------------------------------",
        ",".join(ALIPAY_COLUMNS),
        *(",".join(f"{cell}\t" for cell in _alipay_row(entry)) for entry in rows),
        "#-----------------------------------------业务明细列表结束------------------------------------",
        f"#交易合计：{len(pays)}笔，商家实收共{yuan(_sum(pays))}元，商家优惠共0.00元",
        f"#退款合计：{len(backs)}笔，商家实收退款共{yuan(-_sum(backs))}元，商家优惠退款共0.00元",
        "#导出时间：[" + _time_of(datetime.combine(day + timedelta(days=1), datetime.min.time())) + "]",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode("gbk")


def _alipay_row(entry: Entry) -> tuple[str, ...]:
    sign = 1 if entry.kind == "pay" else -1
    amount, fee = yuan(sign * entry.amount_fen), yuan(-sign * _fee_fen(entry))
    nothing = ("0.00",) * 5
    return (
        entry.trade_no, entry.order_no, "交易" if sign > 0 else "退款", _plain(entry.subject), china.written(entry.made_ms),
        china.written(entry.at_ms), _store(entry), "", entry.operator, entry.terminal, "138****0000", amount, amount,
        *nothing, "", "0.00", "0.00", entry.refund_no, fee, "0.00", "",
    )  # fmt: skip


def _alipay_summary(rows: list[Entry], day: date) -> bytes:
    stores = sorted({_store(entry) for entry in rows})
    by_store = [(store, [entry for entry in rows if _store(entry) == store]) for store in stores]
    lines = ["#支付宝业务汇总查询", f"#账号：[{ACCOUNT}]", _period(day), ",".join(ALIPAY_SUMMARY)]
    lines += [",".join(f"{cell}\t" for cell in _alipay_sums(store, some)) for store, some in by_store]
    lines.append(",".join(f"{cell}\t" for cell in _alipay_sums("合计", rows)))
    return ("\r\n".join(lines) + "\r\n").encode("gbk")


def _alipay_sums(store: str, rows: list[Entry]) -> tuple[str, ...]:
    pays = [entry for entry in rows if entry.kind == "pay"]
    backs = [entry for entry in rows if entry.kind != "pay"]
    amount = _sum(pays) - _sum(backs)
    fee = sum(map(_fee_fen, backs)) - sum(map(_fee_fen, pays))
    return (
        store, "", str(len(pays)), str(len(backs)), yuan(amount), yuan(amount), "0.00", "0.00", "0.00", yuan(fee),
        "0.00", yuan(amount + fee),
    )  # fmt: skip


def _store(entry: Entry) -> str:
    order = read_order_no(entry.order_no)
    return order.terminal[:4] if order is not None else ""


def _fee_fen(entry: Entry) -> int:
    return (entry.amount_fen * entry.fee_ppm + 500_000) // 1_000_000


def _sum(rows: list[Entry]) -> int:
    return sum(entry.amount_fen for entry in rows)


def _plain(text: str) -> str:
    """Words that survive GBK and a comma-separated file without quotes."""
    return text.replace(",", "，").replace("\n", " ").encode("gbk", "replace").decode("gbk")


def _period(day: date) -> str:
    begin = datetime.combine(day, datetime.min.time())
    return f"#起始日期：[{_time_of(begin)}]   终止日期：[{_time_of(begin + timedelta(days=1))}]"


def _time_of(moment: datetime) -> str:
    return f"{moment:%Y年%m月%d日 %H:%M:%S}"


def _zipped(files: dict[str, bytes], day: date) -> bytes:
    """A ZIP whose names are GBK without a mark for it, as Alipay's are. `zipfile` cannot write those: each file gets a
    plain name of the same length first, which is then replaced."""
    made = io.BytesIO()
    names: dict[bytes, bytes] = {}
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files.items()):
            raw = name.encode("gbk")
            plain = f"~{number}~".ljust(len(raw), "~")
            names[plain.encode()] = raw
            info = zipfile.ZipInfo(plain, (day.year, day.month, day.day, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    whole = made.getvalue()
    for plain_name, raw in names.items():
        assert whole.count(plain_name) == 2, "once before the content, once in the directory"
        whole = whole.replace(plain_name, raw)
    return whole
