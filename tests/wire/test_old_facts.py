"""A fact once written is read for ever: one golden old body per kind and version (decisions 10).

A kind without a golden, or a golden that no longer reads as it did, fails. A changed meaning is a new version with an
upcaster and a golden of its own; an old golden is never edited.
"""

import json
from pathlib import Path

import pytest

from wire import facts

OLD = Path(__file__).parent / "old"


def goldens() -> list[Path]:
    return sorted(OLD.glob("*.json"))


def test_every_kind_and_version_has_its_golden() -> None:
    written = {f"{kind}.{cls.VERSION}" for kind, cls in facts.KINDS.items()}
    assert written <= {path.stem for path in goldens()}


@pytest.mark.parametrize("path", goldens(), ids=lambda path: path.stem)
def test_an_old_fact_reads_as_it_did(path: Path) -> None:
    kind, version = path.stem.rsplit(".", 1)
    golden = json.loads(path.read_text(encoding="utf-8"))
    fact = facts.decode(kind, int(version), golden["body"].encode())
    read = {name: eval(written, dict(vars(facts))) for name, written in golden["read"].items()}
    assert {name: getattr(fact, name) for name in read} == read


@pytest.mark.parametrize("kind", sorted(facts.KINDS))
def test_a_body_survives_the_round_trip(kind: str) -> None:
    golden = json.loads((OLD / f"{kind}.{facts.KINDS[kind].VERSION}.json").read_text(encoding="utf-8"))
    fact = facts.decode(kind, facts.KINDS[kind].VERSION, golden["body"].encode())
    assert facts.decode(kind, fact.VERSION, facts.encode(fact)) == fact


def test_unknown_kinds_and_versions_are_refused_not_guessed() -> None:
    with pytest.raises(KeyError):
        facts.decode("no_such_kind", 1, b"{}")
    with pytest.raises(ValueError, match="version 99"):
        facts.decode("sale", 99, b"{}")


def test_an_older_version_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts.PinChanged, "VERSION", 3)
    monkeypatch.setitem(facts.UPCASTERS, ("pin_changed", 1), lambda body: {"operator": body["who"], "by": ""})
    monkeypatch.setitem(facts.UPCASTERS, ("pin_changed", 2), lambda body: {**body, "by": body["operator"]})
    assert facts.decode("pin_changed", 1, b'{"who":"01"}') == facts.PinChanged("01", "01")
    with pytest.raises(ValueError, match="version 4"):
        facts.decode("pin_changed", 4, b"{}")
