"""What machines read: metrics with few and steady names, and a log in which no secret stands."""

import io
import json
import logging
import urllib.request

import pytest
from starlette.testclient import TestClient

from fleet import logs
from fleet.core import Admin, Arrived, Message, Spoilt, Tick
from fleet.dashboard.metrics import Measured, Metrics, channel_name
from fleet.dashboard.reading import Reading
from fleet.home import DATABASE
from fleet.sql import SqlStore
from fleet.store import StoreTrouble
from tests.backend import Served
from tests.dashboard.house import HOME, NOW, OTHER, House, opened, sale
from tests.mosquitto import Broker, broker  # noqa: F401 - the fixture
from wire.messages import State


@pytest.fixture
def metrics(house: House):
    made = Metrics()
    reading = Reading(lambda: SqlStore(house.data / DATABASE, read_only=True), 1)
    made.watch(reading, house.utc_ms)
    house.core = Measured(house.core, made)
    yield made
    reading.close()


def scraped(metrics: Metrics) -> dict[str, float]:
    text = TestClient(metrics.app()).get("/metrics").text
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_messages_answers_and_commits_are_counted(house: House, metrics: Metrics) -> None:
    house.book(HOME, opened(), sale())
    house.says(HOME, next_seq=3)
    house.errs(HOME, 1003)
    house.hears(HOME, "nowhere", b"x")
    house.core.step(Tick(NOW))
    house.core.step(Spoilt(NOW, Message(HOME, "rec", b"x"), "broke"))
    said = scraped(metrics)
    assert said['posfleet_messages_total{channel="rec"}'] == 1
    assert said['posfleet_messages_total{channel="state"}'] == 1
    assert said['posfleet_messages_total{channel="other"}'] == 1
    assert said['posfleet_answers_total{kind="event",result="ok"}'] == 1
    assert said['posfleet_commit_seconds_count{event="messages"}'] == 4
    assert said['posfleet_commit_seconds_count{event="tick"}'] == 1
    assert said["posfleet_spoilt_messages_total"] == 1


def test_gauges_say_how_the_fleet_stands(house: House, metrics: Metrics) -> None:
    house.book(HOME, opened(), sale())
    house.says(HOME, next_seq=10)
    house.says(OTHER, online=False, reason="lost")
    with house.store.begin() as books:
        books.put_state("00010025", State(True), b'{"online":true}', NOW - 36 * 60_000, fresh=True)
    said = scraped(metrics)
    assert said['posfleet_terminals{link="silent"}'] == 1
    assert said['posfleet_terminals{link="online"}'] == 1
    assert said['posfleet_terminals{link="lost"}'] == 1
    assert said["posfleet_records_total"] == 2
    assert said["posfleet_records_due"] == 7
    assert said["posfleet_quarantine"] == 0
    assert said["posfleet_store_readable"] == 1


def test_a_store_in_trouble_is_counted_and_told_on(house: House) -> None:
    class Broken:
        def step(self, _event):
            raise StoreTrouble("disk full")

    metrics = Metrics()
    with pytest.raises(StoreTrouble):
        Measured(Broken(), metrics).step(Tick(NOW))
    assert scraped(metrics)["posfleet_store_troubles_total"] == 1


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ("rec", "rec"),
        ("ask/pay", "ask/pay"),
        ("ask/evil", "other"),
        ("reply/abc123", "reply"),
        ("x" * 500, "other"),
        ("", "other"),
    ],
)
def test_no_label_is_a_terminals_own_word(rest: str, name: str) -> None:
    assert channel_name(rest) == name


def test_names_carry_units_and_help(house: House, metrics: Metrics) -> None:
    text = TestClient(metrics.app()).get("/metrics").text
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            name, kind = line.split()[2:]
            assert name.startswith("posfleet_")
            assert kind != "counter" or name.endswith(("_total", "_created")), line
            assert kind != "histogram" or name.endswith("_seconds"), line
    assert house.data.name not in text


# --- the log -----------------------------------------------------------------

SECRETS = (
    "134567890123456789", "13800138000", "6222 0212 3456 7890 123", "6222-0212-3456-7890", "ab" * 32,
    "password=hunter2hunter",    "Cookie: pos_session=abcdef",
)  # fmt: skip


@pytest.fixture
def lines():
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    logs.configure(True, stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, level = before
    root.setLevel(level)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_stands_in_the_log_whoever_wrote_it(lines, secret: str) -> None:
    log = logging.getLogger("anybody")
    log.warning("said %s", secret)
    log.warning("said", extra={"detail": secret, "auth_code": secret, "user": secret})
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("broke")
    text = json.dumps(lines(), ensure_ascii=False)
    assert len(lines()) == 3
    assert secret not in text
    assert secret.split("=")[-1] not in text


def test_a_line_has_time_level_word_and_fields(lines) -> None:
    logging.getLogger("fleet.x").info(
        "signed in", extra={"event_name": "signed_in", "user": "anna", "address": "10.0.0.1"}
    )
    (line,) = lines()
    assert (line["what"], line["event"], line["level"], line["user"]) == ("signed in", "signed_in", "info", "anna")
    assert line["timestamp"].endswith("Z")
    assert line["logger"] == "fleet.x"


def test_what_is_not_known_is_named_and_not_shown(lines) -> None:
    logging.getLogger("x").warning("hello", extra={"surprise": "value"})
    (line,) = lines()
    assert "value" not in json.dumps(line)
    assert line["left_out"] == "surprise"


def test_sign_ins_are_logged_without_what_was_typed(house: House, lines) -> None:
    browser = house.signed_in("viewer")
    browser.sign_in("viewer-en", "not the password")
    said = lines()
    assert {line["event"] for line in said} >= {"signed_in", "sign_in_refused"}
    assert "not the password" not in json.dumps(said)


# --- served -----------------------------------------------------------------


def test_dashboard_and_metrics_are_served_beside_the_backend(tmp_path, broker: Broker) -> None:  # noqa: F811
    served = Served(tmp_path, broker.port, "--http", "0", "--metrics", "0", "--log-json")
    line = served.wait_ready()
    try:
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        with urllib.request.urlopen(words["metrics"]) as answer:
            assert b"posfleet_store_readable 1.0" in answer.read()
        with urllib.request.urlopen(words["dashboard"] + "sign-in") as answer:
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        code, errors = served.end()
        assert code == 0
        assert all(json.loads(each) for each in errors.splitlines())
    finally:
        served.__exit__()


@pytest.mark.parametrize(
    ("words", "there"), [(("--http", "0.0.0.0:0"), False), (("--http", "0.0.0.0:0", "--http-plain"), True)]
)
def test_no_password_travels_in_the_open_unless_it_is_asked_for(tmp_path, broker: Broker, words, there) -> None:  # noqa: F811
    served = Served(tmp_path, broker.port, *words)
    line = served.wait_ready()
    try:
        assert ("dashboard=" in line) == there
        assert "http=" in line
    finally:
        served.end()
        served.__exit__()


def test_steps_answer_as_the_core_does(house: House, metrics: Metrics) -> None:
    from fleet import admin

    call = admin.Call(by=admin.Caller(name="x"), request=admin.GetPolicy(), nonce="1" * 32)
    assert house.core.step(Admin(NOW, call))
    assert house.core.step(Arrived(NOW, ())) == []
