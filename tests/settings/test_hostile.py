"""A thousand hostile documents: none is applied, none crashes, each is refused with its path, and the till still sells."""

import queue
import re
import time

import msgspec
import pytest

from firmware.drivers.uplink import LinkSettings, Uplink
from firmware.events import DesiredCame, LinkUp, Tell, WireGarbage
from tests.backend import FLEET_KEY, FLEET_PUBLIC
from tests.bus import Publisher
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from tests.settings.fleet import TERMINAL, Shop, desired, footer, shop
from tests.settings.hostile import KINDS, Hostile, hostile
from wire.facts import Sale, SettingsApplied, SettingsRefused
from wire.fleet import Reported, Signed, signed_text

COUNT = 1_200
A_MINUTE_MS = 61_000
WAIT_S = 60


def same_place(found: str, meant: str) -> bool:
    """Whether the path refused with is where the fault is: the place itself, or the list or table that holds it."""
    return not meant or found == meant or meant.startswith((f"{found}.", f"{found}[")) or found.startswith(meant)


def test_none_of_a_thousand_is_taken_and_each_is_refused_with_its_path(tmp_path):
    till = shop(tmp_path)
    till.hear(desired(10, footer("好的一行")))
    applied = len(till.of(SettingsApplied))
    before, book = till.terminal.settings, till.terminal.book.applied
    wrong: list[str] = []
    refused = 0
    for each in hostile(2_026, COUNT):
        known = len(till.of(SettingsRefused)) if refused % 100 == 0 else None
        till.hear(each.text, each.trusted, A_MINUTE_MS)
        heard = till.terminal.ledger.read("SELECT count(*) FROM journal WHERE kind = 'settings_refused'")[0][0]
        pending = [fact for fact in till.ledger.pending_facts() if isinstance(fact, SettingsRefused)]
        fact = pending[-1] if pending else None
        till.ledger.commit() if till.ledger.pending else None
        if fact is None:
            wrong.append(f"{each.what}: not on record ({heard}, {known}): {each.text[:120]!r}")
        elif not same_place(fact.path, each.path):
            wrong.append(f"{each.what}: {fact.path!r} for {each.path!r}, {fact.reason}")
        else:
            refused += 1
        if fact is not None and not told_of(till, each, fact):
            wrong.append(f"{each.what}: not told: {fact}")
        assert till.terminal.settings is before, f"{each.what}: {each.text[:300]!r}"
    assert wrong[:10] == [], len(wrong)
    assert refused == COUNT
    assert till.terminal.book.applied == book
    assert len(till.of(SettingsApplied)) == applied
    till.terminal.ledger.commit() if till.ledger.pending else None
    till.sign_on().keys("5 0 0 OK OK OK")
    assert till.of(Sale)[-1].settings_rev == 10
    assert till.screen in ("Sold", "Idle")


def told_of(till: Shop, each: Hostile, fact: SettingsRefused) -> bool:
    """Whether the fleet heard of what its own key signed for this terminal; and of nothing else."""
    told = next(
        one.message for one in reversed(till.out) if isinstance(one, Tell) and isinstance(one.message, Reported)
    )
    if not each.trusted or fact.reason.startswith(("not_ours", "replay", "too_large")):
        return fact.digest not in (till.terminal.book.heard.sha256, told.unreadable and told.unreadable.sha256)
    if told.unreadable is not None and told.unreadable.sha256 == fact.digest:
        return (told.unreadable.path, told.unreadable.reason) == (fact.path, fact.reason)
    return (told.desired_rev, told.status, told.path, told.reason) == (fact.rev, "rejected", fact.path, fact.reason)


BROKEN = {
    "a float": ('"rev":11', '"rev":11,"expires_ms":1.5', "expires_ms"),
    "a null": ('"footer":["x"]', '"footer":null', "document.shop.footer"),
    "deep": ('["x"]', "[" * 40 + "]" * 40, "document.shop.footer"),
    "too deep for any reader": ('["x"]', "[" * 9_000 + "]" * 9_000, "$"),
    "a control character": ('"x"', '"a\\u0000"', "document.shop.footer[0]"),
    "an unknown field": ('"rev":11', '"rev":11,"extra":true', "extra"),
    "the end torn off": ('["x"]}', '["x"', "$"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_signed_document_that_is_broken_is_rejected_by_its_revision(tmp_path, what):
    till = shop(tmp_path)
    till.hear(desired(10, footer("好的一行")))
    good, broken, path = BROKEN[what]
    text = desired(11, footer("x")).replace(" ", "").replace(good, broken)
    if what == "a float":
        text = re.sub(r'"expires_ms":[0-9]{3,},', "", text)
    till.hear(text)
    told = till.told()[-1]
    assert (told.desired_rev, told.rev, told.status) == (11, 10, "rejected")
    assert same_place(told.path, path.removeprefix("document."))
    assert told.path
    assert told.reason
    count = len(till.told())
    till.hear(text)
    assert len(till.told()) == count, "the broker says it again at each connection"
    till.hear(text.replace('"rev":11', '"rev":12'), trusted=False)
    assert till.told()[-1].desired_rev == 11, "of what the fleet has not signed nothing is told"
    till.hear(desired(12, footer("终于")))
    assert (till.told()[-1].desired_rev, till.told()[-1].status) == (12, "trial")


@pytest.mark.parametrize(
    "text",
    ["nothing", "[1]", '{"rev":11,"rev":12', '{"rev":1.5,"audience":"terminal:00010023"}', '{"rev":11}', '{"rev":11'],
)
def test_what_has_not_even_a_revision_is_told_beside_the_last_one(tmp_path, text):
    till = shop(tmp_path)
    till.hear(desired(10, footer("好的一行")))
    till.hear(text)
    told = till.told()[-1]
    assert (told.desired_rev, told.rev, told.status) == (10, 10, "trial")
    assert told.unreadable is not None
    assert (told.unreadable.code, bool(told.unreadable.reason)) == (9004, True)
    till.hear(desired(12, footer("终于")))
    assert till.told()[-1].unreadable is None


def test_the_flood_of_them_does_not_fill_the_journal(tmp_path):
    till = shop(tmp_path)
    for each in hostile(7, 200):
        till.hear(each.text, each.trusted, 10)
    till.pass_time(A_MINUTE_MS)
    till.hear("{", after_ms=A_MINUTE_MS)
    facts = till.of(SettingsRefused)
    assert len(facts) < 5
    assert sum(1 + fact.more for fact in facts) > 150, "they are counted all the same"


def test_a_share_of_them_comes_through_the_real_uplink(tmp_path, broker: Broker):  # noqa: F811
    till = shop(tmp_path)
    till.hear(desired(10, footer("好的一行")))  # or an old revision would be the newest heard of
    before = till.terminal.settings
    events: queue.SimpleQueue = queue.SimpleQueue()
    link = LinkSettings(TERMINAL, broker.host, broker.port, FLEET_PUBLIC)
    uplink = Uplink(link, events.put, lambda *_: None, jitter=lambda: 0.1, nonce=lambda: b"n" * 16)
    uplink.start()
    publisher = Publisher(broker)
    topic = f"pos/v1/{TERMINAL}/dn/desired"
    try:
        heard = next_of(events, LinkUp)
        assert heard
        sent = 0
        for each in hostile(99, 3 * len(KINDS)):
            text = each.text.encode("utf-8", "replace").decode()
            signature = FLEET_KEY.sign(signed_text("settings", text)).hex() if each.trusted else "00" * 64
            payload = msgspec.json.encode(Signed(text, signature))
            if len(payload) > 200_000:
                continue  # no broker of ours passes it on
            publisher.send(topic, payload)
            sent += 1
        publisher.send(topic, b"\xff\xfe garbage")
        good = desired(5_000, footer("终于"))
        publisher.send(topic, msgspec.json.encode(Signed(good, FLEET_KEY.sign(signed_text("settings", good)).hex())))
        came = 0
        while till.terminal.settings is before:
            event = next_of(events, DesiredCame, WireGarbage)
            came += 1
            assert came <= sent + 2
            till.step(event, A_MINUTE_MS)
        assert came > 40
        assert till.terminal.settings.shop.footer == ("终于",)
    finally:
        publisher.close()
        uplink.stop("test")


def next_of(events: queue.SimpleQueue, *kinds: type) -> object:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        event = events.get(timeout=WAIT_S)
        if isinstance(event, kinds):
            return event
    raise AssertionError("nothing came")


@pytest.mark.parametrize("text", ["null", "[]", '""', "0", "{}", '{"rev":1}'])
def test_what_is_json_and_no_document_is_refused_too(tmp_path, text):
    till = shop(tmp_path)
    till.hear(text)
    assert till.of(SettingsRefused)[-1].path
