"""The backend's log: one line for each thing, as JSON for machines or as text for people, on standard error.

Everything goes through one gate, ours and what libraries say: only known fields pass, and long runs of digits or hex in
any text are masked, so that no payment code, phone or card number and no key can stand in a log, whoever wrote it there.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

FIELDS = frozenset(
    (
        "event", "level", "logger", "timestamp", "message", "exception", "what", "user", "role", "address", "path",
        "terminal", "cause", "detail", "broker", "data", "pid", "count", "seconds", "rollout",
        "state",
    )
)  # fmt: skip
TEXT_CHARS_MAX = 2_000
_DIGITS = re.compile(r"\d(?:[ -]?\d){9,}")
_HEX = re.compile(r"\b[0-9a-fA-F]{24,}\b")
_WORDS = re.compile(r"(?i)\b(password|passwd|token|secret|cookie|authorization|csrf|pin|auth_code)(\W{1,4})\S+")
_OURS = frozenset(("pid", "count", "seconds", "rollout"))

Line = MutableMapping[str, Any]


def configure(as_json: bool, stream: TextIO | None = None) -> None:
    """Set the log up for the whole process; people read warnings and above, machines everything from `info` on."""
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _plainly
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _named, gate, renderer],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO if as_json else logging.WARNING)
    for loud in ("uvicorn.error", "uvicorn.access", "httpx", "asyncio"):
        logging.getLogger(loud).setLevel(logging.WARNING)


def gate(_logger: Any, _name: str, line: Line) -> Line:
    """Let known fields through, every text scrubbed and cut; anything else is named, not shown."""
    kept = {name: _clean(name, value) for name, value in line.items() if name in FIELDS}
    unknown = sorted(str(name) for name in line if name not in FIELDS)
    return kept | ({"left_out": scrub(" ".join(unknown))} if unknown else {})


def scrub(text: str) -> str:
    """Text in which nothing stands that could be a customer's or a secret."""
    hidden = _WORDS.sub(r"\1\2***", text)
    hidden = _HEX.sub("***", hidden)
    return _DIGITS.sub("***", hidden)[:TEXT_CHARS_MAX]


def _named(_logger: Any, _name: str, line: Line) -> Line:
    """structlog calls the sentence `event`; here `what` is the sentence, and `event` the word machines look for."""
    said = line.pop("event", "")
    word = line.pop("event_name", "")
    line["what"] = said
    if word:
        line["event"] = word
    return line


def _clean(name: str, value: Any) -> Any:
    if isinstance(value, bool) or (name in _OURS and isinstance(value, int | float)):
        return value
    return str(value) if name == "timestamp" else scrub(str(value))


def _plainly(_logger: Any, _name: str, line: Line) -> str:
    """For people: level, logger, sentence, and what is known beside it."""
    head = f"{str(line.pop('level', '')).upper()}:{line.pop('logger', '')}:{line.pop('what', '')}"
    trace = line.pop("exception", "")
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in ("timestamp", "event"))
    return " ".join(filter(None, (head, rest))) + (f"\n{trace}" if trace else "")
