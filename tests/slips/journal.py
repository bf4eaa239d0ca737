"""A shop's day as facts, with long names and odd sums: what every kind of slip is drawn from."""

import base64
from pathlib import Path

from firmware.txn.ledger import Ledger, Stamp
from firmware.txn.slips import Sheet
from firmware.txn.slips.figures import reconciled
from tests.counter import DAY_MS, open_ledger
from tests.screens.ledgers import having
from wire.facts import (
    BasketHeld,
    BatchSettled,
    CashMoved,
    DayClosed,
    Fact,
    LeftOpen,
    Line,
    Origin,
    Reduction,
    Refund,
    RefundLine,
    RefundTurned,
    ReportPrinted,
    Reprinted,
    Sale,
    ShiftClosed,
    TenderPart,
    VoucherUse,
)  # fmt: skip

ORDER_NO = "20261122000100230100012300004501"
CHANNEL_NO = "4200002345202611221234567890"
LINES = (
    Line("2001", "可口可乐500ml", 2000, 350, 700, "瓶"),
    Line("3001", "红富士苹果", 735, 1280, 941, "kg", weighed=True),
    Line("2002", "特仑苏纯牛奶250ml*12礼盒装", 1000, 6500, 6500, "箱"),
)
REDUCTIONS = (
    Reduction("line_discount", 650, 2, "会员优惠", "member", "01"),
    Reduction("full_reduction", 1000, -1, "满80减10", "", "01"),
)
CODE = TenderPart("code", 5000, 0, "wechat", ORDER_NO, CHANNEL_NO, last4="8821")
CARD = TenderPart("card", 1000, reference="123456789012", last4="6222")
CASH = TenderPart("cash", 500, 9)
FIGURES = {
    "sales": 128, "sales_fen": 645_230, "refunds": 2, "refunds_fen": 1_280, "voids": 1, "voids_fen": 700,
    "cash_fen": 300_120, "cash_sales": 60, "cash_sales_fen": 301_400, "cash_back": 2, "cash_back_fen": 1_280,
    "float_fen": 20_000, "goods_fen": 660_000, "items_milli": 412_735, "in": 1, "in_fen": 10_000, "out": 1,
    "out_fen": 50_000, "reprints": 3, "drawer_sale": 60, "drawer_other": 2, "drawer_hand": 1, "drawer_forced": 1,
    "drawer_open_ms": 754_200, "held": 2,
    "trouble_5007": 3, "trouble_4001": 1,
    "paid_wechat": 40, "paid_wechat_fen": 250_000, "paid_card": 28, "paid_card_fen": 93_830,
}  # fmt: skip
HEAD = "5f" * 32
VOUCHER_NO = "0001002301000123000048V01"
MEITUAN = VoucherUse(
    VOUCHER_NO, "r", "meituan", "612345", "50元代金券(周一至周五通用,不可叠加会员价)", "cash", 2, 10_000,
    (700, 941, 8_359), "4321", "d", 10_000, 8_580, paid_fen=8_000, platform_fen=580,
)  # fmt: skip
LATER = VoucherUse(
    "0001002301000123000048V02", "", "douyin", "", "", "cash", 1, 500, (0, 0, 500), "9911", "e", registered=True
)
VOUCHERS = (
    TenderPart("voucher", 10_000, channel="meituan", channel_no="MT2026112288990011", voucher=MEITUAN),
    TenderPart("voucher", 500, channel="douyin", voucher=LATER),
)
VOUCHER_FIGURES = {
    "paid_voucher_meituan": 6, "paid_voucher_meituan_fen": 21_800, "back_voucher_meituan": 1,
    "back_voucher_meituan_fen": 5_000, "paid_voucher_douyin": 1, "paid_voucher_douyin_fen": 500,
    "deal_n|meituan|612345|50元代金券(周一至周五通": 4, "deal_fen|meituan|612345": 20_000,
    "deal_basis_fen|meituan|612345": 16_000, "deal_subsidy_fen|meituan|612345": 1_160,
    "deal_n|meituan|": 2, "deal_fen|meituan|": 1_800, "deal_basis_fen|meituan|": 2_000, "deal_subsidy_fen|meituan|": 0,
    "voucher_registered": 1, "voucher_registered_fen": 500, "voucher_shortage": 1, "voucher_shortage_fen": 500,
    "voucher_kept": 1, "voucher_kept_fen": 4_580,
}  # fmt: skip


def sale() -> Sale:
    """Paid by phone, card and cash, reduced by line and as a whole."""
    return Sale(123, 45, "01", "2026-11-22", LINES, 8141, 0, 6491, (CODE, CARD, CASH), 7, reductions=REDUCTIONS)


FACTS: dict[str, Fact] = {
    "sale": sale(),
    "sale-cash": Sale(123, 46, "01", "2026-11-22", LINES, 8141, 1, 8140, (TenderPart("cash", 10_000, 1_860),), 7),
    "refund": Refund(
        "refund", 124, 51, "02", "2026-11-23", Origin("00010023", 1, 4, 123, 45, DAY_MS),
        (RefundLine(0, "2001", "可口可乐500ml", 1000, 350, "瓶"), RefundLine(2, "2002", LINES[2].name, 1000, 5850)),
        6200, (TenderPart("code", 5000, 0, "wechat", ORDER_NO, refund_no="00010023010001230000450101R01"),
               TenderPart("cash", 1200)), "质量问题", 7, approver="00",
    ),
    "void": Refund(
        "void", 123, 47, "01", "2026-11-22", Origin("00010023", 1, 5, 123, 46, DAY_MS),
        (RefundLine(0, "2001", "可口可乐500ml", 2000, 700, "瓶"),), 700, (TenderPart("cash", 700),), "买错", 7,
        approver="00",
    ),
    "turned": RefundTurned("00010023010001230000450101R01", 5000, 124, 52, "02", "00"),
    "hold": BasketHeld(3, 123, "01", LINES, 7491, REDUCTIONS[:1], "穿红衣服的顾客", print_slip=True),
    "cash_in": CashMoved(123, 48, "in", 10_000, "change", "01", note="银行换零"),
    "cash_out": CashMoved(123, 49, "out", 50_000, "deposit", "01", "00"),
    "shift": ShiftClosed(
        123, "01", "2026-11-22", 1, {"10000": 2, "5000": 1, "100": 12, "10": 5}, 26_250, 26_350, -100, FIGURES, 2, "00",
        (ORDER_NO,), 2, "少一元", copies=2, tried_fen=(20_000,),
        left_open=(LeftOpen(DAY_MS, 118_000), LeftOpen(DAY_MS + 7_200_000, 61_500)),
    ),
    "settlement": BatchSettled(123, "balanced", FIGURES, FIGURES),
    "settlement-uneven": BatchSettled(
        123, "uneven", FIGURES, {**FIGURES, "sales": 127, "sales_fen": 640_000}, ("sales", "sales_fen")
    ),
    "settlement_detail": ReportPrinted(
        "settlement_detail", 123, "01", FIGURES, moved=(
            ("000123-000045", "sale", "64.91"), ("000123-000046", "sale", "81.40"), ("000123-000047", "void", "-64.91"),
            ("000123-000048", "cash_in", "200.00"), ("", "more", "12"),
        )
    ),
    "x": ReportPrinted("x", 123, "01", FIGURES),
    "day": DayClosed(17, "2026-11-22", (121, 122, 123), FIGURES, 123_456_789, "00", 4, HEAD),
    "reprint_log": ReportPrinted("reprints", 123, "00", {}, (("01 顾客要求", "3"), ("01 卡纸", "1"), ("02 开票", "2"))),
    "drawer_log": ReportPrinted(
        "drawer", 123, "00", {},
        (("销售开箱", "60"), ("强行打开", "1"), ("10:02 无交易开箱 01/00", "换零"), ("11:45 强行打开", "")),
    ),
    "reconcile": ReportPrinted(
        "reconcile", 123, "00", {},
        (("2026-11-22", "对账不平"), *reconciled(FIGURES, FIGURES | {"paid_wechat": 39, "paid_wechat_fen": 244_000}, "zh"),
         ("渠道对账单详见后台", "")),
    ),
}  # fmt: skip
WITH_VOUCHERS: dict[str, Fact] = {
    "sale-vouchers": Sale(
        123, 48, "01", "2026-11-22",
        (*LINES[:2], Line("2003", "火锅套餐四人份", 1000, 15_000, 15_000, "份")), 16_641, 0, 16_641,
        (*VOUCHERS, TenderPart("cash", 7_000, 859)), 7,
    ),
    "void-vouchers": Refund(
        "void", 123, 50, "01", "2026-11-22", Origin("00010023", 1, 7, 123, 48, DAY_MS),
        (RefundLine(2, "2003", "火锅套餐四人份", 1000, 15_000, "份"),), 15_000,
        (VOUCHERS[0], TenderPart("cash", 5_000)), "买错", 7, approver="00",
    ),
    "refund-vouchers": Refund(
        "refund", 124, 53, "01", "2026-11-23", Origin("00010023", 1, 7, 123, 48, DAY_MS),
        (RefundLine(2, "2003", "火锅套餐四人份", 1000, 6_141, "份", voucher_fen=8_859),), 6_141,
        (TenderPart("cash", 6_141),), "质量问题", 7, approver="00",
    ),
    "x-vouchers": ReportPrinted("x", 123, "01", FIGURES | VOUCHER_FIGURES),
    "settlement-vouchers": BatchSettled(123, "balanced", FIGURES | VOUCHER_FIGURES, FIGURES | VOUCHER_FIGURES),
    "rights": ReportPrinted(
        "rights", 123, "00", {},
        (("01 收银员01", "收银员"), ("销售收款", "可以"), ("退货", "需店长授权"), ("验券 抖音券 次卡", "不可以"),
         ("", "vouchers.grants[12]"), ("撤销验券", "需店长授权")),
    ),
}  # fmt: skip
"""Written last: slips say when their record was made."""
OF_SUPPORT: dict[str, Fact] = {
    "event_log": ReportPrinted(
        "events",
        123,
        "01",
        {},
        (
            ("11-22 10:02 [1003] 01", "x3"),
            ("  网络连接失败", ""),
            ("11-22 10:01? [2005] 01", "x1"),
            ("  权限不足或配置错误", ""),
            ("  basket_hold", ""),
        ),
    ),
    "diagnosis": ReportPrinted(
        "diagnosis",
        123,
        "01",
        {},
        (
            ("网络", "通过"),
            ("域名解析", "通过"),
            ("时间", "[1011] 失败"),
            ("  时间未校准", ""),
            ("  连网等待校时, 可先收现金", ""),
            ("钱箱", "未知"),
        ),
    ),
}
"""The event log and the diagnosis; last, so that the slips before them keep their times."""

LATER: dict[str, Fact] = {
    "settlement-error": BatchSettled(123, "error", FIGURES, {"sales": 12}),
    "error": ReportPrinted(
        "error", 123, "01", {},
        (("[5007] 结果未知，查询中", ""), ("稍候, 不要再收一次", ""), ("时间", "2026-11-22 10:02:11"), ("次数", "x3"),
         ("操作员", "01"), ("单号", ORDER_NO), ("原因", "no answer"), ("软件版本", "0.1.0"), ("开机", "b1c2d3e4 5123 s"),
         ("此前", "Idle > BasketScreen > Payment > CodePayment")),
    ),
    "selftest": ReportPrinted(
        "selftest", 123, "01", {},
        (("软件版本", "0.1.0"), ("纸宽", "按机型"), ("浓度", "3/5"), ("速度", "正常"), ("切纸", "半切"), ("电量", "80 %")),
    ),
}  # fmt: skip
"""Kinds that came after those; last, for the same reason."""

COPIES = {"copy": "", "copy-merchant": "merchant", "copy-payment": "payment", "copy-codes": "qr"}
"""Copies of the sale, whole and in parts."""


def logo() -> str:
    """A cup, 64 x 40 dots, as a shop may upload it."""
    rows = []
    for y in range(40):
        dots = "".join("1" if _cup(x, y) else "0" for x in range(64))
        rows.append(int(dots, 2).to_bytes(8, "big"))
    return base64.b64encode(b"P4\n64 40\n" + b"".join(rows)).decode()


def _cup(x: int, y: int) -> bool:
    bowl = 12 <= x < 44 and 8 <= y < 32 and not (16 <= x < 40 and 8 <= y < 28)
    handle = 44 <= x < 54 and 12 <= y < 24 and not (44 <= x < 50 and 16 <= y < 20)
    return bowl or handle or (8 <= x < 48 and 34 <= y < 38)


def book(folder: Path, lang: str) -> tuple[Sheet, dict[str, int]]:
    """A ledger that holds all of them; name -> seq."""
    settings = having(
        terminal={"lang": lang},
        slips={
            "header": ("天天平价 送货上门",), "address": "江苏省南京市玄武区人民路 88 号", "phone": "025-8888 6666",
            "receipt_url": "https://r.example.cn/r", "logo": logo(), "stamp": True,
        },
    )  # fmt: skip
    ledger = open_ledger(folder)
    names = {name: _written(ledger, fact) for name, fact in FACTS.items()}
    for name, part in COPIES.items():
        names[name] = _written(ledger, Reprinted(names["sale"], 1, "customer", "01", part=part))
    names |= {name: _written(ledger, fact) for name, fact in (WITH_VOUCHERS | OF_SUPPORT | LATER).items()}
    return Sheet(ledger.terminal, settings, ledger), names


def _written(ledger: Ledger, fact: Fact) -> int:
    """Appended without its projections: the day need not add up."""
    at_ms = DAY_MS + 6 * 3_600_000 + ledger.next_seq * 61_000
    [seq] = ledger.append((fact,), Stamp(at_ms, "trusted"))
    return seq
