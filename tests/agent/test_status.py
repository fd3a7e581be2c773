"""What the agent makes of a watch: a status per workload, metrics, a ConfigMap and events."""

from __future__ import annotations

import json
import socket
import threading
from datetime import datetime, timedelta, timezone
from itertools import count
from types import SimpleNamespace
from urllib.request import urlopen

import pytest

from wasmnb.agent import run
from wasmnb.agent.manifest import NAME, Agent, manifest
from wasmnb.agent.metrics import Metrics, serve
from wasmnb.agent.report import ABOUT, ClusterReport
from wasmnb.agent.run import Reporter
from wasmnb.agent.status import Observed, WorkloadStatus, since
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.objects.objects import KINDS
from wasmnb.mesh.istio.proxies.istiod import Istio
from wasmnb.mesh.protocol import Change
from wasmnb.plugin.verdict import PodVerdict, Verdict

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
DIGEST = f"sha256:{'1' * 64}"
KEY = ("guard", "details-v1")


def verdict(pod, word, reason="", **more):
    return PodVerdict(pod, "guard", Verdict(word), DIGEST, "", reason, (), AT, **more).to_dict()


class Told:
    """Changes as a watch tells them."""

    def __init__(self):
        self.observed, self.numbers = Observed(), count(1)

    def __call__(self, kind, name="mesh", **value):
        self.observed.take(Change(next(self.numbers), AT, kind, name, value))

    def pods(self, *verdicts, reason=""):
        for number, word in enumerate(verdicts):
            pod = f"details-v1-{number}"
            self("pod", pod, workload="details-v1")
            self("verdict", f"{pod}/guard", **verdict(pod, word, reason))


@pytest.fixture
def told():
    return Told()


@pytest.mark.parametrize(
    ("verdicts", "worst", "named"),
    [
        (["LIVE", "LIVE"], "LIVE", ()),
        (["LIVE", "LOADED"], "LOADED", ("details-v1-1",)),
        (["TRAPPED", "LOADED", "TRAPPED"], "TRAPPED", ("details-v1-0", "details-v1-2")),
        (["ALLOW_ALL", "DENY_ALL", "WARMING"], "DENY_ALL", ("details-v1-1",)),
    ],
)
def test_a_workload_is_as_well_as_its_worst_pod(told, verdicts, worst, named):
    told.pods(*verdicts)
    status = told.observed.statuses()[KEY]
    assert (status.verdict.value, status.named, sum(status.pods.values())) == (worst, named, len(verdicts))
    assert WorkloadStatus.from_dict(json.loads(json.dumps(status.to_dict()))) == status


def test_every_verdict_has_a_place_among_the_better_and_the_worse(told):
    for word in Verdict:
        told.pods(word.value)
        assert told.observed.statuses()[KEY].verdict is word


def test_pods_and_verdicts_that_go_are_no_part_of_it(told):
    told.pods("LOADED", "HUNG")
    told("verdict", "details-v1-1/guard")
    told("pod-gone", "details-v1-1")
    assert told.observed.statuses()[KEY].pods == {"LOADED": 1}
    told("verdict", "details-v1-0/guard")
    assert told.observed.statuses() == {}
    assert told.observed.pods == 1


def test_what_nobody_sees_any_more_is_unproven_until_it_is_seen_again(told):
    told.pods("LIVE", "LIVE")
    told("fresh")
    told("stale", since="12:00", reason="The API server does not answer.")
    status = told.observed.statuses()[KEY]
    assert (status.verdict, status.pods) == (Verdict.UNPROVEN, {"UNPROVEN": 2})
    assert status.reason == "nothing has been seen since 12:00: The API server does not answer."
    told("fresh")
    assert told.observed.statuses()[KEY].verdict is Verdict.LIVE


def test_a_secret_of_a_configuration_is_not_told(told):
    told("plugin", "guard", config={"api_key": "hunter2-is-long"})
    told.pods("TRAPPED", reason="it said hunter2-is-long, and crashed")
    assert told.observed.statuses()[KEY].reason == "it said ***, and crashed"


def test_since_when_is_kept_as_long_as_the_verdict_is_the_same(told):
    told.pods("LOADED")
    first = since(told.observed.statuses(), {}, "one")
    assert since(told.observed.statuses(), first, "two") == first
    told.pods("LIVE")
    assert since(told.observed.statuses(), first, "two")[KEY].since == "two"


class Asked:
    """An API server that remembers what it was asked, and has one pod of a Deployment."""

    def __init__(self, data=()):
        self.data, self.events, self.broken, self.most = dict(data), [], None, 1000

    def request(self, method, path, body=None, **_):
        if self.broken:
            raise self.broken
        if method == "PATCH":
            changed = body["data"]
            self.data = {key: text for key, text in {**self.data, **changed}.items() if text is not None}
        elif method == "POST":
            if len(self.events) >= self.most:
                raise MeshError("The API server refuses it: too many requests.")
            self.events.append(body)
        elif "/pods/" in path:
            owner = {"controller": True, "kind": "ReplicaSet", "apiVersion": "apps/v1", "name": "details-v1-abc"}
            labels = {"pod-template-hash": "abc"}
            return {"metadata": {"labels": labels, "ownerReferences": [owner]}}
        return {"data": self.data}


class Mesh:
    namespace = "shop"

    class istio:  # noqa: N801 - as the mesh has it
        version, why_blind = "1.30", ""


class Stopped:
    """A watch that has told everything."""

    looked, span = AT, 0.0

    def __iter__(self):
        return iter(())


def reporter(cluster, told):
    made = Reporter(Mesh(), Stopped(), ClusterReport(cluster, "shop", NAME, "agent-0"), Metrics("shop"))
    made.observed = told.observed
    made.follow()  # reads what is there
    return made


def test_a_change_is_an_event_on_the_workload_and_the_rest_is_not(told):
    cluster = Asked()
    agent = reporter(cluster, told)
    told.pods("LOADED", "LOADED")
    agent.round()
    agent.round()
    told.pods("LOADED", "TRAPPED", reason="it crashed")
    agent.round()
    said = [(one["type"], one["reason"], one["message"]) for one in cluster.events]
    assert said == [
        ("Normal", "WasmLoaded", "guard on details-v1: sha256:111111111111 is LOADED on 2 of 2 pods"),
        (
            "Warning",
            "WasmTrapped",
            "guard on details-v1: sha256:111111111111 is TRAPPED on 1 of 2 pods, was LOADED; it crashed",
        ),
    ]
    about = {key: value for key, value in cluster.events[0]["involvedObject"].items() if key != "namespace"}
    assert about == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "details-v1"}
    assert json.loads(cluster.data["guard.details-v1"])["verdict"] == "TRAPPED"
    assert json.loads(cluster.data[ABOUT])["looked"] == "2026-01-02T03:04:05Z"


def test_another_pod_of_the_agent_goes_on_where_the_last_one_was(told):
    cluster = Asked({"stray": "no JSON"})
    told.pods("LOADED")
    reporter(cluster, told).round()
    assert "stray" not in cluster.data
    next_ = reporter(cluster, told)
    next_.round()
    assert len(cluster.events) == 1
    told("verdict", "details-v1-0/guard")
    next_.round()
    assert cluster.events[-1]["reason"] == "WasmRemoved"
    assert list(cluster.data) == [ABOUT]


def test_what_could_not_be_written_is_counted_and_written_later(told):
    cluster = Asked()
    agent = reporter(cluster, told)
    told.pods("LOADED")
    cluster.broken = MeshError("The API server does not answer.")
    agent.round()
    assert not agent.written.is_set()
    assert 'wasmnb_agent_write_failures_total{namespace="shop"} 1' in agent.metrics.text()
    cluster.broken = None
    agent.round()
    assert agent.written.is_set()
    assert len(cluster.events) == 1


def test_an_event_that_was_made_is_not_made_again_where_a_later_one_is_refused(told):
    cluster = Asked()
    agent = reporter(cluster, told)
    for name in ("details-v1", "reviews-v1"):
        told("pod", f"{name}-0", workload=name)
        told("verdict", f"{name}-0/guard", **verdict(f"{name}-0", "LOADED"))
    cluster.most = 1  # as the admission plugin EventRateLimit does it
    agent.round()
    assert (len(cluster.events), agent.metrics.failures) == (1, 1)
    cluster.most = 9
    agent.round()
    assert [one["message"].partition(":")[0] for one in cluster.events] == [
        "guard on details-v1",
        "guard on reviews-v1",
    ]


def test_what_nobody_foresaw_is_no_end_of_the_reports(told):
    cluster = Asked()
    agent = reporter(cluster, told)
    told.pods("LOADED")
    cluster.broken = OSError("the token cannot be read")
    agent.round()
    assert agent.metrics.failures == 1
    cluster.broken = None
    agent.round()
    assert agent.written.is_set()


def test_it_lives_as_long_as_looks_come_when_they_are_due_and_are_reported(told):
    told.pods("LOADED")
    agent = reporter(Asked(), told)
    assert not agent.alive()  # its thread has ended with the watch
    agent = Reporter(Mesh(), Stopped(), ClusterReport(Asked(), "shop", NAME, "agent-0"), Metrics("shop"))
    agent.observed = told.observed
    agent.watch.looked = datetime.now(timezone.utc) - timedelta(seconds=700)
    assert not agent.alive()
    agent.watch.span = 660.0  # of thousands of pods: a minute, and ten times that until the next look
    assert agent.alive()


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (Istio("1.30", "", "istio-system", (), ()), False),
        (Istio("1.31", "", "istio-system", (), ()), True),
        (Istio("1.30", "", "istio-system", (), tuple(KINDS.values())), True),
        (Istio("1.12", "", "istio-system", (), (), "no istiod runs"), False),
    ],
)
def test_after_an_upgrade_of_istio_the_agent_begins_anew(monkeypatch, capsys, now, ends):
    monkeypatch.setattr(run, "_ISTIO", 0.0)
    monkeypatch.setattr(run.istiod, "find", lambda *_: now)
    stopped = threading.Event()
    mesh = SimpleNamespace(
        namespace="shop", cluster=None, stop=stopped.set, istio=Istio("1.30", "", "istio-system", (), ())
    )
    agent = Reporter(mesh, Stopped(), ClusterReport(Asked(), "shop", NAME, "agent-0"), Metrics("shop"))
    agent._moved.set()
    monkeypatch.setattr(agent._end, "wait", lambda _: agent._end.set())
    agent._run()
    assert stopped.is_set() == ends
    assert ("a new process" in capsys.readouterr().err) == ends


def test_series_of_workloads_that_are_gone_end_where_there_are_many(monkeypatch):
    monkeypatch.setattr("wasmnb.agent.metrics._MOST", 3)
    metrics = Metrics("shop")
    for number in range(5):
        status = WorkloadStatus("guard", f"job-{number}", Verdict.LOADED, DIGEST, {"LOADED": 1})
        metrics.set({status.key: status}, seeing=True, pods=1, looked=AT)
    lines = [line for line in metrics.text().splitlines() if line.startswith("wasmnb_plugin_changes_total")]
    assert [line.partition('workload="')[2][:5] for line in lines] == ["job-3", "job-4"]


def test_statuses_with_long_names_and_reasons_have_room_in_a_config_map():
    long = {
        ("guard", f"{number:0200}"): WorkloadStatus(
            "guard", f"{number:0200}", Verdict.HUNG, DIGEST, {"HUNG": 1}, "你" * 300
        )
        for number in range(1500)
    }
    cluster = Asked()
    ClusterReport(cluster, "shop", NAME, "agent-0").write(long, {})
    assert 800_000 < sum(len(key) + len(text.encode()) for key, text in cluster.data.items()) < 2**20
    assert json.loads(cluster.data[ABOUT])["left_out"] == 1501 - len(cluster.data)


@pytest.mark.parametrize("family", ["127.0.0.1", "[::1]"])
def test_the_kubelet_may_ask_over_either_protocol(family):
    try:
        socket.create_server(
            (family.strip("[]"), 0), family=socket.AF_INET6 if ":" in family else socket.AF_INET
        ).close()
    except OSError:
        pytest.skip("this machine has it not")  # as many a container
    server = serve(0, Metrics("shop"), lambda: True, lambda: True)
    try:
        assert urlopen(f"http://{family}:{server.server_address[1]}/ready").status == 200
    finally:
        server.shutdown()
        server.server_close()


def test_metrics_are_served_in_prometheus_own_form(told):
    told.pods("LOADED", "TRAPPED")
    metrics = Metrics('a "place"')
    metrics.set(told.observed.statuses(), seeing=True, pods=2, looked=AT)
    server = serve(0, metrics, lambda: False, lambda: True)
    home = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with urlopen(f"{home}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        assert urlopen(f"{home}/alive").status == 200
        with pytest.raises(OSError, match="503"):
            urlopen(f"{home}/ready")
        with pytest.raises(OSError, match="404"):
            urlopen(f"{home}/")
    finally:
        server.shutdown()
        server.server_close()
    labels = r'namespace="a \"place\"",plugin="guard",workload="details-v1"'
    assert f'wasmnb_plugin_pods{{{labels},verdict="LOADED"}} 1' in lines
    assert f'wasmnb_plugin_pods{{{labels},verdict="TRAPPED"}} 1' in lines
    assert f'wasmnb_plugin_changes_total{{{labels},verdict="TRAPPED"}} 1' in lines
    assert "# TYPE wasmnb_plugin_pods gauge" in lines


def test_of_a_thousand_workloads_the_worst_are_written_and_the_events_are_few():
    cluster = Asked()
    statuses = {
        ("guard", f"w{number}"): WorkloadStatus("guard", f"w{number}", Verdict.LOADED, DIGEST, {"LOADED": 1})
        for number in range(2000)
    }
    statuses["guard", "ill"] = WorkloadStatus("guard", "ill", Verdict.HUNG, DIGEST, {"HUNG": 1})
    report = ClusterReport(cluster, "shop", NAME, "agent-0")
    report.write(statuses, {})
    assert "guard.ill" in cluster.data
    assert json.loads(cluster.data[ABOUT])["left_out"] == 501
    assert report.tell({}, statuses, {}) == 2001
    assert len(cluster.events) == 101
    assert cluster.events[-1]["message"].startswith("the verdicts of 1901 more workloads changed")


def test_its_rights_are_to_look_and_to_write_its_own_status():
    objects = manifest(Agent("registry.example/agent:1", "shop", pull_secret="pull"))
    assert [(one["kind"], one["metadata"]["name"], one["metadata"]["namespace"]) for one in objects] == [
        ("ServiceAccount", NAME, "shop"),
        ("Role", NAME, "shop"),
        ("Role", f"{NAME}-shop", "istio-system"),
        ("RoleBinding", NAME, "shop"),
        ("RoleBinding", f"{NAME}-shop", "istio-system"),
        ("ConfigMap", NAME, "shop"),
        ("Deployment", NAME, "shop"),
    ]
    rules = [rule for one in objects if one["kind"] == "Role" for rule in one["rules"]]
    looks = {"get", "list", "watch"}
    # What a forwarded port takes is a GET and, from Kubernetes 1.35 on, the right to create.
    writing = {tuple(rule["resources"]) for rule in rules if set(rule["verbs"]) - looks}
    assert writing == {("pods/portforward",), ("configmaps",), ("events",)}
    assert [rule["resourceNames"] for rule in rules if rule["resources"] == ["configmaps"]] == [[NAME]]
    assert not any("*" in (*rule["resources"], *rule["verbs"], *rule["apiGroups"]) for rule in rules)
    pod = objects[-1]["spec"]["template"]["spec"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert objects[0]["imagePullSecrets"] == [{"name": "pull"}]
    # In Istio's own namespace one role has it all.
    assert len(manifest(Agent("i", "istio-system"))) == 5
