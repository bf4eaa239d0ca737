"""What a person should look at: what could not be read, second records under a taken key, records that are missing; and the
form that says what has been dealt with."""

import re

from starlette.responses import Response

from fleet import admin
from fleet.admin import Refused
from fleet.commands.look import plain
from fleet.dashboard.acting import bad, onward, refused
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.pages import draw, query
from fleet.dashboard.reading import Reading
from fleet.dashboard.visit import Visit

ROWS_MAX = 50
PAGES_MAX = 2_000
HOLES_MAX = 100
JOURNALS_MAX = 200_000
RAW_CHARS_MAX = 2_000
TEXT_CHARS_MAX = 64
_ID = re.compile(r"[0-9a-f]{64}\.[A-Za-z0-9_-]{0,32}\.[0-9]{1,18}\.[0-9]{1,18}")


class CarePages:
    def __init__(self, reading: Reading, asking: Asking) -> None:
        self._reading = reading
        self._asking = asking

    def all(self) -> list[Page]:
        return [Page("/care", self.draws), Page("/care", self.done, "manager", post=True)]

    def done(self, visit: Visit) -> Response:
        """Tick off what was chosen."""
        terminal = visit.form.get("terminal", "")[:TEXT_CHARS_MAX]
        back = "/care" + (query({"terminal": terminal}) if terminal else "")
        ids = tuple(sorted(name.removeprefix("id-") for name in visit.form if name.startswith("id-")))
        if not ids or not all(_ID.fullmatch(each) for each in ids):
            return bad(visit, back)
        reply = self._asking.act(visit, admin.DealWith(ids=ids), visit.form.get("why", ""))
        return refused(visit, reply, back) if isinstance(reply, Refused) else onward(back)

    def draws(self, visit: Visit) -> Response:
        terminal = visit.query.get("terminal", "")[:TEXT_CHARS_MAX]
        page = visit.number("page", 1, 1, PAGES_MAX)
        dealt = visit.query.get("dealt", "") == "1"
        with self._reading.begin() as books:
            faults, offset = books.fleet.faults, (page - 1) * ROWS_MAX
            aside = faults.aside(False, terminal, dealt, ROWS_MAX + 1, offset)
            doubled = faults.aside(True, terminal, dealt, ROWS_MAX + 1, offset)
            counts = faults.open()
            rows = books.looks.journals_of(terminal) if terminal else books.looks.journals(JOURNALS_MAX)
            holed = [row for row in rows if row.high > row.upto][:HOLES_MAX]
            holes = [
                (row, first, last)
                for row in holed
                for first, last in books.holes(row, older_than_ms=visit.now_ms, limit=HOLES_MAX)
            ][:HOLES_MAX]
        mine = [one for name, one in counts.items() if not terminal or name == terminal]
        return draw(
            visit, "care.html", terminal=terminal, page=page, dealt=dealt, more=max(len(aside), len(doubled)) > ROWS_MAX,
            aside=[(row, shown(row.raw)) for row in aside[:ROWS_MAX]],
            doubled=[(row, shown(row.raw)) for row in doubled[:ROWS_MAX]], holes=holes,
            totals=(sum(one[0] for one in mine), sum(one[1] for one in mine)),
        )  # fmt: skip


def shown(raw: bytes) -> str:
    """Bytes as text that cannot steer anything: control characters become visible, the end may be cut."""
    text = plain(raw[: 4 * RAW_CHARS_MAX].decode("utf-8", "backslashreplace"))
    return text if len(text) <= RAW_CHARS_MAX else text[:RAW_CHARS_MAX] + " …"
