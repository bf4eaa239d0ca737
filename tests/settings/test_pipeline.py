"""What a fleet manager pushes is what the shop has: at an idle moment, once it has proven good, or not at all."""

import json

import pytest

from firmware.assembly import Changes, read_folder, settled_settings
from firmware.crashes import CrashFile, RunMark
from firmware.drivers.store import Identity, Store
from firmware.events import (
    ClockSeen,
    Configure,
    DrawerSeen,
    Exit,
    Fetch,
    Fetched,
    FetchFailed,
    LinkDown,
    LinkUp,
    Print,
    Unfetch,
)  # fmt: skip
from firmware.txn.hold import HoldBasket
from rules import settings_book as books
from rules.settings_book import SettingsBook, Staged, Trial, Version
from tests.counter import COLA, DAY_MS, open_ledger
from tests.settings.fleet import HOUR_MS, TERMINAL, desired, footer, shop
from wire.facts import (
    Sale,
    SettingsApplied,
    SettingsKept,
    SettingsRefused,
    SettingsReturned,
    SettingsStaged,
    ShiftClosed,
    SignedOff,
    TerminalLocked,
)  # fmt: skip
from wire.fleet import AUDIENCE_MAX, audience

MINUTE_MS = 60_000


@pytest.fixture
def till(tmp_path):
    return shop(tmp_path)


def in_force(till) -> tuple[int, tuple[str, ...]]:
    return till.terminal.settings.revision, till.terminal.settings.shop.footer


def sell(till) -> Sale:
    till.keys("5 0 0 OK OK OK")
    return till.of(Sale)[-1]


# --- the way ----------------------------------------------------------------------------------------------------------


def test_a_pushed_footer_stands_on_the_next_slip_and_the_sale_says_which_settings_it_was_made_under(till):
    before = sell(till)
    till.hear(desired(7, footer("今日会员日")))
    assert in_force(till) == (7, ("今日会员日",))
    after = sell(till)
    assert (before.settings_rev, after.settings_rev) == (0, 7)
    slip = [each for each in till.out if isinstance(each, Print)][-1]
    assert "今日会员日" in str(slip.receipt)
    assert [till.of(SettingsStaged)[-1].rev, till.of(SettingsApplied)[-1].rev] == [7, 7]
    assert till.of(SettingsApplied)[-1].origin == "fleet"
    assert any(isinstance(each, Configure) for each in till.out)


def test_the_fleet_hears_of_every_step_and_of_all_of_it_at_every_connection(till):
    till.scan(COLA)
    till.hear(desired(7, footer("七"), rollout="r1"))
    assert [(each.desired_rev, each.rev, each.status) for each in till.told()][-1] == (7, 0, "waiting_idle")
    till.keys("OK OK OK")
    till.pass_time(2 * MINUTE_MS)
    assert [(each.desired_rev, each.rev, each.status) for each in till.told()][-1] == (7, 7, "trial")
    till.pass_time(11 * MINUTE_MS)
    last = till.told()[-1]
    assert (last.desired_rev, last.rev, last.status, last.rollout) == (7, 7, "applied", "r1")
    count = len(till.told())
    till.step(LinkDown(1003))
    till.step(LinkUp())
    assert len(till.told()) == count + 1
    assert till.told()[-1].sha256 == last.sha256


BUSY = {
    "a basket": (lambda till: till.scan(COLA), lambda till: till.sign_on().keys("OK OK OK")),
    "an open drawer": (lambda till: till.step(DrawerSeen(True)), lambda till: till.step(DrawerSeen(False))),
}


@pytest.mark.parametrize("what", BUSY)
def test_nothing_is_switched_while_somebody_sells(till, what):
    begin, end = BUSY[what]
    begin(till)
    till.hear(desired(7, footer("七")))
    till.pass_time(10 * MINUTE_MS)
    assert in_force(till)[0] == 0
    end(till)
    till.pass_time(2 * MINUTE_MS)
    assert in_force(till) == (7, ("七",))


def test_a_drawer_left_open_after_a_sale_leaves_no_moment_out_once_it_is_shut(till):
    """It stood open so long that 8002 was said; with the home screen the settings come, and not with the next customer."""
    till.step(DrawerSeen(False))
    till.keys("5 0 0 OK OK")
    till.step(DrawerSeen(True))
    till.hear(desired(7, footer("七")))
    till.pass_time(2 * MINUTE_MS)
    assert in_force(till)[0] == 0
    till.step(DrawerSeen(False))
    till.keys("OK OK")
    assert (till.screen, in_force(till)[0]) == ("Idle", 7)
    assert sell(till).settings_rev == 7


def test_a_print_that_runs_is_waited_for(till):
    till.prints = ""
    sell(till)
    till.hear(desired(7, footer("七")))
    till.pass_time(10 * MINUTE_MS)
    assert in_force(till)[0] == 0


def test_what_is_held_does_not_block(till):
    till.scan(COLA)
    assert till.terminal.do(HoldBasket()) is None
    till.hear(desired(7, footer("七")))
    till.pass_time(2 * MINUTE_MS)
    assert in_force(till)[0] == 7


CLOSED = ShiftClosed(1, "01", "2026-11-22", 1, {}, 0, 0, 0, {}, print_slip=False, open_drawer=False)


def test_after_a_day_it_comes_at_the_next_shift_close(till):
    till.step(DrawerSeen(True))
    till.hear(desired(7, footer("七"), expires_ms=0))
    till.day_ms += 23 * HOUR_MS
    till.terminal._follow(CLOSED, till.ledger.durable_seq)
    till.pass_time(MINUTE_MS)
    assert in_force(till)[0] == 0, "not before its time"
    till.day_ms += 2 * HOUR_MS
    till.pass_time(MINUTE_MS)
    assert in_force(till)[0] == 0, "nor without a close"
    till.terminal._follow(CLOSED, till.ledger.durable_seq)
    till.pass_time(MINUTE_MS)
    assert in_force(till) == (7, ("七",))


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_older_document_is_a_replay_and_the_same_again_is_no_news(till):
    till.hear(desired(7, footer("七")))
    facts = len(till.facts())
    till.hear(desired(7, footer("七")))
    assert len(till.facts()) == facts
    till.hear(desired(6, footer("六")), after_ms=61_000)
    refused = till.of(SettingsRefused)[-1]
    assert (refused.rev, refused.path, refused.code) == (6, "rev", 9004)
    till.hear(desired(7, footer("另一个七")), after_ms=61_000)
    assert till.of(SettingsRefused)[-1].path == "rev"
    assert in_force(till) == (7, ("七",))
    assert till.told()[-1].status == "trial", "a replay changes nothing of what is told"


REFUSED = {
    "no signature": (desired(7, footer("七")), False, 2019, "signature"),
    "another terminal": (desired(7, footer("七"), audience="terminal:99999999"), True, 9004, "audience"),
    "other terminals": (desired(7, footer("七"), audience="terminal:99999999,9999999"), True, 9004, "audience"),
    "names of which ours is a part": (
        desired(7, footer("七"), audience=f"terminal:{TERMINAL}0,x{TERMINAL}"), True, 9004, "audience",
    ),
    "a group that is called as we are": (desired(7, footer("七"), audience=f"group:{TERMINAL}"), True, 9004, "audience"),
    "two kinds at once": (desired(7, footer("七"), audience=f"terminal:{TERMINAL},group:north"), True, 9004, "audience"),
    "nobody after the comma": (desired(7, footer("七"), audience=f"terminal:{TERMINAL},"), True, 9004, "audience"),
    "too many": (
        desired(7, footer("七"), audience=f"terminal:{','.join([TERMINAL] * (AUDIENCE_MAX + 1))}"), True, 9004, "audience",
    ),
    "another group": (desired(7, footer("七"), audience="group:north"), True, 9004, "audience"),
    "too large": (desired(7, footer("七" * 70_000)), True, 1008, "$"),
    "no JSON": ("{", True, 9004, "$"),
    "over": (desired(7, footer("七"), expires_ms=DAY_MS - 1), True, 9004, "expires_ms"),
    "unknown": (desired(7, {"cash": {"colour": 1}}), True, 9004, "cash.colour"),
    "cash off": (desired(7, {"tenders": {"cash": False}}), True, 9004, "tenders.cash"),
    "rounding up": (desired(7, {"cash": {"rounding": "up"}}), True, 9004, "cash.rounding"),
    "no supervisor": (
        desired(7, {"operators": [{"number": "01"}, {"number": "99"}]}), True, 9004, "operators",
    ),
    "unknown file": (
        desired(7, {}, blobs=[{"name": "virus", "sha256": "ab" * 32, "size": 1, "url": "http://x/y"}]), True, 9004,
        "blobs[0].name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_document_is_refused_with_its_path_and_nothing_changes(till, what):
    text, trusted, code, path = REFUSED[what]
    before = in_force(till)
    till.hear(text, trusted)
    refused = till.of(SettingsRefused)[-1]
    assert (refused.code, refused.path) == (code, path)
    till.pass_time(4 * MINUTE_MS)
    assert in_force(till) == before
    assert till.screen in ("Idle", "Sold"), "nobody at the till hears of it"
    assert sell(till).settings_rev == 0


def test_what_the_fleet_says_next_withdraws_what_still_waits(till):
    till.step(DrawerSeen(True))
    till.hear(desired(7, footer("七")))
    till.hear(desired(8, {"cash": {"rounding": "up"}}))
    told = till.told()[-1]
    assert (told.desired_rev, told.status, told.path) == (8, "rejected", "cash.rounding")
    till.step(DrawerSeen(False))
    till.pass_time(20 * MINUTE_MS)
    assert in_force(till)[0] == 0


def test_by_a_clock_nobody_trusts_no_document_begins(tmp_path):
    till = shop(tmp_path)
    till.clock = "floor"
    till.hear(desired(7, footer("七")))
    till.pass_time(20 * MINUTE_MS)
    assert (in_force(till)[0], till.told()[-1].status) == (0, "pending")
    till.clock = "trusted"
    till.step(ClockSeen("trusted", 0))
    till.pass_time(2 * MINUTE_MS)
    assert in_force(till)[0] == 7


def test_a_document_waits_for_its_hour(till):
    till.hear(desired(7, footer("七"), not_before_ms=DAY_MS + till.ms + 20 * MINUTE_MS))
    till.pass_time(10 * MINUTE_MS)
    assert (in_force(till)[0], till.told()[-1].status) == (0, "pending")
    till.pass_time(12 * MINUTE_MS)
    assert in_force(till)[0] == 7


def test_a_group_of_its_own_is_an_audience(tmp_path):
    till = shop(tmp_path)
    till.terminal.groups = frozenset({"north"})
    till.hear(desired(7, footer("七"), audience="group:north"))
    assert in_force(till)[0] == 7


@pytest.mark.parametrize(
    "names", [[TERMINAL, "other"], ["other", TERMINAL], [TERMINAL, *["other"] * (AUDIENCE_MAX - 1)]]
)
def test_one_document_may_be_for_several_terminals(till, names):
    till.hear(desired(7, footer("七"), audience=audience(names)))
    assert in_force(till)[0] == 7


# --- the trial --------------------------------------------------------------------------------------------------------


def test_it_has_proven_good_after_ten_minutes_with_the_link_up(till):
    till.hear(desired(7, footer("七")))
    till.pass_time(5 * MINUTE_MS)
    till.step(LinkDown(1003))
    till.pass_time(30 * MINUTE_MS)
    assert till.of(SettingsKept) == [], "time without a link proves nothing"
    till.step(LinkUp())
    till.pass_time(4 * MINUTE_MS)
    assert till.of(SettingsKept) == []
    till.pass_time(3 * MINUTE_MS)
    assert [each.rev for each in till.of(SettingsKept)] == [7]
    assert till.book is not None
    assert till.book.trial is None


def test_a_run_that_lasted_as_long_as_a_trial_does_not_count_among_those_cut_off(till):
    till.step(LinkDown(1003))
    till.hear(desired(7, footer("七")))
    assert till.book is not None
    till.pass_time(9 * MINUTE_MS)
    assert till.book.trial == Trial(7, runs=1)
    till.pass_time(3 * MINUTE_MS)
    assert till.book.trial == Trial(7, runs=0), "without a link it has proven nothing, but it was well"


def test_a_network_that_leads_nowhere_is_gone_back_from(till):
    till.hear(desired(7, {"network": {"host": "nowhere.example"}, **footer("七")}))
    till.pass_time(2 * MINUTE_MS)
    assert any(isinstance(each, Exit) for each in till.out), "the uplink reads its address at a start"
    till.reboot()
    assert in_force(till)[0] == 7
    till.pass_time(6 * MINUTE_MS)
    assert in_force(till)[0] == 0
    returned = till.of(SettingsReturned)[-1]
    assert (returned.rev, returned.to_rev, returned.code) == (7, 0, 1003)
    assert "7" in till.text(), "it is said at the till"
    till.reboot()
    till.step(LinkUp())
    assert (till.told()[-1].desired_rev, till.told()[-1].rev, till.told()[-1].status) == (7, 0, "rolled_back")
    till.hear(desired(7, {"network": {"host": "nowhere.example"}, **footer("七")}))
    till.pass_time(20 * MINUTE_MS)
    assert in_force(till)[0] == 0, "what failed is not tried again"


def test_a_network_that_works_stays(till):
    till.hear(desired(7, {"network": {"host": "127.0.0.2"}}))
    till.pass_time(2 * MINUTE_MS)
    till.reboot()
    till.step(LinkUp())
    till.pass_time(20 * MINUTE_MS)
    assert till.of(SettingsReturned) == []
    assert till.of(SettingsKept)


def test_a_cashier_who_is_no_longer_listed_is_signed_off(till):
    till.hear(desired(7, {"operators": [{"number": "00"}, {"number": "02"}, {"number": "99"}]}))
    assert till.of(SignedOff)
    assert not till.terminal.session.operator


# --- the card ---------------------------------------------------------------------------------------------------------


def test_nothing_is_told_and_nothing_switched_before_the_card_has_it(till):
    till.card = False
    till.hear(desired(7, footer("七")))
    assert till.of(SettingsStaged) == []
    till.say()
    assert till.of(SettingsStaged)
    assert in_force(till)[0] == 0
    till.say()
    assert in_force(till)[0] == 7


def test_a_basket_begun_while_the_card_wrote_is_finished_under_the_old_settings(till):
    till.card = False
    till.hear(desired(7, footer("七")))
    till.say()
    till.scan(COLA)
    till.say()
    assert in_force(till)[0] == 0
    till.keys("OK OK OK")
    assert till.of(Sale)[-1].settings_rev == 0
    till.pass_time(2 * MINUTE_MS)
    assert in_force(till)[0] == 7


@pytest.mark.parametrize("until", [0, 1, 2])
def test_a_cut_at_any_write_leaves_the_old_or_the_new_settings(tmp_path, until):
    till = shop(tmp_path)
    till.card = False
    till.hear(desired(7, footer("七")))
    for _ in range(until):
        till.say()
    till.card = True
    till.reboot().step(LinkUp())
    assert in_force(till) == ((7, ("七",)) if until else (0, till.settings.shop.footer))
    till.hear(desired(7, footer("七")))  # the broker keeps it
    assert in_force(till) == (7, ("七",))


def test_a_full_card_is_tried_again(till):
    till.card = False
    till.hear(desired(7, footer("七")))
    till.say(9002)
    assert in_force(till)[0] == 0
    till.pass_time(11 * MINUTE_MS)
    till.say()
    till.say()
    assert in_force(till)[0] == 7


# --- files ------------------------------------------------------------------------------------------------------------

HELP = {"name": "help", "sha256": "ab" * 32, "size": 100, "url": "http://files.example/help"}


def fetches(till) -> list[str]:
    return [each.blob.sha256 for each in till.out if isinstance(each, Fetch)]


def test_a_document_waits_for_its_files(till):
    till.hear(desired(7, footer("七"), blobs=[HELP]))
    assert fetches(till) == ["ab" * 32]
    till.pass_time(5 * MINUTE_MS)
    assert (in_force(till)[0], till.told()[-1].status) == (0, "pending")
    till.step(Fetched("ab" * 32))
    assert in_force(till)[0] == 7


@pytest.mark.parametrize("final", [False, True])
def test_a_file_that_does_not_come_is_no_fault_of_the_document(till, final):
    till.hear(desired(7, footer("七"), blobs=[HELP]))
    till.step(FetchFailed("ab" * 32, 9003, "20480 bytes there, not 100", final))
    assert till.of(SettingsRefused) == []
    told = till.told()[-1]
    assert (told.status, told.code, told.path) == ("pending", 9003, "blobs.help")
    assert told.reason == "20480 bytes there, not 100"
    till.pass_time(11 * MINUTE_MS)
    assert fetches(till) == ["ab" * 32] * 2
    till.step(Fetched("ab" * 32))
    assert (in_force(till)[0], till.told()[-1].code) == (7, 0)


def test_a_file_that_does_not_come_holds_no_newer_document_up(till):
    till.hear(desired(7, footer("七"), blobs=[HELP]))
    till.step(FetchFailed("ab" * 32, 9003, "another digest", True))
    till.hear(desired(8, footer("八")))
    assert in_force(till)[0] == 8
    assert Unfetch("ab" * 32) in till.out


def test_a_file_that_was_dropped_is_fetched_again_when_it_is_wanted_again(till):
    till.hear(desired(7, footer("七"), blobs=[HELP]))
    till.step(Fetched("ab" * 32))
    till.pass_time(11 * MINUTE_MS)
    till.hear(desired(8, footer("八")))
    till.pass_time(11 * MINUTE_MS)
    assert Unfetch("ab" * 32) in till.out
    till.hear(desired(9, footer("七"), blobs=[HELP]))
    assert (fetches(till), in_force(till)[0]) == (["ab" * 32] * 2, 8)
    till.step(Fetched("ab" * 32))
    assert in_force(till)[0] == 9


# --- crashes, and what the fleet sees beside settings -----------------------------------------------------------------


def on_trial(folder):
    """Revision 7 on trial, as a boot finds it; what says how the runs before ended."""
    store = Store(folder)
    store.write_identity(Identity("00010023"))
    book = books.staged(SettingsBook(), Staged(Version(7, "fleet", footer("七"), sha256="ab" * 32)))
    store.keep(books.switched(book, False), good=False)
    return CrashFile(folder / "crashes.json"), open_ledger(folder), RunMark(folder / "running.json")


def test_two_crashes_under_settings_on_trial_and_the_boot_runs_with_those_before(tmp_path):
    crashes, ledger, mark = on_trial(tmp_path)
    for count, rev in ((1, 7), (2, 0)):
        crashes.note("Scanned", 7)
        folder, changes = settled_settings(read_folder(tmp_path), ledger, crashes, mark)
        assert (folder.applied.rev, bool(changes.facts)) == (rev, count == 2)
    assert isinstance(changes.facts[0], SettingsReturned)
    again = Store(tmp_path).settings()
    assert (again.rev, again.book.trial, again.book.heard.status) == (0, None, "rolled_back")
    for _ in range(3):
        crashes.note("Scanned", 6)
    assert settled_settings(read_folder(tmp_path), ledger, crashes, mark)[1] == Changes(), (
        "crashes under others do not count"
    )


def test_settings_under_which_no_run_even_gets_to_its_first_record_are_gone_back_from(tmp_path):
    crashes, ledger, mark = on_trial(tmp_path)
    revs = []
    for boot in ("clean", "hangs", "hangs too", "and again", "at last"):
        folder, _ = settled_settings(read_folder(tmp_path), ledger, crashes, mark)
        revs.append(folder.applied.rev)
        mark.begin(boot, durable=True)
        if boot == "clean":
            mark.end("clean")
    assert revs == [7, 7, 7, 7, 0]


def test_a_locked_terminal_says_so_beside_its_settings(till):
    assert not till.told()[-1].locked
    till.terminal.append(TerminalLocked("c0ffee01", "fleet", "stolen"))
    till.pass_time(2 * MINUTE_MS)
    assert till.told()[-1].locked


@pytest.mark.parametrize("broken", ["{", '{"beside": 1}'])
def test_what_stands_beside_a_document_and_cannot_be_read_never_stops_a_boot(tmp_path, broken):
    store = Store(tmp_path)
    store.keep(SettingsBook(Version(7, "fleet", footer("七"))), good=True)
    path = tmp_path / "settings.json"
    row = json.loads(path.read_text())
    row["settings"]["1"]["beside"] = broken
    path.write_text(json.dumps(row))
    applied = Store(tmp_path).settings()
    assert applied.settings.shop.footer == ("七",)
    assert applied.notices[0][0] == 9004
