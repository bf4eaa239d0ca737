"""Signing in: who gets through the door, who does not, and that nobody can lock anybody else out."""

import json
import stat

import pytest

from fleet.dashboard import passwords, sessions, throttle
from fleet.dashboard.doors import local
from fleet.dashboard.users import Users, UserTrouble
from tests.dashboard.house import NOW, PASSWORD, House


@pytest.fixture
def anna(house: House) -> House:
    house.dashboard.users.add("anna", "manager", PASSWORD, NOW)
    return house


def test_whoever_is_not_signed_in_sees_the_form_and_comes_back_to_the_page(anna: House) -> None:
    browser = anna.browser()
    answer = browser.get("/?shop=x")
    assert answer.status_code == 401
    assert 'value="/?shop=x"' in answer.text
    answer = browser.sign_in("anna", next="/?shop=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?shop=x")
    assert "Fleet map" in browser.page("/")


def test_nothing_behind_the_door_is_told_without_a_session(anna: House) -> None:
    for path in ("/live/map", "/live/map?since=0"):
        answer = anna.browser().get(path)
        assert answer.status_code == 401
        assert "tiles" not in answer.text


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong password"), ("nobody", PASSWORD), ("", ""), ("anna", "x" * 300)]
)
def test_a_wrong_name_and_a_wrong_password_look_alike(anna: House, name: str, password: str) -> None:
    answer = anna.browser().sign_in(name, password)
    assert answer.status_code == 401
    assert "Name or password is wrong" in answer.text
    assert "pos_session" not in answer.cookies
    assert password not in answer.text or not password


def test_the_cookie_tells_no_script_and_no_other_site(anna: House) -> None:
    answer = anna.browser().sign_in("anna")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("pos_session"))
    for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert word in cookie, cookie


def test_over_tls_cookies_are_bound_to_the_host(tmp_path) -> None:
    house = House(tmp_path, secure=True)
    house.dashboard.users.add("anna", "viewer", PASSWORD, NOW)
    browser = house.browser()
    browser.client.base_url = "https://testserver"
    token = browser.token("/sign-in")
    answer = browser.post("/sign-in", token, {"Origin": "https://testserver"}, name="anna", password=PASSWORD)
    assert answer.status_code == 303
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-"), cookie
        assert "Secure" in cookie
        assert "Domain" not in cookie
    house.close()


def test_a_session_ends_when_idle_and_for_good(anna: House) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    for _ in range(24):
        anna.later(sessions.IDLE_MS / 1_000 - 60)
        assert browser.get("/").status_code == 200
    anna.later(sessions.IDLE_MS / 1_000 - 60)  # twelve hours have gone by, whatever was clicked
    assert browser.get("/").status_code == 401
    browser.sign_in("anna")
    anna.later(sessions.IDLE_MS / 1_000)
    assert browser.get("/").status_code == 401


def test_signing_out_ends_it_for_a_copied_cookie_too(anna: House) -> None:
    browser, thief = anna.browser(), anna.browser()
    browser.sign_in("anna")
    thief.client.cookies.update(browser.client.cookies)
    assert thief.get("/").status_code == 200
    assert browser.post("/sign-out").status_code == 303
    assert thief.get("/").status_code == 401


@pytest.mark.parametrize("change", ["password", "remove"])
def test_a_new_password_and_a_removed_user_end_all_sessions(anna: House, change: str) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    outside = Users(anna.data)  # `posfleet user`, another process
    outside.set_password("anna", "another long one", NOW + 1) if change == "password" else outside.remove("anna")
    assert browser.get("/").status_code == 401


def test_another_role_counts_at_the_next_click(anna: House) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    assert "manager" in browser.page("/")
    Users(anna.data).set_role("anna", "viewer", NOW + 1)
    assert "viewer" in browser.page("/")


def test_a_session_is_never_carried_over_a_sign_in(anna: House) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    before = browser.client.cookies["pos_session"]
    browser.post("/sign-in", browser_token(browser), name="anna", password=PASSWORD)
    assert browser.client.cookies["pos_session"] != before
    assert anna.dashboard.sessions.find(before, anna.utc_ms()) is None


def browser_token(browser) -> str:
    text = browser.get("/sign-in").text
    return text.split('name="csrf" value="')[-1].split('"')[0]


def test_sessions_live_over_a_restart_and_the_file_holds_no_token(anna: House) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    token = browser.client.cookies["pos_session"]
    again = sessions.Sessions(anna.data / sessions.FILE)
    assert again.find(token, NOW) is not None
    again.close()
    for path in anna.data.glob("sessions.db*"):
        assert token.encode() not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_the_users_file_holds_no_password_and_is_for_its_owner(anna: House) -> None:
    path = anna.data / "users.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert json.loads(path.read_text())["users"][0]["name"] == "anna"


# --- forms from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}), ("guess", {}), (None, {"Origin": "https://evil.example"}), (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Sec-Fetch-Site": "same-site"}), (None, {"Origin": "null"}),
    ],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused(anna: House, token: str | None, headers: dict[str, str]) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    assert browser.post("/sign-out", token, headers).status_code == 403
    assert browser.get("/").status_code == 200, "still signed in"


def test_another_users_token_is_none(anna: House) -> None:
    anna.dashboard.users.add("ben", "manager", PASSWORD, NOW)
    mine, theirs = anna.browser(), anna.browser()
    mine.sign_in("anna")
    theirs.sign_in("ben")
    assert mine.post("/sign-out", theirs.token()).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_nobody_can_be_signed_in_from_elsewhere(anna: House, headers: dict[str, str]) -> None:
    assert anna.browser().sign_in("anna", **headers).status_code == 403
    browser = anna.browser()
    browser.get("/sign-in")
    foreign = anna.browser().token("/sign-in")
    assert browser.post("/sign-in", foreign, name="anna", password=PASSWORD).status_code == 403


@pytest.mark.parametrize(
    "body", [b"a" * 300_000, b"&".join(b"a%d=1" % n for n in range(200)), b"\xff\xfe", b"csrf=%ff%fe", b'{"csrf":"x"}']
)
def test_a_form_that_is_none_is_refused_and_breaks_nothing(anna: House, body: bytes) -> None:
    browser = anna.browser()
    browser.sign_in("anna")
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
        answer = browser.client.post("/sign-out", content=body, headers={"Content-Type": kind})
        too_large = len(body) > 64 * 1024 and "urlencoded" in kind
        assert answer.status_code == (413 if too_large else 403)


@pytest.mark.parametrize(
    ("path", "good"),
    [
        ("/t/1?a=b", True), ("/", True), ("//evil.example", False), ("/\\evil.example", False), ("https://evil", False),
        ("", False), ("/a\r\nSet-Cookie: x", False), ("/" + "a" * 600, False), ("javascript:alert(1)", False),
    ],
)  # fmt: skip
def test_after_signing_in_nobody_is_led_elsewhere(path: str, good: bool) -> None:
    assert local(path) == (path if good else "")


# --- guessing -----------------------------------------------------------------


def test_guessing_gets_slower_and_a_pause_forgives(anna: House) -> None:
    browser = anna.browser()
    for _ in range(throttle.FREE_TRIES):
        assert browser.sign_in("anna", "a wrong guess").status_code == 401
    answer = browser.sign_in("anna", PASSWORD)
    assert answer.status_code == 429, "even the right one waits"
    anna.later(int(answer.headers["retry-after"]))
    assert browser.sign_in("anna", "a wrong guess").status_code == 401
    assert int(browser.sign_in("anna").headers["retry-after"]) > int(answer.headers["retry-after"])
    anna.later(throttle.FORGET_S)
    assert browser.sign_in("anna").status_code == 303


def test_waits_double_up_to_a_bound() -> None:
    seconds = [0.0]
    slow = throttle.Throttle(lambda: seconds[0])
    waits = []
    for _ in range(20):
        slow.failed("a", "anna", "")
        waits.append(slow.wait_s("a", "anna", ""))
        seconds[0] += waits[-1]
    assert waits[:4] == [0.0] * 4
    assert waits[4:7] == [2.0, 4.0, 8.0]
    assert max(waits) == throttle.WAIT_MAX_S


def test_strangers_everywhere_cannot_lock_out_whoever_was_here_before(anna: House) -> None:
    known = anna.browser(address="10.0.0.9")
    assert known.sign_in("anna").status_code == 303
    known.post("/sign-out")
    for number in range(2 * throttle.FREE_TRIES_NAME):
        anna.browser(address=f"10.1.0.{number}").sign_in("anna", "a wrong guess")
    stranger = anna.browser(address="10.2.0.1")
    assert stranger.sign_in("anna").status_code == 429, "strangers wait"
    assert known.sign_in("anna").status_code == 303, "the known browser does not"
    other = anna.browser(address="10.2.0.2")
    anna.dashboard.users.add("ben", "viewer", PASSWORD, NOW)
    assert other.sign_in("ben").status_code == 303, "and another name does not either"


def test_a_proof_is_for_one_name_and_for_a_time() -> None:
    proof = throttle.Proof(b"k" * 32)
    text = proof.give("anna", 1_000)
    assert proof.read(text, "anna", 1_000)
    assert not proof.read(text, "ben", 1_000)
    assert not proof.read(text, "anna", 1_000 + throttle.PROOF_LIFE_S)
    assert not throttle.Proof(b"x" * 32).read(text, "anna", 1_000)
    for broken in ("", "x", "a.b.c", text[:-1], "²." + text, text.replace(".", "²")):
        assert not proof.read(broken, "anna", 1_000)


def test_the_counts_take_bounded_room() -> None:
    slow = throttle.Throttle(lambda: 0.0)
    slow._counts = {f"address {number}": throttle._Count(1, 0.0, 0.0) for number in range(throttle.KEPT_MAX)}
    slow.failed("a", "b", "")
    assert len(slow._counts) <= throttle.KEPT_MAX


# --- passwords and users -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"), ("aaaaaaaaaaaa", "plain"), ("ababababababab", "plain"), ("anna-2026-x", "name"),
        ("x" * 201, "long"), (PASSWORD, ""), ("密码很长很长很长的一个密码", ""),
    ],
)  # fmt: skip
def test_a_weak_password_is_refused(password: str, why: str) -> None:
    assert passwords.weakness("anna", password) == why


@pytest.mark.parametrize("name", ["", "Anna", "a b", "../x", "a" * 33, "<b>", "-a", "anna\n"])
def test_a_name_that_is_none_is_refused(house: House, name: str) -> None:
    with pytest.raises(UserTrouble):
        house.dashboard.users.add(name, "viewer", PASSWORD, NOW)


def test_the_real_hash_takes_real_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = passwords.hashed(PASSWORD)
    assert (kept.n, kept.r, kept.p) == (2**15, 8, 1)
    assert passwords.fits(PASSWORD, kept)
    assert not passwords.fits(PASSWORD + "x", kept)
    assert not passwords.fits(PASSWORD, None)
    assert passwords.hashed(PASSWORD).key != kept.key, "a salt of its own"
