"""LIVE on the embedded mesh is what was seen to act on the pod; what the proxy says alone is LOADED."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace

from tests.mesh.conftest import until
from tests.mesh.tiny import build, header, tag, trapping
from wasmnb.errors import TrafficError
from wasmnb.image.packaging import package
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.mesh.local import proving
from wasmnb.plugin import Plugin

DETAILS = {"app": "details"}
EVERY_CALLBACK = "0"


def put(mesh, id_, module, selector=DETAILS, **more):
    allow_trap = more.pop("allow_trap", False)
    return mesh.apply(Plugin(id_, package(module, f"local/{module.name}"), selector, **more), allow_trap=allow_trap)


def proofs(verdicts):
    return {(one.verdict, one.proof) for one in verdicts}


def test_a_visible_effect_on_each_pod_makes_it_live(mesh):
    found = put(mesh, "tagged", tag("seen"), {})
    assert proofs(found) == {(Verdict.LIVE, Proof.EFFECT)}
    assert all("response header x-tag: seen" in one.evidence[-1] for one in found)
    assert found[0].to_dict()["proof"] == "EFFECT"


def test_an_effect_that_the_build_before_had_is_not_its_own(mesh):
    put(mesh, "tagged", tag("same"))
    again = build("same-effect", response=header("x-tag", "same"), request=EVERY_CALLBACK)
    (found,) = put(mesh, "tagged", again)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)
    (other,) = put(mesh, "tagged", build("same-blind", response=f"{header('x-tag', 'same')}; never = 0"))
    assert (other.verdict, other.proof) == (Verdict.LIVE, Proof.TRACE)
    assert "proxy_on_response_headers" in other.evidence[-1]


def test_without_a_visible_effect_envoys_trace_shows_it_also_behind_others(mesh):
    put(mesh, "first", build("quiet-1", request=EVERY_CALLBACK))
    (found,) = put(mesh, "second", build("quiet-2", request="never = 0"))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)
    assert {one.verdict for one in mesh.verdicts()} == {Verdict.LIVE}
    assert not any("trace" in line for line in mesh.logs("details"))
    page = mesh._plan.proxies[0].admin.post("/logging")
    assert "wasm: info" in page
    assert " http: warning" in page


def test_behind_one_that_answers_by_itself_it_is_loaded(mesh):
    put(mesh, "door", build("door", request="respond(403)"), priority=10)
    found = put(mesh, "behind", tag("behind"), priority=1)
    assert proofs(found) == {(Verdict.LOADED, Proof.CONFIG)}
    assert {one.cause for one in found} == {Cause.UNSEEN}


def test_an_answer_that_another_filter_gives_too_is_not_its_own(mesh):
    evil = "details:9080/details/1?!"
    mesh.send("productpage", evil)
    (found,) = put(mesh, "denying", build("denying", request="if (path_has('!')) { respond(403); return 1; }"))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    put(mesh, "trap", build("trap-beside", response="__builtin_trap()"), priority=1, allow_trap=True)
    put(mesh, "door", build("door-before", request="respond(403); return 1"), priority=10)
    assert mesh.send("productpage", evil).response.status == 403
    found = next(one for one in mesh.verdicts("denying") if one.pod.startswith("details"))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)
    mesh.remove("door")
    mesh.remove("trap")
    found = next(one for one in mesh.verdicts("denying") if one.pod.startswith("details"))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)


def test_beside_one_that_has_crashed_it_is_loaded_though_the_failure_runs_through_it(mesh):
    put(mesh, "bomb", build("bomb-proof", request="evil = path_has('~')", response="if (evil) __builtin_trap()"))
    (found,) = put(mesh, "beside", build("beside", response="never = 0"), priority=1)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)
    with suppress(TrafficError):
        mesh.send("productpage", "details:9080/details/1?~")
    # As after a minute, when it is looked for again.
    mesh._deployments.proving._seen.clear()
    found = next(one for one in mesh.verdicts("beside") if one.pod.startswith("details"))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)


def test_a_request_that_crashes_one_filter_is_not_sent_to_see_another_act(mesh):
    mesh.send("productpage", "details:9080/details/1?@")
    crashes = f"if (evil) __builtin_trap(); {header('x-crashing', '1')}"
    put(mesh, "crashing", build("crashing-at", request="evil = path_has('@')", response=crashes), allow_trap=True)
    put(mesh, "beside", tag("beside-at"))
    assert {one.plugin: one.verdict for one in mesh.verdicts()} == {"crashing": Verdict.LIVE, "beside": Verdict.LIVE}


def test_what_traps_on_a_plain_request_is_not_live_and_no_request_is_sent_through_it(mesh):
    before = {one.pod: one.requests for one in mesh.counts()}
    (found,) = put(mesh, "trap", build("trap-proof", response="__builtin_trap()"), allow_trap=True)
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.CRASH_FORESEEN)
    assert "trap in proxy_on_response_headers" in found.reason
    assert {one.pod: one.requests for one in mesh.counts()} == before
    assert mesh.send("productpage", "details:9080/details/1").response.status == 503
    assert mesh.verdicts("trap")[0].verdict is Verdict.TRAPPED


def test_an_effect_on_the_users_own_request_alone_is_learned_from_it(mesh):
    mesh.send("productpage", "details:9080/details/7?lang=en!")
    shows = f"if (evil) {header('x-tag', 'bang')}"
    (found,) = put(mesh, "bang", build("bang", request="evil = path_has('!')", response=shows))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "GET /details/7?lang=en!" in found.evidence[-1]


def test_what_crashes_on_the_users_own_request_alone_is_seen_to_act_on_others(mesh):
    evil = "ratings:9080/ratings/1?!"
    first = Plugin("crashing", package(trapping()), {"app": "ratings"})
    assert mesh.apply(first)[0].verdict is Verdict.LIVE
    assert mesh.send("productpage", evil).response.status == 503
    found = mesh.apply(replace(first, config={"n": 2}), allow_trap=True)
    assert [(one.verdict, one.proof) for one in found] == [(Verdict.LIVE, Proof.EFFECT)]
    # Nobody sent it that request once more.
    assert mesh.send("productpage", "ratings:9080/ratings/1").response.status == 200


def test_what_was_seen_is_looked_for_again_where_the_log_would_not_tell_of_a_crash(local):
    local.apply(Plugin("silenced", package(trapping()), DETAILS))
    proxy = next(one for one in local._plan.proxies if one.labels["app"] == "details")
    proxy.admin.post("/logging?wasm=off")
    assert local.send("productpage", "details:9080/details/1?!").response.status == 503

    def verdict():
        return next(one for one in local.verdicts("silenced") if one.pod == proxy.name)

    found = until(verdict, lambda one: one.verdict is not Verdict.LIVE)
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)


def test_requests_of_our_own_are_not_counted(mesh):
    put(mesh, "counted", tag("counted"))
    before = next(one for one in mesh.counts() if one.pod == "details-v1-0").requests
    put(mesh, "counted", tag("counted-2"))
    mesh.send("productpage", "details:9080/details/1")
    after = next(one for one in mesh.counts() if one.pod == "details-v1-0").requests
    assert after - before == 1


def test_requests_of_our_own_are_not_counted_while_they_are_under_way_either(mesh, monkeypatch):
    put(mesh, "counted", tag("counted"))
    mesh.send("productpage", "details:9080/details/1")
    before, send = mesh.counts(), proving.exchange_all
    with ThreadPoolExecutor(1) as threads:
        found = []

        def send_and_count(*requests, **how):
            answers = send(*requests, **how)
            # The proxy has counted them, and nobody has told that they were ours.
            found.append(threads.submit(mesh.counts))
            wait(found, timeout=0.3)
            return answers

        monkeypatch.setattr(proving, "exchange_all", send_and_count)
        put(mesh, "counted", tag("counted-2"))
    for counts in (one.result() for one in found):
        assert {one.pod: one.requests for one in counts} == {one.pod: one.requests for one in before}


def test_after_a_restart_it_is_seen_anew(local):
    put(local, "again", tag("again"))
    before = local._processes.state("details-v1-0").pid
    os.kill(before, signal.SIGKILL)
    until(lambda: local._processes.state("details-v1-0").pid, lambda pid: pid not in (0, before))
    found = until(lambda: local.verdicts("again")[0], lambda one: one.verdict is Verdict.LIVE)
    assert (found.pod, found.proof) == ("details-v1-0", Proof.EFFECT)


def test_a_gateway_is_proven_by_its_effect(mesh):
    found = put(mesh, "gate", tag("gate"), {"app": "istio-ingressgateway"})
    assert proofs(found) == {(Verdict.LIVE, Proof.EFFECT)}


def test_where_the_configuration_is_enough_nothing_is_sent_and_it_is_loaded(mesh):
    module = build("silent", request='log_line(2, "called", 6)', response=header("x-tag", "silent"))
    found = mesh.apply(Plugin("silent", package(module, "local/silent"), DETAILS), prove=Proof.CONFIG)
    assert proofs(found) == {(Verdict.LOADED, Proof.CONFIG)}
    assert {one.cause for one in found} == {Cause.UNASKED}
    assert all(one.good(Proof.CONFIG) and not one.good() for one in found)
    assert not any("called" in line for line in mesh.logs("details"))
    (found,) = mesh.apply(Plugin("silent", package(module, "local/silent"), DETAILS))
    # What was there before it came was not looked at, so that an effect would not tell.
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)


def test_what_was_there_before_a_build_first_came_counts_when_it_is_put_in_force_again(mesh):
    module = tag("kept")
    mesh.apply(Plugin("kept", package(module, "local/kept"), {"app": "reviews"}), only={"version": "v1"})
    found = put(mesh, "kept", module, {"app": "reviews"})
    assert proofs(found) == {(Verdict.LIVE, Proof.EFFECT)}
    # As after a minute, when it is looked for again.
    mesh._deployments.proving._seen.clear()
    found = [one for one in mesh.verdicts("kept") if one.verdict is not Verdict.NOT_SELECTED]
    assert proofs(found) == {(Verdict.LIVE, Proof.EFFECT)}


def test_a_removal_is_proven_by_an_effect_that_is_no_longer_there(mesh):
    put(mesh, "tagged", tag("leaves"))
    put(mesh, "twin", build("leaves-twin", response=header("x-tag", "leaves"), request=EVERY_CALLBACK))
    mesh.remove("tagged")
    (found,) = mesh.removed("tagged")
    assert (found.pod, found.verdict, found.proof) == ("details-v1-0", Verdict.GONE, Proof.CONFIG)
    assert "another filter has the same effect" in found.reason
    mesh.remove("twin")
    put(mesh, "tagged", tag("leaves-alone"))
    mesh.remove("tagged")
    (found,) = mesh.removed("tagged")
    assert (found.verdict, found.proof, found.reason) == (Verdict.GONE, Proof.EFFECT, "")
    assert not mesh.removed("nothing")
