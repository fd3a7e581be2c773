"""The benchmarks can be started, and a comparison tells a difference from noise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import needs
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool, Question
from wasmnb.mesh.istio.proxies.pod_list import PodList

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from compare import Compared, compared, table  # noqa: E402 - not a package


@pytest.mark.slow
def test_every_part_of_the_benchmarks_can_be_imported():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])}
    listed = [sys.executable, "-c", "import bench; print(*bench.PARTS)"]
    done = subprocess.run(listed, env=environment, capture_output=True, text=True, timeout=120)
    assert "load_ext" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("base", "now", "verdict"),
    [
        ((100, 101, 99, 100, 100), (120, 121, 119, 120, 122), "slower"),
        ((100, 101, 99, 100, 100), (80, 81, 79, 80, 80), "faster"),
        ((100, 140, 80, 120, 90), (120, 150, 90, 110, 130), ""),
        ((100, 100, 100, 100, 300), (100, 101, 100, 99, 100), ""),
        ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), ""),
    ],
)
def test_a_difference_counts_when_it_is_above_the_noise(base, now, verdict):
    assert Compared("x_ms", "ms", False, base, now).verdict == verdict
    turned = {"slower": "faster", "faster": "slower", "": ""}
    assert Compared("x_per_s", "1/s", True, base, now).verdict == turned[verdict]


def test_the_table_names_what_got_slower_and_leaves_out_what_one_side_lacks():
    def side(*values, **more):
        return {"x_ms": {"values": list(values), "unit": "ms", "goal": "<= 10"}, **more}

    new = {"new_ms": {"values": [1], "unit": "ms", "goal": ""}}
    rounds = [{"base": side(10, 11, 30), "now": side(20, 22, 21, **new)} for _ in range(3)]
    (only,) = compared(rounds)
    assert (only.base, only.now) == ((11, 11, 11), (21, 21, 21))
    assert table([only]).splitlines()[-1] == "slower by more than the noise: x_ms (+91%)"


COUNT, NAMESPACE = 700, "team"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@pytest.fixture
@needs("compiler")
def many(tmp_path, monkeypatch):
    """Give a cluster of many pods, which are one that was recorded."""
    if shutil.which("go") is None:
        pytest.skip("the stand-in for an API server is built with Go")
    import many_pods

    item = {"metadata": {"name": "details", "uid": "one", "resourceVersion": "7"}, "spec": {}, "status": {}}
    text = {
        "namespace": NAMESPACE,
        "pod": "details",
        "api": {PODS: {"metadata": {"resourceVersion": "9"}, "items": [item]}, "/version": {"minor": "36"}},
        "admin": {"/long": "x" * 40_000, "POST /logging": "active loggers"},
        "log": "2026-01-01T00:00:01Z first\n2026-01-01T00:00:02Z second\n",
        "syncz": [{"proxy": "details.team"}],
    }
    recording = tmp_path / "recording.json"
    recording.write_text(json.dumps(text))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", "")
    many_pods.certify(tmp_path)
    with many_pods.serving(recording, COUNT, tmp_path) as port:
        many_pods.configure(tmp_path, port, NAMESPACE)
        cluster = Cluster.connect()
        yield cluster
        cluster.close()


def test_the_stand_in_for_many_pods_answers_as_what_it_stands_for(many):
    items = PodList(many, NAMESPACE).read()
    assert [one["metadata"]["name"] for one in items] == [f"details-{number:05}" for number in range(COUNT)]
    assert len({one["metadata"]["uid"] for one in items}) == COUNT
    log = f"{PODS}/details-00001/log"
    since = {"sinceTime": "2026-01-01T00:00:02Z"}
    assert many.request("GET", log, query=since) == "2026-01-01T00:00:02Z second\n"
    assert many.request("GET", log, query={"limitBytes": "4"}) == "2026"
    tunnels = PortForwardPool()
    asked = [Question(15000, "/long"), Question(15000, "/logging", "POST"), Question(15090, "/")]
    found = tunnels.ask(many, NAMESPACE, "details-00001", asked, ports=(15000, 15090))
    assert found[:2] == ["x" * 40_000, "active loggers"]
    assert "404" in str(found[2])
    said = json.loads(tunnels.get(many, "istio-system", "istiod-1", 15014, "/debug/syncz"))
    assert [one["proxy"] for one in said] == [f"details-{number:05}.team" for number in range(COUNT)]
    tunnels.close()
    assert int(many.request("GET", "/bytes")) > 40_000
