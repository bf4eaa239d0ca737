"""What the engine writes down, told in the reader's language; what people wrote stays as it is."""

import re
from dataclasses import replace

import pytest

from fleet.admin import Plan, RolloutNote
from fleet.rollouts import words
from fleet.rollouts.engine import UNDER_WAY, Halt, Next, Rate, Sight, Wait, decide
from texts import LANGS, catalogue

SIGHT = Sight(Plan(), 40, 0, 0, {"applied": 1, "untouched": 39}, (0, 39), Rate(), Rate())
NOW = 1_795_330_800_000


def moment(at_ms):
    return f"<{at_ms}>"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("said", [*UNDER_WAY, "trial 1018 2.0 is on trial"])
def test_how_far_a_terminal_has_come_is_told_in_words(lang, said):
    """On the page of a roll-out, beside each terminal."""
    assert words.reason(said, lang).startswith(catalogue("manager", lang)[f"status__{said.split()[0]}"])
    assert words.reason("busy with something", lang) == "busy with something", "a terminal's own words stay"


def in_chinese(text):
    return words.verdict(text, "zh", moment)


@pytest.mark.parametrize(
    ("sight", "said"),
    [
        (SIGHT, "观察至 <1795334400000>"),
        (replace(SIGHT, counts={"untouched": 40}), "已更新 0/1 台"),
        (replace(SIGHT, counts={"pushed": 1, "untouched": 39}), "已生效 0/1 台"),
        (replace(SIGHT, counts={"silent": 1, "failed": 1, "untouched": 38}), "失败 1 > 0; 无应答 1 > 0"),
        (replace(SIGHT, counts={"rolled_back": 1}, errors=Rate(9)), "失败 1 > 0; 自动退回 1 > 0; 错误 9 > 5"),
        (replace(SIGHT, crashes=Rate(9)), "崩溃 9 > 1"),
    ],
)
def test_every_verdict_of_the_engine_is_told_in_words(sight, said):
    decision = decide(sight, NOW)
    assert not isinstance(decision, Next)
    assert isinstance(decision, Halt | Wait)
    assert in_chinese(decision.verdict) == said


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (RolloutNote(1, "start", "2 terminals; new footer", "anna"), ("发起", "2 台终端; new footer")),
        (RolloutNote(1, "approve", "complete", "boris"), ("批准", "complete")),
        (RolloutNote(1, "touch", "1 terminals"), ("更新", "1 台终端")),
        (RolloutNote(1, "stage", "2 of 5: 4 terminals"), ("下一阶段", "第 2 阶段，共 5 阶段：4 台")),
        (RolloutNote(1, "halt", "errors 6 > 5"), ("自动停止", "错误 6 > 5")),
        (
            RolloutNote(1, "give_back", "3 terminals; newer settings stay: T0001, T0002"),
            ("恢复", "3 台终端; 保留较新的设置：T0001, T0002"),
        ),
        (RolloutNote(1, "reverted", "not heard: T0005"), ("已退回", "未报告：T0005")),
        (RolloutNote(1, "reverted", ""), ("已退回", "")),
        (RolloutNote(1, "complete", "4 terminals"), ("完成", "4 台终端")),
    ],
)
def test_the_history_is_told_in_the_readers_language_and_reasons_as_they_were_given(note, said):
    assert words.note(note, "zh", moment) == said
    assert not re.search("[一-鿿]", " ".join(words.note(note, "en", moment)))
