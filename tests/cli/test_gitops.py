"""Objects in a folder for Git: what is written, and what the cluster has otherwise."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from wasmnb.cli.exit_codes import ExitCode, of_result
from wasmnb.errors import ConfigError, UsageError
from wasmnb.mesh import PodVerdict, Verdict
from wasmnb.session.gitops import folder_status
from wasmnb.views import record_of
from wasmnb.wording import Front, worded

IMAGE = "registry.example/team/tag-one:v1"


class Cluster:
    """A namespace that has what a text says."""

    name, namespace, needs_registry = "istio", "default", True

    def __init__(self, text=""):
        self.text = text

    def namespaces(self):
        return ["default"]

    def rendered(self, plugin):
        return self.text

    def verdicts(self, plugin):
        now = datetime.now(timezone.utc)
        return [PodVerdict("details-v1", plugin, Verdict.LIVE, "sha256:a", "sha256:a", "", (), now)]


@pytest.fixture(scope="module")
def named(modules):
    """An image by the name of a registry."""
    assert modules("tag", "local/tag-one", IMAGE).code == 0
    yield modules
    assert modules("rm", IMAGE).code == 0


@pytest.fixture(scope="module")
def written(named, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "deploy"
    words = ("render", IMAGE, "--id", "guard", "-s", "app=details", "--config", '{"name": "hello"}', "--out", folder)
    first = named(*words)
    assert first.code == 0, first.err
    assert named(*words, "-o", "json").json["changed"] is False
    return folder


@pytest.fixture
def exported(written, tmp_path):
    """A folder with one plugin."""
    return shutil.copytree(written, tmp_path / "deploy")


def test_plain_yaml_and_a_kustomize_base_with_our_labels_and_the_digest(exported):
    assert sorted(path.name for path in exported.iterdir()) == ["guard.yaml", "kustomization.yaml"]
    base = yaml.safe_load((exported / "kustomization.yaml").read_text())
    assert (base["kind"], base["resources"]) == ("Kustomization", ["guard.yaml"])
    made = yaml.safe_load((exported / "guard.yaml").read_text())
    assert made["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "wasmnb", "wasmnb.dev/plugin": "guard"}
    assert "@sha256:" in str(made["spec"])
    assert made["metadata"]["annotations"]["wasmnb.dev/record"].startswith('{"history":[]')


def test_what_is_as_the_folder_says_is_judged(exported):
    text = (exported / "guard.yaml").read_text()
    status = folder_status(Cluster(text), exported)
    assert (status.passed, [one.verdict for one in status.verdicts]) == (True, [Verdict.LIVE])
    assert of_result(status, None) is ExitCode.DONE
    assert record_of(status).status == "as the folder says, 1 of 1 live"


def test_drift_is_shown_and_is_code_1(exported):
    other = yaml.safe_load((exported / "guard.yaml").read_text())
    other["spec"]["selector"]["matchLabels"]["app"] = "cart"
    other["spec"]["added"] = "by a server"
    status = folder_status(Cluster(yaml.safe_dump(other)), exported)
    assert [(one.path, one.folder, one.cluster) for one in status.differences] == [
        ("spec.selector.matchLabels.app", '"details"', '"cart"')
    ]
    assert of_result(status, None) is ExitCode.FAILED
    assert 'app: "details" in the folder, "cart" in the cluster' in repr(record_of(status))
    missing = folder_status(Cluster(), exported)
    assert [str(one) for one in missing.differences] == [f"{other['kind']}/guard is not in the cluster"]
    assert missing.verdicts == ()


def test_another_namespace_an_empty_folder_and_a_mesh_without_objects(exported, tmp_path):
    (tmp_path / "empty").mkdir()
    cluster = Cluster()
    cluster.namespace = "shop"
    with pytest.raises(UsageError, match="is for the namespace default"):
        folder_status(cluster, exported)
    with pytest.raises(ConfigError, match="no object with the label"):
        folder_status(Cluster(), tmp_path / "empty")
    with pytest.raises(UsageError, match="is not a cluster") as caught:
        folder_status(type("Mesh", (), {"name": "local"})(), exported)
    assert worded(caught.value.hint_value, Front.SHELL).endswith("choose a cluster: --mesh istio"), "it stops no mesh"


def test_a_base_that_is_there_keeps_what_it_says(named, exported):
    base = exported / "kustomization.yaml"
    base.write_text(yaml.safe_dump({**yaml.safe_load(base.read_text()), "namePrefix": "x-", "resources": ["own.yaml"]}))
    assert named("render", IMAGE, "--id", "other", "-s", "app=a", "--out", exported).code == 0
    found = yaml.safe_load(base.read_text())
    assert (found["namePrefix"], found["resources"]) == ("x-", ["other.yaml", "own.yaml"])


def test_a_secret_is_not_written_for_git(named, tmp_path):
    words = ("--config", '{"password": "s3cr3t-77"}', "--out", tmp_path / "deploy")
    done = named("render", IMAGE, "-s", "app=a", *words)
    assert done.code == ExitCode.FAILED
    assert "no place for it" in done.err
    assert "s3cr3t-77" not in done.err
    assert not (tmp_path / "deploy").exists()


def test_a_mesh_of_this_machine_has_nothing_to_export(running, modules, tmp_path):
    done = modules("deploy", "tag-one", "-s", "app=details", "--export", tmp_path / "x")
    assert done.code == ExitCode.USAGE
    assert "wasmnb render NAME --out FOLDER writes one without a cluster" in done.err
    assert not Path(tmp_path / "x").exists()
