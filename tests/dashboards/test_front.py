"""The front ends are what their sources say, and say what Python says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import wasmnb
from tests.needs import needs
from wasmnb.compile.languages import guess
from wasmnb.display.text import age
from wasmnb.errors import ToolchainError
from wasmnb.live.feed import Freshness
from wasmnb.live.row import PluginState, Row
from wasmnb.views.board import freshness_text, summary

ROOT = Path(__file__).parent.parent.parent
CASES = json.loads((ROOT / "labextension" / "test" / "wording.json").read_text("utf-8"))
LANGUAGES = json.loads((ROOT / "labextension" / "test" / "languages.json").read_text("utf-8"))
FRONT = ROOT / "wasmnb" / "dashboards" / "front"
EXTENSION = ROOT / "wasmnb" / "labextension"


@pytest.fixture
@needs("compiler")
def npm(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a script of labextension/package.json, and give what it said."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from front import run

    def run_(*words: str) -> str:
        try:
            done = run(*words, output=subprocess.PIPE)
        except ToolchainError as error:
            pytest.skip(f"labextension/: {error}")
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run_


def test_the_bundles_are_made_of_their_sources(npm, tmp_path):
    npm("build", "--widgets", str(tmp_path / "widgets"), "--extension", str(tmp_path / "extension"))
    for made, committed in ((tmp_path / "widgets", FRONT), (tmp_path / "extension", EXTENSION)):
        assert contents(made) == contents(committed), f"{committed.name}: run make front"


def test_the_front_ends_pass_their_own_tests(npm):
    assert "# fail 0" in npm("test")


def test_the_messages_are_those_of_python():
    script = ROOT / "scripts" / "typescript.py"
    checked = subprocess.run([sys.executable, str(script), "--check"], timeout=60)
    assert checked.returncode == 0, "run: make docs"


def test_a_row_crosses_as_json():
    row = Row("a-0", "a", "1/2", "Running", 3, None, "", (PluginState("p", "OLD", "sha256:1", reason="why"),))
    message = json.loads(json.dumps(row.message()))
    assert (message["name"], message["is_ready"], message["problem"]) == ("a-0", False, True)
    assert message["plugins"] == [{"id": "p", "verdict": "OLD", "digest": "sha256:1", "reason": "why"}]
    assert message["rate"] == {"requests": None, "errors": None, "reason": ""}


@pytest.mark.parametrize("case", CASES["age"], ids=lambda case: case["text"])
def test_ages_are_worded_as_in_the_front_end(case):
    now = datetime.now(timezone.utc)
    assert age(now - timedelta(seconds=case["seconds"]), now) == case["text"]


@pytest.mark.parametrize("case", CASES["freshness"], ids=lambda case: case["text"])
def test_freshness_is_worded_as_in_the_front_end(case):
    since = datetime.fromtimestamp(case["since"], timezone.utc)
    assert freshness_text(Freshness(case["kind"], since, case["reason"])) == case["text"]


@pytest.mark.parametrize("case", CASES["summary"], ids=lambda case: case["text"])
def test_pods_are_counted_as_in_the_front_end(case):
    assert summary([pod(**one) for one in case["pods"]]) == case["text"]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", LANGUAGES["guesses"], ids=lambda case: case["language"])
def test_languages_are_guessed_as_in_the_front_end(case):
    assert guess(case["source"], "cpp").language == case["language"]


def test_a_wheel_brings_the_extension_to_where_jupyterlab_looks():
    project = pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert set(shared.values()) == {
        "share/jupyter/labextensions/wasmnb",
        "share/jupyter/labextensions/wasmnb/install.json",
        "share/jupyter/nbconvert/templates/base/conf.json",
    }
    assert all((ROOT / source).exists() for source in shared)
    about = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    assert (EXTENSION / about["jupyterlab"]["_build"]["load"]).is_file()
    assert about["version"] == project["project"]["version"]
    (found,) = wasmnb._jupyter_labextension_paths()
    assert (Path(wasmnb.__file__).parent / found["src"] / "package.json").is_file()


def pod(ready: str = "2/2", status: str | None = None, verdict: str = "") -> Row:
    plugins = (PluginState("greeter", verdict),) if verdict else ()
    return Row("a-0", "a", ready, status or (ready and "Running"), 0, None, "", plugins)
