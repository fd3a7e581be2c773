"""Images through real kernels: asking for a password, and what a saved notebook holds after failures."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.image.registry.parts import PASSWORD, SECRETS, USER
from tests.magics.conftest import ROOT
from tests.magics.test_kernel import SETUP, notebook, outputs

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

WRONG = "hunter2-is-not-it"


def test_a_notebook_is_asked_for_the_password_masked(start_kernel, guarded):
    _, client = start_kernel()
    asked, shown = [], []

    def answer(message):
        asked.append(message["content"])
        client.input(PASSWORD)

    reply = client.execute_interactive(
        f"%wasm_login {guarded.host} -u {USER}",
        allow_stdin=True,
        stdin_hook=answer,
        output_hook=shown.append,
        timeout=60,
    )
    assert reply["content"]["status"] == "ok", reply["content"]
    assert [content["password"] for content in asked] == [True]
    text = json.dumps([message["content"] for message in shown])
    assert f"as {USER}" in text
    assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [
        ("-u team", "UsageError", "--password-env"),
        ("-u team --password-env WRONG_PASSWORD", "AuthError", "does not take these credentials"),
        ("-u team --password-env NOT_SET_AT_ALL", "UsageError", "is not set"),
        (f"-u team --password {WRONG}", "UsageError", "you are asked for it"),
    ],
)
def test_a_failed_login_fails_the_notebook_and_leaves_no_secret_in_it(guarded, monkeypatch, line, name, words):
    monkeypatch.setenv("WRONG_PASSWORD", WRONG)
    book = notebook(SETUP, f"%wasm_login {guarded.host} {line}")
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert caught.value.ename == name
    assert words in outputs(book)
    assert WRONG not in outputs(book)
    assert "Traceback" not in outputs(book)


def test_papermill_cannot_be_asked_and_says_the_way_out(guarded, tmp_path):
    source, saved = tmp_path / "login.ipynb", tmp_path / "saved.ipynb"
    nbformat.write(notebook(SETUP, f"%wasm_login {guarded.host} -u {USER}"), source)
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(source), str(saved), "--cwd", str(ROOT), "--no-progress-bar"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    for shown in (outputs(nbformat.read(saved, 4)), done.stderr):
        assert "Nobody can be asked for the password here" in shown
        assert "--password-env" in shown


def test_the_notebook_about_images(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    book = nbformat.read(ROOT / "notebooks" / "images.ipynb", 4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(cells) == 8
    plain = [cell.outputs[-1]["data"]["text/plain"] for cell in cells]
    assert "two-layer artifact" in plain[2]
    first, second, back = (plain[number].partition("image local/greeter:v1@")[2] for number in (3, 5, 6))
    assert first.startswith("sha256:")
    assert first == back != second
    assert "0 images" in plain[7]
