"""The fallback: any device luma knows, drawn whole by luma's own code. Import in the display worker only."""

import importlib
from typing import Any

from PIL import Image

from firmware.drivers.display.wires import LIGHT, Wire


class AnyLuma:
    """Wraps a luma device; our picture is centred on larger glass. Raises `OSError` when its wire fails."""

    def __init__(self, device: Any, wire: Wire) -> None:
        self._device, self._wire = device, wire
        device.persist = True

    @property
    def written(self) -> int:
        return self._wire.written

    def display(self, image: Image.Image) -> None:
        """Hand the picture over in the colours the device has."""
        whole = Image.new(self._device.mode, self._device.size)
        spot = ((whole.width - image.width) // 2, (whole.height - image.height) // 2)
        whole.paste(image.convert(self._device.mode), spot)
        self._device.display(whole)

    def close(self) -> None:
        self._device.cleanup()


def make_device(name: str, serial: Any, wire: Wire, options: dict[str, int]) -> Any:
    """The luma device `module:class`, such as `luma.lcd.device:ili9486`, with the options of its constructor.

    Raises `ValueError` when there is no such device or its glass is smaller than our frame.
    """
    module, _, kind = name.partition(":")
    try:
        maker = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError) as missing:
        raise ValueError(f"display: luma has no device {name}") from missing
    device = maker(serial, gpio=wire, gpio_LIGHT=LIGHT, **options)
    if device.width < 320 or device.height < 240:
        raise ValueError(f"display: {name} has only {device.width} x {device.height} pixels")
    return device
