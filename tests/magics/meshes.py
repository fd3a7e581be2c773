"""A mesh in memory, for what a real one cannot be made to do: to be slow, to quote a secret, to be half live."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.check import Check, Checks
from wasmnb.mesh import Pod, PodVerdict, Verdict
from wasmnb.mesh.results import Logs, Pods, Verdicts
from wasmnb.plugin.plugins import Plugins
from wasmnb.traffic import Exchange, Headers, Request, Response

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin


@dataclass
class FakeMesh:
    """Two pods; every plugin is LIVE at once unless told otherwise."""

    name: str = "fake"
    verdict: Verdict = Verdict.LIVE
    reason: str = ""
    slow: float = 0.0
    mark: str = ""
    response: tuple[tuple[str, str], ...] = (("content-type", "text/plain"),)
    lines: tuple[str, ...] = ()
    applied: int = 0
    stopped: bool = False
    needs_registry: bool = False
    gateway: str = ""
    prove: object = None
    about: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    there: dict[str, Plugin] = field(default_factory=dict)
    past: list[Plugin] = field(default_factory=list)
    waited: float = 10.0

    def pods(self):
        now = datetime.now(timezone.utc)
        return Pods(
            tuple(
                Pod(f"{app}-v1", app, {"app": app, "version": "v1"}, "2/2", "Running", 0, now, "127.0.0.1:1")
                for app in ("details", "productpage")
            )
        )

    def render(self, plugin):
        return f"id: {plugin.id}\nimage: {plugin.image.digest}\nconfig: {plugin.config_text}\n"

    def rendered(self, id):  # noqa: A002 - the protocol's word
        return self.render(self.there[id]) if id in self.there else ""

    def history(self, id):  # noqa: A002
        return Plugins(tuple(plugin for plugin in self.past if plugin.id == id))

    def apply(self, plugin, *, only=None, allow_trap=False, wait=10.0, progress=None):
        self.applied += 1
        self.waited = wait
        self.there[plugin.id] = plugin
        self.past.insert(0, plugin)
        if self.mark:
            Path(self.mark).touch()
        time.sleep(self.slow)
        return self.verdicts(plugin.id)

    def removed(self, id):  # noqa: A002
        return []

    def remove(self, id):  # noqa: A002
        return self.there.pop(id)

    def plugins(self):
        return Plugins(tuple(self.there.values()))

    def verdicts(self, id=None):  # noqa: A002
        now = datetime.now(timezone.utc)
        found = [
            PodVerdict(
                pod.name,
                plugin.id,
                self.verdict if plugin.selects(pod.labels) else Verdict.NOT_SELECTED,
                plugin.image.digest,
                plugin.image.digest,
                self.reason,
                self.lines,
                now,
            )
            for plugin in self.there.values()
            if id in (None, plugin.id)
            for pod in self.pods()
        ]
        return Verdicts(tuple(found))

    def send(
        self,
        source,
        url,
        *,
        method="GET",
        headers=(),
        body=b"",
        via="proxy",
        timeout=5.0,
        pod="",
        received=False,
        levels=False,
    ):
        host, _, path = url.partition("/")
        added = tuple((f"x-{name}", plugin.image.digest[-4:]) for name, plugin in self.there.items())
        return Exchange(
            Request(method, host, f"/{path}", Headers(tuple(headers)), body),
            Response(200, "OK", Headers(self.response + added)),
            source,
            "details-v1",
            via,
            0.001,
            datetime.now(timezone.utc),
        )

    def logs(self, pod, *, tail=None):
        return Logs(self.lines[-(tail or 0) :], pod=pod)

    def doctor(self):
        return Checks((Check("mesh", ok=True, detail=f"{self.name}, {len(self.pods())} pods"),))

    def stop(self):
        self.stopped = True
