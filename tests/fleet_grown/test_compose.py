"""The compose file of docs/scaling.md: it can be read, and every word in it is one of ours or of PostgreSQL."""

from pathlib import Path
from typing import Any

import yaml

from fleet.__main__ import _parser
from tests.postgres import Server, postgres_server  # noqa: F401

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def test_every_command_of_ours_is_understood() -> None:
    ours = {name: service["command"] for name, service in services().items() if name.startswith(("worker", "schema"))}
    assert set(ours) == {"schema", "worker1", "worker2"}
    names = [_parser("en").parse_args(words).worker for name, words in ours.items() if name != "schema"]
    assert sorted(names) == ["1", "2"], "two workers of one name keep each other out"
    for words in ours.values():
        assert _parser("en").parse_args(words).data == Path("/var/lib/posfleet")


def test_what_it_names_is_there() -> None:
    whole = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for service in whole["services"].values():
        assert set(service.get("secrets", [])) <= whole["secrets"].keys()
        assert set(service["networks"]) <= whole["networks"].keys()
        assert set(service.get("depends_on", {})) <= whole["services"].keys()
    assert whole["networks"]["backend"] == {"internal": True}, (
        "no terminal reaches the database or the private listener"
    )
    assert "backend" not in str(whole["services"]["db"].get("ports", ""))


def test_postgresql_knows_its_settings(postgres_server: Server) -> None:  # noqa: F811
    import psycopg

    words = [word.removeprefix("-c").split("=") for word in services()["db"]["command"][1:]]
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        for name, value in words:
            row = connection.execute("SELECT vartype, enumvals FROM pg_settings WHERE name = %s", (name,)).fetchone()
            assert row is not None, name
            assert row[0] != "enum" or value in row[1], name
