"""Slips as pictures: with the margins of real paper, and all of them hung below each other on the counter."""

from collections.abc import Sequence

from PIL import Image

MARGIN_PX = 32
"""The head does not reach the edges: 58 mm paper has 48 mm of dots."""

TOP_PX = 20
GAP_PX = 24
TABLE = (214, 218, 224)
"""The counter the paper lies on."""

ROLL_PX_MAX = 60_000
"""A longer roll is shown from its newest end."""


def sheet(printed: Image.Image) -> Image.Image:
    """The dots of a slip on their paper. Where the slip is torn, the margins are torn with it."""
    ink, paper = printed.convert("LA").split()
    size = (printed.width + 2 * MARGIN_PX, printed.height + TOP_PX)
    light, shape = Image.new("L", size, 255), Image.new("L", size, 255)
    light.paste(ink, (MARGIN_PX, TOP_PX), paper)
    shape.paste(paper, (MARGIN_PX, TOP_PX))
    for column, left in ((0, 0), (printed.width - 1, printed.width + MARGIN_PX)):
        edge = paper.crop((column, 0, column + 1, printed.height))
        shape.paste(edge.resize((MARGIN_PX, printed.height)), (left, TOP_PX))
    return Image.merge("LA", (light, shape))


def roll(sheets: Sequence[Image.Image]) -> Image.Image:
    """All sheets from the oldest (top) to the newest; an empty strip of counter when there is none."""
    width = max((sheet.width for sheet in sheets), default=384) + 2 * GAP_PX
    shown: list[Image.Image] = []
    height = GAP_PX
    for sheet_ in reversed(sheets):
        if shown and height + sheet_.height + GAP_PX > ROLL_PX_MAX:
            break
        shown.insert(0, sheet_)
        height += sheet_.height + GAP_PX
    picture = Image.new("RGB", (width, height), TABLE)
    top = GAP_PX
    for sheet_ in shown:
        picture.paste(sheet_.convert("RGB"), ((width - sheet_.width) // 2, top), sheet_.getchannel("A"))
        top += sheet_.height + GAP_PX
    return picture
