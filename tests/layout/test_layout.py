"""What a customer reads on the slip, row by row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.layout.slips import SAMPLE, plain
from wire.columns import in_font, tidy, width, wrap
from wire.layout import Cut, Feed, Text, layout, money, quantity, text_of
from wire.receipt import Receipt, ReceiptLine, ReceiptSum

SAMPLE_32 = """\
**补打 第1次 2026-11-22 16:02**
     好邻居便利店(人民路店)
            销售小票
--------------------------------
单号:000123-000045     收银员:01
日期:2026-11-22         15:30:12
终端:00010023        班次:000123
--------------------------------
品名          数量   单价   金额
--------------------------------
可口可乐500ml
                 2   3.50   7.00
红富士苹果   0.735  12.80   9.41
特仑苏纯牛奶250ml*12
                 1  65.00  65.00
  会员优惠                 -6.50
--------------------------------
件数:4  合计:              81.41
优惠:                      -6.50
美团代金券(满50减20)x1:   -20.00
抹零:                      -0.01
应收:                      54.90
现金:                     100.00
找零:                      45.10
--------------------------------
会员:138****5678        积分:+54
        [扫码开票二维码]
     请于30日内扫码开具发票
     谢谢惠顾 欢迎再次光临
**补打 第1次 2026-11-22 16:02**"""

SAMPLE_48 = """\
        **补打 第1次 2026-11-22 16:02**
             好邻居便利店(人民路店)
                    销售小票
------------------------------------------------
单号:000123-000045                     收银员:01
日期:2026-11-22                         15:30:12
终端:00010023                        班次:000123
------------------------------------------------
品名                     数量     单价      金额
------------------------------------------------
可口可乐500ml               2     3.50      7.00
红富士苹果              0.735    12.80      9.41
特仑苏纯牛奶250ml*12        1    65.00     65.00
  会员优惠                                 -6.50
------------------------------------------------
件数:4  合计:                              81.41
优惠:                                      -6.50
美团代金券(满50减20)x1:                   -20.00
抹零:                                      -0.01
应收:                                      54.90
现金:                                     100.00
找零:                                      45.10
------------------------------------------------
会员:138****5678                        积分:+54
                [扫码开票二维码]
             请于30日内扫码开具发票
             谢谢惠顾 欢迎再次光临
        **补打 第1次 2026-11-22 16:02**"""


def lines_of(receipt: Receipt, columns: int = 32) -> list[str]:
    return text_of(layout(receipt, columns), columns)


@pytest.mark.parametrize(("columns", "golden"), [(32, SAMPLE_32), (48, SAMPLE_48)])
def test_the_sample_slip_looks_as_specified(columns, golden):
    assert "\n".join(lines_of(SAMPLE, columns)) == golden


def test_the_english_slip():
    coffee = plain(
        ReceiptLine("Coffee", 2000, 1250, 2500), lang="en", shop="Good Neighbour", rounding_fen=3, due_fen=2497
    )
    assert lines_of(coffee) == [
        "         Good Neighbour",
        "         Sales receipt",
        "--------------------------------",
        "No.:000001-000001     Cashier:01",
        "Date:2026-11-22         08:00:00",
        "Terminal:00010023   Shift:000001",
        "--------------------------------",
        "Item           Qty  Price Amount",
        "--------------------------------",
        "Coffee           2  12.50  25.00",
        "--------------------------------",
        "Items:2  Total:            25.00",
        "Rounding:                  -0.03",
        "Due:                       24.97",
        "Cash:                      25.00",
        "Change:                     0.00",
    ]


def test_nothing_is_said_of_rounding_when_nothing_was_rounded():
    assert not any("抹零" in line for line in lines_of(plain(ReceiptLine("水", 1000, 200, 200))))


def test_a_slip_made_under_an_untrusted_clock_says_so():
    assert "(时钟未校准,时间仅供参考)" in lines_of(plain(clock_trusted=False))


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        # A name of exactly the name's columns stays on the row of its figures.
        (ReceiptLine("六个汉字正好", 1000, 100, 100), ["六个汉字正好     1   1.00   1.00"]),
        (ReceiptLine("六个汉字正好", 12345, 100, 1235), ["六个汉字正好", "            12.345   1.00  12.35"]),
        # Figures as wide as their columns still have a blank between them.
        (ReceiptLine("金条", 1000, 123456, 123456), ["金条           1 1234.56 1234.56"]),
        (ReceiptLine("金条", 100000000, 12345678, 12345678), ["金条  100000 123456.78 123456.78"]),
        (ReceiptLine("金条块", 100000000, 12345678, 12345678), ["金条块", "      100000 123456.78 123456.78"]),
        (
            ReceiptLine("楼", 123456789, 99999999999, 12345678901234),
            [
                "楼",
                "数量                  123456.789",
                "单价                999999999.99",
                "金额             123456789012.34",
            ],
        ),
        (ReceiptLine("退货", -1000, 350, -350), ["退货            -1   3.50  -3.50"]),
        (ReceiptLine("", 1000, 350, 350), ["                 1   3.50   3.50"]),
    ],
)
def test_goods_with_wide_names_and_figures(line, rows):
    lines = lines_of(plain(line))
    start = lines.index("品名          数量   单价   金额") + 2
    assert lines[start : start + len(rows)] == rows
    assert all(width(row) <= 32 for row in lines)


def test_a_long_name_wraps_between_characters_and_a_silly_one_is_bounded():
    name = "超" * 16 + "长" * 16
    lines = lines_of(plain(ReceiptLine(name, 1000, 100, 100)))
    assert "超" * 16 in lines
    assert "长" * 16 in lines
    silly = lines_of(plain(ReceiptLine("x" * 2_000, 1000, 100, 100)))
    assert len(silly) < 30
    assert "x" * 30 + "…" in silly


@pytest.mark.parametrize(
    ("raw", "printed"),
    [
        ("¥5", "￥5"),
        ("m²", "m2"),
        ("½", "1/2"),
        ("™", "TM"),
        ("a\x1b@b", "a @b"),
        ("a\x1dV\x00b", "a V b"),
        ("a\x9bb\x7fc", "a b c"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("e\u0301", "é"),
        ("\ud800x", "□x"),
        ("a\nb\tc", "a b c"),
        ("a\xa0b", "a b"),
        ("☺\ufe0f", "☺"),
        ("𬍛€䶮", "𬍛€䶮"),
    ],
)
def test_text_is_made_harmless_and_folded_where_folding_helps(raw, printed):
    assert tidy(raw) == printed


@pytest.mark.parametrize("sign", "·×…—“①℃°￥汉")
def test_signs_that_unicode_calls_ambiguous_take_two_columns(sign):
    assert width(sign) == 2


@pytest.mark.parametrize(
    ("char", "gbk"), [("A", True), ("汉", True), ("€", False), ("䶮", False), ("𬍛", False), ("\ue000", False)]
)
def test_the_codec_says_what_the_printer_has(char, gbk):
    assert in_font(char) is gbk


def test_words_are_not_torn_where_a_blank_is_near():
    assert wrap("The quick brown fox jumps", 16) == ["The quick brown", "fox jumps"]
    assert wrap("汉字和English混排的一行", 12) == ["汉字和Englis", "h混排的一行"]


def test_the_mark_stands_at_top_and_bottom():
    lines = lines_of(plain(ReceiptLine("水", 1000, 200, 200), mark="**续打**"))
    assert lines[0].strip() == lines[-1].strip() == "**续打**"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("columns", [32, 48])
def test_the_self_test_slip_shows_every_column_and_fits(lang, columns):
    rows = layout(plain(kind="selftest", lang=lang, notes=("firmware 1.0",)), columns)
    assert Text(("1234567890" * 5)[:columns]) in rows
    assert "firmware 1.0" in text_of(rows, columns)
    check_fits(rows, columns)


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-1, "-0.01"), (-12345, "-123.45")])
def test_money(fen, text):
    assert money(fen) == text


@pytest.mark.parametrize(("milli", "text"), [(1000, "1"), (735, "0.735"), (-1500, "-1.500"), (0, "0")])
def test_quantity(milli, text):
    assert quantity(milli) == text


def check_fits(rows, columns):
    for row in rows:
        if isinstance(row, Text):
            assert width(row.text) * row.width <= columns, row
            encoded = row.text.encode("gb18030")
            assert encoded.decode("gb18030") == row.text
            assert not any(byte < 0x20 or byte == 0x7F for byte in encoded), row
        elif isinstance(row, Feed):
            assert 0 < row.lines < 10
    for line in text_of(rows, columns):
        assert width(line) <= columns, line
    assert rows[-1] == Cut()


ANY = st.text(max_size=60)
FIGURE = st.integers(-(10**14), 10**14)
NAMED = st.builds(ReceiptSum, ANY, FIGURE)
LINE = st.builds(ReceiptLine, ANY, FIGURE, FIGURE, FIGURE, st.lists(NAMED, max_size=2).map(tuple))
RECEIPT = st.builds(
    Receipt,
    kind=st.sampled_from(["sale", "selftest"]),
    lang=st.sampled_from(["zh", "en"]),
    shop=ANY,
    number=ANY,
    date=ANY,
    time=ANY,
    clock_trusted=st.booleans(),
    terminal=ANY,
    operator=ANY,
    batch=ANY,
    lines=st.lists(LINE, max_size=3).map(tuple),
    pieces_milli=FIGURE,
    total_fen=FIGURE,
    rounding_fen=FIGURE,
    due_fen=FIGURE,
    cash_fen=FIGURE,
    change_fen=FIGURE,
    notes=st.lists(ANY, max_size=2).map(tuple),
    footer=st.lists(ANY, max_size=2).map(tuple),
    mark=ANY,
    reductions=st.lists(NAMED, max_size=2).map(tuple),
    member=ANY,
    points=st.none() | FIGURE,
    qr=ANY,
)


@settings(max_examples=150, deadline=None)
@given(RECEIPT, st.sampled_from([32, 48]))
def test_whatever_is_on_a_slip_its_rows_fit_and_hold_whole_characters(receipt, columns):
    rows = layout(receipt, columns)
    check_fits(rows, columns)
    if receipt.kind == "sale":
        printed = "\n".join(text_of(rows, columns))
        for line in receipt.lines:
            assert money(line.amount_fen) in printed
        assert money(receipt.due_fen) in printed
