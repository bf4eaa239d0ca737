"""Every text a person reads, in Chinese (the source language) and English: one TOML file per room and language.

`texts/ROOM.zh.toml` and `texts/ROOM.en.toml` hold tables `[area]` of `name = "…"`; a key is `area__name`. Arguments stand
in braces: `"还有 {count} 笔待上传"`.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")


@lru_cache(maxsize=16)
def catalogue(room: str, lang: Lang) -> dict[str, str]:
    """All texts of a room in one language, by key. Raises `FileNotFoundError` for an unknown room."""
    tables = tomllib.loads(files("texts").joinpath(f"{room}.{lang}.toml").read_text(encoding="utf-8"))
    return {f"{area}__{name}": text for area, texts in tables.items() for name, text in texts.items()}


def t(room: str, lang: Lang, key: str, **args: object) -> str:
    """The text of `key` with its arguments filled in. Raises `KeyError` for an unknown key or a missing argument."""
    return catalogue(room, lang)[key].format(**args)
