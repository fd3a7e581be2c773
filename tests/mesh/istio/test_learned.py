"""What a plugin does is learned from its image, and told from what the build before and the application itself do."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from tests.mesh.istio.test_workers import PLAINLY, POD, STANDING, TAGGED, TAGS, answer, looked, verdict
from wasmnb.envoy.effect import Effect, Facet, Trait, Trial
from wasmnb.envoy.exchange import PLAIN, Probe
from wasmnb.errors import MeshError
from wasmnb.image.lazy_image import NamedImage
from wasmnb.mesh.istio.objects.learned_effects import LearnedEffects
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.plugin import Plugin
from wasmnb.plugin.verdict import Proof, Verdict

TRIAL = Trial((Effect(PLAIN, TAGS),))
CONFIG = frozenset({Trait(Facet.HEADER, "x-config"), Trait(Facet.HEADER, "x-config", "1")})
APP = {**POD, "spec": {"containers": [{"name": "app"}]}}
CONFIGURED = answer(("x-tag", "a"), ("x-config", "1"))


@pytest.fixture
def proving():
    made = Proving(SimpleNamespace(may=lambda _: True), "home", None, lambda _: [9080])
    made.permit(Proof.EFFECT)
    made.application = PLAINLY
    made.requests._strict = lambda *_: ""
    made.requests._itself = lambda *_: TAGGED
    made.requests.past = lambda wanted: [made.application for _ in wanted]
    yield made
    made.close()


def test_what_the_application_does_not_answer_itself_is_the_filters(proving):
    assert "deploy it from here" in looked(proving).reason
    proving.known.learn("id", "sha256:1", "build", TRIAL, None)
    proving.look_anew({"id"})
    found = looked(proving)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "x-tag: a, which the application itself does not answer" in found.evidence[-1]


@pytest.mark.parametrize(
    ("application", "former", "beside"),
    [
        (TAGGED, None, ()),
        (None, None, ()),
        (PLAINLY, TRIAL, ()),
        (PLAINLY, Trial(), ()),
        (PLAINLY, None, ("sha256:2",)),
        (PLAINLY, None, ("",)),
    ],
    ids=[
        "the application answers so",
        "there is no way past",
        "the build before does",
        "what the build before does to it is not known",
        "one beside it does",
        "Envoy's own filters may",
    ],
)
def test_what_something_else_may_have_done_proves_nothing(proving, application, former, beside):
    proving.application = application
    proving.known.tried("other", "sha256:2", TRIAL)
    proving.known.learn("id", "sha256:1", "build", TRIAL, former)
    proving.look([(verdict(), POD, STANDING._replace(beside=frozenset(beside)))])
    assert proving.proven(verdict(), POD, "mark").verdict is Verdict.LOADED


def test_a_configuration_is_seen_by_what_the_one_before_did_and_it_does_not(proving):
    proving.requests._itself = lambda *_: CONFIGURED
    proving.known.tried("id", "sha256:1", Trial((Effect(PLAIN, TAGS | CONFIG),)))
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.before("id", "sha256:1", "without", [(POD, frozenset())])
    assert looked(proving).verdict is Verdict.LOADED
    proving.look_anew({"id"})
    proving.requests._itself = lambda *_: TAGGED
    assert "x-config: 1 of the build before is gone" in looked(proving).evidence[-1]


def test_what_the_build_before_does_as_well_is_said_to_have_been_there(proving):
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.before("id", "sha256:1", "with other variables", [(POD, frozenset())])
    found = looked(proving)
    assert found.verdict is Verdict.LOADED
    assert "was there before it came: the build before does the same" in found.reason


def test_a_pod_that_nothing_could_be_sent_to_before_is_not_said_to_have_kept_silent(proving):
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.requests._itself, proving.requests._ports = lambda *_: None, lambda _: []
    proving.before("id", "sha256:1", "build", [(POD, frozenset())])
    proving.requests._itself, proving.requests._ports = lambda *_: TAGGED, lambda _: [9080]
    assert "what GET / was answered before it came is not known" in looked(proving).reason
    proving.known.learn("id", "sha256:1", "build", TRIAL, None)
    proving.look_anew({"id"})
    assert looked(proving).verdict is Verdict.LIVE


def test_another_configuration_of_an_image_that_was_deployed_from_here_is_tried_on_the_same_requests(proving):
    asked = []

    def examine(plugin, probes, **_):
        asked.append((plugin.config, list(probes)))
        return Trial((Effect(PLAIN, CONFIG),))

    sent = Probe("GET", "/x")
    proving.known.tried("id", f"sha256:{'1' * 64}", Trial((Effect(PLAIN, TAGS), Effect(sent))))
    now, then = ((Plugin("id", NamedImage("registry/x", f"sha256:{'1' * 64}", None), {}, config=one)) for one in "ba")
    writer = SimpleNamespace(plugin=lambda _: now, history=lambda *_: [now, then])
    learned = LearnedEffects(lambda: SimpleNamespace(examine=examine), writer, proving.known)
    stored, begin = SimpleNamespace(record={"history": "there"}), time.monotonic()
    assert learned.learn(stored, begin)
    # Another thread has not looked for it since; who begins later knows it.
    assert learned.learn(stored, begin)
    assert not learned.learn(stored, time.monotonic())
    assert asked == [("b", [PLAIN, sent]), ("a", [PLAIN, sent])]


def test_an_image_that_cannot_be_had_is_not_asked_for_at_each_look(proving):
    asked = []

    def examine(plugin, *_, **__):
        asked.append(plugin)
        raise MeshError("The registry does not answer.")

    plugin = Plugin("id", NamedImage("registry/x", f"sha256:{'1' * 64}", lambda _: None), {"app": "web"})
    writer = SimpleNamespace(plugin=lambda _: plugin)
    learned = LearnedEffects(lambda: SimpleNamespace(examine=examine), writer, proving.known)
    stored = SimpleNamespace(record={})
    begin = time.monotonic()
    assert not learned.learn(stored, begin)
    assert not learned.learn(stored, begin)
    assert len(asked) == 1


@pytest.fixture
def twin(proving):
    """One whose pod ran the same build under another id before the plugin came, or another that does the same."""
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.known.tried("twin", "sha256:1", TRIAL)
    proving.before("id", "sha256:1", "build", [(APP, frozenset({"sha256:1"}))])
    return proving


def learned(proving, former=None, beside=()):
    proving.known.learn("id", "sha256:1", "build", TRIAL, former)
    proving.look([(verdict(), APP, STANDING._replace(beside=frozenset(beside)))])
    return proving.proven(verdict(), APP, "mark")


def test_what_another_filter_did_before_it_came_is_its_own_once_that_is_gone(twin):
    assert learned(twin, beside=["sha256:1"]).verdict is Verdict.LOADED
    twin.look_anew({"id"})
    found = learned(twin)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "x-tag: a, which the application itself does not answer" in found.evidence[-1]


@pytest.mark.parametrize(
    ("application", "former", "beside"),
    [
        (TAGGED, None, ()),
        (None, None, ()),
        (PLAINLY, TRIAL, ()),
        (PLAINLY, None, ("sha256:3",)),
        (PLAINLY, None, ("",)),
    ],
    ids=[
        "the application",
        "there is no way past",
        "the build before",
        "an unknown one beside it",
        "one of Envoy's own",
    ],
)
def test_what_another_filter_did_before_it_came_may_be_the_doing_of(twin, application, former, beside):
    twin.application = application
    assert learned(twin, former, beside).verdict is Verdict.LOADED


def test_what_nobody_is_known_to_have_done_before_it_came_is_not_its_own(proving):
    proving.known.tried("id", "sha256:1", TRIAL)
    proving.before("id", "sha256:1", "build", [(APP, frozenset())])
    assert learned(proving).verdict is Verdict.LOADED


def test_the_build_before_is_not_the_same_one_at_another_place():
    one, other = (NamedImage("registry/x", f"sha256:{digit * 64}", None) for digit in "12")
    now, before, first = (Plugin("id", image, {}, priority=at) for image, at in ((one, 2), (one, 1), (other, 1)))
    asked = []

    def examine(plugin, *_, **__):
        asked.append(plugin)
        return TRIAL

    writer = SimpleNamespace(plugin=lambda _: now, history=lambda *_: [now, before, first])
    known = SimpleNamespace(learned=lambda *_: False, builds=lambda _: {}, learn=lambda *_: None)
    learned = LearnedEffects(lambda: SimpleNamespace(examine=examine), writer, known)
    assert learned.learn(SimpleNamespace(record={"history": "there"}), time.monotonic())
    assert asked == [now, first]
