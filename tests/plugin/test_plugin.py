"""What a plugin takes, what it keeps, and where it stands in a chain."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

import pytest

import wasmnb
from wasmnb.errors import ConfigError, UsageError
from wasmnb.plugin import FailPolicy, Phase, Plugin
from wasmnb.plugin.identity import same_values
from wasmnb.plugin.rendering.envoy import in_order, wasm_filter
from wasmnb.rollout.deploy import back
from wasmnb.views import html_of

IMAGE = SimpleNamespace(digest="sha256:" + "a" * 64, reference="local/one")


def plugin(id_="one", image=IMAGE, **options):
    return Plugin(id_, image, **options)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (None, ""),
        ("", ""),
        ("as it is", "as it is"),
        ('{"a": 1}', '{"a": 1}'),
        ({}, "{}"),
        ({"name": "六翁", "none": None}, '{"name":"六翁","none":null}'),
        ([1, "two"], '[1,"two"]'),
        (True, "true"),
    ],
)
def test_a_configuration_is_text(config, text):
    assert plugin(config=config).config_text == text


def test_no_configuration_is_not_an_empty_one():
    rendered = [wasm_filter(plugin(config=config), filename="m", root_id="") for config in (None, "")]
    assert ["configuration" in one["typed_config"]["config"] for one in rendered] == [False, True]


@pytest.mark.parametrize(
    "config", ["\ud800", b"bytes", {"a": object()}, {"a": {1, 2}}, float("nan"), {"a": [float("inf")]}]
)
def test_a_configuration_that_is_no_text_is_refused(config):
    with pytest.raises(ConfigError, match="configuration of one cannot be written") as caught:
        plugin(config=config)
    hint = "use text, or what JSON has: objects, lists, strings, numbers, true, false and null"
    assert caught.value.hint == hint


def test_a_configuration_that_contains_itself_is_refused():
    config = {}
    config["itself"] = config
    with pytest.raises(ConfigError):
        plugin(config=config)


def test_what_becomes_of_a_mapping_afterwards_does_not_change_the_plugin():
    config, selector = {"list": [1]}, {"app": "details"}
    made = plugin(config=config, selector=selector)
    config["list"].append(2)
    selector["version"] = "v1"
    assert made.config_text == '{"list":[1]}'
    assert made.selector == {"app": "details"}
    assert made != plugin(config=config, selector=selector)


@pytest.mark.parametrize(
    ("one", "other"), [({"on": 1}, {"on": True}), ({"on": [{"a": 0}]}, {"on": [{"a": False}]}), ({"n": 1}, {"n": 1.0})]
)
def test_what_python_alone_takes_for_the_same_is_another_configuration(one, other):
    assert plugin(config=one) != plugin(config=other)
    assert plugin(vm_config=one) != plugin(vm_config=other)
    assert plugin(config={"a": 1, **one}) == plugin(config={**one, "a": 1})
    assert ("config" in back(plugin(config=one), plugin(config=other))) is ("n" not in one)
    # A Struct of Istio's has one kind of numbers.
    assert same_values(one, other) is ("n" in one)


def test_a_selector_names_labels():
    labels = {"app": "details", "version": "v1"}
    assert plugin().selects(labels)
    assert plugin(selector=MappingProxyType({"app": "details"})).selects(labels)
    assert not plugin(selector={"app": "details", "team": ""}).selects(labels)
    for wrong in (None, "app=details", ["app"], {"app": None}, {1: "a"}):
        with pytest.raises(UsageError, match="not a selector") as caught:
            plugin(selector=wrong)
        hint = 'give labels as a mapping of text, for instance {"app": "details"}; {} is every pod'
        assert caught.value.hint == hint


def test_words_stand_for_phases_and_policies():
    made = plugin(phase="AUTHZ", fail_policy="open")
    assert (made.phase, made.fail_policy) == (Phase.AUTHZ, FailPolicy.OPEN)
    assert made == plugin(phase=Phase.AUTHZ, fail_policy=FailPolicy.OPEN)
    with pytest.raises(UsageError, match="'AUTHX' is no Phase") as caught:
        plugin(phase="AUTHX")
    assert "AUTHN, AUTHZ, STATS, UNSPECIFIED" in caught.value.hint
    with pytest.raises(UsageError, match="None is no FailPolicy") as caught:
        plugin(fail_policy=None)
    assert "close, open, reload" in caught.value.hint


@pytest.mark.parametrize("priority", ["5", 1.5, None])
def test_a_priority_is_a_whole_number(priority):
    with pytest.raises(UsageError, match="priority"):
        plugin(priority=priority)


def test_an_image_is_none_of_what_it_is_made_from():
    for wrong in (b"\0asm", "local/one", None):
        with pytest.raises(UsageError, match="not an Image") as caught:
            plugin(image=wrong)
        assert caught.value.hint == "give package(module)"


def test_another_image_is_all_that_changes():
    other = SimpleNamespace(digest="sha256:" + "b" * 64, reference="local/one")
    made = plugin(config={"a": 1}, selector={"app": "x"}, phase=Phase.STATS, priority=3, fail_policy=FailPolicy.RELOAD)
    assert made.with_image(other).image is other
    assert made.with_image(other).with_image(IMAGE) == made


def test_a_configuration_may_hold_secrets_and_no_display_has_them():
    made = plugin(image=IMAGE, config={"token": "s3cr3t", "name": "<b>"})
    assert "s3cr3t" not in repr(made) + html_of(made)
    assert "&lt;b&gt;" in html_of(made)
    assert "every pod" in html_of(made)


def test_order_is_phase_then_priority_then_id():
    made = [
        plugin("b"),
        plugin("a"),
        plugin("low", priority=-1),
        plugin("high", priority=1),
        plugin("z", phase="AUTHN"),
    ]
    assert [one.id for one in in_order(made)] == ["z", "high", "a", "b", "low"]


@pytest.mark.parametrize(
    ("wrong", "hint", "right"),
    [
        ({"match": "SERVER"}, "give a tuple of wasmnb.Match", {"match": (wasmnb.Match("SERVER"),)}),
        ({"targets": ["Gateway/w"]}, "give a tuple of wasmnb.TargetRef", {"targets": wasmnb.TargetRef("Gateway", "w")}),
        ({"env": ["LEVEL=debug"]}, 'give names and values: {"LEVEL": "debug"}', {"env": {"LEVEL": "debug"}}),
        ({"env": {"LEVEL": 1}}, "write it as a string", {"env": {"LEVEL": "1"}}),
        ({"env": {"A=B": "1"}}, "for instance LOG_LEVEL", {"env": {"LOG_LEVEL": "1"}}),
        ({"vm_id": "a\nb"}, "write it as one line of text", {"vm_id": "a b"}),
        ({"vm_id": 1}, "write it as one line of text", {"vm_id": "1"}),
        ({"priority": "5"}, "give a whole number; higher runs first", {"priority": 5}),
        (
            {"env": {"A": "1"}, "host_env": "A"},
            "give it a value, or take it from the proxy's environment",
            {"host_env": "A"},
        ),
        ({"host_env": ("A", "A")}, "name it once", {"host_env": ("A",)}),
    ],
)
def test_what_a_hint_says_is_taken(wrong, hint, right):
    with pytest.raises(UsageError) as caught:
        plugin(**wrong)
    assert caught.value.hint == hint
    assert isinstance(plugin(**right), Plugin)


@pytest.mark.parametrize("read", [wasmnb.TargetRef.parse, lambda text: wasmnb.TargetRef(*text.split("/"))])
def test_a_target_of_an_unknown_kind_is_named_with_its_group(read):
    with pytest.raises(UsageError, match="cannot be attached to a 'Pizzeria'") as caught:
        read("Pizzeria/napoli")
    assert caught.value.hint == "name its group too, as Kind.group/name"
    assert wasmnb.TargetRef.parse("Pizzeria.food.example/napoli").group == "food.example"
    with pytest.raises(UsageError) as caught:
        read("Gatway/napoli")
    assert caught.value.hint == "did you mean 'Gateway'?"
