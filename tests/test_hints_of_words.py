"""Hints about what is written on a line, provoked and followed: names, paths, flags, references. No mesh is needed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.mesh.tiny import tag
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.cases.folder import suites
from wasmnb.commands.line import expand, split
from wasmnb.compile.cpp.flags import Flags
from wasmnb.errors import WasmnbError
from wasmnb.image import Store
from wasmnb.image.registry.server import RegistryServer
from wasmnb.mesh.local.workload import read_workload
from wasmnb.mesh.log_lines import chosen
from wasmnb.mesh.urls import read as url
from wasmnb.plugin import Match
from wasmnb.plugin.selector import selector
from wasmnb.session.probes import read_probe

pytestmark = [pytest.mark.compiler, pytest.mark.registry]

CC = '#include "proxy_wasm_intrinsics.h"\nstatic RegisterContextFactory r(CONTEXT_FACTORY(Context));\n'


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """A session with the image ``local/mine``, and a folder of files."""
    folder = tmp_path_factory.mktemp("files")
    for name, text in {
        "main.wasm": "\0asm",
        "notes.txt": "words",
        "two/a.go": "package main\n",
        "two/b.cc": CC,
        "gos/a.go": "package main\n",
        "gos/b.go": "package main\n",
        "empty/README": "",
        "config.json": '{"a": NaN}',
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for name in ("mine.wasm", "modules/a.wasm", "modules/b.wasm"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(tag("mine").wasm)
    with Session(Store(folder / "store")) as session, RegistryServer(folder / "registry") as server:
        session.build("precompiled", str(folder / "mine.wasm"), tag="local/mine")
        session.tag("local/mine", f"{server.host}/team/mine:v1")
        session.push(f"{server.host}/team/mine:v1")
        yield SimpleNamespace(session=session, folder=folder, host=server.host)


def build(at, what, **said):
    return at.session.build(str(at.folder / what), **{"tag": "local/mine", **said})


def rendered(at, **said):
    return at.session.render("local/mine", output=str(at.folder / "out.yaml"), target="envoy", **said)


def expanded(line, **names):
    return [expand(word, names, line) for word in split(line)]


def flags(language, *said):
    """Have a toolchain read its flags; an empty filter is refused after them."""
    with pytest.raises(WasmnbError) as caught:
        Filter("mine", "", language, said).build()
    return caught.value


HINTS = {
    # -- names and paths
    "a name that no image can have": (
        lambda at: Filter("My Filter", CC),
        "use lower-case letters, digits and '-', for instance 'my-filter'",
        lambda at: Filter("my-filter", CC),
    ),
    "a file outside of the filter": (
        lambda at: Filter("mine", CC, files=(("../x.h", ""),)),
        "use a relative path such as 'util.h' or 'limits/bucket.cc'",
        lambda at: Filter("mine", CC, files=(("limits/x.h", ""),)),
    ),
    "a file in no known language": (
        lambda at: build(at, "notes.txt"),
        "give a .wasm file, a source (.cc, .rs, .go, .ts), or a folder; --lang says what another source is in",
        lambda at: build(at, "mine.wasm"),
    ),
    "a folder of two modules": (
        lambda at: build(at, "modules"),
        "name the file, such as '",
        lambda at: build(at, "modules/a.wasm"),
    ),
    "a folder of two languages": (
        lambda at: build(at, "two"),
        "name the file, or say which with --lang",
        lambda at: Filter.from_folder(at.folder / "two", name="mine", language="cpp"),
    ),
    "a folder of two sources": (
        lambda at: build(at, "gos"),
        "write a go.mod, or name the one file that is the filter",
        lambda at: (
            (at.folder / "gos" / "go.mod").write_text("module mine\n")
            and Filter.from_folder(at.folder / "gos", name="mine")
        ),
    ),
    "a folder of nothing": (
        lambda at: build(at, "empty"),
        "folders are built in C++, Rust, Go, AssemblyScript",
        lambda at: (at.folder / "empty" / "a.cc").write_text(CC) and Filter.from_folder(at.folder / "empty"),
    ),
    "a folder that is not there": (
        lambda at: build(at, "none/at/all"),
        "a relative path starts at the notebook's folder",
        lambda at: build(at, "mine.wasm"),
    ),
    "a path that is nearly right": (
        lambda at: build(at, "mine.wasn"),
        "mine.wasm'?",
        lambda at: build(at, "mine.wasm"),
    ),
    "an unknown filter": (
        lambda at: at.session.build("nothing", tag="local/mine"),
        "%%wasm_filter",
        lambda at: build(at, "mine.wasm"),
    ),
    "a path for an image": (
        lambda at: at.session.inspect(str(at.folder / "modules")),
        "a name is like local/header-filter:v1; %wasm_build PATH -t NAME makes an image of a file or a folder",
        lambda at: build(at, "modules/a.wasm", tag="local/header-filter:v1"),
    ),
    "files that would be overwritten": (
        lambda at: (
            at.session.init(str(at.folder / "new")) and (at.folder / "new/filter.cc").write_text("mine"),
            at.session.init(str(at.folder / "new")),
        ),
        "give another folder, or --force to write over them",
        lambda at: (at.session.init(str(at.folder / "newer")), at.session.init(str(at.folder / "new"), force=True)),
    ),
    "a file where a folder is to be": (
        lambda at: at.session.init(str(at.folder / "notes.txt"), name="mine"),
        "give another name",
        lambda at: at.session.init(str(at.folder / "third"), name="mine"),
    ),
    "a folder without cases": (
        lambda at: suites(at.folder / "empty"),
        "write tests/NAME.wasmtest.yaml",
        lambda at: (
            (at.folder / "empty" / "a.wasmtest.yaml").write_text("test:\n- name: a\n") and suites(at.folder / "empty")
        ),
    ),
    "an output in a folder that is not there": (
        lambda at: at.session.render("local/mine", target="envoy", output=str(at.folder / "no" / "envoy.yaml")),
        "name a file in a folder that exists",
        rendered,
    ),
    # -- references
    "a digest for an image that is made": (
        lambda at: build(at, "mine.wasm", tag=f"local/mine@sha256:{'0' * 64}"),
        "give only a tag",
        lambda at: build(at, "mine.wasm", tag="local/mine:v1"),
    ),
    "a digest for a name": (
        lambda at: at.session.tag("local/mine", f"local/other@sha256:{'0' * 64}"),
        "give a name and a tag",
        lambda at: at.session.tag("local/mine", "local/other:v1"),
    ),
    "a name with capitals": (
        lambda at: at.session.tag("local/mine", "local/Other"),
        "use lower-case letters, digits and single '.', '_' or '-' between them, for instance 'other'",
        lambda at: at.session.tag("local/mine", "local/other"),
    ),
    "a tag with a space": (
        lambda at: at.session.tag("local/mine", "local/other:v 1"),
        "a tag has at most 128 letters, digits, '_', '.' and '-'",
        lambda at: at.session.tag("local/mine", "local/other:v_1"),
    ),
    "an image that is not here": (
        lambda at: at.session.inspect("local/nothing"),
        "; or build it with %wasm_build, or fetch it with %wasm_pull",
        lambda at: at.session.inspect("local/mine"),
    ),
    "a tag that the registry has not": (
        lambda at: at.session.pull(f"{at.host}/team/mine:v2"),
        "it has v1",
        lambda at: at.session.pull(f"{at.host}/team/mine:v1"),
    ),
    "a repository that the registry has not": (
        lambda at: at.session.pull(f"{at.host}/orders/guard:v1"),
        "%wasm_list 127.0.0.1:",
        lambda at: at.session.list(at.host).frame,
    ),
    "an image that was never tagged for a registry": (
        lambda at: at.session.push(f"{at.host}/team/mine:v2"),
        "/team/mine:v1; or build it with %wasm_build, or fetch it with %wasm_pull",
        lambda at: at.session.push(f"{at.host}/team/mine:v1"),
    ),
    "a registry that is not there": (
        lambda at: (
            at.session.tag("local/mine", "127.0.0.1:1/team/mine:v1"),
            at.session.push("127.0.0.1:1/team/mine:v1"),
        ),
        "check the port, and whether the registry runs",
        lambda at: at.session.push(f"{at.host}/team/mine:v1"),
    ),
    "a registry that is none": (
        lambda at: at.session.login("https://x y"),
        "give a host such as registry.example:5000",
        lambda at: at.session.logout("registry.example:5000"),
    ),
    "an object that Istio has not": (
        lambda at: at.session.render(f"{at.host}/team/mine:v1", as_="EnvoyFilte", selector="app=details"),
        "did you mean 'EnvoyFilter'?",
        lambda at: at.session.render(f"{at.host}/team/mine:v1", as_="EnvoyFilter", selector="app=details"),
    ),
    "an Istio of before": (
        lambda at: at.session.render(f"{at.host}/team/mine:v1", istio_version="1.8", selector="app=details"),
        "Istio 1.12 and later do",
        lambda at: at.session.render(f"{at.host}/team/mine:v1", istio_version="1.12", selector="app=details"),
    ),
    "a version that is none": (
        lambda at: at.session.render(f"{at.host}/team/mine:v1", istio_version="1,29", selector="app=details"),
        "write it as istioctl version says it: 1.29 or 1.29.3",
        lambda at: at.session.render(f"{at.host}/team/mine:v1", istio_version="1.29", selector="app=details"),
    ),
    "a text for an object of JSON": (
        lambda at: at.session.render(f"{at.host}/team/mine:v1", as_="WasmPlugin", config="a", selector="app=details"),
        "give a JSON object; on Istio an EnvoyFilter (--as EnvoyFilter) carries any text",
        lambda at: at.session.render(f"{at.host}/team/mine:v1", as_="EnvoyFilter", config="a", selector="app=details"),
    ),
    "a template that a language has not": (
        lambda at: at.session.init(str(at.folder / "jwt"), template="jwt", language="rust"),
        "it is there in C++, Go",
        lambda at: at.session.init(str(at.folder / "jwt"), template="jwt", language="go"),
    ),
    "a template with another name": (
        lambda at: at.session.init(str(at.folder / "fourth"), template="add-headr"),
        "did you mean 'add-header'?",
        lambda at: at.session.init(str(at.folder / "fourth"), template="add-header"),
    ),
    "an annotation that there is not": (
        lambda at: build(at, "mine.wasm", annotation=["colour=red"]),
        "annotations of your own have a domain, such as org.example.owner",
        lambda at: build(at, "mine.wasm", annotation=["org.example.colour=red"]),
    ),
    "a time that is none": (
        lambda at: build(at, "mine.wasm", annotation=["created=yesterday"]),
        "write it as 2026-01-31T12:00:00Z (RFC 3339)",
        lambda at: build(at, "mine.wasm", annotation=["created=2026-01-31T12:00:00Z"]),
    ),
    "a registry with a scheme": (
        lambda at: at.session.config(registry="https://registry.example/team"),
        "for instance registry=localhost:5000/me; credentials come from a log-in",
        lambda at: at.session.config(registry="localhost:5000/me"),
    ),
    # -- flags
    "a flag of another machine": (
        lambda at: build(at, "empty", flags="-march=native"),
        "allowed are -DNAME[=VALUE], -O0 -O1 -O2 -O3 -Os -Oz, -std=c++17 (20, 23, 26), -W..., -IFOLDER",
        lambda at: Flags.parse(["-DA=1", "-Oz", "-std=c++20", "-Wall"]),
    ),
    "a folder of headers that is not there": (
        lambda at: build(at, "empty", include=["no/such"]),
        "folders are looked for from /",
        lambda at: Flags.parse([f"-I{at.folder / 'two'}"]),
    ),
    "a library that is not there": (
        lambda at: build(at, "empty", libraries=["nowhere"]),
        "get the library's sources, for instance with git clone, and give the folder that its includes begin at",
        lambda at: Flags.parse([f"--with={at.folder / 'two'}"]),
    ),
    # -- a line of a notebook
    "a quote that is open": (
        lambda at: split("a 'b c"),
        "end the value with the same quote",
        lambda at: split("a 'b c'"),
    ),
    "an unknown variable": (
        lambda at: expanded("a$nothing"),
        "set nothing = ... in a cell above, or put the word in single quotes",
        lambda at: (expanded("a$nothing", nothing=1), expanded("'a$nothing'")),
    ),
    "half a variable": (
        lambda at: expanded("a${b"),
        "write ${name}, or put the word in single quotes",
        lambda at: (expanded("a${b}", b="c"), expanded("'a${b'")),
    ),
    "braces within a word": (
        lambda at: expanded("a={b}", b="c"),
        "write ${b}, or put the word in single quotes",
        lambda at: (expanded("a=${b}", b="c"), expanded("'a={b}'", b="c")),
    ),
    "a list within a word": (
        lambda at: expanded("app=$pods", pods=["a"]),
        "give $pods as a word of its own, or make text of it in a cell above",
        lambda at: (expanded("$pods", pods=["a"]), expanded("app=$pods", pods="a")),
    ),
    # -- what a plugin is
    "an id with a space": (
        lambda at: rendered(at, id="my filter"),
        "use letters, digits, '.', '_' and '-'",
        lambda at: rendered(at, id="my-filter"),
    ),
    "a label that no pod can have": (
        lambda at: selector("app=de tails"),
        "a key and a value have letters, digits, '-', '_' and '.', for instance app=details",
        lambda at: selector("app=details"),
    ),
    "a port that is no number": (
        lambda at: rendered(at, match=["SERVER:http"]),
        "as in SERVER:9080",
        lambda at: Match.parse("SERVER:9080"),
    ),
    "a listener by a name": (
        lambda at: rendered(at, listen="localhost:8000"),
        "127.0.0.1:8000 is this machine alone, 0.0.0.0:8000 every network that it is in",
        lambda at: rendered(at, listen="127.0.0.1:8000"),
    ),
    "a listener without a port": (
        lambda at: rendered(at, listen="127.0.0.1"),
        "for instance --listen 127.0.0.1:8080",
        lambda at: rendered(at, listen="127.0.0.1:8080"),
    ),
    "a configuration in Python's words": (
        lambda at: rendered(at, config="{'a': 1}"),
        'JSON wants double quotes: \'{"name": "value"}\'',
        lambda at: rendered(at, config='{"a": 1}'),
    ),
    "a configuration that breaks off": (
        lambda at: rendered(at, config='{"a": 1'),
        "check the text at the caret; around JSON on a magic's line stand single quotes",
        lambda at: rendered(at, config='{"a": 1}'),
    ),
    "a number that JSON has not": (
        lambda at: rendered(at, config=f"@{at.folder}/config.json"),
        "JSON cannot say it; use a number, text or null",
        lambda at: rendered(at, config='{"a": null}'),
    ),
    "a file of a configuration that is not there": (
        lambda at: rendered(at, config="@none.json"),
        "paths start at the notebook's folder, ",
        lambda at: rendered(at, config=f"@{at.folder}/notes.txt"),
    ),
    "nothing to render": (
        lambda at: at.session.render(),
        "name a filter, a file or an image",
        rendered,
    ),
    "a gateway that is not named": (
        lambda at: at.session.render("local/mine", target="envoy-gateway"),
        "name a gateway or a route: --target-ref Gateway/NAME, --target-ref HTTPRoute/NAME",
        rendered,
    ),
    # -- requests, logs, workloads, secrets
    "a URL with another scheme": (
        lambda at: url("https://details:9080/"),
        "write host:port/path",
        lambda at: url("details:9080/path"),
    ),
    "a probe of two requests": (
        lambda at: read_probe("GET details:9080/ other:1/"),
        "write host:port/path, or a method before it; -H 'name: value' and -d BODY behind it",
        lambda at: read_probe("POST details:9080/ -H 'a: b' -d c"),
    ),
    "an expression that is none": (
        lambda at: chosen([], grep="wasm ("),
        "write a backslash before a sign that is meant as itself",
        lambda at: chosen([], grep="wasm \\("),
    ),
    "a workload without an address": (
        lambda at: read_workload("shop"),
        "write NAME=HOST:PORT, for instance --workload shop=127.0.0.1:8000,version=v2",
        lambda at: read_workload("shop=127.0.0.1:8000,version=v2"),
    ),
    "a workload without a port": (
        lambda at: read_workload("shop=127.0.0.1"),
        "write host:port, for instance shop=127.0.0.1:8000",
        lambda at: read_workload("shop=127.0.0.1:8000"),
    ),
    "a workload with capitals": (
        lambda at: read_workload("My_Shop=127.0.0.1:8000"),
        "use lower-case letters, digits and '-', for instance 'my-shop'",
        lambda at: read_workload("my-shop=127.0.0.1:8000"),
    ),
    "a workload that speaks something else": (
        lambda at: read_workload("shop=127.0.0.1:8000/udp"),
        "write one of ",
        lambda at: read_workload("shop=127.0.0.1:8000/h2c"),
    ),
    "a secret that the environment has not": (
        lambda at: at.session.secret("one", env="WASMNB_NO_SUCH_VARIABLE"),
        "set it where the kernel is started (%env in a cell would be saved with the notebook)",
        lambda at: at.session.secret("one", env="PATH"),
    ),
    "cases of a filter that has none": (
        lambda at: at.session.test("mine"),
        "%%wasm_filter mine makes it",
        lambda at: build(at, "mine.wasm"),
    ),
}


@pytest.mark.parametrize("case", HINTS)
def test_a_hint_is_followed(at, case):
    wrong, said, right = HINTS[case]
    with pytest.raises(WasmnbError) as caught:
        wrong(at)
    hint = str(in_cell(caught.value).hint)
    assert said in hint
    assert hint
    right(at)


@pytest.mark.parametrize(
    ("language", "wrong", "right"),
    [
        ("go", "-race", "-tags=a"),
        ("rust", "-lfoo", "-O3"),
        ("assemblyscript", "--bindings", "--noAssert"),
    ],
)
def test_a_flag_of_another_tool(language, wrong, right):
    error = flags(language, wrong)
    assert right.partition("=")[0].rstrip("3") in str(in_cell(error).hint)
    assert "flag" not in str(flags(language, right))
