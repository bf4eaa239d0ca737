"""Every `posfleet …` that the documents quote is one the command line knows."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.drivers.store import Store
from fleet.__main__ import _parser, main
from rules.demo_vouchers import demo_vouchers
from rules.settings import defaults
from rules.voucher_codes import read_code

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operating-a-fleet.md"
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
"""Blocks, also those of a list."""

SPAN = re.compile(r"`(posfleet [^`]+)`")
SEVERAL = re.compile(r"\\?\|")


def fenced(text: str) -> Iterator[str]:
    """Command lines in blocks, without their comments; lines that go on are joined."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if match := re.match(r"\s*(?:\.venv/bin/)?posfleet (.*)", line):
                yield re.sub(r"\s+#.*| *\| .*", "", match[1])


def quoted(text: str) -> Iterator[str]:
    """All command lines of a page."""
    yield from fenced(text)
    for match in SPAN.findall(FENCE.sub("", text)):
        yield re.sub(r"\s+", " ", match.removeprefix("posfleet "))


def inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found[0]) if found else {}


def unknown(parser: argparse.ArgumentParser, words: list[str]) -> list[str]:
    """Words of a line that are no command where one must stand, and options its command has not."""
    commands = inner(parser)
    if commands:
        while words and words[0].startswith("-"):
            words = words[1:]
        if not words or words[0] in ("…", "..."):
            return []
        names = SEVERAL.split(words[0])
        wrong = [name for name in names if name not in commands and name != "…"]
        last = len(names) == 1
        return wrong or (unknown(commands[names[0]], words[1:]) if last else [])
    options = {text for action in parser._actions for text in action.option_strings}
    given = [re.split(r"[= \]]", word.lstrip("["))[0] for word in words if word.lstrip("[").startswith("--")]
    return [word for word in given if "…" not in word and word not in options]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_quoted_exists_with_its_options(page):
    parser = _parser("en")
    lines = list(quoted(page.read_text(encoding="utf-8")))
    assert {line: wrong for line in lines if (wrong := unknown(parser, line.split()))} == {}


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_every_command_stands_in_the_table_of_the_readme(page):
    table = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    named = set(re.findall(r"[a-z]+", " ".join(line.split(" | ")[0] for line in table)))
    assert set(inner(_parser("en"))) - named == set()


@pytest.mark.parametrize(
    ("page", "how"),
    [(PAGES[0], r"`(\d+)` and (\w+) digits"), (PAGES[1], r"`(\d+)` 和任意(\w)位数字")],
    ids=["en", "zh"],
)
def test_the_voucher_that_the_readme_has_typed_is_one(page, how):
    counts = {"seven": 7, "eight": 8, "七": 7, "八": 8}
    (head, many), *more = re.findall(how, page.read_text(encoding="utf-8"))
    code = head + "1234567890"[: counts[many]]
    assert more == []
    assert [each.deal_id for each in demo_vouchers().coupon if each.fits(code)] == ["MT20"]
    read = read_code(code, False, defaults().vouchers.platforms)
    assert (read.platform, read.fault) == ("meituan", "")


def test_every_command_of_the_guide_can_be_typed_as_it_stands(capsys):
    """Names and files are examples; everything else is meant word for word."""
    parser, wrong = _parser("en"), []
    lines = [line for line in fenced(GUIDE.read_text(encoding="utf-8")) if "…" not in line]
    assert len(lines) > 70
    for line in lines:
        try:
            parser.parse_args(shlex.split(line.replace('"$LINK"', "").replace("$LINK", "")))
        except SystemExit:
            wrong.append((line, capsys.readouterr().err.splitlines()[-1]))
    assert wrong == []


def test_what_the_guide_makes_of_an_identity_is_one_a_terminal_reads(tmp_path):
    """The line as it stands, in a terminal's folder with the files of its certificate."""
    (line,) = re.findall(r"^python3 (-c '.*') > identity\.json$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    data = ["--data", str(tmp_path / "fleet"), "--lang", "en"]
    assert main(["ca", "init", *data]) == 0
    folder = tmp_path / "terminal"
    assert main(["ca", "issue", "T0001", "--dir", str(folder / "tls"), "--host", "mqtt.example.cn", *data]) == 0
    made = subprocess.run([sys.executable, *shlex.split(line)], cwd=folder, capture_output=True, check=True)
    (folder / "identity.json").write_bytes(made.stdout)
    identity, notices = Store(folder).identity()
    assert notices == ()
    assert (identity.terminal, identity.host, identity.tls_key) == ("T0001", "mqtt.example.cn", "tls/terminal.key")


def test_a_wrong_word_is_noticed():
    parser = _parser("en")
    assert unknown(parser, ["cmd", "selftest|explode", "T0001"]) == ["explode"]
    assert unknown(parser, ["terminals", "--onlin"]) == ["--onlin"]
    assert unknown(parser, ["settings", "pull"]) == ["pull"]
