"""One terminal: how it is now, what happened to it, its errors, its settings, its records, and its slips as on paper."""

import hashlib
import re
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from fleet import admin, lookup
from fleet.admin import Reply, TerminalShown
from fleet.dashboard import map_page, typed
from fleet.dashboard.app import Page
from fleet.dashboard.asking import Asking
from fleet.dashboard.digest import Digest
from fleet.dashboard.fleet_look import Watch
from fleet.dashboard.happenings import Happening
from fleet.dashboard.pages import BODY_CHARS_MAX, as_text, draw, moment
from fleet.dashboard.reading import Reading
from fleet.dashboard.tiles import Tile
from fleet.dashboard.visit import Visit
from fleet.desk.words import check_name
from fleet.events import Asked, StoredEvent
from fleet.page import drawn
from fleet.receipt import receipt_of
from fleet.sql import SqlBooks
from fleet.store import Epoch, StoredRecord
from rules.errors import errors
from texts import Lang, catalogue, t
from wire.facts import Dress, Refund, Sale

RECORDS_MAX = 40
LATEST_MAX = 20
TIMELINE_MAX = 60
SEQ_MAX = 2**53
SLIP_KINDS = (Sale.KIND, Refund.KIND)
DAY_MS = 24 * 3_600_000


class Passage(NamedTuple):
    """One line of the timeline."""

    at_ms: int
    words: str
    level: str = ""


class TerminalPages:
    def __init__(self, watch: Watch, digest: Digest, reading: Reading, asking: Asking) -> None:
        self._watch = watch
        self._digest = digest
        self._reading = reading
        self._asking = asking

    def all(self) -> list[Page]:
        return [
            Page("/t/{terminal}", self.draws),
            Page("/t/{terminal}/slip/{epoch:int}/{seq:int}", self.slip),
            Page("/live/t/{terminal}", self.live, quiet=True),
        ]

    def draws(self, visit: Visit) -> Response:
        tile = self._tile(visit)
        if tile is None:
            return draw(visit, "said.html", 404, said="missing")
        with self._reading.begin() as books:
            journals = books.looks.journals_of(tile.terminal)
            epoch = _epoch(visit, journals)
            before = visit.number("before", SEQ_MAX, 1, SEQ_MAX)
            rows = books.looks.records_before(tile.terminal, epoch, before, RECORDS_MAX + 1)
            newest = books.looks.records_before(tile.terminal, epoch, SEQ_MAX, 1, SLIP_KINDS)
            slip = _slip(books, newest[0], visit.lang) if newest else ""
            latest = books.events.latest(Asked(tile.terminal), LATEST_MAX)
        shown = self._shown(visit, tile.terminal)
        happened = self._digest.happened(tile.terminal, SEQ_MAX, TIMELINE_MAX)
        passages = [Passage(each.at_ms, happening_words(each.what, each.detail, visit.lang)) for each in happened]
        passages += [_event_passage(each, visit.lang) for each in latest]
        passages += _desk_passages(shown, visit.lang)
        return draw(
            visit, "terminal.html", tile=tile, facts=facts(tile, visit.lang), journals=journals, epoch=epoch,
            records=[(row, _body(row)) for row in rows[:RECORDS_MAX]], more=len(rows) > RECORDS_MAX, slip=slip,
            slip_kinds=SLIP_KINDS, latest=latest, table=errors(), shown=shown, symbol=map_page.symbol(tile),
            lock=map_page.lock_words(tile, visit.lang),
            timeline=sorted(passages, key=lambda each: -each.at_ms)[:TIMELINE_MAX], mark_words=map_page.mark_words,
            faults=typed.rows(shown.faults, "", "", visit.lang) if shown is not None else [],
            order_words=lambda name: catalogue("dashboard", visit.lang).get(f"command__{name}", name),
            stamp=_stamp(tile, shown, journals, happened), document=_document(shown), value=as_text, check_name=check_name,
        )  # fmt: skip

    def slip(self, visit: Visit) -> Response:
        """One sale or refund as its paper looks."""
        with self._reading.begin() as books:
            row = books.money.record(
                visit.params["terminal"],
                min(int(visit.params["epoch"]), SEQ_MAX),
                min(int(visit.params["seq"]), SEQ_MAX),
            )
            made = _slip(books, row, visit.lang) if row is not None else ""
        if not made or row is None:
            return draw(visit, "said.html", 404, said="missing")
        return draw(visit, "slip.html", slip=made, row=row)

    def live(self, visit: Visit) -> Response:
        """The facts as they are now; `stamp` tells the page whether anything is another."""
        tile = self._tile(visit)
        if tile is None:
            return map_page.as_json({"gone": True})
        with self._reading.begin() as books:
            journals = books.looks.journals_of(tile.terminal)
        happened = self._digest.happened(tile.terminal, SEQ_MAX, 1)
        said = {name: words for name, _, words in facts(tile, visit.lang)}
        marks = [map_page.mark_words(tile, mark, visit.lang) for mark in tile.marks if mark != "locked"]
        return map_page.as_json(
            {
                "stamp": _stamp(tile, self._shown(visit, tile.terminal), journals, happened),
                "at": moment(visit.now_ms),
                "level": tile.level,
                "symbol": map_page.symbol(tile),
                "lock": map_page.lock_words(tile, visit.lang),
                "link": t("dashboard", visit.lang, f"link__{tile.link}"),
                "facts": said,
                "marks": t("dashboard", visit.lang, "map__between").join(marks),
            }
        )

    def _tile(self, visit: Visit) -> Tile | None:
        return self._watch.find(visit.params["terminal"])

    def _shown(self, visit: Visit, terminal: str) -> TerminalShown | None:
        reply: Reply = self._asking.read(visit, admin.ShowTerminal(terminal=terminal))
        return reply if isinstance(reply, TerminalShown) else None


def facts(tile: Tile, lang: Lang) -> list[tuple[str, str, str]]:
    """What there is to say of a terminal: name, its label, its words."""

    def say(key: str, **arguments: object) -> str:
        return t("dashboard", lang, key, **arguments)

    words = {
        "shop": tile.shop,
        "tags": " ".join(tile.tags),
        "software": tile.software,
        "settings": str(tile.settings_rev or ""),
        "due": str(tile.due),
        "holes": str(tile.holes),
        "printer": _known("printer", tile.printer, lang),
        "drawer": _known("drawer", tile.drawer, lang),
        "battery": "" if tile.battery is None else f"{tile.battery} %",
        "clock": _known("clock", tile.clock, lang),
        "drift": str(tile.drift),
        "errors": str(tile.errors),
        "aside": str(tile.aside),
        "reason": "" if tile.link == "online" else tile.reason,
        "state": moment(tile.state_ms),
        "seen": moment(tile.seen_ms),
    }
    return [(name, say(f"fact__{name}"), text) for name, text in words.items()]


def _known(area: str, word: str, lang: Lang) -> str:
    """A word of the wire in the reader's language; one that is not known as it came."""
    return catalogue("dashboard", lang).get(f"{area}__{word}", word) if word else ""


def happening_words(what: str, detail: dict[str, str], lang: Lang) -> str:
    """A happening in words; one this release does not know by its name."""
    known = catalogue("dashboard", lang)
    text = known.get(f"happened__{what}")
    if end := detail.get("end"):
        detail = {**detail, "end": known.get(f"end__{end}", end)}
    if (code := detail.get("code", "")).isdigit():
        detail = {**detail, "code": _titled(int(code), lang)}
    return text.format_map(_Given(detail)) if text is not None else what


class _Given(dict[str, str]):
    """Arguments of which some may be missing, in a digest an older release wrote."""

    def __missing__(self, key: str) -> str:
        return ""


def _event_passage(row: StoredEvent, lang: Lang) -> Passage:
    return Passage(row.when_ms, f"{_titled(row.code, lang)} ×{row.count}", "bad")


def _titled(code: int, lang: Lang) -> str:
    """`[8002] 钱箱未关好`; the code alone when this release does not know it."""
    entry = errors().get(code)
    return entry.line(lang) if entry is not None else f"[{code}]"


def _desk_passages(shown: TerminalShown | None, lang: Lang) -> list[Passage]:
    """What the desk knows beyond records: pushes, reports, commands, roll-outs. Boots stand there as records."""
    told = shown.timeline if shown is not None else ()
    known = catalogue("dashboard", lang)
    return [
        Passage(
            each.at_ms, known.get(f"passage__{each.what}", each.what + " {detail}").format(detail=_detail(each, lang))
        )
        for each in told
        if each.what not in ("boot", "cut")
    ]


_REVISIONS = re.compile(r"^(?P<rev>\d+) of (?P<desired>\d+)")
_WORDS = {"reported": ("status",), "command": ("command", "order")}
"""What the first words of a passage's detail are."""


def _detail(passage: admin.Passage, lang: Lang) -> str:
    """A passage's detail with the wire's words in the reader's language; the rest as it came."""
    known, areas = catalogue("dashboard", lang), _WORDS.get(passage.what, ())
    words = passage.detail.replace(" no answer", " silent").split(" ")
    told = [known.get(f"{area}__{word}", word) for area, word in zip(areas, words, strict=False)]
    rest = " ".join(words[len(areas) :])
    if passage.what == "reported":
        rest = _REVISIONS.sub(lambda found: t("dashboard", lang, "passage__revisions", **found.groupdict()), rest, 1)
    return " ".join(filter(None, (*told, rest)))


def _epoch(visit: Visit, journals: list[Epoch]) -> int:
    """The journal that is asked for, else the newest."""
    known = {row.epoch for row in journals}
    asked = visit.number("epoch", 0, 0, SEQ_MAX)
    return asked if asked in known else journals[-1].epoch if journals else 0


def _body(row: StoredRecord) -> str:
    """A record's body, laid out for reading; as it is when it is no JSON."""
    try:
        text = msgspec.json.format(row.body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = row.body.decode("utf-8", "backslashreplace")
    return text[:BODY_CHARS_MAX]


def _slip(books: SqlBooks, row: StoredRecord, lang: Lang) -> str:
    """HTML of a sale's or refund's slip; empty for anything else."""
    try:
        fact = lookup.slip_fact(row)
    except (KeyError, ValueError):  # a version this release cannot read
        return ""
    if fact is None:
        return ""
    back_fen = lookup.given_back(books.money, row.terminal, row.epoch, row.seq)[1] if isinstance(fact, Sale) else 0
    dress = lookup.dress_of(books.money, row, fact) or Dress("")
    return drawn(receipt_of(row, fact, back_fen, dress, lang))


def _document(shown: TerminalShown | None) -> str:
    return as_text(shown.desired, 2) if shown is not None and shown.desired is not None else ""


def _stamp(tile: Tile, shown: TerminalShown | None, journals: list[Epoch], happened: list[Happening]) -> str:
    """Tells one look of a terminal's page from another; when it was heard of does not count."""
    parts: list[object] = [tile.state_ms, tile.errors, tile.aside, tile.drift, tile.link, tile.settings_rev, tile.lock]
    parts += [(row.epoch, row.upto, row.high) for row in journals]
    parts += happened[:1]
    if shown is not None:
        look = shown.look
        parts += [(each.cid, each.status, each.parts) for each in shown.orders]
        parts += [look.desired_rev, look.unpublished, look.reported, shown.pending, shown.met[:1], shown.timeline[:1]]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
