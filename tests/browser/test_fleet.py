"""The dashboard beside the terminal, in a real browser: a manager signs in and changes a slip's footer, the cashier sells;
and the pages as somebody meets them who has only a keyboard, or another language, or a narrow screen."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import TERMINAL, WAIT_MS, Demo, Shop
from tests.browser.test_day import COLA, Day, open_the_shop

PATHS = (
    "", "?view=table", "rollouts", "rollouts/software", "settings", "settings?view=json", "settings/push",
    "settings/push?who=all", "sales", "errors", "care", f"t/{TERMINAL}", f"t/{TERMINAL}/command?command=lock",
)  # fmt: skip

HERE = Path(__file__).parent
AUDIT = (HERE / "audit.js").read_text(encoding="utf-8")
CONTRAST = (HERE / "contrast.js").read_text(encoding="utf-8")


@contextmanager
def dashboard(browser: Any, demo: Demo, lang: str = "zh", **more: Any) -> Iterator[Any]:
    """A page of the dashboard, signed in; a script error or a break of the content policy on it fails the test."""
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN" if lang == "zh" else "en-GB"} | more
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "401" not in said.text else None
    )
    page.goto(demo.dashboard)
    page.fill("#name", "demo")
    page.fill("#password", demo.password)
    page.press("#password", "Enter")
    page.wait_for_selector("h1:has-text('终端总览')" if lang == "zh" else "h1:has-text('Fleet map')")
    for _ in range(60):  # the terminal says that it is there when it has reached the broker
        if page.locator(f'[data-id="{TERMINAL}"]').count():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.errors = errors
    try:
        yield page
    finally:
        context.close()
    assert not errors, errors


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(browser: Any, standing_demo: Demo, lang: str, scheme: str) -> None:
    """Names for every control, headings in order, tables with headers, contrast of 4.5 : 1; wide and narrow."""
    with dashboard(browser, standing_demo, lang, color_scheme=scheme) as page:
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for path in PATHS:
                page.goto(standing_demo.dashboard + path)
                page.wait_for_selector("main h1")
                assert page.evaluate(AUDIT) == [], (path, width)
                assert page.evaluate(CONTRAST) == [], (path, width, scheme)


def test_the_sign_in_form_can_be_read_by_everybody_and_says_what_is_wrong(browser: Any, standing_demo: Demo) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, locale="en-GB")
    page.goto(standing_demo.dashboard)
    assert page.evaluate(AUDIT) == []
    assert page.evaluate(CONTRAST) == []
    page.fill("#name", "demo")
    page.fill("#password", "wrong password")
    page.click("main button")
    assert page.text_content("[role=alert]") == "Name or password is wrong."
    assert page.evaluate(CONTRAST) == []
    page.close()


def test_all_of_it_goes_by_keyboard(browser: Any, standing_demo: Demo) -> None:
    """Skip link, tiles by arrow keys, a terminal by Enter; whoever has the focus is seen."""
    with dashboard(browser, standing_demo, "en") as page:
        page.wait_for_selector(f'[data-id="{TERMINAL}"]')
        page.wait_for_load_state()  # a page that is not whole yet goes to its anchor, and so to `main`, once more when it is
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0"), "the skip link is seen"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        for _ in range(40):
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline not in ("none", "hidden"), page.evaluate("document.activeElement.outerHTML")
            if page.evaluate("document.activeElement.classList.contains('tile')"):
                break
        assert page.evaluate("document.activeElement.dataset.id") == TERMINAL
        assert page.locator('.tile[tabindex="0"]').count() == 1, "one stop of the Tab key for all tiles"
        page.keyboard.press("Enter")
        page.wait_for_selector(f"h1:has-text('{TERMINAL}')")


def test_the_language_is_chosen_and_stays(browser: Any, standing_demo: Demo) -> None:
    with dashboard(browser, standing_demo, "zh") as page:
        page.click("header a[hreflang=en]")
        page.wait_for_selector("h1:has-text('Fleet map')")
        page.click("header nav a[href='/sales']")
        page.wait_for_selector("h1:has-text('Sales')")


def test_signing_out_shuts_the_door(browser: Any, standing_demo: Demo) -> None:
    with dashboard(browser, standing_demo, "en") as page:
        page.click("header button")
        page.wait_for_selector("#password")
        page.goto(standing_demo.dashboard)
        page.wait_for_selector("#password")


def test_the_terminals_page_leads_to_the_dashboard(browser: Any, standing_demo: Demo) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(standing_demo.address)
    page.wait_for_selector("#dashboard:visible")
    assert page.get_attribute("#dashboard", "href") == f"{standing_demo.dashboard}t/{TERMINAL}"
    page.close()


def test_a_pushed_footer_stands_on_the_next_slip(browser: Any, shop: Shop) -> None:
    """The story of the issue: see the terminal on line, change the footer, push, sell, read the slip."""
    day = Day(shop)
    open_the_shop(day)
    with dashboard(browser, shop.demo) as page:
        page.wait_for_selector(f'[data-id="{TERMINAL}"]')
        page.goto(shop.demo.dashboard + "settings?layer=fleet&view=json")
        document = json.loads(page.input_value("#document"))
        page.fill("#document", json.dumps(document | {"shop": {"footer": ["明天见 再来坐坐"]}}, ensure_ascii=False))
        page.fill("#why", "new footer")
        page.click("button[value=keep]")
        page.wait_for_selector(f"text={TERMINAL}")
        assert "明天见 再来坐坐" in page.text_content("main")
        page.fill("#why", "new footer")
        page.click("button[value=now]")
        page.wait_for_selector(".done")
        in_force(page, shop)
        day.sell_for_cash(COLA)
        day.paper_is_out()
        slip = shop.slips()[-1]["text"]
        assert "明天见 再来坐坐" in slip
        assert f"{document['slips']['receipt_url']}/" in slip, "the electronic copy is still there"
        shop.settle("acked")
        page.goto(f"{shop.demo.dashboard}t/{TERMINAL}")
        slip = re.sub(r"\s+", " ", page.text_content(".slip"))
        assert "可口可乐" in slip


def in_force(page: Any, shop: Shop) -> None:
    """Until the terminal reports that it has taken the settings over."""
    for _ in range(60):
        page.goto(f"{shop.demo.dashboard}t/{TERMINAL}")
        words = page.text_content("section[aria-labelledby=settings]")
        if "试用中" in words or "已生效" in words:
            return
        page.wait_for_timeout(500)
    raise AssertionError(words)


def test_a_terminal_is_locked_and_unlocked_by_keyboard_and_without_scripts(browser: Any, standing_demo: Demo) -> None:
    """Two steps with a reason; the terminal itself says that it is locked, by whom and why."""
    here = f"{standing_demo.dashboard}t/{TERMINAL}"
    with dashboard(browser, standing_demo, "en", java_script_enabled=False) as page:
        for name, why, seen in (
            ("lock", "rent is due", "locked by demo"),
            ("unlock", "rent is paid", "Unlocked by demo"),
        ):
            page.goto(here)
            page.press(f"button[value={name}]", "Enter")
            page.wait_for_selector("h1:has-text('Lock'), h1:has-text('Unlock')")
            page.press("#why", "Enter")  # not without a reason
            assert page.locator("#why").count() == 1
            page.type("#why", why)
            page.press("#why", "Enter")
            for _ in range(60):
                page.goto(here)
                if seen in page.text_content("main"):
                    break
                page.wait_for_timeout(500)
            assert seen in page.text_content("main")
            assert why in page.text_content("main")
        for _ in range(20):  # what it reports of itself may come a moment later than its record
            if page.is_hidden("#lock"):
                break
            page.wait_for_timeout(500)
            page.goto(here)
        assert page.is_hidden("#lock")
