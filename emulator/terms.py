"""Failures of an API call as answers: status code, why, and what to do."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emulator.api import Refused
from texts import Lang, t


class Failed(Exception):
    """An API call that cannot be answered as asked; `key` is a text of `[error]`, with `key_todo` beside it."""

    def __init__(self, status: int, key: str, **args: Any) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.args_by_name = args
        self.reasons: tuple[str, ...] = ()
        self.waiting: tuple[str, ...] = ()

    def moving(self, reasons: tuple[str, ...], waiting: tuple[str, ...]) -> "Failed":
        """The same, with what still moves and what is waited for."""
        self.reasons, self.waiting = reasons, waiting
        return self


def language(request: Request) -> Lang:
    """Chinese when the caller prefers it, English otherwise (scripts send nothing)."""
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def answer(failed: Failed, lang: Lang) -> Response:
    """The JSON answer of a failure."""
    refused = Refused(
        error=t("emulator", lang, f"error__{failed.key}", **failed.args_by_name),
        what_to_do=t("emulator", lang, f"error__{failed.key}_todo", **failed.args_by_name),
        reasons=failed.reasons,
        waiting=failed.waiting,
    )
    return Response(msgspec.json.encode(refused), failed.status, media_type="application/json")
