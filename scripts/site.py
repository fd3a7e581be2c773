"""``make site``: the pages of docs/ and the notebooks, with their output, as a site in build/site that needs no server.

The site is laid out as the checkout is, so that links between pages lead to the same places. Notebooks run when they or
the package have changed; the workshop's run with their solutions. ``--no-run`` leaves their outputs out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from wasmnb.exercises import chapters, solved

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "notebooks" / "workshop" / "example" / "recorded.json"
SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
#: What needs a cluster, or a parameter: not run; istio's outputs were recorded on a cluster.
_NOT_RUN = ("istio", "a-filter-is-not-live", "roll-back-now", "roll-out-a-filter")

INDEX = """# wasmnb

From a notebook cell to a live service mesh, and proof that it is live.

```{toctree}
:maxdepth: 1
:caption: Begin
What it is, and how to begin <README>
notebooks/quickstart
notebooks/article
docs/faq
```

```{toctree}
:maxdepth: 1
:caption: Tutorial
:glob:
notebooks/workshop/0*
docs/trainer
```

```{toctree}
:maxdepth: 1
:caption: How to
notebooks/images
notebooks/dashboards
notebooks/istio
docs/runbooks
notebooks/runbooks/roll-out-a-filter
notebooks/runbooks/a-filter-is-not-live
notebooks/runbooks/roll-back-now
notebooks/runbooks/what-runs-where
docs/tests
docs/shell
docs/gallery
docs/templates
docs/languages
docs/meshes
docs/targets
docs/embedded-mesh
docs/agent
docs/workbench
docs/editors
```

```{toctree}
:maxdepth: 1
:caption: Reference
docs/commands
docs/magics
docs/errors
docs/figures
CHANGELOG
```

<p><a href="python/index.html">Python API</a>, from its docstrings</p>

```{toctree}
:maxdepth: 1
:caption: Concepts
docs/limits
ARCHITECTURE
RATIONALE
SECURITY
CONTRIBUTING
```
"""

CONF = """
import sys

sys.path.insert(0, {scripts!r})
project = "wasmnb"
html_theme = "furo"
html_title = "wasmnb"
extensions = ["myst_nb", "cell_lexer"]
# Without a server a page cannot read another one, so results of a search have no excerpts.
html_show_search_summary = False
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
exclude_patterns = ["docs/words.md"]
myst_heading_anchors = 3
nb_execution_mode = {mode!r}
nb_execution_timeout = 300
nb_execution_excludepatterns = {left!r}
nb_execution_raise_on_error = True
nb_execution_allow_errors = False
nb_merge_streams = True
# Links to sources lead out of the site.
suppress_warnings = ["myst.xref_missing", "myst.header", "mystnb.unknown_mime_type", "misc.highlighting_failure"]
"""


def gather(*, run: bool) -> None:
    """Lay out the site's source: pages, pictures, and notebooks in which each exercise has its solution."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "*.md", "docs", "notebooks"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        if name.startswith(("docs/", "notebooks/")) or "/" not in name:
            target = SOURCE / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    workshop = SOURCE / "notebooks" / "workshop"
    known = chapters(workshop)
    for path in workshop.glob("*.ipynb"):
        path.write_text(json.dumps(solved(json.loads(path.read_text("utf-8")), known)), "utf-8")
    _fill(SOURCE / "notebooks" / "istio.ipynb")
    left = [f"*{name}*" for name in _NOT_RUN]
    (SOURCE / "index.md").write_text(INDEX, "utf-8")
    (SOURCE / "conf.py").write_text(
        CONF.format(mode="cache" if run else "off", left=left, scripts=str(ROOT / "scripts")), "utf-8"
    )


def _fill(path: Path) -> None:
    """Give a notebook that needs a cluster the outputs that were recorded on one."""
    shown = json.loads(RECORDED.read_text("utf-8"))["outputs"]
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            found = shown.get("".join(cell["source"]), ())
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data} for data in found]
    path.write_text(json.dumps(notebook), "utf-8")


def main() -> int:
    """Build the site."""
    gather(run="--no-run" not in sys.argv)
    environment = {**os.environ, "WASMNB_DATA_DIR": str(ROOT / "build" / "site-data")}
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "1", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(SITE) + "-doctrees", str(SOURCE), str(SITE)], check=False, env=environment
    )
    if built.returncode == 0:
        reference = ["pdoc", "--docformat", "numpy", "--no-show-source", "-o", str(SITE / "python")]
        subprocess.run([sys.executable, "-m", *reference, "wasmnb", "wasmnb.errors"], check=True)
        print(f"open {SITE / 'index.html'}")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
