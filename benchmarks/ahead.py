"""A cell that is typed, then run: how soon it is marked, ready, and live, in a real kernel.

``ahead_ready_ms`` and ``squiggle_kernel_ms`` count from the moment at which the kernel has the text (the page sends it
150 ms after the last key), ``run_to_live_ms`` from the request to execute the cell, once it is ready, to the first
response that carries the change. No text was built before. Pods load ahead, as they do where Linux has room for it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from article_filter import CONFIG, LANGUAGES, edited
from jupyter_client.manager import start_new_kernel
from measure import Figures, runs

from wasmnb.traffic import Request
from wasmnb.traffic.http_client import roundtrip

FEW, MANY = 3, 9
_GOALS = {"go": "<= 150"}
_BROKEN = {
    "cpp": "int broken = nothing_here;",
    "rust": "fn broken() -> u32 { nothing_here }",
    "go": "var broken int = nothingHere",
    "assemblyscript": "let broken: i32 = nothingHere;",
}
_START = """
%load_ext wasmnb
import json, queue, time
from functools import partial
from wasmnb.ahead import Ahead, Extent, Readiness
from wasmnb.commands import COMMANDS
from wasmnb.magics._draft import draft
from wasmnb.mesh.local import topology
from wasmnb.session import default
topology.ROOM = 0
default().config(ahead="load")
%wasm_mesh local
told = queue.Queue()
typing = Ahead(lambda tried: told.put((time.perf_counter(), tried)))
def typed(text):
    begun, found = time.perf_counter(), {}
    typing.ask("cell", text, partial(draft, get_ipython(), COMMANDS))
    while True:
        at, tried = told.get(timeout=300)
        found.setdefault("compiled", at - begun)
        if tried.error or tried.waits or tried.ready is not Readiness.NONE:
            said = tried.waits or (tried.error.what if tried.error else "")
            return {**found, "ready": at - begun, "how": tried.ready.value, "said": said}
details = next(one for one in default().current._plan.proxies if one.labels["app"] == "details")
print("\\n" + json.dumps(details.site.inbound))
"""


class Kernel:
    """A kernel with a mesh."""

    def __init__(self) -> None:
        self._manager, self._client = start_new_kernel(extra_arguments=["--log-level=ERROR"])
        host, port = self.run(_START)
        self.address: tuple[str, int] = (host, port)

    def close(self) -> None:
        """End it, with the mesh."""
        self._client.stop_channels()
        self._manager.shutdown_kernel()

    def run(self, code: str) -> Any:
        """Run code; give the JSON of the last line that it prints."""
        printed: list[str] = []
        reply = self._client.execute_interactive(
            code, timeout=600, output_hook=lambda message: printed.append(message["content"].get("text", ""))
        )
        if reply["content"]["status"] != "ok":
            sys.exit(f"a cell of the benchmark failed: {reply['content'].get('evalue')}")
        lines = "".join(printed).splitlines()
        return json.loads(lines[-1]) if lines and lines[-1][:1] in ("[", "{") else None

    def typed(self, text: str) -> dict[str, Any]:
        """Have a text of a cell taken as far as it can be before it is run."""
        return self.run(f"print('\\n' + json.dumps(typed({text!r})))")

    def live(self, text: str, edit: str) -> float:
        """Run a cell; give the seconds from the request to the first response that carries the edit."""
        request = Request("GET", "details:9080", "/details/123")
        start = time.perf_counter()
        asked = self._client.execute(text)
        while roundtrip(self.address, request, timeout=60).headers.get("x-edit") != edit:
            time.sleep(0.001)
        took = time.perf_counter() - start
        while self._client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != asked:
            pass
        return took


def ahead(figures: Figures, names: Sequence[str] = LANGUAGES) -> None:
    """Measure each language that has a toolchain here."""
    from languages import ready  # noqa: PLC0415 - which measures these languages otherwise

    kernel = Kernel()
    try:
        for name in [name for name in names if ready(name)]:
            line = f"%%wasm_filter typed-{name} --lang {name} --deploy app=details --config '{CONFIG}' --timeout 120"
            kernel.run(f"{line}\n{edited(name, f'{time.time_ns():x}')}")
            for run in range(-1, runs(FEW if name == "go" else MANY)):
                edit = f"{time.time_ns():x}"
                text = f"{line}\n{edited(name, edit)}"
                marked = kernel.typed(f"{text}\n{_BROKEN[name]}\n")
                found = kernel.typed(text)
                if found["said"]:
                    sys.exit(f"{name} is not ready: {found['said']}")
                took = kernel.live(text, edit)
                if run >= 0:
                    figures.add(f"{name}_squiggle_kernel_ms", marked["compiled"] * 1e3, "ms", "report")
                    figures.add(f"{name}_ahead_ready_ms", found["ready"] * 1e3, "ms", "report")
                    figures.add(f"{name}_run_to_live_ms", took * 1e3, "ms", _GOALS.get(name, "<= 40"))
            kernel.run(f"%wasm_undeploy typed-{name}")
    finally:
        kernel.close()
