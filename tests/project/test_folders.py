"""Project folders built by us: the same filter, messages by file, and no network once everything is there."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from wasmnb import Filter, build_image, init_project
from wasmnb.compile.assemblyscript import node
from wasmnb.compile.assemblyscript.project import _install_in
from wasmnb.errors import CompileError, UsageError
from wasmnb.image import Store
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

BROKEN = {
    "rust": ("src/lib.rs", "    broken!\n"),
    "go": ("main.go", "broken!\n"),
    "assemblyscript": ("assembly/json.ts", "let broken: i32 = nothing;\n"),
    "cpp": ("filter.cc", "broken!\n"),
}


@pytest.fixture(autouse=True)
def _tools(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_RUST", installed)


@pytest.mark.parametrize("language", BROKEN)
def test_a_folder_builds_once_and_says_which_file_is_wrong(tmp_path: Path, language: str) -> None:
    made = init_project(tmp_path / "mine", language=language, template="auth")
    first = made.filter.build()
    again = Filter.from_folder(made.path).build()
    assert again.build is not None
    assert again.build.cached
    assert again.digest == first.digest
    file, text = BROKEN[language]
    path = made.path / file
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + text)
    with pytest.raises(CompileError) as caught:
        Filter.from_folder(made.path).build()
    where = caught.value.where
    assert where is not None
    assert (where.text, where.line, where.quote) == (file, lines + 1, text.rstrip())


def test_an_image_has_what_the_folder_says_of_it(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine", language="cpp", template="rate-limit")
    image = build_image(made.path, "local/mine", store=Store(tmp_path / "store"))
    assert json.loads(image.config)["config"]["rootIds"] == ["rate_limit"]
    schema = json.loads((made.path / "schema.json").read_text())
    assert any(json.loads(value) == schema for value in image.annotations.values() if value.startswith("{"))


@pytest.mark.parametrize("language", ["rust", "go", "assemblyscript"])
def test_what_was_downloaded_once_needs_no_network(tmp_path: Path, language: str) -> None:
    made = init_project(tmp_path / "mine", language=language, template="auth")
    made.filter.build()
    alone = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("there are no network namespaces here")
    text = f"from wasmnb import Filter; print(Filter.from_folder({str(made.path)!r}).build(force=True).digest)"
    done = subprocess.run([*alone, sys.executable, "-c", text], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == made.filter.build().digest


def test_of_two_root_contexts_in_a_folder_the_sdk_would_run_the_last_in_silence(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine", language="assemblyscript", template="auth")
    main = made.path / made.filter.file
    (main.parent / "other.ts").write_text(
        'import { registerRootContext, RootContext } from "@gcoredev/proxy-wasm-sdk-as/assembly";\n'
        'registerRootContext((id: u32) => new RootContext(id), "other-one");\n'
    )
    main.write_text(f'import "./other";\n{main.read_text()}')
    with pytest.raises(CompileError, match="2 root contexts") as caught:
        Filter.from_folder(made.path).build()
    assert caught.value.code == "WNB2027"
    assert "registerRootContext(" in caught.value.where.quote
    assert caught.value.hint == "make one folder for each root context"


def test_flags_are_for_the_build_file() -> None:
    for language, manifest, said in (
        ("rust", "Cargo.toml", "does not take the flag '-O2'"),
        ("assemblyscript", "package.json", "takes no flags"),
    ):
        wanted = Filter("mine", "x", language, ("-O2",), files=((manifest, "{}"),), file="x")
        with pytest.raises(UsageError, match=said):
            wanted.build()


def test_nothing_is_left_in_the_cache_of_a_failed_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = init_project(tmp_path / "mine", language="assemblyscript", template="auth")
    (made.path / "package-lock.json").write_text("{")
    with pytest.raises(Exception, match="could not be downloaded"):
        Filter.from_folder(made.path).build()
    assert not [path for path in cache_dir("assemblyscript-projects").iterdir() if path.name.startswith(".install")]


@pytest.mark.usefixtures("has_node")
def test_a_lock_that_names_a_registry_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "served" / "tiny" / "-" / "tiny-1.0.0.tgz"
    package.parent.mkdir(parents=True)
    with tarfile.open(package, "w:gz") as archive:
        entry = tarfile.TarInfo("package/package.json")
        text = b'{"name": "tiny", "version": "1.0.0"}'
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()}"
    at = {"version": "1.0.0", "resolved": "http://127.0.0.1:9/tiny/-/tiny-1.0.0.tgz", "integrity": integrity}
    manifest = {"name": "mine", "version": "1.0.0", "dependencies": {"tiny": "1.0.0"}}
    lock = {**manifest, "lockfileVersion": 3, "packages": {"": manifest, "node_modules/tiny": at}}
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps(manifest))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("npm_config_fetch_retries", "0")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
        _install_in(node.find(), ["ci"], folder)
        server.shutdown()
    assert (folder / "node_modules" / "tiny" / "package.json").is_file()
