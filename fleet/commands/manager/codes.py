"""`posfleet code`: the one-use code of a supervisor who is away, to be said over the telephone."""

import argparse
from typing import Any

from fleet.admin import CodeMade, MakeCode
from fleet.commands.look import moment, put
from fleet.commands.manager.asking import Say, ask, json_word, tell, why_words, wrong_value
from texts import Lang

HALF = 4
"""Digits are said in two halves."""


def parsers(commands: Any, common: argparse.ArgumentParser, say: Say) -> None:
    """Its words. The secret the code is made of is never among them: it is in the terminal's settings."""
    it = commands.add_parser("code", parents=[common], help=say("code"), description=say("code_more"))
    it.add_argument("terminal", metavar="ID", help=say("id"))
    it.add_argument("supervisor", metavar="NO", help=say("code_supervisor"))
    why_words(it, say, required=True)
    json_word(it, say)
    it.set_defaults(run=made)


def made(options: argparse.Namespace, lang: Lang) -> int:
    """Show the code and until when it is taken."""
    request = wrong_value(lambda: MakeCode(terminal=options.terminal, supervisor=options.supervisor))
    reply = ask(options, request, CodeMade)
    if options.json:
        put(reply)
    else:
        tell(lang, "code__made", code=f"{reply.code[:HALF]} {reply.code[HALF:]}", until=moment(reply.until_ms))
    return 0
