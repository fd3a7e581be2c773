"""What every mesh does: runs against each mesh that `conftest.MESHES` can start."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, header, tag
from wasmnb.errors import BadNameError, ModuleError, SelectorError, TrafficError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Mesh, Verdict
from wasmnb.plugin import Phase, Plugin

DETAILS = {"app": "details"}
BOOK = (
    '{"id":123,"author":"William Shakespeare","year":1595,"type":"paperback","pages":200,"publisher":"PublisherA",'
    '"language":"English","ISBN-10":"1234567890","ISBN-13":"123-1234567890"}'
)


def home(mesh: Mesh) -> str:
    return getattr(mesh, "namespace", "default")


def tags(mesh: Mesh, url: str = "details:9080/details/123") -> list[str]:
    response = mesh.send("productpage", url).response
    assert response.status == 200
    return response.headers.all("x-tag")


def test_six_pods_are_ready(mesh):
    pods = mesh.pods()
    assert [pod.workload for pod in pods] == [
        "details-v1",
        "productpage-v1",
        "ratings-v1",
        "reviews-v1",
        "reviews-v2",
        "reviews-v3",
    ]
    assert {pod.ready for pod in pods} == {"2/2"}
    assert {pod.status for pod in pods} == {"Running"}
    assert pods[0].labels.items() >= {"app": "details", "version": "v1"}.items()
    assert json.loads(json.dumps(pods[0].to_dict()))["restarts"] == 0


def test_a_response_before_any_plugin_is_the_articles(mesh):
    exchange = mesh.send("productpage", "details:9080/details/123")
    assert exchange.response.text == BOOK
    assert exchange.source == "productpage-v1"
    assert exchange.pod.startswith("details-v1")
    headers = dict(exchange.response.headers)
    assert headers["server"] == "istio-envoy"
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == "180"
    assert headers["x-envoy-decorator-operation"] == f"details.{home(mesh)}.svc.cluster.local:9080/*"
    assert "x-envoy-upstream-service-time" in headers


def test_a_plugin_is_live_only_on_the_pods_it_selects(mesh):
    plugin = Plugin("one", package(tag("one")), selector=DETAILS)
    applied = mesh.apply(plugin)
    assert [(one.verdict, one.wanted, one.running) for one in applied] == [
        (Verdict.LIVE, plugin.image.digest, plugin.image.digest)
    ]
    assert any(plugin.image.digest in line for line in applied[0].evidence)
    assert tags(mesh) == ["one"]
    assert tags(mesh, "ratings:9080/ratings/1") == []
    verdicts = {one.pod: one.verdict for one in mesh.verdicts("one")}
    assert list(verdicts.values()).count(Verdict.NOT_SELECTED) == 5
    assert list(mesh.plugins()) == [plugin]
    assert mesh.wait("one")[0].verdict is Verdict.LIVE


def test_an_empty_selector_is_every_pod(mesh):
    found = mesh.apply(Plugin("all", package(tag("all"))))
    assert [one.pod for one in found] == [pod.name for pod in mesh.pods()]
    assert {one.verdict for one in found} == {Verdict.LIVE}


def test_the_same_plugin_again_does_nothing_and_says_so(mesh):
    plugin = Plugin("one", package(tag("one")), selector=DETAILS)
    first = mesh.apply(plugin)
    again = mesh.apply(Plugin("one", package(tag("one")), selector=dict(DETAILS)))
    assert "unchanged" in again[0].reason
    assert again[0].running == first[0].running
    assert set(first[0].evidence) <= set(again[0].evidence)
    assert mesh.history("one")[0] == plugin


def test_a_new_image_replaces_the_old_and_history_knows_both(mesh):
    old = Plugin("swap", package(tag("old")), selector=DETAILS)
    new = old.with_image(package(tag("new")))
    mesh.apply(old)
    mesh.apply(new)
    assert tags(mesh) == ["new"]
    assert list(mesh.history("swap")) == [new, old]
    assert mesh.remove("swap") == new
    assert tags(mesh) == []
    assert list(mesh.history("swap")) == [new, old]


def test_a_changed_selector_leaves_the_pods_it_no_longer_names(mesh):
    mesh.apply(Plugin("move", package(tag("move")), selector=DETAILS))
    mesh.apply(Plugin("move", package(tag("move")), selector={"app": "ratings"}))
    assert tags(mesh) == []
    assert tags(mesh, "ratings:9080/ratings/1") == ["move"]


def test_the_configuration_reaches_the_filter(mesh):
    read = "get_buffer(7, 0, n, &text, &length)"
    module = build("configured", configure=read, response='add_header(2, "x-tag", 5, text, length)')
    mesh.apply(Plugin("conf", package(module), selector=DETAILS, config={"name": "六翁"}))
    assert tags(mesh) == ['{"name":"六翁"}']
    mesh.apply(Plugin("conf", package(module), selector=DETAILS, config="as it is"))
    assert tags(mesh) == ["as it is"]


def test_a_mapping_that_was_changed_is_another_configuration(mesh):
    read = "get_buffer(7, 0, n, &text, &length)"
    module = build("configured", configure=read, response='add_header(2, "x-tag", 5, text, length)')
    config = {"value": ["one"]}
    mesh.apply(Plugin("changed", package(module), DETAILS, config=config))
    config["value"].append("two")
    mesh.apply(Plugin("changed", package(module), DETAILS, config=config))
    assert tags(mesh) == ['{"value":["one","two"]}']
    assert [plugin.config for plugin in mesh.history("changed")] == [{"value": ["one", "two"]}, {"value": ["one"]}]


def test_plugins_run_in_order_of_phase_and_priority(mesh):
    # The response meets them in the opposite order, so that the first to see the request is the last to add a header.
    stated = [
        Plugin("z-authn", package(tag("authn")), DETAILS, phase=Phase.AUTHN),
        Plugin("high", package(tag("high")), DETAILS, phase=Phase.STATS, priority=5),
        Plugin("b-low", package(tag("b-low")), DETAILS, phase=Phase.STATS),
        Plugin("a-lower", package(tag("a-lower")), DETAILS, phase=Phase.STATS, priority=-1),
        Plugin("last", package(tag("last")), DETAILS),
    ]
    for plugin in reversed(stated):
        mesh.apply(plugin)
    assert [plugin.id for plugin in mesh.plugins()] == [plugin.id for plugin in stated]
    assert tags(mesh) == ["last", "a-lower", "b-low", "high", "authn"]


def test_a_selector_that_matches_nothing_lists_the_labels_there_are(mesh):
    with pytest.raises(SelectorError) as caught:
        mesh.apply(Plugin("one", package(tag("one")), selector={"app": "detials"}))
    assert "app=detials" in caught.value.what
    assert "did you mean app=details?" in caught.value.hint
    assert "version=v3" in caught.value.hint
    assert list(mesh.plugins()) == []


def test_unknown_names_say_what_there_is(mesh):
    mesh.apply(Plugin("one", package(tag("one")), selector=DETAILS))
    for call in (mesh.remove, mesh.verdicts, mesh.wait):
        with pytest.raises(BadNameError, match="'on'"):
            call("on")
    with pytest.raises(BadNameError, match="never-there"):
        mesh.history("never-there")
    with pytest.raises(BadNameError) as caught:
        mesh.logs("detail-v1")
    assert "did you mean details-v1?" in caught.value.hint
    with pytest.raises(BadNameError):
        mesh.apply(Plugin("two words", package(tag("one"))))


def test_requests_to_nowhere_say_which_services_there_are(mesh):
    with pytest.raises(TrafficError) as caught:
        mesh.send("productpage", "detials:9080/details/1")
    assert "did you mean details:9080?" in caught.value.hint
    with pytest.raises(TrafficError, match="no port 8080"):
        mesh.send("productpage", "details:8080/details/1")
    with pytest.raises(TrafficError, match="port 80"):
        mesh.send("productpage", "details/details/1")
    with pytest.raises(TrafficError):
        mesh.send("productpage", "details:port/x")
    with pytest.raises(BadNameError) as unknown:
        mesh.send("prodpage", "details:9080/")
    assert "did you mean productpage?" in unknown.value.hint
    with pytest.raises(UsageError):
        mesh.send("productpage", "details:9080/", via="pigeon")


def test_every_form_of_a_service_name_leads_there(mesh):
    for host in ("details", f"details.{home(mesh)}", f"details.{home(mesh)}.svc.cluster.local"):
        for via in ("proxy", "app"):
            assert mesh.send("ratings-v1", f"http://{host}:9080/details/123", via=via).response.text == BOOK


def test_requests_go_to_the_pods_of_a_service_in_turn(mesh):
    seen = {mesh.send("productpage", "reviews:9080/reviews/7").pod for _ in range(6)}
    assert seen == {pod.name for pod in mesh.pods() if pod.labels["app"] == "reviews"}


def test_a_name_that_is_no_token_passes_one_proxy_and_breaks_at_the_second(mesh):
    module = build("utf8", response=header("你好", "六翁"))
    mesh.apply(Plugin("utf8", package(module), selector=DETAILS))
    past = mesh.send("productpage", "details:9080/details/123")
    assert past.response.headers["你好"] == "六翁"
    assert past.notes
    through = mesh.send("productpage", "details:9080/details/123", via="app")
    assert through.response.status == 502


def test_a_refused_module_leaves_the_old_one_serving(mesh):
    good = Plugin("one", package(tag("good")), selector=DETAILS)
    mesh.apply(good)
    refusing = build("refusing", configure="return 0")
    with pytest.raises(ModuleError) as caught:
        mesh.apply(good.with_image(package(refusing)))
    assert any("Failed to configure" in line for line in caught.value.why)
    log = "let onConfigure log why it returns false"
    assert caught.value.hint == f"change config; {log}. The pods were not touched; what ran before still runs"
    assert tags(mesh) == ["good"]
    assert list(mesh.plugins()) == [good]
    assert mesh.verdicts("one")[0].verdict is Verdict.LIVE


def test_a_trap_while_it_is_configured_is_refused(mesh):
    module = build("trap-configure", configure="__builtin_trap()")
    with pytest.raises(ModuleError) as caught:
        mesh.apply(Plugin("one", package(module), selector=DETAILS))
    assert any("proxy_on_configure" in line for line in caught.value.why)
    assert caught.value.hint == "the pods were not touched; what ran before still runs"
    assert list(mesh.plugins()) == []


def test_a_filters_own_log_lines_are_shown(mesh):
    module = build("talking", response='log_line(3, "here I am", 9)')
    mesh.apply(Plugin("talk", package(module), selector=DETAILS))
    mesh.send("productpage", "details:9080/details/1")
    for name in ("details", "details-v1", mesh.pods()[0].name):
        assert any("here I am" in line and "talk" in line for line in mesh.logs(name))
    assert len(mesh.logs("details", tail=1)) == 1
    assert list(mesh.logs("details", tail=0)) == []


def test_render_gives_what_would_be_put_in_force(mesh):
    plugin = Plugin("one", package(tag("one")), selector=DETAILS, config={"name": "hello"})
    text = mesh.render(plugin)
    assert '{\\"name\\":\\"hello\\"}' in text or '{"name":"hello"}' in text or "name: hello" in text
    assert list(mesh.plugins()) == []


def test_apply_from_several_threads_at_once(mesh):
    plugins = [Plugin(f"t{number}", package(tag(f"t{number}")), selector=DETAILS) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(mesh.apply, plugins))
    assert {one.verdict for verdicts in found for one in verdicts} == {Verdict.LIVE}
    assert tags(mesh) == [plugin.id for plugin in reversed(mesh.plugins())]
    assert sorted(tags(mesh)) == ["t0", "t1", "t2", "t3"]


def test_watch_tells_the_state_then_changes_and_ends_when_closed(mesh):
    pods = [pod.name for pod in mesh.pods()]
    with mesh.watch() as watch:
        first = [next(watch) for _ in pods]
        assert [change.name for change in first] == pods
        assert [change.number for change in first] == list(range(1, len(pods) + 1))
        assert next(watch).kind == "fresh"
        mesh.apply(Plugin("seen", package(tag("one")), selector=DETAILS))
        kinds = {}
        while "plugin" not in kinds or kinds.get("verdict") is None or kinds["verdict"].value["verdict"] != "LIVE":
            change = next(watch)
            kinds[change.kind] = change
        assert kinds["verdict"].name == f"{pods[0]}/seen"
        assert kinds["verdict"].value["verdict"] == "LIVE"
        json.dumps(dict(kinds["verdict"].value))
        mesh.remove("seen")
        while next(watch).kind != "plugin-gone":
            pass
    assert list(watch) == []


def reviews(mesh: Mesh, version: str) -> str:
    """The pod of a version; a cluster gives it a name that cannot be known before."""
    return next(pod.name for pod in mesh.pods() if pod.labels == {**pod.labels, "app": "reviews", "version": version})


def reviews_tags(mesh: Mesh) -> dict[str, list[str]]:
    """What each version of reviews adds to its responses."""
    url = "reviews:9080/reviews/7"
    pods = {version: reviews(mesh, version) for version in ("v1", "v2", "v3")}
    answers = {version: mesh.send("productpage", url, pod=pod).response for version, pod in pods.items()}
    return {version: answer.headers.all("x-tag") for version, answer in answers.items()}


def test_applied_to_some_of_the_pods_the_others_keep_what_they_had(mesh):
    old = Plugin("steps", package(tag("old")), selector={"app": "reviews"})
    new = old.with_image(package(tag("new")))
    mesh.apply(old)
    found = mesh.apply(new, only={"version": "v2"})
    assert [(one.pod, one.verdict, one.running) for one in found] == [
        (reviews(mesh, "v2"), Verdict.LIVE, new.image.digest)
    ]
    assert reviews_tags(mesh) == {"v1": ["old"], "v2": ["new"], "v3": ["old"]}
    judged = {one.pod: one for one in mesh.verdicts("steps") if one.verdict is not Verdict.NOT_SELECTED}
    assert {one.verdict for one in judged.values()} == {Verdict.LIVE}
    wanted = {version: judged[reviews(mesh, version)].wanted for version in ("v1", "v2", "v3")}
    assert wanted == {"v1": old.image.digest, "v2": new.image.digest, "v3": old.image.digest}
    assert {one.pod for one in mesh.wait("steps")} == set(judged)
    assert list(mesh.plugins()) == [new]
    assert mesh.rendered("steps") not in ("", mesh.render(old))
    assert list(mesh.history("steps")) == [old]


def test_a_full_apply_ends_what_was_applied_to_some_pods(mesh):
    old = Plugin("steps", package(tag("old")), selector={"app": "reviews"})
    new = old.with_image(package(tag("new")))
    mesh.apply(old)
    before = mesh.history("steps")
    mesh.apply(new, only={"version": "v1"})
    mesh.apply(old)
    assert set(map(tuple, reviews_tags(mesh).values())) == {("old",)}
    assert list(mesh.plugins()) == [old]
    assert mesh.history("steps") == before, "what went back leaves nothing that could be rolled back to"
    for version in ("v1", "v2", "v3"):
        mesh.apply(new, only={"version": version})
    mesh.apply(new)
    assert set(map(tuple, reviews_tags(mesh).values())) == {("new",)}
    assert list(mesh.history("steps")) == [new, *before]


def test_a_first_plugin_applied_to_some_pods_is_on_no_other(mesh):
    plugin = Plugin("steps", package(tag("new")), selector={"app": "reviews"})
    mesh.apply(plugin, only={"version": "v3"})
    assert reviews_tags(mesh) == {"v1": [], "v2": [], "v3": ["new"]}
    judged = {one.pod: one for one in mesh.verdicts("steps")}
    assert judged[reviews(mesh, "v3")].verdict is Verdict.LIVE
    assert judged[reviews(mesh, "v1")].verdict is Verdict.NOT_SELECTED
    assert judged[reviews(mesh, "v1")].reason
    assert mesh.remove("steps") == plugin
    assert reviews_tags(mesh) == {"v1": [], "v2": [], "v3": []}


def test_labels_of_a_step_that_no_selected_pod_carries_change_nothing(mesh):
    plugin = Plugin("steps", package(tag("new")), selector={"app": "reviews"})
    with pytest.raises(SelectorError, match="version=v9"):
        mesh.apply(plugin, only={"version": "v9"})
    with pytest.raises(SelectorError):
        mesh.apply(plugin, only={"app": "details"})
    assert list(mesh.plugins()) == []


def test_rendered_is_what_render_gave_and_empty_without_a_plugin(mesh):
    plugin = Plugin("one", package(tag("one")), selector=DETAILS, config={"name": "hello"})
    assert mesh.rendered("one") == ""
    text = mesh.render(plugin)
    mesh.apply(plugin)
    assert mesh.rendered("one") == text
    mesh.remove("one")
    assert mesh.rendered("one") == ""


def test_counts_tell_requests_and_errors_of_each_pod(mesh):
    module = build("failing", request="respond(503)")
    pod = next(pod.name for pod in mesh.pods() if pod.labels["app"] == "details")

    def counted() -> tuple[int, int]:
        found = {one.pod: one for one in mesh.counts()}
        assert {one.name for one in mesh.pods()} <= set(found)
        json.dumps([one.to_dict() for one in found.values()])
        return found[pod].requests or 0, found[pod].errors or 0

    requests, errors = counted()
    for _ in range(3):
        mesh.send("productpage", "details:9080/details/1", pod=pod)
    until(counted, lambda now: now == (requests + 3, errors))
    mesh.apply(Plugin("failing", package(module), selector=DETAILS))
    for _ in range(2):
        assert mesh.send("productpage", "details:9080/details/1", pod=pod).response.status == 503
    until(counted, lambda now: now == (requests + 5, errors + 2))


def test_each_pod_of_a_service_can_be_asked(mesh):
    url = "reviews:9080/reviews/7"
    pods = mesh.endpoints(url)
    assert sorted(pods) == sorted(pod.name for pod in mesh.pods() if pod.labels["app"] == "reviews")
    for pod in [*pods, *pods]:
        assert mesh.send("productpage", url, pod=pod).pod == pod
    assert mesh.endpoints(f"http://details.{home(mesh)}:9080/x") == [
        pod.name for pod in mesh.pods() if pod.labels["app"] == "details"
    ]
    with pytest.raises(BadNameError, match="nobody"):
        mesh.send("productpage", url, pod="nobody")
    with pytest.raises(UsageError) as caught:
        mesh.send("productpage", url, pod=pods[0], via="app")
    assert caught.value.hint == "send past it, with via='proxy'"
    with pytest.raises(TrafficError):
        mesh.endpoints("nowhere:9080/")


def test_what_the_service_received_is_seen_or_it_is_said_why_not(mesh):
    taken = mesh.send("productpage", "details:9080/details/1", headers=[("x-mine", "1")], received=True)
    assert (taken.received is None) == bool(taken.unseen)
    if taken.received is not None:
        assert taken.received.request.headers["x-mine"] == "1"
    assert "x-request-id" not in taken.request.headers


def test_metrics_of_filters_are_told_by_pod(mesh):
    mesh.apply(Plugin("quiet", package(tag("quiet")), selector={"app": "details"}))
    assert {one.metric.name for one in mesh.metrics()} <= {""}
