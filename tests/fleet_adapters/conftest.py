import pytest

from tests.fleet_adapters.benches import BENCHES


@pytest.fixture(scope="session")
def servers():
    """Each platform's stand-in, started when it is first asked for."""
    started = {}

    def server(kind):
        if kind not in started:
            started[kind] = kind().start()
        return started[kind]

    yield server
    for each in started.values():
        each.stop()


@pytest.fixture(params=BENCHES, ids=[bench.__name__.removesuffix("Bench") for bench in BENCHES])
def bench(request, servers, tmp_path):
    return request.param(servers(request.param.server_class), tmp_path)
