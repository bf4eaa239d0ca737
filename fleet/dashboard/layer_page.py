"""The page of one layer of settings: an editor, and beside it whom a push is for, its versions and who pushed what."""

from typing import Any

from starlette.responses import Response

from fleet import admin
from fleet.admin import LayerPut, LayersSeen, PushesSeen, Refused
from fleet.dashboard.acting import NAME
from fleet.dashboard.asking import Asking
from fleet.dashboard.audience import of_layer, sizes
from fleet.dashboard.pages import as_text, draw
from fleet.dashboard.reading import Reading
from fleet.dashboard.visit import Visit
from fleet.desk import words

PUSHES_MAX = 50
KINDS = ("fleet", "group", "shop", "tag", "terminal")


def drawn_layer(
    asking: Asking, reading: Reading, visit: Visit, layer: str, reply: Refused | LayerPut | None, **editor: Any
) -> Response:
    """`editor`: what the template of the editor needs; `reply`: what came of the last act."""
    layers = asking.read(visit, admin.Layers())
    versions = asking.read(visit, admin.Layers(layer=layer))
    pushes = asking.read(visit, admin.Pushes(limit=PUSHES_MAX))
    return draw(
        visit, "settings.html", layer=layer, checked=reply if isinstance(reply, LayerPut) else None,
        reach=words.reach(reply.reach, visit.lang) if isinstance(reply, LayerPut) else [],
        why_missing=isinstance(reply, Refused) and reply.reason == "why_missing", value=as_text,
        why=visit.form.get("why", ""), pushed=visit.number("pushed", -1, 0, 2**31),
        count=visit.number("count", 0, 0, 2**31), audience_fault="", said=of_layer(layer).fields, sizes=sizes(reading),
        layers=layers.rows if isinstance(layers, LayersSeen) else (),
        versions=versions.rows if isinstance(versions, LayersSeen) else (),
        pushes=pushes.rows if isinstance(pushes, PushesSeen) else (), **editor,
    )  # fmt: skip


def layer_of(text: str) -> str | None:
    """A layer's name, None when it is none."""
    kind, colon, name = text.partition(":")
    if kind == "fleet" and not colon:
        return "fleet"
    return text if kind in KINDS[1:] and NAME.fullmatch(name) else None
