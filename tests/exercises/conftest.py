from __future__ import annotations

import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture
def class_folder(tmp_path, monkeypatch):
    """A folder as that of a class's notebook, in which this process works."""
    folder = tmp_path / "class"
    (folder / "exercises").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.delenv("WASMNB_PROGRESS_DIR", raising=False)
    return folder


@pytest.fixture
def write(class_folder):
    """Write a chapter: its exercises by number, each with its checks."""

    def write(exercises, name="1"):
        whole = {
            number: {"task": "Do it.", "hints": ["first", "second"], "solution": "print(1)\n", **said}
            for number, said in exercises.items()
        }
        text = yaml.safe_dump({"title": "A chapter", "exercises": whole})
        (class_folder / "exercises" / f"{name}.yaml").write_text(text)

    return write


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell with the extension, and a session and a store of its own."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    shell.extension_manager.load_extension("wasmnb")
    yield shell
    shell.extension_manager.unload_extension("wasmnb")
