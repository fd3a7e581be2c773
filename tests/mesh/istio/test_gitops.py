"""A folder for Git on a real cluster: exported, applied by kubectl as Argo CD would, judged; and what then drifts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import tag
from wasmnb.project import init_project

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(cluster, tmp_path):
    program = tmp_path / "bin" / "wasmnb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m wasmnb "$@"\n')
    program.chmod(0o755)
    own = {"KUBECONFIG": str(cluster.kubeconfig), "PYTHONPATH": str(ROOT), "WASMNB_STORE": str(tmp_path / "store")}
    return {**os.environ, **own, "PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_the_script_for_ci_builds_tests_pushes_and_deploys_until_it_is_live(cluster, home, environment, tmp_path):
    init_project(tmp_path / "guard")
    given = {
        "FOLDER": str(tmp_path / "guard"),
        "IMAGE": f"{cluster.registry}/team/guard:v3",
        "SELECTOR": "app=details",
        "NAMESPACE": home,
        "PROVE": "effect",
        "SUMMARY": str(tmp_path / "summary.md"),
        "WASMNB_PLAIN_HTTP": "true",
    }
    command = [ROOT / "docs" / "ci" / "deploy.sh"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**environment, **given}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith(f"### Live: `{cluster.registry}/team/guard:v3@sha256:")
    assert summary.count("LIVE") == 3
    assert 'failures="0"' in (tmp_path / "wasmtest.xml").read_text()
    cluster.kubectl("-n", home, "delete", "trafficextension", "guard")


def test_a_folder_is_applied_by_kubectl_and_judged_and_drift_is_code_1(cluster, home, published, environment, tmp_path):
    def wasmnb(*words):
        command = [sys.executable, "-m", "wasmnb", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    image, place = published(tag("git")).reference, ("--mesh", "istio", "-n", home)
    pulled = wasmnb("pull", image, "--plain-http")
    assert pulled.returncode == 0, pulled.stderr
    words = ("deploy", image, "--plain-http", "--id", "kept", "-s", "app=details", "--export", "deploy")
    exported = wasmnb(*words[:-1], str(tmp_path / "deploy"), *place)
    assert exported.returncode == 0, exported.stderr
    missing = wasmnb("status", "-f", str(tmp_path / "deploy"), *place)
    assert missing.returncode == 1
    assert "kept is not in the cluster" in missing.stdout + missing.stderr

    cluster.kubectl("-n", home, "apply", "-k", str(tmp_path / "deploy"))
    words = ("status", "-f", str(tmp_path / "deploy"), *place, "-o", "json")
    # Nobody has seen it act, which is code 3; that the proxies have it is enough for who says so.
    done = until(lambda: wasmnb(*words), lambda done: done.returncode == 3 and '"LOADED"' in done.stdout)
    said = json.loads(done.stdout)
    assert said["differences"] == []
    assert [one["verdict"] for one in said["verdicts"] if one["verdict"] != "NOT_SELECTED"] == ["LOADED"] * 3
    assert wasmnb(*words, "--prove", "config").returncode == 0
    kind = json.loads(wasmnb("status", *place, "-o", "json").stdout)
    assert {one["plugin"] for one in kind["verdicts"]} == {"kept"}

    patch = json.dumps([{"op": "replace", "path": "/spec/selector/matchLabels/app", "value": "ratings"}])
    objects = cluster.kubectl("-n", home, "get", "-k", str(tmp_path / "deploy"), "-o", "name").split()
    cluster.kubectl("-n", home, "patch", *objects, "--type=json", "-p", patch)
    drifted = wasmnb("status", "-f", str(tmp_path / "deploy"), *place)
    assert drifted.returncode == 1
    assert 'app: "details" in the folder, "ratings" in the cluster' in drifted.stdout + drifted.stderr
    cluster.kubectl("-n", home, "delete", "-k", str(tmp_path / "deploy"))
