"""Objects that somebody else changes: who, when and which field; and two kernels at once."""

from __future__ import annotations

import getpass
import json
import random
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import tag
from wasmnb.errors import BadNameError
from wasmnb.mesh import Cause, Verdict
from wasmnb.mesh.istio.objects.drift import Drift
from wasmnb.mesh.istio.objects.objects import KINDS, Stored
from wasmnb.mesh.istio.proxies.verdicts import _as_deployed
from wasmnb.plugin import Plugin
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.verdict import PodVerdict
from wasmnb.rollout.dry_run import rehearse


def patched(cluster, home, id_, path, value):
    patch = json.dumps([{"op": "add", "path": path, "value": value}])
    cluster.kubectl("-n", home, "patch", "trafficextension", id_, "--type=json", "-p", patch)


def test_what_somebody_else_changed_is_shown_refused_and_taken_back(mesh, published, cluster, home):
    first, second = (Plugin("drifts", published(tag(name)), {"app": "details"}, {"n": 1}) for name in ("one", "two"))
    mesh.apply(first)
    mesh.apply(second)
    assert mesh.changed_by_others("drifts") == ()
    origin = mesh.origin("drifts")
    assert (origin.by, origin.at.tzinfo) == (getpass.getuser(), timezone.utc)
    assert str(origin).startswith(f"{origin.by}, {origin.at:%Y-%m-%d %H:%M:%S} UTC")
    with pytest.raises(BadNameError):
        mesh.origin("nobodys")
    patched(cluster, home, "drifts", "/spec/wasm/pluginConfig/n", 9)
    patched(cluster, home, "drifts", "/spec/wasm/pluginConfig/by", "them")
    (said,) = mesh.changed_by_others("drifts")
    assert said.startswith("kubectl-patch changed spec.wasm.")
    assert "spec.wasm.pluginConfig.n" in said
    assert "spec.wasm.pluginConfig.by" in said
    found = until(lambda: mesh.verdicts("drifts"), lambda found: any(one.verdict is Verdict.OLD for one in found))
    old = next(one for one in found if one.verdict is Verdict.OLD)
    assert (old.cause, old.wanted) == (Cause.OBJECT_CHANGED, second.image.digest)
    assert said in old.reason
    for again in (second, first):
        with pytest.raises(DeployError, match="was changed by somebody else") as caught:
            mesh.apply(again)
        assert list(caught.value.why) == [said]
    assert said in rehearse(mesh, second, ()).notes[0]
    assert {one.verdict for one in mesh.apply(first, take_over=True)} == {Verdict.LIVE}
    assert mesh.changed_by_others("drifts") == ()
    assert cluster.get(home, "trafficextension", "drifts")["spec"]["wasm"]["pluginConfig"] == {"n": 1}
    assert [one.image.digest for one in mesh.history("drifts")] == [one.image.digest for one in (first, second, first)]
    assert {one.verdict for one in mesh.apply(second)} == {Verdict.LIVE}


@pytest.mark.parametrize("unsent", ["", "istiod does not answer: refused"])
def test_where_the_proxies_do_not_have_a_change_yet_that_is_what_is_said(unsent):
    ours, theirs = (f"sha256:{letter * 64}" for letter in "ab")
    item = {"spec": {"wasm": {"url": f"oci://registry/x@{theirs}"}}}
    stored = Stored(next(kind for kind in KINDS.values() if kind.name == "TrafficExtension"), item, {})
    stored = replace(stored, record={"plugin": {"image": ours}})
    words = "the proxy runs it, and nothing newer arrived"
    at = datetime.now(timezone.utc)
    old = PodVerdict("a-0", "x", Verdict.OLD, theirs, ours, words, (), at, Cause.OTHER_DIGEST)
    drift = (Drift("kubectl-patch", at, (("spec", "wasm", "url"),)),)
    found = _as_deployed(old, stored, drift, unsent)
    assert (found.cause, found.wanted, found.running) == (Cause.OBJECT_CHANGED, theirs, ours)
    kept = f"; proxies keep what they have: {unsent}" if unsent else ""
    assert found.reason == f"{drift[0]}; {words}{kept}"
    # On its way, and without a change of somebody else's, what is wanted is what was deployed.
    assert _as_deployed(replace(old, verdict=Verdict.WARMING), stored, drift, "").wanted == ours
    assert _as_deployed(old, stored, (), unsent).reason == words + kept


def test_of_two_kernels_that_deploy_at_once_one_wins_and_the_other_is_told_by_whom(mesh, published, connect, home):
    begun, mine, theirs = (Plugin("race", published(tag(name)), {"app": "details"}) for name in ("aa", "bb", "cc"))
    mesh.apply(begun)
    other = connect(home)
    get, first = mesh._objects._get, []

    def overtaken(kind, name):
        if not first:
            first.append(other.apply(theirs))
        return get(kind, name)

    mesh._objects._get = overtaken
    try:
        with pytest.raises(DeployError, match="has put another version of race in force meanwhile") as caught:
            mesh.apply(mine)
    finally:
        del mesh._objects._get
    assert caught.value.code == "WNB4029"
    assert getpass.getuser() in caught.value.what
    assert [one.image.digest for one in mesh.plugins()] == [theirs.image.digest]
    mesh.apply(mine)
    assert [one.image.digest for one in other.history("race")] == [one.image.digest for one in (mine, theirs, begun)]


def test_a_large_configuration_beyond_the_basic_plane_is_taken_and_has_a_history(mesh, published):
    image = published(tag("large"))
    paths = (f"deny: /path/{random.Random(number).randrange(10**6)}" for number in range(15_000))
    text = "\n".join(paths)
    assert len(text) > 250_000
    versions = [Plugin("large", image, {"app": "details"}, {"text": text, "n": f"\N{WOLF FACE} {n}"}) for n in (1, 2)]
    # Of another configuration that shows on no response nobody sees that it acts.
    for plugin, seen in zip(versions, (Verdict.LIVE, Verdict.LOADED), strict=True):
        assert {one.verdict for one in mesh.apply(plugin)} == {seen}
    assert [one.config["n"] for one in mesh.history("large")] == ["\N{WOLF FACE} 2", "\N{WOLF FACE} 1"]
    assert mesh.plugins()[0].config["text"] == text
    assert {one.verdict for one in mesh.apply(mesh.history("large")[1])} == {Verdict.LOADED}
