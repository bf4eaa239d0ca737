"""The bytes of a print job, in pieces of any size -> what the printer does, in order."""

from collections.abc import Generator

from paper.characters import follows, leads, whole
from paper.commands import FIXED
from paper.events import BadText, PaperEvent, Unknown
from paper.press import Press
from paper.profile import PAPER_58, PaperProfile
from paper.variable import VARIABLE, Reader

PREFIXES = frozenset((0x10, 0x1B, 0x1C, 0x1D))
_HT, _LF, _CR, _NUL, _DEL = 0x09, 0x0A, 0x0D, 0x00, 0x7F


class Interpreter:
    """One printer's parser and modes. Never raises on bytes, holds a bounded amount of them, and gives the same events
    for the same bytes however they are cut into pieces."""

    def __init__(self, profile: PaperProfile = PAPER_58) -> None:
        self.profile = profile
        self._press = Press(profile)
        self._wanted = 1
        self._restart()

    def feed(self, data: bytes) -> list[PaperEvent]:
        """Take the next bytes and tell what they did. A command not yet complete waits for the rest."""
        self._pending += data
        pending, at, wanted, send = self._pending, 0, self._wanted, self._reader.send
        while len(pending) - at >= wanted:
            at += wanted
            wanted = send(bytes(pending[at - wanted : at]))
        del pending[:at]
        self._wanted = wanted
        return self._taken()

    def finish(self) -> list[PaperEvent]:
        """The bytes end here (power off, cable pulled): half a character or command is told of and dropped; modes and
        a line begun stay as they are."""
        if self._half_text:
            self._press.bad_text(bytes(self._half_text))
        elif self._half_command or self._pending:
            self._press.unknown(bytes(self._half_command + self._pending))
        self._restart()
        return self._taken()

    def power_on(self) -> None:
        """Everything as after switching on; what had come in is forgotten."""
        self._press.events.clear()
        self._press.selected = True
        self._press.reset()
        self._restart()

    def drop_line(self) -> None:
        """Forget the characters that wait for something to print them."""
        self._press.line.clear()

    def resume_as(self, other: "Interpreter") -> None:
        """Go on, at the start of a command, in the modes that `other` is in; the line begun is not taken over."""
        assert other.profile == self.profile, "modes mean something for one printer only"
        self._press.adopt(other._press)
        self._restart()

    @property
    def mid_command(self) -> bool:
        """Whether the bytes so far end within a command or character."""
        return bool(self._pending or self._half_text or self._half_command)

    @property
    def line_begun(self) -> bool:
        """Whether characters wait in the line buffer for something to print them."""
        return bool(self._press.line)

    def _restart(self) -> None:
        self._pending = bytearray()
        self._left = bytearray()
        self._half_text = b""
        self._half_command = b""
        self._reader = self._stream()
        self._wanted = next(self._reader)

    def _taken(self) -> list[PaperEvent]:
        events = list(self._press.events)
        self._press.events.clear()
        return events

    # --- reading

    def _stream(self) -> Reader:
        while True:
            byte = yield from self._byte()
            if not self._press.selected:
                yield from self._until_selected(byte)
            elif byte in PREFIXES:
                yield from self._command(byte)
            elif byte >= 0x20 and byte != _DEL:
                yield from self._text(byte)
            else:
                self._control(byte)

    def _byte(self) -> Generator[int, bytes, int]:
        """The next byte: first those that half a character gave back."""
        if self._left:
            return self._left.pop(0)
        return (yield 1)[0]

    def _control(self, byte: int) -> None:
        if byte == _LF:
            self._press.print_line()
        elif byte == _HT:
            self._press.tab()
        elif byte not in (_CR, _NUL):  # CR counts only on printers set to "auto line feed"; NUL is padding
            self._press.unknown(bytes((byte,)))

    def _command(self, prefix: int) -> Reader:
        self._half_command = bytes((prefix,))
        code = bytes((prefix,)) + (yield 1)
        self._half_command = code
        if code in FIXED:
            count, act = FIXED[code]
            args = (yield count) if count else b""
            if not act(self._press, args):
                self._press.unknown(code + args)
        elif code in VARIABLE:
            yield from VARIABLE[code](self._press)
        else:
            self._press.unknown(code)
        self._half_command = b""

    def _until_selected(self, byte: int) -> Reader:
        """Another device is selected: nothing counts but `ESC =`."""
        if byte == 0x1B and (yield 1) == b"=":
            yield from VARIABLE[b"\x1b="](self._press)

    def _text(self, byte: int) -> Reader:
        if byte < 0x80 or not self._press.modes.hanzi:
            self._press.narrow_char(byte)
        elif not leads(byte):
            self._press.bad_text(bytes((byte,)))
        else:
            yield from self._hanzi(byte)

    def _hanzi(self, lead: int) -> Reader:
        """A character of two or four bytes. When it breaks off, its first byte is bad and the others count anew."""
        code = bytes((lead,))
        while not whole(code):
            self._half_text = code
            byte = yield from self._byte()
            if not follows(code, byte, self.profile.charset):
                self._half_text = b""
                self._press.bad_text(code[:1])
                self._left[:0] = code[1:] + bytes((byte,))
                return
            code += bytes((byte,))
        self._half_text = b""
        self._press.hanzi_char(code)


def unreadable(events: list[PaperEvent]) -> list[BadText | Unknown]:
    """What a printer could not make sense of: for a sound slip this is empty."""
    return [event for event in events if isinstance(event, BadText | Unknown)]
