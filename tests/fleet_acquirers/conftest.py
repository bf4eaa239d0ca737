import pytest

from tests.fleet_acquirers.benches import ALL, REAL


@pytest.fixture(scope="session")
def channels():
    """Each channel's stand-in, started when it is first asked for."""
    started = {}

    def server(kind):
        if kind is not None and kind not in started:
            started[kind] = kind().start()
        return started.get(kind)

    yield server
    for each in started.values():
        each.stop()


def _named(benches):
    return {"params": benches, "ids": [bench.__name__.removesuffix("Bench") for bench in benches]}


@pytest.fixture(**_named(ALL))
def bench(request, channels, tmp_path):
    """Simulated and real channels."""
    return request.param(channels(request.param.server_class), tmp_path)


@pytest.fixture(**_named(REAL))
def real(request, channels, tmp_path):
    """Real channels only: what they can do wrong the simulator cannot."""
    return request.param(channels(request.param.server_class), tmp_path)
