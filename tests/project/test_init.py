"""Project folders as they are written: whole, never over something else, and described."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.worded import in_cell
from wasmnb import init_project
from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import BadNameError, UsageError
from wasmnb.plugin.rendering import TARGETS
from wasmnb.project import TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

EACH = [(language, word) for word, one in TEMPLATES.loaded().items() for language in one.languages()]


@pytest.mark.parametrize(("language", "template"), EACH)
def test_a_project_is_described(tmp_path: Path, language: str, template: str) -> None:
    made = init_project(tmp_path / "mine", language=language, template=template)
    on_disk = sorted(path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file())
    assert on_disk == sorted(made.files)
    assert {"README.md", "Makefile", "schema.json", "config.json", "runtime-config.json"} <= set(made.files)
    runtime = json.loads((made.path / "runtime-config.json").read_text())
    assert runtime["config"]["rootIds"] == [template.replace("-", "_")]
    schema = json.loads((made.path / "schema.json").read_text())
    config = json.loads((made.path / "config.json").read_text())
    # The example has no member that the schema does not describe, and every one that it wants.
    assert set(schema.get("required", ())) <= set(config) <= set(schema["properties"])
    assert made.filter.language == language
    assert not [name for name in made.files if "@NAME@" in (made.path / name).read_text()]


@pytest.mark.parametrize("platform", TARGETS.names())
def test_the_manifest_is_for_the_platform(tmp_path: Path, platform: str) -> None:
    made = init_project(tmp_path / "mine", template="auth", platform=platform)
    text = (made.path / "deploy" / f"{platform}.yaml").read_text()
    assert "name: mine" in text
    assert "change-me" in text


def test_what_is_there_stays_without_force(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    init_project(folder)
    (folder / "filter.cc").write_text("mine\n")
    (folder / "notes.txt").write_text("mine too\n")
    (folder / "schema.json").unlink()
    with pytest.raises(UsageError, match=r"would be overwritten") as caught:
        init_project(folder)
    assert caught.value.why == ("filter.cc",)
    assert "--force" in in_cell(caught.value).hint
    assert not (folder / "schema.json").exists(), "nothing is written then"
    made = init_project(folder, force=True)
    assert made.replaced == ("filter.cc",)
    assert (folder / "notes.txt").read_text() == "mine too\n"


def test_the_same_project_again_is_no_harm(tmp_path: Path) -> None:
    first = init_project(tmp_path / "mine")
    again = init_project(tmp_path / "mine")
    assert (again.files, again.replaced) == (first.files, ())


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"language": "rustt"}, "rust"),
        ({"template": "ratelimit"}, "rate-limit"),
        ({"platform": "istoi"}, "istio"),
    ],
)
def test_a_word_that_is_none(tmp_path: Path, options: dict[str, str], near: str) -> None:
    with pytest.raises(UsageError) as caught:
        init_project(tmp_path / "mine", **options)
    assert near in str(caught.value)
    assert not (tmp_path / "mine").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(BadNameError, match="is a file"):
        init_project(tmp_path / "mine")


def test_the_name_follows_from_the_folder(tmp_path: Path) -> None:
    assert init_project(tmp_path / "My Filter").name == "my-filter"
    assert init_project(tmp_path / "other", name="mine").name == "mine"
    with pytest.raises(BadNameError):
        init_project(tmp_path / "third", name="Not a name")


def test_no_template_speaks_of_this_machine(tmp_path: Path) -> None:
    for language in LANGUAGES.names():
        made = init_project(tmp_path / language, language=language)
        texts = "\n".join((made.path / name).read_text() for name in made.files)
        assert not re.search(r"/root/|/home/|/tmp/", texts.replace("ENVOY=/path", ""))
