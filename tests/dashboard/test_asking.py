"""What a page asks to have changed is judged before it goes to the one who writes."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fleet import admin
from fleet.admin import Call, Refused
from fleet.dashboard.asking import Asking
from fleet.dashboard.visit import Visit
from wire.fleet import Lock

T1 = admin.Where(terminals=("T1",))


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (admin.SendCommand(where=T1, command=Lock("x" * 65)), "$.request.command.reason"),
        (admin.Push(where=admin.Where(shop="no such/shop")), "$.request.where.shop"),
        (admin.RolloutAct(rollout=2**40, act="abort"), "$.request.rollout"),
    ],
)
def test_a_value_that_no_request_has_is_refused_with_its_place(request_: admin.Request, place: str) -> None:
    asked: list[Call] = []
    asking = Asking(cast(Any, None), lambda call, _answer: asked.append(call))
    reply = asking.act(cast(Visit, SimpleNamespace(role="manager", user="mia")), request_, "because")
    assert isinstance(reply, Refused)
    assert (reply.reason, place in reply.detail) == ("bad_request", True), reply.detail
    assert asked == []
