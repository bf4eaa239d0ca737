"""A view in words: texts in their language, and the lines a person reads from top to bottom. Pure."""

from collections.abc import Callable, Iterator
from typing import assert_never

from firmware.view import Big, Block, Chips, Field, Gap, Items, Lang, Para, QrCode, Row, Rule, Say, Text, View
from texts import t

MASK = "•"
CURSOR = "_"
SELECTED = "> "


def speak(lang: Lang, say: Say) -> str:
    """`say` in `lang`: data as it is, a `Text` from the catalogue of the room `firmware`, its arguments first.

    Raises `KeyError` for a key or an argument the catalogue does not know: a fault of the screen, which the walk finds.
    """
    if isinstance(say, str):
        return say
    args = {name: speak(lang, value) if isinstance(value, Text) else value for name, value in say.args}
    return t("firmware", lang, say.key, **args)


def lines(view: View, say: Callable[[Say], str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Title, body lines and hints of `view` as text, for the diagnosis socket and for tests.

    The parts of a row are joined by a space; the selected entry starts with `> `; a focused field ends with `_`; typed
    secrets are dots. A page indicator `2/5` is a line of its own after its list. Nothing is cut or wrapped.
    """
    body = tuple(line for block in view.body for line in _block(block, say) if line)
    return say(view.title), body, tuple(f"{hint.key} {say(hint.text)}" for hint in view.hints)


def _block(block: Block, say: Callable[[Say], str]) -> Iterator[str]:
    match block:
        case Row(left=left, right=right):
            yield _joined(say(left), say(right))
        case Big(label=label, value=value):
            yield _joined(say(label), say(value))
        case Para(text=text):
            yield from say(text).splitlines()
        case Field():
            yield _joined(say(block.label), shown(block) + (CURSOR if block.focus else ""))
        case Items():
            yield from _items(block, say)
        case Chips(labels=labels, selected=selected):
            yield "  ".join(f"{SELECTED if at == selected else ''}{say(label)}" for at, label in enumerate(labels))
        case QrCode(data=data, words=words):
            yield data
            yield say(words)
        case Rule() | Gap():
            return
        case _:
            assert_never(block)


def _items(block: Items, say: Callable[[Say], str]) -> Iterator[str]:
    for index, item in enumerate(block.items):
        mark = SELECTED if index == block.selected else ""
        yield mark + _joined(item.number, say(item.left), say(item.right))
        yield say(item.note)
    if block.pages > 1:
        yield f"{block.page}/{block.pages}"


def shown(field: Field) -> str:
    """What a field shows of its value: dots when it is masked."""
    return MASK * len(field.value) if field.masked else field.value


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
