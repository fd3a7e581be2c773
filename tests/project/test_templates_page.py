"""docs/templates.md is true: its code adds a template, which a project then begins as, and is built."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.outside import install
from wasmnb import Session, build_image, init_project
from wasmnb.commands import COMMANDS
from wasmnb.commands.completion import candidates
from wasmnb.errors import UsageError
from wasmnb.image import Store
from wasmnb.project import TEMPLATES, choices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.compiler


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Install the page's template with a source in C++ only, and take it away."""
    site = tmp_path / "site"
    folder = install(site, "housestyle", "templates.md") / "greeting"
    ours = TEMPLATES.load("add-header").folder
    shutil.copytree(ours, folder)
    for path in folder.glob("filter.*"):
        path.unlink()
    text = (ours / "filter.cc").read_text(encoding="utf-8").replace('"add_header"', '"house_greeting"')
    (folder / "filter.cc").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    yield
    monkeypatch.delitem(sys.modules, "housestyle", raising=False)


def test_a_project_begins_as_it_and_is_built(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine", template="house-greeting", platform="envoy-gateway")
    assert "rootID: house_greeting" in (made.path / "deploy" / "envoy-gateway.yaml").read_text()
    image = build_image(made.path, "local/mine", store=Store(tmp_path / "store"))
    assert image.module.facts.root_ids == ("house_greeting",)


def test_a_language_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no template house-greeting in Rust") as caught:
        init_project(tmp_path / "mine", template="house-greeting", language="rust")
    assert caught.value.hint == "it is there in C++"
    assert not (tmp_path / "mine").exists()


def test_the_form_the_doctor_and_tab_know_it() -> None:
    assert ("house-greeting", "house-greeting: greets as the house does") in choices()["template"]
    with Session() as session:
        (group,) = [check for check in session.doctor() if check.name == "templates"]
        assert group.detail.endswith(", house-greeting (housestyle 1.0)")
        assert candidates(COMMANDS["wasm_init"], "mine --template ho", session) == (["house-greeting"], "ho")
