"""The simulated acquirer: what each step of a script makes of a request, and that the same number is the same thing."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fleet.acquirer import codes
from fleet.acquirer.books import Ledgers
from fleet.acquirer.port import PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.acquirer.script import Step, read_scenario, read_step
from fleet.acquirer.simulator import Simulator

NOW = 1_795_305_600_000
DAY = 24 * 3_600_000


def order(number: int = 1) -> str:
    return f"2026112200010023010000010{number:05d}01"


def pay(number: int = 1, fen: int = 1050, channel: str = "wechat", code: str = "134567890123456789") -> PayCall:
    return PayCall(order(number), channel, fen, "可乐,薯片", "00010023", "01", code)


def back(fen: int, index: int = 1, number: int = 1) -> RefundCall:
    return RefundCall(f"{order(number)[8:]}R{index:02d}", order(number), "wechat", fen, "x")


class Bank:
    """A simulator with a clock of the test's."""

    def __init__(self, *steps: Step, path: Path | None = None) -> None:
        self.ledgers = Ledgers(path)
        self.simulator = Simulator(self.ledgers, Random(1))
        with self.ledgers.begin() as books:
            books.add_steps(steps)

    def ask(self, call: object, after_ms: int = 0) -> list[Reply]:
        return [reply for _, reply in self.simulator.plan(call, NOW + after_ms)]  # type: ignore[arg-type]

    def one(self, call: object, after_ms: int = 0) -> Reply:
        (reply,) = self.ask(call, after_ms)
        return reply


def test_without_a_script_money_moves_once() -> None:
    bank = Bank()
    first = bank.one(pay())
    assert (first.state, first.paid_fen) == ("paid", 1050)
    assert bank.one(pay()) == bank.one(QueryCall(order(), "wechat")) == first
    with bank.ledgers.begin() as books:
        assert len(books.trades()) == 1


@pytest.mark.parametrize("row", [row for row in codes.provided_table().code if row.definite], ids=lambda row: row.code)
def test_every_definite_refusal_of_the_table(row: codes.Row) -> None:
    bank = Bank(Step("refuse", call=row.call or "pay", code=row.code, text=row.text))
    match row.call:
        case "refund":
            bank.one(pay(channel=row.channel))
            assert bank.one(replace(back(50), channel=row.channel)) == Reply("failed", row.ours)
        case "reverse":
            bank.one(pay(channel=row.channel))
            assert bank.one(ReverseCall(order(), row.channel)) == Reply("refused", row.ours)
        case _:
            assert bank.one(pay(channel=row.channel)) == Reply("failed", row.ours)
            assert bank.one(QueryCall(order(), row.channel)).state == "absent", "nothing was taken"


def test_a_code_that_says_nothing_definite() -> None:
    assert Bank(Step("error")).one(pay()) == Reply("unknown", 5007)
    assert Bank(Step("error", code="NEVER_HEARD_OF")).one(pay()) == Reply("unknown", 5007)


def test_the_customer_types_a_password() -> None:
    bank = Bank(Step("password", after_ms=8_000))
    assert bank.one(pay()) == Reply("paying", 5005)
    assert bank.one(QueryCall(order(), "wechat"), 7_999) == Reply("paying", 5005)
    assert bank.one(QueryCall(order(), "wechat"), 8_000).state == "paid"


def test_the_customer_cancels() -> None:
    bank = Bank(Step("password", end="cancel"))
    bank.one(pay())
    assert bank.one(QueryCall(order(), "wechat"), 8_000) == Reply("failed", 5006)


def test_no_answer_lost_answer_late_success_and_double_answer() -> None:
    bank = Bank(Step("silent"), Step("lost"), Step("late", after_ms=60_000), Step("double"))
    assert bank.ask(pay(1)) == []
    assert bank.one(QueryCall(order(1), "wechat")).state == "absent"
    assert bank.ask(pay(2)) == []
    assert bank.one(QueryCall(order(2), "wechat")).state == "paid"
    assert bank.ask(pay(3)) == []
    assert bank.one(QueryCall(order(3), "wechat"), 59_000).state == "paying"
    assert bank.one(QueryCall(order(3), "wechat"), 60_000).state == "paid"
    assert [reply.state for reply in bank.ask(pay(4))] == ["paid", "paid"]


def test_an_outage_lets_nothing_through_and_ends() -> None:
    bank = Bank(Step("outage", call="any", after_ms=30_000))
    assert bank.ask(pay()) == []
    assert bank.ask(QueryCall(order(), "wechat"), 29_999) == []
    assert bank.one(pay(), 30_000).state == "paid"


def test_a_reversal_gives_back_or_closes_and_a_closed_number_takes_nothing() -> None:
    bank = Bank(Step("password", order_no=order(2)))
    for number in (1, 2):
        bank.one(pay(number))
    for number in (1, 2, 3):  # paid, waiting, never seen
        assert bank.one(ReverseCall(order(number), "wechat")).state == "reversed"
        assert bank.one(pay(number)) == Reply("failed", 5011)
        assert bank.one(QueryCall(order(number), "wechat"), DAY).state == "reversed"


def test_a_reversal_is_refused_by_script_after_seven_days_and_after_a_refund() -> None:
    bank = Bank(Step("refuse", call="reverse"))
    bank.one(pay())
    assert bank.one(ReverseCall(order(), "wechat")) == Reply("refused", 5016)
    assert bank.one(ReverseCall(order(), "wechat"), 8 * DAY) == Reply("refused", 5016)
    bank.one(back(50))
    assert bank.one(ReverseCall(order(), "wechat")) == Reply("refused", 5016)
    assert bank.one(QueryCall(order(), "wechat")).state == "paid"


def test_refunds_never_exceed_what_was_paid_and_keep_their_number() -> None:
    bank = Bank()
    bank.one(pay())
    first = bank.one(back(1000))
    assert first.state == "refunded"
    assert bank.one(back(1000)) == first
    assert bank.one(back(51, 2)) == Reply("failed", 5015)
    assert bank.one(back(50, 3)).state == "refunded"


def test_refunds_in_process_refused_and_lost() -> None:
    bank = Bank(
        Step("processing", call="refund", after_ms=5_000), Step("refuse", call="refund"), Step("lost", call="refund")
    )
    bank.one(pay())
    query = RefundQueryCall(back(100).refund_no, order(), "wechat")
    assert bank.one(back(100)).state == "processing"
    assert bank.one(query, 4_999).state == "processing"
    assert bank.one(query, 5_000).state == "refunded"
    assert bank.one(back(100, 2)) == Reply("failed", 5017)
    assert bank.ask(back(100, 3)) == []
    assert bank.one(back(100, 3)).state == "refunded"


def test_steps_fit_by_what_they_name_and_are_used_up() -> None:
    bank = Bank(
        Step("refuse", amount_fen=1313),
        Step("refuse", code_ends="0004", times=0),
        Step("refuse", channel="alipay", code="ACQ.ACCESS_FORBIDDEN", times=2),
    )
    assert bank.one(pay(1)).state == "paid"
    assert [bank.one(pay(2, 1313)).code, bank.one(pay(3, 1313)).state] == [5004, "paid"]
    assert [bank.one(pay(n, code="130000000000000004")).code for n in (4, 5, 6)] == [5004] * 3
    assert [bank.one(pay(n, channel="alipay")).code for n in (7, 8, 9)] == [5014, 5014, 0]


def test_the_same_seed_gives_the_same_books() -> None:
    def play() -> list[object]:
        bank = Bank(Step("double"), Step("password", end="cancel"))
        plans = [bank.simulator.plan(pay(number), NOW) for number in range(1, 6)]
        with bank.ledgers.begin() as books:
            return [plans, books.trades()]

    assert play() == play()


def test_books_and_scripts_survive_a_restart(tmp_path: Path) -> None:
    bank = Bank(Step("refuse", amount_fen=7, times=2), path=tmp_path / "acquirer.db")
    paid = bank.one(pay())
    bank.one(pay(2, 7))
    bank.ledgers.close()
    again = Bank(path=tmp_path / "acquirer.db")
    assert again.one(pay()) == paid
    assert [again.one(pay(3, 7)).code, again.one(pay(4, 7)).state] == [5004, "paid"]
    again.ledgers.close()
    assert b"134567890123456789" not in (tmp_path / "acquirer.db").read_bytes()


def test_a_scenario_file_and_words(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text(
        '[[step]]\nplay = "refuse"\namount_fen = 1313\ncode = "NOTENOUGH"\n[[step]]\nplay = "late"\nafter_ms = 60000\n'
    )
    assert read_scenario(path) == (Step("refuse", amount_fen=1313, code="NOTENOUGH"), Step("late", after_ms=60_000))
    assert read_step(["play=password", "end=cancel", "after_ms=5000"]) == Step("password", end="cancel", after_ms=5_000)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[[step]]\nplay = 'dance'\n", "dance"),
        ("[[step]]\nplai = 'lost'\n", "plai"),
        ("x", "key"),
        ("[[step]]\n", "play"),
    ],
)
def test_a_bad_scenario_says_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "day.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=word):
        read_scenario(path)


def test_a_pushed_table_of_codes(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text('code = [{channel = "wechat", code = "NEW", ours = 5019, definite = true}]')
    ledgers = Ledgers()
    with ledgers.begin() as books:
        books.add_steps([Step("refuse", code="NEW")])
    ((_, reply),) = Simulator(ledgers, Random(1), codes.read_table(path)).plan(pay(), NOW)
    assert reply == Reply("failed", 5019)
