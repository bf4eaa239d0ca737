"""Bytes of a receipt to the printer ÷ its text in GB18030, and against python-escpos' raster of the same picture.

The text is what stands on the paper, line by line, blanks between columns included: what any way of printing text must
send. The picture is the slip's rows drawn at 24 dots, as shops do whose printers lack a Chinese font.
"""

from PIL import Image, ImageDraw, ImageFont

from benchmarks.harness import Figure, Scale
from firmware.drivers.printer.encode import Code2d, encode
from firmware.drivers.printer.glyphs import FontGlyphs
from firmware.drivers.printer.model import Model, model_for
from firmware.render import find_font
from wire.layout import layout, text_of
from wire.receipt import Receipt, ReceiptLine

RATIO_MAX = 1.05
WHY = "commands for alignment, size and the fence stand beside the text"
CELL_DOTS, LINE_DOTS = 24, 30
BITS_A_BYTE = 10
"""A byte on a serial line: start, eight bits, stop."""

NAMES = (
    "可口可乐500ml", "农夫山泉饮用天然水", "康师傅红烧牛肉面", "卫龙大面筋辣条", "特仑苏纯牛奶250ml*12", "红富士苹果",
    "奥利奥夹心饼干", "心相印抽纸三层", "青岛啤酒500ml", "旺旺雪饼",
)  # fmt: skip


def measure(scale: Scale) -> list[Figure]:
    """A short and a long receipt on both papers."""
    figures = []
    for goods in (3, 10):
        for paper in (58, 80):
            figures += _of(_receipt(goods), model_for(paper, virtual=True), f"{goods} goods, {paper} mm")
    return figures


def _receipt(goods: int) -> Receipt:
    lines = tuple(ReceiptLine(name, 1000 * (n % 3 + 1), 350, 350 * (n % 3 + 1)) for n, name in enumerate(NAMES[:goods]))
    total = sum(line.amount_fen for line in lines)
    return Receipt(
        "sale", "zh", "好邻居便利店(人民路店)", "000123-000045", "2026-11-22", "15:30:12", True, "00010023", "01", "000123",
        lines, sum(line.quantity_milli for line in lines), total, 0, total, 10_000, 10_000 - total,
        footer=("谢谢惠顾 欢迎再次光临",),
    )  # fmt: skip


def _of(receipt: Receipt, model: Model, name: str) -> list[Figure]:
    rows = layout(receipt, model.columns)
    text = text_of(rows, model.columns)
    encoded = encode(rows, model, FontGlyphs(), _no_qr)
    assert not encoded.missing
    sent = sum(map(len, encoded.pieces))
    plain = len("".join(line + "\n" for line in text).encode("gb18030"))
    raster = len(_raster(_picture(text, model.dots)))
    detail = f"{sent} B ÷ {plain} B, {len(text)} lines"
    return [
        Figure(f"receipt ÷ its text, {name}", sent / plain, "×", RATIO_MAX, detail=detail, why=WHY),
        Figure(
            f"python-escpos' raster ÷ ours, {name}", raster / sent, "×",
            detail=f"{raster} B; at 9600 baud {_seconds(raster):.1f} s instead of {_seconds(sent):.2f} s",
        ),
    ]  # fmt: skip


def _no_qr(content: str) -> Code2d | None:
    raise AssertionError("this slip has no QR code")


def _seconds(sent: int) -> float:
    return sent * BITS_A_BYTE / 9_600


def _picture(text: list[str], dots: int) -> Image.Image:
    font = ImageFont.truetype(find_font(), CELL_DOTS, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("1", (dots, LINE_DOTS * len(text)), 1)
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(text):
        pen.text((0, LINE_DOTS * row), line, fill=0, font=font)
    return picture


def _raster(picture: Image.Image) -> bytes:
    from escpos.printer import Dummy

    peer = Dummy(profile="NT-80-V-UL")
    peer.image(picture)
    return bytes(peer.output)
