"""Builds on real daemons, docker's and podman's."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import tarfile
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.container.conftest import IMAGE, MAKER, WASM, Engine
from wasmnb.compile.container import build_in_container
from wasmnb.compile.container.environment import environment_for
from wasmnb.compile.container.files import fetch, pack
from wasmnb.errors import BadNameError, CompileError, ModuleError, ToolchainError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAKE = "cp /bin/module.wasm made.wasm"


def test_the_images_own_command_makes_the_module(docker: Engine, folder: Path) -> None:
    module = build_in_container(folder, MAKER)
    assert (module.name, module.wasm) == ("made", WASM)
    assert module.build is not None
    assert not module.build.cached
    assert (folder / "made.wasm").read_bytes() == WASM


def test_a_command_may_be_words_or_a_line_for_the_shell(docker: Engine, folder: Path) -> None:
    assert build_in_container(folder, IMAGE, command=["cp", "/bin/module.wasm", "words.wasm"]).name == "words"
    assert build_in_container(folder, IMAGE, command=f"true && {MAKE}", name="mine").name == "mine"


def test_the_log_comes_line_by_line_while_the_build_runs(engine: Engine, folder: Path) -> None:
    seen: list[str] = []

    def answer(line: str) -> None:
        seen.append(line)
        if line == "first":
            (folder / "go").touch()

    # It waits for what only the first line's arrival brings about.
    wait = "echo first; while ! test -e go; do sleep 0.05; done"
    command = f"{wait}; printf '\\033[31mred\\033[0m\\r\\n'; echo err >&2; {MAKE}"
    build_in_container(folder, IMAGE, command=command, log=answer, timeout=30)
    assert seen[0] == "first"
    assert sorted(seen[1:]) == ["err", "red"]


@pytest.mark.parametrize(
    ("engine", "copy"), [("docker", False), ("docker", True), ("podman", False)], indirect=["engine"]
)
def test_the_user_keeps_his_number_and_has_a_home(
    engine: Engine, folder: Path, copy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(folder, 12345, 23456)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    monkeypatch.setattr(os, "getgid", lambda: 23456)
    lines: list[str] = []
    command = f"id -u; id -g; touch $HOME/cache && ls $HOME; echo $USER; {MAKE}"
    build_in_container(folder, IMAGE, command=command, copy=copy, log=lines.append)
    assert lines == ["12345", "23456", "cache", "wasmnb"]
    if not copy:
        status = (folder / "made.wasm").stat()
        assert (status.st_uid, status.st_gid) == (12345, 23456)


def test_the_container_knows_no_secret_of_ours(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-of-the-kernel")
    monkeypatch.setenv("https_proxy", "http://user:s3cret/of@the-proxy@proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.test")
    settings = tmp_path / "configuration"
    settings.mkdir()
    (settings / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://user:s3cret-of-docker@proxy.test:3128"}}}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(settings))
    lines: list[str] = []
    given = {"REGISTRY_TOKEN": "s3cret-given", "LEVEL": "3"}
    build_in_container(folder, IMAGE, command=f"env; cat filter.cc; {MAKE}", environment=given, log=lines.append)
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert "s3cret" not in "\n".join(lines)
    assert "AWS_SECRET_ACCESS_KEY" not in variables
    assert variables["https_proxy"] == variables["HTTPS_PROXY"] == "http://proxy.test:3128"
    assert variables["no_proxy"] == "localhost,.test"
    assert variables.get("http_proxy", "") == ""
    assert (variables["REGISTRY_TOKEN"], variables["LEVEL"]) == ("***", "3")


def test_a_given_secret_reaches_the_build_and_no_error(docker: Engine, folder: Path) -> None:
    command = 'test "$API_TOKEN" = s3cret-given && echo "denied: $API_TOKEN"; exit 3'
    with pytest.raises(ToolchainError) as raised:
        build_in_container(folder, IMAGE, command=command, environment={"API_TOKEN": "s3cret-given"})
    assert raised.value.why == ("denied: ***",)
    assert "exit code 3" in raised.value.what


def test_a_failed_build_quotes_the_last_lines(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError) as raised:
        build_in_container(folder, IMAGE, command="seq 1 5000; exit 2")
    assert "'header-filter'" in raised.value.what
    assert "exit code 2" in raised.value.what
    assert raised.value.why == tuple(str(number) for number in range(4991, 5001))


def test_a_compilers_messages_are_read(docker: Engine, folder: Path) -> None:
    said = compiler_says(folder)
    (folder / "said").write_bytes(said)
    with pytest.raises(CompileError) as raised:
        build_in_container(folder, IMAGE, command="cat said >&2; exit 1")
    first, second = (item for item in raised.value.diagnostics if item.severity == "error")  # type: ignore[attr-defined]
    assert (first.text, first.line, first.quote) == ("filter.cc", 2, "  return 四 + nothing;")
    assert first.column == 10
    assert (second.line, second.column) == (2, 14)
    assert raised.value.where == first.place
    assert IMAGE in raised.value.what


def compiler_says(folder: Path) -> bytes:
    """Give what a real clang says about the folder's source, as if it lay in /work."""
    found = subprocess.run(
        [sys.executable, "-m", "ziglang", "clang", "-fsyntax-only", "filter.cc"],
        check=False,
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    assert found.returncode == 1
    return found.stderr.replace(b"filter.cc:", b"/work/filter.cc:")


def test_warnings_of_a_good_build_are_kept(docker: Engine, folder: Path) -> None:
    command = f"echo './filter.cc:1:5: warning: unused function [-Wunused-function]'; {MAKE}"
    module = build_in_container(folder, IMAGE, command=command)
    assert module.build is not None
    assert [str(item) for item in module.build.warnings] == [
        "filter.cc line 1, column 5: warning: unused function [-Wunused-function]"
    ]


@pytest.mark.parametrize("copy", [False, True])
class TestWhichModule:
    """The module is found the same way in a mounted folder and in a copied one."""

    def test_none(self, docker: Engine, folder: Path, copy: bool) -> None:
        with pytest.raises(ModuleError, match=r"no \.wasm file") as raised:
            build_in_container(folder, IMAGE, command=["true"], copy=copy)
        assert raised.value.hint == ("name the file that it makes as the target, or give the command that makes one")

    def test_several(self, docker: Engine, folder: Path, copy: bool) -> None:
        command = "cp /bin/module.wasm a.wasm; mkdir -p out; (cat /bin/module.wasm; printf '\\0\\2\\1x') > out/b.wasm"
        with pytest.raises(ModuleError, match="2 different modules") as raised:
            build_in_container(folder, IMAGE, command=command, copy=copy)
        assert raised.value.why == ("a.wasm", "out/b.wasm")
        assert raised.value.hint == "name the one that is meant as the target, such as 'a.wasm'"
        assert build_in_container(folder, IMAGE, command=command, target="out/b.wasm", copy=copy).name == "b"
        assert (folder / "out" / "b.wasm").is_file()

    def test_the_one_that_was_written(self, docker: Engine, folder: Path, copy: bool) -> None:
        (folder / "old.wasm").write_bytes(WASM + b"\0\2\1o")
        os.utime(folder / "old.wasm", (1_000_000_000.5, 1_000_000_000.5))
        (folder / "stale.wasm").write_bytes(WASM + b"\0\2\1s")
        os.utime(folder / "stale.wasm", (1_000_000_000.5, 1_000_000_000.5))
        command = "mkdir -p target/deps .hidden && cp /bin/module.wasm target/deps/x.wasm && "
        command += "ln target/deps/x.wasm target/x.wasm && cp old.wasm .hidden/y.wasm"
        module = build_in_container(folder, IMAGE, command=command, copy=copy)
        assert module.wasm == WASM
        assert (folder / "target" / "x.wasm").read_bytes() == WASM
        assert (folder / "old.wasm").read_bytes() == WASM + b"\0\2\1o"

    def test_the_one_there_is_when_nothing_was_to_do(self, docker: Engine, folder: Path, copy: bool) -> None:
        (folder / "old.wasm").write_bytes(WASM)
        assert build_in_container(folder, IMAGE, command=["true"], copy=copy).name == "old"

    def test_a_target_behind_links_that_only_the_container_follows(
        self, docker: Engine, folder: Path, copy: bool
    ) -> None:
        command = "mkdir -p /built && cp /bin/module.wasm /built/real.wasm && ln -s real.wasm /built/f.wasm"
        command += " && ln -s /built bazel-bin"
        module = build_in_container(folder, IMAGE, command=command, target="bazel-bin/f.wasm", copy=copy)
        assert (module.name, module.wasm) == ("f", WASM)
        assert not (folder / "bazel-bin").exists() or copy

    def test_a_target_elsewhere_in_the_container(self, docker: Engine, folder: Path, copy: bool) -> None:
        assert build_in_container(folder, IMAGE, command=["true"], target="/bin/module.wasm", copy=copy).wasm == WASM

    def test_a_target_that_was_not_made(self, docker: Engine, folder: Path, copy: bool) -> None:
        with pytest.raises(ModuleError, match=r"made no '.*out\.wasm'") as raised:
            build_in_container(folder, IMAGE, command=["true"], target="out.wasm", copy=copy)
        assert raised.value.hint == (
            "a target is a path in the folder, or an absolute one in the container (/work is the folder)"
        )

    def test_a_target_that_is_a_folder(self, docker: Engine, folder: Path, copy: bool) -> None:
        with pytest.raises(ModuleError, match="not a regular file") as raised:
            build_in_container(folder, IMAGE, command=["mkdir", "out.wasm"], target="out.wasm", copy=copy)
        assert raised.value.hint.startswith("give the path of a .wasm file")

    def test_a_target_that_is_no_module(self, docker: Engine, folder: Path, copy: bool) -> None:
        for target in ("filter.cc", "/etc/passwd"):
            with pytest.raises(ModuleError) as raised:
                build_in_container(folder, IMAGE, command="echo root > /etc/passwd", target=target, copy=copy)
            assert target in raised.value.what


def test_nothing_is_written_outside_of_the_folder(docker: Engine, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "out").symlink_to(elsewhere)
    with pytest.raises(ModuleError, match="leads out of the folder") as raised:
        build_in_container(folder, IMAGE, command="rm out; mkdir out; cp /bin/module.wasm out/x.wasm", copy=True)
    assert list(elsewhere.iterdir()) == []
    assert raised.value.hint == "let the build write the module into the folder"


def test_there_must_be_a_folder(folder: Path) -> None:
    for given in (folder / "missing", folder / "filter.cc"):
        with pytest.raises(BadNameError, match="There is no folder") as raised:
            build_in_container(given, IMAGE)
        assert raised.value.hint == (
            "a relative path starts at the notebook's folder; a container build takes a whole folder"
        )


def test_variables_must_be_variables(folder: Path) -> None:
    with pytest.raises(UsageError, match="'A=B'") as raised:
        build_in_container(folder, IMAGE, environment={"A=B": "1"})
    assert raised.value.hint == "give names and values: {'NAME': 'VALUE'}"
    assert environment_for({"NAME": "VALUE"})["NAME"] == "VALUE"
    with pytest.raises(UsageError, match="0 s") as raised:
        build_in_container(folder, IMAGE, timeout=0)
    assert raised.value.hint == "give a positive number of seconds as timeout"


def test_a_folder_that_cannot_be_read_or_kept_is_not_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "add", full)
        with pytest.raises(ToolchainError, match="cannot be copied to the container daemon") as raised:
            pack("/home", "0:0", folder)
    assert raised.value.why == ("[Errno 28] No space left on device",)
    assert raised.value.hint == "see that its files can be read, and that the disk has room for a copy"
    with pack("/home", "0:0", folder) as archive, tarfile.open(fileobj=archive) as made:
        assert "work/filter.cc" in made.getnames()


def test_a_target_that_is_a_link_to_itself_has_no_end() -> None:
    def archive(_: str, path: str) -> tuple[Iterator[bytes], dict[str, str]]:
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w") as made:
            member = tarfile.TarInfo("f.wasm")
            if path == "/file.wasm":
                member.size = len(WASM)
            else:
                member.type, member.linkname = tarfile.SYMTYPE, "f.wasm"
            made.addfile(member, io.BytesIO(WASM))
        return iter([memory.getvalue()]), {}

    client = SimpleNamespace(api=SimpleNamespace(get_archive=archive))
    with pytest.raises(ModuleError, match="leads through more than 8 links") as raised:
        fetch(client, "any", "/f.wasm")
    assert raised.value.hint == "give the file itself as target"
    assert fetch(client, "any", "/file.wasm")[0] == WASM
