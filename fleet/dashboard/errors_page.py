"""Errors by code, terminal, shop or version, with their trend; single events with what was done before them."""

from starlette.responses import Response

from fleet.commands.errors import change, groups
from fleet.dashboard.app import Page
from fleet.dashboard.charts import spark
from fleet.dashboard.pages import draw
from fleet.dashboard.reading import Reading
from fleet.dashboard.spans import SPANS, span
from fleet.dashboard.visit import Visit
from fleet.events import Asked, By
from rules.errors import errors

GROUPS_MAX = 100
LATEST_MAX = 50
TEXT_CHARS_MAX = 64
CODE_MAX = 9_999
BYS: tuple[By, ...] = ("code", "terminal", "shop", "version")


class ErrorPages:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def all(self) -> list[Page]:
        return [Page("/errors", self.draws)]

    def draws(self, visit: Visit) -> Response:
        said = {name: visit.query.get(name, "")[:TEXT_CHARS_MAX] for name in ("terminal", "shop", "version")}
        code = visit.number("code", 0, 0, CODE_MAX)
        by: By = next((each for each in BYS if each == visit.query.get("by", "")), "code")
        stretch = span(visit.query.get("span", ""), visit.now_ms, "week")
        asked = Asked(said["terminal"], said["shop"], code, said["version"], stretch.since_ms, stretch.until_ms)
        length_ms = stretch.until_ms - stretch.since_ms
        before = Asked(
            said["terminal"], said["shop"], code, said["version"], stretch.since_ms - length_ms, stretch.since_ms
        )  # fmt: skip
        with self._reading.begin() as books:
            found = groups(
                books.events.sums(by, asked, stretch.slot_ms),
                books.events.sums(by, before, stretch.slot_ms),
                stretch.slots,
            )
            latest = books.events.latest(asked, LATEST_MAX)
            lost = books.events.lost(asked)
        return draw(
            visit, "errors.html", said=said, code=code, by=by, bys=BYS, stretch=stretch, spans=tuple(SPANS), latest=latest,
            lost=lost, found=len(found), groups_max=GROUPS_MAX, table=errors(), change=change,
            groups=[(group, spark(group.slots)) for group in found[:GROUPS_MAX]],
        )  # fmt: skip
