"""A field that an older Istio does not have is refused by name: its API server would drop it without a word."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wasmnb.errors import UsageError
from wasmnb.plugin import Match, Mode, Plugin, TargetRef
from wasmnb.plugin.rendering import choose
from wasmnb.wording import Front

IMAGE = SimpleNamespace(digest=f"sha256:{'0123456789abcdef' * 4}", reference="registry.example/team/f:v1")
NEWER = [
    ({"targets": TargetRef("Gateway", "waypoint")}, "--target-ref", "1.20", "1.22"),
    ({"targets": TargetRef("Service", "reviews")}, "--target-ref Service/reviews", "1.22.3", "1.23"),
    ({"targets": TargetRef("GatewayClass", "istio-waypoint")}, "--target-ref", "1.24", "1.25"),
    ({"type": "NETWORK"}, "--type NETWORK", "1.19.0", "1.20"),
    ({"fail_policy": "reload"}, "--fail-policy reload", "1.26.2", "1.27"),
    ({"fail_policy": "open"}, "--fail-policy open", "1.18", "1.19"),
    ({"env": {"A": "b"}}, "--env", "1.13", "1.14"),
    ({"host_env": ("A",)}, "--env NAME", "1.13", "1.14"),
    ({"match": Match(Mode.SERVER)}, "--match", "1.15", "1.16"),
]


def plugin(**options):
    return Plugin("f", IMAGE, root_id="r", **options)


@pytest.mark.parametrize(("options", "said", "version", "since"), NEWER)
def test_a_field_of_later_is_refused(options, said, version, since):
    with pytest.raises(UsageError, match="has no field for") as caught:
        choose(plugin(**options), version)
    caught.value.front = Front.NOTEBOOK
    assert said in caught.value.what
    assert f"came with Istio {since}" in caught.value.why[0]


@pytest.mark.parametrize(("options", "said", "version", "since"), NEWER)
def test_it_is_taken_from_then_on_and_where_the_version_is_not_known(options, said, version, since):
    for known in (f"{since}.0", f"{since}-alpha.1", "1.30.3", "", "unknown"):
        choose(plugin(**options), known)


def test_an_envoyfilter_has_the_fields_of_its_own():
    choose(plugin(env={"A": "b"}, match=Match(Mode.SERVER)), "1.13", "EnvoyFilter")
    with pytest.raises(UsageError, match=r"The EnvoyFilter of Istio 1\.21 has no field"):
        choose(plugin(targets=TargetRef("Gateway", "g")), "1.21", "EnvoyFilter")


def test_pods_are_proposed_instead_of_targets():
    with pytest.raises(UsageError) as caught:
        choose(plugin(targets=TargetRef("Gateway", "g")), "1.20")
    assert "selector=LABELS names the pods" in caught.value.hint
