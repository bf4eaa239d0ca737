"""The display worker: a mailbox of one view, drawn and sent by a thread of its own.

The core hands over a view and goes on; only the newest counts. A panel that fails is said to be away and opened again
with growing pauses; then it is drawn whole.
"""

import contextlib
import logging
from collections.abc import Callable
from threading import Condition
from typing import TYPE_CHECKING, Protocol

from firmware.events import DeviceSeen, Event
from firmware.view import View
from wire.board import LCD
from wire.diag import Counts

if TYPE_CHECKING:  # Pillow is imported by the worker, not by those who build it
    from PIL.Image import Image

REOPEN_FIRST_MS, REOPEN_MAX_MS = 100, 5_000

log = logging.getLogger("posd.display")


class Panel(Protocol):
    """Glass that takes pictures. Every method may raise `OSError`: then it is closed and opened anew."""

    @property
    def written(self) -> int:
        """Bytes that went out since this panel was opened."""
        ...

    def display(self, image: "Image") -> None:
        """Show a picture of 320 x 240, mode P; returns when it has been delivered."""
        ...

    def close(self) -> None: ...


class Draws(Protocol):
    """`firmware.render.Renderer`, as far as the worker needs it."""

    def draw(self, view: View) -> "Image": ...


class DisplayDriver:
    """Shows views on a panel. `open_panel` and `make_renderer` run in the worker's thread.

    `open_panel` raises `OSError` while the panel cannot be reached. `DeviceSeen("display", …)` is posted when the first
    frame has been delivered, when the panel is lost or not to be had, and when it is back.
    """

    name = "display"

    def __init__(
        self, post: Callable[[Event], None], open_panel: Callable[[], Panel], make_renderer: Callable[[], Draws]
    ) -> None:
        self._post, self._open_panel, self._make_renderer = post, open_panel, make_renderer
        self._change = Condition()
        self._view: View | None = None
        self._wanted = self._shown = 0
        self._stopping = False
        self._present: bool | None = None
        self._pause_ms = REOPEN_FIRST_MS
        self._panel: Panel | None = None
        self.delivered: Callable[[int], None] = lambda number: None  # hears of each frame that is on the panel

    # --- from any thread ---

    def show(self, view: View) -> int:
        """Show `view` soon; one that has not been drawn yet is dropped. Returns the number of this frame, from 1."""
        with self._change:
            self._view = view
            self._wanted += 1
            self._change.notify_all()
            return self._wanted

    def stop(self) -> None:
        """End `run` after the newest view has been shown, or after one more try if there is no panel."""
        with self._change:
            self._stopping = True
            self._change.notify_all()

    def wanted(self) -> int:
        """Number of the newest view handed over."""
        return self._wanted

    def shown(self) -> int:
        """Number of the view on the panel; 0 when it has none of ours, also after it was lost."""
        return self._shown

    def busy(self) -> bool:
        """Whether a view is on its way to a panel that is there."""
        with self._change:
            return self._panel is not None and self._shown < self._wanted

    def wait_seen(self, wait_s: float) -> None:
        """Wait until the first frame has been delivered, or the panel found away; at most `wait_s`."""
        with self._change:
            self._change.wait_for(lambda: self._present is not None or self._stopping, wait_s)

    def waiting(self) -> tuple[str, ...]:
        """`display` while the panel is away."""
        return ("display",) if self._present is False else ()

    def counts(self) -> dict[str, Counts]:
        """Bytes written since the panel was opened, under the board's name for it."""
        panel = self._panel
        return {LCD: Counts(0, panel.written if panel is not None else 0)}

    # --- the worker's thread ---

    def run(self) -> None:
        """Open, show, and open again, until `stop`."""
        renderer = self._make_renderer()
        while True:
            try:
                self._session(renderer)
                return
            except OSError as trouble:
                self._seen(False, str(trouble))
            if self._pause():
                return

    def _session(self, renderer: Draws) -> None:
        """One life of the panel; returns when stopping, raises `OSError` when the panel is lost."""
        panel = self._open_panel()
        self._panel = panel
        try:
            while (job := self._next()) is not None:
                number, view = job
                panel.display(renderer.draw(view))
                self._delivered(number)
        finally:
            with self._change:
                self._panel, self._shown = None, 0
            with contextlib.suppress(OSError):  # the wire may be gone already, which is why we are here
                panel.close()

    def _next(self) -> tuple[int, View] | None:
        """Wait for a view that is not on the panel yet; None: all shown, and stopping."""
        with self._change:
            self._change.wait_for(lambda: self._stopping or self._wanted > self._shown)
            if self._wanted == self._shown or self._view is None:
                return None
            return self._wanted, self._view

    def _delivered(self, number: int) -> None:
        self._pause_ms = REOPEN_FIRST_MS
        with self._change:
            self._shown = number
        self.delivered(number)
        self._seen(True, "")

    def _seen(self, present: bool, why: str) -> None:
        if self._present is present:
            return
        with self._change:
            self._present = present
            self._change.notify_all()
        log.log(logging.INFO if present else logging.WARNING, "display %s", "ready" if present else f"away: {why}")
        self._post(DeviceSeen("display", present))

    def _pause(self) -> bool:
        """Wait before opening again, longer each time; whether `stop` ended it."""
        with self._change:
            stopping = self._change.wait_for(lambda: self._stopping, self._pause_ms / 1000)
        self._pause_ms = min(2 * self._pause_ms, REOPEN_MAX_MS)
        return stopping
