"""The program's words, its two outputs and its exit codes, where no mesh is needed."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
import yaml

from tests.mesh import tiny
from wasmnb.cases import CaseResult, TestResults, junit
from wasmnb.cases.judge import Check
from wasmnb.cli import program
from wasmnb.cli.answer import answer, in_room
from wasmnb.cli.exit_codes import MEANINGS, ExitCode, of_error, of_result
from wasmnb.cli.help import overview
from wasmnb.cli.table import wrapped
from wasmnb.cli.verbs import CELLS_ONLY, VERBS
from wasmnb.commands import COMMANDS
from wasmnb.display.text import width
from wasmnb.errors import DeployError, Interrupted
from wasmnb.mesh.results import Verdicts
from wasmnb.plugin.verdict import PodVerdict, Proof, Verdict
from wasmnb.wording import Front

ROOT = Path(__file__).parents[2]


def test_every_command_is_a_verb_or_says_why_not():
    assert {command.verb for name, command in COMMANDS.items() if name not in CELLS_ONLY} | {"dev"} == set(VERBS)
    assert all(re.search(rf"^  {name} ", overview(), re.MULTILINE) for name in VERBS)


def test_what_is_about_filters_of_cells_is_no_option():
    for name, key in (("headers", "save_test"), ("test", "save"), ("login", "secret")):
        assert key not in {option.key for option in VERBS[name].command.all_options}


def test_the_version(shell):
    assert shell("--version").out == f"wasmnb {__import__('wasmnb').__version__}\n"


@pytest.mark.parametrize("name", VERBS)
def test_no_flag_of_a_verb_is_two_options(name):
    flags = [flag for option in VERBS[name].command.all_options for flag in option.flags]
    assert len(flags) == len(set(flags))
    keys = [option.key for option in VERBS[name].command.all_options]
    assert not {key for key in keys if keys.count(key) > 1} - {"wait"}


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("room", [40, 90])
def test_help_fits_and_speaks_of_no_notebook(name, room):
    page = VERBS[name].command.help(Front.SHELL, columns=room)
    assert page.startswith(f"wasmnb {name}")
    assert "%wasm" not in page
    texts = page.partition("\nExamples:")[0].splitlines()[1:]
    assert all(width(line) <= room or len(line.split()) < 4 for line in texts)


def test_every_example_is_taken():
    for name, verb in VERBS.items():
        for example in verb.command.examples_for(Front.SHELL):
            program, word, *rest = __import__("shlex").split(example)
            assert (program, word) == ("wasmnb", name)
            verb.command.parse_words(rest)


def test_help_is_an_answer(shell):
    assert shell("--help").out == shell("help").out == shell().out
    done = shell("deploy", "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("wasmnb deploy NAME [options]")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lst"], "did you mean 'list'?"),
        (
            ["filter"],
            "A shell has no 'filter': it begins a cell; a shell builds folders.\n  try: wasmnb help shows what it has",
        ),
        (["--mesh", "shop", "pods"], "The first word is a command, and not '--mesh'.\n  try: wasmnb COMMAND --mesh"),
        (["--halp"], "did you mean '--help'?"),
        (["list", "--serach", "x"], "did you mean '--search'?"),
        (["list", "-o", "yml"], "did you mean 'yaml'?"),
        (["list", "--tail", "5"], "it is an option of wasmnb logs"),
        (["list", "--save-test", "x"], "wasmnb list --help"),
        (["build", ".", "--save"], "wasmnb build has no option --save"),
        (["deploy"], "wasmnb deploy needs NAME"),
        (["push", "a", "b"], "does not expect 'b'"),
        (["inspect", "--output"], "needs a value after --output"),
        (["list", "--plain-http=x"], "takes no value for --plain-http"),
        (["config", "mesh"], "takes key=value"),
    ],
)
def test_wrong_words_are_code_2_and_say_what_would_be_right(shell, words, says):
    done = shell(*words)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert done.err.startswith("UsageError: ")
    assert says in done.err
    assert "%" not in done.err
    assert "Traceback" not in done.err


def test_words_are_not_expanded(shell):
    done = shell("explain", "$HOME")
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert "There is no page about '$HOME'." in done.err


def test_a_failure_is_code_1_and_leaves_the_output_empty(shell):
    done = shell("inspect", "local/nothing")
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert "  try: " in done.err
    assert "wasmnb explain WNB" in done.err
    assert "cell" not in done.err
    assert "notebook" not in done.err


def test_what_needs_a_mesh_says_how_to_come_by_one(shell, tmp_path):
    run = tmp_path / "run"
    done = shell("status", env={"WASMNB_RUNTIME_DIR": str(run)})
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert done.err.startswith("NoMeshError: No mesh runs on this machine")
    assert "wasmnb mesh local starts one in another shell; --mesh istio takes the cluster of the kubeconfig" in done.err
    assert run.stat().st_mode & 0o777 == 0o700
    # Where the system names no folder for it, that is no matter of the user's.
    bare = {"WASMNB_RUNTIME_DIR": "", "XDG_RUNTIME_DIR": "", "TMPDIR": str(tmp_path)}
    assert "Warning" not in shell("mesh", "list", env=bare).err


def test_the_forms_of_an_answer(modules):
    table = modules("list")
    last = ["LANGUAGE", "ROOT", "IDS"]
    assert table.out.splitlines()[0].split() == ["NAME", "TAG", "SIZE", "DIGEST", "UPDATED", "ABI", *last]
    assert table.err.endswith(": 2 images\n")
    data = modules("list", "-o", "json")
    assert (data.code, data.err) == (0, "")
    assert yaml.safe_load(modules("list", "-o", "yaml").out) | {"at": ""} == data.json | {"at": ""}
    assert modules("list", "-o", "name").out == "local/tag-one:latest\nlocal/tag-two:latest\n"
    digests = re.findall(r"sha256:[0-9a-f]{64}", modules("list", "-o", "wide").out)
    assert len(digests) == 2
    assert modules("list", "--quiet").err == ""


def test_an_empty_list_is_an_empty_output(modules):
    done = modules("list", "--search", "no-such-image")
    assert (done.code, done.out) == (0, "")
    assert "0 images" in done.err


def test_a_text_is_the_answer_itself(modules):
    done = modules("render", "tag-one", "--target", "envoy")
    assert "static_resources" in yaml.safe_load(done.out), done.err
    refused = modules("render", "tag-one", "--target", "istio")
    assert (refused.code, refused.out) == (ExitCode.USAGE, "")


def test_a_caret_stands_below_its_word_in_any_terminal():
    line, caret = "  | wasmnb deploy local/guard:v1 --id guard -s app=cart --pause 60", " " * 56 + "^"
    assert list(in_room([line, caret], 40)) == [
        "  | …v1 --id guard -s app=cart --pause …",
        " " * 31 + "^",
    ]
    assert list(in_room([line, caret], 0)) == list(in_room([line, caret], 90)) == [line, caret]


def test_a_colour_takes_no_room_in_a_line():
    sign, text = "\x1b[32m✓\x1b[0m", "built and kept in the store"
    assert wrapped(f"{sign} {text}", 29) == [f"{sign} {text}"]
    assert wrapped(f"{sign} {text}", 20) == [f"{sign} built and kept in", "  the store"]


def test_a_terminal_has_colours_and_a_pipe_has_none(modules):
    assert "\x1b[" not in modules("inspect", "local/tag-one").out
    coloured = modules.terminal("inspect", "local/tag-one").out
    assert "\x1b[3" in coloured
    assert "\x1b[3" not in modules.terminal("inspect", "local/tag-one", env={"NO_COLOR": "1"}).out
    assert "\x1b[3" not in modules.terminal("inspect", "local/tag-one", env={"TERM": "dumb"}).out


@pytest.mark.parametrize("words", [["list"], ["inspect", "local/tag-one"], ["doctor"], ["explain", "LIVE"], ["--help"]])
def test_forty_columns_do_not_garble(modules, words):
    done = modules.terminal(*words, columns=40, env={"NO_COLOR": "1"})
    long = [line for line in done.out.splitlines() if width(line) > 40]
    assert not long
    assert done.out.strip()


def test_a_closed_pipe_is_silent(modules):
    program = f"{sys.executable} -m wasmnb list -o json | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], env=modules.environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")


def test_who_follows_lines_and_has_gone_ends_the_following_alone(monkeypatch):
    class LogTail(list):
        """Lines that come without an end."""

        def __iter__(self):
            return itertools.repeat("line")

    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as gone:  # noqa: PTH123 - what is open already
        monkeypatch.setattr(sys, "stdout", gone)
        assert not answer(LogTail(), "table")
        monkeypatch.undo()

    def break_off(_):
        raise BrokenPipeError

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(program, "_ran", break_off)
    with pytest.raises(BrokenPipeError):
        program.run(["build", "."])  # it is the compiler's, and nothing was built


def test_a_failed_case_is_failed_also_where_nobody_reads_the_xml(monkeypatch):
    results = TestResults(
        (CaseResult("case", "envoy", (Check("response_headers", "has_header", "b", "c", passed=False),)),)
    )
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("wasmnb.session.Session.test", lambda *_, **__: results)
    with open(writer, "w", encoding="utf-8") as gone:  # noqa: PTH123 - what is open already
        monkeypatch.setattr(sys, "stdout", gone)
        assert program.run(["test", ".", "-o", "junit"]) == ExitCode.FAILED
        monkeypatch.undo()


def test_a_bench_of_a_folder_counts_and_holds_a_budget(modules, tmp_path):
    folder = tmp_path / "guard"
    folder.mkdir()
    guard = tiny.build("guard", configure="if (n) return 0", response=tiny.header("x-tag", "one"))
    (folder / "guard.wasm").write_bytes(guard.wasm)
    case = "env: {wasm_path: guard.wasm}\ntest:\n- name: one\n  request: GET /\n"
    (folder / "a.wasmtest.yaml").write_text(case)
    (folder / "b.wasmtest.yaml").write_text(f"{case}- name: refused\n  config: x\n  refused: true\n")
    words = ("bench", folder, "--no-envoy", "--against", "local/tag-one", "-o", "json")
    done = modules(*words)
    assert done.code == ExitCode.DONE, done.err
    assert {one["case"] for one in done.json["costs"]} == {
        "a.wasmtest.yaml: one",
        "b.wasmtest.yaml: one",
        "refused",
        "module",
    }
    assert {one["what"] for one in done.json["costs"]} > {"proxy_on_response_headers", "memory", "size"}
    grew = modules(*words, "--budget", "size=+0%")
    assert grew.code == ExitCode.FAILED
    assert grew.json == done.json
    assert "guard grew by more than 0 % in size." in grew.err
    (folder / "b.wasmtest.yaml").write_text(case.replace("guard.wasm", "other.wasm"))
    several = modules(*words)
    assert several.code == ExitCode.USAGE
    assert "The cases of 'guard' are about several modules." in several.err
    assert modules("bench", folder / "guard.wasm", "--no-envoy", "-q").code == ExitCode.DONE
    # Its name for a file's own folder.
    (folder / "b.wasmtest.yaml").rename(folder / "b.yaml")
    (folder / "tests").mkdir()
    (folder / "tests" / "c.wasmtest.yaml").write_text(case)
    assert "are about several modules." in modules(*words).err
    assert modules("test", folder, "--host", "emulator").code == ExitCode.FAILED, "there is no tests/guard.wasm"
    two = "  filters:\n  - module: ../guard.wasm\n  - module: ../guard.wasm\n"
    (folder / "tests" / "c.wasmtest.yaml").write_text(case.replace("guard.wasm", "../guard.wasm") + two)
    done = modules(*words[:3], "-o", "json")
    assert done.code == ExitCode.DONE, done.err


def test_what_xml_cannot_hold_is_replaced_in_names_too():
    found = fromstring(junit(TestResults((CaseResult("a\x01b", source="c\x00"),))))
    assert (found[0][0].get("name"), found[0][0].get("classname")) == ("a\ufffdb", "c\ufffd")


def test_an_interrupt_while_a_mesh_is_looked_for_ends_the_command(monkeypatch, capsys):
    def stopped(*_, **__):
        raise Interrupted("Starting the mesh was stopped; nothing of it runs.")

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("wasmnb.cli.mesh_choice.choose", stopped)
    assert program.run(["doctor"]) == ExitCode.INTERRUPTED
    assert "nothing of it runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 0),
        (["__complete", "wasmnb st"], 0),
        (["help"], 0),
        (["inspect", "local/nothing"], 1),
        (["lst"], 2),
    ],
)
def test_the_code_is_the_same_where_nobody_reads(modules, words, code):
    reader, writer = os.pipe()
    os.close(reader)
    with modules.start(*words, stdout=writer, stderr=writer) as process:
        os.close(writer)
        assert process.wait(timeout=60) == code


def test_an_output_that_has_no_signs_gets_escapes(modules):
    done = modules("inspect", "local/tag-one", env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0
    assert "\\u2713" in done.out


def test_the_environment_of_a_ci_has_neither_progress_nor_questions(modules):
    done = modules("build", "tag-one.wasm", "-t", "local/ci", "-o", "name", env={"CI": "true", "TERM": "dumb"})
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"local/ci:latest@sha256:[0-9a-f]{64}\n", done.out)
    assert modules("rm", "local/ci").code == 0


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_is_one_code(verdict):
    def judged(pod, verdict):
        return PodVerdict(pod, "guard", verdict, "", "", "", (), datetime.now(timezone.utc))

    done = {Verdict.LIVE, Verdict.NOT_SELECTED, Verdict.GONE}
    unproven = {Verdict.LOADED, Verdict.WARMING, Verdict.UNPROVEN}
    wanted = ExitCode.DONE if verdict in done else ExitCode.UNPROVEN if verdict in unproven else ExitCode.FAILED
    one, live = judged("a-0", verdict), judged("b-0", Verdict.LIVE)
    assert of_result(Verdicts((one,)), None) is wanted
    assert of_result(Verdicts((one,)), Proof.CONFIG) is (ExitCode.DONE if verdict is Verdict.LOADED else wanted)
    # What is wrong on one pod is not made good by another.
    assert of_result(Verdicts((live, one)), None) is wanted
    failed = ExitCode.UNPROVEN if wanted is ExitCode.UNPROVEN else ExitCode.FAILED
    assert of_error(DeployError("It is not live.", verdicts=[live, one])) is failed


def test_every_code_is_in_the_docs():
    page = (ROOT / "docs" / "shell.md").read_text("utf-8")
    for code, meaning in MEANINGS.items():
        assert f"| {int(code)} | {meaning} |" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_what_is_left_behind(shell, number):
    (shell.folder / "slow").mkdir(exist_ok=True)
    (shell.folder / "slow" / "notes.txt").write_text("no source of a filter")
    with shell.start("dev", "slow", stderr=subprocess.PIPE) as process:
        # Once it tells of the second build, the first one is done with.
        for text in ("still none", ""):
            while "tells more" not in process.stderr.readline():
                pass
            if text:
                (shell.folder / "slow" / "notes.txt").write_text(text)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (ExitCode.USAGE, "")  # of the last build
    assert "watching ended" in err
    assert "Traceback" not in err
