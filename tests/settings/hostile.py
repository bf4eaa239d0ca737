"""Documents nobody should ever take: more than a thousand, from one seed, each with where its fault is."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rules.settings import defaults, document
from tests.counter import DAY_MS
from tests.settings.fleet import TERMINAL, desired

REV = 1_000


@dataclass(frozen=True)
class Hostile:
    """One document: what is wrong with it, the text, whether its signature is right, and the path of its fault."""

    what: str
    text: str
    path: str
    trusted: bool = True


Make = Callable[[random.Random, int], Hostile]


def hostile(seed: int, count: int) -> Iterator[Hostile]:
    """So many, of every kind in turn."""
    chance = random.Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](chance, REV + number)


def whole() -> dict[str, Any]:
    """A whole and good document, to be spoiled."""
    doc: dict[str, Any] = json.loads(json.dumps(document(defaults()), ensure_ascii=False))
    doc.pop("revision")
    return doc


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every leaf: its path, what holds it, and its name or place there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        here = f"{path}[{name}]" if isinstance(value, list) else f"{path}.{name}".lstrip(".")
        if isinstance(inner, dict | list) and inner:
            yield from places(inner, here)
        else:
            yield here, value, name


def tables(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table, with its path."""
    if isinstance(value, dict):
        yield path, value
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        here = f"{path}[{name}]" if isinstance(value, list) else f"{path}.{name}".lstrip(".")
        if isinstance(inner, dict | list):
            yield from tables(inner, here)


# --- the envelope -----------------------------------------------------------------------------------------------------


def unsigned(chance: random.Random, rev: int) -> Hostile:
    return Hostile("signature", desired(rev, {"terminal": {"volume": chance.randrange(4)}}), "signature", False)


def elsewhere(chance: random.Random, rev: int) -> Hostile:
    who = chance.choice(("terminal:00010024", "group:all", f"group:{TERMINAL}", "terminal:0001002", "terminal:x"))
    return Hostile("audience", desired(rev, {}, who), "audience")


def old(chance: random.Random, rev: int) -> Hostile:
    return Hostile("replay", desired(chance.randrange(1, 5), {"shop": {"branch": str(rev)}}), "rev")


def over(chance: random.Random, rev: int) -> Hostile:
    return Hostile("expired", desired(rev, {}, expires_ms=DAY_MS - chance.randrange(1, 10**9)), "expires_ms")


def envelope(chance: random.Random, rev: int) -> Hostile:
    body = json.loads(desired(rev, {}))
    name = chance.choice(("rev", "audience", "expires_ms", "not_before_ms", "extra", "document", "blobs"))
    if name == "extra":
        body["extra"] = 1
    elif name in ("document", "blobs"):
        body[name] = chance.choice((1, "x", True))
    else:
        body[name] = chance.choice((-1, [], {}, "", 2**80, True, None))
    return Hostile(f"envelope {name}", json.dumps(body), "$" if name == "document" else name)


# --- the text ---------------------------------------------------------------------------------------------------------


def huge(chance: random.Random, rev: int) -> Hostile:
    size = chance.choice((60_001, 200_000, 10_000_000))
    return Hostile("too large", desired(rev, {"shop": {"name": "x" * size}}), "$")


def torn(chance: random.Random, rev: int) -> Hostile:
    text = desired(rev, whole())
    return Hostile("torn", text[: chance.randrange(1, len(text) - 1)], "$")


def noise(chance: random.Random, rev: int) -> Hostile:
    signs = '{}[]",:0123456789truefalsn\\u\ud800\x00'
    return Hostile("noise", "".join(chance.choice(signs) for _ in range(chance.randrange(1, 400))), "$")


def deep(chance: random.Random, rev: int) -> Hostile:
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}")))
    depth = chance.choice((17, 60, 900, 5_000))
    nested = opening * depth + "1" + closing * depth
    text = desired(rev, {"shop": "HERE"}).replace('"HERE"', nested)
    return Hostile("deep", text, "")


def twice(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    path, holder, name = chance.choice([each for each in places(doc) if isinstance(each[1], dict)])
    value = json.dumps(holder[name], ensure_ascii=False)
    holder[name] = "HERE"
    text = desired(rev, doc).replace('"HERE"', f"{value}, {json.dumps(name)}: {value}")
    return Hostile("twice", text, path)


# --- the document -----------------------------------------------------------------------------------------------------


def unknown(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    path, table = chance.choice([each for each in tables(doc) if not each[0].startswith(FREE)])
    table["zzz"] = chance.choice((1, "x", {}, []))
    return Hostile("unknown", desired(rev, doc), f"{path}.zzz".lstrip("."))


FREE = ("rights", "vouchers.shop_numbers")
"""Tables whose names are data."""


def wrong_type(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    path, holder, name = chance.choice(list(places(doc)))
    holder[name] = chance.choice(({"x": 1}, [[1]], None, {"": []}))
    return Hostile("type", desired(rev, doc), path)


def bad_number(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    found = [each for each in places(doc) if type(each[1][each[2]]) is int]
    path, holder, name = chance.choice(found)
    number = chance.choice(("NaN", "Infinity", "-Infinity", "1e400", "0.5", "1.0", "9" * 5_000, "-" + "9" * 30, "2e1"))
    holder[name] = "HERE"
    return Hostile("number", desired(rev, doc).replace('"HERE"', number), path)


def beyond(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    found = [each for each in places(doc) if type(each[1][each[2]]) is int]
    path, holder, name = chance.choice(found)
    holder[name] = chance.choice((-(2**31), 2**62, -1_000_000_000))
    return Hostile("beyond", desired(rev, doc), path)


def hidden(chance: random.Random, rev: int) -> Hostile:
    doc = whole()
    path, holder, name = chance.choice([each for each in places(doc) if isinstance(each[1][each[2]], str)])
    sign = chance.choice(("\x00", "\x1b[2J", "\n", "\u202e", "\ud800", "\udfff", "\u2028", "\u200b"))
    holder[name] = f"a{sign}b"
    body = json.loads(desired(rev, {}))
    body["document"] = doc
    return Hostile("hidden", json.dumps(body), path)


def hidden_name(chance: random.Random, rev: int) -> Hostile:
    body = json.loads(desired(rev, {}))
    body["document"] = {f"a{chance.choice(chr(0) + chr(27) + chr(0x202E) + chr(0xD800))}b": 1}
    return Hostile("hidden name", json.dumps(body), "a·b")


def lock_out(chance: random.Random, rev: int) -> Hostile:
    staff = chance.choice((
        [{"number": "01"}, {"number": "99"}], [{"number": "00"}, {"number": "01"}],
        [{"number": "00", "active": False}, {"number": "01"}, {"number": "99"}], [{"number": "00"}], [],
        [{"number": "00"}, {"number": "00"}, {"number": "99"}],
    ))  # fmt: skip
    return Hostile("lock-out", desired(rev, {"operators": staff}), "operators")


SENSELESS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"tenders": {"cash": False}}, "tenders.cash"),
    ({"cash": {"enabled": False}}, "cash.enabled"),
    ({"cash": {"rounding": "up"}}, "cash.rounding"),
    ({"rights": {"cashier": {"sale": "no"}}}, "rights.cashier.sale"),
    ({"rights": {"supervisor": {"override": "no"}}}, "rights.supervisor.override"),
    ({"rights": {"cashier": {"override": "yes"}}}, "rights.cashier.override"),
    ({"rights": {"nobody": {"sale": "yes"}}}, "rights.nobody"),
    ({"tax": {"rates": []}}, "tax.rates"),
    ({"tax": {"rates": [{"kind": "zero", "valid_from": "2020-01-01", "rate_bp": 0}]}}, "tax.rates"),
    ({"tax": {"rates": [{"kind": "standard", "valid_from": "2020-02-31", "rate_bp": 0}]}}, "tax.rates"),
    ({"sale": {"amount_max_fen": 0}}, "sale.amount_max_fen"),
    ({"cash": {"quick_steps_fen": [500, 100]}}, "cash.quick_steps_fen"),
    ({"tenders": {"channels": [{"channel": "wechat", "pattern": "(((("}]}}, "tenders.channels[0].pattern"),
    ({"tenders": {"channels": [{"channel": "wechat", "pattern": "(a+)+$" * 30}]}}, "tenders.channels[0].pattern"),
    ({"slips": {"logo": "!!!!"}}, "slips.logo"),
    ({"local": {"fixed": ["../etc"]}}, "local.fixed"),
)


def senseless(chance: random.Random, rev: int) -> Hostile:
    doc, path = chance.choice(SENSELESS)
    return Hostile("sense", desired(rev, doc), path)


KINDS: tuple[Make, ...] = (
    unsigned, elsewhere, old, over, envelope, huge, torn, noise, deep, twice, unknown, unknown, unknown, wrong_type,
    wrong_type, wrong_type, bad_number, bad_number, beyond, hidden, hidden, hidden_name, lock_out, senseless, senseless,
)  # fmt: skip
