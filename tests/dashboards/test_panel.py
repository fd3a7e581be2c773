"""The control panel: what its controls come to, and that its buttons are calls of the session."""

from __future__ import annotations

import json

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.mesh.conftest import until
from tests.mesh.tiny import tag
from wasmnb.dashboards.controls import Controls
from wasmnb.dashboards.deploy_settings import Choices, matching, schema_of
from wasmnb.dashboards.opening import panel
from wasmnb.dashboards.schema_form import checked, fields, parsed
from wasmnb.errors import CompileError, ConfigError, UsageError
from wasmnb.image import Store
from wasmnb.mesh.local import LocalMesh
from wasmnb.session import Session
from wasmnb.session.options.deploy import PanelCall
from wasmnb.views import record_of

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "title": "Header name", "description": "what is added"},
        "count": {"type": "integer", "minimum": 1},
        "mode": {"enum": ["add", "replace"], "default": "replace"},
        "strict": {"type": "boolean"},
        "more": {"type": "object"},
    },
}


PASSES = """#include "proxy_wasm_intrinsics.h"
class C : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override { return FilterHeadersStatus::Continue; }
};
static RegisterContextFactory factory(CONTEXT_FACTORY(C));
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tag-one.wasm").write_bytes(tag("one").wasm)
    return tmp_path


def test_a_schema_becomes_fields():
    kinds = {one.name: one.kind for one in fields(SCHEMA)}
    assert kinds == {"name": "text", "count": "integer", "mode": "choice", "strict": "switch", "more": "json"}
    assert fields(SCHEMA)[0].required
    assert fields(None) == fields({"type": "string"}) == ()


def test_what_a_schema_forbids_is_said_without_the_value():
    with pytest.raises(ConfigError) as caught:
        checked({"count": 0, "mode": "s3cr3t"}, SCHEMA)
    text = str(caught.value)
    assert "lacks name" in text
    assert "$.count: minimum" in text
    assert "s3cr3t" not in text
    with pytest.raises(ConfigError, match="not valid JSON"):
        parsed('{"a": }')


def test_reasons_name_place_and_rule_as_the_schema_has_it():
    schema = {
        "type": "object",
        "required": ["name", "mode"],
        "properties": {
            "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
            "at": {"oneOf": [{"type": "string"}, {"const": 4}]},
            "mail": {"format": "email"},
        },
        "additionalProperties": False,
        "$defs": {"rule": {"required": ["header"], "properties": {"header": {"type": "string", "pattern": "^x-"}}}},
    }
    given = {"rules": [{"header": "x-a"}, {"header": "y"}, {}], "at": [], "mail": "no mail", "other": 1}
    for draft in ("http://json-schema.org/draft-07/schema#", "https://example.com/a/meta-schema"):
        with pytest.raises(ConfigError) as caught:
            checked(given, {"$schema": draft, **schema})
        assert list(caught.value.why) == [
            '$.at: oneOf must be [{"type": "string"}, {"const": 4}]',
            '$.rules[1].header: pattern must be "^x-"',
            "$.rules[2]: lacks header",
            "$: additionalProperties must be false",
            "$: lacks name, mode",
        ]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [({"type": "strnig"}, "strnig"), ({"$ref": "http://127.0.0.1:9/schema.json"}, "http://127.0.0.1:9/schema.json")],
)
def test_a_schema_that_is_none_is_an_error_and_nothing_is_fetched(schema, reason):
    with pytest.raises(ConfigError, match="not a valid JSON Schema") as caught:
        checked({}, schema)
    assert reason in caught.value.why[0]


def test_the_lines_are_what_the_magics_take():
    config = {"name": "it's", "password": "hunter2"}
    choices = Choices("header-filter", "mine", "app=details", "AUTHZ", "open", "pull", config)
    line = choices.deploy_line()
    from wasmnb.commands import COMMANDS

    parsed_line = COMMANDS["wasm_deploy"].parse(line.removeprefix("%wasm_deploy "), {}).keywords
    assert (parsed_line["name"], parsed_line["id"], parsed_line["selector"]) == ("header-filter", "mine", "app=details")
    assert (parsed_line["phase"], parsed_line["fail_policy"]) == ("AUTHZ", "open")
    assert parsed_line["pull_secret"] == "pull"
    assert json.loads(parsed_line["config"])["name"] == "it's"
    assert "hunter2" not in line
    assert choices.rollback_line() == "%wasm_rollback mine"


def test_a_panel_begins_with_what_was_said_and_keeps_what_it_has_no_control_for():
    from wasmnb.commands import COMMANDS

    said = (
        "tag --selector app=app-1 --id mine --phase authz --fail-policy open --config '{\"a\": [1]}' --priority 3"
        " --match SERVER:9080 --env LEVEL=debug --env API_TOKEN=hunter2hunter2 --no-wait --plain-http"
    )
    words = COMMANDS["wasm_panel"].parse(said, {}).keywords
    with Session() as session:
        session.use(SimulatedMesh(2))
        made = Controls(session, PanelCall(**words))
        choices = made.choices
        assert (made.name.value, made.id.value, made.selector.value) == ("tag", "mine", "app=app-1")
        assert (made.phase.value, made.policy.value, choices.config) == ("AUTHZ", "open", {"a": [1]})
        line = choices.deploy_line()
        assert "hunter2hunter2" not in line
        again = COMMANDS["wasm_deploy"].parse(line.removeprefix("%wasm_deploy "), {}).keywords
        for name in ("priority", "match", "wait", "plain_http", "phase", "fail_policy", "selector", "id"):
            assert str(again[name]).lower() == str(words[name]).lower(), name
        assert again["env"][0] == "LEVEL=debug"
        asked = {}
        session.deploy = lambda name, **keywords: asked.update(keywords, name=name)
        choices.deploy(session)
        assert asked["env"] == ["LEVEL=debug", "API_TOKEN=hunter2hunter2"]
        assert (asked["match"], asked["wait"], asked["priority"]) == (["SERVER:9080"], False, 3)
        with pytest.raises(UsageError, match="SIDEWAYS"):
            panel(session, "tag", match="sideways")


def test_a_secret_for_the_registry_is_asked_for_where_there_is_one():
    with Session() as session:
        mesh = SimulatedMesh(1)
        session.use(mesh)
        assert not [one for one in Controls(session).widget.children if "pull secret" in str(one)]
        mesh.needs_registry = True
        panel = Controls(session)
        assert panel.secret in panel.widget.children
        panel.name.value, panel.secret.value = "example.com/team/filter:1", " pull "
        panel.selector.value = "*"
        assert "--pull-secret pull" in panel.lines.lines[0]
        assert panel.choices.pull_secret == "pull"


@pytest.mark.compiler
@pytest.mark.envoy
def test_buttons_deploy_roll_back_and_undeploy(folder):
    (folder / "tag-one.schema.json").write_text(json.dumps(SCHEMA))
    with Session() as session:
        session.use(LocalMesh.start())
        told = []
        panel = Controls(session, did=lambda line, status: told.append((line, status)))
        assert panel.deploy.disabled
        panel.name.value = "tag-one.wasm"
        assert panel.undeploy.disabled, "nothing is in force"
        assert panel.rollback.disabled
        assert "Choose the pods" in panel.problem.value, "no click puts a filter on every pod"
        panel.selector.value = "app=nobody"
        assert "matches no pod" in panel.problem.value
        panel.selector.value = "app=details"
        assert "1 pod matches" in panel.pods.value
        assert "Header name: It is required." in panel.problem.value
        assert panel.deploy.disabled
        controls = {one.description.partition(" (")[0]: one for one in panel.config.widget.children}
        controls["Header name"].value = "hello"
        assert not panel.deploy.disabled
        assert panel.lines.lines[0].startswith("%wasm_deploy tag-one.wasm --selector app=details")
        panel.deploy.click()
        assert "LIVE" in panel.done.children[0].value
        (deployed,) = session.current.plugins()
        assert deployed.config == {"name": "hello", "mode": "replace"}
        assert (deployed.phase.value, deployed.fail_policy.value) == ("UNSPECIFIED", "close"), "as by the magic"
        assert "--phase" not in panel.lines.lines[0]
        assert panel.rollback.disabled, "there was nothing before"
        controls["Header name"].value = ""
        assert panel.deploy.disabled
        assert not panel.undeploy.disabled, "what runs can be taken away whatever the fields hold"
        controls["Header name"].value = "other"
        panel.deploy.click()
        assert not panel.rollback.disabled
        panel.rollback.click()
        assert session.current.plugins()[0].config["name"] == "hello"
        panel.undeploy.click()
        assert not session.current.plugins()
        assert panel.undeploy.disabled
        assert not panel.rollback.disabled, "what was taken away can be put back"
        assert "Roll back: put back: sha256:" in panel.effects.value
        panel.undeploy.click()
        assert "BadNameError" in panel.done.children[1].value
        assert [line.split()[0] for line, _ in told] == ["%wasm_deploy"] * 2 + ["%wasm_rollback"] + [
            "%wasm_undeploy"
        ] * 2
        assert told[0][1].startswith("✓ live on 1 pod")
        assert told[-1][1].startswith("✗ BadNameError")
        assert matching(session.pods(), "app=reviews") == [pod.name for pod in session.pods() if "reviews" in pod.name]
        panel.widget.close()


@pytest.mark.envoy
def test_labels_are_pressed_together_to_a_selector():
    with Session() as session:
        session.use(LocalMesh.start())
        panel = Controls(session)
        chips = {one.description: one for one in panel.chips.widget.children}
        assert list(chips)[:2] == ["app=details", "app=productpage"]
        chips["app=reviews"].click()
        chips["version=v2"].click()
        assert panel.selector.value == "app=reviews,version=v2"
        assert chips["app=reviews"].description == "✓ app=reviews"
        chips["version=v2"].click()
        assert "3 pods match" in panel.pods.value
        chips["app=reviews"].click()
        assert panel.selector.value == "", "nothing is chosen, and not everything"


@pytest.mark.compiler
@pytest.mark.envoy
def test_what_a_cell_did_is_known_as_soon_as_somebody_turns_to_the_panel(folder):
    with Session() as session:
        session.use(LocalMesh.start())
        panel = Controls(session)
        panel.name.value, panel.selector.value = "tag-one.wasm", "app=details"
        assert panel.undeploy.disabled
        session.deploy("tag-one.wasm", selector="app=details")
        panel.lines._handle_custom_msg({"kind": "look"}, [])
        assert not panel.undeploy.disabled
        assert "In force as tag-one" in panel.effects.value
        assert panel.lines.looks == 1, "the page asks for no second look before the first one is done"


@pytest.mark.compiler
def test_a_filter_is_known_once_its_cell_has_run_and_what_did_not_compile_cannot_be_deployed():
    with Session() as session:
        session.use(SimulatedMesh(1))
        panel = Controls(session)
        panel.name.value, panel.selector.value = "late", "*"
        assert "There is no filter or image" in panel.problem.value
        with pytest.raises(CompileError):
            session.filter("late", "int x = y;", language="cpp")
        panel._look()
        assert "The filter &#x27;late&#x27; did not compile when its cell was last run." in panel.problem.value
        assert panel.deploy.disabled
        session.filter("late", PASSES, language="cpp")
        panel._look()
        assert "late" in panel.name.options
        assert not panel.problem.value
        assert not panel.deploy.disabled


def test_a_mesh_that_does_not_say_what_is_in_force_takes_no_button_away():
    with Session() as session:
        mesh = SimulatedMesh(1)
        session.use(mesh)
        panel = Controls(session)
        panel.id.value = "header-filter"
        assert panel.undeploy.disabled
        mesh.leave()
        panel._look()
        assert "the API server does not answer" in panel.problem.value
        assert "%wasm_explain" in panel.problem.value, "whoever reads it is in a notebook"
        panel.undeploy.click()
        assert "%wasm_explain" in panel.done.children[1].value
        assert not panel.undeploy.disabled
        assert not panel.rollback.disabled


@pytest.mark.compiler
@pytest.mark.envoy
def test_what_each_button_would_do_is_said_before_it_is_pressed(folder):
    with Session() as session:
        session.use(LocalMesh.start())
        panel = Controls(session)
        panel.name.value, panel.selector.value = "tag-one.wasm", "app=details"
        assert "Nothing is in force as tag-one." in panel.effects.value
        panel.deploy.click()
        (details,) = [pod.name for pod in session.pods() if pod.workload == "details-v1"]
        assert "In force as tag-one: sha256:" in panel.effects.value
        assert f"on {details}." in panel.effects.value
        assert "Undeploy removes it" in panel.effects.value
        assert "Roll back: Nothing was in force" in panel.effects.value
        panel.selector.value = "app=reviews"
        assert f"Deploy removes it from {details}." in panel.effects.value


@pytest.mark.compiler
@pytest.mark.parametrize("name", ["sha", "./x", "gone.wasm"])
def test_what_is_not_there_cannot_be_deployed(folder, name):
    with Session() as session:
        session.use(SimulatedMesh(1))
        panel = Controls(session)
        panel.name.value, panel.selector.value = name, "*"
        assert panel.deploy.disabled
        assert "There is no" in panel.problem.value
        assert not any("''" in line for line in panel.lines.lines)


NESTED = {
    "type": "object",
    "required": ["limits"],
    "properties": {
        "limits": {
            "type": "object",
            "title": "Limits",
            "required": ["rate"],
            "properties": {
                "rate": {"type": "integer", "minimum": 1, "description": "requests a second"},
                "hosts": {"type": "array", "items": {"type": "string"}},
            },
        },
        "token": {"type": "string", "default": "start"},
        "rules": {"type": "array", "items": {"type": "object"}},
    },
}


@pytest.mark.compiler
def test_objects_and_lists_are_fields_and_errors_stand_at_them(folder):
    (folder / "tag-one.schema.json").write_text(json.dumps(NESTED))
    kinds = {one.title: (one.kind, one.required) for one in fields(NESTED)}
    assert kinds["Limits: rate"] == ("integer", True)
    assert kinds["Limits: hosts"] == ("list", False)
    assert kinds["rules"] == ("json", False)
    with Session() as session:
        session.use(SimulatedMesh(1))
        panel = Controls(session)
        panel.name.value, panel.selector.value = "tag-one.wasm", "*"
        parts = panel.config.widget.children
        controls = {one.description.partition(" (")[0]: one for one in parts}
        note = parts[parts.index(controls["Limits: rate"]) + 1]
        assert "requests a second" in note.value
        for given, said in (
            ("", "It is required."),
            ("many", "It must be a whole number."),
            ("0", "It must be at least 1."),
        ):
            controls["Limits: rate"].value = given
            assert said in note.value
            assert panel.deploy.disabled
        controls["Limits: rate"].value, controls["Limits: hosts"].value = "5", "a.example\n\nb.example"
        assert "✗" not in note.value
        assert panel.choices.config == {
            "limits": {"rate": 5, "hosts": ["a.example", "b.example"]},
            "token": "start",
        }
        # A name that is corrected letter by letter keeps what was written.
        panel.name.value = "tag-on"
        panel.name.value = "tag-one.wasm"
        assert panel.choices.config["limits"]["rate"] == 5


@pytest.mark.compiler
@pytest.mark.envoy
def test_a_secret_is_masked_in_its_field_and_named_in_the_lines(folder):
    (folder / "tag-one.schema.json").write_text(json.dumps(NESTED))
    with Session() as session:
        session.use(LocalMesh.start())
        panel = Controls(session)
        panel.name.value, panel.selector.value = "tag-one.wasm", "app=details"
        controls = {one.description.partition(" (")[0]: one for one in panel.config.widget.children}
        assert type(controls["token"]).__name__ == "Password"
        controls["Limits: rate"].value, controls["token"].value = "5", "hunter2-secret"
        keep, deploy, *_ = panel.lines.lines
        assert keep == "%wasm_secret tag-one-token"
        assert '{"$secret": "tag-one-token"}' in deploy
        assert "hunter2" not in deploy
        panel.deploy.click()
        assert session.current.plugins()[0].config["token"] == "hunter2-secret"
        # The line does what the button did.
        from wasmnb.commands import COMMANDS

        again = COMMANDS["wasm_deploy"].parse(deploy.removeprefix("%wasm_deploy "), {}).keywords
        assert session.deploy(**{key: value for key, value in again.items() if value is not None}).unchanged


@pytest.mark.compiler
def test_an_image_brings_its_schema(folder):
    with Session(Store(folder / "store")) as session:
        session.use(SimulatedMesh(1))
        session.build("tag-one.wasm", tag="local/with-schema:v1", schema=SCHEMA)
        assert schema_of("local/with-schema:v1", session) == SCHEMA
        assert schema_of("local/other:v1", session) is None


@pytest.mark.compiler
def test_a_project_folder_has_its_schema(folder):
    (folder / "guard").mkdir()
    (folder / "guard" / "schema.json").write_text(json.dumps(SCHEMA))
    assert schema_of("guard") == SCHEMA
    assert schema_of("other") is None


@pytest.mark.compiler
@pytest.mark.envoy
def test_compare_measures_before_and_after(folder):
    with Session() as session:
        session.use(LocalMesh.start())
        first = session.compare("productpage", "details:9080/details/123", requests=20)
        assert first.before is None
        session.deploy("tag-one.wasm", selector="app=details")
        until(session.status, bool)
        second = session.compare("productpage", "details:9080/details/123", requests=20)
        assert second.before is not None
        assert second.before.plugins == ()
        assert second.after.plugins[0].startswith("tag-one sha256:")
        assert second.after.errors == 0
        record = record_of(second)
        page = record._repr_html_()
        assert "<svg" in page
        assert "<script" not in page
        assert 'role="img"' in page
        assert "currentColor" in page
        assert len(page) < 60_000
        assert list(record.frame["when"]) == ["before", "after"]
