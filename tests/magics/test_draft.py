"""A cell that nobody has run is read as a run would read it, and nothing that its line says is done."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from tests.magics.conftest import FILTER
from wasmnb.commands import COMMANDS
from wasmnb.compile import process
from wasmnb.compile.language_server.server import LanguageServer
from wasmnb.errors import NoMeshError, UsageError
from wasmnb.magics._draft import draft
from wasmnb.magics._shell import _draft
from wasmnb.module import Module
from wasmnb.session import close_default, default


def test_the_compilers_options_count_and_the_others_have_no_effect(shell):
    shell.user_ns["app"] = "details"
    made = draft(shell, COMMANDS, "\n%%wasm_filter greeter --deploy app=$app --lang rust --flag -O1 --out x\nfn a() {}")
    found = made.filter
    with pytest.raises(NoMeshError):
        made.foresee(Module("greeter", b""))
    assert (found.name, found.language, found.flags) == ("greeter", "rust", ("-O1",))
    assert found.source == "\n\nfn a() {}\n"
    assert not default().filters
    assert not default().running
    assert "x" not in shell.user_ns


def test_a_line_that_cannot_be_read_is_an_error_of_ours(shell):
    for text in ("%%wasm_filter greeter --depoly x\nfn a() {}", "%wasm_filter greeter", "x = 1"):
        with pytest.raises(UsageError):
            draft(shell, COMMANDS, text)


def test_what_a_run_refuses_is_not_ready(shell):
    made = draft(shell, COMMANDS, "%%wasm_filter greeter\n").foresee
    assert made(Module("greeter", b"")) is None, "it is built, and that is all"
    made = draft(shell, COMMANDS, "%%wasm_filter greeter --timeout 5\n").foresee
    with pytest.raises(UsageError, match="nothing is to be deployed"):
        made(Module("greeter", b""))


def test_no_language_server_begins_once_the_extension_is_gone(shell, monkeypatch):
    begun = []

    def begin(server):
        begun.append(server)
        return Future()

    monkeypatch.setattr(LanguageServer, "start", begin)
    _draft(shell, COMMANDS, f"%%wasm_filter mine\n{FILTER}")
    assert len(begun) == 1
    close_default()
    # It goes between the last look at that and what would begin.
    monkeypatch.setattr(process, "go_on", close_default)
    _draft(shell, COMMANDS, f"%%wasm_filter mine\n{FILTER}")
    assert len(begun) == 1
