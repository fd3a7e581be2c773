"""Plugins as objects of clusters: valid where they are to live, by digest, and never with something left out."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plugin.crds import validate
from tests.worded import in_cell
from wasmnb.errors import ConfigError, UsageError
from wasmnb.plugin import FailPolicy, Kind, Match, Mode, Phase, Plugin, PluginType, PullPolicy, TargetRef
from wasmnb.plugin.rendering import KINDS, choose, object_name, render_istio, resource_names, yaml_text
from wasmnb.plugin.rendering.envoy_gateway import extension_policy
from wasmnb.plugin.rendering.higress import higress_plugin

pytestmark = pytest.mark.compiler

HEX = "0123456789abcdef" * 4
IMAGE = SimpleNamespace(digest=f"sha256:{HEX}", reference="registry.example:5000/team/header-filter:v0.2")
URL = f"oci://registry.example:5000/team/header-filter@sha256:{HEX}"
CONFIG = {"name": "hello", "value": "world", "list": [1, 0.5, True, "六翁"]}
GATEWAY = TargetRef("Gateway", "waypoint")


def plugin(id_="header-filter", image=IMAGE, **options):
    return Plugin(id_, image, **{"root_id": "add_header", **options})


FULL = plugin(
    selector={"app": "details"},
    config=CONFIG,
    phase="AUTHN",
    priority=-3,
    fail_policy="reload",
    match=(Match(Mode.SERVER, 9080), Match(Mode.CLIENT)),
    pull_policy="Always",
    pull_secret="registry",
    env={"LEVEL": "debug"},
    host_env="POD_NAME",
)


def shapes():
    name = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
    ports = st.lists(st.integers(1, 65535), max_size=2).map(tuple)
    json_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
    where = st.one_of(
        st.fixed_dictionaries({"selector": st.dictionaries(name, name, max_size=2)}),
        st.fixed_dictionaries(
            {"targets": st.sampled_from(["Gateway", "Service", "ServiceEntry"]).map(lambda kind: TargetRef(kind, "x"))}
        ),
    )
    rest = st.fixed_dictionaries(
        {},
        optional={
            "config": st.none() | st.text() | st.dictionaries(st.text(), json_values, max_size=4),
            "root_id": st.none() | name,
            "phase": st.sampled_from(Phase),
            "priority": st.integers(-100, 100),
            "fail_policy": st.sampled_from(FailPolicy),
            "match": st.lists(st.builds(Match, st.sampled_from(Mode), ports), max_size=3).map(tuple),
            "pull_policy": st.sampled_from(PullPolicy),
            "pull_secret": st.just("") | name,
            "env": st.dictionaries(name.map(str.upper), st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
            "host_env": st.lists(name, unique=True, max_size=2).map(tuple),
            "vm_config": st.none() | st.text() | st.dictionaries(st.text(), json_values, max_size=2),
            "vm_id": st.just("") | name,
            "type": st.sampled_from(PluginType),
            "kind": st.sampled_from(Kind),
        },
    )
    return st.builds(lambda id_, place, said: Plugin(id_, IMAGE, **place, **sensible(said)), name, where, rest)


def sensible(said):
    """Leave out where among filters a singleton service would stand: it meets no requests."""
    alone = {"match", "phase", "priority"} if said.get("type") is PluginType.SINGLETON else set()
    return {key: value for key, value in said.items() if key not in alone}


@given(shapes())
@settings(max_examples=150, deadline=None)
def test_a_stored_plugin_is_restored_whole(made):
    text = json.dumps(made.to_dict(), sort_keys=True)
    asked = []
    again = Plugin.from_dict(json.loads(text), lambda *names: asked.append(names) or IMAGE)
    assert asked == [(IMAGE.reference, IMAGE.digest)]
    assert json.dumps(again.to_dict(), sort_keys=True) == text
    if not isinstance(made.config, dict) and not isinstance(made.vm_config, dict):
        assert again == made
    elif not isinstance(made.config, dict):
        assert json.loads(again.vm_config_text) == json.loads(made.vm_config_text)
    else:
        assert json.loads(again.config_text) == json.loads(made.config_text)


@pytest.mark.parametrize("change", [{"from-the-future": 1}, {"image": None}])
def test_what_cannot_be_restored_whole_is_not_restored(change):
    stored = {**FULL.to_dict(), **change}
    if stored["image"] is None:
        del stored["image"]
    with pytest.raises(UsageError, match="cannot restore") as caught:
        Plugin.from_dict(stored, lambda *_: IMAGE)
    assert caught.value.hint == "install the wasmnb that stored it"


@given(shapes())
@settings(max_examples=150, deadline=None)
def test_whatever_is_rendered_is_what_an_api_server_takes(made):
    try:
        rendered = render_istio(made, "default")
    except (UsageError, ConfigError):
        return
    validate(rendered)
    assert yaml.safe_load(yaml_text(rendered)) == rendered
    assert f"{URL[6:].partition('@')[0]}:" not in json.dumps(rendered)  # no tag
    assert URL in json.dumps(rendered)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_istios_own_objects_say_all_there_is(kind):
    made = render_istio(FULL, "team", as_=kind)
    validate(made)
    assert made["metadata"] == {"name": "header-filter", "namespace": "team"}
    spec = made["spec"]
    wasm = spec.pop("wasm", spec)
    assert (wasm["url"], wasm["sha256"], wasm["pluginName"], wasm["pluginConfig"]) == (URL, HEX, "add_header", CONFIG)
    assert (wasm["imagePullPolicy"], wasm["imagePullSecret"]) == ("Always", "registry")
    assert wasm["failStrategy"] == "FAIL_RELOAD"
    assert wasm["vmConfig"]["env"] == [
        {"name": "LEVEL", "valueFrom": "INLINE", "value": "debug"},
        {"name": "POD_NAME", "valueFrom": "HOST"},
    ]
    assert (spec["phase"], spec["priority"]) == ("AUTHN", -3)
    assert spec["selector"] == {"matchLabels": {"app": "details"}}
    assert spec["match"] == [{"mode": "SERVER", "ports": [{"number": 9080}]}, {"mode": "CLIENT"}]


def test_an_envoyfilter_says_the_same_in_envoys_words():
    made = render_istio(replace(FULL, pull_policy="UNSPECIFIED", pull_secret=""), "team", as_="envoyfilter")
    validate(made)
    extension, *places = made["spec"]["configPatches"]
    config = extension["patch"]["value"]["typed_config"]["config"]
    assert config["vm_config"]["code"]["remote"]["http_uri"]["uri"] == URL
    assert config["vm_config"]["code"]["remote"]["sha256"] == HEX
    assert json.loads(config["configuration"]["value"]) == CONFIG
    assert (config["failure_policy"], config["root_id"]) == ("FAIL_RELOAD", "add_header")
    name = resource_names("team", "header-filter", "EnvoyFilter")[0]
    assert {extension["patch"]["value"]["name"], *(one["patch"]["value"]["name"] for one in places)} == {name}
    assert [(one["match"]["context"], one["match"]["listener"].get("portNumber")) for one in places] == [
        ("SIDECAR_INBOUND", 9080),
        ("SIDECAR_OUTBOUND", None),
        ("GATEWAY", None),
    ]
    for one in places:
        kinds = one["patch"]["value"]["config_discovery"]["type_urls"]
        assert [kind.rpartition(".")[2] for kind in kinds] == ["Wasm", "RBAC"]


def test_no_filter_of_an_envoyfilter_stands_twice_in_a_chain():
    match = (Match(Mode.SERVER, 1), Match(Mode.CLIENT_AND_SERVER, (1, 2)), Match(Mode.CLIENT))
    patches = render_istio(plugin(match=match), "team", as_="EnvoyFilter")["spec"]["configPatches"][1:]
    said = [(one["match"]["context"], one["match"]["listener"].get("portNumber", 0)) for one in patches]
    assert said == [("SIDECAR_INBOUND", 1), ("SIDECAR_INBOUND", 2), ("SIDECAR_OUTBOUND", 0), ("GATEWAY", 0)]


def test_an_envoyfilter_keeps_the_order_of_priorities():
    before_router, first = (
        render_istio(plugin(priority=5, phase=phase), "x", as_="EnvoyFilter")["spec"]
        for phase in ("UNSPECIFIED", "AUTHN")
    )
    assert (before_router["priority"], first["priority"]) == (-5, 5)
    assert before_router["configPatches"][1]["patch"]["operation"] == "INSERT_BEFORE"
    assert first["configPatches"][1]["patch"]["operation"] == "INSERT_FIRST"


def test_network_filters_stand_in_networks():
    for kind in KINDS:
        validate(render_istio(plugin(type="NETWORK"), "x", as_=kind))
    text = json.dumps(render_istio(plugin(type="NETWORK"), "x", as_="EnvoyFilter"))
    assert "filters.network.wasm.v3.Wasm" in text
    assert "filters.network.rbac.v3.RBAC" in text
    assert "http.wasm" not in text


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("text", "not valid JSON"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        ("{}", "without members"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": {"b": 1, "b": 2}}', "twice"),
        ('{"a": 12345678901234567890}', "more digits"),
        ('{"a": ' + "9" * 5000 + "}", "more digits"),
        ('{"a": 1e999}', "too large"),
        ('{"a": NaN}', "NaN"),
        ('{"a": "\\ud800"}', "not valid JSON"),
    ],
)
def test_a_configuration_that_would_not_arrive_as_it_is_makes_an_envoyfilter(config, reason):
    made = plugin(config=config)
    chosen = choose(made, "1.30.3")
    assert chosen.kind == "EnvoyFilter"
    assert reason in chosen.reason
    rendered = render_istio(made, "default", version="1.30.3")
    validate(rendered)
    value = rendered["spec"]["configPatches"][0]["patch"]["value"]
    assert value["typed_config"]["config"]["configuration"]["value"] == config
    with pytest.raises(ConfigError, match=reason) as caught:
        render_istio(made, "default", as_="WasmPlugin")
    assert "--as EnvoyFilter" in in_cell(caught.value).hint


@pytest.mark.parametrize("config", [None, ""])
def test_no_configuration_is_said_by_every_object(config):
    assert choose(plugin(config=config)).kind == "TrafficExtension"
    assert "pluginConfig" not in render_istio(plugin(config=config), "default")["spec"]["wasm"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("", "TrafficExtension"),
        ("unknown", "TrafficExtension"),
        ("1.32-dev", "TrafficExtension"),
        ("1.30.0", "TrafficExtension"),
        ("1.29.6", "WasmPlugin"),
        ("1.12.0", "WasmPlugin"),
        ("1.11.3", "EnvoyFilter"),
    ],
)
def test_the_newest_object_that_an_istio_knows(version, kind):
    chosen = choose(plugin(config=CONFIG), version)
    assert chosen.kind == kind
    assert "since" in chosen.reason


def test_an_object_that_there_is_not_is_refused():
    with pytest.raises(UsageError, match=r"no TrafficExtension; it came with 1\.30"):
        choose(plugin(), "1.29.6", "TrafficExtension")
    with pytest.raises(UsageError, match="not an object") as caught:
        choose(plugin(), "", "WasmPlug")
    assert "WasmPlugin" in caught.value.hint
    with pytest.raises(UsageError, match="too old"):
        choose(plugin(), "1.5.0")
    assert choose(plugin(kind="WasmPlugin"), "1.30.0").kind == "WasmPlugin"


@pytest.mark.parametrize(
    ("options", "word", "others"),
    [
        ({"pull_secret": "x"}, "--pull-secret", "WasmPlugin"),
        ({"pull_policy": "Always"}, "--pull-policy", "higress"),
        ({"phase": "AUTHZ"}, "--phase AUTHZ", "TrafficExtension"),
    ],
)
@pytest.mark.usefixtures("cell_words")
def test_an_envoyfilter_refuses_what_it_has_no_word_for(options, word, others):
    with pytest.raises(UsageError, match=word) as caught:
        render_istio(plugin(**options), "x", as_="EnvoyFilter")
    assert others in caught.value.hint


def test_what_is_said_of_a_vm_makes_an_envoyfilter():
    said = plugin(vm_config={"limit": 2}, vm_id="shared", env={"A": "1"})
    assert choose(said).kind == "EnvoyFilter"
    validate(made := render_istio(said, "team"))
    config = made["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
    assert config["vm_config"]["vm_id"] == "shared"
    assert config["vm_config"]["configuration"]["value"] == '{"limit":2}'
    for word in ({"vm_config": "x"}, {"vm_id": "x"}):
        with pytest.raises(UsageError, match="has no field for"):
            choose(plugin(**word), as_="WasmPlugin")
    with pytest.raises(UsageError, match="no id of a VM"):
        plugin(vm_id="a\nb")


def test_a_vm_with_another_environment_has_another_id():
    ids = [
        render_istio(plugin(env=env), "x", as_="EnvoyFilter")["spec"]["configPatches"][0]["patch"]["value"][
            "typed_config"
        ]["config"]["vm_config"]["vm_id"]
        for env in ({}, {"A": "1"}, {"A": "2"}, {"A": "1"})
    ]
    assert ids[0] == "header-filter"
    assert ids[1] == ids[3]
    assert len(set(ids)) == 3


def test_istio_attaches_to_what_lives_beside():
    targets = (GATEWAY, TargetRef("Service", "details", namespace="team"))
    for kind in KINDS:
        made = render_istio(plugin(targets=targets), "team", as_=kind)
        validate(made)
        assert "selector" not in made["spec"]
        assert made["spec"]["targetRefs"][0] == {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": "waypoint",
        }
    with pytest.raises(UsageError, match="another namespace"):
        render_istio(plugin(targets=targets), "default")
    with pytest.raises(UsageError, match="to a HTTPRoute"):
        render_istio(plugin(targets=TargetRef("HTTPRoute", "x")), "default")


@pytest.mark.usefixtures("cell_words")
def test_envoy_gateway():
    route = TargetRef("HTTPRoute", "details")
    made = extension_policy(
        plugin(
            config=CONFIG,
            targets=(GATEWAY, route),
            pull_secret="registry",
            pull_policy="Always",
            host_env="POD_NAME",
            fail_policy="open",
        ),
        "team",
    )
    validate(made)
    (wasm,) = made["spec"]["wasm"]
    assert wasm["code"]["image"] == {
        "url": URL,
        "sha256": HEX,
        "pullSecretRef": {"group": "", "kind": "Secret", "name": "registry"},
    }
    assert (wasm["config"], wasm["rootID"], wasm["failOpen"]) == (CONFIG, "add_header", True)
    assert wasm["env"] == {"hostKeys": ["POD_NAME"]}
    assert extension_policy(plugin(config="[1]", targets=GATEWAY), "x")["spec"]["wasm"][0]["config"] == [1]
    for wrong, words in (
        (plugin(), "what header-filter is for"),
        (plugin(targets=TargetRef("Service", "x")), "to a Service"),
        (plugin(targets=GATEWAY, env={"A": "1"}, priority=1), "--priority and --env"),
        (plugin(targets=GATEWAY, fail_policy="reload"), "--fail-policy reload"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            extension_policy(wrong, "x")
        assert caught.value.hint
    with pytest.raises(ConfigError, match="not valid JSON"):
        extension_policy(plugin(config="text", targets=GATEWAY), "x")


def test_a_target_is_of_a_kind_and_a_namespace_that_it_can_be_attached_to():
    route = TargetRef("HTTPRoute", "details")
    with pytest.raises(UsageError, match="Istio cannot attach header-filter to a HTTPRoute") as caught:
        render_istio(plugin(targets=route), "team")
    assert caught.value.hint.startswith("name one of these: ")
    for kind in caught.value.hint.partition(": ")[2].split(", "):
        validate(render_istio(plugin(targets=TargetRef(kind, "details")), "team"))
    validate(extension_policy(plugin(targets=route), "team"))
    with pytest.raises(UsageError, match="lives in another namespace than header-filter") as caught:
        render_istio(plugin(targets=TargetRef("Gateway", "way-in", namespace="front")), "team")
    assert caught.value.hint == "Istio attaches to what is in the same namespace: put it into front"
    validate(render_istio(plugin(targets=TargetRef("Gateway", "way-in", namespace="front")), "front"))


def test_higress():
    full = replace(FULL, selector={}, match=(), fail_policy="close")
    made = higress_plugin(full, "higress-system")
    validate(made)
    assert (made["spec"]["url"], made["spec"]["defaultConfig"]) == (URL, CONFIG)
    assert made["spec"]["failStrategy"] == "FAIL_CLOSE"
    assert render_istio(replace(full, kind="higress"), "higress-system") == made
    with pytest.raises(UsageError, match="selector and match and fail_policy='reload',") as caught:
        higress_plugin(FULL, "x")
    assert "--selector and --match and --fail-policy reload" in in_cell(caught.value).what
    assert "WasmPlugin" in caught.value.hint
    with pytest.raises(ConfigError, match="not an object"):
        higress_plugin(plugin(config="[1]"), "x")


def test_an_image_of_this_machine_is_in_no_cluster():
    local = SimpleNamespace(digest=IMAGE.digest, reference="local/header-filter")
    with pytest.raises(UsageError, match="this machine only") as caught:
        render_istio(plugin(image=local), "default")
    named = "session.config(registry=HOST/PATH) names one; session.push() brings the image there"
    assert caught.value.hint == named
    assert in_cell(caught.value).hint == "%wasm_config registry=HOST/PATH names one; %wasm_push brings the image there"


@pytest.mark.parametrize(
    "id_", ["header-filter", "a", "Header_Filter", "header.filter", "-", "x" * 63, "x" * 64, "六翁"]
)
def test_names_of_objects(id_):
    name = object_name(id_)
    validate_name = name.replace("-", "a")
    assert validate_name.isalnum()
    assert validate_name.isascii()
    assert name == name.lower()
    assert len(name) <= 63
    assert not name.startswith("-")
    assert name[-1] != "-"


def test_two_ids_never_meet_under_one_name():
    ids = ["header-filter", "header_filter", "Header-filter", "header.filter", "x" * 64, "x" * 65]
    assert len({object_name(one) for one in ids}) == len(ids)
    assert object_name("header-filter") == "header-filter"


def test_proxies_call_a_wasmplugin_by_three_names():
    assert resource_names("a", "b", "WasmPlugin") == (
        "extensions.istio.io/trafficextension/a.b~istio-translated-wasmplugin",
        "extensions.istio.io/wasmplugin/a.b",
        "extenstions.istio.io/wasmplugin/a.b",
    )
    assert resource_names("a", "b", "TrafficExtension") == ("extensions.istio.io/trafficextension/a.b",)
