"""Badges: printed once, as good as a key while they are in force, and nowhere but on their slip."""

import pytest

from firmware.events import Print, Printed, PrinterSeen
from firmware.txn import approve, badge
from firmware.txn.command import Refusal
from firmware.txn.sale import RemoveLine
from firmware.txn.slips import BUILDERS
from rules import badges
from tests.counter import COLA, Counter
from tests.screens import ledgers
from tests.screens.ledgers import BADGE, badge_wanted, give_badge, having
from wire.facts import Approved, BadgeIssued, BadgeRevoked, LineRemoved

TOKEN = bytes(range(16))
OTHER = badges.badge_text("00", b"\xff" * 16)


def badge_of(counter: Counter) -> tuple[Counter, str]:
    """The supervisor who is signed on has a badge printed; what it says."""
    counter.keys("MENU 9 7 4 8 2 9 1 7 OK OK")
    return counter.keys("CANCEL CANCEL CANCEL"), counter.printed()[-1].receipt.qr


def recorded(counter: Counter, kind: type) -> list:
    return [entry.fact for entry in counter.ledger.entries() if isinstance(entry.fact, kind)]


# --- the text ---------------------------------------------------------------------------------------------------


def test_a_badge_reads_back_and_fits_the_dense_mode_of_a_qr_code():
    text = badges.badge_text("00", TOKEN)
    assert badges.read_badge(text) == ("00", TOKEN)
    assert text.isalnum()
    assert text.upper() == text
    assert TOKEN.hex() not in repr(badges.read_badge(text)), "a log that names one says nothing"


@pytest.mark.parametrize("place", range(41))
def test_one_wrong_character_is_no_badge(place):
    text = badges.badge_text("00", TOKEN)
    assert len(text) == 41
    damaged = text[:place] + ("1" if text[place] != "1" else "2") + text[place + 1 :]
    assert badges.read_badge(damaged) is None


@pytest.mark.parametrize("text", ["", "PB1", COLA, "PB100", "pb1" + "0" * 38, badges.badge_text("00", TOKEN) + "\n"])
def test_what_is_no_badge(text):
    assert badges.read_badge(text) is None


def test_a_damaged_badge_is_still_kept_from_every_other_screen():
    text = badges.badge_text("00", TOKEN)
    assert badges.badge_like(text[:20])
    assert badges.badge_like("x" + text)
    assert not any(map(badges.badge_like, (COLA, "134567890123456789", "PB1", "https://example.cn/PB1")))


# --- issued -----------------------------------------------------------------------------------------------------


def test_ones_own_is_issued_after_the_pin(tmp_path):
    counter = ledgers.supervised(tmp_path).keys("MENU 9 7 9 9 9 9 OK")
    assert "[2002]" in counter.text()
    assert recorded(counter, BadgeIssued) == []
    counter.keys("OK").pass_time(1_000)
    counter.keys("3 8 5 2 OK")
    assert recorded(counter, BadgeIssued) == [BadgeIssued("01", "01")]
    [slip] = counter.printed()
    assert slip.receipt.kind == "badge"
    assert badges.read_badge(slip.receipt.qr).operator == "01"


def test_whoever_looks_after_somebody_issues_and_revokes(tmp_path):
    counter = ledgers.as_supervisor(tmp_path).keys("MENU 9 4 OK 1")
    assert recorded(counter, BadgeIssued) == [BadgeIssued("01", "00")]
    counter.keys("OK OK 2")
    assert recorded(counter, BadgeRevoked) == [BadgeRevoked("01", "00")]
    assert badge.genuine(counter.ledger, counter.printed()[0].receipt.qr) is None
    counter.keys("OK OK 2")
    assert recorded(counter, BadgeRevoked) == [BadgeRevoked("01", "00")], "there was none"


def test_nobody_else_does(tmp_path):
    ctx = ledgers.supervised(tmp_path).terminal.context()
    for number in ("00", "02", "99"):
        assert badge.IssueBadge(number, badges.badge_text(number, TOKEN)).decide(ctx).code == 2005
        assert badge.RevokeBadge(number).decide(ctx).code == 2005


def test_a_new_one_revokes_the_old_one(tmp_path):
    counter, old = badge_of(ledgers.as_supervisor(tmp_path))
    counter, new = badge_of(counter)
    assert old != new
    assert badge.genuine(counter.ledger, old) is None
    assert badge.genuine(counter.ledger, new)


@pytest.mark.parametrize(
    ("look", "code"), [("paper_out", 4001), ("cover_open", 4003), ("offline", 4005), ("fault", 4013)]
)
def test_without_a_printer_none_is_issued(tmp_path, look, code):
    counter = ledgers.as_supervisor(tmp_path)
    counter.step(PrinterSeen(look))
    counter.keys("MENU 9 7 4 8 2 9 1 7 OK")
    assert f"[{code}]" in counter.text()
    assert recorded(counter, BadgeIssued) == []


@pytest.mark.parametrize("look", ["paper_out", "none"])
def test_it_comes_out_of_the_second_printer_while_only_that_one_works(tmp_path, look):
    counter = ledgers.as_supervisor(tmp_path)
    counter.step(PrinterSeen("ok", printer=1))
    counter.step(PrinterSeen(look))
    counter.out.clear()
    counter.keys("MENU 9 7 4 8 2 9 1 7 OK")
    assert [each.printer for each in counter.printed()] == [1]
    assert len(recorded(counter, BadgeIssued)) == 1


def test_a_slip_that_failed_is_said_and_never_printed_again(tmp_path):
    counter = ledgers.as_supervisor(tmp_path)
    counter.prints = ""
    counter.keys("MENU 9 7 4 8 2 9 1 7 OK")
    [slip] = counter.printed()
    counter.step(Printed(slip.job, "not_printed", 4001, begun=False))
    assert "[4001]" in counter.text()
    counter.step(PrinterSeen("paper_out"))
    counter.step(PrinterSeen("ok"))
    assert len(counter.printed()) == 1
    counter.ledger.commit()
    counter.cut()
    counter.boot().keys("0 0 OK 4 8 2 9 1 7 OK MENU 4")
    assert counter.printed() == []
    assert BadgeIssued not in BUILDERS, "no slip can be made of the record"


# --- at sign-on -------------------------------------------------------------------------------------------------


def test_at_sign_on_it_stands_for_the_number_and_the_pin_is_asked(tmp_path):
    counter, text = badge_of(ledgers.as_supervisor(tmp_path))
    counter.keys("MENU 9 9").scan(text)
    assert counter.terminal.session.operator == ""
    counter.keys("4 8 2 9 1 7 OK")
    assert counter.terminal.session.operator == "00"


@pytest.mark.parametrize("text", [OTHER, badges.badge_text("01", TOKEN), OTHER[:-1]])
def test_a_badge_not_in_force_signs_nobody_on(tmp_path, text):
    counter, _ = badge_of(ledgers.as_supervisor(tmp_path))
    counter.keys("MENU 9 9").scan(text)
    assert "[2002]" in counter.text()


# --- at the override --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["", "0", "0 0 OK"], ids=["refusal", "number", "pin"])
def test_a_supervisors_badge_authorises_alone(tmp_path, keys):
    counter = badge_wanted(tmp_path)
    counter.keys(keys).scan(BADGE)
    assert counter.facts()[-2:] == ["line_removed", "approved"]
    assert recorded(counter, Approved)[-1] == Approved("01", "00", 2006, "RemoveLine", "line_remove", "badge")
    assert recorded(counter, LineRemoved)[-1].operator == "01"


def test_a_shop_may_want_the_pin_as_well(tmp_path):
    counter = badge_wanted(tmp_path)
    counter.terminal.settings = having(
        rights={"cashier": {"line_remove": "supervisor"}}, terminal={"badge_alone": False}
    )
    counter.scan(BADGE)
    assert recorded(counter, Approved) == []
    counter.keys("4 8 2 9 1 7 OK")
    assert recorded(counter, Approved)[-1].means == "pin"


@pytest.mark.parametrize(
    ("name", "code"), [("old", 2007), ("forged", 2007), ("damaged", 2007), ("cashier", 2007), ("locked", 2004)]
)
def test_a_badge_that_authorises_nothing(tmp_path, name, code):
    counter = badge_wanted(tmp_path)
    shown = {"forged": OTHER, "damaged": BADGE[:-1] + "-"}.get(name, BADGE)
    if name == "old":
        give_badge(counter, badges.badge_text("00", TOKEN))
    if name == "cashier":
        shown = badges.badge_text("02", TOKEN)
        give_badge(counter, shown)
    if name == "locked":
        counter.keys("0 0 OK 9 9 9 9 9 9 OK OK")
    counter.scan(shown)
    assert f"[{code}]" in counter.text()
    assert recorded(counter, Approved) == []
    counter.keys("OK").pass_time(20_000)
    counter.keys("0 0 OK 4 8 2 9 1 7 OK" if counter.screen == "Override" else "CANCEL 0 0 OK 4 8 2 9 1 7 OK")
    assert recorded(counter, Approved), "the way to the number is still there"


def test_the_badge_is_checked_again_by_the_command(tmp_path):
    counter = badge_wanted(tmp_path)
    ctx = counter.terminal.context()
    for number, shown in (("00", ""), ("00", OTHER), ("98", BADGE)):
        command = approve.Approve(RemoveLine(0), number, 2006, "badge", proof=shown)
        assert command.decide(ctx) == Refusal(2007, number)


def test_a_badge_does_not_end_the_count_of_wrong_pins(tmp_path):
    counter = badge_wanted(tmp_path)
    counter.keys("0 0 OK 9 9 9 9 9 9 OK OK").pass_time(2_000)
    counter.scan(BADGE)
    assert recorded(counter, Approved)
    assert counter.ledger.read("SELECT failures FROM sign_on WHERE operator = '00'") == [(1,)]


# --- nowhere else -----------------------------------------------------------------------------------------------


def test_elsewhere_a_badge_is_rejected_unseen(tmp_path):
    counter, text = badge_of(ledgers.as_supervisor(tmp_path))
    for keys in ("", "5 0 0", "CLEAR CLEAR CLEAR MENU", "CANCEL F1"):
        counter.keys(keys)
        before, facts = counter.screen, counter.facts()
        for shown in (text, text[:-3], f"x{text}"):
            counter.scan(shown)
        assert (counter.screen, counter.facts()) == (before, facts)


def test_no_record_view_or_message_holds_it(tmp_path, caplog):
    counter, text = badge_of(ledgers.as_supervisor(tmp_path))
    counter.keys("MENU 9 9").sign_on().scan(COLA).keys("CLEAR")
    counter.scan(text[:-1]).keys("OK").scan(text).scan(COLA).scan(text)
    assert recorded(counter, Approved)
    counter.ledger.commit()
    secret = text[5:37]
    for needle in (secret, secret.lower(), secret[:16].lower()):
        assert needle not in caplog.text
        assert not any(needle in repr(effect) for effect in counter.out if not isinstance(effect, Print))
        assert not any(needle.encode() in bytes(row[0]) for row in counter.ledger.read("SELECT body FROM journal"))
        assert needle not in repr(counter.terminal.stack)
        assert needle not in repr(counter.terminal.session)
    raw = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("ledger.db*")))
    assert secret.encode() not in raw
    assert bytes.fromhex(secret) not in raw
