"""A kernel framebuffer, written a whole frame at a time. Import in the display worker only.

Its shape is read from sysfs (`/sys/class/graphics/fbN`: `virtual_size`, `bits_per_pixel`, `stride`), which needs no
ioctl. The kernel's own driver sends what it must; a whole frame of 320 x 240 is 150 or 300 kB of memory copy.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from firmware.drivers.display.panel import HEIGHT, WIDTH, rgb565_planes

SYSFS = Path("/sys/class/graphics")


@dataclass(frozen=True, slots=True)
class FbInfo:
    """Shape of a framebuffer; `stride_bytes` is the distance between rows, at least a row of pixels."""

    width: int
    height: int
    bits: Literal[16, 32]  # RGB565 or XRGB8888, both little-endian
    stride_bytes: int


def read_fbinfo(device: Path, sysfs: Path = SYSFS) -> FbInfo:
    """The shape of `/dev/fbN`. Raises `OSError` when it is not there, `ValueError` for a shape we cannot write."""
    folder = sysfs / device.name
    width, height = (int(part) for part in (folder / "virtual_size").read_text().split(","))
    bits = int((folder / "bits_per_pixel").read_text())
    stride = int((folder / "stride").read_text())
    if bits not in (16, 32) or width < WIDTH or height < HEIGHT or stride < width * bits // 8:
        raise ValueError(f"{device}: {width} x {height}, {bits} bits, {stride} bytes a row cannot hold our frame")
    return FbInfo(width, height, 16 if bits == 16 else 32, stride)


class FramebufferPanel:
    """Writes pictures of mode P into the middle of a framebuffer. Raises `OSError` when the device fails."""

    def __init__(self, path: Path, info: FbInfo) -> None:
        self.written = 0
        self._info = info
        self._palette: list[int] = []
        self._planes: tuple[bytes, ...] = ()
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._blank()

    def display(self, image: Image.Image) -> None:
        """Write the whole frame."""
        assert image.mode == "P", image.mode
        assert image.size == (WIDTH, HEIGHT), image.size
        palette = image.getpalette() or []
        if palette != self._palette:
            self._palette, self._planes = palette, planes(palette, self._info.bits)
        frame = woven(image.tobytes(), self._planes)
        row = len(frame) // HEIGHT
        pixel = self._info.bits // 8
        left, top = (self._info.width - WIDTH) // 2, (self._info.height - HEIGHT) // 2
        start = top * self._info.stride_bytes + left * pixel
        if self._info.stride_bytes == row:
            self._write(frame, start)
            return
        for y in range(HEIGHT):
            self._write(frame[y * row : (y + 1) * row], start + y * self._info.stride_bytes)

    def close(self) -> None:
        """Free the device; again is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _blank(self) -> None:
        """What lies around our frame is black."""
        if (self._info.width, self._info.height) != (WIDTH, HEIGHT):
            self._write(bytes(self._info.stride_bytes * self._info.height), 0)

    def _write(self, data: bytes, start: int) -> None:
        rest = memoryview(data)
        while rest:
            count = os.pwrite(self._fd, rest, start)
            rest, start = rest[count:], start + count
            self.written += count


def planes(palette: list[int], bits: Literal[16, 32]) -> tuple[bytes, ...]:
    """Tables palette index -> byte of a pixel, in the order of memory (little-endian)."""
    if bits == 16:
        high, low = rgb565_planes(palette)
        return low, high
    padded = bytes([*palette, *[0] * (768 - len(palette))])
    return padded[2::3], padded[1::3], padded[0::3], b"\xff" * 256


def woven(frame: bytes, tables: tuple[bytes, ...]) -> bytes:
    """Indices -> pixels: one table for each byte of a pixel."""
    pixels = bytearray(len(tables) * len(frame))
    for place, table in enumerate(tables):
        pixels[place :: len(tables)] = frame.translate(table)
    return bytes(pixels)
