"""The credentials file: readable by its owner only, secrets never repeated, tokens kept for the next start."""

import os
from pathlib import Path

import pytest

from fleet.doors.credentials import Token, TokenFile
from fleet.vouchers.adapters.registry import MAKERS, adapters
from fleet.vouchers.codes import provided_table
from fleet.vouchers.port import PrepareCall
from tests.fleet_adapters.benches import DouyinBench, TurnedClock, asked
from tests.standins import aggregator as aggregator_server
from tests.standins import douyin as douyin_server

DOUYIN = '[douyin]\nclient_key = "k"\nclient_secret = "very-secret"\n'
DIANPING = '[dianping]\napp_key = "k"\napp_secret = "very-secret"\nsession = "very-secret"\n'
SHOPS = 'developer_id = "1"\nsign_key = "very-secret"\n[{0}.shops.s1]\naccess_token = "very-secret"\n'
DINING = "[meituan_dining]\n" + SHOPS.format("meituan_dining")
SERVICES = "[meituan_services]\n" + SHOPS.format("meituan_services")


def written(folder, words: str, mode: int = 0o600):
    path = folder / "platforms.toml"
    path.write_text(words)
    path.chmod(mode)
    return path


def test_a_file_makes_the_adapters_it_names_in_its_order(tmp_path) -> None:
    assert list(adapters(written(tmp_path, DIANPING + DOUYIN + DINING))) == ["dianping", "douyin", "meituan"]
    assert list(adapters(written(tmp_path, SERVICES))) == ["meituan"]


def test_an_aggregator_is_a_row_like_any_other(tmp_path, servers) -> None:
    server = servers(aggregator_server.Aggregator)
    words = (
        '[aggregator]\nsys_id = "1"\nproduct_id = "2"\nhuifu_id = "3"\n'
        f"private_key = '''{aggregator_server.private_pem(server.callers)}'''\n"
        f"public_key = '''{aggregator_server.public_pem(server.own)}'''\n"
    )
    assert list(adapters(written(tmp_path, words))) == ["meituan"]
    assert "aggregator" in MAKERS


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_not_used(tmp_path, mode) -> None:
    with pytest.raises(ValueError, match="chmod 600"):
        adapters(written(tmp_path, DOUYIN, mode))


@pytest.mark.parametrize(
    "words",
    [
        DOUYIN + DOUYIN,  # no TOML
        DOUYIN.replace("client_key", "client_kye"),
        DOUYIN.replace('"k"', "7"),
        "[taobao]\nsecret = 'very-secret'\n",
        "secret = 'very-secret'\n",
        DINING + SERVICES,  # two ways to one platform
        DOUYIN + 'base = "http://open.douyin.com"\n',
        DOUYIN + 'base = "https://user:very-secret@open.douyin.com"\n',
        '[aggregator]\nsys_id="1"\nproduct_id="2"\nhuifu_id="3"\nprivate_key="very-secret"\npublic_key="x"\n',
        "x" * 70_000,
    ],
)
def test_a_wrong_file_is_refused_without_repeating_a_secret(tmp_path, words) -> None:
    with pytest.raises(ValueError, match=r"platforms\.toml") as refused:
        adapters(written(tmp_path, words))
    assert "very-secret" not in str(refused.value)


def test_a_missing_file_is_said(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        adapters(tmp_path / "none.toml")


def test_a_token_outlives_the_process_that_got_it(tmp_path, servers) -> None:
    """A second process asks with the first one's token; nobody else may read it."""
    server = servers(douyin_server.Douyin)
    clock = TurnedClock()
    server.reset(clock)
    words = (
        f'[douyin]\nclient_key = "{douyin_server.KEY}"\nclient_secret = "{douyin_server.SECRET}"\n'
        f'base = "{server.address}"\n'
    )
    path = written(tmp_path, words)
    for _process in range(2):
        adapter = adapters(path, provided_table(), clock)["douyin"]
        assert asked(adapter, PrepareCall("douyin", douyin_server.POI, "123456789012345")).code == 3002
    assert server.handed_out == 1
    assert os.stat(path.with_name("platforms.toml.tokens")).st_mode & 0o777 == 0o600


def test_a_token_file_that_is_none_says_so_and_is_not_overwritten(tmp_path) -> None:
    path = tmp_path / "tokens"
    path.write_text("{half")
    with pytest.raises(ValueError, match="no tokens"):
        TokenFile(path).get("douyin")
    with pytest.raises(ValueError, match="no tokens"):
        TokenFile(path).put("douyin", Token("a"))
    assert path.read_text() == "{half"


def test_a_token_shows_nothing_of_itself() -> None:
    assert "secret" not in repr(Token("secret-access", "secret-refresh"))


def test_a_token_that_ends_soon_is_renewed_before_it_does(servers, tmp_path) -> None:
    bench = DouyinBench(servers(douyin_server.Douyin), tmp_path)
    code = bench.issue().code
    bench.prepared(code)
    bench.clock.at_ms += 7_200_000 - 30_000
    bench.prepared(code)
    assert bench.server.handed_out == 2
    assert bench.server.turned_away == []


def test_http_has_one_door() -> None:
    root = Path(__file__).parents[2]
    users = [path.name for path in (root / "fleet").rglob("*.py") if "import httpx" in path.read_text(encoding="utf-8")]
    assert users == ["web.py"]
