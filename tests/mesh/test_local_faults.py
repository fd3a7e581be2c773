"""What goes wrong on a local mesh, and what it says then."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading

import pytest

from tests.mesh.conftest import service, until, unused_port
from tests.mesh.tiny import build, header, looping, tag, trapping
from tests.worded import in_cell
from wasmnb.envoy import canary
from wasmnb.envoy.effect import Trial
from wasmnb.envoy.log import Log
from wasmnb.envoy.patience import Patience
from wasmnb.envoy.proxy import Applied, Proxy
from wasmnb.errors import BadNameError, ConfigError, HangError, MeshError, ModuleError, TrafficError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Cause, Handling, Verdict
from wasmnb.mesh.local import LocalMesh, Workload, topology
from wasmnb.plugin import FailPolicy, Plugin

pytestmark = pytest.mark.envoy

DETAILS = {"app": "details"}
PLAIN = "details:9080/details/1"
EVIL = "details:9080/details/1?!"
UNTOUCHED = "the pods were not touched, what ran before still runs"


def get(mesh, url=PLAIN, **options):
    return mesh.send("productpage", url, **options).response


def verdict(mesh, plugin="one"):
    return next(one for one in mesh.verdicts(plugin) if one.verdict is not Verdict.NOT_SELECTED)


def pod(mesh, workload="details-v1"):
    return next(one for one in mesh.pods() if one.workload == workload)


@pytest.mark.parametrize("where", ["start", "configure"])
def test_an_endless_loop_at_the_start_is_kept_from_the_pods(mesh, where):
    mesh.apply(Plugin("one", package(tag("good")), DETAILS))
    module = build(f"loop-{where}", **{where: "hang()"})
    with pytest.raises(HangError, match="onStart or onConfigure") as caught:
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert caught.value.hint == f"look for an endless loop; {UNTOUCHED}"
    assert get(mesh).headers.all("x-tag") == ["good"]
    assert {one.ready for one in mesh.pods()} == {"2/2"}
    assert sum(one.restarts for one in mesh.pods()) == 0
    assert mesh.apply(Plugin("one", package(tag("next")), DETAILS))[0].verdict is Verdict.LIVE


def test_an_endless_loop_on_every_request_is_kept_from_the_pods(mesh):
    module = build("loop-always", request="hang()")
    with pytest.raises(HangError, match="plain GET"):
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert get(mesh).status == 200


def test_what_is_wrong_with_the_mesh_itself_leaves_the_pods_as_they_are(mesh, monkeypatch):
    mesh.apply(Plugin("one", package(tag("good")), DETAILS))
    other = Plugin("one", package(tag("other")), DETAILS)

    def crash(*_):
        raise canary._CrashError("while it was loaded", ["[x][critical][backtrace] Caught Segmentation fault"])

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for owner, name, wrong, what, hint in (
        (
            canary.Canary,
            "_try",
            crash,
            "one crashes Envoy while it was loaded",
            "the pods were not touched; what ran before still runs",
        ),
        (
            canary.Canary,
            "_patience",
            lambda *_: Patience(0, 0.0),
            "which tries each module first, does not start",
            "start the mesh again: session.mesh('stop'), then session.mesh('local')",
        ),
        (
            Proxy,
            "write",
            full,
            "A file of the mesh cannot be written: No space left on device",
            "is the disk full, or was the mesh stopped meanwhile? what was in force before still is",
        ),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, wrong)
            with pytest.raises((ModuleError, MeshError), match=what) as caught:
                mesh.apply(other)
        assert caught.value.hint == hint
        assert get(mesh).headers.all("x-tag") == ["good"]
    with monkeypatch.context() as patch:
        patch.setattr(next(one for one in mesh._plan.proxies if one.name == "details-v1-0").admin, "get", full)
        with pytest.raises(MeshError, match="The proxy of details-v1-0 does not answer") as caught:
            mesh.properties("details")
    assert caught.value.hint == "look at the pods, then try again"
    assert mesh.properties("details")
    assert mesh.apply(other)[0].verdict is Verdict.LIVE


def test_a_request_that_is_paused_for_ever_is_no_endless_loop(mesh):
    module = build("paused-always", request="return 1")
    with pytest.raises(HangError, match="holds a plain GET / request, and lets it go no further") as caught:
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert "after each pause go on or answer" in caught.value.hint
    assert get(mesh).status == 200


def test_a_missing_host_function_is_refused(mesh):
    module = build("missing", response="extern int no_such_function(void); no_such_function()")
    with pytest.raises(ModuleError) as caught:
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert "no_such_function" in str(caught.value)


def test_a_loop_that_the_canary_never_saw_restarts_only_its_own_proxy(local):
    plugin = Plugin("one", package(looping()), DETAILS)
    assert local.apply(plugin)[0].verdict is Verdict.LIVE
    with pytest.raises(TrafficError):
        get(local, EVIL, timeout=0.5)
    hung = verdict(local)
    assert hung.verdict is Verdict.HUNG
    assert pod(local).ready == "1/2"
    found = until(lambda: verdict(local), lambda one: one.verdict is Verdict.LIVE)
    assert "restarted once: it hung on `GET /details/1?!`" in found.reason
    assert pod(local).restarts == 1
    assert pod(local).ready == "2/2"
    assert get(local).headers.all("x-tag") == ["looping"]
    assert [one.restarts for one in local.pods() if one.workload != "details-v1"] == [0] * 5
    with pytest.raises(TrafficError):
        get(local, EVIL, timeout=0.5)
    until(lambda: pod(local).status, lambda status: status == "CrashLoopBackOff")
    # A plugin that its proxy crashes on can be taken away all the same.
    local.remove("one")
    assert get(local, EVIL).status == 200
    until(lambda: pod(local).ready, lambda ready: ready == "2/2")


def test_an_interrupt_leaves_the_mesh_as_it_was(mesh):
    mesh.apply(Plugin("one", package(tag("good")), DETAILS))
    module = build("loop-interrupted", start="hang();")
    timer = threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        mesh.apply(Plugin("one", package(module), DETAILS))
    timer.join()
    assert get(mesh).headers.all("x-tag") == ["good"]
    assert mesh.wait("one")[0].verdict is Verdict.LIVE
    assert mesh.apply(Plugin("one", package(tag("next")), DETAILS))[0].verdict is Verdict.LIVE


def test_after_a_trap_every_request_gets_503(mesh):
    mesh.apply(Plugin("one", package(trapping()), DETAILS))
    assert get(mesh).status == 200
    assert get(mesh, EVIL, method="POST").status == 503
    assert get(mesh).status == 503
    found = verdict(mesh)
    assert (found.verdict, found.requests) == (Verdict.TRAPPED, Handling.ANSWERED_503)
    assert "proxy_on_response_headers" in found.reason
    assert "503" in found.reason
    assert any("unreachable" in line for line in mesh.logs("details"))
    assert pod(mesh).ready == "2/2"
    again = mesh.apply(Plugin("one", package(trapping()), DETAILS))
    assert again[0].verdict is Verdict.LIVE
    assert "loaded afresh" in again[0].reason
    assert get(mesh).headers.all("x-tag") == ["trapping"]
    mesh.apply(Plugin("one", package(tag("mended")), DETAILS))
    assert get(mesh).headers.all("x-tag") == ["mended"]
    assert verdict(mesh).verdict is Verdict.LIVE


def test_a_crash_that_is_logged_before_envoy_says_that_it_took_the_filter_over_is_told(mesh, monkeypatch):
    mesh.apply(Plugin("one", package(trapping()), DETAILS))
    assert get(mesh, EVIL, method="POST").status == 503
    whole = Log.all

    def all_late(log):
        lines = whole(log)
        last = max(at for at, line in enumerate(lines) if "created, warming done" in line)
        return [*lines[:last], *lines[last + 1 :], lines[last]]

    monkeypatch.setattr(Log, "all", all_late)
    mesh._deployments.proving._seen.clear()
    found = verdict(mesh)
    assert (found.verdict, found.requests) == (Verdict.TRAPPED, Handling.ANSWERED_503)
    # What acts has not crashed: that was the build before.
    monkeypatch.setattr(Log, "all", whole)
    mesh.apply(Plugin("one", package(tag("mended")), DETAILS))
    monkeypatch.setattr(Log, "all", all_late)
    assert verdict(mesh).verdict is Verdict.LIVE


def test_after_a_trap_with_policy_open_requests_pass(mesh):
    mesh.apply(Plugin("one", package(trapping()), DETAILS, fail_policy=FailPolicy.OPEN))
    get(mesh, EVIL, method="POST")
    answer = get(mesh)
    assert (answer.status, answer.headers.all("x-tag")) == (200, [])
    found = verdict(mesh)
    assert (found.verdict, found.requests) == (Verdict.TRAPPED, Handling.UNFILTERED)
    assert "pass without it" in found.reason


def test_after_a_trap_with_policy_reload_the_filter_recovers(mesh):
    mesh.apply(Plugin("one", package(trapping()), DETAILS, fail_policy=FailPolicy.RELOAD))
    assert get(mesh, EVIL, method="POST").status == 503
    assert verdict(mesh).verdict is Verdict.TRAPPED
    answer = until(lambda: get(mesh), lambda one: one.status == 200)
    assert answer.headers.all("x-tag") == ["trapping"]
    found = verdict(mesh)
    assert found.verdict is Verdict.LIVE
    assert "loaded again" in found.reason


def test_a_filter_that_has_no_context_for_a_request_may_be_one_of_another_type(mesh):
    module = build("no-context", create="if (parent) __builtin_trap()")
    with pytest.raises(ModuleError, match="one crashes on a plain GET / request") as caught:
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert "--type NETWORK for connections, --type SINGLETON for a service of the proxy" in in_cell(caught.value).hint
    assert mesh.apply(Plugin("one", package(module), DETAILS, type="SINGLETON"))


def test_a_crash_that_takes_the_connection_along_is_no_pause(mesh):
    module = build("no-context", create="if (parent) __builtin_trap()")
    with pytest.raises(ModuleError, match="one crashes on a plain GET / request") as caught:
        mesh.apply(Plugin("one", package(module), DETAILS, type="NETWORK"))
    assert any("proxy_on_context_create failed" in why for why in caught.value.why)
    assert "a filter for HTTP requests is deployed without --type NETWORK" in in_cell(caught.value).hint


def test_a_crash_in_a_timer_is_not_put_down_to_a_request():
    plugin = Plugin("one", package(tag("good")), DETAILS)
    trial = Trial(trapped="proxy_on_tick: unreachable", request=str(canary.PLAIN), callback="proxy_on_tick")
    assert canary._trapping(Applied(plugin, "", ""), trial).what == "one crashes in its timer."


def test_a_trap_on_a_plain_request_is_refused_unless_it_is_allowed(mesh):
    module = build("always-traps", response="__builtin_trap()")
    with pytest.raises(ModuleError, match="one crashes on a plain GET / request") as caught:
        mesh.apply(Plugin("one", package(module), DETAILS))
    assert caught.value.code == "WNB3013"
    assert "proxy_on_response_headers failed" in caught.value.why[0]
    assert caught.value.hint == f"correct that line; allow_trap=True deploys it all the same; {UNTOUCHED}"
    assert (list(mesh.plugins()), get(mesh).status) == ([], 200)
    found = mesh.apply(Plugin("one", package(module), DETAILS), allow_trap=True)
    assert found[0].verdict is Verdict.LOADED
    assert "canary saw it trap" in found[0].reason
    get(mesh)
    assert verdict(mesh).verdict is Verdict.TRAPPED


def test_what_lacks_something_on_the_canary_is_deployed_with_a_note_and_never_tried(mesh):
    asks = 'char *value; size many; if (get_property("node\\0id\\0x", 9, &value, &many)) __builtin_trap()'
    (found,) = mesh.apply(Plugin("one", package(build("asks", response=asks)), DETAILS))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.CRASH_FORESEEN)
    assert "it had asked for what only a pod has: a property" in found.reason


def test_a_crash_is_told_until_the_plugin_is_deployed_again_not_until_another_is(mesh):
    mesh.apply(Plugin("one", package(trapping()), DETAILS))
    get(mesh, EVIL, method="POST")
    assert verdict(mesh).verdict is Verdict.TRAPPED
    for number in range(2):
        mesh.apply(Plugin("beside", package(tag(f"beside-{number}")), DETAILS))
        assert sorted(get(mesh).headers.all("x-tag")) == [f"beside-{number}", "trapping"]
        found = verdict(mesh)
        assert (found.verdict, found.requests) == (Verdict.TRAPPED, Handling.FILTERED)
        assert "another deployment started it anew" in found.reason
    assert verdict(mesh, "beside").verdict is Verdict.LIVE
    assert mesh.apply(Plugin("one", package(trapping()), DETAILS))[0].verdict is Verdict.LIVE
    assert verdict(mesh).verdict is Verdict.LIVE


def test_a_trap_is_never_live_for_any_plugin_that_may_have_made_it(mesh):
    mesh.apply(Plugin("innocent", package(tag("innocent")), DETAILS))
    mesh.apply(Plugin("guilty", package(trapping()), DETAILS))
    get(mesh, EVIL, method="POST")
    assert verdict(mesh, "guilty").verdict is Verdict.TRAPPED
    # It did not crash, and no request reaches it any more.
    assert verdict(mesh, "innocent").verdict is Verdict.LOADED
    assert "wasmnb: trapping" in mesh.logs("details")
    mesh.apply(Plugin("twin", package(trapping()), DETAILS))
    get(mesh, EVIL, method="POST")
    assert verdict(mesh, "guilty").verdict is Verdict.UNPROVEN
    assert "guilty, twin" in verdict(mesh, "twin").reason


def test_an_envoy_that_is_killed_comes_back_with_its_plugins(local):
    local.apply(Plugin("one", package(tag("kept")), DETAILS))
    os.kill(local._processes.state("details-v1-0").pid, signal.SIGKILL)
    until(lambda: pod(local), lambda one: one.restarts >= 1 and one.ready == "2/2")
    assert get(local).headers.all("x-tag") == ["kept"]
    found = local.wait("one")[0]
    assert found.verdict is Verdict.LIVE
    assert "SIGKILL" in found.reason


def test_a_canary_that_is_killed_is_waited_for(local):
    local.apply(Plugin("one", package(tag("one")), DETAILS))
    os.kill(local._processes.state("canary-0").pid, signal.SIGKILL)
    assert local.apply(Plugin("one", package(tag("two")), DETAILS))[0].verdict is Verdict.LIVE


def test_a_canary_that_something_else_ends_is_tried_again(local, monkeypatch):
    canary = local._deployments._canary
    look, ended = canary._look, []

    def end_it_once(*arguments):
        if not ended:
            ended.append(local._processes.state("canary-0").pid)
            os.kill(ended[0], signal.SIGKILL)
        return look(*arguments)

    monkeypatch.setattr(canary, "_look", end_it_once)
    assert local.apply(Plugin("one", package(tag("a")), DETAILS))[0].verdict is Verdict.LIVE
    assert local._processes.state("canary-0").pid != ended[0]
    assert {one.restarts for one in local.pods()} == {0}


@pytest.fixture
def patient(monkeypatch):
    """A mesh whose watchdogs, which do not know of a stopped process, end none however long it is stopped."""
    monkeypatch.setattr(topology, "_WATCHDOG", (600.0, 600.0))
    with LocalMesh.start() as mesh:
        yield mesh


def test_others_can_look_while_a_proxy_that_does_not_answer_is_waited_for(patient, monkeypatch):
    local = patient
    local.apply(Plugin("one", package(tag("a")), DETAILS))
    proving, silent = local._deployments.proving, threading.Event()
    ask = proving._send_once

    def asked(wanted):
        answers = ask(wanted)
        if None in answers:
            silent.set()
        return answers

    monkeypatch.setattr(proving, "_send_once", asked)
    pid = local._processes.state("details-v1-0").pid
    os.kill(pid, signal.SIGSTOP)
    found = []
    change = Plugin("one", package(tag("b")), DETAILS)
    thread = threading.Thread(target=lambda: found.extend(local.apply(change, wait=60)))
    thread.start()
    # What it answers without the filter is not known yet, and its effect not to be told without.
    assert silent.wait(30)
    seen = until(lambda: verdict(local), lambda one: one.verdict is Verdict.HUNG)
    assert seen.wanted == package(tag("a")).digest
    assert thread.is_alive()
    os.kill(pid, signal.SIGCONT)
    thread.join(60)
    assert [(one.verdict, one.running) for one in found] == [(Verdict.LIVE, package(tag("b")).digest)]
    assert pod(local).restarts == 0


def test_a_full_disk_is_an_error_and_changes_nothing(mesh, monkeypatch):
    mesh.apply(Plugin("one", package(tag("good")), DETAILS))
    proxy = mesh._plan.proxies[0]
    write = proxy.write

    def full(chain):
        monkeypatch.setattr(proxy, "write", write)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(proxy, "write", full)
    with pytest.raises(MeshError, match="No space left"):
        mesh.apply(Plugin("one", package(tag("next")), DETAILS))
    assert get(mesh).headers.all("x-tag") == ["good"]
    assert mesh.wait("one")[0].verdict is Verdict.LIVE


def test_a_service_that_crashes_is_started_again(local):
    os.kill(local._processes.state("details-v1-0/service").pid, signal.SIGKILL)
    until(lambda: pod(local), lambda one: one.restarts == 1 and one.ready == "2/2")
    assert get(local).status == 200


def test_a_users_service_gets_a_sidecar_and_its_pod_tells_when_it_is_down():
    with service() as address:
        shop = Workload("shop-v1", address, {"app": "shop", "tier": "front"})
        mesh = LocalMesh.start(workloads=[shop])
        port = address.rpartition(":")[2]
        assert [(one.name, one.ready, one.labels["tier"]) for one in mesh.pods()] == [("shop-v1-0", "2/2", "front")]
        mesh.apply(Plugin("one", package(tag("shop")), {"tier": "front"}))
        exchange = mesh.send("shop", f"shop:{port}/cart?a=b")
        assert exchange.response.text == "you asked for /cart?a=b"
        assert exchange.response.headers.all("x-tag") == ["shop"]
        assert mesh.send("shop", f"shop:{port}/", via="app").response.headers.all("x-tag") == ["shop"]
    with mesh:
        found = pod(mesh, "shop-v1")
        assert found.ready == "1/2"
        assert address in found.reason
        assert mesh.wait("one")[0].verdict is Verdict.LIVE
        assert mesh.send("shop", f"shop:{port}/").response.status == 503


def test_a_workload_beside_bookinfo_that_is_not_up_is_no_error():
    port = unused_port()
    with LocalMesh.start(extra=[Workload("late", f"localhost:{port}")]) as mesh:
        assert len(mesh.pods()) == 7
        assert pod(mesh, "late").ready == "1/2"
        assert "is not ready" in pod(mesh, "late").reason


@pytest.mark.parametrize(
    "address", ["8000", "host:", ":80", "host:port", "host:0", "host:70000", "http://h:80", "a b:1"]
)
def test_a_malformed_address_is_an_error(address):
    with pytest.raises(ConfigError) as caught:
        Workload("shop", address)
    assert repr(address) in caught.value.what


def test_workloads_that_make_no_mesh_are_errors():
    with pytest.raises(BadNameError, match="cannot name a workload"):
        Workload("My Shop", "127.0.0.1:1")
    with pytest.raises(ConfigError) as none:
        LocalMesh.start(workloads=[])
    assert none.value.hint == "leave workloads out to get bookinfo"
    with pytest.raises(BadNameError, match="Two workloads") as twice:
        LocalMesh.start(extra=[Workload("details-v1", "127.0.0.1:1")])
    assert twice.value.hint == "give each workload its own name"
    with pytest.raises(BadNameError, match="mesh's own") as own:
        LocalMesh.start(extra=[Workload("canary", "127.0.0.1:1")])
    assert own.value.hint == "give the workload another name"
    with pytest.raises(UsageError):
        LocalMesh.start(log_level="loud")


def test_the_gateway_leads_to_productpage_through_two_proxies_on_the_port_that_was_asked_for(local):
    port = int(local.gateway.rpartition(":")[2])
    with pytest.raises(MeshError, match=f"Port {port} cannot be used"):
        LocalMesh.start(gateway_port=port)
    local.apply(Plugin("pods", package(tag("pod"))))
    local.apply(Plugin("gate", package(build("gate", response=header("x-gate", "yes"))), {"istio": "ingressgateway"}))
    page = get(local, "istio-ingressgateway:80/productpage")
    assert "Book Details" in page.text
    assert "Reviewer1" in page.text
    # An empty selector is for the workloads, not for the gateway.
    assert page.headers.all("x-tag") == ["pod"]
    assert page.headers.all("x-gate") == ["yes"]
    assert [one.pod for one in local.verdicts("gate") if one.verdict is Verdict.LIVE] == ["istio-ingressgateway-0"]
    assert len(local.pods()) == 6


def test_bookinfo_answers_as_in_the_article(mesh):
    stars = {}
    for _ in range(3):
        exchange = mesh.send("productpage", "reviews:9080/reviews/0")
        reviews = json.loads(exchange.response.text)["reviews"]
        stars[exchange.pod] = [review.get("rating") for review in reviews]
    assert stars["reviews-v1-0"] == [None, None]
    assert stars["reviews-v2-0"] == [{"stars": 5, "color": "black"}, {"stars": 4, "color": "black"}]
    assert stars["reviews-v3-0"] == [{"stars": 5, "color": "red"}, {"stars": 4, "color": "red"}]
    assert get(mesh, "details:9080/details/many").status == 400
    assert get(mesh, "details:9080/elsewhere").status == 404
    assert get(mesh, "ratings:9080/health").status == 200


def test_reviews_ask_ratings_through_both_sidecars(mesh):
    blocking = build("blocking", response="__builtin_trap()")
    mesh.apply(Plugin("block", package(blocking), {"app": "ratings"}), allow_trap=True)
    for _ in range(3):
        exchange = mesh.send("productpage", "reviews:9080/reviews/0")
        assert ("unavailable" in exchange.response.text) == (exchange.pod != "reviews-v1-0")


def test_the_doctor_finds_everything_well(local):
    assert [check.ok for check in local.doctor()] == [True] * 4
    local.stop()
    assert [check.ok for check in local.doctor()] == [True, False, False, False]


def test_a_proxy_that_does_not_answer_cannot_say_how_many_requests_it_answered(local):
    get(local)
    pid = local._processes.state("details-v1-0").pid
    os.kill(pid, signal.SIGSTOP)
    try:
        found = {one.pod: one for one in local.counts()}
    finally:
        os.kill(pid, signal.SIGCONT)
    silent = found["details-v1-0"]
    assert (silent.requests, silent.errors) == (None, None)
    assert "does not answer" in silent.reason
    assert found["reviews-v1-0"].requests == 0
    counted = until(lambda: {one.pod: one for one in local.counts()}["details-v1-0"], lambda one: one.requests == 1)
    assert counted.reason == ""
