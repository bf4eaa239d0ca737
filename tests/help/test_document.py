"""A fleet's help document on the device: checked, kept whole, refused by path; and that nobody pays for help unread."""

import json
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.drivers.store import Store
from firmware.events import Key, KeyPressed, Now, Started
from firmware.halted import Halted
from firmware.render_text import lines, speak
from rules.errors import errors
from rules.help import HelpDocument, builtin
from rules.settings_docs import errors_page
from tests.counter import Counter
from texts import LANGS

GOOD = {"version": 4, "entries": [{"code": 4001, "zh": {"action": "叫小王"}}]}
BAD = {"version": 5, "entries": [{"code": 4001, "zh": {"titel": "x"}}]}


def written(folder: Path, document: object) -> str:
    path = folder / "document.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_a_document_is_kept_and_an_older_or_broken_one_is_not(tmp_path, capsys):
    data = tmp_path / "data"
    assert main(["help", "load", written(tmp_path, GOOD), "--data", str(data)]) == 0
    assert main(["help", "load", written(tmp_path, GOOD), "--data", str(data)]) == 1
    assert "[9004] version" in capsys.readouterr().out
    assert main(["help", "load", written(tmp_path, BAD), "--data", str(data)]) == 1
    assert "[9004] entries[0].zh.titel" in capsys.readouterr().out
    assert main(["help", "show", "4001", "--data", str(data)]) == 0
    assert "叫小王" in capsys.readouterr().out
    assert Store(data).help() == (Store(data).help()[0], ())


def test_check_says_where_and_keeps_nothing(tmp_path, capsys):
    assert main(["help", "check", written(tmp_path, BAD)]) == 1
    assert "entries[0].zh.titel" in capsys.readouterr().out
    assert main(["help", "check", written(tmp_path, GOOD)]) == 0
    assert main(["help", "check", str(tmp_path / "none.json")]) == 3


@pytest.mark.parametrize("lang", LANGS)
def test_the_tool_shows_any_code_and_knows_no_other(tmp_path, capsys, lang):
    for code in (*list(errors())[::17], 1003, 2005):
        assert main(["help", "show", str(code), "--lang", lang, "--data", str(tmp_path)]) == 0
        said = capsys.readouterr().out
        assert builtin(code, lang).cause in said
    assert main(["help", "show", "1", "--data", str(tmp_path)]) == 1


def test_a_damaged_document_is_put_aside_and_the_one_before_it_serves(tmp_path):
    store = Store(tmp_path)
    assert isinstance(store.apply_help(json.dumps(GOOD).encode()), HelpDocument)
    (tmp_path / "help.json").write_text("{", encoding="utf-8")
    found, notices = Store(tmp_path).help()
    assert found.version == 4
    assert notices[0][0] == 9004
    assert "help.json" in notices[0][1]


def test_with_nothing_left_the_built_in_help_serves(tmp_path):
    for name in ("help.json", "help.good.json"):
        (tmp_path / name).write_text('{"help": {"1": {"document": {"version": "x"}}}}', encoding="utf-8")
    found, notices = Store(tmp_path).help()
    assert found == HelpDocument()
    assert [code for code, _ in notices] == [9004, 9004]
    assert "version" in notices[0][1]


def test_the_daemon_takes_the_document_of_its_folder(tmp_path):
    from firmware.assembly import read_folder
    from firmware.drivers.store import Identity

    store = Store(tmp_path)
    store.write_identity(Identity("00010023"))
    assert isinstance(store.apply_help(json.dumps(GOOD).encode()), HelpDocument)
    assert read_folder(tmp_path).help.error(4001).action("zh") == "叫小王"
    (tmp_path / "help.json").write_text("{", encoding="utf-8")
    assert 9004 in [code for code, _ in read_folder(tmp_path).notices]


def test_no_help_is_read_until_somebody_asks(tmp_path):
    """The first screen and a whole sale cost nothing for the knowledge base."""
    builtin.cache_clear()
    counter = Counter(tmp_path).open_for_business().keys("5 0 0 OK OK OK").scan("6900000000014")
    assert builtin.cache_info().misses == 0
    counter.keys("F1")
    assert builtin.cache_info().misses > 0
    for code in errors():
        builtin(code, "zh")
    assert builtin.cache_info().currsize <= 4, "and what was read is not hoarded"


@pytest.mark.parametrize("key", [Key.F1, Key.D0])
def test_a_terminal_that_sells_nothing_explains_why(key):
    halted = Halted("00010023", 9003, "page 7", "zh", Now(0, 0, "floor"))
    halted.step(Started(b"", "b"), halted.now)
    first = halted.shown

    def said() -> str:
        title, body, _ = lines(halted.shown, lambda say: speak("zh", say))
        return "\n".join((title, *body))

    halted.step(KeyPressed(key), halted.now)
    read = said()
    assert read.startswith("[9003] 数据校验失败")
    for _ in range(9):
        halted.step(KeyPressed(Key.DOWN), halted.now)
        read += said()
    assert builtin(9003, "zh").steps[-1] in "".join(read.split())
    halted.step(KeyPressed(Key.CANCEL), halted.now)
    assert halted.shown == first


def test_the_page_has_every_code_in_both_languages_under_its_anchor():
    page = errors_page()
    for code in errors():
        assert page.count(f'<a id="{code}"></a>') == page.count(f"[{code}](#{code})") == 1
        assert all(builtin(code, lang).cause in page for lang in LANGS)
