"""Slips the tests print: the sample of the domain specification, and one with nothing but a coffee."""

from wire.receipt import Receipt, ReceiptLine, ReceiptSum

SAMPLE = Receipt(
    kind="sale",
    lang="zh",
    shop="好邻居便利店(人民路店)",
    number="000123-000045",
    date="2026-11-22",
    time="15:30:12",
    clock_trusted=True,
    terminal="00010023",
    operator="01",
    batch="000123",
    lines=(
        ReceiptLine("可口可乐500ml", 2000, 350, 700),
        ReceiptLine("红富士苹果", 735, 1280, 941),
        ReceiptLine("特仑苏纯牛奶250ml*12", 1000, 6500, 6500, (ReceiptSum("会员优惠", -650),)),
    ),
    pieces_milli=4000,
    total_fen=8141,
    rounding_fen=1,
    due_fen=5490,
    cash_fen=10000,
    change_fen=4510,
    reductions=(ReceiptSum("优惠", -650), ReceiptSum("美团代金券(满50减20)x1", -2000)),
    member="138****5678",
    points=54,
    qr="https://inv.example.cn/i/8Kd3-77Q2-91ab",
    footer=("请于30日内扫码开具发票", "谢谢惠顾 欢迎再次光临"),
    mark="**补打 第1次 2026-11-22 16:02**",
)


def plain(*lines: ReceiptLine, **changes: object) -> Receipt:
    """A short cash sale of these lines."""
    total = sum(line.amount_fen for line in lines)
    fields: dict[str, object] = {
        "kind": "sale",
        "lang": "zh",
        "shop": "好邻居",
        "number": "000001-000001",
        "date": "2026-11-22",
        "time": "08:00:00",
        "clock_trusted": True,
        "terminal": "00010023",
        "operator": "01",
        "batch": "000001",
        "lines": lines,
        "pieces_milli": sum(line.quantity_milli for line in lines),
        "total_fen": total,
        "rounding_fen": 0,
        "due_fen": total,
        "cash_fen": total,
        "change_fen": 0,
    }
    return Receipt(**{**fields, **changes})  # type: ignore[arg-type]
