"""Everything but the views in a notebook and the magics works where IPython is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_WITHOUT = """\
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("IPython", "ipykernel", "ipywidgets", "anywidget"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
_TEMPLATES = ROOT / "wasmnb" / "project" / "templates"
# What is for a notebook only; and programs.
_LEFT_OUT = ("wasmnb.magics", "wasmnb.dashboards", "wasmnb.lab", "wasmnb.pytest_plugin")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "wasmnb").rglob("*.py")
    if _TEMPLATES not in path.parents or path.parent == _TEMPLATES
)


def run(program: str, *, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT + program], cwd=cwd, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_is_imported(tmp_path: Path) -> None:
    names = [name for name in MODULES if not name.startswith(_LEFT_OUT) and not name.endswith("__main__")]
    assert "wasmnb.commands.completion" in names
    (tmp_path / "names").write_text("\n".join(names))
    program = """
from importlib import import_module
from pathlib import Path
names = Path("names").read_text().splitlines()
for name in names:
    import_module(name)
print(len(names), "IPython" in sys.modules)
"""
    assert run(program, cwd=tmp_path).split() == [str(len(names)), "False"]


@pytest.mark.compiler
@pytest.mark.envoy
def test_verbs_run_through_the_commands(tmp_path: Path) -> None:
    program = """
from wasmnb.commands import COMMANDS
from wasmnb.commands.completion import candidates
from wasmnb.session import Session
from wasmnb.views import record_of

SOURCE = '''
#include "proxy_wasm_intrinsics.h"
class Hello : public Context {
 public:
  explicit Hello(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("hello", "world");
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Hello(CONTEXT_FACTORY(Hello));
'''

with Session() as session:
    def do(line, **more):
        name, _, rest = line.partition(" ")
        command = COMMANDS["wasm_" + name]
        return command.call(session, **command.parse(rest, {}).keywords, **more)

    do("mesh local")
    do("filter hello", source=SOURCE)
    built = do("build hello -t local/hello:v1")
    done = do("deploy local/hello:v1 --selector app=details --timeout 60")
    assert done.digest == built.digest
    found = do("status hello")
    assert {one.verdict.value for one in found if one.verdict.value != "NOT_SELECTED"} == {"LIVE"}
    assert "LIVE" in str(record_of(found))
    print(candidates(COMMANDS["wasm_deploy"], " hello --selector app=det", session)[0])
    print(do("undeploy hello").plugin.id)
"""
    assert run(program, cwd=tmp_path).splitlines() == ["['app=details']", "hello"]
