"""What the snippets for CI run, in a shell with a program that writes down how it was called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from wasmnb.cli.verbs import VERBS
from wasmnb.project import init_project

CI = Path(__file__).parents[2] / "docs" / "ci"
PINNED = "registry.example/team/guard@sha256:" + "a" * 64
STUB = f"""#!/bin/sh
echo "$*" >> calls
case $1 in
  push) echo {PINNED} ;;
  test) echo '<testsuites/>'; exit ${{TEST_CODE:-0}} ;;
  deploy) echo 'POD  VERDICT'; echo 'a    LIVE'; exit ${{DEPLOY_CODE:-0}} ;;
esac
"""


@pytest.fixture
def job(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "wasmnb").write_text(STUB)
    (tmp_path / "bin" / "wasmnb").chmod(0o755)
    init_project(tmp_path / "guard")
    given = {"FOLDER": "guard", "IMAGE": "registry.example/team/guard:v3", "SELECTOR": "app=cart", "NAMESPACE": "shop"}

    def run(**more):
        env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SUMMARY": "summary.md", **given, **more}
        done = subprocess.run([CI / "deploy.sh"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        calls = (tmp_path / "calls").read_text().splitlines()
        summary = tmp_path / "summary.md"
        return done.returncode, calls, summary.read_text() if summary.exists() else ""

    return run


def test_it_builds_tests_pushes_and_deploys_by_digest(job):
    code, calls, summary = job(CONTEXT="prod", STEPS="version=v1,version=v2", PROVE="effect")
    assert code == 0
    how = "--context prod --steps version=v1,version=v2 --prove effect"
    assert calls == [
        "test guard -o junit",
        "build guard -t registry.example/team/guard:v3 -o name",
        "push registry.example/team/guard:v3 -o name",
        f"deploy {PINNED} --selector app=cart --namespace shop {how} -o table",
    ]
    assert summary == f"### Live: `{PINNED}`\n\n```text\nPOD  VERDICT\na    LIVE\n```\n"
    for call in calls:
        name, *words = call.split()
        assert not VERBS[name].command.parse_words(words).help


@pytest.mark.parametrize(("code", "says"), [(1, "Failed"), (3, "Not proven")])
def test_what_is_not_live_fails_the_job_and_is_in_its_summary(job, code, says):
    found, _, summary = job(DEPLOY_CODE=str(code))
    assert found == code
    assert summary.startswith(f"### {says}: ")
    assert "a    LIVE" in summary


@pytest.mark.parametrize("place", ["test", "tests", "."])
def test_cases_that_fail_stop_it(job, tmp_path, place):
    cases = tmp_path / "guard" / "test" / "cases.wasmtest.yaml"
    (tmp_path / "guard" / place).mkdir(exist_ok=True)
    cases.rename(tmp_path / "guard" / place / cases.name)
    code, calls, summary = job(TEST_CODE="1")
    assert (code, len(calls), summary) == (1, 1, "")


def test_a_folder_without_cases_is_built_at_once(job, tmp_path):
    (tmp_path / "guard" / "test" / "cases.wasmtest.yaml").unlink()
    code, calls, _ = job()
    assert (code, calls[0].split()[0]) == (0, "build")


def test_the_snippets_are_what_their_runners_read():
    action = yaml.safe_load((CI / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    given = set()
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
        # Inputs go through the environment: within a script they would be code.
        assert "${{" not in step["run"]
        given |= {value.removeprefix("${{ inputs.").removesuffix(" }}") for value in step["env"].values()}
    assert given == set(action["inputs"])
    gitlab = yaml.safe_load((CI / "gitlab-ci.yml").read_text())
    assert "ci/deploy.sh" in gitlab["deploy-filter"]["script"]
