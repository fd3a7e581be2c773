"""What other packages register is listed without an import, loaded when named, and never a riddle when it is broken."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import RegistrationError, UsageError
from wasmnb.plugin.rendering import TARGETS
from wasmnb.project import TEMPLATES
from wasmnb.registered import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    """Give a function that installs a package of one module, with its entry points."""

    def made(name: str, module: str = "", version: str = "1.0", **points: str) -> None:
        site = tmp_path / f"{name}-{version}"
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = "\n".join(f"{key} = {value}" for key, value in points.items())
        (info / "entry_points.txt").write_text(f"[wasmnb.numbers]\n{lines}\n\n[console_scripts]\nx = y:z\n")
        (site / f"{name}_module.py").write_text(module)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)

    return made


@pytest.fixture
def numbers() -> Group[int]:
    return Group(
        "wasmnb.numbers", "number", {"two": "tests.test_registered:TWO", "one": "tests.test_registered:ONE"}, int
    )


ONE, TWO = 1, 2


def test_names_are_listed_without_an_import(install: Install, numbers: Group[int]) -> None:
    install("more", "raise SystemExit('imported')", seven="more_module:SEVEN")
    assert numbers.names() == ("two", "one", "seven")
    assert "more_module" not in sys.modules


def test_a_name_is_loaded_once(install: Install, numbers: Group[int]) -> None:
    install("more", "SEVEN = int('7' * 30)", seven="more_module:SEVEN")
    assert numbers.load("seven") is numbers.load("seven")
    assert numbers.load("one") == 1
    assert list(numbers.loaded()) == ["two", "one", "seven"]


def test_our_own_names_look_at_no_installed_package(numbers: Group[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wasmnb.registered._scan", None)
    assert numbers.load("two") == 2


def test_what_is_installed_later_is_found(install: Install, numbers: Group[int]) -> None:
    assert numbers.get("seven") is None
    install("more", "SEVEN = 7", seven="more_module:SEVEN")
    assert numbers.get("seven") == 7


def test_an_unknown_name_is_told_of_its_neighbour(install: Install, numbers: Group[int]) -> None:
    install("more", "", seven="more_module:SEVEN")
    with pytest.raises(UsageError) as caught:
        numbers.load("sevn")
    assert caught.value.what == "There is no number 'sevn'."
    assert caught.value.why == ("available: two, one, seven",)
    assert caught.value.hint == "did you mean 'seven'?"


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("raise OSError('no such luck')", "more_module:SEVEN: OSError: no such luck"),
        ("", "more_module:SEVEN: AttributeError: module 'more_module' has no attribute 'SEVEN'"),
        ("SEVEN = '7'", "more_module:SEVEN is a str, and no int"),
    ],
)
def test_what_cannot_be_loaded_names_its_package(install: Install, numbers: Group[int], module: str, why: str) -> None:
    install("more", module, "2.1", seven="more_module:SEVEN")
    with pytest.raises(RegistrationError) as caught:
        numbers.load("seven")
    assert caught.value.what.startswith("The number 'seven' of the package more 2.1 ")
    assert caught.value.why == (why,)
    assert list(numbers.loaded()) == ["two", "one"]
    group, broken = numbers.checks()
    assert (group.name, group.ok, group.detail) == ("numbers", True, "two, one")
    assert (broken.name, broken.ok, broken.needed) == ("number seven", False, False)
    assert "more 2.1" in broken.detail


def test_two_packages_of_one_name_are_both_named(install: Install, numbers: Group[int]) -> None:
    install("more", "SEVEN = 7", seven="more_module:SEVEN")
    install("other", "SEVEN = 77", seven="other_module:SEVEN")
    assert numbers.names() == ("two", "one", "seven")
    with pytest.raises(RegistrationError, match=r"2 packages register the number 'seven': more 1\.0 and other 1\.0"):
        numbers.load("seven")


def test_one_package_in_two_places_is_one(install: Install, numbers: Group[int]) -> None:
    install("more", "SEVEN = 7", "1.0", seven="more_module:SEVEN")
    install("more", "SEVEN = 77", "2.0", seven="more_module:SEVEN")
    assert numbers.load("seven") == 77


def test_ours_is_taken_and_the_doctor_says_who_else(install: Install, numbers: Group[int]) -> None:
    install("more", "ONE = 11", one="more_module:ONE")
    assert numbers.load("one") == 1
    group, twice = numbers.checks()
    assert group.detail == "two, one"
    assert (twice.ok, twice.detail) == (False, "more 1.0 registers it too, and ours is taken")


def test_the_doctor_lists_them(install: Install, numbers: Group[int]) -> None:
    install("more", "SEVEN = 7", seven="more_module:SEVEN")
    (group,) = numbers.checks()
    assert group.detail == "two, one, seven (more 1.0)"


def test_what_an_older_wasmnb_registered_does_not_count(install: Install, numbers: Group[int]) -> None:
    install("wasmnb", "SEVEN = 7", "0.0", seven="wasmnb_module:SEVEN")
    assert numbers.names() == ("two", "one")


def test_pyproject_declares_what_we_register() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    for group in (LANGUAGES, TARGETS, TEMPLATES):
        _, _, section = text.partition(f'[project.entry-points."{group.name}"]\n')
        declared = dict(line.replace('"', "").split(" = ") for line in section.partition("\n\n")[0].splitlines())
        assert declared == group.own
        assert set(group.loaded()) >= set(group.own)
