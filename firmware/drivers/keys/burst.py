"""Bytes of one scanner -> finished scans. Pure: time comes in as milliseconds."""

from firmware.events import Scanned, ScanRejected
from rules.barcodes import SCAN_CHARS_MAX, clean_scan, has_hidden, strip_aim

TERMINATORS = b"\r\n\t"
GS = "\x1d"
BURST_BYTES_MAX = 4 * SCAN_CHARS_MAX
"""The longest UTF-8 or GB18030 spelling of the longest scan."""

Outcome = Scanned | ScanRejected


def decode(raw: bytes) -> str | None:
    """The text of a scan: UTF-8 strictly, then GB18030 (domain 7.4); None when it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read_scan(raw: bytes, device_ms: int, gs_substitute: str = "") -> Outcome | None:
    """The event of one whole burst without its terminator; None when there is nothing in it.

    A scan with control or hidden characters inside (GS of GS1 codes aside) is damaged or meant to deceive: taking the
    characters out could turn it into another valid code, so it is refused. `gs_substitute`: what this scanner sends where
    the code has GS.
    """
    text = decode(raw)
    if text is None:
        return ScanRejected("undecodable")
    text, symbology = strip_aim(clean_scan(text))
    if gs_substitute:
        text = text.replace(gs_substitute, GS)
    if len(text) > SCAN_CHARS_MAX:
        return ScanRejected("too_long")
    if has_hidden(text, allowed=GS) or "\ufffd" in text:
        return ScanRejected("undecodable")
    return Scanned(text, symbology, device_ms) if text else None


class Burst:
    """Collects a scanner's bytes until a terminator or a pause of `gap_ms` ends the scan.

    Two clocks: gaps between bytes that lay in our buffer are told by the device's time, the silence after the last byte
    by ours.
    """

    def __init__(self, gap_ms: int, gs_substitute: str = "") -> None:
        self._gap_ms, self._gs_substitute = gap_ms, gs_substitute
        self._bytes = bytearray()
        self._swallowing = False
        self._device_ms = 0
        self._quiet_at_ms: int | None = None

    @property
    def due_ms(self) -> int | None:
        """When silence will end the running scan, by our clock; None between scans."""
        return self._quiet_at_ms

    def take(self, raw: bytes, device_ms: int, now_ms: int) -> list[Outcome]:
        """The scans that `raw`, sent at `device_ms` and seen at `now_ms`, ends."""
        found: list[Outcome] = []
        if self._quiet_at_ms is not None and device_ms - self._device_ms > self._gap_ms:
            found += self._end()
        self._device_ms = device_ms
        for byte in raw:
            found += self._end() if byte in TERMINATORS else self._add(byte)
        running = bool(self._bytes) or self._swallowing
        self._quiet_at_ms = now_ms + self._gap_ms if running else None
        return found

    def silence(self, now_ms: int) -> list[Outcome]:
        """The scan that silence up to `now_ms` ends, if any."""
        if self._quiet_at_ms is None or now_ms < self._quiet_at_ms:
            return []
        return self._end()

    def spoil(self, now_ms: int) -> None:
        """Keys were lost: what came and what still comes of this burst is no scan."""
        self._bytes.clear()
        self._swallowing = True
        self._quiet_at_ms = now_ms + self._gap_ms

    def cut(self) -> list[Outcome]:
        """The scanner is gone: half a scan is none."""
        torn = bool(self._bytes)
        self._bytes.clear()
        self._swallowing, self._quiet_at_ms = False, None
        return [ScanRejected("lost_keys")] if torn else []

    def _add(self, byte: int) -> list[Outcome]:
        if self._swallowing:
            return []
        if len(self._bytes) == BURST_BYTES_MAX:
            self._bytes.clear()
            self._swallowing = True
            return [ScanRejected("too_long")]
        self._bytes.append(byte)
        return []

    def _end(self) -> list[Outcome]:
        raw = bytes(self._bytes)
        self._bytes.clear()
        self._swallowing, self._quiet_at_ms = False, None
        outcome = read_scan(raw, self._device_ms, self._gs_substitute) if raw else None
        return [outcome] if outcome is not None else []
