"""A layer of settings as a form made of the model: one section at a time, what is in force beneath, faults at their fields.
Only what was changed is written into the layer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from fleet import admin
from fleet.admin import LayerGot, LayerPut, Refused, Registered
from fleet.dashboard.acting import bad, onward, refusal
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import of_layer
from fleet.dashboard.layer_page import drawn_layer, layer_of
from fleet.dashboard.pages import query
from fleet.dashboard.reading import Reading
from fleet.dashboard.settings_fields import Field, Misread, sections
from fleet.dashboard.typed import fault_words, rows
from fleet.dashboard.visit import Visit
from fleet.desk.layers import Document, layers_of, merged
from rules.settings import defaults, document
from texts import t

FIRST = "shop"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is. `beneath`: the layers all of its terminals have under it, in their order."""

    name: str
    says: Document
    parent: str  # sha256 of its version, "" none
    beneath: dict[str, Document]

    @property
    def stamp(self) -> str:
        """Tells what lies beneath from another: what a form showed must still be so when it is sent."""
        return hashlib.sha256(msgspec.json.encode(self.beneath, order="deterministic")).hexdigest()[:32]


class Row(NamedTuple):
    """One field as it is drawn. `said`: this layer says it; `source`: the layer that says it beneath, "" the default."""

    field: Field
    text: str
    said: bool
    under: str
    source: str
    out: bool  # it is to be taken out of the layer
    fault: str


class FormPages:
    def __init__(self, asking: Asking, reading: Reading) -> None:
        self._asking = asking
        self._reading = reading

    def draws(self, visit: Visit) -> Response:
        """One section of a layer."""
        layer = self._layer(visit, layer_of(visit.query.get("layer", "")) or "fleet")
        return self._page(visit, layer, _section(visit.query))

    def keep(self, visit: Visit) -> Response:
        """Check what was changed, or check and keep it."""
        name = layer_of(visit.form.get("layer", ""))
        if name is None or visit.form.get("section", "") not in sections():
            return bad(visit, "/settings")
        layer, section = self._layer(visit, name), _section(visit.form)
        if visit.form.get("beneath", "") != layer.stamp:
            return self._page(visit, layer, section, Refused(reason="moved_on"))
        made, misread = _made(visit, layer, sections()[section])
        if misread:
            return self._page(visit, layer, section, Refused(reason="faults"), misread=misread)
        if made == layer.says:
            return self._page(visit, layer, section, unchanged=True)
        check = visit.form.get("act", "") != "keep"
        request = admin.PutLayer(layer=name, document=made, parent=visit.form.get("parent", ""), check=check)
        reply = self._asking.act(visit, request, visit.form.get("why", ""))
        if check or isinstance(reply, Refused):
            assert isinstance(reply, Refused | LayerPut)
            return self._page(visit, layer, section, reply)
        return onward("/settings/push" + query(of_layer(name).fields))

    def _layer(self, visit: Visit, name: str) -> Layer:
        own = self._document(visit, name)
        beneath = {under: self._document(visit, under) for under in self._beneath(name)}
        said = {under: got.document for under, got in beneath.items() if got is not None}
        return Layer(name, own.document if own else {}, own.version.sha256 if own else "", said)

    def _document(self, visit: Visit, name: str) -> LayerGot | None:
        got = self._asking.read(visit, admin.GetLayer(layer=name, secrets=visit.may("manager")))
        return got if isinstance(got, LayerGot) else None

    def _beneath(self, name: str) -> list[str]:
        """Names of the layers that every terminal of this one has under it; only the fleet's when it has none yet."""
        if name == "fleet":
            return []
        with self._reading.begin() as books:
            entries = books.looks.registered()
        found: list[list[str]] = []
        for terminal, entry in entries.items():
            row = Registered(terminal=terminal, shop=entry.shop, group=entry.group, tags=entry.tags)
            names = layers_of(row)
            if name in names and not entry.retired:
                found.append(list(names[: names.index(name)]))
        return [each for each in found[0] if all(each in names for names in found)] if found else ["fleet"]

    def _page(
        self,
        visit: Visit,
        layer: Layer,
        section: str,
        reply: Refused | LayerPut | None = None,
        misread: Mapping[str, str] | None = None,
        unchanged: bool = False,
    ) -> Response:
        fault = reply if isinstance(reply, Refused) else None
        of_field, others = _placed(fault, sections()[section], visit)
        return drawn_layer(
            self._asking, self._reading, visit, layer.name, reply, section=section,
            stamp=visit.form.get("beneath", layer.stamp),
            parent=visit.form.get("parent", layer.parent), unchanged=unchanged,
            rows=[_row(visit, layer, each, {**of_field, **(misread or {})}) for each in sections()[section]],
            names={name: _said_in(layer, some) for name, some in sections().items()},
            faults=rows(others, "", layer.name, visit.lang), status=409 if fault else 200,
            fault=refusal(fault, visit.lang) if fault else "",
        )  # fmt: skip


def _section(given: Mapping[str, str]) -> str:
    return given.get("section", "") if given.get("section", "") in sections() else FIRST


def _said_in(layer: Layer, some: tuple[Field, ...]) -> int:
    """How many of these settings a layer says."""
    return sum(_says(layer.says, each.path) for each in some)


def _says(doc: Document, path: str) -> bool:
    section, _, name = path.partition(".")
    inner = doc.get(section)
    return section in doc if not name else isinstance(inner, dict) and name in inner


def _source(layer: Layer, path: str) -> str:
    """The layer beneath whose word counts, "" when the default stands."""
    return next((name for name in reversed(layer.beneath) if _says(layer.beneath[name], path)), "")


def _value(doc: Document, path: str) -> Any:
    section, _, name = path.partition(".")
    return doc[section][name] if name else doc[section]


def _under(layer: Layer, field: Field) -> Any:
    """What stands when this layer says nothing."""
    beneath = merged({"": document(defaults()), **layer.beneath})
    found = _value(beneath, field.path)
    return list(found) if isinstance(found, tuple) else found


def _in_force(layer: Layer, field: Field) -> Any:
    """What the form shows: what the layer says, else what stands beneath; of a table only what the layer says of it."""
    if _says(layer.says, field.path):
        return _value(layer.says, field.path)
    return {} if field.kind == "table" else _under(layer, field)


def _row(visit: Visit, layer: Layer, field: Field, faults: Mapping[str, str]) -> Row:
    text = field.written(_in_force(layer, field))
    return Row(
        field, visit.form.get(f"v:{field.path}", text), _says(layer.says, field.path),
        field.words(_under(layer, field), visit.lang), _source(layer, field.path),
        bool(visit.form.get(f"out:{field.path}", "")), faults.get(field.path, ""),
    )  # fmt: skip


def _made(visit: Visit, layer: Layer, some: tuple[Field, ...]) -> tuple[Document, dict[str, str]]:
    """The layer with what was changed in the form, and what could not be read, by path."""
    made: Document = {name: dict(inner) if isinstance(inner, dict) else inner for name, inner in layer.says.items()}
    misread: dict[str, str] = {}
    for field in some:
        if visit.form.get(f"out:{field.path}", ""):
            _drop(made, field.path)
            continue
        text = visit.form.get(f"v:{field.path}", "").replace("\r\n", "\n")
        before = _in_force(layer, field)
        if f"v:{field.path}" not in visit.form or text == field.written(before):
            continue
        try:
            value = field.read(text, visit.lang)
        except Misread as wrong:
            misread[field.path] = wrong.words
            continue
        if value != before or type(value) is not type(before):
            _put(made, field.path, value)
    return made, misread


def _put(doc: Document, path: str, value: Any) -> None:
    section, _, name = path.partition(".")
    if name:
        inner = doc.get(section)
        doc[section] = {**(inner if isinstance(inner, dict) else {}), name: value}
    else:
        doc[section] = value


def _drop(doc: Document, path: str) -> None:
    """Take a setting out, and its section when nothing else is said there."""
    section, _, name = path.partition(".")
    if name and isinstance(doc.get(section), dict):
        doc[section].pop(name, None)
    if not name or not doc.get(section):
        doc.pop(section, None)


def _placed(
    fault: Refused | None, some: tuple[Field, ...], visit: Visit
) -> tuple[dict[str, str], tuple[admin.Fault, ...]]:
    """Faults at the fields of this section, by path, and all others."""
    if fault is None:
        return {}, ()
    paths = [each.path for each in some]
    of_field: dict[str, str] = {}
    others: list[admin.Fault] = []
    for each in fault.faults:
        path = next((p for p in paths if each.path == p or each.path.startswith((f"{p}.", f"{p}["))), None)
        if path is None:
            others.append(each)
            continue
        place = each.path[len(path) :]
        words = t(
            "dashboard", visit.lang, "field__fault", code=each.code, place=place, words=fault_words(each, visit.lang)
        )
        of_field[path] = f"{of_field[path]} {words}" if path in of_field else words.replace("  ", " ")
    return of_field, tuple(others)
