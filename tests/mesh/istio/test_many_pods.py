"""Looks at many pods: which proxies are asked again, and what is kept of a pod."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TypedDict

import pytest

from wasmnb.mesh.istio.api.typed_json import Raw, decoder, unread
from wasmnb.mesh.istio.proxies import pod_list
from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
from wasmnb.mesh.istio.proxies.evidence import Evidence
from wasmnb.mesh.istio.proxies.istiod import Ack
from wasmnb.mesh.istio.proxies.judge import judge
from wasmnb.mesh.istio.proxies.kept_evidence import EACH, OLDEST, SHARE, KeptEvidence, aged
from wasmnb.mesh.istio.proxies.pod_list import PodList, slim
from wasmnb.mesh.istio.proxies.pods import ip_of, name_of, pod, workload
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import PodVerdict, Verdict

MANY = 3 * EACH
SETTLED = Ack("one", "one")


def item(number: int, version: str = "1") -> dict:
    return {"metadata": {"name": f"pod-{number}", "uid": f"uid-{number}", "resourceVersion": version}}


class Look:
    """Looks at pods as the reader of verdicts does, at a time of the test's own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.kept = KeptEvidence(lambda: self.now)
        self.acks: dict[str, Ack] = {}

    def __call__(self, items: list[dict], of: str = "objects", ill: tuple[str, ...] = ()) -> set[str]:
        known = self.kept.usable(items, of, lambda name: self.acks.get(name, SETTLED))
        asked = [
            Evidence(one, ack=self.acks.get(one["metadata"]["name"], SETTLED))
            for one in items
            if one["metadata"]["name"] not in known
        ]
        names = {one.name for one in asked}
        self.kept.keep(asked, of, names - set(ill))
        return names


@pytest.fixture
def look() -> Look:
    return Look()


def names(*numbers: int) -> set[str]:
    return {f"pod-{number}" for number in numbers}


def test_of_a_few_proxies_each_is_asked_at_each_look(look):
    few = [item(number) for number in range(EACH)]
    assert len(look(few)) == len(look(few)) == EACH


def test_of_many_those_are_asked_that_were_asked_longest_ago(look):
    many = [item(number) for number in range(MANY)]
    assert len(look(many)) == MANY
    look.now += 1
    second = look(many)
    look.now += 1
    third = look(many)
    assert len(second) == len(third) == SHARE
    assert not second & third


def test_nothing_is_used_again_that_is_older_than_a_minute(look):
    many = [item(number) for number in range(MANY)]
    look(many)
    look.now += OLDEST
    assert len(look(many)) == MANY


def test_looks_that_are_far_apart_ask_a_larger_share(look):
    many = [item(number) for number in range(MANY)]
    look(many)
    look.now += OLDEST / 2
    assert len(look(many)) == MANY / 2


def test_what_has_changed_or_was_not_well_is_asked_at_once(look):
    many = [item(number) for number in range(MANY)]
    look(many, ill=("pod-7",))
    many[9] = item(9, "2")
    look.acks["pod-11"] = Ack("two", "one")
    asked = look(many)
    assert names(7, 9, 11) <= asked
    assert len(asked) == SHARE


def test_other_objects_are_looked_at_anew_on_every_pod_and_do_not_take_the_place_of_the_first(look):
    many = [item(number) for number in range(MANY)]
    look(many)
    assert len(look(many, of="others")) == MANY
    assert len(look(many)) == SHARE


def test_what_was_seen_long_before_the_look_ended_is_as_old_as_it_is(look):
    many = [item(number) for number in range(MANY)]
    at = datetime.now(timezone.utc) - timedelta(seconds=OLDEST - 1)
    seen = [Evidence(one, ack=SETTLED, at=at) for one in many]
    look.kept.keep(seen, "objects", {one.name for one in seen})
    look.now += 2
    assert look.kept.usable(many, "objects", lambda _: SETTLED) == {}


def test_a_look_anew_uses_nothing_that_was_seen_before_it_was_asked_for(look):
    many = [item(number) for number in range(MANY)]
    look(many)
    seen = [Evidence(one, ack=SETTLED, at=datetime.now(timezone.utc) - timedelta(seconds=1)) for one in many]
    look.kept.forget()
    # A look of another thread, which began before.
    look.kept.keep(seen, "objects", {one.name for one in seen})
    look.now += 1
    assert len(look(many)) == MANY
    look.now += 1
    assert len(look(many)) == SHARE


def test_acknowledgements_are_asked_for_anew_once_something_changes_and_while_the_change_may_be_on_its_way(look):
    told = []
    many = [item(number) for number in range(MANY)]

    def asked(items=many, of="objects"):
        before = len(told)
        look.kept.acks(lambda: (told.append(1) or {"pod-1": SETTLED}, ""), items, of)
        return len(told) > before

    look.now += 60
    assert [asked(), asked()] == [True, True]
    look.now += 11
    assert [asked(), asked()] == [True, False]
    assert [asked(of="other objects"), asked(of="other objects")] == [True, True]
    look.now += 11
    assert [asked(of="other objects"), asked(of="other objects")] == [True, False]
    assert asked([item(0, "2"), *many[1:]], of="other objects")


def test_acknowledgements_of_many_are_asked_for_now_and_then_and_at_once_while_one_is_open(look):
    told = []
    many, few = ([item(number) for number in range(count)] for count in (MANY, EACH))

    def ask():
        told.append(dict(look.acks))
        return dict(look.acks), ""

    look.acks["pod-1"] = Ack("two", "one")
    assert look.kept.acks(ask, many, "") == look.kept.acks(ask, many, "")
    assert len(told) == 2
    look.acks["pod-1"] = SETTLED
    look.now += 11
    look.kept.acks(ask, many, "")
    look.kept.acks(ask, many, "")
    assert len(told) == 3
    look.kept.acks(ask, few, "")
    look.now += 60
    look.kept.acks(ask, many, "")
    assert len(told) == 5


def test_what_is_used_again_says_how_old_it_is():
    at = datetime.now(timezone.utc) - timedelta(seconds=40)
    verdict = PodVerdict("pod", "plugin", Verdict.LIVE, "", "", "", (), at)
    begun = datetime.now(timezone.utc)
    assert aged(verdict, begun).reason in ("seen 40 s ago", "seen 41 s ago")
    assert aged(verdict, begun, exact=False).reason == "seen within the last minute", "in a stream, at each look"
    assert aged(verdict, at) is verdict


def test_the_very_same_evidence_is_judged_once_and_any_other_anew():
    names = {"plugin": "one", "digest": "sha256:1", "root_id": "", "names": ("home.one",), "envoy_name": "home.one"}
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    wanted = DesiredState(**names, policy=FailPolicy.CLOSE, config=None, env={}, machine=("", ""), since=at)
    seen, known = Evidence({**item(1), "spec": {"containers": []}}), Known()
    first = judge(seen, wanted, known)
    assert first.verdict is Verdict.NO_SIDECAR
    assert judge(seen, wanted, known) is first
    assert judge(replace(seen), wanted, known) is not first
    second = judge(seen, wanted, known)
    assert judge(seen, replace(wanted), known) is not second
    third = judge(seen, wanted, known)
    known.before = ("1", at)
    assert judge(seen, wanted, known) is not third


def test_pods_come_in_pages_and_an_unchanged_one_is_the_same_object():
    asked = []

    def request(_method, _path, *, query, right, compressed, read):
        asked.append(dict(query))
        numbers, token = ((1,), "") if "continue" in query else ((3, 2), "next")
        return read(json.dumps({"metadata": {"continue": token}, "items": [item(number) for number in numbers]}))

    pods = PodList(SimpleNamespace(request=request), "home")
    first, again = pods.read(), pods.read()
    assert [one["metadata"]["name"] for one in first] == ["pod-1", "pod-2", "pod-3"]
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert [query.get("continue") for query in asked] == [None, "next"] * 2


class Part(TypedDict, total=False):
    name: str
    several: list[Part] | None
    later: Raw


@pytest.mark.parametrize("compiled", [True, False])
def test_of_json_only_what_is_wanted_is_read_with_and_without_compiled_code(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setitem(sys.modules, "msgspec", None)
    read = decoder.__wrapped__(Part)
    text = '{"name": "a", "other": {"name": 1}, "several": [{"name": "b", "several": null, "other": []}, {}]}'
    assert read(text) == {"name": "a", "several": [{"name": "b", "several": None}, {}]}
    assert unread(read('{"later": [{"x": null}]}')["later"]) == [{"x": None}]
    with pytest.raises(ValueError, match=r".+"):
        read("{")


WHOLE = {
    "metadata": {
        **item(1)["metadata"],
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubelet"}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "other": "stays"},
    },
    "spec": {
        "volumes": [{"name": "data"}],
        "containers": [
            {"name": "app", "image": "app:1", "env": [{"name": "A", "value": "hush"}], "ports": []},
            {"name": "istio-proxy", "env": [{"name": "POD_NAME", "value": "web-1"}]},
        ],
        "initContainers": [{"name": "istio-proxy", "restartPolicy": "Always", "args": ["proxy"]}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": "ContainersReady", "status": "False", "message": "app is not ready", "x": 1}],
        "containerStatuses": [{"name": "app", "ready": False, "restartCount": 2, "state": {"running": {}}}],
        "initContainerStatuses": [{"name": "istio-proxy", "ready": True, "restartCount": 0, "imageID": "x"}],
    },
}
WRONG = [None, 7, 1.5, "7", True, [], {}, [None], [7], {"a": None}, {"a": 7}]


def _places(value, path=()):
    """Give the paths to all values in an object."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*path, key))


@pytest.mark.parametrize("compiled", [True, False])
def test_a_value_of_another_kind_in_a_pod_counts_as_missing_and_breaks_no_look(monkeypatch, compiled):
    if not compiled:
        monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.setattr(pod_list, "decoder", decoder.__wrapped__)
    whole = WHOLE | {"status": WHOLE["status"] | {"startTime": "2026-01-01T00:00:00Z"}}
    known = {"items", "name", "uid"}
    for path in _places({"metadata": {"continue": "", "resourceVersion": "1"}, "items": [whole, item(2)]}):
        # What has no name is no pod, and no container.
        if not path or path[-1] in known or isinstance(path[-1], int) or path[2:] == ("metadata",):
            continue
        for wrong in [None, True, [], {}] if path[-1] in ("startTime", "creationTimestamp") else WRONG:
            page = json.loads(json.dumps({"metadata": {"continue": ""}, "items": [whole, item(2)]}))
            at = page
            for key in path[:-1]:
                at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
            at[path[-1]] = wrong
            answers = iter([json.dumps(page), json.dumps({"items": None, "metadata": None})])
            pods = PodList(SimpleNamespace(request=lambda *_, read, **__: read(next(answers))), "home").read()  # noqa: B023 - at once
            described = [pod(one) for one in pods]
            assert len(described) == 2, (path, wrong)
            assert [workload(one) for one in pods], (path, wrong)
            assert {ip_of(one) for one in pods}, (path, wrong)
            assert pods == [slim(one) for one in sorted(page["items"], key=name_of)], (path, wrong)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("text", ["[]", "null", '"pods"', "1"])
def test_another_kind_of_answer_is_an_error(monkeypatch, compiled, text):
    if not compiled:
        monkeypatch.setitem(sys.modules, "msgspec", None)
    with pytest.raises(ValueError, match=r".+"):
        decoder.__wrapped__(Part)(text)


def test_a_slim_pod_is_described_as_the_whole_one():
    whole = WHOLE
    kept = slim(whole)
    assert pod(kept) == pod(whole)
    assert (
        kept
        == PodList(
            SimpleNamespace(request=lambda *_, read, **__: read(json.dumps({"items": [whole], "metadata": {}}))), "home"
        ).read()[0]
    )
    assert kept["metadata"]["annotations"] == {"other": "stays"}
    assert not {"managedFields", "volumes"} & {*kept["metadata"], *kept["spec"]}
    application, proxy = kept["spec"]["containers"]
    assert {*application} == {"name", "image", "env"}
    assert "hush" not in json.dumps(kept)
    assert proxy == {"name": "istio-proxy"}
