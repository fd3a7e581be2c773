"""Imported by every Python that a test starts; writes down which programs that starts, and whom it calls."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath
from typing import Any

FILE = "WASMNB_TEST_STARTS"

_KINDS = {
    "envoy": ("envoy", "supervisor"),
    "compiler": (
        "zig",
        "clang",
        "clang++",
        "clangd",
        "gopls",
        "wasm-ld",
        "rustc",
        "cargo",
        "go",
        "node",
        "npm",
        "protoc",
    ),
    "browser": ("chromium", "chromium-browser", "google-chrome", "playwright"),
    "container": ("docker", "dockerd", "podman", "crun", "runc"),
    "registry": ("docker-registry",),
    "cluster": ("containerd", "etcd", "kubelet"),
}
_PROGRAMS = {program: kind for kind, programs in _KINDS.items() for program in programs}
_HERE = ("127.", "::1", "localhost")


def watch() -> None:
    """Write down from now on."""
    sys.addaudithook(_heard)


def _heard(event: str, told: tuple[Any, ...]) -> None:
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
        words = [told[1]] if isinstance(told[1], str | bytes) else list(told[1])
        command = [os.fsdecode(word) for word in words]
        program = PurePath(command[0]).name if command else ""
        if "playwright" in command[0]:
            program = "playwright"
        elif any("supervisor" in word for word in command[1:5]):
            program = "supervisor"
        uses(_PROGRAMS.get(program, ""), program)
    elif event == "socket.connect" and isinstance(told[1], tuple) and not str(told[1][0]).startswith(_HERE):
        uses("network", str(told[1][0]))


def uses(kind: str, name: str) -> None:
    """Write down that something was needed, as if it had been started."""
    file = os.environ.get(FILE)
    if kind and file:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, f"{kind} {name}\n".encode())
        finally:
            os.close(handle)


if __name__ == "sitecustomize":
    watch()
