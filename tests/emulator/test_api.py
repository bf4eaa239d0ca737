"""The API's edges: who may call it, what it refuses and how it says so, and that its document is current."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from emulator import app, openapi
from emulator.keys import CannotType, typed
from texts import catalogue


def run(coroutine: Any) -> None:
    asyncio.run(coroutine)


OTHERS = [
    ({"Host": "pos.evil.example"}, "host"),
    ({"Host": "127.0.0.1.evil.example:8080"}, "host"),
    ({"Host": ""}, "host"),
    ({"Origin": "https://evil.example"}, "origin"),
    ({"Origin": "null"}, "origin"),
    ({"Origin": "http://127.0.0.1:9"}, "origin"),
    ({"Sec-Fetch-Site": "cross-site"}, "origin"),
    ({"Sec-Fetch-Site": "same-site"}, "origin"),
]


@pytest.mark.parametrize(("headers", "why"), OTHERS)
@pytest.mark.parametrize("path", ["/", "/api/screen", "/page/page.js"])
def test_other_origins_get_nothing(bench: Any, headers: dict[str, str], why: str, path: str) -> None:
    async def story(at: Any) -> None:
        answer = await at.get(path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"] == catalogue("emulator", "en")[f"error__{why}"]
        assert "access-control-allow-origin" not in answer.headers

    run(on_still(story))


async def on_still(story: Any) -> None:
    """The application without a machine that runs: enough for what is refused before it is reached."""
    guarded = app.Guard(_nothing, frozenset({"kasse.example"}))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=guarded), base_url="http://127.0.0.1:8080"
    ) as client:
        await story(client)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"reached"})


WELCOME = [
    {},
    {"Host": "localhost:8080"},
    {"Host": "[::1]:8080"},
    {"Host": "192.168.1.5"},
    {"Host": "kasse.example"},
    {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.parametrize("headers", WELCOME)
def test_the_page_and_scripts_are_welcome(headers: dict[str, str]) -> None:
    async def story(client: Any) -> None:
        assert (await client.get("/", headers=headers)).text == "reached"

    run(on_still(story))


def test_a_form_of_another_site_cannot_post() -> None:
    async def story(client: Any) -> None:
        answer = await client.post("/api/press", content=b'{"keys":["OK"]}', headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert "application/json" in answer.json()["what_to_do"]

    run(on_still(story))


BAD = [
    ("/api/press", b"{", 400),
    ("/api/press", b"{}", 400),
    ("/api/press", b'{"keys":["ENTER"]}', 400),
    ("/api/press", b'{"keys":["1"],"speed":2}', 400),
    ("/api/press", b'{"key":"OK","hold_ms":99999999}', 400),
    ("/api/press?until=never", b'{"keys":["1"]}', 400),
    ("/api/press?timeout_ms=-1", b'{"keys":["1"]}', 400),
    ("/api/press?timeout_ms=%D9%A3", b'{"keys":["1"]}', 400),
    ("/api/scan", b'{"text":"' + b"1" * 5000 + b'"}', 400),
    ("/api/scan", b'{"bytes_hex":"0"}', 400),
    ("/api/scan", b'{"bytes_hex":"30","text":"0"}', 400),
    ("/api/scan", b"x" * 70_000, 413),
    ("/api/trouble", b"{}", 400),
    ("/api/trouble", b'{"printer":"on_fire"}', 400),
    ("/api/trouble", b'{"battery":101}', 400),
    ("/api/drawer", b'{"action":"kick"}', 400),
    ("/api/nowhere", b"{}", 404),
]


def test_what_does_not_fit_is_refused_with_a_way_out(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            for path, body, code in BAD:
                answer = await at._client.post(path, content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code == code, (path, body[:40], answer.text)
                assert answer.json()["error"]
                assert answer.json()["what_to_do"]
            assert (await at.get("/api/paper.png", params={"slip": "99"})).status_code == 404
            assert (await at.get("/api/journal", params={"limit": "201"})).status_code == 400
            assert (await at.get("/api/texts/xx")).status_code == 404

    run(story())


def test_another_method_is_told_which_one_fits(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            answer = await at._client.delete("/api/press")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert answer.json()["error"] == "This address takes no DELETE."
            assert "POST" in answer.json()["what_to_do"]

    run(story())


def test_errors_are_said_in_the_callers_language(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            answer = await at.post("/api/press", {}, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
            assert answer.json()["error"] == "没有要做的事。"

    run(story())


def test_the_committed_document_is_current() -> None:
    committed = openapi.COMMITTED.read_text(encoding="utf-8")
    assert committed == openapi.committed_text(), "run `python -m emulator.openapi`"


def test_the_document_and_the_application_name_the_same_calls() -> None:
    described = {(route.verb.upper(), route.path) for route in openapi.ROUTES}
    served = {(verb, path) for verb, path, _ in app.ROUTES}
    pages_own = {"/", "/api/state", "/api/events", "/api/openapi.json", "/api/texts/{lang}"}
    assert {path for _, path in served - described} == pages_own
    assert described <= served


def test_answers_keep_to_the_document(bench: Any) -> None:
    async def story() -> None:
        async with bench() as at:
            document = json.loads(openapi.committed_text())
            await at.press("OK", "UP", until="printed")
            for route in openapi.ROUTES:
                if route.verb == "get" and isinstance(route.gives, type):
                    shown = (await at.get(route.path)).json()
                    schema = document["components"]["schemas"][route.gives.__name__]
                    assert set(schema["required"]) <= set(shown) <= set(schema["properties"]), route.path

    run(story())


def test_both_languages_have_every_text() -> None:
    assert set(catalogue("emulator", "zh")) == set(catalogue("emulator", "en"))


def test_control_characters_are_typed_with_ctrl() -> None:
    assert len(list(typed("\x1b\x1d\t\r", 0))) == 4
    with pytest.raises(CannotType):
        list(typed("价", 0))
