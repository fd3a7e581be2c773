"""docs/targets.md is true: its code adds a target, which a plugin is then rendered for, by name and with Tab."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.outside import install
from tests.plugin.test_rendering import CONFIG, URL, plugin
from wasmnb import Session
from wasmnb.commands import COMMANDS
from wasmnb.commands.completion import candidates
from wasmnb.errors import UsageError
from wasmnb.plugin.rendering import TARGETS, Place
from wasmnb.session.specification import kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Install the page's target, and take it away."""
    site = tmp_path / "site"
    install(site, "toymesh", "targets.md")
    monkeypatch.syspath_prepend(str(site))
    yield
    monkeypatch.delitem(sys.modules, "toymesh", raising=False)


def test_it_is_listed_behind_ours_and_loaded_when_named() -> None:
    assert TARGETS.names() == ("istio", "envoy-gateway", "higress", "envoy", "toymesh")
    assert "toymesh" not in sys.modules
    made = TARGETS.load("toymesh").render(plugin(config=CONFIG, priority=3), Place("toys"))
    assert (made.kind, made.value["spec"]["image"], made.value["spec"]["settings"]) == ("ToyFilter", URL, CONFIG)
    assert made.value["metadata"] == {"name": "header-filter", "namespace": "toys"}


@pytest.mark.usefixtures("cell_words")
def test_what_it_has_no_word_for_is_refused() -> None:
    with pytest.raises(UsageError, match="Toymesh has no field for --selector, which header-filter asks for"):
        TARGETS.load("toymesh").render(plugin(selector={"app": "details"}), Place())


@pytest.mark.usefixtures("cell_words")
def test_nothing_is_deployed_to_it() -> None:
    with pytest.raises(UsageError, match="Nothing is deployed to toymesh") as caught:
        kind(None, "toymesh")
    assert "--target toymesh" in caught.value.hint


def test_the_doctor_and_tab_know_it() -> None:
    with Session() as session:
        (group,) = [check for check in session.doctor() if check.name == "targets"]
        assert group.detail == "istio, envoy-gateway, higress, envoy, toymesh (toymesh 1.0)"
        assert candidates(COMMANDS["wasm_render"], "one --target toy", session) == (["toymesh"], "toy")
