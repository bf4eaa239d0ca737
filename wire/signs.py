"""Signs put together from parts, for a font that draws them as nothing."""

import unicodedata

_ACCENTS = {
    "\u0300": "`",
    "\u0301": "\u00b4",
    "\u0308": "\u00a8",
    "\u030c": "\u02c7",
    "\u02ca": "\u00b4",
    "\u02cb": "`",
}


def parts(char: str, inked: bool) -> tuple[str, ...]:
    """What to draw over one another for `char`. WenQuanYi Micro Hei 0.2.0 draws 13 composed characters of GBK, ℃ and ǎ
    among them, as nothing, and half of ½; `inked`: the font draws something for it."""
    folded = unicodedata.normalize("NFKD", char)
    if inked and "\u2044" not in folded:
        return (char,)
    base = "".join(part for part in folded if part not in _ACCENTS)
    return (base, *(_ACCENTS[part] for part in folded if part in _ACCENTS))
