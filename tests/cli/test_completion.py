"""Tab in real shells, and what it offers."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from wasmnb.cli import cluster_names
from wasmnb.cli.completion import SCRIPTS, complete

SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


@pytest.fixture
def program(place, tmp_path):
    """A folder with the program, as an installation has it."""
    path = tmp_path / "bin" / "wasmnb"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m wasmnb "$@"\n')
    path.chmod(0o755)
    return {**place.environment, "PATH": f"{path.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def tab(shell, lines, environment):
    """Type lines into an interactive shell, each with Tab and a sign behind it, and give what then stands there."""
    pid, handle = pty.fork()
    if pid == 0:
        os.execvpe(SHELLS[shell][0], SHELLS[shell], {**environment, "PS1": "$ ", "TERM": "dumb"})
    seen = ""

    def until(mark):
        nonlocal seen
        end = time.monotonic() + 60
        while mark not in seen and time.monotonic() < end:
            if select.select([handle], [], [], 0.2)[0]:
                seen += os.read(handle, 65536).decode()
        assert mark in seen, seen
        found, _, seen = seen.partition(mark)
        return found

    begin = "autoload -U compinit; compinit -u -D; " if shell == "zsh" else ""
    os.write(handle, f"{begin}source <(wasmnb completion {shell}); echo rea''dy\n".encode())
    until("ready\r\n")
    answers = []
    for line in lines:
        # What Tab made of the line is printed, not run.
        os.write(handle, f"wasmnb {line}\t".encode())
        time.sleep(0.1)
        os.write(handle, b"\x01echo '<\x05>' e''nd\n")
        answers.append(until("> end").rpartition("\n<")[2].strip())
    os.write(handle, b"exit\n")
    os.waitpid(pid, 0)
    os.close(handle)
    return answers


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_real_shell_completes_words_options_and_values(modules, program, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    asked = ["undep", "list --sea", "list -o ya", "inspect local/tag-o", "explain TRAP", "render x --target=envoy-g"]
    assert tab(shell, asked, program) == [
        "wasmnb undeploy",
        "wasmnb list --search",
        "wasmnb list -o yaml",
        "wasmnb inspect local/tag-one:latest",
        "wasmnb explain TRAPPED",
        "wasmnb render x --target=envoy-gateway",
    ]


def test_fish_completes_words_options_and_values(modules, program):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")

    def offered(line):
        script = f"wasmnb completion fish | source; complete -C {line!r}"
        done = subprocess.run(["fish", "-c", script], env=program, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.split()

    assert offered("wasmnb undep") == ["undeploy"]
    assert offered("wasmnb list --sea") == ["--search"]
    assert offered("wasmnb inspect local/tag-o") == ["local/tag-one:latest"]


def test_files_are_the_shells_own(modules, program, tmp_path):
    (tmp_path / "guard.wasm").write_bytes(b"")
    assert complete("wasmnb deploy ./gu") == ["files"]
    assert complete("wasmnb render x --file ./gu") == ["files"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("wasmnb ", {"deploy", "status", "completion", "--help"}),
        ("wasmnb completion ", set(SCRIPTS)),
        ("wasmnb help st", {"status"}),
        ("wasmnb nothing x", set()),
        ("wasmnb mesh ", {"local", "istio", "stop", "list", "join"}),
        ("wasmnb deploy x --phase A", {"AUTHN", "AUTHZ"}),
        ("wasmnb deploy x --phase='A", {"--phase=AUTHN", "--phase=AUTHZ"}),
        ("wasmnb config mesh=l", {"mesh=local"}),
        ("wasmnb config sel", {"selector="}),
        ("wasmnb init x -l ", {"cpp", "rust", "go", "assemblyscript"}),
    ],
)
def test_what_is_offered(line, offered):
    found = complete(line)
    assert found[0] == "words"
    assert offered <= set(found[1:])
    assert bool(offered) == bool(found[1:])


def test_an_option_that_was_given_is_not_offered_again():
    assert "--search" not in complete("wasmnb list --search x --")
    assert "--header" in complete("wasmnb headers a b --header x --")


def test_names_of_a_mesh_that_runs(mesh, monkeypatch):
    mesh("deploy", "tag-one", "-s", "app=details")
    assert "details-v1-0" in complete("wasmnb logs det")
    assert complete("wasmnb undeploy ") == ["words", "tag-one"]
    assert complete("wasmnb deploy x -s app=details,version=v") == [
        "words",
        *(f"app=details,version=v{number}" for number in (1, 2, 3)),
    ]
    assert complete("wasmnb headers prod")[1] == "productpage"
    assert complete("wasmnb headers productpage det") == ["words", "details:9080/"]
    assert complete("wasmnb status -m ") == ["words", "shop", "istio"]


def test_contexts_of_the_kubeconfig(tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text("contexts: [{name: prod}, {name: test}]")
    monkeypatch.setenv("KUBECONFIG", f"{config}:{tmp_path / 'missing'}")
    assert complete("wasmnb status --context ") == ["words", "prod", "test"]


class _Api(BaseHTTPRequestHandler):
    """An API server that has one namespace, and counts what it is asked."""

    asked: ClassVar[list[str]] = []
    answers: ClassVar[dict[str, list[dict]]] = {
        "/api/v1/namespaces": [{"metadata": {"name": "shop"}}, {"metadata": {"name": "stock"}}],
        "/api/v1/namespaces/shop/pods": [{"metadata": {"name": "cart-1", "labels": {"app": "cart", "version": "v1"}}}],
        "/api/v1/namespaces/shop/services": [{"metadata": {"name": "cart"}, "spec": {"ports": [{"port": 8080}]}}],
        "/apis/extensions.istio.io/v1alpha1/namespaces/shop/wasmplugins": [
            {"metadata": {"name": "guard", "labels": {"wasmnb.dev/plugin": "guard"}}}
        ],
    }

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.asked.append(path)
        body = json.dumps({"items": self.answers.get(path, [])}).encode()
        self.send_response(200 if path in self.answers else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    config = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setattr(_Api, "asked", [])
    monkeypatch.setattr(cluster_names, "_PATIENCE", 60.0)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config.write_text(
            "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a, namespace: shop}}]\n"
            f"clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{server.server_port}'}}}}]\n"
            "users: [{name: a, user: {token: t}}]\n"
        )
        yield _Api.asked
        server.shutdown()


def test_names_of_a_cluster_are_asked_once(cluster):
    assert complete("wasmnb status -n s") == ["words", "shop", "stock"]
    assert complete("wasmnb logs --mesh istio ca") == ["words", "cart-1"]
    assert complete("wasmnb deploy x --context a -s app=cart,v") == ["words", "app=cart,version=v1"]
    assert complete("wasmnb headers --mesh istio -n shop cart ") == ["words", "cart:8080/"]
    assert complete("wasmnb undeploy -m istio ") == ["words", "guard"]
    asked = list(cluster)
    assert complete("wasmnb logs --mesh istio c") == ["words", "cart-1"]
    assert complete("wasmnb status --namespace st") == ["words", "stock"]
    assert cluster == asked


def test_a_cluster_that_does_not_answer_in_time_has_no_names(cluster, monkeypatch):
    monkeypatch.setattr(cluster_names, "_PATIENCE", 0.01)
    monkeypatch.setattr(_Api, "do_GET", lambda _: threading.Event().wait(60))
    assert complete("wasmnb status -n s") == ["words"]


def test_the_first_tab_writes_nothing(shell, tmp_path):
    env = {"WASMNB_CACHE_DIR": str(tmp_path)}
    assert shell("completion", "bash", env=env).code == 0
    assert "status" in shell("__complete", "wasmnb st", env=env).out
    assert not [*tmp_path.iterdir()]


def test_what_other_packages_register_is_offered(tmp_path, monkeypatch):
    folder = tmp_path / "toylang-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: toylang\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[wasmnb.languages]\ntoy = toylang:Toy\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert complete("wasmnb init x -l to") == ["words", "toy"]


def test_a_shell_that_is_not_known(shell):
    done = shell("completion", "tcsh")
    assert done.code == 2
    assert "bash, zsh, fish" in done.err
    assert "  try: wasmnb completion bash\n" in done.err


def test_tab_imports_next_to_nothing(shell):
    program = "import sys; from wasmnb.cli.completion import complete; complete('wasmnb pods -m '); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=shell.environment, capture_output=True, text=True)
    ours = {name for name in done.stdout.split() if name.startswith("wasmnb.")}
    assert not {"wasmnb.session", "wasmnb.commands", "wasmnb.mesh", "wasmnb.image", "wasmnb.options"} & ours
