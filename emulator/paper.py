"""Slips as one picture: hung below each other, as they lie on the counter."""

from collections.abc import Sequence

from PIL import Image

GAP_PX = 24
TABLE = (214, 218, 224)
"""The counter the paper lies on."""

ROLL_PX_MAX = 60_000
"""A longer roll is shown from its newest end."""


def roll(slips: Sequence[Image.Image]) -> Image.Image:
    """All slips from the oldest (top) to the newest; an empty strip of counter when there is none."""
    width = max((slip.width for slip in slips), default=384) + 2 * GAP_PX
    shown: list[Image.Image] = []
    height = GAP_PX
    for slip in reversed(slips):
        if shown and height + slip.height + GAP_PX > ROLL_PX_MAX:
            break
        shown.insert(0, slip)
        height += slip.height + GAP_PX
    picture = Image.new("RGB", (width, height), TABLE)
    top = GAP_PX
    for slip in shown:
        mask = slip.getchannel("A") if slip.mode == "RGBA" else None
        picture.paste(slip.convert("RGB"), ((width - slip.width) // 2, top), mask)
        top += slip.height + GAP_PX
    return picture
