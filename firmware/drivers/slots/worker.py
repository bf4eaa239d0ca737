"""The slots' worker: what is asked of them takes seconds or minutes, and holds up nobody."""

import logging
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import assert_never

from firmware.drivers.slots.slots import ROLLED_BACK, SlotFault, SlotLook, Slots
from firmware.events import BLOBS, AskSlot, Event, SlotAnswered

log = logging.getLogger("posd.slots")


class SlotWorker:
    """`carry_out` may be called by any thread; `run` is the worker's body. Each `AskSlot` gets one answer."""

    def __init__(self, folder: Path, slots: Slots, runs: str, post: Callable[[Event], None]) -> None:
        self._blobs, self._slots, self._runs, self._post = folder / BLOBS, slots, runs, post
        self._jobs: SimpleQueue[AskSlot | None] = SimpleQueue()
        self._busy = False

    def carry_out(self, effect: AskSlot) -> None:
        """Soon."""
        self._jobs.put(effect)

    def busy(self) -> bool:
        """Whether something is being done."""
        return self._busy or not self._jobs.empty()

    def stop(self) -> None:
        """Make `run` return after the act in hand."""
        self._jobs.put(None)

    def run(self) -> None:
        """Body of the worker."""
        while (ask := self._jobs.get()) is not None:
            self._busy = True
            self._post(self._answer(ask))
            self._busy = False

    def _answer(self, ask: AskSlot) -> SlotAnswered:
        code, reason = 0, ""
        try:
            self._act(ask)
        except SlotFault as fault:
            code, reason = fault.code, fault.reason
        except Exception as wrong:  # whatever a bundle or a boot loader does, the terminal goes on selling
            log.exception("slot: %s", ask.act)
            code, reason = ROLLED_BACK, type(wrong).__name__
        if code:
            log.warning("slot %s: %d %s", ask.act, code, reason)
        look = self._look()
        return SlotAnswered(
            ask.act, code, reason[:120], look.slot, self._runs, look.trial, look.fell_back, look.died
        )  # fmt: skip

    def _look(self) -> SlotLook:
        try:
            return self._slots.which()
        except Exception:
            log.exception("slots cannot be looked at")
            return SlotLook("")

    def _act(self, ask: AskSlot) -> None:
        match ask.act:
            case "look":
                self._slots.which()
            case "install":
                self._slots.install(self._blobs / ask.sha256, ask.version)
            case "try":
                self._slots.try_next()
            case "confirm":
                self._slots.confirm()
            case "fall_back":
                self._slots.fall_back()
            case _:
                assert_never(ask.act)
