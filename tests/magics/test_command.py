from __future__ import annotations

import inspect
import pkgutil
import re
from dataclasses import fields
from importlib import import_module

import pytest
from IPython.core.completer import provisionalcompleter

from tests.worded import in_cell
from wasmnb import commands
from wasmnb.commands import COMMANDS, reference
from wasmnb.dashboards import panel, watch_headers, watch_logs, watch_pods
from wasmnb.error_pages import explain
from wasmnb.errors import UsageError
from wasmnb.exercises import check
from wasmnb.image.results import Transfer
from wasmnb.session import Session
from wasmnb.session.options.deploy import DeployOptions
from wasmnb.session.options.registry import AccessOptions


def parse(name, line, **names):
    return COMMANDS[name].parse(line, names).keywords


def test_options_may_stand_before_and_behind_arguments():
    wanted = {"name": "f", "selector": "app=details", "priority": 3}
    for line in (
        "f --selector app=details --priority 3",
        "--selector=app=details f --priority=3",
        "-s app=details --priority 3 -- f",
    ):
        assert parse("wasm_deploy", line) == wanted


def test_a_value_may_be_a_variable():
    config = {"name": "hello"}
    assert parse("wasm_deploy", "f --config $config", config=config)["config"] is config
    assert parse("wasm_deploy", "f --config={config}", config=config)["config"] is config
    assert parse("wasm_config", "registry=$where", where="localhost:5000/me") == {"registry": "localhost:5000/me"}


def test_json_is_left_alone():
    line = """f --config '{"a": "{b}", "c": "$d"}'"""
    assert parse("wasm_deploy", line)["config"] == '{"a": "{b}", "c": "$d"}'


def test_repeated_options_are_a_list():
    assert parse("wasm_headers", "a b -H 'x: 1' --header 'y: 2'")["header"] == ["x: 1", "y: 2"]


def test_a_switch_and_a_value_that_begins_with_a_dash():
    assert parse("wasm_filter", "f --force --flag -DX=1 --flag=-O0") == {
        "name": "f",
        "force": True,
        "flags": ["-DX=1", "-O0"],
    }


@pytest.mark.parametrize(
    ("name", "line", "what", "hint"),
    [
        ("wasm_deploy", "f --selektor x", "has no option --selektor", "did you mean '--selector'?"),
        ("wasm_deploy", "f -z", "has no option -z", "--help"),
        ("wasm_filter", "f --steps version=v1", "has no option --steps", "it is an option of %wasm_deploy"),
        ("wasm_logs", "a --watch", "has no option --watch", "did you mean '--follow'?"),
        ("wasm_logs", "a --raw", "has no option --raw", "%wasm_logs --help"),
        (
            "wasm_status",
            "--watch",
            "has no option --watch",
            "%wasm_pods, %wasm_headers and %wasm_build",
        ),
        ("wasm_deploy", "f token}", "does not expect 'token}'", "single quotes around JSON"),
        ("wasm_deploy", "f --selector", "needs a value after --selector", "--selector LABELS"),
        ("wasm_deploy", "f --selector --priority 3", "needs a value after --selector", "--selector LABELS"),
        ("wasm_deploy", "f --priority high", "cannot use 'high' as NUMBER of --priority", "higher runs first"),
        ("wasm_deploy", "f --id a --id b", "has --id twice", "once"),
        ("wasm_deploy", "", "needs NAME", "%wasm_deploy --help"),
        ("wasm_headers", "a", "needs URL", "%wasm_headers --help"),
        ("wasm_headers", "a b c", "does not expect 'c'", "quotes"),
        ("wasm_pods", "x", "does not expect 'x'", "leave it out"),
        ("wasm_filter", "f --force=1", "takes no value for --force", "alone"),
        ("wasm_filter", "f --out 1x", "is not the name of a variable", "for instance --out header_filter"),
        ("wasm_config", "mesh", "takes key=value", "mesh=VALUE"),
    ],
)
def test_wrong_words_are_refused_with_a_way_out(name, line, what, hint):
    with pytest.raises(UsageError) as caught:
        parse(name, line)
    assert what in caught.value.what
    assert hint in in_cell(caught.value).hint


def test_a_name_for_the_variable_is_taken_as_its_hint_has_it():
    assert parse("wasm_filter", "f --out header_filter")["out"] == "header_filter"


def test_an_error_points_at_its_word():
    with pytest.raises(UsageError) as caught:
        parse("wasm_deploy", "f --selektor x")
    place = caught.value.where
    assert place.quote == "%wasm_deploy f --selektor x"
    assert place.quote[place.column - 1 :].startswith("--selektor")


def test_json_without_quotes_is_recognised_and_a_secret_in_it_not_shown():
    with pytest.raises(UsageError) as caught:
        parse("wasm_deploy", 'f --config {"password": "hunter2"}')
    assert "single quotes" in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_the_last_argument_may_repeat():
    assert parse("wasm_rm", "local/a local/b local/c")["references"] == ["local/a", "local/b", "local/c"]
    with pytest.raises(UsageError, match=r"needs REFERENCES \.\.\."):
        parse("wasm_rm", "")


def test_a_variable_stands_for_the_object_that_it_is():
    shown = Transfer("pushed", "local/a:v1", "sha256:1", 5, unchanged=False)
    assert parse("wasm_deploy", "$shown", shown=shown)["name"] is shown


@pytest.mark.parametrize(
    "line",
    [
        "registry.example -u team -p hunter2",
        "registry.example -u team -phunter2",
        "registry.example -u team --password hunter2",
        "registry.example -u team --password=hunter2",
        "registry.example team hunter2",
        "registry.example -u team -u hunter2",
        "registry.example -u team 'hunter2",
        "registry.example --user --plain-http=hunter2",
        "registry.example --plain-http=hunter2",
        "registry.example -u",
    ],
)
def test_no_error_quotes_a_password_that_stands_on_the_line(line):
    with pytest.raises(UsageError) as caught:
        parse("wasm_login", line)
    assert "hunter2" not in str(caught.value) + str(caught.value.to_dict()) + "".join(caught.value._render_traceback_())
    assert caught.value.hint


def test_there_is_no_option_for_a_password():
    flags = {flag for option in COMMANDS["wasm_login"].options for flag in option.flags}
    assert not flags & {"--password", "-p", "--token"}


@pytest.mark.parametrize("line", ["--help", "-h", "f --nope --help"])
def test_help_wins(line):
    assert COMMANDS["wasm_deploy"].parse(line, {}).help


def test_a_semicolon_at_the_end_silences():
    assert COMMANDS["wasm_logs"].parse("details-v1;", {}).silent
    assert COMMANDS["wasm_logs"].parse("details-v1 ;", {}).keywords == {"pod": "details-v1"}
    assert not COMMANDS["wasm_logs"].parse("'a;'", {}).silent


LIVE = {"pods": (watch_pods, "watch"), "headers": (watch_headers, "watch"), "logs": (watch_logs, "follow")}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_word_is_a_keyword_of_the_method(command):
    name = command.name.removeprefix("wasm_")
    method = {"panel": panel, "explain": explain, "check": check}.get(name) or getattr(Session, name)
    keywords = set(inspect.signature(method).parameters) - {
        "self",
        "session",
        "progress",
        "log",
        "ask",
        "on_step",
        "unattended",
        "check",
    }
    # It chooses another method.
    keywords |= {"migrate"} if name == "build" else set()
    if name in ("filter", "file", "test"):
        keywords.remove("source")  # the cell's body
    if name in LIVE:
        # What is kept up to date is a function of its own, chosen by an option.
        function, option = LIVE[name]
        keywords |= {option, *inspect.signature(function).parameters} - {"session", "request"}
    keywords -= {"verdicts"} if name == "pods" else set()  # the command lists them always
    words = {argument.keyword for argument in command.arguments} | {option.key for option in command.options}
    assert words - set(command.own) == keywords - {"defaults"}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_help_names_every_word(command):
    page = command.help()
    for _, label, help_text in [row for row in reference() if row[0].lstrip("%") == command.name]:
        assert label in page
        assert help_text.split()[0] in page
    for example in command.examples:
        assert example in page
        COMMANDS[example.split()[0].lstrip("%")].parse(example.partition(" ")[2], {"settings": {}})


def test_no_command_is_defined_twice():
    modules = [import_module(f"wasmnb.commands.{one.name}") for one in pkgutil.iter_modules(commands.__path__)]
    names = [command.name for module in modules for command in getattr(module, "COMMANDS", ())]
    assert sorted(names) == sorted(COMMANDS)


DEPLOYS = ("wasm_deploy", "wasm_filter", "wasm_build", "wasm_panel")


@pytest.mark.parametrize("name", DEPLOYS)
def test_whatever_deploys_takes_the_same_options(name):
    keywords = {option.key for option in COMMANDS[name].options}
    wanted = {one.name for theme in (DeployOptions, AccessOptions) for one in fields(theme)}
    # What it is for has a name of its own where `--target` is the file that a container makes.
    assert wanted - keywords == set()
    assert name != "wasm_build" or "deploy_target" in keywords


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_flag_means_two_things(command):
    flags = [flag for option in command.all_options for flag in option.flags]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("name", ["deploy", "filter", "build", "render", "mesh", "push", "list", "login"])
def test_help_shows_each_keyword_with_its_text(name):
    method = getattr(Session, name)
    page = inspect.getdoc(method)
    assert "Parameters\n----------" in page
    for keyword in list(inspect.signature(method).parameters)[1:]:
        assert re.search(rf"^{keyword} : .+\n    \S", page, re.MULTILINE), keyword


def test_a_keyword_that_is_none_is_pythons_own_error():
    with pytest.raises(TypeError, match=r"^deploy\(\) got an unexpected keyword argument 'selectr'"):
        Session().deploy("x", selectr="app=details")
    with pytest.raises(TypeError, match=r"^deploy\(\) missing a required argument: 'name'"):
        Session().deploy()


def test_python_completes_keywords(shell):
    shell.user_ns["s"] = Session()
    with provisionalcompleter():
        found = {one.text for one in shell.Completer.completions("s.deploy(pull_s", 15)}
    assert found == {"pull_secret="}


def test_a_switch_may_have_a_word_behind_it():
    command = COMMANDS["wasm_mesh"]
    for line, wanted in {
        "istio --agent": True,
        "--agent istio": True,
        "istio --agent off": False,
        "istio --agent=off": False,
        "istio --agent --namespace off": True,
    }.items():
        found = command.parse(line, {}).keywords
        assert (found["kind"], found["agent"]) == ("istio", wanted)
    with pytest.raises(UsageError, match="takes no value for --agent"):
        command.parse("istio --agent=on", {})
    assert "--agent [off]" in command.help()
