"""Pages of the dashboard that keep themselves up to date: what changes comes in, and takes neither focus nor what is
being typed or read away; a connection that is gone is said to be."""

from typing import Any

from tests.browser.conftest import TERMINAL, Demo, Shop
from tests.browser.test_fleet import dashboard

LIVE = "**/live/**"


def test_one_terminals_page_follows_it_and_keeps_what_is_open_and_focused(browser: Any, standing_shop: Shop) -> None:
    with dashboard(browser, standing_shop.demo, "en") as page:
        page.goto(f"{standing_shop.demo.dashboard}t/{TERMINAL}")
        page.wait_for_selector("[data-part=records] details")
        before = page.locator("[data-part=left] .timeline li").count()
        page.click("button[value=identify]")
        page.wait_for_selector("h1")
        page.click("[data-part=records] details summary >> nth=-1")
        kept = page.evaluate("document.activeElement.textContent")
        assert kept.startswith("show")
        page.evaluate("window.stillHere = true")
        standing_shop.trouble("printer", "paper_out")
        page.wait_for_selector("[data-fact=printer]:has-text('out of paper')")
        page.wait_for_selector("[data-part=left] li:has-text('Show yourself · done')")
        assert page.evaluate("window.stillHere"), "the page was not loaded anew"
        assert page.evaluate("document.activeElement.textContent") == kept
        assert page.locator("[data-part=records] details[open]").count() == 1
        assert page.locator("[data-part=left] .timeline li").count() > before
        assert page.is_hidden("#moved")
        standing_shop.trouble("printer", "ok")
        page.wait_for_selector("[data-fact=printer]:has-text('ready')")


def test_the_map_follows_the_fleet_while_somebody_types(browser: Any, standing_shop: Shop) -> None:
    with dashboard(browser, standing_shop.demo, "en") as page:
        page.fill("#text", "half a wo")
        page.evaluate("window.stillHere = true")
        standing_shop.trouble("printer", "paper_out")
        page.wait_for_selector(f'[data-id="{TERMINAL}"].s-bad')
        assert page.input_value("#text") == "half a wo"
        assert page.evaluate("document.activeElement.id") == "text"
        page.goto(f"{standing_shop.demo.dashboard}?level=bad")
        page.wait_for_selector(f'[data-id="{TERMINAL}"]')
        page.focus(f'[data-id="{TERMINAL}"]')
        standing_shop.trouble("printer", "ok")
        page.wait_for_selector("[data-part=list] >> text=No terminal fits")


def test_a_connection_that_is_gone_is_said_to_be_until_it_is_back(browser: Any, standing_demo: Demo) -> None:
    with dashboard(browser, standing_demo, "en") as page:
        for path in ("", f"t/{TERMINAL}"):
            page.goto(standing_demo.dashboard + path)
            assert page.is_hidden("#stale")
            page.route(LIVE, lambda route: route.fulfill(status=503, body="busy"))
            page.wait_for_selector("#stale:visible")
            words = page.text_content("#stale")
            assert words.startswith("As of 20"), words
            assert "no connection" in words
            page.unroute(LIVE)
            page.wait_for_selector("#stale", state="hidden")
        page.errors.clear()  # the browser itself writes down what was not answered


def test_who_is_signed_out_meanwhile_is_told_and_loses_nothing(browser: Any, standing_demo: Demo) -> None:
    with dashboard(browser, standing_demo, "en") as page:
        page.fill("#text", "half a wo")
        page.context.clear_cookies()
        page.wait_for_selector("#out:visible")
        assert page.input_value("#text") == "half a wo"
        assert "/sign-in?next=" in page.get_attribute("#out a", "href")
