from __future__ import annotations

import io
import time
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

import wasmnb.views.progress as progress_module
from wasmnb.views.progress import LiveProgress, left_text

WAIT = 20


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    made = Terminal()
    # Not sys.stderr itself: pytest puts its own there between the setup of a test and the test.
    monkeypatch.setattr(progress_module, "sys", SimpleNamespace(stderr=made, modules={}))
    monkeypatch.delenv("WASMNB_NONINTERACTIVE", raising=False)
    return made


def until(true):
    deadline = time.monotonic() + WAIT
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


def test_one_line_that_is_written_over_and_taken_away(terminal):
    with LiveProgress(after=0.01, every=0.01) as progress:
        progress.update("building the C++ runtime", 1, 4)
        until(lambda: "building the C++ runtime 25 %" in terminal.getvalue())
        progress.update("linking\n\x1b[31m")
        until(lambda: "linking" in terminal.getvalue())
    written = terminal.getvalue()
    assert "\n" not in written
    assert "\x1b[31m" not in written
    assert written.endswith("\r\x1b[2K")
    progress.update("late")
    assert "late" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("spent", "part", "text"),
    [
        (4, 0.5, ""),
        (60, 0.01, ""),
        (60, 1.0, ""),
        (99, 0.99, ""),
        (20, 0.5, "about 20 s left"),
        (6, 0.5, "about 10 s left"),
        (60, 0.25, "about 3 minutes left"),
    ],
)
def test_how_long_it_still_takes_is_said_once_that_is_no_guess(spent, part, text):
    assert left_text(spent, part) == text


def test_what_is_left_is_said_beside_the_part_that_is_done(terminal):
    with LiveProgress(after=0.01, every=0.01) as progress:
        progress.update("pushing", 10, 110)
        progress._since -= 60
        progress.update("pushing", 35, 110)
        until(lambda: "pushing 32 %, about 3 minutes left" in terminal.getvalue())


def test_nothing_for_the_first_moment(terminal):
    with LiveProgress(after=1000) as progress:
        progress.update("quick")
    assert terminal.getvalue() == ""


def test_it_ends_when_the_work_fails(terminal):
    def work():
        with LiveProgress(after=0.01, every=0.01) as progress:
            progress.update("working")
            until(terminal.getvalue)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_silent_when_asked_or_when_nobody_looks(terminal, monkeypatch):
    monkeypatch.setenv("WASMNB_NONINTERACTIVE", "1")
    with LiveProgress(after=0, every=0.001) as progress:
        progress.update("working")
        time.sleep(0.05)
    monkeypatch.delenv("WASMNB_NONINTERACTIVE")
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    with LiveProgress(after=0, every=0.001) as progress:
        progress.update("working")
        time.sleep(0.05)
    assert terminal.getvalue() == ""


MEANWHILE = """
import threading
from IPython import get_ipython
def take_a_message():
    get_ipython().set_parent({"header": {"msg_id": "of a widget"}})
thread = threading.Thread(target=take_a_message)
thread.start()
thread.join()
"""
CELL = """
import time
from wasmnb.views.progress import LiveProgress, left_text
with LiveProgress(after=0.01, every=0.01) as progress:
    progress.update("building")
    line = progress._line
    deadline = time.monotonic() + 20
    while line._handle is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
print("done", line._handle is not None)
"""


@pytest.mark.parametrize("meanwhile", ["", MEANWHILE], ids=["alone", "a widget's message comes meanwhile"])
def test_it_stands_below_its_cell_and_a_saved_notebook_keeps_nothing_of_it(monkeypatch, meanwhile):
    monkeypatch.delenv("WASMNB_NONINTERACTIVE", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(meanwhile + CELL)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    displayed = [output for output in outputs if output.output_type == "display_data"]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert printed == "done True\n"
    assert [output.data.get("text/plain") for output in displayed] == [""]
