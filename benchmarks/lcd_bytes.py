"""Bytes to the LCD for a key ÷ the spans that changed (`benchmarks.lcd` measures)."""

from benchmarks import lcd
from benchmarks.harness import Figure, Scale

WHY = "commands and window of each box stand around its pixels; many small boxes cost more"


def measure(scale: Scale) -> list[Figure]:
    """The worst key, and the bytes of the two commonest."""
    sent = lcd.traffic()
    worst = max(sent, key=lambda one: one.ratio)
    figures = [
        Figure(
            "LCD bytes ÷ changed spans, worst key", worst.ratio, "×", lcd.LIMITS["bytes_ratio"],
            detail=f"{worst.name}: {worst.sent_bytes} B ÷ {worst.span_bytes} B", why=WHY,
        )
    ]  # fmt: skip
    whole = lcd.whole_frame_bytes()
    for name, limit in (("digit", "digit_bytes"), ("menu step", "menu_bytes")):
        most = max(one.sent_bytes for one in sent if one.name == name)
        detail = f"a whole frame is {whole} B, so {whole / most:.0f} times as much"
        figures.append(Figure(f"LCD bytes of a {name}", most, "B", lcd.LIMITS[limit], detail=detail, why=WHY))
    return figures
