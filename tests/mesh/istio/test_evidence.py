"""Sources of evidence: what each says, and whether it could say it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from wasmnb.envoy.panics import Panic, panic_of
from wasmnb.envoy.trace import Spoken, called
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api import clock_skew
from wasmnb.mesh.istio.api import cluster as clusters
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.objects import KINDS, Stored
from wasmnb.mesh.istio.objects.plugin_facts import digest_of
from wasmnb.mesh.istio.proxies.admin import Admin, tries
from wasmnb.mesh.istio.proxies.capture import passed_by
from wasmnb.mesh.istio.proxies.config_dump import Entry, Stats, listeners, stats
from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
from wasmnb.mesh.istio.proxies.evidence import Evidence
from wasmnb.mesh.istio.proxies.istiod import Ack, Istio
from wasmnb.mesh.istio.proxies.judge import judge
from wasmnb.mesh.istio.proxies.log_format import Record, read_record, whole_records
from wasmnb.mesh.istio.proxies.proxy_log import Line, ProxyLog, read, trap_lines
from wasmnb.mesh.istio.proxies.removal import removal
from wasmnb.mesh.istio.proxies.trace_levels import left_raised, put_back, raised
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Cause, Verdict

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TCP = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
TRAP = "Function: proxy_on_log failed: Uncaught RuntimeError: unreachable"
BACKTRACE = "Proxy-Wasm plugin in-VM backtrace:\n  0:  0x1a - run"


def chain(port, *names, http=True, disabled=()):
    filters = [{"name": name, "config_discovery": {}, "disabled": name in disabled} for name in names]
    typed = {"@type": HTTP, "http_filters": filters} if http else {"@type": TCP}
    match = {"destination_port": port} if port else {}
    return {"filter_chain_match": match, "filters": [{"name": "x", "typed_config": typed}]}


def dump(*chains, direction="INBOUND", name="virtualInbound"):
    listener = {"traffic_direction": direction, "filter_chains": list(chains)}
    return {"name": name, "active_state": {"listener": listener, "last_updated": "2026-01-01T12:00:00Z"}}


def seen(*configs):
    return listeners(json.dumps({"configs": list(configs)}))


def test_a_filter_stands_before_ports_of_its_own_direction_only():
    found = seen(dump(chain(9080, http=False), chain(0, "home.one")), dump(chain(0, "home.one"), direction="OUTBOUND"))
    assert "home.one" in found.active
    assert found.ports() == [9080]
    assert found.ports(http=True) == []
    assert found.ports(having="home.one") == []


def test_ports_that_are_read_as_http_by_detection_too():
    found = seen(dump(chain(9080, "one"), chain(9080, http=False), chain(9081, http=False), chain(15006, http=False)))
    assert found.ports() == [9080, 9081]
    assert found.ports(http=True, having="one") == [9080]
    assert found.ports(http=False) == [9081]


def test_a_filter_that_a_chain_of_a_port_lacks_does_not_stand_before_all_of_it():
    log = ProxyLog(NOON, (Line(NOON, tabs("x", "info")),))
    kept = {"stats": Stats({"home.one": NOON}, {"worker_0": 0})}
    for chains, word in (
        ((chain(9080, "home.one"), chain(9080, "home.one"), chain(9080, http=False)), Verdict.LIVE),
        ((chain(9080, "home.one"), chain(9080)), Verdict.UNPROVEN),
        ((chain(9080, "home.one"), chain(9081)), Verdict.UNPROVEN),
    ):
        found = judged(seen(dump(*chains)), log, **kept)
        assert found.verdict is word
        assert found.cause is (Cause.NONE if word is Verdict.LIVE else Cause.LISTENER_ABSENT)
    assert found.reason == "it stands before port 9080; not all that comes to port 9081 comes to it"
    part = judged(seen(dump(chain(9080, "home.one"), chain(9080))), log, **kept)
    assert part.reason.startswith("not all that comes to port 9080 comes to the filter")
    assert judged(seen(dump(*chains)), log, ports=(9080,), **kept).verdict is Verdict.LIVE


@pytest.mark.parametrize(
    ("routes", "stands"),
    [
        ({"virtual_hosts": [{"routes": [{"typed_per_filter_config": {"one": {"disabled": True}}}]}]}, False),
        ({"virtual_hosts": [{"typed_per_filter_config": {"one": {"disabled": True}}, "routes": [{}]}]}, False),
        ({"typed_per_filter_config": {"one": {"disabled": True}}, "virtual_hosts": [{"routes": [{}]}]}, False),
        ({"virtual_hosts": [{"routes": [{"typed_per_filter_config": {"one": {"disabled": True}}}, {}]}]}, True),
        ({"virtual_hosts": [{"routes": [{"typed_per_filter_config": {"other": {"disabled": True}}}]}]}, True),
    ],
)
def test_a_filter_that_every_route_leaves_out_does_not_stand(routes, stands):
    one = chain(9080, "one")
    one["filters"][0]["typed_config"]["route_config"] = routes
    assert seen(dump(one)).ports(having="one") == ([9080] if stands else [])


def test_a_disabled_filter_does_not_stand():
    found = seen(dump(chain(9080, "one", "two", disabled=("one",))))
    assert found.active == {"two"}
    assert found.ports(having="one") == []


LUA = {"name": "lua", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"}}
ROUTES = {"virtual_hosts": [{"response_headers_to_add": [{"header": {"key": "x-tag", "value": "a"}}]}]}
PLAINLY = {"typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
HIDING = {"typed_config": {**PLAINLY["typed_config"], "suppress_envoy_headers": True}}


@pytest.mark.parametrize(
    ("more", "routes", "written", "tells"),
    [(PLAINLY, {}, False, True), (LUA, {}, True, True), (PLAINLY, ROUTES, True, True), (HIDING, {}, False, False)],
    ids=["nothing", "a filter", "a route", "times are hidden"],
)
def test_what_else_writes_headers_into_responses_is_known(more, routes, written, tells):
    own = chain(9080, "home.one")
    manager = own["filters"][0]["typed_config"]
    manager["http_filters"].append(more)
    manager["route_config"] = routes
    there = seen(dump(own))
    standing = Evidence(pod(), (Entry("home.one", "wasm", "sha256:1", "", "1", NOON),), there).standing(["home.one"])
    assert ("" in standing.beside, standing.tells) == (written, tells)


def pod(annotations=None, args=()):
    init = [{"name": "istio-init", "args": list(args)}] if args else []
    return {"metadata": {"name": "x", "annotations": annotations or {}}, "spec": {"initContainers": init}}


@pytest.mark.parametrize(
    ("item", "past"),
    [
        (pod(), []),
        (pod({"traffic.sidecar.istio.io/excludeInboundPorts": "9080"}), [9080]),
        (pod({"traffic.sidecar.istio.io/includeInboundPorts": "9081"}), [9080]),
        (pod({"traffic.sidecar.istio.io/includeInboundPorts": ""}), [9080, 9081]),
        (pod({"sidecar.istio.io/interceptionMode": "NONE"}), [9080, 9081]),
        (pod(args=["istio-iptables", "-b", "*", "-d", "15090,9081"]), [9081]),
        (pod({"traffic.sidecar.istio.io/includeInboundPorts": "*"}, ["-b", "9081", "-d", ""]), [9080]),
    ],
)
def test_ports_that_traffic_passes_by(item, past):
    assert passed_by(item, [9080, 9081]) == past


def tabs(message, level="error", scope="envoy wasm external/x.cc:39", thread=True):
    return f"2026-01-01T12:00:00.5Z\t{level}\t{scope}\t{message}" + ("\tthread=22" if thread else "")


def as_json(message, level="error", scope="envoy wasm"):
    return json.dumps({"level": level, "time": "2026-01-01T12:00:00.5Z", "scope": scope, "msg": message, "thread": 22})


@pytest.mark.parametrize("line", [tabs(TRAP), as_json(TRAP)])
def test_a_line_is_read_in_either_format(line):
    assert read_record(line) == Record("error", "wasm", True, TRAP, "22")


def test_what_is_no_line_of_the_proxy_is_none():
    for text in ('[2026-01-01T12:00:00Z] "GET / HTTP/1.1" 200 - "Failed to load Wasm"', "{broken", "  0:  0x1a - run"):
        assert read_record(text) is None
    agent = read_record(tabs("error in converting the wasm config to local: no", scope="wasm", thread=False))
    assert (agent.scope, agent.envoy) == ("wasm", False)


@pytest.mark.parametrize(
    "lines",
    [
        [tabs(f"{TRAP}\n{BACKTRACE}")],
        tabs(f"{TRAP}\n{BACKTRACE}").split("\n"),
        [as_json("before", "info"), as_json(f"{TRAP}\n{BACKTRACE}")],
    ],
)
def test_a_trap_is_found_with_its_frames_in_either_format(lines):
    (trap,) = trap_lines(lines)
    assert (trap.function, trap.offsets, trap.end) == ("proxy_on_log", (0x1A,), len(lines))


@pytest.mark.parametrize("form", [tabs, as_json])
def test_a_trap_has_what_the_filter_said_before_in_either_format(form):
    said = form("wasm log home.one root: \nthread '<unnamed>' panicked at cell.rs:4:9:\nno such tenant")
    lines = f"{said}\n{form(f'{TRAP}' + chr(10) + BACKTRACE)}".split("\n") if form is tabs else [said, form(TRAP)]
    (trap,) = trap_lines(lines)
    assert (trap.end, [one.is_of("one") for one in trap.words]) == (len(lines), [True])
    assert panic_of(trap.words) == Panic("no such tenant", "cell.rs", 4)
    assert trap_lines([said, form("of Envoy", "info"), form(TRAP)])[0].words == ()


@pytest.mark.parametrize("form", [tabs, as_json])
def test_what_a_filter_logs_is_not_taken_for_envoys_words(form):
    lines = [form(f"wasm log one root vm: {text}") for text in (TRAP, "Failed to load Wasm", "Unable to create Wasm x")]
    log = ProxyLog(NOON, tuple(Line(NOON, line) for line in lines))
    assert log.traps(NOON) == []
    assert log.refusals("home.one", NOON) == []
    refused = ProxyLog(NOON, (Line(NOON, form("Failed to load Wasm module due to a missing import: env.x")),))
    assert refused.refusals("home.one", NOON)


class Rotating:
    """A log that is set aside between the question for its begin and that for its end."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def request(self, _method, _path, *, query, right):
        return self.answers.pop(0)[: int(query["limitBytes"])]


def test_what_a_filter_logs_in_several_lines_is_its_own_to_the_end():
    first = tabs("wasm log one: x", level="info", thread=False)
    forged = [tabs(TRAP, thread=False), tabs("Failed to load Wasm", thread=False) + "\tthread=22"]
    lines = [first, *forged, tabs(TRAP)]
    assert [one.end for one in trap_lines(lines)] == [4]
    log = ProxyLog(NOON, tuple(Line(NOON, text) for text in lines[:3]))
    assert log.refusals("home.one", NOON) == []
    assert log.traps(NOON) == []


def test_a_trace_is_read_from_the_lines_of_a_proxy():
    stream = '[Tags: "ConnectionId":"9","StreamId":"61"]'
    told = [
        ("http", f"{stream} request headers complete (end_stream=true):\n':path', '/'\n'x-wasmnb-probe', 'abc'\n"),
        ("wasm", "[host->vm] proxy_on_response_headers(2, 9, 1)"),
        ("wasm", "[host<-vm] proxy_on_response_headers return: 0"),
        ("http", f"{stream} encode headers called: filter=extenstions.istio.io/wasmplugin/home.one status=0"),
    ]
    between = "\n".join(tabs(words, level="trace", scope=f"envoy {name} source/x.cc:1") for name, words in told)
    noise = '[2026-01-01T12:00:00.000Z] "GET / HTTP/1.1" 200'
    for lines in ([noise, *between.split("\n")], [as_json(words, scope=f"envoy {name}") for name, words in told]):
        records = [Spoken(one.thread, one.scope, one.message) for one in whole_records(lines)]
        assert list(called(records, "abc")) == ["extenstions.istio.io/wasmplugin/home.one"]


class Levels:
    """An admin interface that has log levels, and may break off."""

    def __init__(self, **levels):
        self.now = {"testing": "warning", "http": "warning", "router": "warning", "wasm": "info", **levels}
        self.set = []

    def levels(self, pod):
        return dict(self.now)

    def set_level(self, pod, logger, level):
        self.set.append(logger)
        self.now[logger] = level


def test_log_levels_are_put_back_whatever_happens_and_by_the_next_who_looks():
    args = ["proxy", "sidecar", "--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error,wasm:info"]
    item = {"metadata": {"name": "pod"}, "spec": {"containers": [{"name": "istio-proxy", "args": args}]}}
    admin = Levels()
    before = dict(admin.now)
    stopped = raised(admin, item)
    stopped.__enter__()
    assert left_raised(admin.now)
    assert not stopped.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert admin.now == before
    # What marks it comes first and goes last, so that no level stays raised unmarked.
    assert (admin.set[0], admin.set[-1]) == ("testing", "testing")
    left = Levels(testing="trace", http="trace", wasm="trace")
    assert put_back(left, item)
    assert left.now == before
    with raised(left, item):
        left.now["testing"] = "trace"
    assert left.now == before
    blind = Levels()
    blind.now = {}
    with pytest.raises(MeshError, match="does not say its log levels"), raised(blind, item):
        pass
    assert blind.set == []


def judged(
    there, log, policy=FailPolicy.CLOSE, *, skew=timedelta(0), known=None, now=None, labels=None, ports=(), **more
):
    """Judge a filter that arrived at noon, at a minute after by the cluster's clock."""
    now = now or NOON + timedelta(minutes=1)
    entry = Entry("home.one", "wasm", "sha256:1", "", "1", NOON)
    started = {"phase": "Running", "containerStatuses": [{"name": "istio-proxy", "state": {"running": {}}}]}
    metadata = {"name": "pod", "labels": labels}
    item = {"metadata": metadata, "spec": {"containers": [{"name": "istio-proxy"}]}, "status": started}
    item["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = "2026-01-01T11:59:58Z"
    levels = {"wasm": "error"}
    evidence = Evidence(item, (entry,), there, log=log, levels=levels, at=now - skew, skew=skew, **more)
    wanted = DesiredState(
        plugin="one",
        digest="sha256:1",
        root_id="",
        policy=policy,
        config=None,
        env={},
        machine=("", ""),
        names=("home.one",),
        envoy_name="home.one",
        since=now - timedelta(minutes=1),
        ports=ports,
    )
    return judge(evidence, wanted, Known() if known is None else known)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ((), "requests pass without it"),
        (("home.one",), "where nothing did, every request gets 500"),
    ],
    ids=["absent", "there"],
)
def test_what_was_refused_says_whether_requests_pass_without_it(filters, says):
    log = ProxyLog(NOON, (Line(NOON, tabs("Failed to load Wasm module due to a missing import: env.x")),))
    found = judged(seen(dump(chain(9080, *filters))), log)
    assert found.verdict is Verdict.REJECTED
    assert says in found.reason


@pytest.mark.parametrize(
    ("policy", "reloads", "first", "crashes", "verdict"),
    [
        (FailPolicy.RELOAD, 2, 1, 2, Verdict.LIVE),
        (FailPolicy.RELOAD, 1, 1, 2, Verdict.TRAPPED),
        (FailPolicy.RELOAD, 2, 600, 2, Verdict.TRAPPED),
        (FailPolicy.CLOSE, 2, 1, 2, Verdict.TRAPPED),
    ],
    ids=["each was loaded again", "one was not", "others may have crashed before", "it is not loaded again"],
)
def test_a_vm_that_was_loaded_again_after_each_crash_is_no_crashed_one(policy, reloads, first, crashes, verdict):
    begin = NOON - timedelta(seconds=2) + timedelta(seconds=first)
    lines = (Line(begin, tabs("x", "info")), *(Line(NOON + timedelta(seconds=5), tabs(TRAP)) for _ in range(crashes)))
    counts = Stats({"home.one": NOON}, {"worker_0": 0, "worker_1": 0}, (3, 3, 0), {"home.one": reloads})
    found = judged(seen(dump(chain(9080, "home.one"))), ProxyLog(begin, lines), policy, stats=counts)
    assert found.verdict is verdict
    assert (f"loaded again ({reloads}x)" in found.reason) is (verdict is Verdict.LIVE)


def test_a_log_that_is_set_aside_between_two_questions_covers_nothing():
    old = "2026-01-01T11:00:00.000000000Z " + tabs("x", "info") + "\n"
    new = "2026-01-01T12:00:09.000000000Z " + tabs("x", "info") + "\n"
    assert read(Rotating(old * 400, new, old), "home", "pod", NOON).covers(NOON)
    assert not read(Rotating(old * 400, new, new), "home", "pod", NOON).covers(NOON)


def test_of_requests_that_a_proxy_logs_nothing_is_kept_and_what_tells_of_a_crash_is():
    def line(second, text):
        return f"2026-01-01T12:00:{second:02}.000000000Z {text}\n"

    requests = [line(at // 20, '[2026-01-01T12:00:00.000Z] "GET / HTTP/1.1" 200') for at in range(400)]
    requests[3] = line(0, tabs("x", "info"))
    found = read(Rotating("".join(requests), "".join(requests), requests[0]), "home", "pod", NOON)
    assert (len(found.lines), found.known, found.covers(NOON)) == (4, True, True)
    assert (found.lines[0].at, found.lines[-1].at) == (NOON, NOON + timedelta(seconds=19))
    requests[300] = line(15, tabs(TRAP))
    found = read(Rotating("".join(requests), "".join(requests), requests[0]), "home", "pod", NOON)
    assert len(found.traps(NOON)) == 1


def test_a_log_in_an_unknown_format_says_so():
    def known(text):
        return read(Rotating(f"2026-01-01T11:00:00.000000000Z {text}\n"), "home", "pod", NOON).known

    assert known(tabs("x", "info"))
    assert known(as_json("x", "info"))
    assert not known("level=error msg=crash")


def test_each_worker_is_met_however_many_there_are():
    assert tries(1) == 1
    for workers in (2, 8, 32):
        assert workers * (1 - 1 / workers) ** tries(workers) <= 1e-4


def test_hangs_are_counted_for_each_worker_and_their_absence_is_no_zero():
    rows = [
        {"name": f"server.{name}.watchdog_mega_miss", "value": value}
        for name, value in (("main_thread", 0), ("worker_0", 0), ("worker_1", 2))
    ]
    found = stats(json.dumps({"stats": rows}))
    assert found.hung == {"main_thread": 0, "worker_0": 0, "worker_1": 2}
    assert found.workers == 2
    assert stats(json.dumps({"stats": []})).workers == 0


def test_connections_that_may_still_meet_what_stood_there_before_are_told():
    rows = [{"name": f"listener_manager.total_{one}_draining", "value": 1} for one in ("filter_chains", "listeners")]
    found = stats(json.dumps({"stats": rows}))
    assert found.draining == 2
    there, begin = seen(dump(chain(9080, "home.one"))), NOON - timedelta(seconds=1)
    for counts, told in ((replace(found, hung={"worker_0": 0}), True), (Stats({}, {"worker_0": 0}), False)):
        live = judged(there, ProxyLog(begin, (Line(begin, tabs("x", "info")),)), stats=counts)
        gone = removal(Evidence(pod(), (), there, counts), "one", "sha256:1", {"home.two"})
        assert [live.verdict, gone.verdict] == [Verdict.LIVE, Verdict.GONE]
        assert [any("are drained" in line for line in one.evidence) for one in (live, gone)] == [told, told]


def test_levels_are_read_and_a_list_of_files_names_no_logger():
    class Tunnels:
        text = "active loggers:\n  wasm: error\n  config: warning\n"

        def get(self, *_, method, **__):
            assert method == "POST"
            return self.text

    class Cluster:
        def may(self, _):
            return True

    admin = Admin(Cluster(), "home", Tunnels())
    assert admin.levels("pod") == {"wasm": "error", "config": "warning"}
    Tunnels.text = "source/extensions/common/wasm/wasm.cc: 3\n"
    assert admin.levels("pod") == {}


def stored(kind, spec):
    item = {"metadata": {"name": "one", "namespace": "home"}, "spec": spec}
    return Stored(KINDS[kind], item, {})


OURS, THEIRS = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def test_a_digest_in_a_configuration_is_not_the_images():
    config = {"allow": f"registry.example/x@{THEIRS}"}
    spec = {"pluginConfig": config, "url": f"oci://registry.example/one@{OURS}", "vmConfig": {"env": []}}
    kind = next(key for key, one in KINDS.items() if one.name == "WasmPlugin" and one.ours)
    assert digest_of(stored(kind, spec)) == OURS
    assert digest_of(stored(kind, {"pluginConfig": config})) == ""


def test_a_right_that_was_refused_is_asked_for_again(monkeypatch):
    now, answers = [0.0], [False, True, False]
    monkeypatch.setattr(clusters.time, "monotonic", lambda: now[0])
    cluster = clusters.Cluster.__new__(clusters.Cluster)
    cluster._rights = {}
    cluster.request = lambda *_, **__: {"status": {"allowed": answers.pop(0)}}
    right = Right("get", "pods/log", "", "home")
    assert not cluster.may(right)
    assert not cluster.may(right)
    now[0] = 60.0
    assert cluster.may(right)
    now[0] = 6000.0
    assert cluster.may(right)
    assert answers == [False]


@pytest.mark.parametrize(
    ("date", "ahead"),
    [("Thu, 01 Jan 2026 11:00:00 GMT", 3600), (None, 0), ("no date", 0), ("Thu, 01 Jan 2026 11:00:00 -0000", 0)],
)
def test_the_clusters_clock_is_read_off_its_answers(monkeypatch, date, ahead):
    class Ten(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOON - timedelta(hours=2)

    monkeypatch.setattr(clock_skew, "datetime", Ten)
    assert clock_skew.clock_skew(date, Ten.now(), timedelta(0)) == timedelta(seconds=ahead)


@pytest.mark.parametrize(
    ("said", "took", "known", "ahead"),
    [
        (-1, 0, 0, 0),  # of a whole second, some is gone
        (-5, 6, 0, 0),  # an answer that took long was written at its beginning
        (-3, 0, -2, -2),  # what comes later is not said to have come first
        (-9, 0, 0, -9),
        (0, 0, -9, 0),
    ],
)
def test_a_clock_is_taken_for_another_only_where_it_must_be(monkeypatch, said, took, known, ahead):
    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOON

    monkeypatch.setattr(clock_skew, "datetime", Noon)
    date = format_datetime(NOON + timedelta(seconds=said), usegmt=True)
    found = clock_skew.clock_skew(date, NOON - timedelta(seconds=took), timedelta(seconds=known))
    assert found == timedelta(seconds=ahead)


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_what_arrived_is_as_old_as_the_clusters_clock_says(hours):
    # Whoever looks has a clock that is behind by so much.
    skew, log = timedelta(hours=hours), ProxyLog(NOON - timedelta(seconds=1), ())
    unaccepted = Stats({"home.one": NOON - timedelta(hours=1)}, {"worker_0": 0})
    found = judged(seen(dump(chain(9080, "home.one"))), log, stats=unaccepted, skew=skew)
    assert found.verdict is Verdict.REJECTED
    assert "nothing was accepted since it arrived" in found.evidence[-1]


def test_acknowledgements_are_asked_of_the_istiod_that_runs_now():
    class Tunnels:
        def get(self, _cluster, _namespace, pod, *_):
            if pod != "istiod-new":
                raise MeshError(f"there is no pod {pod}")
            return json.dumps([{"proxy": "details.home", "extensionconfig_sent": "1", "extensionconfig_acked": "1"}])

    class Cluster:
        names = ()

        def request(self, *_, **__):
            return {"items": [{"metadata": {"name": name}, "status": {"phase": "Running"}} for name in self.names]}

    istio, cluster = Istio("1.30", "default", "istio-system", ("istiod-old",), ()), Cluster()
    # While none runs there is nobody to ask, and that is not so for ever.
    assert istio.acks(cluster, Tunnels()) == ({}, "no istiod runs in istio-system")
    cluster.names = ("istiod-new",)
    for _ in range(2):
        acks, why = istio.acks(cluster, Tunnels())
        assert acks["details.home"].settled
        assert why == ""


class Istiods:
    """Several of them, as the API server lists them, and what each answers."""

    def __init__(self, *ready: str, answers: dict) -> None:
        self.ready, self.answers, self.asked = set(ready), answers, []

    def request(self, *_, **__):
        def item(name: str) -> dict:
            said = [{"type": "Ready", "status": str(name in self.ready)}]
            return {"metadata": {"name": name}, "status": {"phase": "Running", "conditions": said}}

        return {"items": [item(name) for name in self.answers]}

    def get(self, _cluster, _namespace, pod, *_):
        self.asked.append(pod)
        if self.answers[pod] is None:
            raise TimeoutError(f"{pod} does not answer")
        sent, acked = self.answers[pod]
        return json.dumps([{"proxy": "details.home", "extensionconfig_sent": sent, "extensionconfig_acked": acked}])


def test_an_istiod_whose_node_is_lost_is_not_asked_at_each_look():
    there = Istiods("lost", "left", answers={"lost": None, "left": ("1", "1")})
    istio = Istio("1.30", "default", "istio-system", ("lost", "left"), ())
    assert istio.acks(there, there)[0]["details.home"].settled
    # Until it is known to be lost it may come back; nobody waits for it twice at one look.
    assert there.asked == ["lost", "left"]
    there.ready = {"left"}
    istio.acks(there, there)
    there.asked.clear()
    assert istio.acks(there, there) == ({"details.home": Ack("1", "1")}, "")
    assert there.asked == ["left"]


def test_an_istiod_that_answers_again_is_believed():
    there = Istiods("one", answers={"one": None})
    istio = Istio("1.30", "default", "istio-system", ("one",), ())
    assert istio.acks(there, there) == ({}, "istiod does not answer: one does not answer")
    there.answers = {"one": ("2", "2")}
    assert istio.acks(there, there)[0]["details.home"].settled


@pytest.mark.parametrize("names", [("left", "now"), ("now", "left")])
def test_what_an_istiod_says_of_a_proxy_that_has_left_it_is_no_proof(names):
    there = Istiods("left", "now", answers={"left": ("1", "1"), "now": ("2", "1")})
    acks, _ = Istio("1.30", "default", "istio-system", names, ()).acks(there, there)
    assert not acks["details.home"].settled


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_what_arrived_is_as_old_as_the_clock_of_its_node_says(hours):
    # The node's clock, by which it arrived at noon, is ahead of the cluster's by so much.
    ahead, log = timedelta(hours=hours), ProxyLog(NOON - timedelta(seconds=1), ())
    unaccepted = Stats({"home.one": NOON - timedelta(hours=3)}, {"worker_0": 0})
    for seconds, word in ((3, Verdict.WARMING), (60, Verdict.REJECTED)):
        now = NOON + timedelta(seconds=seconds) - ahead
        found = judged(seen(dump(chain(9080, "home.one"))), log, stats=unaccepted, now=now, ahead=ahead)
        assert found.verdict is word


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_log_that_is_set_aside_is_noticed_whatever_the_clock_of_its_node_says(hours):
    ahead, known = timedelta(hours=hours), Known()

    def judge_log(*seconds):
        lines = [Line(NOON + timedelta(seconds=one), tabs("x", "info")) for one in seconds]
        there, now = seen(dump(chain(9080, "home.one"))), NOON + timedelta(minutes=1) - ahead
        return judged(there, ProxyLog(lines[0].at, (*lines,)), known=known, now=now, ahead=ahead)

    assert judge_log(0, 5).verdict is Verdict.LIVE
    # A crash may have been told in between, and be gone with it.
    assert judge_log(30).cause is Cause.LOG_ROTATED
    assert judge_log(5, 30).verdict is Verdict.LIVE


def test_a_clock_that_was_set_back_leaves_nobody_to_say_what_a_log_tells():
    lines = (Line(NOON, tabs("x", "info")), Line(NOON - timedelta(minutes=59), tabs(TRAP)))
    found = judged(seen(dump(chain(9080, "home.one"))), ProxyLog(NOON, lines), ahead=timedelta(hours=-1))
    assert (found.verdict, found.cause) == (Verdict.UNPROVEN, Cause.LOG_UNREADABLE)
    assert "was set back since it arrived" in found.reason
