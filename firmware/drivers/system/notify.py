"""systemd's notifications (sd_notify): one datagram each to the socket named by NOTIFY_SOCKET."""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Tells systemd how we are; without systemd it tells nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
        ours = not pid or pid == str(os.getpid())
        self._watchdog_usec = int(usec) if usec.isdigit() and ours else 0

    @property
    def watchdog_every_ms(self) -> int | None:
        """How often to call `alive`: thrice per watchdog period; None: nobody watches."""
        return self._watchdog_usec // 3000 or None

    def ready(self) -> None:
        """The first screen is drawn."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Every loop has ticked."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell("STATUS=" + text.replace("\n", " "))

    def starting(self, text: str, within_s: int) -> None:
        """Starting takes longer than usual, and why: systemd waits at least `within_s` for the next word."""
        self.status(text)
        self._tell(f"EXTEND_TIMEOUT_USEC={within_s * 1_000_000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.setblocking(False)
            try:
                link.sendto(message.encode(), self._address)
            except OSError as wrong:  # systemd will draw its own conclusion from silence
                log.warning("systemd not told %s: %s", message, wrong)
