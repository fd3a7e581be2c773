"""A magic hands back the object itself: what `isinstance` and a type checker see is what the user holds."""

from __future__ import annotations

import pytest

from tests.magics.conftest import FILTER
from tests.magics.test_shell import bundle, run
from wasmnb.check import Checks
from wasmnb.image import Inspection, Listing
from wasmnb.image.registry.login import LoggedOut
from wasmnb.image.results import Built, Removed, Tagged
from wasmnb.mesh.results import Logs, Pods, Verdicts
from wasmnb.project import Project
from wasmnb.rollout.deployment import Deployment, Removal
from wasmnb.rollout.dry_run import DryRun
from wasmnb.session import FileResult, FilterResult, MeshState, Rendered
from wasmnb.session.results import BuildTimes, Roles, Settings
from wasmnb.session.secrets import KeptSecret
from wasmnb.traffic import Capture

# In this order: each needs what those before it made.
KINDS = {
    f"%%wasm_filter hello\n{FILTER}": FilterResult,
    "%wasm_filter hello": FilterResult,
    "%%wasm_file util.h\nint f();": FileResult,
    "%wasm_mesh": MeshState,
    "%wasm_pods": Pods,
    "%wasm_deploy hello -s app=details --dry-run": DryRun,
    "%wasm_deploy hello -s app=details": Deployment,
    "%wasm_status": Verdicts,
    "%wasm_logs details-v1": Logs,
    "%wasm_headers productpage details:9080/": Capture,
    "%wasm_undeploy hello": Removal,
    "%wasm_rollback hello": Deployment,
    "%wasm_render hello --target envoy": Rendered,
    "%wasm_build hello": Built,
    "%wasm_list": Listing,
    "%wasm_inspect local/hello": Inspection,
    "%wasm_tag local/hello local/hello:v1": Tagged,
    "%wasm_rm local/hello:v1": Removed,
    "%wasm_logout registry.example": LoggedOut,
    "%wasm_secret token --env WASMNB_TEST_SECRET": KeptSecret,
    "%wasm_config": Settings,
    "%wasm_doctor": Checks,
    "%wasm_doctor --rbac": Roles,
    "%wasm_times": BuildTimes,
    "%wasm_init folder --lang cpp --template auth --platform istio": Project,
}


@pytest.mark.compiler
def test_what_each_magic_gives(shell, fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WASMNB_TEST_SECRET", "hunter2-secret")
    for cell, kind in KINDS.items():
        result = run(shell, cell)
        assert type(result) is kind, cell
        assert {"text/plain", "text/html"} == set(bundle(shell, result)), cell
        assert list(result.frame), cell
        assert result.to_dict(), cell


@pytest.mark.compiler
@pytest.mark.parametrize(("option", "name"), [("", "hello"), ("--out mine", "mine")])
def test_a_filter_says_which_variable_it_is(shell, option, name):
    result = run(shell, f"%%wasm_filter hello {option}\n{FILTER}")
    assert result.variable == name
    assert shell.user_ns[name] is result.filter
    assert f"note: saved as the variable {name}" in bundle(shell, result)["text/plain"]
