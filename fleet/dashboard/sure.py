"""The second step before something that disturbs a shop: what is meant, what happens then, and why it is done.

A page of its own, so that it needs no script; its form is what carries it out."""

from typing import NamedTuple

from starlette.responses import Response

from fleet.dashboard.acting import Alike
from fleet.dashboard.pages import as_text, draw
from fleet.dashboard.visit import Visit

WHY_CHARS_MAX = 200


class Choice(NamedTuple):
    """A choice that belongs to the answer: its field, its label, and value -> words."""

    name: str
    label: str
    options: dict[str, str]
    chosen: str


class Question(NamedTuple):
    """`facts`: what it is about, label and words; `what`: what happens then, a sentence each; `fields`: carried along;
    `alike`: what changes at whom, `more` groups of that are left out."""

    title: str
    facts: tuple[tuple[str, str], ...]
    what: tuple[str, ...]
    action: str
    fields: dict[str, str]
    button: str
    back: str
    choices: tuple[Choice, ...] = ()
    alike: tuple[Alike, ...] = ()
    more: int = 0


def asks(visit: Visit, question: Question, fault: str = "") -> Response:
    """The page that asks; with `fault` once more, with what was typed."""
    return draw(
        visit, "sure.html", 409 if fault else 200, question=question, fault=fault, why_max=WHY_CHARS_MAX,
        alike=question.alike, more=question.more, value=as_text, why=visit.form.get("why", "")[:WHY_CHARS_MAX],
    )  # fmt: skip
