"""Scans: every text gets a class and a clear error; goods are found whatever the barcode's flavour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.barcodes import (
    carton_base,
    check_digit,
    expand_upc_e,
    is_valid,
    normal_forms,
    normal_gtin,
    shown,
    split_glued,
    strip_aim,
    with_check,
)
from rules.codes import Bad, Carton, Code, Glued, Goods, Other, Weighed, read_code
from rules.errors import errors
from rules.gs1 import GS, Gs1, gs1_date, read_digital_link, read_elements
from rules.scale_codes import (
    DEFAULT_LAYOUTS,
    ScaleLayout,
    ScaleReading,
    Weighing,
    find_layout,
    layout_fits,
    read_scale,
    settle_weighing,
)

COLA, EAN8, APPLE = "6901234567892", "96385074", "2110001005008"
BODY = st.text("0123456789", min_size=12, max_size=12)
ALL_LAYOUTS = tuple(
    ScaleLayout(row.name, row.flag, row.pattern, row.verify, row.amount_unit_fen) for row in DEFAULT_LAYOUTS
)


@pytest.mark.parametrize(
    "code", [COLA, EAN8, "036000291452", "16921520710006", "6921520710009", APPLE, "261234501234015001"]
)
def test_check_digits_of_known_codes(code):
    assert is_valid(code)


@given(BODY, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body, place, by):
    code = with_check(body)
    wrong = code[:place] + str((int(code[place]) + by) % 10) + code[place + 1 :]
    assert is_valid(code)
    assert not is_valid(wrong)


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        ("01234505", "012000003455"), ("01234514", "012100003454"), ("04252614", "042100005264"),
        ("01234531", "012300000451"), ("01234543", "012340000053"), ("01234558", "012345000058"),
    ],
)  # fmt: skip
def test_upc_e_expands_to_upc_a(upc_e, upc_a):
    assert is_valid(upc_a)
    assert expand_upc_e(upc_e) == upc_a
    assert "0" + upc_a in normal_forms(upc_e)


@pytest.mark.parametrize("code", ["01234567", "21234505", "0123450", "x1234505"])
def test_what_is_no_upc_e_does_not_expand(code):
    assert expand_upc_e(code) is None


def test_normal_forms_of_one_good_meet():
    assert (
        normal_gtin("036000291452") == normal_gtin("0036000291452") == normal_gtin("00036000291452") == "0036000291452"
    )
    assert normal_gtin(EAN8) == normal_gtin("000000" + EAN8) == EAN8
    assert normal_gtin(COLA) == normal_gtin("0" + COLA) == COLA


def test_a_carton_code_leads_to_the_piece_inside():
    assert carton_base("16921520710006") == "6921520710009"
    assert carton_base("16921520710005") is None
    assert carton_base("06921520710009") is None


# --- scale codes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "plu", "amount_fen", "milli", "layout"),
    [
        (APPLE, "10001", 500, None, "13-amount"),
        ("261234501234015001", "12345", 1234, 1500, "18"),
        (with_check("201000200350"), "10002", 350, None, "13-amount-count"),
        (with_check("221000100735"), "10001", None, 735, "13-weight"),
        (with_check("291000100941"), "910001", 941, None, "13-amount-1"),
        (with_check("27123450150001234"), "12345", 1234, 1500, "18-weight-first"),
        (with_check("23123450150001234"), "312345", 1234, 1500, "18-plu6"),
        (with_check("281234560150001234"), "123456", 1234, 1500, "19-plu6"),
    ],
)
def test_every_layout_is_read(code, plu, amount_fen, milli, layout):
    reading = read_scale(code, ALL_LAYOUTS)
    assert isinstance(reading, ScaleReading)
    assert (reading.plu, reading.amount_fen, reading.quantity_milli, reading.layout) == (plu, amount_fen, milli, layout)


def test_the_longest_flag_wins_whatever_the_order():
    for layouts in (ALL_LAYOUTS, ALL_LAYOUTS[::-1]):
        found = find_layout(APPLE, layouts)
        assert found is not None
        assert found.name == "13-amount"


def test_shipped_layouts_make_sense_and_a_wrong_one_does_not():
    assert all(layout_fits(row) for row in DEFAULT_LAYOUTS)
    assert not layout_fits(ScaleLayout("x", "2", "FFPPPPPAAAAAC"))
    assert not layout_fits(ScaleLayout("x", "21", "FFPPPPPAAAAA"))


@pytest.mark.parametrize(("verify", "result"), [("strict", 6004), ("warn", True), ("off", False)])
def test_check_digits_of_scales_that_do_not_compute_them(verify, result):
    wrong = APPLE[:-1] + "1"
    reading = read_scale(wrong, (ScaleLayout("a", "21", "FFPPPPPAAAAAC", verify),))
    assert reading == result if verify == "strict" else reading.check_failed is result


def test_a_scale_that_prints_tenths_of_a_yuan():
    reading = read_scale(APPLE, (ScaleLayout("a", "21", "FFPPPPPAAAAAC", amount_unit_fen=10),))
    assert isinstance(reading, ScaleReading)
    assert reading.amount_fen == 5000


def test_a_scale_code_of_nothing_is_refused():
    assert read_scale(with_check("211000100000")) == 6005


def _reading(amount_fen, milli, unit=1):
    return ScaleReading("10001", amount_fen, milli, "t", unit)


@pytest.mark.parametrize(
    ("amount_fen", "milli", "price_fen", "settled"),
    [
        (1234, 1500, 823, Weighing(1500, 1234)),  # 12.345 by the table, 12.34 printed
        (941, 735, 1280, Weighing(735, 941)),
        (942, 735, 1280, Weighing(735, 942)),  # the printed amount wins
        (950, 735, 1280, 6005),
        (2, 10, 100, Weighing(10, 2)),  # floor of 1 fen for light goods
        (3, 10, 100, 6005),
        (500, None, 1280, Weighing(391, 500)),
        (None, 735, 1280, Weighing(735, 941)),
        (500, None, 0, 6005),
        (None, 735, 0, 6005),
        (1, None, 100_000, 6005),
    ],
)
def test_amount_and_weight_must_agree_and_the_printed_amount_wins(amount_fen, milli, price_fen, settled):
    assert settle_weighing(_reading(amount_fen, milli), price_fen) == settled


@given(st.integers(1, 20_000), st.integers(1, 99_999))
def test_an_honest_scale_is_never_refused(price_fen, milli):
    half_up = (2 * price_fen * milli + 1000) // 2000
    for amount in {half_up, price_fen * milli // 1000}:
        if amount:
            assert settle_weighing(_reading(amount, milli), price_fen) == Weighing(milli, amount)


# --- GS1 -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("01" + "0" + COLA, Gs1(COLA)),
        ("010" + COLA + "17261130" + "10LOT7" + GS + "21SN1", Gs1(COLA, lot="LOT7", expiry="2026-11-30", serial="SN1")),
        ("010" + COLA + "10LOT7" + GS + "17261130", Gs1(COLA, lot="LOT7", expiry="2026-11-30")),
        ("010" + COLA + "3103000735", Gs1(COLA, quantity_milli=735)),
        ("010" + COLA + "3101000015", Gs1(COLA, quantity_milli=1500)),
        ("010" + COLA + "3922941", Gs1(COLA, price_fen=941)),
        ("010" + COLA + "392012", Gs1(COLA, price_fen=1200)),
        ("010" + COLA + "11260101" + "15260200", Gs1(COLA, made="2026-01-01", best_before="2026-02-28")),
        (GS + "010" + COLA + GS + "17261130" + GS, Gs1(COLA, expiry="2026-11-30")),
        ("01000000" + EAN8, Gs1(EAN8)),
        ("0116921520710006" + "10A", Gs1("16921520710006", lot="A")),
    ],
)  # fmt: skip
def test_gs1_element_strings_are_read(text, good):
    assert read_elements(text) == good


@pytest.mark.parametrize(
    "text",
    [
        "", "17261130", "010" + COLA[:-1] + "1", "01" + COLA[:9], "010" + COLA + "171301", "010" + COLA + "17261301",
        "010" + COLA + "17261131", "010" + COLA + "10" + "X" * 21, "010" + COLA + "5555", "010" + COLA + "10",
        "010" + COLA + "3923" + "9415", "010" + COLA + "10A" + GS + "10B", "010" + COLA + "310300073X",
    ],
)  # fmt: skip
def test_damaged_element_strings_are_no_goods(text):
    assert read_elements(text) is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (f"https://example.com/01/0{COLA}/10/LOT%2F7?17=261130", Gs1(COLA, lot="LOT/7", expiry="2026-11-30")),
        (f"https://id.example.cn/shop/01/{COLA}", Gs1(COLA)),
        (f"http://example.com/01/0{COLA}/21/12345?3103=000735&lang=zh", Gs1(COLA, serial="12345", quantity_milli=735)),
    ],
)
def test_digital_links_are_read(text, good):
    assert read_digital_link(text) == good


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/",
        "https://example.com/01/123",
        "http://[bad/01/1",
        f"https://example.com/01/0{COLA}?17=269999",
    ],
)
def test_other_links_are_no_goods(text):
    assert read_digital_link(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("261130", "2026-11-30"),
        ("261232", None),
        ("270200", "2027-02-28"),
        ("240200", "2024-02-29"),
        ("990101", "1999-01-01"),
        ("260230", None),
        ("2611", None),
    ],
)
def test_gs1_dates(text, day):
    assert gs1_date(text) == day


# --- the one entry point -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "symbology", "code"),
    [
        (COLA, "", Goods(COLA)), (COLA, "E0", Goods(COLA)), ("]E0" + COLA + "\r\n", "", Goods(COLA)),
        ("\t" + COLA + "\t", "", Goods(COLA)), (EAN8, "", Goods(EAN8)), ("]E4" + EAN8, "", Goods(EAN8)),
        ("036000291452", "", Goods("0036000291452")), ("01234514", "", Goods("0012100003454")),
        ("01234558", "", Goods("01234558", ("0012345000058",))), ("01234558", "E4", Goods("01234558")),
        ("0" + COLA, "", Goods(COLA)), ("16921520710006", "I0", Carton("16921520710006", "6921520710009")),
        ("010" + COLA + "17261130", "", Goods(COLA, gs1=Gs1(COLA, expiry="2026-11-30"))),
        ("]C1010" + COLA + "10A", "", Goods(COLA, gs1=Gs1(COLA, lot="A"))),
        ("0116921520710006", "d2", Carton("16921520710006", "6921520710009", Gs1("16921520710006"))),
        (f"https://example.com/01/0{COLA}", "Q1", Goods(COLA, gs1=Gs1(COLA))),
        ("10001", "", Other("10001")), ("AB-12", "A0", Other("AB-12")), ("6901234567891", "C0", Other("6901234567891")),
        ("036000291452", "E0", Goods("0036000291452")), ("01234514", "E0", Goods("0012100003454")),
        (COLA + "05", "E3", Goods(COLA)), ("]E3" + COLA + "12345", "", Goods(COLA)),
        ("你好", "Q1", Other("你好")),
    ],
)  # fmt: skip
def test_scans_of_goods(text, symbology, code):
    assert read_code(text, symbology) == code


def test_a_scale_code_is_weighed_and_keeps_its_digits_as_a_goods_code():
    code = read_code(APPLE)
    assert isinstance(code, Weighed)
    assert (code.plu, code.reading.amount_fen, code.gtin) == ("10001", 500, APPLE)


@pytest.mark.parametrize(
    ("text", "symbology", "error"),
    [
        ("6901234567891", "", 6004),  # one digit damaged
        ("96385075", "", 6004),
        (APPLE[:-1] + "1", "", 6004),
        (with_check("211000100000"), "", 6005),
        ("690123456", "E0", 6018),  # half a code
        (COLA + "1", "E3", 6018), ("036000291453", "E0", 6004),
        ("\x1b[31m" + COLA, "", 6018),  # escape code
        ("69012\x0034567892", "", 6018),
        ("\u202e" + COLA, "", 6018),
        ("\ud800", "", 6018),
        ("", "", 6018), ("\r\n", "", 6018), ("   ", "", 6018), ("]E0", "", 6018),
        ("9" * 2000, "", 6018), ("A" * 2000, "", 6018),
        ("https://example.com/01/123", "Q1", 6018), ("]C101", "", 6018), ("010" + COLA + "17269999", "C1", 6018),
    ],
)  # fmt: skip
def test_bad_scans_get_a_clear_error(text, symbology, error):
    code = read_code(text, symbology)
    assert isinstance(code, Bad)
    assert code.code == error


@pytest.mark.parametrize(
    ("text", "error"),
    [("690123456", 6018), ("1234567", 6018), ("231234567890123456", 6005), ("123", 6001), ("8" * 40, 6018)],
)
def test_what_only_the_catalogue_can_know_says_which_error_follows(text, error):
    code = read_code(text)
    assert isinstance(code, Other)
    assert code.code == error


@pytest.mark.parametrize(
    "parts", [(COLA, COLA), (COLA, EAN8), (EAN8, COLA), (EAN8, EAN8), (COLA, "036000291452", EAN8)]
)
def test_two_scans_run_together_are_refused_as_such(parts):
    code = read_code("".join(parts))
    assert isinstance(code, Glued)
    assert code.parts == parts
    assert code.code == 6019


@given(st.lists(BODY.map(with_check), min_size=2, max_size=4))
def test_glued_codes_split_into_valid_codes_that_make_up_the_scan(parts):
    found = split_glued("".join(parts))
    assert found is not None
    assert "".join(found) == "".join(parts)
    assert all(is_valid(part) for part in found)


def test_a_single_code_or_a_long_number_is_not_glued():
    assert split_glued(COLA) is None
    assert split_glued("12345678901234567") is None
    assert split_glued(COLA * 8 + "1") is None
    assert split_glued(COLA * 9) is None, "more than any two scans can be"


@given(st.text(max_size=60), st.sampled_from(["", "E0", "E4", "C1", "Q1", "I0", "zz"]))
def test_nothing_that_can_be_scanned_raises(text, symbology):
    code = read_code(text, symbology)
    if isinstance(code, Bad | Other | Glued):
        assert code.code in errors()


@given(st.text("0123456789" + GS, max_size=80), st.sampled_from(["", "E0", "C1", "d2"]))
def test_no_digits_that_can_be_scanned_raise(text, symbology):
    assert isinstance(read_code(text, symbology), Code)


def test_aim_identifiers_are_taken_off_only_when_known():
    assert strip_aim("]d2010") == ("010", "d2")
    assert strip_aim("]zz1") == ("]zz1", "")


def test_any_text_can_be_shown_safely():
    assert shown("\x1b[31m红\u202e富士\n") == "·[31m红·富士·"
    assert shown("1" * 2000) == "1" * 15 + "…" + "1" * 8
    assert len(shown("长" * 500)) == 24


def test_check_digit_of_eighteen_digits_uses_the_same_rule():
    assert check_digit("26123450123401500") == "1"
