"""The schema of a settings document is current, takes what the model takes and refuses what it refuses."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from rules.settings import check, defaults, document
from rules.settings_schema import settings_schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_file_is_current():
    assert json.loads((DOCS / "settings.schema.json").read_text("utf-8")) == json.loads(json.dumps(settings_schema()))


def test_it_is_a_schema_and_takes_the_defaults_and_the_example():
    validator = Draft202012Validator(settings_schema())
    Draft202012Validator.check_schema(settings_schema())
    assert list(validator.iter_errors(json.loads(json.dumps(document(defaults()))))) == []
    example = tomllib.loads((DOCS / "settings.example.toml").read_text("utf-8"))
    assert list(validator.iter_errors(example)) == []


@pytest.mark.parametrize("doc", [
    {"colour": 1}, {"cash": {"rounding": "up"}}, {"cash": {"colour": 1}}, {"terminal": {"volume": 9}},
    {"shop": {"name": ""}}, {"operators": []}, {"tax": {"rates": [{"kind": "x"}]}}, [], 1,
])  # fmt: skip
def test_it_refuses_what_the_model_refuses(doc):
    assert isinstance(check(doc), list)
    assert list(Draft202012Validator(settings_schema()).iter_errors(doc))
