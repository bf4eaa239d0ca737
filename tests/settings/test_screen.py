"""A supervisor changes what the shop may change, at the keypad, and sees where every value comes from."""

import dataclasses

import pytest

from firmware.events import Configure, LinkUp, Print
from firmware.render import Renderer, find_font
from firmware.render_text import speak
from firmware.screens.settings import SettingsGroup, _editor, _groups
from firmware.txn.command import Refusal
from firmware.txn.settings import ChangeSetting, TakeBack
from rules.rights import Role
from rules.settings_edit import COMMON, editable, editables
from tests.settings.fleet import desired, footer, shop
from texts import LANGS, t
from wire.facts import Sale, SettingOverridden, SettingRestored, SettingsApplied

OPEN = "MENU 9 6 F2"


@pytest.fixture
def till(tmp_path):
    """A supervisor is signed on."""
    made = shop(tmp_path)
    made.keys("MENU 9 9 0 0 OK 1 2 3 4 5 6 OK 4 8 2 9 1 7 OK 4 8 2 9 1 7 OK")
    assert made.terminal.session.operator == "00", made.text()
    return made


def group(till, name: str):
    """Open the group of this name."""
    till.keys(OPEN)
    assert till.screen == "SettingsHome", till.text()
    place = _groups(till.terminal.context()).index(name)
    return till.keys(" ".join(["DOWN"] * place + ["OK"]))


def test_a_scanned_footer_line_stands_on_the_next_slip(till):
    group(till, "common").keys("OK OK").scan("扫码来的一行").keys("OK")
    assert till.terminal.settings.shop.footer == ("扫码来的一行",)
    assert "扫码来的一行" in till.text()
    till.keys("CANCEL CANCEL CANCEL CANCEL CANCEL CANCEL 5 0 0 OK OK")
    assert till.of(Sale)
    assert "扫码来的一行" in str([each for each in till.out if isinstance(each, Print)][-1].receipt)


def test_lines_are_added_and_removed(till):
    group(till, "common").keys("OK DOWN OK 1 2 3 OK")
    assert till.terminal.settings.shop.footer[1:] == ("123",)
    till.keys("UP F2")
    assert till.terminal.settings.shop.footer == ("123",)


def test_whether_slips_are_printed_is_chosen_from_a_list_and_heard_of_at_once(till):
    group(till, "common").keys("DOWN OK DOWN DOWN OK")
    assert till.terminal.settings.printer.print_slip == "never"
    assert any(isinstance(each, Configure) for each in till.out)
    fact = till.of(SettingOverridden)[-1]
    assert (fact.path, fact.value, fact.before, fact.operator) == ("printer.print_slip", '"never"', '"always"', "00")


def test_a_number_beyond_its_bounds_is_refused_with_them(till):
    group(till, "common").keys("DOWN DOWN OK 9 OK")
    assert "[9004]" in till.text()
    assert "0" in till.text()
    till.keys("OK CLEAR 3 OK")
    assert till.terminal.settings.terminal.volume == 3


def test_amounts_are_typed_as_money(till):
    group(till, "cash")
    till.keys("DOWN DOWN OK 2 0 0 0 0")
    assert "200.00" in till.text()
    till.keys("OK")
    assert till.terminal.settings.cash.overpay_guard_fen == 20_000


def test_an_hour_is_typed_as_four_digits(till):
    group(till, "drawer_use").keys("DOWN OK 0 8 3 0 OK")
    assert till.terminal.settings.drawer_use.opens_at == "08:30"


def test_a_change_made_here_is_laid_over_the_fleets_document_and_told_as_drift(till):
    till.terminal.do(ChangeSetting("terminal.volume", 3))
    till.keys("CANCEL")
    till.hear(desired(7, {"terminal": {"volume": 1}, **footer("七")}))
    assert (till.terminal.settings.terminal.volume, till.terminal.settings.shop.footer) == (3, ("七",))
    told = till.told()[-1]
    assert [(each.path, each.owner) for each in told.drift] == [("terminal.volume", "00")]
    digest = told.sha256
    assert till.terminal.do(TakeBack("terminal.volume")) is None
    assert till.terminal.settings.terminal.volume == 1
    till.pass_time(60_000)
    assert till.told()[-1].drift == ()
    assert till.told()[-1].sha256 != digest


def test_the_fleet_takes_changes_back_by_fixing_the_setting(till):
    till.terminal.do(ChangeSetting("terminal.volume", 3))
    till.terminal.do(ChangeSetting("closing.copies", 1))
    till.hear(desired(7, {"local": {"fixed": ["terminal"]}}))
    till.pass_time(120_000)
    assert (till.terminal.settings.terminal.volume, till.terminal.settings.closing.copies) == (2, 1)
    restored = till.of(SettingRestored)
    assert [(each.path, each.operator) for each in restored] == [("terminal.volume", "")]
    refused = till.terminal.do(ChangeSetting("terminal.volume", 3))
    assert isinstance(refused, Refusal)
    assert refused.code == 2005
    till.hear(desired(8, {"local": {"allowed": False}}))
    till.pass_time(120_000)
    assert till.terminal.settings.closing.copies == 2


def test_a_change_survives_the_power_cut_whatever_became_of_the_file(till):
    till.card = False
    till.terminal.do(ChangeSetting("terminal.volume", 3))
    till.reboot()
    assert till.terminal.settings.terminal.volume == 3
    till.card = True
    till.step(LinkUp())
    assert [each.path for each in till.told()[-1].drift] == ["terminal.volume"]
    assert till.book is not None
    assert [each.path for each in till.book.overrides] == ["terminal.volume"], "the file follows"


def test_an_override_that_no_longer_makes_sense_goes_and_the_others_stay(till):
    till.terminal.do(ChangeSetting("shift.float_expected_fen", 90_000))
    till.terminal.do(ChangeSetting("terminal.volume", 3))
    till.hear(desired(7, {"shift": {"float_max_fen": 50_000}}))
    till.pass_time(120_000)
    assert till.terminal.settings.revision == 7
    assert till.terminal.settings.shift.float_expected_fen == 0
    assert till.terminal.settings.terminal.volume == 3
    assert [each.path for each in till.of(SettingRestored)] == ["shift.float_expected_fen"]


@pytest.mark.parametrize(("path", "value", "code"), [
    ("cash.rounding", "up", 9004), ("network.host", "x", 2005), ("rights", {}, 2005), ("nothing.here", 1, 9004),
    ("revision", 99, 2005), ("local.allowed", True, 2005), ("shop.name", "", 9004), ("shop.footer", ["a\x1b"], 9004),
])  # fmt: skip
def test_what_is_not_the_shops_to_change_is_refused(till, path, value, code):
    before = till.terminal.settings
    refused = till.terminal.do(ChangeSetting(path, value))
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert till.terminal.settings == before
    assert till.of(SettingOverridden) == []


def test_a_cashier_changes_what_is_everybodys_and_nothing_else(tmp_path):
    till = shop(tmp_path)
    assert till.terminal.do(ChangeSetting("terminal.volume", 1)) is None
    refused = till.terminal.do(ChangeSetting("closing.copies", 1))
    assert isinstance(refused, Refusal)
    assert refused.code == 2005
    assert {each.path for each in editables(Role.CASHIER)} == {
        "terminal.lang", "terminal.volume", "terminal.key_click",
    }  # fmt: skip


def test_the_language_set_here_is_the_language_spoken(till):
    till.terminal.do(ChangeSetting("terminal.lang", "en"))
    assert till.terminal.lang == "en"


def test_every_change_is_an_applied_settings_with_a_digest_of_its_own(till):
    till.terminal.do(ChangeSetting("terminal.volume", 3))
    till.terminal.do(ChangeSetting("terminal.volume", 1))
    assert len({each.digest for each in till.of(SettingsApplied)}) == 2


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_all_that_a_shop_may_change_fits_on_its_screens_in_both_languages(till):
    renderer = Renderer(find_font(), speak)
    problems, drawn = [], 0
    for lang in LANGS:
        ctx = dataclasses.replace(till.terminal.context(), lang=lang)
        screens = [SettingsGroup(name, row) for name in _groups(ctx) for row in range(20)]
        for one in editables(Role.SUPERVISOR):
            editor = _editor(one, ctx)
            screens.append(editor)
            if one.kind in ("number", "numbers"):
                kind = type(_editor(dataclasses.replace(one, kind="number"), ctx))
                screens.append(kind(one.path, 0 if one.kind == "numbers" else -1, str(one.high)))
            if one.kind in ("text", "texts"):
                kind = type(_editor(dataclasses.replace(one, kind="text"), ctx))
                screens.append(kind(one.path, -1 if one.kind == "text" else 0, "宽" * one.longest))
        for screen in screens:
            drawn += 1
            problems += [f"{screen}: {each}" for each in renderer.overflow(screen.view(ctx))]
    assert problems == []
    assert drawn > 200


def test_every_choice_has_its_words_and_every_common_setting_is_one():
    for lang in LANGS:
        for role in (Role.SUPERVISOR, Role.ADMIN):
            for one in editables(role):
                for choice in one.choices:
                    if isinstance(choice, str):
                        assert t("rules", lang, f"choice__{choice}")
    assert all(editable(path) for path in COMMON)
