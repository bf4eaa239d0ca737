"""The knowledge base: an entry for every code in both languages, real ones, that fit the screen, and the table behind it."""

import re
import tomllib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from firmware.render import Renderer, find_font
from firmware.render.fonts import Typesetter
from firmware.render_text import lines, speak
from firmware.screens import prose
from firmware.screens.help import Help, pages
from rules.errors import TITLE_ZH_CHARS_MAX, errors
from rules.help import CAUSE_CHARS_MAX, CONTACTS, STEP_CHARS_MAX, STEPS_MAX, STEPS_MIN, HelpDocument, builtin, group_of
from tests.counter import Counter
from texts import LANGS

ROOT = Path(__file__).parents[2]
ACTION_CHARS_MAX = {"zh": 20, "en": 52}
PAGES_MAX = 6


@pytest.fixture(scope="module")
def counter(tmp_path_factory) -> Counter:
    return Counter(tmp_path_factory.mktemp("help")).open_for_business()


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(find_font(), speak)


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", errors())
def test_a_row_of_the_table_keeps_the_rules(code):
    row = errors()[code]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.key)
    assert 1 <= len(row.zh) <= TITLE_ZH_CHARS_MAX
    assert 1 <= len(row.en) <= 40
    assert 1 <= len(row.action_zh) <= ACTION_CHARS_MAX["zh"]
    assert 1 <= len(row.action_en) <= ACTION_CHARS_MAX["en"]
    assert not re.search(r"[,;]", row.zh + row.action_zh), "Chinese has its own punctuation"
    assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", row.en + row.action_en)


def test_keys_are_unique():
    keys = [row.key for row in errors().values()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("code", errors())
def test_the_level_fits_what_is_reported_and_retried(code):
    """Told at once is never a mere warning: an error, unless the terminal mends it by itself (then information). What is
    fatal stops the terminal and is told at once; what needs nobody is information."""
    row = errors()[code]
    if row.report == "now":
        assert row.level != "warn"
    if row.level == "fatal":
        assert row.report == "now"
    if row.level == "info":
        assert row.retry != "manual"


def test_every_code_is_of_a_group_with_a_name():
    assert {group_of(code) for code in errors()} == set(range(1, 10))


# --- the entries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_files_hold_exactly_the_codes_of_the_table(lang):
    for group in range(1, 10):
        path = ROOT / "texts" / "help" / f"{group}.{lang}.toml"
        held = [int(code) for code in tomllib.loads(path.read_text(encoding="utf-8"))]
        assert held == [code for code in errors() if group_of(code) == group]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("code", errors())
def test_an_entry_is_whole(code, lang):
    known = builtin(code, lang)
    assert 8 <= len(known.cause) <= CAUSE_CHARS_MAX
    assert STEPS_MIN <= len(known.steps) <= STEPS_MAX
    assert all(4 <= len(step) <= STEP_CHARS_MAX for step in known.steps)
    assert known.call
    assert set(known.call) <= set(CONTACTS)
    assert known.call == builtin(code, "zh").call
    hanzi = re.search(r"[\u4e00-\u9fff]", known.cause + "".join(known.steps))
    assert bool(hanzi) == (lang == "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_filler(lang):
    """No two codes share a cause or a list of steps, no step is worn out, and an entry says more than its action."""
    causes, lists, steps = defaultdict(list), defaultdict(list), defaultdict(list)
    for code, row in errors().items():
        known = builtin(code, lang)
        causes[known.cause].append(code)
        lists[known.steps].append(code)
        for step in known.steps:
            steps[step].append(code)
        assert len(known.cause) + sum(map(len, known.steps)) >= 3 * len(row.action(lang)), code
        assert known.cause != row.title(lang)
    assert [codes for codes in (*causes.values(), *lists.values()) if len(codes) > 1] == []
    assert {step: codes for step, codes in steps.items() if len(codes) > 2} == {}


MENU = re.compile(r"(?:菜单|MENU)((?: \d)+)")


@pytest.mark.parametrize("lang", LANGS)
def test_menu_paths_exist(lang):
    """What a text sends people to is in the menu, at that place."""
    from firmware.screens.menu import PAGES

    planned = {"3", "6", "7"}  # vouchers, members, invoices: their digits are kept free
    for code in errors():
        known = builtin(code, lang)
        for path in MENU.findall(" ".join((known.cause, *known.steps))):
            page = "main"
            for digit in path.split():
                entry = next((each for each in PAGES[page] if each.digit == digit), None)
                if entry is None and page == "main" and digit in planned:
                    break
                assert entry is not None, f"{code} {lang}: MENU{path}"
                page = entry.page or page


# --- the screen -------------------------------------------------------------------------------------------------------


def test_widths_are_the_fonts():
    width = Typesetter(find_font()).width
    for char, px in prose.CHAR_PX.items():
        assert width(char, 16) <= px, char
        assert width(char, 12) <= prose.SMALL_PX[char], char
    sample = "".join(chr(n) for n in range(0x4E00, 0x4E80)) + "，。、；：？！（）“”—…"
    assert all(width(char, 16) <= prose.WIDE_PX and width(char, 12) <= prose.SMALL_WIDE_PX for char in sample)


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_of_every_code_is_drawn_whole(counter, renderer, lang):
    ctx = replace(counter.terminal.context(), lang=lang)
    for code in errors():
        count = len(pages(code, ctx.help, lang))
        assert 1 <= count <= PAGES_MAX
        read = []
        for page in range(count):
            view = Help(code, page).view(ctx)
            assert renderer.overflow(view) == [], (code, page)
            title, body, _ = lines(view, lambda say: speak(lang, say))
            whole = title == errors()[code].line(lang)
            assert whole or title == f"[{code}]"
            assert whole or page or body[0] in errors()[code].title(lang), "then the page begins with it"
            read += body
        told = "".join("".join(read).split())
        known = builtin(code, lang)
        for words in (known.cause, *known.steps):
            assert "".join(words.split()) in told, (code, words)


@pytest.mark.parametrize(
    "text", ["W" * 200, "a" * 200, "中" * 200, "（" * 50, "，" * 80, "  x  " * 40, "123 中文 abc，" * 20]
)
def test_rows_fit_whatever_is_in_them(text):
    width = Typesetter(find_font()).width
    found = prose.rows(text, indent="    ")
    assert all(width(row, 16) <= prose.ROOM_PX for row in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_no_text_is_nothing():
    assert prose.rows("") == ()


# --- a fleet's document -----------------------------------------------------------------------------------------------


def test_a_document_overrides_and_adds():
    from rules.help import check

    entry = {"code": 4001, "zh": {"title": "没纸了", "action": "叫小王"}, "en": {"cause": "The roll is used up."}}
    text = {"title": "t", "action": "a", "cause": "c", "steps": ["1", "2"]}
    new = {"code": 9990, "zh": text, "en": text, "call": ["support"]}
    found = check(
        {"version": 7, "entries": [entry, new], "contacts": [{"who": "support", "zh": "400-1", "en": "400-1"}]}
    )
    assert isinstance(found, HelpDocument)
    assert found.error(4001).line("zh") == "[4001] 没纸了"
    assert found.error(4001).action("zh") == "叫小王"
    assert found.error(4001).line("en") == errors()[4001].line("en")
    assert found.help(4001, "en").cause == "The roll is used up."
    assert found.help(4001, "en").steps == builtin(4001, "en").steps
    assert found.error(9990).line("en") == "[9990] t"
    assert found.help(9990, "zh").call == ("support",)
    assert 9990 in found.codes()
    assert found.hotline("support", "zh") == "400-1"
    assert found.hotline("platform", "zh") == ""
    with pytest.raises(KeyError):
        found.help(9991, "zh")


WRONG = {
    "entries[0].code": {"entries": [{"code": 99}]},
    "entries[1].code": {"entries": [{"code": 4001}, {"code": 4001}]},
    "entries[0].zh.titel": {"entries": [{"code": 4001, "zh": {"titel": "x"}}]},
    "entries[0].zh.title": {"entries": [{"code": 4001, "zh": {"title": "长" * 27}}]},
    "entries[0].zh.steps": {"entries": [{"code": 4001, "zh": {"steps": ["one"]}}]},
    "entries[0].en.cause": {"entries": [{"code": 4001, "en": {"cause": "x" * 999}}]},
    "entries[0].en": {"entries": [{"code": 4001, "en": {"cause": "\x1b[2J"}}]},
    "entries[0].en.action": {"entries": [{"code": 9990, "zh": {}, "en": {"title": "t"}}]},
    "entries[0].call[0]": {"entries": [{"code": 4001, "call": ["mother"]}]},
    "contacts[1].who": {"contacts": [{"who": "support", "zh": "1", "en": "1"}] * 2},
    "version": {"version": -1},
    "language": {"language": {}},
    "$": [],
}


@pytest.mark.parametrize("path", WRONG)
def test_a_broken_document_is_refused_by_path(path):
    from rules.help import check, read

    found = check(WRONG[path])
    assert isinstance(found, list)
    assert path in [problem.path for problem in found]
    assert all(problem.code == 9004 for problem in found)
    assert read(msgspec.json.encode(WRONG[path])) == found or path == "$"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{", b"a = ", b"[" * 100_000, b" " * 600_000, b"{" * 3000])
def test_no_bytes_break_the_reader(data):
    from rules.help import read

    found = read(data)
    assert isinstance(found, list)
    assert found[0].path == "$"
