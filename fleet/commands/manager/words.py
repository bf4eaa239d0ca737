"""All words of a fleet manager."""

import argparse
from collections.abc import Callable
from typing import Any

from fleet.commands.manager import begin, codes, export, lists, orders, rollouts, settings, terminals
from texts import Lang, t


def parsers(
    commands: Any, common: argparse.ArgumentParser, lang: Lang, parser: Callable[[], argparse.ArgumentParser]
) -> None:
    """Register them; `parser` gives the whole command line."""

    def say(name: str) -> str:
        return t("manager", lang, f"help__{name}").replace("%", "%%")

    begin.parsers(commands, common, say, parser)
    terminals.parsers(commands, common, say)
    settings.parsers(commands, common, say)
    rollouts.parsers(commands, common, say)
    rollouts.policy_parsers(commands, common, say)
    orders.parsers(commands, common, say)
    codes.parsers(commands, common, say)
    lists.parsers(commands, common, say)
    export.parsers(commands, common, say)
