"""Which pods are looked at: a stated sample of many, and those of the namespace."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from wasmnb.errors import UsageError
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.istio.objects.convergence import Convergence
from wasmnb.mesh.istio.proxies import verdicts
from wasmnb.mesh.istio.proxies.config_dump import FilterChain, Listeners
from wasmnb.mesh.istio.proxies.evidence import Evidence
from wasmnb.mesh.istio.proxies.pod_list import PodList
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.mesh.istio.proxies.sample import sampled
from wasmnb.mesh.istio.proxies.verdicts import VerdictReader
from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict
from wasmnb.progress import Silent

WORKLOADS = ("web", "shop", "cart")


def item(workload: str, number: int) -> dict:
    owner = {"controller": True, "kind": "StatefulSet", "name": workload}
    name = f"{workload}-{number}"
    return {"metadata": {"name": name, "uid": f"uid-{name}", "ownerReferences": [owner]}}


PODS = [item(workload, number) for workload in WORKLOADS for number in range(20)]


def names(items) -> set[str]:
    return {one["metadata"]["name"] for one in items}


def test_each_workload_is_in_a_sample_and_the_same_pods_are_again():
    chosen = sampled(PODS, 6)
    assert sorted(one["metadata"]["name"].split("-")[0] for one in chosen) == sorted(WORKLOADS * 2)
    assert names(sampled(list(reversed(PODS)), 6)) == names(chosen)
    fewer = [one for one in PODS if one is not chosen[0]]
    assert names(chosen[1:]) <= names(sampled(fewer, 6))


@pytest.mark.parametrize("size", [None, len(PODS), 1000])
def test_no_sample_is_taken_of_pods_that_are_not_more(size):
    assert sampled(PODS, size) == PODS


@pytest.mark.parametrize("size", [0, -1])
def test_a_sample_without_a_pod_is_refused_before_a_cluster_is_looked_for(size):
    with pytest.raises(UsageError, match=f"A sample has at least one pod, not {size}"):
        IstioMesh.connect("no such context", sample=size)


class Reader(VerdictReader):
    """Judges without a cluster: the pods in `ill` are not well."""

    ill: frozenset[str] = frozenset()

    def _judged(self, items, stored, *, rest, whole):
        at = datetime.now(timezone.utc)
        return [
            PodVerdict(name, "id", Verdict.TRAPPED if name in self.ill else Verdict.LIVE, "", "", "", (), at)
            for name in (one["metadata"]["name"] for one in items)
        ]


@pytest.fixture
def reader(monkeypatch) -> Reader:
    monkeypatch.setattr(verdicts, "selects", lambda *_: True)
    return Reader(None, PodList(None, "home"), None, None, None, images=None, proving=None, sample=6)


STORED = [SimpleNamespace(kind=SimpleNamespace(ours=True))]


def test_each_verdict_of_a_sample_says_so(reader):
    found = reader.judged(PODS, STORED)
    assert {one.pod for one in found} == names(sampled(PODS, 6))
    assert {one.reason for one in found} == {"one of a sample of 6 of 60 pods"}


def test_all_pods_of_a_workload_are_looked_at_in_which_one_is_not_well(reader):
    first = next(one for one in sampled(PODS, 6) if one["metadata"]["name"].startswith("shop"))
    reader.ill = frozenset({first["metadata"]["name"]})
    found = reader.judged(PODS, STORED)
    assert {one.pod for one in found} == names(sampled(PODS, 6)) | {f"shop-{number}" for number in range(20)}
    assert {one.reason for one in found} == {"one of a sample of 24 of 60 pods"}


def test_a_pod_of_a_sample_that_was_asked_again_whether_a_plugin_is_gone_says_so_too(reader, monkeypatch):
    monkeypatch.setattr(verdicts, "has_proxy", lambda _: True)
    monkeypatch.setattr(verdicts, "digest_of", lambda _: "")
    monkeypatch.setattr(reader, "_names", lambda _: ("filter",))
    asked = set()

    def gather(items, *_, **__):
        asked.update(names(items))
        return [
            Evidence(one, entries=(), listeners=serving("filter" if names([one]) & keeping else "")) for one in items
        ]

    monkeypatch.setattr(reader, "_gatherer", SimpleNamespace(gather=gather))
    monkeypatch.setattr(reader, "proving", SimpleNamespace(left=lambda *_: {}))
    stored = [SimpleNamespace(id="id")]
    chosen, keeping = sampled(PODS, 6), set()
    for items in (PODS, chosen[:1]):
        asked.clear()
        found = reader.removed(items, stored, PODS)
        assert all("one of a sample of 6 of 60 pods" in one.reason for one in found)
        assert asked == names(items) & names(chosen)
    # One pod that keeps it has all of its workload looked at.
    first = next(one for one in chosen if one["metadata"]["name"].startswith("shop"))
    keeping |= names([first])
    found = reader.removed(PODS, stored, PODS)
    assert {one.pod for one in found} == names(chosen) | {f"shop-{number}" for number in range(20)}
    assert {one.pod: one.cause for one in found if one.verdict is not Verdict.GONE} == {
        first["metadata"]["name"]: Cause.STILL_IN_FORCE
    }
    assert all("one of a sample of 24 of 60 pods" in one.reason for one in found)
    # One of the others that still had it then is asked again, though the sample has given it up.
    keeping.clear()
    other = next(one for one in PODS if one["metadata"]["name"].startswith("shop") and one not in chosen)
    assert [(one.pod, one.verdict) for one in reader.removed([other], stored, PODS)] == [
        (other["metadata"]["name"], Verdict.GONE)
    ]


def serving(name):
    """Give the listeners of a proxy that serve with a filter."""
    chain = FilterChain(True, 9080, True, frozenset({name} - {""}))
    return Listeners((chain,), frozenset(), frozenset(), (), "")


def test_who_waits_for_a_plugin_has_every_proxy_asked_anew(reader, monkeypatch):
    said = []
    monkeypatch.setattr(reader, "_kept", SimpleNamespace(forget=lambda: said.append("forgotten")))
    monkeypatch.setattr(reader, "concerned", lambda _: PODS[:2])
    monkeypatch.setattr(reader, "judged", lambda *_, **__: said.append("judged") or [])
    stored = [SimpleNamespace(id="id", kind=SimpleNamespace(ours=True), name="id")]
    assert Convergence(reader, None).settled(stored, 1.0, Silent()) == []
    assert (said[0], said.count("forgotten")) == ("forgotten", 1)


def test_what_was_not_seen_for_a_reason_that_may_pass_is_looked_for_again_a_few_times(reader, monkeypatch):
    looks, unsure = [], [True, True, False]
    at = datetime.now(timezone.utc)
    loaded = PodVerdict("web-0", "id", Verdict.LOADED, "", "", "", (), at, Cause.UNSEEN)
    monkeypatch.setattr(reader, "_kept", SimpleNamespace(forget=lambda: None))
    monkeypatch.setattr(reader, "concerned", lambda _: PODS[:1])
    monkeypatch.setattr(reader, "judged", lambda *_, whole=True: (whole and looks.append(loaded)) or [loaded])
    monkeypatch.setattr(reader, "unsure", lambda *_: unsure.pop(0))
    stored = [SimpleNamespace(id="id", kind=SimpleNamespace(ours=True), name="id")]
    assert Convergence(reader, None).settled(stored, 60.0, Silent()) == [loaded]
    assert (len(looks), unsure) == (3, [])
    # Who does not wait gets what there is.
    assert Convergence(reader, None).settled(stored, 0.0, Silent()) == [loaded]


def test_what_is_not_to_be_asked_about_stays_so_and_says_what_allows_it():
    proving = Proving(SimpleNamespace(may=lambda _: True), "home", None, lambda _: [9080])
    loaded = PodVerdict("web-0", "id", Verdict.LIVE, "", "", "", (), datetime.now(timezone.utc))
    proving.allow(Proof.CONFIG, "id")
    proving.permit(Proof.TRACE)
    found = proving.proven(loaded, PODS[0], "")
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNASKED)
    assert "deploy it with prove='trace' to allow it" in found.reason
    proving.allow(Proof.TRACE, "id")
    assert "to allow it" not in proving.proven(loaded, PODS[0], "").reason
    proving.close()


def test_in_istios_own_namespace_it_is_said_whose_pods_are_not_looked_at():
    istio = SimpleNamespace(namespace="istio-system")
    reader = VerdictReader(None, PodList(None, "istio-system"), istio, None, None, images=None, proving=None)
    error = reader.no_pod({"app": "shop"}, PODS)
    assert "a plugin in Istio's own namespace is for pods of all namespaces" in str(error)
