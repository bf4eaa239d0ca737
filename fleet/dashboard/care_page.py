"""What a person should look at: what could not be read, second records under a taken key, records that are missing."""

from starlette.responses import Response

from fleet.commands.look import plain
from fleet.dashboard.app import Page
from fleet.dashboard.pages import draw
from fleet.dashboard.reading import Reading
from fleet.dashboard.visit import Visit

ROWS_MAX = 50
PAGES_MAX = 2_000
HOLES_MAX = 100
JOURNALS_MAX = 200_000
RAW_CHARS_MAX = 2_000
TEXT_CHARS_MAX = 64


class CarePages:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def all(self) -> list[Page]:
        return [Page("/care", self.draws)]

    def draws(self, visit: Visit) -> Response:
        terminal = visit.query.get("terminal", "")[:TEXT_CHARS_MAX]
        page = visit.number("page", 1, 1, PAGES_MAX)
        with self._reading.begin() as books:
            aside = books.looks.quarantine(terminal, ROWS_MAX + 1, (page - 1) * ROWS_MAX)
            doubled = books.looks.conflicts(terminal, ROWS_MAX + 1, (page - 1) * ROWS_MAX)
            counts = books.looks.aside()
            rows = books.looks.journals_of(terminal) if terminal else books.looks.journals(JOURNALS_MAX)
            holed = [row for row in rows if row.high > row.upto][:HOLES_MAX]
            holes = [
                (row, first, last)
                for row in holed
                for first, last in books.holes(row, older_than_ms=visit.now_ms, limit=HOLES_MAX)
            ][:HOLES_MAX]
        mine = [one for name, one in counts.items() if not terminal or name == terminal]
        return draw(
            visit, "care.html", terminal=terminal, page=page, more=max(len(aside), len(doubled)) > ROWS_MAX,
            aside=[(row, shown(row.raw)) for row in aside[:ROWS_MAX]],
            doubled=[(row, shown(row.raw)) for row in doubled[:ROWS_MAX]], holes=holes,
            totals=(sum(one[0] for one in mine), sum(one[1] for one in mine)),
        )  # fmt: skip


def shown(raw: bytes) -> str:
    """Bytes as text that cannot steer anything: control characters become visible, the end may be cut."""
    text = plain(raw[: 4 * RAW_CHARS_MAX].decode("utf-8", "backslashreplace"))
    return text if len(text) <= RAW_CHARS_MAX else text[:RAW_CHARS_MAX] + " …"
