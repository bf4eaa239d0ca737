"""Files beside MQTT: whole, by their digest, and gone on with where they stopped."""

import hashlib
import queue
import socket
import threading
from random import Random
from types import SimpleNamespace

import pytest

from firmware.drivers import fetch
from firmware.drivers.fetch import Fetcher
from firmware.events import Fetch, Fetched, FetchFailed, Unfetch
from tests.update.server import Files
from wire.fleet import Blob

DATA = Random(7).randbytes(300_000)
SHA = hashlib.sha256(DATA).hexdigest()


class Bench:
    """A worker with its answers."""

    def __init__(self, folder):
        self.folder, self.answers = folder, queue.SimpleQueue()
        self.fetcher = Fetcher(folder, self.answers.put)
        self.thread = threading.Thread(target=self.fetcher.run)
        self.thread.start()

    def fetch(self, url, sha256=SHA, size=300_000):
        self.fetcher.carry_out(Fetch(Blob("release", sha256, size, url)))
        return self.answers.get(timeout=30)

    @property
    def file(self):
        return self.folder / "blobs" / SHA

    @property
    def draft(self):
        return self.folder / "blobs" / f"{SHA}.part"


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.fetcher.stop()
    made.thread.join()


@pytest.fixture
def files():
    with Files(DATA) as served:
        yield served


def test_a_file_comes_whole_and_is_not_fetched_twice(bench, files):
    assert bench.fetch(files.url) == Fetched(SHA)
    assert bench.file.read_bytes() == DATA
    assert not bench.draft.exists()
    assert bench.fetch(files.url) == Fetched(SHA)
    assert files.asked == [""]


def test_what_was_begun_goes_on_where_it_stopped(bench, files):
    files.ends_after = 100_000
    answer = bench.fetch(files.url)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (1004, False)
    assert bench.draft.stat().st_size == 100_000
    files.ends_after = 0
    assert bench.fetch(files.url) == Fetched(SHA)
    assert files.asked == ["", "bytes=100000-"]
    assert bench.file.read_bytes() == DATA


def test_a_server_that_knows_no_ranges_sends_all_of_it(bench, files):
    files.ends_after = 100_000
    bench.fetch(files.url)
    files.ends_after, files.ranges = 0, False
    assert bench.fetch(files.url) == Fetched(SHA)


def test_a_draft_that_a_power_cut_damaged_is_begun_anew(bench, files):
    bench.draft.parent.mkdir()
    bench.draft.write_bytes(b"\0" * 50_000)
    assert bench.fetch(files.url) == Fetched(SHA)
    assert files.asked == ["bytes=50000-", ""]


def test_a_file_that_rotted_is_fetched_again(bench, files):
    bench.fetch(files.url)
    bench.file.write_bytes(b"\1" + DATA[1:])
    assert bench.fetch(files.url) == Fetched(SHA)
    assert bench.file.read_bytes() == DATA


@pytest.mark.parametrize(
    ("sha256", "size", "final"),
    [
        ("ab" * 32, len(DATA), True), (SHA, len(DATA) - 1, False), (SHA, len(DATA) + 1, False),
        (SHA, 2 * len(DATA), False),
    ],
)  # fmt: skip
def test_another_file_than_was_said_is_never_taken(bench, files, sha256, size, final):
    answer = bench.fetch(files.url, sha256, size)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (9003, final), "what has the size and not the digest was all downloaded"
    assert not (bench.folder / "blobs" / sha256).exists()


@pytest.mark.parametrize("length_said", [True, False])
@pytest.mark.parametrize("page", [b"<html>sign in</html>", b"<html>" + b"advertisement" * 40_000])
def test_the_page_of_a_guest_network_in_the_files_place_is_waited_out(bench, files, page, length_said):
    files.data, files.length_said = page, length_said
    answer = bench.fetch(files.url)
    assert isinstance(answer, FetchFailed)
    assert not answer.final
    files.data, files.length_said = DATA, True
    assert bench.fetch(files.url) == Fetched(SHA)
    assert bench.file.read_bytes() == DATA


def test_a_draft_of_a_file_that_is_shorter_there_is_no_reason_to_ask_again_for_ever(bench, files):
    bench.draft.parent.mkdir()
    bench.draft.write_bytes(DATA[:1_000])
    answer = bench.fetch(files.url, SHA, len(DATA) + 5)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (9003, False)
    assert files.asked == ["bytes=1000-"]


@pytest.mark.parametrize(("status", "code"), [(404, 1005), (403, 1005), (500, 1010), (503, 1010), (302, 1005)])
def test_a_server_that_refuses_is_asked_again_later_and_never_leads_elsewhere(bench, files, status, code):
    files.status = status
    answer = bench.fetch(files.url)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (code, False)
    assert len(files.asked) == 1


def test_nobody_there_is_no_end(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = bench.fetch(f"http://127.0.0.1:{port}/x")
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (1003, False)


@pytest.mark.parametrize("url", ["http://[::1/x", "http://\u2100.cn/", "http://127.0.0.1:99999/", "http://a..b/"])
def test_an_address_that_is_none_ends_nobody(bench, url):
    answer = bench.fetch(url)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (1003, False)


def test_the_journal_keeps_its_room(bench, files, monkeypatch):
    monkeypatch.setattr(fetch.os, "statvfs", lambda path: SimpleNamespace(f_bavail=1_000, f_frsize=1_024))
    answer = bench.fetch(files.url)
    assert isinstance(answer, FetchFailed)
    assert (answer.code, answer.final) == (9002, True)
    assert files.asked == []


def test_what_is_of_no_use_any_more_goes(bench, files):
    bench.fetch(files.url)
    bench.fetcher.carry_out(Unfetch(SHA))
    files.status = 404
    bench.fetch(files.url)
    assert not bench.file.exists()
