"""The credentials file of payment channels: readable by its owner only, secrets never repeated, channels routed."""

import argparse
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fleet.acquirer.adapters.registry import acquirer
from fleet.acquirer.port import NO_ANSWER, PayCall, QueryCall, RefundCall, RefundQueryCall, Reply, ReverseCall
from fleet.calls import acquirer_caller
from fleet.commands import Wrong, serve
from fleet.doors.clock import SystemClock
from fleet.effects import CallAcquirer, Ticket
from tests.fleet_acquirers.benches import TERMINAL, AlipayBench, WeChatBench, number
from tests.fleet_adapters.benches import TurnedClock
from tests.standins import alipay as alipay_server
from tests.standins import wechat as wechat_server
from tests.standins.aggregator import private_pem, public_pem
from tests.standins.server import Fault
from texts import t

WECHAT = """[wechat]
mchid = "{mchid}"
appid = "{appid}"
serial_no = "{serial}"
private_key = "wx-key.pem"
public_key = "wx-public.pem"
public_key_id = "{public_id}"
base = "{base}"
"""
ALIPAY = """[alipay]
app_id = "{app}"
private_key = "ali-key.pem"
public_key = "ali-public.pem"
gateway = "{base}/gateway.do"
"""


def kept(path, words: str, mode: int = 0o600):
    path.write_text(words)
    path.chmod(mode)
    return path


@pytest.fixture
def servers(channels):
    clock = TurnedClock()
    wx, ali = channels(WeChatBench.server_class), channels(AlipayBench.server_class)
    wx.reset(clock)
    ali.reset(clock)
    return wx, ali, clock


@pytest.fixture
def words(servers, tmp_path):
    """The tables of both channels, with their PEM files."""
    wx, ali, _clock = servers
    for name, server in (("wx", wx), ("ali", ali)):
        kept(tmp_path / f"{name}-key.pem", private_pem(server.callers))
        kept(tmp_path / f"{name}-public.pem", public_pem(server.own), 0o644)
    told = {"mchid": wechat_server.MCHID, "appid": wechat_server.APPID, "serial": wechat_server.SERIAL}
    both = WECHAT.format(**told, public_id=wechat_server.PUBLIC_ID, base=wx.address)
    return both, ALIPAY.format(app=alipay_server.APP_ID, base=ali.address)


def calls(channel: str, code: str):
    return (
        PayCall(number(), channel, 1050, "可乐", TERMINAL, "01", code),
        QueryCall(number(), channel),
        RefundCall("R" * 24, number(), channel, 50, "", 1050),
        RefundQueryCall("R" * 24, number(), channel),
        ReverseCall(number(), channel),
    )


def asked(port, call) -> Reply:
    replies: list[Reply] = []
    port.call(call, replies.append)
    (reply,) = replies
    return reply


def test_each_call_goes_to_its_channel(servers, words, tmp_path) -> None:
    wx, ali, clock = servers
    port = acquirer(kept(tmp_path / "channels.toml", "".join(words)), clock=clock)
    assert port.channels == ("wechat", "alipay")
    assert asked(port, calls("wechat", "134567890123456789")[0]).state == "paid"
    assert asked(port, calls("alipay", "284567890123456789")[0]).state == "paid"
    assert (wx.books.count("taken"), ali.books.count("taken")) == (1, 1)


def test_a_channel_nobody_serves_takes_nothing_and_knows_nothing(servers, words, tmp_path) -> None:
    port = acquirer(kept(tmp_path / "channels.toml", words[0]), clock=servers[2])
    pay, query, refund, refund_query, reverse = calls("alipay", "284567890123456789")
    assert asked(port, pay) == asked(port, refund) == Reply("failed", 5014)
    assert asked(port, query) == asked(port, reverse) == asked(port, refund_query) == NO_ANSWER, "it may have, once"
    assert servers[1].books.history == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_or_a_key_that_others_may_read_is_not_used(words, tmp_path, mode) -> None:
    with pytest.raises(ValueError, match="chmod 600"):
        acquirer(kept(tmp_path / "channels.toml", words[0], mode))
    (tmp_path / "wx-key.pem").chmod(mode)
    with pytest.raises(ValueError, match=r"wx-key\.pem: others may read it; chmod 600"):
        acquirer(kept(tmp_path / "channels.toml", words[0]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("appid =", "appit ="),
        ("mchid =", "mchid = 7 #"),
        ("wx-key.pem", "none.pem"),
        ("wx-key.pem", "channels.toml"),
        ("wx-public.pem", "wx-key.pem"),
        ('public_key_id = "', '#"'),
        ("[wechat]", "[unionpay]"),
        ("http://127.0.0.1", "http://api.mch.weixin.qq.com"),
        ('mchid = "', 'mchid = "\n'),
    ],
)
def test_a_wrong_file_is_refused_without_repeating_a_secret(words, tmp_path, old, new) -> None:
    with pytest.raises(ValueError, match=r"channels\.toml") as refused:
        acquirer(kept(tmp_path / "channels.toml", words[0].replace(old, new)))
    secret = (tmp_path / "wx-key.pem").read_text().split("\n")[1]
    assert secret not in str(refused.value)
    assert refused.value.__cause__ is None


def test_keys_with_and_without_pkcs8_serve(servers, words, tmp_path) -> None:
    older = servers[0].callers.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    kept(tmp_path / "wx-key.pem", older)
    port = acquirer(kept(tmp_path / "channels.toml", words[0]), clock=servers[2])
    assert asked(port, calls("wechat", "134567890123456789")[0]).state == "paid"


def certificate(key, name: str) -> x509.Certificate:
    """One that signs itself."""
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(0x5157F09EFDC096DE15EBE81A47057A72).not_valid_before(now - timedelta(days=1))
    return made.not_valid_after(now + timedelta(days=300)).sign(key, SHA256())


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def test_alipay_by_certificates(servers, words, tmp_path) -> None:
    _wx, ali, clock = servers
    for name, key in (("app", ali.callers), ("ali", ali.own), ("root", generate_private_key(65537, 2048))):
        kept(tmp_path / f"{name}.crt", pem(certificate(key, name)), 0o644)
    table = words[1].replace(
        'public_key = "ali-public.pem"',
        'app_certificate = "app.crt"\nalipay_certificate = "ali.crt"\nroot_certificate = "root.crt"',
    )
    port = acquirer(kept(tmp_path / "channels.toml", table), clock=clock)
    reply = asked(port, calls("alipay", "284567890123456789")[0])
    assert reply.state == "paid"
    sent = ali.addresses[-1]
    assert "app_cert_sn=" in sent
    assert "alipay_root_cert_sn=" in sent


def test_wechat_by_its_platforms_certificates(servers, words, tmp_path) -> None:
    """An older merchant's: the answers' serial number is that of the certificate."""
    wx, _ali, clock = servers
    kept(tmp_path / "platform.pem", pem(certificate(wx.own, "Tenpay.com")), 0o644)
    table = words[0].replace('public_key = "wx-public.pem"', 'platform_certificates = ["platform.pem"]')
    table = "\n".join(line for line in table.split("\n") if not line.startswith("public_key_id"))
    port = acquirer(kept(tmp_path / "channels.toml", table), clock=clock)
    wx.serial = "5157F09EFDC096DE15EBE81A47057A72"
    try:
        assert asked(port, calls("wechat", "134567890123456789")[0]).state == "paid"
    finally:
        del wx.serial
    assert asked(port, calls("wechat", "134567890123456789")[1]) == NO_ANSWER, "signed by a key nobody named"


def test_the_backends_threads_call_through_it(servers, words, tmp_path) -> None:
    port = acquirer(kept(tmp_path / "channels.toml", words[0]), clock=servers[2])
    heard, done = [], threading.Event()

    def answered(ticket, reply) -> None:
        heard.append((ticket.what, reply.state))
        done.set()

    caller = acquirer_caller(port, answered, lambda: 0)
    caller.start()
    try:
        caller.call(CallAcquirer(Ticket("pay", number(), 1, TERMINAL), calls("wechat", "134567890123456789")[0], 1))
        assert done.wait(10)
    finally:
        caller.stop()
    assert heard == [("pay", "paid")]


def options(path, **more) -> argparse.Namespace:
    return argparse.Namespace(acquirer="simulated", acquirer_credentials=path, codes=None, scenario=None, **more)


def test_with_credentials_nothing_is_simulated(servers, words, tmp_path) -> None:
    path = kept(tmp_path / "channels.toml", words[0])
    port = serve._acquirer(options(path, data=tmp_path), lambda channel: None)
    assert asked(port, calls("alipay", "284567890123456789")[0]) == Reply("failed", 5014)
    assert not (tmp_path / "acquirer.db").exists()


def test_a_wrong_file_stops_the_server_with_a_next_step(tmp_path) -> None:
    path = kept(tmp_path / "channels.toml", "[wechat]\n", 0o644)
    with pytest.raises(Wrong) as wrong:
        serve._acquirer(options(path, data=tmp_path), lambda channel: None)
    assert (wrong.value.name, wrong.value.code) == ("credentials", 2)
    for lang in ("zh", "en"):
        assert "payment-channels.md" in t("fleet", lang, "step__credentials")


def test_a_pushed_table_of_codes_serves_real_channels_too(servers, words, tmp_path) -> None:
    codes = kept(tmp_path / "codes.toml", 'code = [{channel = "wechat", code = "NEW", ours = 5019, definite = true}]')
    told = options(kept(tmp_path / "channels.toml", words[0]), data=tmp_path)
    told.codes = codes
    port = serve._acquirer(told, lambda channel: None)
    servers[0].clock = SystemClock()
    servers[0].misbehave("pay", Fault("error", "NEW", ""))
    assert asked(port, calls("wechat", "134567890123456789")[0]) == Reply("failed", 5019)


def test_a_server_without_real_channels_imports_none_of_their_packages() -> None:
    told = "import fleet.commands.serve, sys; print([n for n in ('wechatpayv3', 'alipay', 'requests') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("package", "door"), [("wechatpayv3", "wechat_door.py"), ("alipay", "alipay_door.py"), ("requests", "")]
)
def test_each_package_has_one_door(package, door) -> None:
    fleet = Path(__file__).parents[2] / "fleet"
    ways = (f"import {package}\n", f"from {package} ", f"from {package}.")
    users = {path.name for path in fleet.rglob("*.py") if any(way in path.read_text(encoding="utf-8") for way in ways)}
    assert users == ({door} if door else set())


def test_an_alarm_names_the_channel_and_the_next_step(servers, words, tmp_path) -> None:
    heard: list[str] = []
    clocked = acquirer(kept(tmp_path / "channels.toml", words[0]), clock=servers[2], alarm=heard.append)
    servers[0].misbehave("pay", "forged")
    assert asked(clocked, calls("wechat", "134567890123456789")[0]) == NO_ANSWER
    assert heard == ["wechat"]
    for lang in ("zh", "en"):
        assert "wechat" in t("fleet", lang, "wrong__forged", detail="wechat")
        assert t("fleet", lang, "step__forged")
