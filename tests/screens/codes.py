"""Which codes of the error table the firmware can show, read from its source: a new one cannot be forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

from rules.errors import errors

ROOT = Path(__file__).parents[2]

UNWALKED = {
    4007: "a low battery stands beside everything at home: all of it would be walked twice",
}
"""Codes of refusals that the walk does not meet; `test_codes` has a way to each."""

HEARD = {
    5011: "of a late or doubled payment's refund: the channel has reversed all of it, which is recorded as given back",
}
"""Codes of a channel that a subject compares and keeps in a record of success, and refuses nothing with: the screen shows
them where the channel says them of a payment (`money_codes.CHANNEL`)."""

PUSHED = {
    1008: "a settings document that is too large: on record",
    1010: "a change at the terminal while a document is kept and not in force yet",
    2019: "settings without the fleet's signature: on record",
    9004: "a settings document or a changed setting that makes no sense",
}
"""Codes of settings that come from afar or are changed here: tests/settings meets each."""

SAYING = ("refuse", "Refusal", "Trouble", "lacking")
"""Calls whose first argument may be a code that somebody is told."""


def _calls(folder: str, names: tuple[str, ...]) -> Iterator[int]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
                yield from (n for arg in node.args[:1] for n in _numbers(arg))


def _numbers(node: ast.expr) -> Iterator[int]:
    """Codes in an expression: `6007`, `8001 if … else 8003`, `{"did_not_open": 8001}.get(…)`."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, int) and 1000 < each.value < 10_000:
            yield each.value


def _constants(path: str) -> Iterator[int]:
    """Codes a module names: `UNKNOWN_ITEM, BAD_CHECK = 6001, 6004`, and default values of fields."""
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            yield from _numbers(node.value)


def business_codes() -> Iterator[int]:
    """Every number in the subjects that is a code; how the ledger's own are met is another question."""
    for path in sorted((ROOT / "firmware/txn").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if "OVERRIDABLE" not in ast.unparse(node).partition("=")[0]]
        numbers = (n for node in ast.walk(tree) if isinstance(node, ast.Constant) for n in _numbers(node))
        if path.name not in ("ledger.py", "ballast.py"):
            yield from (n for n in numbers if n in errors())


def said_codes() -> set[int]:
    """Codes the subjects and screens name where they refuse or report."""
    return set(_calls("firmware/txn", SAYING)) | set(_calls("firmware/screens", SAYING))


def refused_codes() -> set[int]:
    """Codes commands and screens refuse with; those of scans and rights come from the rules."""
    commands = set(business_codes()) - set(HEARD) | said_codes()
    rules = set(_constants("rules/codes.py")) | set(_constants("rules/rights.py"))
    rules |= set(_constants("rules/drawer_rules.py"))
    return (commands | rules) - set(PUSHED)


def device_codes() -> set[int]:
    """Codes the terminal says of devices and of itself."""
    desks = {*_constants("firmware/desks/drawer.py"), *_constants("firmware/desks/link.py")}
    return (desks | set(_calls("firmware", ("refused", "_missing", "Trouble")))) & set(errors())


def printer_codes() -> set[int]:
    """Codes a print job can end with, and those of a printer that is asked how it is."""
    found: set[int] = set()
    for name in ("status", "job", "driver"):
        path = f"firmware/drivers/printer/{name}.py"
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        found |= {n for node in ast.walk(tree) if isinstance(node, ast.expr) for n in _numbers(node) if 4000 < n < 4100}
    return found


def link_codes() -> set[int]:
    """Codes a link can be down with."""
    return {code for code in _constants("firmware/drivers/uplink/trouble.py") if 1000 < code < 1100}
