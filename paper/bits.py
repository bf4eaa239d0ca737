"""Blocks of dots from the forms in which ESC/POS carries them."""

from collections.abc import Sequence

from paper.rows import Graphic, GraphicKind


def raster(row_bytes: int, height: int, data: bytes, across: int, down: int) -> Graphic:
    """`GS v 0` and its kin: rows of bytes, each dot drawn `across` x `down` times (1 or 2)."""
    rows = (data[y * row_bytes : (y + 1) * row_bytes] for y in range(height))
    stretched = [_doubled(row) if across == 2 else row for row in rows]
    bits = b"".join(row * down for row in stretched)
    return Graphic(0, row_bytes * 8 * across, height * down, bits)


def columns(data: bytes, column_bytes: int, across: int) -> Graphic:
    """`ESC *`: columns from left to right, `column_bytes` 1 or 3 top to bottom; always 24 dots high."""
    count, down = len(data) // column_bytes, 3 if column_bytes == 1 else 1
    grid = []
    for y in range(column_bytes * 8):
        row = [data[x * column_bytes + y // 8] >> (7 - y % 8) & 1 for x in range(count) for _ in range(across)]
        grid.extend([row] * down)
    return drawn(grid, 1, "image", "")


def drawn(grid: Sequence[Sequence[int]], scale: int, kind: GraphicKind, text: str) -> Graphic:
    """A graphic from rows of 0 and 1, each cell `scale` x `scale` dots."""
    width = len(grid[0]) * scale if grid else 0
    packed = b"".join(_packed([cell for cell in row for _ in range(scale)]) * scale for row in grid)
    return Graphic(0, width, len(grid) * scale, packed, kind, text)


def _packed(row: Sequence[int]) -> bytes:
    size = (len(row) + 7) // 8
    number = int("".join("1" if cell else "0" for cell in row).ljust(size * 8, "0") or "0", 2)
    return number.to_bytes(size, "big")


def _doubled(row: bytes) -> bytes:
    return b"".join(_DOUBLED[byte] for byte in row)


def _double(byte: int) -> bytes:
    return sum(3 << (2 * bit) for bit in range(8) if byte >> bit & 1).to_bytes(2, "big")


_DOUBLED = tuple(_double(byte) for byte in range(256))
