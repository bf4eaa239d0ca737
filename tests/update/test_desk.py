"""A software update as the terminal lives through it: fetched, installed when idle, proven, or left."""

from pathlib import Path

import pytest

from firmware.desks.update import AWAY_MIN, TRIAL_MIN
from firmware.events import (
    AskSlot,
    Exit,
    Fetch,
    Fetched,
    FetchFailed,
    LinkDown,
    LinkUp,
    NetworkSeen,
    SlotAnswered,
    Tell,
    Unfetch,
)
from firmware.txn import update
from tests.counter import COLA
from tests.remote.afar import Afar
from wire.fleet import Blob, Identify, Reply, Reported, Update

RELEASE = Blob("release", "ab" * 32, 1_000, "https://fleet.example/releases/2.0.0")
ORDER = Update("2.0.0", RELEASE)


class Bench(Afar):
    """A terminal whose slots and file server answer when they are told to. `slot` holds what runs, as real slots would."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.trial, self.fell_back, self.died = False, False, False

    def begin(self) -> "Bench":
        self.open()
        self.slot("look")
        return self

    def asked(self, kind: type) -> list:
        return [each for each in self.counter.out if isinstance(each, kind)]

    def acts(self) -> list[str]:
        return [each.act for each in self.asked(AskSlot)]

    def slot(self, act: str, code: int = 0) -> None:
        software = self.counter.terminal.software
        self.counter.step(
            SlotAnswered(act, code, "why" if code else "", "A", software, self.trial, self.fell_back, self.died)
        )  # fmt: skip

    def stage(self) -> str:
        found = update.standing(self.counter.ledger)
        return found.stage if found else ""

    def fetched(self) -> "Bench":
        self.counter.step(Fetched(RELEASE.sha256))
        return self

    def wait(self, minutes: float) -> "Bench":
        self.counter.pass_time(int(minutes * 60_000))
        return self

    def to_trial(self) -> "Bench":
        """Ordered, fetched, installed, started: the new release runs, on trial."""
        self.order(ORDER)
        self.fetched().wait(0.5)
        self.slot("install")
        self.wait(0.5)
        self.slot("try")
        assert self.stage() == "trying"
        self.trial = True
        self.reboot("2.0.0")
        self.slot("look")
        return self

    def reboot(self, software: str) -> "Bench":
        self.counter.cut()
        made = self.counter.terminal.__class__
        old = made.__init__

        def init(this, *given, **more):
            old(this, *given, **more)
            this.software = software

        made.__init__ = init
        try:
            self.counter.boot()
        finally:
            made.__init__ = old
        self.counter.step(LinkUp())
        self.counter.sign_on()
        return self

    def told(self) -> list[tuple[str, int]]:
        return [(each.status, each.code) for each in self.replies]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path).begin()


def test_an_update_is_fetched_installed_and_tried_and_counts_after_ten_good_minutes(bench):
    assert [each.status for each in bench.order(ORDER)] == ["accepted"]
    assert bench.asked(Fetch) == [Fetch(RELEASE)]
    assert bench.acts() == ["look"]
    bench.fetched().wait(0.5)
    assert bench.acts() == ["look", "install"]
    bench.slot("install")
    assert bench.acts() == ["look", "install"]
    bench.wait(0.5)
    assert bench.acts() == ["look", "install", "try"]
    assert bench.asked(Exit) == []
    bench.slot("try")
    assert [each.reason for each in bench.asked(Exit)] == ["update"]
    bench.trial = True
    bench.reboot("2.0.0").slot("look")
    bench.wait(TRIAL_MIN - 1)
    assert "confirm" not in bench.acts(), "not before it has proven well"
    bench.wait(1.1)
    assert bench.acts() == ["look", "confirm"]
    assert bench.stage() == "trying"
    bench.slot("confirm")
    assert bench.stage() == "kept"
    assert bench.told()[-1] == ("done", 0)
    assert bench.asked(Unfetch) == [Unfetch(RELEASE.sha256)]


def test_what_is_reported_follows_every_step(bench):
    def look() -> tuple[str, int]:
        told = [each.message for each in bench.counter.out if isinstance(each, Tell)]
        last = [each for each in told if isinstance(each, Reported)][-1]
        assert last.update is not None
        return last.update.status, last.update.code

    bench.order(ORDER)
    assert look() == ("pending", 0)
    bench.fetched()
    assert look() == ("waiting_idle", 0)
    bench.counter.step(FetchFailed("cd" * 32, 1003))
    assert look() == ("waiting_idle", 0), "of another file"
    bench.wait(0.5)
    bench.slot("install", 2019)
    assert look() == ("rejected", 2019)


def test_nothing_is_installed_or_started_while_something_is_under_way(bench):
    bench.counter.scan(COLA)
    bench.order(ORDER)
    bench.fetched().wait(2)
    assert bench.acts() == ["look"]
    bench.counter.keys("OK F2 OK OK").pass_time(60_000)
    assert "install" in bench.acts()
    bench.slot("install")
    bench.counter.scan(COLA)
    bench.wait(2)
    assert "try" not in bench.acts()


def test_a_key_puts_the_start_off(bench):
    bench.order(ORDER)
    bench.fetched().wait(0.5)
    bench.slot("install")
    bench.counter.pass_time(11_000)
    assert bench.counter.screen == "Updating"
    bench.counter.keys("5")
    bench.counter.pass_time(8_000)
    assert "try" not in bench.acts()
    bench.wait(1)
    assert "try" in bench.acts()


def test_records_that_are_due_hold_no_update_up(bench):
    for _ in range(20):
        bench.counter.keys("5 0 0 OK OK OK")
    bench.counter.step(LinkDown(1003))
    bench.counter.step(LinkUp())
    assert bench.counter.ledger.durable_seq > bench.counter.ledger.acked_seq
    bench.order(ORDER)
    bench.fetched().wait(1)
    assert "install" in bench.acts()


@pytest.mark.parametrize("stage", ["ordered", "fetched", "installing", "installed", "trying"])
def test_a_power_cut_at_any_step_is_gone_on_from(bench, stage):
    order = bench.make(ORDER)
    bench.deliver(order)
    if stage != "ordered":
        bench.fetched()
    if stage in ("installing", "installed", "trying"):
        bench.wait(0.5)
    if stage in ("installed", "trying"):
        bench.slot("install")
    if stage == "trying":
        bench.counter.pass_time(16_000)
        assert bench.stage() == "trying"  # on record, and the slot not changed yet
    bench.reboot("test").slot("look")
    if stage == "ordered":
        assert bench.asked(Fetch)
        bench.fetched()
    bench.wait(0.5)
    if bench.stage() == "fetched":
        bench.slot("install")
    bench.wait(0.5)
    assert bench.acts()[-1] == "try"
    bench.slot("try")
    assert [each.reason for each in bench.asked(Exit)] == ["update"]
    assert bench.deliver(order)[0].status == "accepted"


def test_a_cut_between_the_slots_word_and_ours_keeps_what_is_kept(bench):
    bench.to_trial()
    bench.trial = False
    bench.reboot("2.0.0").slot("look")
    assert bench.stage() == "kept"


def test_a_release_that_did_not_come_up_is_told_of_as_9005(bench):
    bench.to_trial()
    bench.trial, bench.fell_back = False, True
    bench.reboot("test").slot("look")
    assert bench.stage() == "left"
    assert "[9005]" in bench.counter.text()
    assert bench.told()[-1] == ("failed", 9005)
    bench.wait(60)
    assert bench.acts() == ["look"], "and nothing is tried again by itself"


def test_a_slot_that_never_starts_is_given_up_after_three_tries(bench):
    bench.order(ORDER)
    bench.fetched().wait(0.5)
    bench.slot("install")
    for _ in range(3):
        bench.wait(0.5)
        assert bench.acts()[-1] == "try"
        bench.reboot("test").slot("look")
    bench.wait(0.5)
    assert bench.stage() == "failed"
    assert bench.told()[-1] == ("failed", 9005)


def test_minutes_without_the_broker_prove_nothing(bench):
    bench.to_trial()
    bench.counter.step(LinkDown(1003))
    bench.counter.step(NetworkSeen("none"))
    bench.wait(3 * AWAY_MIN)
    assert bench.acts() == ["look"], "no network: nobody's fault"
    bench.counter.step(LinkUp())
    bench.wait(TRIAL_MIN + 1)
    assert bench.acts() == ["look", "confirm"]


def test_a_release_that_does_not_reach_the_broker_is_left_by_itself(bench):
    bench.to_trial()
    bench.counter.step(NetworkSeen("wifi", 90))
    bench.counter.step(LinkDown(1006))
    bench.wait(AWAY_MIN + 1)
    assert bench.acts() == ["look", "fall_back"]
    bench.slot("fall_back")
    assert bench.stage() == "left"
    assert [each.reason for each in bench.asked(Exit)] == ["update left"]


@pytest.mark.parametrize(("code", "final", "stage"), [(1003, False, "ordered"), (9003, True, "failed")])
def test_a_file_that_does_not_come_is_tried_again_or_given_up(bench, code, final, stage):
    bench.order(ORDER)
    bench.counter.step(FetchFailed(RELEASE.sha256, code, "why", final))
    assert bench.stage() == stage
    bench.wait(2)
    assert len(bench.asked(Fetch)) == (1 if final else 2)
    assert bench.told()[-1] == (("failed", code) if final else ("accepted", 0))


def test_a_newer_order_takes_the_place_of_one_that_waits_and_not_of_a_trial(bench):
    first = bench.make(ORDER)
    bench.deliver(first)
    other = Blob("release", "cd" * 32, 9, "https://fleet.example/releases/3")
    bench.order(Update("3.0.0", other))
    assert bench.deliver(first)[0].status == "failed"
    found = update.standing(bench.counter.ledger)
    assert found is not None
    assert found.version == "3.0.0"


def test_no_other_release_is_ordered_during_a_trial(bench):
    bench.to_trial()
    other = Blob("release", "cd" * 32, 9, "https://fleet.example/releases/3")
    assert [(each.status, each.code) for each in bench.order(Update("3.0.0", other))] == [("refused", 1018)]
    assert bench.replies[-1].reason == "2.0.0 is on trial", "no word of a payment"


def test_the_release_that_runs_is_there_already(bench):
    assert [each.status for each in bench.order(Update("test", RELEASE))] == ["done"]
    assert bench.asked(Fetch) == []


BACK = Update("test", Blob("release", "cd" * 32, 9, "https://fleet.example/releases/back"))


def waits_for_its_file(bench):
    bench.order(ORDER)


def waits_for_an_idle_counter(bench):
    bench.order(ORDER)
    bench.counter.scan(COLA)
    bench.fetched()


def is_being_installed(bench):
    bench.order(ORDER)
    bench.fetched().wait(0.5)
    assert bench.acts()[-1] == "install"


def is_installed(bench):
    is_being_installed(bench)
    bench.slot("install")


def is_about_to_start(bench):
    is_installed(bench)
    bench.counter.pass_time(11_000)
    assert bench.counter.screen == "Updating"


@pytest.mark.parametrize(
    "reach", [waits_for_its_file, waits_for_an_idle_counter, is_being_installed, is_installed, is_about_to_start]
)
def test_an_order_back_to_what_runs_ends_the_update_that_waits(bench, reach):
    reach(bench)
    assert [(each.status, each.reason) for each in bench.order(BACK)] == [
        ("failed", "given up for test"), ("done", "runs already"),
    ]  # fmt: skip
    assert update.under_way(bench.counter.ledger) is None
    told = [each.message for each in bench.counter.out if isinstance(each, Tell) and isinstance(each.message, Reported)]
    assert (told[-1].update.status, told[-1].update.reason) == ("rejected", "given up for test")
    assert bench.counter.screen != "Updating"
    assert "[9005]" not in bench.counter.text(), "nothing went wrong here"
    acts = bench.acts()
    bench.fetched()
    if reach is is_being_installed:
        bench.slot("install")
    if reach is waits_for_an_idle_counter:
        bench.counter.keys("OK F2 OK OK")
    bench.wait(5)
    assert bench.acts() == acts, "and it is not started after all"
    assert bench.asked(Exit) == []
    bench.reboot("test").slot("look")
    bench.wait(5)
    assert bench.acts() == ["look"], "nor after a boot"


def test_what_was_given_up_had_no_fault_and_may_be_ordered_again(bench):
    bench.order(ORDER)
    bench.order(BACK)
    assert [each.status for each in bench.order(ORDER)] == ["accepted"]
    assert (len(bench.asked(Fetch)), bench.asked(Unfetch)) == (1, []), "its file is still on its way"
    bench.fetched().wait(0.5)
    assert bench.acts()[-1] == "install"


def test_an_install_that_was_given_up_is_not_taken_for_the_one_ordered_after_it(bench):
    is_being_installed(bench)
    bench.order(BACK)
    other = Blob("release", "ef" * 32, 9, "https://fleet.example/releases/3")
    bench.order(Update("3.0.0", other))
    bench.counter.step(Fetched(other.sha256))
    bench.slot("install")
    assert bench.stage() == "fetched", "what the slot holds is 2.0.0"
    bench.wait(0.5)
    assert bench.asked(AskSlot)[-1] == AskSlot("install", other.sha256, "3.0.0")
    bench.slot("install")
    assert bench.stage() == "installed"


@pytest.mark.parametrize("booted", [True, False], ids=["on trial", "about to boot"])
def test_no_order_back_is_obeyed_before_a_trial_is_decided(bench, booted):
    if booted:
        bench.to_trial()
    else:
        is_about_to_start(bench)
        bench.counter.pass_time(8_000)
    assert bench.stage() == "trying"
    assert [(each.status, each.code) for each in bench.order(BACK)] == [("refused", 1018)]
    assert bench.stage() == "trying"


def test_selling_goes_on_all_the_while(bench):
    bench.order(ORDER)
    bench.counter.keys("5 0 0 OK OK OK")
    bench.fetched()
    bench.counter.keys("5 0 0 OK OK OK")
    assert bench.counter.facts().count("sale") == 2
    replies = bench.order(Identify(1))
    assert isinstance(replies[0], Reply)


def test_a_boot_and_its_first_link_ask_for_the_file_once(bench):
    bench.order(ORDER)
    bench.reboot("test").slot("look")
    before = len(bench.asked(Fetch))
    bench.counter.step(LinkDown(1003))
    bench.counter.step(LinkUp())
    assert (before, len(bench.asked(Fetch))) == (1, 1), "it is under way"
    bench.counter.step(FetchFailed(RELEASE.sha256, 1003, "why", False))
    bench.counter.step(LinkUp())
    assert len(bench.asked(Fetch)) == 2


def refused_bundle(bench):
    bench.order(ORDER)
    bench.fetched().wait(0.5)
    bench.slot("install", 2019)
    return 2019


def never_came_up(bench):
    bench.to_trial()
    bench.trial, bench.fell_back, bench.died = False, True, True
    bench.reboot("test").slot("look")
    return 9005


@pytest.mark.parametrize("way", [refused_bundle, never_came_up])
def test_a_release_that_was_refused_for_what_it_is_is_not_tried_again(bench, way):
    code = way(bench)
    assert bench.told()[-1] == ("failed", code)
    bench.reboot("test").slot("look")
    bench.wait(60)
    before = len(bench.asked(Fetch)), len(bench.acts())
    assert [(each.status, each.code) for each in bench.order(ORDER)] == [("refused", code)]
    assert "tried before" in bench.replies[-1].reason
    elsewhere = Update("2.0.0", Blob("release", RELEASE.sha256, 1_000, "https://fleet.example/mended"))
    assert bench.order(elsewhere)[-1].status == "refused", "the file may be mended, the release may not"
    assert len(bench.asked(Fetch)) == before[0]
    other = Blob("release", "cd" * 32, 9, "https://fleet.example/releases/3")
    assert bench.order(Update("3.0.0", other))[-1].status == "accepted"


def test_why_a_file_does_not_come_is_told_while_it_is_waited_for(bench):
    bench.order(ORDER)
    for _ in range(2):
        bench.counter.step(FetchFailed(RELEASE.sha256, 9003, "5120 bytes there, not 1000"))
        bench.wait(2.5)
    told = [each.message for each in bench.counter.out if isinstance(each, Tell) and isinstance(each.message, Reported)]
    assert told[-1].update is not None
    look = told[-1].update
    assert (look.status, look.code, look.reason) == ("pending", 9003, "5120 bytes there, not 1000")
    assert bench.counter.facts().count("update_moved") == 2, "on record once"
    assert len(bench.asked(Fetch)) == 3
    bench.fetched()
    assert bench.stage() == "fetched"


def its_plug_was_pulled(bench):
    bench.to_trial()
    bench.trial, bench.fell_back = False, True
    bench.reboot("test").slot("look")


def its_slot_never_started(bench):
    bench.order(ORDER)
    bench.fetched().wait(0.5)
    bench.slot("install")
    for _ in range(3):
        bench.wait(0.5)
        bench.reboot("test").slot("look")
    bench.wait(0.5)


@pytest.mark.parametrize("way", [its_plug_was_pulled, its_slot_never_started])
def test_a_release_that_was_left_for_power_cuts_may_be_ordered_again(bench, way):
    way(bench)
    assert bench.told()[-1] == ("failed", 9005)
    bench.fell_back = False
    bench.counter.keys("OK")  # 9005 is read
    assert bench.order(ORDER)[-1].status == "accepted"
    bench.fetched().wait(0.5)
    assert bench.acts()[-1] == "install"


@pytest.mark.parametrize(
    ("code", "reason"), [(9002, "no room on the card"), (1003, "why"), (9003, "its digest is another")]
)
def test_what_is_not_the_releases_fault_may_be_ordered_again(bench, code, reason):
    bench.order(ORDER)
    bench.counter.step(FetchFailed(RELEASE.sha256, code, reason, True))
    assert bench.order(ORDER)[-1].status == "accepted"
