"""What pages that change something share: the reply of the desk in words, which terminals are meant, and what changes."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from fleet.admin import PathChange, Refused, Release, RolloutChange, SameChange, SettingsRelease, Where
from fleet.dashboard.pages import HEADERS, PRIVATE, draw
from fleet.dashboard.typed import rows
from fleet.dashboard.visit import Visit
from fleet.desk.words import first_document
from texts import Lang, t

NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
NAMED_MAX = 12
"""Terminals a sentence names."""
ALIKE_NAMED_MAX = 20
"""Terminals that are named above what changes at them."""


def refused(visit: Visit, reply: Refused, back: str) -> Response:
    """Why the desk said no, with every fault; and the way back."""
    words = refusal(reply, visit.lang)
    listed = rows(reply.faults, "", "", visit.lang)
    return draw(visit, "refused.html", 409, words=words, faults=listed, terminals=reply.terminals[:100], back=back)


def refusal(reply: Refused, lang: Lang) -> str:
    """The reason in words, and what to do about it."""
    about = {"detail": reply.detail, "terminals": ", ".join(reply.terminals[:NAMED_MAX])}
    cause = t("fleet", lang, f"refused__{reply.reason}", **about)
    step = t("fleet", lang, f"refused_step__{reply.reason}", **about)
    stop = "。" if lang == "zh" else ". "
    return "".join(f"{part[:1].upper()}{part[1:]}{stop}" for part in (cause, step)).rstrip()


def where_words(where: Where, lang: Lang) -> str:
    """Which terminals, in words."""
    parts = [
        *(where.terminals[:5] if where.terminals else ()),
        *((f"shop:{where.shop}",) if where.shop else ()),
        *((f"group:{where.group}",) if where.group else ()),
        *(f"tag:{tag}" for tag in where.tags),
        *(f"-tag:{tag}" for tag in where.without),
        *((where.software,) if where.software else ()),
    ]
    return " ".join(parts) if parts else t("dashboard", lang, "where__all")


class Alike(NamedTuple):
    """Terminals at which the same changes, the first of them by name, and what is said when no setting does."""

    size: int
    names: tuple[str, ...]
    changes: tuple[PathChange, ...]
    nothing: str = ""


def alike(groups: Iterable[SameChange | RolloutChange], release: Release, lang: Lang) -> list[Alike]:
    """Groups of a dry run or of a roll-out, as pages show them."""
    nothing = first_document(lang) if isinstance(release, SettingsRelease) else ""
    return [
        Alike(
            each.count if isinstance(each, RolloutChange) else len(each.terminals),
            each.terminals[:ALIKE_NAMED_MAX], each.changes, "" if each.changes else nothing,
        )
        for each in groups
    ]  # fmt: skip


def bad(visit: Visit, back: str) -> Response:
    """A field that holds what no form of ours says, or nothing where something was to be chosen."""
    words = t("dashboard", visit.lang, "refused__form")
    return draw(visit, "refused.html", 409, words=words, faults=[], terminals=(), back=back)


def onward(path: str) -> Response:
    """To the page that shows what was done."""
    return RedirectResponse(path, 303, {**HEADERS, **PRIVATE})
