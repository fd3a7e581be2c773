"""What is read from a proxy with few questions: logs, short and long, and listeners that are still the same."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from wasmnb.mesh.istio.api.typed_json import only
from wasmnb.mesh.istio.proxies import config_dump, proxy_log
from wasmnb.mesh.istio.proxies.config_dump import entries, listeners, mark
from wasmnb.mesh.istio.proxies.pods import moment
from wasmnb.mesh.istio.proxies.proxy_log import read

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
LINE = "2026-01-01T11:00:00.123456789Z info\tstarted\n"


class Cluster:
    """Gives a log as the kubelet does, all of it or what is younger."""

    def __init__(self, old: str, young: str) -> None:
        self.old, self.young, self.queries = old, young, []

    def request(self, _method, _path, *, query, right):
        self.queries.append(query)
        since = query.get("sinceTime", "")
        lines = [line for line in (self.old + self.young).splitlines(keepends=True) if line[:19] >= since[:19]]
        return "".join(lines)[: int(query["limitBytes"])]


@pytest.mark.parametrize(("old", "questions"), [(LINE, 1), (LINE * 1000, 3)])
def test_a_short_log_takes_one_question_and_a_long_one_three(old, questions):
    cluster = Cluster(old, "2026-01-01T12:00:01.5Z error\tgone\n")
    log = read(cluster, "home", "pod", NOON)
    assert len(cluster.queries) == questions
    assert log.head == moment("2026-01-01T11:00:00.123456Z")
    assert [line.text for line in log.lines if line.at >= NOON] == ["error\tgone"]


def test_a_log_of_many_pieces_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(proxy_log, "_MOST", 4096)
    young = [
        f"2026-01-01T12:00:{second:02}.{part}Z info\tline {second}.{part}" for second in range(20) for part in range(9)
    ]
    ends = read(Cluster(LINE * 400, "\n".join(young) + "\n"), "home", "pod", NOON)
    young = [f"{line} Function: " for line in young]
    log = read(Cluster(LINE * 400, "\n".join(young) + "\n"), "home", "pod", NOON)
    assert ends.covers(NOON)
    assert ends.lines[-1].at == log.lines[-1].at
    assert len(ends.lines) < len(log.lines) / 2
    assert log.covers(NOON)
    assert [line.text for line in log.lines if line.at >= NOON] == [line.split(" ", 1)[1] for line in young]


def test_what_was_logged_faster_than_it_can_be_read_is_no_proof(monkeypatch):
    monkeypatch.setattr(proxy_log, "_MOST", 4096)
    log = read(Cluster(LINE, "2026-01-01T12:00:01.5Z info\tagain\n" * 1000), "home", "pod", NOON)
    assert not log.whole
    assert not log.covers(NOON)


def test_an_empty_log_has_no_head():
    assert read(Cluster("", ""), "home", "pod", NOON).head is None


@pytest.mark.parametrize(
    "text", ["2026-01-01T12:00:00Z", "2026-01-01T14:00:00.000000000+02:00", "2026-01-01T07:30:00.0-04:30"]
)
def test_a_time_has_the_zone_of_its_node(text):
    assert moment(text) == NOON


def _dump(updated: str, *, whole: bool, **more) -> str:
    state = {"last_updated": updated, **({"listener": {"filter_chains": []}} if whole else {})}
    return json.dumps({"configs": [{"name": "virtualInbound", "active_state": state, **more}]})


def test_a_listener_has_one_mark_until_another_takes_its_place_or_is_refused():
    known = listeners(_dump("2026-01-01T12:00:00.001Z", whole=True)).mark
    assert mark(_dump("2026-01-01T12:00:00.001Z", whole=False)) == known
    assert mark(_dump("2026-01-01T12:00:00.002Z", whole=False)) != known
    refused = {"error_state": {"details": "no"}}
    assert mark(_dump("2026-01-01T12:00:00.001Z", whole=False, **refused)) != known
    warming = {"warming_state": {"last_updated": "2026-01-01T12:00:00.002Z"}}
    assert mark(_dump("2026-01-01T12:00:00.001Z", whole=False, **warming)) != known


def test_a_listener_that_many_pods_have_is_read_once(monkeypatch):
    known = []
    chains = config_dump._chains
    monkeypatch.setattr(config_dump, "_chains", lambda listener: (known.append(1), chains(listener))[1])
    chain = {"filters": [{"name": "seen-by-this-test", "config_discovery": {}}]}
    texts = [
        json.dumps({"configs": [{"active_state": {"last_updated": at, "listener": {"filter_chains": [chain]}}}]})
        for at in ("2026-01-01T12:00:00.001Z", "2026-01-01T12:00:00.002Z")
    ]
    first, second = map(listeners, texts)
    assert first.active == second.active == {"seen-by-this-test"}
    assert first.mark != second.mark
    assert len(known) == 1


def test_listeners_are_read_alike_with_and_without_compiled_code(monkeypatch):
    text = json.dumps(
        {
            "configs": [
                {"name": "none", "active_state": None, "error_state": {"details": "no"}},
                {"name": "empty", "active_state": {"listener": None}, "warming_state": {}},
                {"name": "one", "active_state": {"listener": {"filter_chains": [{"filters": [{"name": "é"}]}]}}},
            ]
        }
    )
    compiled = listeners(text)
    assert [len(compiled.chains), compiled.errors] == [1, ("listener none: no",)]
    monkeypatch.setattr(config_dump, "decoder", lambda wanted: lambda text: only(wanted, json.loads(text)))
    assert listeners(text) == compiled
    with pytest.raises(ValueError, match=r"malformed|Expecting"):
        listeners("nothing")


def test_filters_of_connections_are_read_beside_those_of_requests():
    one, two = (
        {"ecds_filter": {"name": name}, "last_updated": "2026-01-01T00:00:00Z"} for name in ("requests", "connections")
    )
    assert [each.name for each in entries(json.dumps({"configs": [one]}))] == ["requests"]
    every = {"configs": [{"@type": "EcdsConfigDump", "ecds_filters": [each]} for each in (one, two)]}
    assert [each.name for each in entries(json.dumps(every))] == ["requests", "connections"]
    # A kind of which a proxy had some, and has none any more (Envoy 1.40).
    every["configs"].append({"@type": "EcdsConfigDump"})
    assert [each.name for each in entries(json.dumps(every))] == ["requests", "connections"]
    assert entries("{}") == []


@pytest.mark.parametrize(
    ("filters", "alone"),
    [
        ([{"name": "one", "config_discovery": {}}], True),
        ([{"name": "one", "config_discovery": {}}, {"name": "two", "config_discovery": {}}], False),
        ([{"name": "one", "config_discovery": {}}, {"name": "x", "typed_config": {"@type": "x/wasm.v3.Wasm"}}], False),
    ],
    ids=["alone", "with another", "with one that is not discovered"],
)
def test_a_filter_of_connections_takes_them_alone_or_with_others(filters, alone):
    requests = [{"name": "http", "config_discovery": {}}]
    manager = {"typed_config": {"@type": "x/HttpConnectionManager", "http_filters": requests}}
    listener = {"name": "in", "traffic_direction": "INBOUND", "filter_chains": [{"filters": [*filters, manager]}]}
    there = listeners(json.dumps({"configs": [{"name": "in", "active_state": {"listener": listener}}]}))
    assert there.takes_alone("one") is alone
    assert not there.takes_alone("http")
    assert "http" not in there.taking
