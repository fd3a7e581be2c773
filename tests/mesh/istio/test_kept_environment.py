"""An Envoy that keeps a VM's environment: where that may be so, nothing is LIVE."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from wasmnb.mesh import Cause, PodVerdict, Verdict
from wasmnb.mesh.istio.objects.objects import KINDS, Stored
from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter
from wasmnb.mesh.istio.objects.plugin_facts import as_recorded
from wasmnb.mesh.istio.proxies.config_dump import Entry, entries
from wasmnb.mesh.istio.proxies.kept_environment import changed, kept, shared
from wasmnb.plugin import Plugin
from wasmnb.plugin.rendering.envoyfilter import envoy_filter


class FakeImage:
    reference, digest = "registry.example/team/one:1", "sha256:" + "0" * 64


KIND = {one.name: one for one in KINDS.values() if one.ours}
DIGEST = "sha256:" + "0" * 64


def plugin(level, image=DIGEST, **more):
    return {"image": image, "env": {"LEVEL": level}, **more}


def stored(*history, id_="one", kind="TrafficExtension"):
    item = {"metadata": {"name": id_, "labels": {"wasmnb.dev/plugin": id_}}}
    return Stored(KIND[kind], item, {"plugin": history[0], "history": list(history)})


@pytest.mark.parametrize(
    ("history", "kind", "words"),
    [
        ([plugin("2"), plugin("1")], "TrafficExtension", "environment"),
        ([plugin("2", priority=1), plugin("2"), plugin("1")], "WasmPlugin", "environment"),
        ([plugin("2"), plugin("1")], "EnvoyFilter", ""),
        ([plugin("2", vm_id="x"), plugin("1", vm_id="x")], "EnvoyFilter", "environment"),
        ([plugin("2"), plugin("2", image="other"), plugin("1")], "TrafficExtension", ""),
        ([plugin("1", vm_config="2"), plugin("2", vm_config="1")], "EnvoyFilter", ""),
        ([plugin("1")], "TrafficExtension", ""),
    ],
)
def test_it_is_known_from_the_history_whether_only_the_environment_changed(history, kind, words):
    assert (words in changed(stored(*history, kind=kind))) if words else not changed(stored(*history, kind=kind))


def test_two_plugins_of_one_image_may_have_one_vm():
    one, two = stored(plugin("1")), stored(plugin("2"), id_="two")
    assert shared(one, [one, two]).startswith("two runs the same image")
    assert not shared(one, [one, stored(plugin("1"), id_="two")])
    assert not shared(one, [one, stored(plugin("2"), id_="two", kind="EnvoyFilter")])


@pytest.mark.parametrize(
    ("build", "live"),
    [
        ("b/1.40.0/Clean/RELEASE/BoringSSL", True),
        ("b/1.39.0/Clean/RELEASE/BoringSSL", True),
        ("b/1.39.0-dev/Clean/RELEASE/BoringSSL", False),
        ("b/1.38.1/Clean/RELEASE/BoringSSL", False),
        ("", False),
    ],
)
def test_only_an_envoy_with_the_mend_is_believed(build, live):
    at = datetime.now(timezone.utc)
    verdict = PodVerdict("details-v1-0", "one", Verdict.LIVE, DIGEST, DIGEST, "", (), at)
    found = kept(verdict, "only its environment was changed", build)
    assert found.verdict is (Verdict.LIVE if live else Verdict.UNPROVEN)
    assert found.cause is (Cause.NONE if live else Cause.ENVIRONMENT_KEPT)


@pytest.mark.parametrize(("now", "same"), [('{"a": 1}', True), ('{"a": 2}', False), ("", False)])
def test_an_envoyfilter_that_is_as_it_was_deployed_is_not_taken_for_a_changed_one(now, same):
    made = Plugin("one", FakeImage(), root_id="", config={"b": [1]}, vm_config={"a": 1})
    item = {"metadata": {"name": "one"}, **envoy_filter(made, "home")}
    machine = item["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]["config"]["vm_config"]
    machine["configuration"]["value"] = now
    assert as_recorded(Stored(KIND["EnvoyFilter"], item, {"plugin": made.to_dict()})) is same


def test_what_a_vm_is_told_is_part_of_what_arrived():
    (entry,) = entries(
        """{"configs": [{"ecds_filter": {"name": "x", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {"vm_config": {"vm_id": "both", "configuration": {"value": "1"}}}}}}]}"""
    )
    assert entry.carries(None, {}, ("both", "1"))
    assert not entry.carries(None, {}, ("both", "2"))
    assert not entry.carries(None, {}, ("other", "1"))


def test_a_number_where_a_filter_is_to_get_true_is_not_what_is_wanted():
    one, true, whole = {"on": [1]}, {"on": [True]}, {"on": [1.0]}
    arrived = Entry("", "wasm", "", "", "", datetime.now(timezone.utc), config='{"on": [1]}')
    assert [arrived.carries(config, {}, ("", "")) for config in (one, true, whole)] == [True, False, True]
    made = Plugin("one", FakeImage(), root_id="", config=one)
    objects = ObjectsWriter(SimpleNamespace(namespace="home"), "1.28.0", "WasmPlugin", lambda *_: made.image)
    stored = Stored(KIND["WasmPlugin"], {"spec": objects.body(made, {})["spec"]}, {"plugin": made.to_dict()})
    assert objects.holds(made, [stored])
    assert not objects.holds(replace(made, config=true), [stored])
