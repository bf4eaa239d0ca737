"""The page itself: what it shows is what the board has, in both languages, and it fits a small screen."""

import base64
import io

import pytest
from PIL import Image, ImageChops

from tests.browser.conftest import Shop


def test_the_lcd_on_the_page_is_the_lcd_of_the_terminal(standing_shop: Shop) -> None:
    at = standing_shop
    at.press("0", "1")
    wanted = Image.open(io.BytesIO(at.page.request.get(f"{at.demo.address}/api/screen.png").body())).convert("RGB")
    at.page.wait_for_function("document.getElementById('lcd').getAttribute('aria-label').includes('01')")
    shown = at.page.evaluate("document.getElementById('lcd').toDataURL('image/png').split(',')[1]")
    picture = Image.open(io.BytesIO(base64.b64decode(shown))).convert("RGB")
    assert ImageChops.difference(wanted, picture).getbbox() is None
    box = at.page.locator("#lcd").bounding_box()
    assert (box["width"], box["height"]) == (640, 480), "each pixel is two by two"


def test_the_pc_keyboard_is_a_keypad_and_the_scanner_field_is_not(standing_shop: Shop) -> None:
    at = standing_shop
    at.page.keyboard.press("0")
    at.page.keyboard.press("1")
    at.page.keyboard.press("Backspace")
    at.settle()
    assert "0_" in at.lines().replace(" ", "")
    at.page.focus("#scan-text")
    at.page.keyboard.type("777")
    at.settle()
    assert "7" not in at.lines()


def test_a_key_held_on_the_page_is_held_on_the_terminal(standing_shop: Shop) -> None:
    at = standing_shop
    at.press("0", "1")
    at.page.hover('#keys [data-key="CLEAR"]')
    at.page.mouse.down()
    at.page.wait_for_selector('#keys [data-key="CLEAR"].down')
    at.page.mouse.up()
    at.settle()
    assert "0_" in at.lines().replace(" ", "")


def test_the_page_speaks_both_languages(standing_shop: Shop) -> None:
    at = standing_shop
    assert at.page.inner_text("h1") == "虚拟 POS 终端"
    at.page.click('[data-lang="en"]')
    at.page.wait_for_selector('h1:has-text("Virtual POS terminal")')
    for place in at.page.locator("[data-text]").all():
        assert "__" not in place.text_content(), "every text is there"


def test_everything_is_within_a_small_screen(standing_shop: Shop) -> None:
    at = standing_shop
    for lang in ("zh", "en"):
        at.page.click(f'[data-lang="{lang}"]')
        at.page.wait_for_selector(f'[data-lang="{lang}"][aria-pressed="true"]')
        for selector in (".body", ".printer .face", ".drawer", ".panels", "#paper-clear", "#printer-led", "#mute"):
            box = at.page.locator(selector).bounding_box()
            assert box["x"] >= 0, selector
            assert box["x"] + box["width"] <= 1280, selector
            assert box["y"] + box["height"] <= 800, selector
        led, face = (at.page.locator(name).bounding_box() for name in ("#printer-led", ".printer .face"))
        assert led["x"] + led["width"] <= face["x"] + face["width"], "nothing sticks out of the printer"


CUT = """() => [...document.querySelectorAll("button:not([disabled]), .pill, .front .name, .trouble, .card span")]
    .filter((place) => place.offsetWidth > 0)
    .filter((place) => {
        const box = place.getBoundingClientRect();
        const room = (place.closest(".panel") ?? document.body).getBoundingClientRect();
        return place.scrollWidth > place.clientWidth || box.right > room.right;
    })
    .map((place) => place.textContent)"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_no_word_is_cut_and_every_trouble_is_in_sight(standing_shop: Shop, width: int, height: int) -> None:
    at = standing_shop
    at.trouble("drawer", "forced")
    at.page.set_viewport_size({"width": width, "height": height})
    for lang in ("en", "zh"):
        at.page.click(f'[data-lang="{lang}"]')
        at.page.wait_for_selector(f'[data-lang="{lang}"][aria-pressed="true"]')
        assert at.page.evaluate(CUT) == []
        if width < 1640:  # on a wide screen goods, troubles and log stand side by side
            at.page.click("#tab-troubles")
        assert at.page.evaluate(CUT) == []
        box, panel = at.page.locator("#battery").bounding_box(), at.page.locator("#troubles").bounding_box()
        assert box["y"] + box["height"] <= panel["y"] + panel["height"], "the last of the troubles"
        for state in ("never answers", "从不应答"):
            at.page.evaluate("(text) => { document.getElementById('printer-state').textContent = text; }", state)
            assert at.page.evaluate(CUT) == []
        power, row = at.page.locator('[data-value="on"]').bounding_box(), at.page.locator(".power").bounding_box()
        assert power["x"] + power["width"] <= row["x"] + row["width"] + 1, "switching on is within its row"
        if width < 1640:
            at.page.click("#tab-goods")
    at.page.click('[data-lang="zh"]')
    at.page.set_viewport_size({"width": 1280, "height": 800})
    at.page.click("#drawer-close")
    at.settle()


def test_nothing_is_fetched_from_elsewhere(standing_shop: Shop) -> None:
    at = standing_shop
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url))
    at.page.reload()
    at.page.wait_for_selector("#samples .card")
    assert asked
    assert all(url.startswith((at.demo.address, "blob:")) for url in asked), asked


def test_a_refused_call_is_said_on_the_page(standing_shop: Shop) -> None:
    at = standing_shop
    at.trouble("scanner", "unplugged")
    at.page.fill("#scan-text", "690")
    at.page.click("#scan button")
    at.page.wait_for_selector('.toast:has-text("已拔掉")')


def test_the_demonstration_stops_everything_it_started(shop: Shop) -> None:
    assert shop.get("trouble")["running"] is True
    assert shop.demo.stop() == 0
    assert "全部已停止。" in shop.demo.said or "Everything has stopped." in shop.demo.said
