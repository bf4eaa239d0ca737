"""`posfleet seal check TEXT`: what the QR code on a Z slip says, against what is kept here of that terminal's journal."""

import argparse

import msgspec

from fleet.commands import Wrong
from fleet.commands.look import opened, plain, say
from fleet.verify import SealVerdict, check_seal
from texts import Lang, t
from wire.seal import read_seal_words


def run(options: argparse.Namespace, lang: Lang) -> int:
    """Exit code 0: the seal is the terminal's and covers what is kept; 1: it is not, or cannot be told yet."""
    seen = read_seal_words(options.text)
    if seen is None:
        raise Wrong("no_seal")
    with opened(options.data) as books:
        if seen.terminal not in {row.terminal for row in books.all_terminals()}:
            raise Wrong("no_terminal", {"terminal": plain(seen.terminal)})
        verdict = check_seal(books, seen)
    if options.json:
        print(msgspec.json.encode(verdict).decode())
    else:
        _tell(verdict, lang)
    return 0 if verdict.fault == "" else 1


def _tell(verdict: SealVerdict, lang: Lang) -> None:
    arguments = {"terminal": verdict.terminal, "epoch": verdict.epoch, "upto": verdict.upto}
    say(lang, "seal__bad" if verdict.fault else "seal__good", **arguments)
    if verdict.fault:
        print(t("fleet", lang, f"seal__{verdict.fault}"))
        print(t("fleet", lang, f"seal_step__{verdict.fault}"))
