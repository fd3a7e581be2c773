"""Tiny filters written on the raw ABI, compiled with the toolchain's clang: a few hundred bytes each."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import ziglang

from tests.needs.children.sitecustomize import uses
from wasmnb.module import Module

_SOURCE = r"""
#define EXPORT(n) __attribute__((export_name(n)))
#define IMPORT(n) __attribute__((import_module("env"), import_name(n)))
typedef unsigned long size;
IMPORT("proxy_add_header_map_value") int add_header(int map, const char *, size, const char *, size);
IMPORT("proxy_get_header_map_value") int get_header(int map, const char *, size, char **, size *);
IMPORT("proxy_get_buffer_bytes") int get_buffer(int kind, size from, size length, char **, size *);
IMPORT("proxy_get_property") int get_property(const char *, size, char **, size *);
IMPORT("proxy_log") int log_line(int level, const char *, size);
IMPORT("proxy_send_local_response") int local_response(int, const char *, size, char *, size, char *, size, int);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_prestat_get"))) int prestat(int, int *);
static int memory[2];
static char heap[65536];
static size used;
static char *text;
static size length;
static volatile int never;
static int evil;
static void respond(int status) { local_response(status, "", 0, 0, 0, 0, 0, -1); }
static void hang(void) { while (!never) {} }
static int path_has(char letter) {
  char *value;
  size end = 0;
  if (get_header(0, ":path", 5, &value, &end)) return 0;
  for (size i = 0; i < end; i++) if (value[i] == letter) return 1;
  return 0;
}
EXPORT("proxy_abi_version_0_2_1") void abi(void) {}
EXPORT("_initialize") void initialize(void) { INITIALIZE; }
EXPORT("proxy_on_memory_allocate") void *allocate(size n) {
  if (used + n > sizeof heap) used = 0;
  void *at = heap + used;
  used += (n + 7) & ~7ul;
  return at;
}
EXPORT("proxy_on_context_create") void create(int context, int parent) { CREATE; }
EXPORT("proxy_on_vm_start") int on_start(int context, int n) { START; return 1; }
EXPORT("proxy_on_configure") int on_configure(int context, int n) { CONFIGURE; return 1; }
REQUEST
EXPORT("proxy_on_response_headers") int on_response(int context, int n, int end) { RESPONSE; return 0; }
"""
_CONNECTION = 'EXPORT("proxy_on_new_connection") int on_connection(int context) { %s; return 0; }\n'
_REQUEST = 'EXPORT("proxy_on_request_headers") int on_request(int context, int n, int end) { %s; return 0; }'


def header(name: str, value: str) -> str:
    """C code that adds a header to a response (map 2)."""
    sizes = len(name.encode()), len(value.encode())
    return f'add_header(2, "{name}", {sizes[0]}, "{value}", {sizes[1]})'


def build(
    name: str,
    *,
    response: str = "",
    request: str = "",
    start: str = "",
    configure: str = "",
    initialize: str = "",
    create: str = "",
    connection: str = "",
) -> Module:
    """Compile a filter whose callbacks do the given C statements."""
    uses("compiler", "zig")
    callbacks = (_REQUEST % request if request else "") + (_CONNECTION % connection if connection else "")
    return _built(name, response, callbacks, start, configure, initialize=initialize, create=create)


@cache
def _built(
    name: str, response: str, callbacks: str, start: str, configure: str, *, initialize: str, create: str
) -> Module:
    source = _SOURCE.replace("INITIALIZE", initialize).replace("CREATE", create)
    source = source.replace("CONFIGURE", configure).replace("START", start).replace("RESPONSE", response)
    source = source.replace("REQUEST", callbacks)
    zig = Path(ziglang.__file__).parent / "zig"
    with TemporaryDirectory() as folder:
        files = {kind: Path(folder, f"filter.{kind}") for kind in ("c", "o", "wasm")}
        files["c"].write_text(source, "utf-8")
        target = ["-target", "wasm32-wasi", "-Os", "-nostdlib", "-Wno-everything"]
        subprocess.run([zig, "clang", *target, "-c", files["c"], "-o", files["o"]], check=True, timeout=120)
        link = [zig, "wasm-ld", "--no-entry", "--allow-undefined", files["o"], "-o", files["wasm"]]
        subprocess.run(link, check=True, timeout=120)
        return Module(name, files["wasm"].read_bytes())


def tag(value: str) -> Module:
    """A filter that adds ``x-tag: <value>`` to each response."""
    return build(f"tag-{value}", response=header("x-tag", value))


def trapping(sign: str = "!") -> Module:
    """A filter that traps on responses to paths with a sign; a plain request passes, so no canary sees it."""
    response = f"if (evil) __builtin_trap(); {header('x-tag', 'trapping')}"
    return build("trapping", request=f"evil = path_has('{sign}')", response=response)


def looping() -> Module:
    """A filter that never comes back from a request whose path has a ``!``."""
    return build("looping", request="if (path_has('!')) hang()", response=header("x-tag", "looping"))
