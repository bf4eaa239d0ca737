"""Topics are matched whole: nobody speaks for somebody else."""

import pytest

from wire import pace, topics


@pytest.mark.parametrize(
    ("topic", "mount", "parsed"),
    [
        ("pos/v1/T0001/up/rec", "", ("T0001", "up", "rec")),
        ("pos/v1/T0001/up/ask/epoch", "", ("T0001", "up", "ask/epoch")),
        ("fleet/pos/v1/T0001/up/rec", "fleet/", ("T0001", "up", "rec")),
        ("pos/v1/T0001/up/rec", "fleet/", None),
        ("fleet/pos/v1/T0001/up/rec", "", None),
        ("pos/v1/ROGUE/up/pos/v1/VICTIM/up/rec", "", None),
        ("pos/v1/ROGUE/up/pos/v1/VICTIM/up/rec", "pos/v1/ROGUE/up/x", None),
        ("pos/v1/T0001/up/rec/", "", None),
        ("pos/v1/T0001/up/rec\n", "", None),
        ("pos/v1//up/rec", "", None),
        ("pos/v1/+/up/rec", "", None),
        ("pos/v1/T0001/sideways/rec", "", None),
        ("pos/v1/" + "T" * 33 + "/up/rec", "", None),
    ],
)
def test_parse(topic, mount, parsed):
    assert topics.parse(topic, mount) == parsed


@pytest.mark.parametrize("terminal", ["", "a/b", "+", "#", "x" * 33, "终端"])
def test_no_topic_is_built_for_an_id_that_is_none(terminal):
    with pytest.raises(ValueError, match="not a topic"):
        topics.up(terminal, "rec")


def test_back_off_grows_to_its_cap_and_uses_the_whole_jitter():
    assert [pace.backoff_ms(n, 0.999999) for n in (0, 1, 2, 10, 1000)] == [999, 1999, 3999, 29999, 29999]
    assert pace.backoff_ms(1000, 0.0) == 0
