"""Settings of the fleet: layers as JSON, checked before they are kept, what a push would change, and the push itself."""

from typing import Any

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import DryRunDone, LayerGot, LayerPut, LayersSeen, PushesSeen, Refused, Reply
from fleet.dashboard.acting import NAME, bad, fault_words, onward, refusal, refused, where_of, where_words
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.pages import draw, query
from fleet.dashboard.terminal_page import as_text
from fleet.dashboard.visit import Visit

PUSHES_MAX = 50
GROUPS_MAX = 20
CHARS_MAX = 200_000
KINDS = ("fleet", "group", "shop", "tag", "terminal")


class SettingsPages:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def all(self) -> list[Page]:
        return [
            Page("/settings", self.draws),
            Page("/settings/layer", self.keep, "manager", post=True),
            Page("/settings/push", self.looks_at_push),
            Page("/settings/push", self.push, "manager", post=True),
        ]

    def draws(self, visit: Visit) -> Response:
        layer = layer_of(visit.query.get("layer", "")) or "fleet"
        got = self._asking.read(visit, admin.GetLayer(layer=layer, secrets=visit.may("manager")))
        text = as_text(got.document, 2) if isinstance(got, LayerGot) else "{\n}"
        parent = got.version.sha256 if isinstance(got, LayerGot) else ""
        return self._editor(visit, layer, text, parent, None)

    def keep(self, visit: Visit) -> Response:
        """Check a layer, or check and keep it; what was typed stays in the editor when it is refused."""
        layer = layer_of(visit.form.get("layer", ""))
        text = visit.form.get("document", "")
        parent = visit.form.get("parent", "")
        if layer is None or len(text) > CHARS_MAX:
            return bad(visit, "/settings")
        try:
            document: Any = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as trouble:
            return self._editor(visit, layer, text, parent, Refused(reason="bad_request", detail=str(trouble)))
        check = visit.form.get("act", "") != "keep"
        request = admin.PutLayer(layer=layer, document=document, parent=parent, check=check)
        reply = self._asking.act(visit, request, visit.form.get("why", ""))
        if check or isinstance(reply, Refused):
            return self._editor(visit, layer, text, parent, reply)
        return onward("/settings/push" + query(_where_query(layer)))

    def looks_at_push(self, visit: Visit) -> Response:
        """What a push would change, before anybody pushes."""
        where = where_of(visit.query)
        if where is None:
            return bad(visit, "/settings")
        reply = self._asking.read(visit, admin.DryRun(where=where))
        if isinstance(reply, Refused):
            return refused(visit, reply, "/settings")
        assert isinstance(reply, DryRunDone)
        said = {name: visit.query.get(name, "").strip() for name in ("terminal", "shop", "group", "tag")}
        return draw(
            visit, "push.html", dry=reply, said=said, where=where_words(where, visit.lang), groups_max=GROUPS_MAX,
            value=as_text, faults=[(each.terminal, each.path, fault_words(each, visit.lang)) for each in reply.faults],
        )  # fmt: skip

    def push(self, visit: Visit) -> Response:
        where = where_of(visit.form)
        if where is None:
            return bad(visit, "/settings")
        reply = self._asking.act(visit, admin.Push(where=where), visit.form.get("why", ""))
        if isinstance(reply, Refused):
            return refused(
                visit,
                reply,
                "/settings/push" + query({n: visit.form.get(n, "") for n in ("terminal", "shop", "group", "tag")}),
            )
        assert isinstance(reply, admin.Pushed)
        return onward("/settings" + query({"pushed": str(reply.rev), "count": str(reply.terminals)}))

    def _editor(self, visit: Visit, layer: str, text: str, parent: str, reply: Reply | None) -> Response:
        layers = self._asking.read(visit, admin.Layers())
        versions = self._asking.read(visit, admin.Layers(layer=layer))
        pushes = self._asking.read(visit, admin.Pushes(limit=PUSHES_MAX))
        fault = reply if isinstance(reply, Refused) else None
        listed = [(each.terminal, each.path, fault_words(each, visit.lang)) for each in fault.faults] if fault else []
        return draw(
            visit, "settings.html", 409 if fault else 200, layer=layer, text=text, parent=parent, kinds=KINDS,
            layers=layers.rows if isinstance(layers, LayersSeen) else (),
            versions=versions.rows if isinstance(versions, LayersSeen) else (),
            pushes=pushes.rows if isinstance(pushes, PushesSeen) else (),
            checked=reply if isinstance(reply, LayerPut) else None,
            fault=refusal(fault, visit.lang) if fault else "", faults=listed,
            value=as_text, why=visit.form.get("why", ""),
            pushed=visit.number("pushed", -1, 0, 2**31), count=visit.number("count", 0, 0, 2**31),
        )  # fmt: skip


def layer_of(text: str) -> str | None:
    """A layer's name, None when it is none."""
    kind, colon, name = text.partition(":")
    if kind == "fleet" and not colon:
        return "fleet"
    return text if kind in KINDS[1:] and NAME.fullmatch(name) else None


def _where_query(layer: str) -> dict[str, str]:
    kind, _, name = layer.partition(":")
    return {kind: name} if name else {}
