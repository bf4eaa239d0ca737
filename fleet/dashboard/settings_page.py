"""A layer of settings as JSON: checked before it is kept; what was typed stays in the editor whatever is wrong with it."""

from typing import Any

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import LayerGot, LayerPut, LayersSeen, PushesSeen, Refused
from fleet.dashboard.acting import NAME, bad, onward, refusal
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import of_layer, sizes
from fleet.dashboard.pages import draw, query
from fleet.dashboard.reading import Reading
from fleet.dashboard.terminal_page import as_text
from fleet.dashboard.typed import read, rows
from fleet.dashboard.visit import Visit

PUSHES_MAX = 50
KINDS = ("fleet", "group", "shop", "tag", "terminal")
FORM_BYTES_MAX = 2 * 1024 * 1024
"""A character of a text may be nine bytes of a form."""


class SettingsPages:
    def __init__(self, asking: Asking, reading: Reading) -> None:
        self._asking = asking
        self._reading = reading

    def all(self) -> list[Page]:
        return [
            Page("/settings", self.draws),
            Page("/settings/layer", self.keep, "manager", post=True, bytes_max=FORM_BYTES_MAX),
        ]

    def draws(self, visit: Visit) -> Response:
        layer = layer_of(visit.query.get("layer", "")) or "fleet"
        got = self._asking.read(visit, admin.GetLayer(layer=layer, secrets=visit.may("manager")))
        text = laid_out(got.document) if isinstance(got, LayerGot) else "{\n}"
        parent = got.version.sha256 if isinstance(got, LayerGot) else ""
        return self._editor(visit, layer, text, parent, None)

    def keep(self, visit: Visit) -> Response:
        """Check a layer, or check and keep it."""
        layer = layer_of(visit.form.get("layer", ""))
        text = visit.form.get("document", "").replace("\r\n", "\n")
        parent = visit.form.get("parent", "")
        if layer is None:
            return bad(visit, "/settings")
        document = read(text)
        if isinstance(document, tuple):
            return self._editor(visit, layer, text, parent, Refused(reason="faults", faults=document))
        check = visit.form.get("act", "") != "keep"
        request = admin.PutLayer(layer=layer, document=document, parent=parent, check=check)
        reply = self._asking.act(visit, request, visit.form.get("why", ""))
        if check or isinstance(reply, Refused):
            assert isinstance(reply, Refused | LayerPut)
            return self._editor(visit, layer, text, parent, reply)
        return onward("/settings/push" + query(of_layer(layer).fields))

    def _editor(self, visit: Visit, layer: str, text: str, parent: str, reply: Refused | LayerPut | None) -> Response:
        fault = reply if isinstance(reply, Refused) else None
        return draw(
            visit, "settings.html", 409 if fault else 200, layer=layer, text=text, parent=parent,
            checked=reply if isinstance(reply, LayerPut) else None,
            fault=refusal(fault, visit.lang) if fault else "", why_missing=bool(fault and fault.reason == "why_missing"),
            faults=rows(fault.faults, text, layer, visit.lang) if fault else [], value=as_text,
            why=visit.form.get("why", ""), pushed=visit.number("pushed", -1, 0, 2**31),
            count=visit.number("count", 0, 0, 2**31), audience_fault="", said=of_layer(layer).fields,
            sizes=sizes(self._reading), **beside(self._asking, visit, layer),
        )  # fmt: skip


def beside(asking: Asking, visit: Visit, layer: str) -> dict[str, Any]:
    """What stands beside every editor of a layer: other layers, its versions, and who pushed what."""
    layers = asking.read(visit, admin.Layers())
    versions = asking.read(visit, admin.Layers(layer=layer))
    pushes = asking.read(visit, admin.Pushes(limit=PUSHES_MAX))
    return {
        "layers": layers.rows if isinstance(layers, LayersSeen) else (),
        "versions": versions.rows if isinstance(versions, LayersSeen) else (),
        "pushes": pushes.rows if isinstance(pushes, PushesSeen) else (),
    }


def laid_out(document: object) -> str:
    """A document for editing: all of it."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def layer_of(text: str) -> str | None:
    """A layer's name, None when it is none."""
    kind, colon, name = text.partition(":")
    if kind == "fleet" and not colon:
        return "fleet"
    return text if kind in KINDS[1:] and NAME.fullmatch(name) else None
