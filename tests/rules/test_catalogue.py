"""The demonstration catalogue: enough goods, valid codes, initials that a cashier would type, and odd names too."""

import pytest

from rules.barcodes import is_valid
from rules.catalogue import COLUMNS, BadGoods, Product, demo_goods, demo_text, pad_digits, read_goods
from rules.codes import Goods, Weighed, read_code
from rules.settings import defaults, rate_on
from rules.tax import line_tax

GOODS = tuple(demo_goods())
BY_NAME = {good.name: good for good in GOODS}

LEVEL_1 = (
    (0xB0A1, "A"), (0xB0C5, "B"), (0xB2C1, "C"), (0xB4EE, "D"), (0xB6EA, "E"), (0xB7A2, "F"), (0xB8C1, "G"),
    (0xB9FE, "H"), (0xBBF7, "J"), (0xBFA6, "K"), (0xC0AC, "L"), (0xC2E8, "M"), (0xC4C3, "N"), (0xC5B6, "O"),
    (0xC5BE, "P"), (0xC6DA, "Q"), (0xC8BB, "R"), (0xC8F6, "S"), (0xCBFA, "T"), (0xCDDA, "W"), (0xCEF4, "X"),
    (0xD1B9, "Y"), (0xD4D1, "Z"), (0xD7FA, ""),
)  # fmt: skip
"""GB2312 sorts its first 3 755 hanzi by pinyin: first code of each initial. A source apart from the catalogue's."""

READ_OTHERWISE = set("藏调咖重")  # more than one reading; GB2312 sorts them under another


def initial(sign: str) -> str | None:
    """Initial of a hanzi by its place in GB2312, or None where that says nothing."""
    try:
        code = int.from_bytes(sign.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return None
    if not 0xB0A1 <= code < 0xD7FA or sign in READ_OTHERWISE:
        return None
    return [letter for first, letter in LEVEL_1 if first <= code][-1]


def test_a_convenience_store_of_at_least_300_goods_in_many_categories():
    assert len(GOODS) >= 300
    assert len({good.category for good in GOODS}) >= 15


@pytest.mark.parametrize(
    ("name", "price_fen", "barcodes", "plu", "pinyin"),
    [
        ("可口可乐500ml", 350, ("6901234567892",), "", "KKKL"),
        ("红富士苹果", 1280, (), "10001", "HFSPG"),
    ],
)
def test_the_goods_of_the_story_are_there(name, price_fen, barcodes, plu, pinyin):
    good = BY_NAME[name]
    assert (good.price_fen, good.barcodes, good.plu, good.pinyin) == (price_fen, barcodes, plu, pinyin)
    assert BY_NAME["特仑苏纯牛奶250ml*12"].price_fen == 6500


def test_no_number_leads_to_two_goods():
    for keys in (
        [good.sku for good in GOODS],
        [good.name for good in GOODS],
        [good.plu for good in GOODS if good.plu],
        [code for good in GOODS for code in good.barcodes],
        [good.sku for good in GOODS] + [good.plu for good in GOODS if good.plu],
    ):
        assert len(keys) == len(set(keys))


def test_every_barcode_scans_as_the_good_it_belongs_to():
    for good in GOODS:
        for barcode in good.barcodes:
            assert is_valid(barcode)
            assert read_code(barcode) == Goods(barcode), good


def test_weighed_goods_have_a_number_that_scale_codes_can_carry():
    weighed = [good for good in GOODS if good.weighable]
    assert len(weighed) >= 10
    assert all(len(good.plu) == 5 and good.unit == "kg" and not good.barcodes for good in weighed)
    code = read_code("2110001005008")
    assert isinstance(code, Weighed)
    assert BY_NAME["红富士苹果"].plu == code.plu


def test_every_good_can_be_found_by_scan_or_initials():
    assert all(good.pinyin for good in GOODS)
    assert pad_digits("KKKL") == "5555"
    assert pad_digits("adgjmptwz7") == "2345678997"
    assert BY_NAME["可口可乐500ml"].pad == "5555"


def test_initials_are_those_of_the_name():
    for good in GOODS:
        hanzi = [sign for sign in good.name if ord(sign) > 0x3400]
        letters = [letter for letter in good.pinyin if letter.isalpha()]
        latin = len(letters) - len(hanzi)
        assert latin >= 0, good
        at = 0
        for sign in hanzi:
            wanted = initial(sign)
            if wanted is not None:
                place = good.pinyin.find(wanted, at, at + latin + 1)
                assert place >= 0, (good.name, good.pinyin, sign)
                latin -= place - at
                at = place
            at += 1


def test_prices_and_rates_are_real():
    settings = defaults()
    known = {rate_on(settings.tax, kind, "2026-11-22").rate_bp for kind in ("standard", "reduced", "zero")}
    for good in GOODS:
        assert 10 <= good.price_fen <= settings.sale.amount_max_fen
        assert good.rate_bp in known
        split = line_tax(good.price_fen, good.rate_bp)
        assert split.net_fen + split.tax_fen == good.price_fen


def test_alcohol_and_tobacco_are_for_adults_and_nothing_else():
    adult = {good.category for good in GOODS if good.age_limit}
    assert adult == {"酒类", "烟草"}
    assert {good.age_limit for good in GOODS} == {0, 18}
    assert BY_NAME["打火机普通型"].age_limit == 0


def test_short_names_fit_twelve_columns():
    for good in GOODS:
        assert 0 < sum(1 if sign.isascii() else 2 for sign in good.short_name) <= 12, good


def test_odd_names_are_there_for_printers_and_screens_to_master():
    assert max(len(good.name) for good in GOODS) >= 30
    assert any(len(sign.encode("gb18030")) == 4 for good in GOODS for sign in good.name)
    assert any(ord(sign) > 0xFFFF for good in GOODS for sign in good.name)
    assert all(good.name_en.isascii() and good.name_en for good in GOODS)


HEAD = "\t".join(COLUMNS)
ROW = "1\t茶\tTea\t茶\t6901234567892\t\tC\t饮料\t瓶\t350\t1300\t0\t0\t330\t0\t1\t1"


def test_a_catalogue_row_is_read():
    assert list(read_goods(f"{HEAD}\r\n{ROW}\r\n")) == [
        Product("1", "茶", "Tea", "茶", ("6901234567892",), "", "C", "饮料", "瓶", 350, 1300, False, 0, 330)
    ]


def test_a_catalogue_from_before_member_prices_is_read():
    head, row = ("\t".join(text.split("\t")[:13]) for text in (HEAD, ROW))
    assert list(read_goods(f"{head}\n{row}\n")) == [
        Product("1", "茶", "Tea", "茶", ("6901234567892",), "", "C", "饮料", "瓶", 350, 1300, False, 0)
    ]


def test_prices_for_members_and_lowest_prices_lie_below_the_price():
    assert any(0 < good.member_price_fen < good.price_fen for good in GOODS)
    assert any(0 < good.min_price_fen < good.price_fen for good in GOODS)
    assert {good.category for good in GOODS if not (good.allow_discount and good.allow_price_change)} == {"烟草"}


@pytest.mark.parametrize(
    "row",
    [
        ROW.replace("6901234567892", "6901234567891"),
        ROW.replace("350", "3.50"),
        ROW.replace("350", "-1"),
        ROW.replace("1300", "9900"),
        ROW.replace("\t茶\tTea", "\t茶\x1b[31m\tTea"),
        ROW.replace("\t茶\tTea", "\t\tTea"),
        ROW + "\t1",
        ROW.rpartition("\t")[0],
        ROW.replace("1300\t0", "1300\t1"),
        ROW.replace("\t330\t", "\t351\t"),
        ROW.replace("\t330\t0", "\t330\t351"),
        "",
    ],
)
def test_a_bad_row_is_named(row):
    with pytest.raises(BadGoods, match="row 3"):
        list(read_goods(f"{HEAD}\n{ROW}\n{row}\n"))


def test_a_table_with_other_columns_is_refused():
    with pytest.raises(BadGoods, match="row 1"):
        list(read_goods("sku\tname\n"))
    with pytest.raises(BadGoods, match="row 1"):
        list(read_goods(f"{HEAD}\tcolour\n"))


def test_the_shipped_text_is_what_is_read():
    assert len(demo_text().splitlines()) == len(GOODS) + 1
