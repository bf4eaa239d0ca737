"""Every refusal says in both languages what is wrong and what to do next."""

from typing import get_args

import pytest

from fleet import admin
from texts import LANGS, t


@pytest.mark.parametrize("reason", get_args(admin.Reason))
@pytest.mark.parametrize("lang", LANGS)
def test_a_refusal_says_the_cause_and_the_next_step(reason, lang):
    cause = t("fleet", lang, f"refused__{reason}", detail="D7", terminals="T1, T2")
    step = t("fleet", lang, f"refused_step__{reason}")
    assert len(cause) >= 4
    assert len(step) >= 4
    assert "{" not in cause + step
