"""The emulator does what Envoy does: the same cases on both, and everything that they see is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasmnb import cases
from wasmnb.cases.hosts.emulator import EmulatorHost
from wasmnb.cases.hosts.envoy import EnvoyHost
from wasmnb.cases.observation import Exchange, Observation
from wasmnb.compile import Filter

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

_HERE = Path(__file__).parent
SUITE = cases.load(_HERE / "probe.wasmtest.yaml")


@pytest.fixture(scope="module")
def envoy():
    with EnvoyHost(["other"]) as host:
        yield host


@pytest.fixture(scope="module")
def probe():
    return Filter("probe", (_HERE / "probe.cc").read_text("utf-8"), "cpp").build()


def seen(observation: Observation) -> list[str]:
    """Write down what was seen, without what only one of them knows."""
    found = [f"start {line}" for one in observation.start for line in one.log]
    for index, exchange in enumerate(observation.exchanges):
        found += [f"{index} {line}" for line in _exchange(exchange)]
    return [*found, *(f"call {one}" for one in observation.calls)]


def _exchange(exchange: Exchange) -> list[str]:
    found = [f"{one.name}: {line}" for one in exchange.callbacks for line in one.log]
    found += [f"{one.name} trapped" for one in exchange.callbacks if one.trap]
    found += [f"failed: {bool(exchange.failure)}"]
    for parts in (exchange.request, exchange.response):
        for phase, part in parts.items():
            found += [f"{phase.value} {name}: {value}" for name, value in sorted(part.headers)]
            found += [f"{phase.value} {part.body!r}"]
    return found


@pytest.mark.parametrize("case", SUITE.cases, ids=lambda case: case.name)
def test_both_hosts_see_the_same(case: cases.Case, envoy: EnvoyHost, probe) -> None:
    real, emulated = envoy.run(case, [probe]), EmulatorHost(["other"]).run(case, [probe])
    assert not real.refused
    assert seen(emulated) == seen(real)
