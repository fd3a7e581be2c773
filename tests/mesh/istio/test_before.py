"""What pods answered before a build came is what it is held against, also where others failed or were refused since."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.mesh.istio.api_server import ApiServer, kubeconfig
from tests.mesh.istio.test_hints import KIND, ONE
from tests.mesh.istio.test_workers import PLAINLY, POD, STANDING, TAGGED, TAGS, answer, looked, verdict
from wasmnb.envoy.effect import Effect, Facet, Trait, Trial
from wasmnb.envoy.exchange import PLAIN
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.mesh.istio.objects import deployments
from wasmnb.mesh.istio.objects.deployments import Deployments
from wasmnb.mesh.istio.objects.objects import Objects
from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.plugin import FailPolicy, Phase
from wasmnb.plugin.verdict import Proof, Verdict
from wasmnb.progress import Silent

TRIAL = Trial((Effect(PLAIN, TAGS),))
PATH = KIND.path("team")
IMAGE = SimpleNamespace(digest=ONE.image.digest, reference=ONE.image.reference, module=None)
WEB = replace(ONE, id="id", image=IMAGE, selector={"app": "web"})


@pytest.fixture
def proving():
    """One to whose requests `now` is what a pod answers, and `alone` its application."""
    made = Proving(SimpleNamespace(may=lambda _: True), "home", None, lambda _: [9080])
    made.permit(Proof.EFFECT)
    made.now, made.alone = PLAINLY, None
    made.requests._strict = lambda *_: ""
    made.requests._itself = lambda *_: made.now
    made.requests.past = lambda wanted: [made.alone for _ in wanted]
    yield made
    made.close()


def test_what_somebody_else_had_deployed_is_not_the_build_before_the_one_that_follows_it(proving):
    proving.known.learn("id", "sha256:2", "theirs", TRIAL, None)
    proving.alone, proving.now = PLAINLY, None
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.before("id", "sha256:1", "ours", [(POD, frozenset())])
    proving.now = TAGGED
    assert looked(proving).verdict is Verdict.LOADED


@pytest.fixture
def api(tmp_path, monkeypatch):
    server = ApiServer()
    server.put("/api/v1/namespaces/team")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, server.port)))
    yield server
    server.close()


@pytest.fixture
def deploy(api, proving, monkeypatch):
    """Give what puts a configuration in force, whose effect is a header with its value."""
    cluster = Cluster.connect()
    writer = ObjectsWriter(Objects(cluster, "team", (KIND,)), "1.28.0", KIND.name, lambda *_: IMAGE)
    reader = SimpleNamespace(
        proving=proving,
        cluster=cluster,
        serving=lambda: [POD],
        sampled=list,
        before=lambda *_: [SimpleNamespace(beside=frozenset())],
    )
    settled, kept = SimpleNamespace(settled=lambda *_: []), SimpleNamespace(keep=lambda _: None)
    made = Deployments(writer, reader, settled, kept, lambda: None)
    monkeypatch.setattr(deployments, "examined", lambda plugin, *_, **__: (shows(plugin.config["tag"]), ""))

    def deploy(config, meanwhile=lambda: None, probes=None, **more):
        reader.before = lambda *_: meanwhile() or [SimpleNamespace(beside=frozenset())]
        options = {"only": None, "preflight": None, "allow_trap": False, "take_over": False, "wait": None}
        changed = replace(WEB, config={"tag": config}, **more)
        made.apply(changed, progress=Silent(), probes=probes or {}, **options)

    yield deploy
    cluster.close()


def shows(value):
    return Trial((Effect(PLAIN, frozenset({Trait(Facet.HEADER, "x-tag", value)})),))


def live(proving, value):
    proving.now = answer(("x-tag", value))
    proving._sightings.forget("id")
    proving.look_anew({"id"})
    loaded = replace(verdict(), wanted=IMAGE.digest)
    proving.look([(loaded, POD, STANDING)])
    return proving.proven(loaded, POD, "mark").verdict is Verdict.LIVE


@pytest.mark.parametrize(
    "place",
    [{"fail_policy": FailPolicy.OPEN}, {"phase": Phase.STATS}, {"priority": 3}, {"selector": {}}],
    ids=lambda place: next(iter(place)),
)
def test_the_same_build_at_another_place_is_held_against_what_was_there_before_it_first_came(proving, deploy, place):
    deploy("a")
    assert live(proving, "a")
    deploy("a", **place)
    assert live(proving, "a")


def test_the_same_build_with_other_variables_is_held_against_what_it_did_before(proving, deploy):
    deploy("a")
    assert live(proving, "a")
    deploy("a", env={"LEVEL": "1"})
    assert not live(proving, "a")


@pytest.mark.parametrize("status", [403, 409, 422, 500])
def test_a_build_that_is_refused_leaves_what_was_there_before_the_one_in_force(api, proving, deploy, status):
    deploy("a")
    assert live(proving, "a")
    api.refused["PATCH", PATH] = status, "no"
    with pytest.raises(MeshError):
        deploy("b")
    assert live(proving, "a")
    api.refused.clear()
    deploy("b")
    assert not live(proving, "a")
    assert live(proving, "b")


def test_where_it_cannot_be_told_which_build_is_in_force_neither_is_held_against_what_the_other_answered(
    api, proving, deploy
):
    deploy("a")

    def meanwhile():
        api.refused.update({("PATCH", PATH): (500, "perhaps"), ("GET", f"{PATH}$"): (500, "not now")})

    with pytest.raises(MeshError):
        deploy("b", meanwhile)
    assert not live(proving, "a")
    assert not live(proving, "b")


def test_an_object_that_somebody_has_replaced_meanwhile_is_not_taken_for_the_one_before(api, proving, deploy):
    deploy("a")

    def meanwhile():
        record = api.objects[f"{PATH}/id"]["metadata"]["annotations"]
        record.update(
            {key: json.dumps({**json.loads(value), "at": "2030-01-01T00:00:00Z"}) for key, value in record.items()}
        )

    with pytest.raises(MeshError, match="meanwhile"):
        deploy("b", meanwhile)
    assert not live(proving, "a")
