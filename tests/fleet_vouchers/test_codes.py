"""What platforms say ends as one of our codes, by a table that can be pushed."""

from pathlib import Path

import pytest

from fleet.vouchers.codes import CallName, provided_table, read_table
from rules.errors import errors


@pytest.mark.parametrize(
    ("platform", "code", "text", "call", "ours", "definite"),
    [
        ("douyin", 1212, "", "prepare", 3002, True),
        ("douyin", 45005117, "", "prepare", 3016, True),
        ("douyin", 2190008, "", "consume", 2011, True),
        ("douyin", 2100004, "系统繁忙", "consume", 1010, False),
        ("meituan", 1, "该券已使用", "prepare", 3003, True),
        ("meituan", 1, "券已退款", "prepare", 3004, True),
        ("meituan", 1, "券已过期", "consume", 3005, True),
        ("meituan", 1, "token已过期", "consume", 2011, True),
        ("meituan", 1, "门店没有授权", "consume", 2010, True),
        ("meituan", 1, "不是本门店的券", "consume", 3007, True),
        ("meituan", 1, "已超过可撤销时间", "undo", 3019, True),
        ("meituan", 1, "券码不存在", "prepare", 3002, True),
        ("meituan", 99, "?", "consume", 3022, False),
        ("meituan", 99, "?", "query", 1009, False),
    ],
)
def test_a_platforms_result_in_our_code(
    platform: str, code: int, text: str, call: CallName, ours: int, definite: bool
) -> None:
    meaning = provided_table().meaning(platform, code, text, call)
    assert (meaning.code, meaning.definite) == (ours, definite)


def test_every_code_of_the_table_is_one_a_person_can_read_about() -> None:
    assert {row.ours for row in provided_table().row} <= set(errors())


@pytest.mark.parametrize(
    "text",
    ["row = 1", 'row = [{platform="x"}]', 'row = [{platform="x",code="1",ours=1,definite=true,text="("}]', "\x00"],
)
def test_a_bad_table_is_refused_with_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        read_table(path)
