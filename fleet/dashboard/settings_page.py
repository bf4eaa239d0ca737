"""Settings of the fleet, layer by layer: as a form, or as JSON. A layer is checked before it is kept, and what was typed
stays in the editor whatever is wrong with it."""

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import LayerGot, LayerPut, Refused
from fleet.dashboard.acting import bad, onward, refusal
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import of_layer
from fleet.dashboard.layer_page import drawn_layer, layer_of
from fleet.dashboard.pages import query
from fleet.dashboard.reading import Reading
from fleet.dashboard.settings_form import FormPages
from fleet.dashboard.typed import read, rows
from fleet.dashboard.visit import Visit

FORM_BYTES_MAX = 2 * 1024 * 1024
"""A character of a text may be nine bytes of a form."""


class SettingsPages:
    def __init__(self, asking: Asking, reading: Reading) -> None:
        self._asking = asking
        self._reading = reading
        self._form = FormPages(asking, reading)

    def all(self) -> list[Page]:
        return [
            Page("/settings", self.draws),
            Page("/settings/layer", self.keep, "manager", post=True, bytes_max=FORM_BYTES_MAX),
            Page("/settings/form", self._form.keep, "manager", post=True, bytes_max=FORM_BYTES_MAX),
        ]

    def draws(self, visit: Visit) -> Response:
        if visit.query.get("view", "") != "json":
            return self._form.draws(visit)
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
        return drawn_layer(
            self._asking, self._reading, visit, layer, reply, section="", text=text, parent=parent,
            faults=rows(fault.faults, text, layer, visit.lang) if fault else [], status=409 if fault else 200,
            fault=refusal(fault, visit.lang) if fault else "", unchanged=False,
        )  # fmt: skip


def laid_out(document: object) -> str:
    """A document for editing: all of it."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
