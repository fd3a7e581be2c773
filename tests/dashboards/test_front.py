"""The front ends are what their sources say, and say what Python says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.needs import needs
from wasmnb.display.text import age
from wasmnb.errors import ToolchainError
from wasmnb.live.feed import Freshness
from wasmnb.live.row import PluginState, Row
from wasmnb.views.board import freshness_text, summary

ROOT = Path(__file__).parent.parent.parent
CASES = json.loads((ROOT / "labextension" / "test" / "wording.json").read_text("utf-8"))
FRONT = ROOT / "wasmnb" / "dashboards" / "front"


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
    npm("build", "--into", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in FRONT.iterdir())
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (FRONT / made.name).read_bytes(), f"{made.name}: run make front"


def test_the_front_ends_pass_their_own_tests(npm):
    assert "# fail 0" in npm("test")


def test_the_messages_are_those_of_python():
    script = ROOT / "scripts" / "messages.py"
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


def pod(ready: str = "2/2", status: str | None = None, verdict: str = "") -> Row:
    plugins = (PluginState("greeter", verdict),) if verdict else ()
    return Row("a-0", "a", ready, status or (ready and "Running"), 0, None, "", plugins)
