"""Nothing a customer shows gets into the event log or out in a report: played with the counter's real inputs."""

import random
from pathlib import Path

import msgspec
import pytest

from firmware.events import LinkDown, LinkUp, Report
from rules.discreet import discreet, is_subject, terse
from tests.payments.till import ALIPAY, BILL, CARD, ECNY, UNIONPAY, WECHAT, Till

PHONE, VOUCHER, GROUPED, LINK = "13812345678", "301234567890", "1234 5678 9012", "https://v.douyin.com/iABcD3fG/?k=9981"
SECRETS = (WECHAT, ALIPAY, UNIONPAY, ECNY, CARD, BILL, PHONE, VOUCHER, GROUPED, LINK, "ABCD-EFGH-1234", "623456")


def told(till: Till) -> str:
    """All the log holds and all reports say."""
    till.pass_time(700_000)
    rows = [till.ledger.read(f"SELECT * FROM {table}") for table in ("event", "event_sum", "event_report")]
    return repr(rows) + repr([msgspec.json.encode(each.report) for each in till.out if isinstance(each, Report)])


@pytest.mark.parametrize("secret", SECRETS)
def test_whatever_is_shown_to_the_counter_is_in_no_row_and_no_report(tmp_path: Path, secret: str) -> None:
    till = Till(tmp_path)
    till.open_for_business()
    till.online()
    till.scan(secret).keys("CANCEL CANCEL").basket().scan(secret).keys("CANCEL").keys("OK").scan(secret).keys("CANCEL")
    till.keys("CANCEL CANCEL OK #").scan(secret)
    digits = [each for each in secret if each.isdigit()][:20]
    till.keys(" ".join([*digits, "OK", "CANCEL", "CANCEL", "CANCEL"]))
    till.keys("MENU 1").scan(secret).keys(" ".join(["CANCEL", "CANCEL", "MENU", "5", *digits, "OK"]))
    till.scan(secret).keys("CANCEL CANCEL CANCEL").step(LinkDown(1003))
    till.basket().keys("OK").scan(secret)
    till.step(LinkUp())
    said = told(till)
    plain = "".join(digits)
    assert "1003" in said, "the log was written"
    assert secret not in said
    assert len(plain) < 8 or plain not in said


@pytest.mark.parametrize("secret", SECRETS)
def test_alarms_and_refusals_about_it_keep_its_length_alone(secret: str) -> None:
    for made in (terse(secret), discreet(f"code {secret} was refused"), discreet(secret)):
        assert secret not in made
        assert sum(each.isdigit() for each in made.replace("<", " ").replace(">", " ")) <= 6


def test_random_texts_never_pass_whole() -> None:
    chance = random.Random(5)
    for _ in range(1_000):
        digits = "".join(chance.choices("0123456789", k=chance.randint(8, 24)))
        text = chance.choice((digits, f"{digits[:4]} {digits[4:]}", f"x{digits}", " ".join(digits), "-".join(digits)))
        assert terse(text) == f"<{len(text)}>"
        if not is_subject(digits):
            assert digits not in discreet(text).replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    "number",
    ["000123-000045", "20261122000100230100000100004502", "000100230100000100004502R01", "0001002301000001000045V01"],
)
def test_our_own_numbers_pass(number: str) -> None:
    assert terse(number) == discreet(number) == number


@pytest.mark.parametrize("text", ["basket_hold", "the disk is full", "packet 1-16 refused by the broker: 0x97", "5 %"])
def test_our_own_words_pass(text: str) -> None:
    assert discreet(text).split()[0] == text.split()[0]
