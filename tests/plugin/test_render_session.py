"""What a user writes about a plugin, from a magic's line to the object, the file and the local mesh."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.mesh.conftest import service, unused_port
from tests.mesh.tiny import build, header, tag
from tests.plugin.crds import validate
from tests.plugin.test_bootstrap import run
from wasmnb.commands import COMMANDS
from wasmnb.errors import ConfigError, DeployError, UsageError
from wasmnb.mesh import Verdict
from wasmnb.plugin import Kind, Match, Mode, PullPolicy, TargetRef
from wasmnb.session import Session
from wasmnb.views import record_of
from wasmnb.wording import Front, words_for

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

SECRET = "s3cr3t-value"


@pytest.fixture
def session():
    with Session() as made:
        made.config(registry="registry.example/team", selector="app=details")
        yield made


def asked(line, **names):
    return COMMANDS["wasm_render"].parse(line, names).keywords


def test_every_word_of_a_line_becomes_a_field(session):
    words = asked(
        "one --match SERVER:9080,9081 --match client --env LEVEL=a=b --env POD_NAME --env $more --type network"
        " --pull-policy always --pull-secret registry --selector app=reviews --as wasmplugin --priority -2",
        more={"OTHER": "六翁"},
    )
    words.pop("name")
    made = session.render(tag("one"), **words)
    validate(made.value)
    plugin = made.plugin
    assert plugin.match == (Match(Mode.SERVER, (9080, 9081)), Match(Mode.CLIENT))
    assert (plugin.env, plugin.host_env) == ({"LEVEL": "a=b", "OTHER": "六翁"}, ("POD_NAME",))
    assert (plugin.pull_policy, plugin.pull_secret, plugin.type.value) == (PullPolicy.ALWAYS, "registry", "NETWORK")
    assert (plugin.kind, made.kind, plugin.selector) == (Kind.WASM_PLUGIN, "WasmPlugin", {"app": "reviews"})
    assert made.value["spec"]["url"].startswith("oci://registry.example/team/tag-one@sha256:")
    assert "session.push('tag-one') brings it there" in made.notes[-1]
    with words_for(Front.NOTEBOOK):
        assert "%wasm_push tag-one" in session.render(tag("one")).notes[-1]


def test_the_default_selector_is_for_pods_of_istio(session):
    assert session.render(tag("one")).plugin.selector == {"app": "details"}
    assert session.render(tag("one"), target_ref="gateway/waypoint").plugin.targets == (
        TargetRef("Gateway", "waypoint"),
    )
    for target in ("higress", "envoy"):
        assert not session.render(tag("one"), target=target).plugin.selector
    with pytest.raises(UsageError, match="no field for selector"):
        session.render(tag("one"), target="higress", selector="app=details")
    with pytest.raises(UsageError, match="selector and targets"):
        session.render(tag("one"), target_ref="Gateway/waypoint", selector="app=details")


def test_objects_of_other_gateways(session):
    policy = session.render(tag("one"), target="envoy-gateway", target_ref=["Gateway/a", TargetRef("HTTPRoute", "b")])
    validate(policy.value)
    assert (policy.kind, policy.reason) == ("EnvoyExtensionPolicy", "it is for envoy-gateway")
    higress = session.render(tag("one"), target="higress")
    validate(higress.value)
    assert higress.value["metadata"]["namespace"] == "higress-system"
    assert session.render(tag("one"), namespace="team").value["metadata"]["namespace"] == "team"


def test_the_version_of_istio_decides(session):
    assert session.render(tag("one"), istio_version="1.29.6").kind == "WasmPlugin"
    assert session.render(tag("one"), istio_version="1.30.0").kind == "TrafficExtension"
    text = session.render(tag("one"), config="text", istio_version="1.29.6")
    assert text.kind == "EnvoyFilter"
    assert "not valid JSON" in text.reason


@pytest.mark.parametrize("target", ["istio", "envoy"])
def test_what_is_shown_holds_no_secret_and_the_file_does(session, tmp_path, target):
    config, env = json.dumps({"token": SECRET, "name": "hello"}), f"API_KEY={SECRET}-too"
    file = tmp_path / "made.yaml"
    shown = session.render(tag("one"), config=config, env=env, target=target)
    written = session.render(tag("one"), config=config, env=env, target=target, output=str(file))
    for made in (shown, written):
        record = record_of(made)
        assert SECRET not in repr(made) + json.dumps(made.to_dict()) + str(record) + record._repr_html_()
        assert "***" in made.text
        assert "hello" in made.text
        assert any("***" in note for note in made.notes)
    assert file.read_text("utf-8").count(SECRET) == 2
    assert yaml.safe_load(file.read_text("utf-8")) == written.value
    assert shown.files == ()


def test_a_plain_envoy_runs_what_was_written(session, tmp_path):
    with service() as address:
        port = unused_port()
        file = tmp_path / "envoy.yaml"
        options = {"upstream": address, "listen": f"127.0.0.1:{port}", "admin": ""}
        made = session.render(tag("one"), target="envoy", output=str(file), **options)
        assert made.files == (str(file), str(tmp_path / "tag-one.wasm"))
        assert made.kind == "envoy"
        assert run(file, port) == (200, "one", "you asked for /path")


def test_a_file_that_cannot_be_written_is_said(session, tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        session.render(tag("one"), output=str(tmp_path / "nowhere" / "made.yaml"))


def test_the_record_has_a_frame_and_says_why(session):
    record = record_of(session.render(tag("one")))
    assert "TrafficExtension: the newest Istio has it (since 1.30)" in str(record)
    assert list(record.frame["line"]) == session.render(tag("one")).text.splitlines()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"match": "SIDEWAYS"}, "no Mode"),
        ({"match": "SERVER:x"}, "not a number"),
        ({"match": "SERVER:0"}, "not a port"),
        ({"target_ref": "waypoint"}, "not a target"),
        ({"target_ref": "Gatewy/waypoint"}, "cannot be attached to a 'Gatewy'"),
        ({"env": ["A=1", "A"]}, "twice"),
        ({"env": "=1"}, "environment variable"),
        ({"type": "UDP"}, "type cannot be"),
        ({"pull_policy": "Never"}, "pull_policy cannot be"),
        ({"as_": "WasmFilter"}, "--as cannot be"),
        ({"target": "envoyy"}, "--target cannot be"),
        ({"target": "higress", "as_": "WasmPlugin"}, "--as names one of Istio"),
        ({"target": "envoy", "listen": "here"}, "listen is an address"),
    ],
)
@pytest.mark.usefixtures("cell_words")
def test_a_word_that_is_none(session, words, says):
    with pytest.raises(UsageError, match=says) as caught:
        session.render(tag("one"), **words)
    assert caught.value.hint


def test_the_local_mesh_takes_what_it_can(session):
    session.mesh("local")
    for words in ({"target": "envoy"}, {"target": "higress"}, {"as_": "WasmPlugin"}):
        with pytest.raises(UsageError):
            session.deploy(tag("one"), **words)
    done = session.deploy(tag("one"), match="SERVER:9080", env="API_KEY=" + SECRET, pull_secret="registry")
    assert [one.verdict for one in done.verdicts] == [Verdict.LIVE]
    assert "nothing is pulled" in done.verdicts[0].reason
    assert SECRET not in json.dumps(done.to_dict())
    assert session.deploy(tag("one"), match="SERVER:9080", env="API_KEY=" + SECRET, pull_secret="registry").unchanged
    other = {"match": "SERVER:9080", "env": "API_KEY=another", "pull_secret": "registry"}
    session.deploy(build("door", request="respond(403)"), priority=10)
    with pytest.raises(DeployError, match="not live") as caught:
        session.deploy(tag("one"), **other)
    assert {one.verdict for one in caught.value.verdicts} == {Verdict.LOADED}, "no request comes to it"
    session.undeploy("door")
    assert "prove='config' accepts what the proxies say" in caught.value.hint
    done = session.deploy(tag("one"), **{**other, "env": "API_KEY=a-third"}, prove="config")
    assert (done.unchanged, done.verdicts[0].verdict) == (False, Verdict.LOADED)
    assert session.deploy(tag("one"), **{**other, "env": "API_KEY=a-third"}, prove="config").unchanged
    with pytest.raises(UsageError, match="magic"):
        session.deploy(tag("one"), prove="magic")
    rehearsed = session.deploy(tag("one"), env="API_KEY=" + SECRET, dry_run=True)
    assert SECRET not in rehearsed.text + rehearsed.before + "".join(rehearsed.diff)
    done = session.deploy(build("gate", response=header("x-gate", "1")), target_ref="Gateway/istio-ingressgateway")
    assert [one.pod for one in done.verdicts] == ["istio-ingressgateway-0"]
