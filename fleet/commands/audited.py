"""Enters into the backend's audit what a command did beside the backend: at the authority, the users, the broker."""

import argparse
import sys
from typing import NamedTuple

from fleet import database
from fleet.admin import TEXT_CHARS_MAX, Done, Note
from fleet.commands import Wrong
from fleet.commands.manager.asking import ask
from texts import Lang, t


class Audited(NamedTuple):
    """What a command is called there, and which of its options say whom it was about and how."""

    what: str
    subject: str = ""
    details: tuple[str, ...] = ()


def enter(options: argparse.Namespace, lang: Lang) -> None:
    """After the deed, where there is an audit yet. The deed stands even if this fails, which is said."""
    it: Audited | None = getattr(options, "audited", None)
    if it is None or not database.is_there(options.data):
        return
    said = ((name, getattr(options, name)) for name in it.details)
    detail = " ".join(f"{name}={value}" for name, value in said if value)
    subject = str(getattr(options, it.subject)) if it.subject else ""
    teller = argparse.Namespace(data=options.data)  # not all options: a role given to another is not the teller's own
    try:
        ask(teller, Note(what=it.what, subject=subject[:TEXT_CHARS_MAX], detail=detail[:TEXT_CHARS_MAX]), Done)
    except Wrong as trouble:
        missed = t("fleet", lang, "audited__missed", what=it.what, cause=trouble.cause(lang))
        print(missed, file=sys.stderr)
