"""The published schemas and the AsyncAPI document say what the types say."""

import json
import re
from typing import get_args

import msgspec
import pytest

from tests.journals import Journal, forged
from tests.oracle import Oracle
from wire import asyncapi, channels, facts, fleet, messages, records, schemas, topics

encode = msgspec.json.encode


def test_the_files_under_docs_wire_are_current():
    on_disk = {
        str(path.relative_to(schemas.DOCS)): path.read_text(encoding="utf-8")
        for path in schemas.DOCS.rglob("*")
        if path.is_file()
    }
    assert on_disk == schemas.files(), "run: python -m wire.schemas"


def test_writing_repairs_what_is_missing_changed_or_left_over(tmp_path):
    schemas.write(tmp_path)
    assert schemas.write(tmp_path) == []
    (tmp_path / "Ack.schema.json").write_text("{}")
    (tmp_path / "State.schema.json").unlink()
    (tmp_path / "Gone.schema.json").write_text("{}")
    assert schemas.write(tmp_path) == ["Ack.schema.json", "Gone.schema.json", "State.schema.json"]
    assert not (tmp_path / "Gone.schema.json").exists()


def test_every_fact_kind_has_its_schema():
    assert {path.name.removesuffix(".schema.json") for path in (schemas.DOCS / "facts").iterdir()} == set(facts.KINDS)


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("path", sorted(path for path in schemas.files() if path.endswith(".json")))
def test_every_reference_leads_somewhere(path):
    document = json.loads(schemas.files()[path])
    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_the_asyncapi_document_has_every_channel_with_its_delivery():
    document = asyncapi.document()
    assert document["asyncapi"] == "3.0.0"
    addresses = {channel["address"] for channel in document["channels"].values()}
    built = {row.of("abcdefgh").topic("x").replace("/x/", "/{terminal}/") for row in channels.CHANNELS}
    assert {address.replace("{cid}", "abcdefgh") for address in addresses} == built
    for address in addresses:
        assert topics.parse(address.replace("{terminal}", "T0001").replace("{cid}", "abcdefgh"))
    ack = document["operations"]["receive_ack"]["bindings"]["mqtt"]
    assert (ack["qos"], ack["retain"], ack["messageExpiryInterval"]) == (1, False, 600)
    assert document["operations"]["send_state"]["bindings"]["mqtt"]["retain"] is True


def test_the_page_has_every_channel_and_its_links_lead_somewhere():
    page = schemas.files()["README.md"]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(channels.CHANNELS)
    for channel in channels.CHANNELS:
        (row,) = (row for row in rows if row.startswith(f"| `{channel.rest}` |"))
        assert channel.summary in row
        assert f"| {channel.qos} | {'yes' if channel.retained else '–'} |" in row
    for link in re.findall(r"\]\(([^)]+)\)", page):
        assert link in schemas.files(), link


def test_every_message_type_has_a_channel():
    carried = {kind for row in channels.CHANNELS for kind in get_args(row.payload) or (row.payload,)}
    named = [(module, getattr(module, name)) for module in (messages, records) for name in vars(module)]
    here = [each for module, each in named if getattr(each, "__module__", "") == module.__name__]
    structs = {each for each in here if isinstance(each, type) and issubclass(each, msgspec.Struct)}
    assert structs - carried == {records.Record, messages.EventSeen, messages.Reach}, "parts of other messages"


JOURNAL = Journal().fill(3)
SEEN = messages.EventSeen(2005, 3, 1, 2, "01", "000001-000045", 2, "refund", ("Menu", "GiveBack"))
EVENTS = messages.EventReport("b1-7", "now", "b1", 2, 9, "trusted", "0.1.0", 3, "好邻居", (SEEN,), 1)
UP, DN = "pos/v1/T0001/up/", "pos/v1/T0001/dn/"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (UP + "rec", encode(records.Packet(tuple(JOURNAL.records)))),
        (UP + "state", encode(messages.State(online=True, battery=50))),
        (UP + "state", encode(messages.State(online=False, reason="lost"))),
        (UP + "ask/epoch", encode(messages.AskEpoch(5, "a" * 64))),
        (UP + "ask/time", encode(messages.AskTime("a" * 32))),
        (UP + "ask/diagnose", encode(messages.AskDiagnose("a" * 16))),
        (UP + "event", encode(EVENTS)),
        (DN + "ack", encode(records.Ack(1, 5, (2,), ((3, 4),)))),
        (DN + "answer", encode(messages.AnswerEpoch(5, 1))),
        (DN + "time", encode(messages.Time("a" * 32, 1, "b" * 128))),
        (DN + "desired", encode(fleet.Signed("{}", "b" * 128))),
        (DN + "cmd/lock", encode(fleet.Signed("{}", "b" * 128))),
        (UP + "reported", encode(fleet.Reported(2, 1, "trial", "a" * 64, 1, "trusted"))),
        (UP + "reply/abcdefgh", encode(fleet.Reply("abcdefgh", "lock", "done", 1))),
        (UP + "met", encode(fleet.Met(1, 2, 0, errors={"4001": 2}))),
    ],
)
def test_the_oracle_lets_true_messages_pass(topic, payload):
    assert Oracle().faults(topic, payload) == []


@pytest.mark.parametrize(
    ("topic", "payload", "names"),
    [
        (UP + "rec", b"{}", "records"),
        (UP + "rec", encode(records.Packet((forged(JOURNAL.records[1], b'{"lang":"xx"}'),))), "xx"),
        (UP + "rec", encode(records.Packet((forged(JOURNAL.records[1], b'{"lang":"zh","x":1}'),))), "x"),
        (UP + "rec", encode(JOURNAL.records[0]), "records"),
        (UP + "rec", b'{"records":[', "Expecting"),
        (UP + "state", b'{"online":"yes"}', "yes"),
        (UP + "state", b'{"online":true,"batery":5}', "batery"),
        (DN + "ack", b'{"epoch":1,"upto":2,"wanted":[[1]]}', "wanted"),
        (UP + "ack", b"{}", "no channel"),
        ("pos/v1/R/up/pos/v1/T0001/up/rec", b"{}", "no channel"),
    ],
)
def test_the_oracle_names_what_is_wrong(topic, payload, names):
    assert re.search(names, " ".join(Oracle().faults(topic, payload)))
