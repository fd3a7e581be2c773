"""How results look is registered by the name of their type; the results themselves are plain objects."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, is_dataclass
from datetime import timedelta
from importlib import import_module

import pytest

from tests.views.test_records import EMPTY, FULL
from tests.views.things import NOW, deployment, exchange, plugin, pod, shown, verdict, verdicts
from wasmnb.commands import COMMANDS
from wasmnb.compile import Filter
from wasmnb.display.result import Dated, Plural
from wasmnb.mesh import Count, Verdict
from wasmnb.mesh.results import Counts, Pods
from wasmnb.session import Session
from wasmnb.traffic import Headers
from wasmnb.views import HTML, RECORDS, html_of, record_of

SHOWS_ITSELF = {"None", "LiveView", "LogTail", "Panel", "ProjectForm"}


def found(name):
    module, _, kind = name.rpartition(".")
    return getattr(import_module(module), kind)


@pytest.mark.parametrize("name", {**RECORDS, **HTML})
def test_every_name_is_a_type_and_has_its_maker(name):
    kind, maker = found(name), {**RECORDS, **HTML}[name]
    assert f"{kind.__module__}.{kind.__qualname__}" == name, "formatters look for where it is defined"
    module, _, function = maker.rpartition(".")
    assert callable(getattr(import_module(f"wasmnb.views.{module}"), function))


@pytest.mark.parametrize("name", RECORDS)
def test_a_result_is_frozen_has_json_and_a_frame_and_forwards_nothing(name):
    kind = found(name)
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert isinstance(inspect.getattr_static(kind, "frame"), property)
    assert callable(kind.to_dict)
    assert not any("__getattr__" in vars(base) or "_repr_html_" in vars(base) for base in kind.__mro__)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_every_command_gives_can_be_shown(command):
    call = command.call
    if call.__module__ == "wasmnb.commands.command":
        call = getattr(Session, command.name.removeprefix("wasm_"))
    given = set(re.findall(r"\w+", str(inspect.signature(call).return_annotation)))
    assert given
    assert given - SHOWS_ITSELF <= {name.rpartition(".")[2] for name in (*RECORDS, *HTML)}


def test_counts_say_of_how_many_pods_they_are():
    counts = Counts((Count("a", 1200, 3, "", NOW), Count("b", None, None, "exec is forbidden", NOW)))
    assert "1,200 requests on 1 of 2 pods" in str(record_of(counts))
    assert "exec is forbidden" in str(record_of(counts))
    assert counts.frame["errors"].dtype == "Int64"


def test_a_plural_is_an_immutable_sequence():
    pods = Pods((pod(), pod("b-v1")))
    assert (len(pods), pods[0].name, pods[1:], [one.name for one in pods]) == (
        2,
        "details-v1",
        (pods[1],),
        ["details-v1", "b-v1"],
    )
    assert pods[1] in pods
    assert not Pods()
    with pytest.raises(FrozenInstanceError):
        pods.items = ()
    with pytest.raises(AttributeError):
        pods.append(pod())


@pytest.mark.parametrize("name", FULL)
def test_a_result_is_kept_and_compared_as_what_it_is(name):
    result = FULL[name]()
    assert result == FULL[name]()
    assert name not in EMPTY or result != EMPTY[name]()
    assert copy.deepcopy(result) == result
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.to_dict() == result.to_dict()


def test_the_same_at_another_time_is_the_same():
    assert Pods((pod(),), at=NOW) == Pods((pod(),))


def test_what_is_shown_later_says_of_what_time_it_is():
    result = verdicts(verdict())
    assert record_of(result, at=NOW).notes == ()
    assert record_of(result, at=NOW + timedelta(seconds=5)).notes == ()
    assert record_of(result, at=NOW + timedelta(minutes=5)).notes == ("as of 03:04:05 UTC",)
    assert record_of(result, at=NOW + timedelta(days=5)).notes == ("as of 2026-01-02 03:04:05 UTC",)
    later = record_of(Pods((pod(),), at=NOW), at=NOW + timedelta(days=5))
    assert later.grid()[1][0][4].text == "40s", "its age is that of its time too"
    assert not isinstance(FULL["config"](), Dated)


def test_what_nobody_shows_is_an_error():
    with pytest.raises(TypeError, match="how a int looks"):
        record_of(3)


def test_a_subclass_looks_like_its_base():
    class Mine(Pods):
        pass

    assert record_of(Mine((pod(),))).title == "Pods"
    assert issubclass(Mine, Plural)


def test_nouns_have_facts_and_no_secret():
    headers = Headers((("server", "envoy"), ("set-cookie", "s3cr3t-1")))
    nouns = (Filter("hello", "int x;", "cpp"), headers, plugin(), exchange(("cookie", "s3cr3t-2")))
    pages = [html_of(one) for one in nouns]
    assert "Filter hello" in pages[0]
    assert "envoy" in pages[1]
    assert "s3cr3t" not in "".join(pages)


PROGRAM = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{start}
assert not [name for name in sys.modules if name.startswith("wasmnb.views.") and name != "wasmnb.views.formatters"]
from tests.views.things import NOW, deployment, pod, verdict
from wasmnb.mesh.results import Pods, Verdicts
from wasmnb.module import Module
for made in (Pods((pod(),)), Verdicts((verdict(),)), deployment(verdict())):
    bundle = shell.display_formatter.format(made)[0]
    assert "LIVE" in bundle["text/plain"] or "1 of 1 ready" in bundle["text/plain"], bundle
    assert "<table" in bundle["text/html"]
bundle = shell.display_formatter.format(Module("a", b"x"))[0]
assert bundle["text/plain"].startswith("Module("), bundle
assert "Module a" in bundle["text/html"]
print("shown")
"""


@pytest.mark.parametrize("start", ["shell.run_line_magic('load_ext', 'wasmnb')", "import wasmnb"])
def test_results_are_shown_after_loading_and_after_importing(start):
    program = PROGRAM.format(start=start)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "shown", done.stderr


def test_importing_does_not_bring_ipython():
    program = "import sys, wasmnb; print([n for n in ('IPython', 'wasmnb.views', 'pandas') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_record_shows_the_deployment_that_it_was_made_of():
    done = deployment(verdict(), verdict(Verdict.NOT_SELECTED, "b", running=""))
    assert list(done.frame["pod"]) == list(shown(done).frame["pod"]) == ["details-v1"]
