"""Reading a screen as a person does: what it is, what it asks, what sums it shows. Nothing but the drawn `View` is used."""

import re

from firmware.view import Big, Chips, Field, Item, Items, Para, Row, Say, Text, View

_OPERATOR = re.compile(r"\d{2}")
_CODE = re.compile(r"\[(\d{4})\]")


def key_of(say: Say) -> str:
    """Which text stands there; "" for data."""
    return say.key if isinstance(say, Text) else ""


def number_in(say: Say, name: str) -> int:
    """A number that stands in a text."""
    assert isinstance(say, Text)
    value = dict(say.args)[name]
    assert not isinstance(value, Text)
    return int(value)


def word_in(say: Say, name: str) -> str:
    """A word that stands in a text."""
    assert isinstance(say, Text)
    return str(dict(say.args)[name])


def fen(shown: Say) -> int:
    """Fen of an amount as shown: "12.30" is 1230, "5" is 500."""
    assert isinstance(shown, str)
    whole, _, cents = shown.removesuffix("/kg").partition(".")
    return int(whole + (cents or "00"))


def operator(view: View) -> str:
    """Number of who is signed on, from the status bar; "" for nobody."""
    found = _OPERATOR.search(view.status.operator)
    return found[0] if found else ""


def screen(view: View) -> str:
    """Name of the screen; wizards by what they are about: `signon`, `newpin`, `shift`."""
    return key_of(view.title).partition("__")[0] if view.name == "Wizard" else view.name


def asked(view: View) -> Field | None:
    """The field with the cursor."""
    return next((block for block in view.body if isinstance(block, Field) and block.focus), None)


def field(view: View, key: str) -> Field | None:
    """The field of that label."""
    return next((block for block in view.body if isinstance(block, Field) and key_of(block.label) == key), None)


def row_keys(view: View) -> set[str]:
    """Which texts stand at the left of the rows."""
    return {key_of(block.left) for block in view.body if isinstance(block, Row)}


def big(view: View, key: str) -> int | None:
    """A sum in large digits, fen."""
    found = (block.value for block in view.body if isinstance(block, Big) and key_of(block.label) == key)
    return next((fen(value) for value in found), None)


def row(view: View, key: str) -> Row | None:
    """The row of that label."""
    return next((block for block in view.body if isinstance(block, Row) and key_of(block.left) == key), None)


def items(view: View) -> tuple[tuple[Item, ...], int]:
    """The list shown and which entry is chosen."""
    found = next((block for block in view.body if isinstance(block, Items)), None)
    return (found.items, found.selected) if found else ((), -1)


def chips(view: View) -> tuple[int, ...]:
    """The sums offered, fen."""
    return tuple(fen(label) for block in view.body if isinstance(block, Chips) for label in block.labels)


def sum_is_typed(view: View) -> bool:
    """Whether a sum is being typed, so that none of those offered is chosen."""
    return any(isinstance(block, Chips) and block.selected < 0 for block in view.body)


def pages(view: View) -> tuple[int, int]:
    """Page and pages of the list."""
    found = next((block for block in view.body if isinstance(block, Items)), None)
    return (found.page, found.pages) if found else (1, 1)


def refusal(view: View) -> int:
    """The code of a refusal; 0 when none is readable."""
    for block in view.body:
        if isinstance(block, Para) and isinstance(block.text, str) and (found := _CODE.search(block.text)):
            return int(found[1])
    return 0


def basket(view: View) -> tuple[int, int] | None:
    """Lines and total of the basket, where the screen shows them."""
    match view.name:
        case "BasketScreen":
            total = next(block.value for block in view.body if isinstance(block, Big))
            return number_in(view.title, "lines"), fen(total)
        case "Idle":
            return 0, 0
        case _:
            return None


def kept(view: View) -> tuple[int, int]:
    """Lines and total of the basket a boot offers."""
    words = next(block.text for block in view.body if isinstance(block, Para))
    assert isinstance(words, Text)
    return number_in(words, "lines"), fen(str(dict(words.args)["total"]))


def times(view: View) -> int:
    """The multiplier waiting on the basket screen; 0: none."""
    found = row(view, "basket__times")
    return number_in(found.left, "times") if found else 0


def codes(view: View) -> list[str]:
    """Every error code that stands on the screen, wherever."""
    said = [
        block.text if isinstance(block, Para) else block.left for block in view.body if isinstance(block, Para | Row)
    ]
    return [found[1] for text in said if isinstance(text, str) and (found := _CODE.match(text))]


def shift_sales(view: View) -> tuple[int, int | None] | None:
    """Sales of the shift so far and their sum, as the idle screen shows them: a cashier is not told the sum."""
    found = row(view, "idle__sales")
    return (number_in(found.left, "sales"), fen(found.right) if found.right else None) if found else None
