"""What the cashier sees: pictures of views, nothing cut that must be read, and the same as text."""

from dataclasses import replace

import pytest

from firmware.render import FontMissing, Renderer, find_font, palette
from firmware.render.blocks import wrapped
from firmware.render.fonts import clean
from firmware.render.palette import Colour
from firmware.render_text import lines
from firmware.view import Big, Field, Gap, Hint, Item, Items, Para, Row, Text, Tint, View
from tests import goldens
from tests.render.examples import EXAMPLES, STATUS, basket, idle, longest, menu, pin, plain, result

NAMES = {f"render/{lang}/{example.__name__}": (example, lang) for lang in ("zh", "en") for example in EXAMPLES}


@pytest.fixture(scope="module")
def renderer():
    return Renderer(find_font(), plain)


def view(*body, title="标题", hints=(), lang="zh", tint=Tint.PLAIN):
    return View("Test", lang, title, body, hints, STATUS, tint)


@pytest.mark.parametrize("name", NAMES)
def test_example_looks_as_it_was_approved(renderer, name):
    example, lang = NAMES[name]
    goldens.check(name, renderer.draw(example(lang)))


def test_no_golden_is_left_over():
    goldens.assert_no_orphans("render", NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_example_is_whole(renderer, name):
    example, lang = NAMES[name]
    assert renderer.overflow(example(lang)) == []


def test_drawing_only_what_changed_gives_the_same_picture(renderer):
    for name, (example, lang) in NAMES.items():
        fresh = Renderer(find_font(), plain).draw(example(lang))
        assert renderer.draw(example(lang)).tobytes() == fresh.tobytes(), name


def test_a_menu_step_changes_only_two_rows(renderer):
    before, after = renderer.draw(menu("zh", 2)).tobytes(), renderer.draw(menu("zh", 3)).tobytes()
    changed = [y for y in range(240) if before[y * 320 : y * 320 + 320] != after[y * 320 : y * 320 + 320]]
    assert changed == list(range(48 + 2 * 24, 48 + 4 * 24))


def test_a_picture_is_the_callers_own(renderer):
    picture = renderer.draw(idle("zh"))
    kept = picture.tobytes()
    renderer.draw(basket("zh"))
    assert picture.tobytes() == kept


OVERFLOWS = {
    "catalogue text in a row": (view(Row(Text("x" * 60))), "cut"),
    "right part of a row": (view(Row("", "9" * 60)), "cut"),
    "too many rows of a paragraph": (view(Para("字" * 80, rows=2)), "rows"),
    "an amount that no size shows": (view(Big("应收", "9" * 60)), "cut"),
    "an amount under 32 px": (view(Big("应收金额合计", "¥999,999,999,999.99")), "shrunk"),
    "a body too high": (view(*[Row("行")] * 9), "body"),
    "hints too wide": (view(hints=tuple(Hint("CANCEL", "返回上一级") for _ in range(4))), "hints"),
    "a title of the catalogue": (view(title=Text("字" * 30)), "cut"),
    "what was typed": (view(Field("条码", "8" * 60)), "cut"),
    "a label": (view(Field(Text("字" * 30), "")), "cut"),
    "a note": (view(Items((Item("1", "a", "", Text("n" * 80)),))), "cut"),
}


@pytest.mark.parametrize("case", OVERFLOWS)
def test_what_does_not_fit_is_reported(renderer, case):
    shown, what = OVERFLOWS[case]
    assert what in {problem.what for problem in renderer.overflow(shown)}
    renderer.draw(shown)  # and is still drawn as well as can be


def test_long_names_are_shortened_but_their_amounts_are_whole(renderer):
    assert renderer.overflow(longest("zh")) == []


def test_an_amount_shrinks_before_its_label_is_cut(renderer):
    for value in ("¥1.00", "¥99,999.99", "¥9,999,999.99", "¥99,999,999.99"):
        assert renderer.overflow(view(Big("应收", value))) == []


def test_thirteen_hanzi_fit_a_large_row_and_nineteen_a_normal_one(renderer):
    assert renderer.overflow(view(Para("字" * 12, large=True, rows=1), Para("字" * 19, rows=1))) == []


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("one two three", ["one two", "three"]),
        ("收款成功。", ["收款成", "功。"]),
        ("a\nb", ["a", "b"]),
        ("abcdefghijkl", ["abcdefg", "hijkl"]),
        ("退货12345678", ["退货", "1234567", "8"]),
    ],
)
def test_wrapping(text, rows):
    def eight_wide(text, size, strong=False):
        return sum(16 if ch > "⺀" else 8 for ch in text)

    assert list(wrapped(text, 16, 60, eight_wide)) == rows


def test_control_and_hidden_characters_of_a_scan_show_as_boxes():
    assert clean("a\x1b[1mb\u202ec\td\x00") == "a□[1mb□c d□"
    assert len(clean("x" * 2_000)) == 400


def test_every_ink_can_be_read_on_its_ground():
    """Contrast of at least 4.5 : 1 (WCAG 2 AA), thin lines apart."""

    def luminance(colour):
        parts = [(value / 255) for value in palette.quantised(*palette._parts(colour))]
        red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for ground, inks in palette._PAIRS:
        for ink in inks:
            light, dark = sorted((luminance(ground), luminance(ink)), reverse=True)
            assert ink is Colour.LINE or (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_no_two_indices_hold_the_same_colour():
    assert len(set(palette.colours())) == len(palette.colours()) <= 256


def test_a_missing_font_names_the_package():
    with pytest.raises(FontMissing, match="fonts-wqy-microhei"):
        find_font(("/nowhere/font.ttc",))


def test_words_of_a_view_from_top_to_bottom():
    assert lines(basket("zh"), lambda say: plain("zh", say)) == (
        "购物车",
        (
            "1 可口可乐 330ml 3.00",
            "2 农夫山泉 550ml ×2 4.00",
            "3 散装红富士苹果 0.845kg 10.98",
            "4 康师傅红烧牛肉面(五连包) 14.50",
            "> 5 中南海(点8) 硬盒 10.00",
            "应收 6 件 ¥42.48",
        ),
        ("OK 收款", "* 数量", "CLEAR 删行", "F1 挂单"),
    )
    assert "PIN ••••_" in lines(pin("en"), lambda say: plain("en", say))[1]
    assert lines(menu("en"), lambda say: plain("en", say))[1][-1] == "1/2"


def test_every_tint_has_an_icon_so_that_colour_is_never_alone(renderer):
    plain_title = renderer.draw(replace(result("zh"), tint=Tint.PLAIN))
    for tint in (Tint.GOOD, Tint.BAD, Tint.UNSURE):
        title = renderer.draw(replace(result("zh"), tint=tint)).crop((8, 20, 28, 44))
        assert len(set(title.tobytes())) > 1
        assert title.tobytes() != plain_title.crop((8, 20, 28, 44)).tobytes()


def test_a_gap_is_only_paper(renderer):
    body = renderer.draw(view(Gap(172))).crop((0, 44, 320, 220))
    assert set(body.tobytes()) == {palette.index(Colour.PAPER)}
