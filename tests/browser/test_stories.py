"""The first stories of a shop, by a person's hands on the page, in a real Chromium."""

import os
from pathlib import Path
from typing import Any

from tests.browser.conftest import Shop

COLA, WATER, APPLES = "6901234567892", "6951595000118", "2110001009419"
FACTORY_PIN, PIN = "0000", "2580"
FLOAT = "20000"


def sign_on(shop: Shop, pin: str) -> dict[str, Any]:
    shop.press("0", "1", "OK")
    return shop.press(*pin, "OK")


def begin_the_day(shop: Shop) -> None:
    """Sign on, change the factory PIN, open the shift with a counted float."""
    sign_on(shop, FACTORY_PIN)
    shop.press(*PIN, "OK")
    shop.press(*PIN, "OK")
    shop.press(*FLOAT, "OK")
    assert shop.screen()["name"] == "Idle"


def sell(shop: Shop, *codes: str) -> dict[str, Any]:
    """Scan, pay the exact amount in cash."""
    for code in codes:
        shop.scan(code)
    shop.press("OK")
    return shop.press("F1")


def close_drawer(shop: Shop) -> None:
    shop.page.wait_for_selector('#drawer[data-open="true"]')
    shop.click("#drawer-close")
    shop.page.wait_for_selector('#drawer[data-open="false"]')


def kinds(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


def keep_picture(shop: Shop, name: str) -> None:
    """A picture for the README, when somebody asked for it: `PICTURES=docs/images pytest …`."""
    folder = os.environ.get("PICTURES")
    if folder:
        shop.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_cash_sale_from_sign_on_to_the_backends_acknowledgement(shop: Shop) -> None:
    assert shop.screen()["title"] == "签到"
    changed = sign_on(shop, FACTORY_PIN)
    assert "修改" in changed["title"], "the factory PIN is good for one sign-on"
    shop.press(*PIN, "OK")
    assert shop.press(*PIN, "OK")["title"] == "开班"
    assert shop.press(*FLOAT, "OK")["name"] == "Idle"

    shop.click(f'.card:has-text("{COLA}")')  # a sample of the goods panel
    assert "0.735kg × 12.80" in "\n".join(shop.scan(APPLES)["lines"])
    assert "2 × 3.50" in "\n".join(shop.scan(COLA)["lines"])
    shop.press("3", "*")
    basket = shop.scan(WATER)["lines"]
    assert "3 × 1.50" in basket
    assert basket[-1] == "6件 20.91"
    shop.press("UP")
    assert "可口可乐" not in "\n".join(shop.press("CLEAR")["lines"])

    assert "13.90" in "\n".join(shop.press("OK")["lines"])
    sold = shop.press("F2")  # the quick key of 100.00
    assert sold["name"] == "Sold"
    assert "86.10" in "\n".join(sold["lines"])

    shop.page.wait_for_selector('#drawer[data-open="true"]')
    assert "success" in [heard["tone"] for heard in shop.get("sound")["tones"]]
    shop.settle("printed")
    slip = shop.slips()[-1]
    assert slip["state"] == "finished"
    for text in (
        "销售小票",
        "红富士苹果",
        "9.41",
        "康师傅包装饮用水550ml",
        "抹零",
        "13.90",
        "100.00",
        "86.10",
        "谢谢惠顾",
    ):
        assert text in slip["text"], text
    shop.page.wait_for_selector('#slips figure[data-drawn="finished"]')
    keep_picture(shop, "page")

    shop.settle("acked")
    assert shop.screen()["status"]["backlog"] == 0
    sales = kinds(shop.at_backend(), "sale")
    assert [sale["body"]["due_fen"] for sale in sales] == [1390]
    close_drawer(shop)


def test_a_power_cut_in_the_middle_of_a_slip_loses_and_doubles_nothing(shop: Shop) -> None:
    begin_the_day(shop)
    shop.trouble("link", "down")
    sell(shop, COLA)
    shop.settle("printed")
    close_drawer(shop)

    shop.press("OK")
    shop.trouble("printer", "slow")
    sell(shop, COLA, WATER, APPLES)
    shop.wait_for_paper(2, "品名")
    close_drawer(shop)
    opened_before = shop.get("drawer")["openings"]

    shop.trouble("power", "cut")
    torn = shop.slips()[-1]
    assert torn["state"] == "torn"
    assert "谢谢惠顾" not in torn["text"]
    shop.page.wait_for_selector('#slips figure[data-drawn="torn"]')
    keep_picture(shop, "torn")
    assert shop.screen()["title"] == "签到"
    assert shop.get("drawer")["openings"] == opened_before, "no boot opens the drawer"
    assert [sale["body"]["due_fen"] for sale in kinds(shop.journal(), "sale")] == [350, 1440]

    shop.trouble("printer", "ok")
    offered = sign_on(shop, PIN)
    assert "F1 续打" in offered["hints"]
    shop.press("F1")
    shop.settle("printed")
    continued = shop.slips()[-1]
    assert continued["state"] == "finished"
    assert "续打" in continued["text"]
    assert "14.40" in continued["text"]
    assert shop.get("drawer")["openings"] == opened_before, "a continued slip opens no drawer"

    shop.trouble("link", "up")
    journal = shop.journal()
    shop.settle("acked")
    stored = shop.at_backend()
    assert [record["seq"] for record in stored] == list(range(1, len(stored) + 1)), "each record exactly once, no gap"
    assert [record["hash"] for record in stored][: len(journal)] == [record["hash"] for record in journal]
    assert [sale["body"]["due_fen"] for sale in kinds(stored, "sale")] == [350, 1440]


LEFT = """() => new Promise((done, failed) => {
    const end = Date.now() + 30_000;
    const look = async () => {
        const screen = await (await fetch("/api/screen")).json();
        if (!screen.status.training) done();
        else if (Date.now() > end) failed(new Error("still in training"));
        else setTimeout(look, 50);
    };
    look();
})"""


def test_a_new_cashier_practises_and_nothing_of_it_is_true(shop: Shop) -> None:
    begin_the_day(shop)
    before = [record["kind"] for record in shop.journal()]
    opened = shop.get("drawer")["openings"]
    shop.press("MENU", "9", "8", "OK")
    assert "培训1/" in shop.screen()["status"]["training"]
    sell(shop, COLA, WATER, APPLES)
    shop.settle("printed")
    slip = shop.slips()[-1]
    assert slip["text"].count("培训 TRAINING") == 2
    assert "培训" in shop.press("OK")["status"]["training"]
    assert "培训2/" in shop.screen()["status"]["training"], "the first task is done"
    assert shop.get("drawer")["openings"] == opened
    keep_picture(shop, "training")

    shop.page.hover('#keys [data-key="F2"]')
    shop.page.mouse.down()
    shop.page.evaluate(LEFT)
    shop.page.mouse.up()
    shop.settle()
    assert shop.screen()["name"] == "Idle"

    sell(shop, COLA)
    shop.settle("printed")
    assert "培训" not in shop.slips()[-1]["text"]
    shop.settle("acked")
    written = [record["kind"] for record in shop.journal()][len(before) :]
    assert [kind for kind in written if kind.startswith(("training", "sale"))] == [
        "training_entered",
        "training_left",
        "sale",
    ]
    assert [sale["body"]["due_fen"] for sale in kinds(shop.at_backend(), "sale")] == [350]
    close_drawer(shop)
