"""MQTT topics of one terminal. Topics are built and matched whole, never by prefix or suffix (wire contract, 2)."""

import re
from functools import lru_cache
from typing import NamedTuple

ROOT = "pos/v1"
MOUNT = "terminals/"
"""What a broker puts before every topic of its listener for terminals, and may leave there when it delivers to one."""

TERMINAL_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_REST = re.compile(r"[a-z]+(?:/[A-Za-z0-9_-]{1,64})?")
_TOPIC = re.compile(rf"{ROOT}/(?P<id>{TERMINAL_ID.pattern})/(?P<way>up|dn)/(?P<rest>{_REST.pattern})")


class Topic(NamedTuple):
    """A parsed topic: whose it is, which way it goes, and its last part, such as `rec` or `ask/epoch`."""

    terminal: str
    way: str
    rest: str


def up(terminal: str, rest: str) -> str:
    """Topic on which `terminal` speaks; `rest` is `state`, `rec`, `event`, `ask/NAME`, `reported`, `reply/CID` or `met`."""
    return _build(terminal, "up", rest)


def down(terminal: str, rest: str) -> str:
    """Topic on which `terminal` listens; `rest` is `ack`, `answer`, `desired`, `cmd/NAME` or `time`."""
    return _build(terminal, "dn", rest)


def parse(topic: str, mount: str = "") -> Topic | None:
    """The topic's parts after the *known* mount prefix is stripped, or None when the whole of it is not ours."""
    if not topic.startswith(mount):
        return None
    match = _TOPIC.fullmatch(topic[len(mount) :])
    return Topic(match["id"], match["way"], match["rest"]) if match else None


def _build(terminal: str, way: str, rest: str) -> str:
    topic = f"{ROOT}/{terminal}/{way}/{rest}"
    if TERMINAL_ID.fullmatch(terminal) is None or not _is_rest(rest):
        raise ValueError(f"not a topic: {topic!r}")
    return topic


@lru_cache(maxsize=256)
def _is_rest(text: str) -> bool:
    """Few different ones are asked about very often."""
    return _REST.fullmatch(text) is not None
