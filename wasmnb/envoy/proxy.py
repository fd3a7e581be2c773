"""One Envoy of the mesh as the kernel sees it: the chain it was given, and what it says of itself."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.admin import Admin, Question
from wasmnb.envoy.bootstrap import Route, Site, bootstrap, command
from wasmnb.envoy.effect import Trial
from wasmnb.envoy.log import LASTING, Log
from wasmnb.envoy.own_requests import OwnRequests
from wasmnb.plugin.enums import PluginType
from wasmnb.plugin.identity import build_key
from wasmnb.plugin.rendering.envoy import (
    AHEAD_NAME,
    ahead_resource,
    chain_resource,
    idle_filter,
    network_resource,
    wasm_filter,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from wasmnb.envoy.admin import Discovery
    from wasmnb.envoy.log import Trap
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin

__all__ = ["Applied", "Chain", "Proxy", "Standing", "loading"]

_BOOTSTRAP = "bootstrap.json"


@dataclass(frozen=True)
class Applied:
    """A plugin as it is handed to proxies.

    Parameters
    ----------
    plugin : Plugin
    root_id : str
        The root id in use.
    filename : str
        The module in the mesh's folder, named by its content.
    trial : Trial
        What was seen of it on the canary.
    attempt : int
        How often the same was deployed again after its VM had crashed.
    """

    plugin: Plugin
    root_id: str
    filename: str
    trial: Trial = field(default_factory=Trial)
    attempt: int = 0

    @cached_property
    def filter(self) -> dict[str, Any]:
        """The filter, or the singleton service, as JSON values."""
        made = wasm_filter(self.plugin, filename=self.filename, root_id=self.root_id)
        if self.attempt:
            # An Envoy does nothing for what it has already, so that a crashed VM would stay.
            made["name"] += f"~{self.attempt}"
        return made

    @cached_property
    def build(self) -> Hashable:
        """What does the same to a request."""
        return build_key(self.plugin)

    @property
    def network(self) -> bool:
        """Whether it filters connections, not requests."""
        return self.plugin.type is PluginType.NETWORK

    @property
    def singleton(self) -> bool:
        """Whether it filters nothing, and starts with its proxy."""
        return self.plugin.type is PluginType.SINGLETON

    @property
    def speaker(self) -> str:
        """What Envoy 1.40 writes in front of each text that its module logs."""
        return f"{self.root_id} {self.plugin.vm_id or self.plugin.id}".strip()

    @property
    def loading(self) -> float:
        """Seconds that an Envoy may need to compile the module."""
        return loading(self.plugin.image.module)

    def same(self, other: Applied | None) -> bool:
        """Whether a proxy would see no difference."""
        if other is None:
            return False
        return self.filter == other.filter and self.plugin.image.digest == other.plugin.image.digest


def loading(module: Module) -> float:
    """Give the seconds that an Envoy may need to compile a module: V8 takes 1 s of CPU per MiB on an idle machine."""
    return 4.0 * module.size / 2**20


@dataclass(frozen=True)
class Chain:
    """The ordered plugins of one proxy, under a version that Envoy repeats once it has accepted them.

    The version names every image digest, so that what an Envoy reports is the proof by itself.
    """

    number: int
    plugins: tuple[Applied, ...] = ()

    @property
    def version(self) -> str:
        """What Envoy is to report as ``version_text``."""
        return " ".join([str(self.number), *(f"{one.plugin.id}@{one.plugin.image.digest}" for one in self.plugins)])

    @staticmethod
    def running(version: str, plugin: str) -> str:
        """Give the digest that a reported version names for a plugin; empty when it names none."""
        found = [entry.partition("@") for entry in version.split(" ")[1:]]
        return next((digest for name, _, digest in found if name == plugin), "")

    def get(self, plugin: str) -> Applied | None:
        """Find a plugin by its id."""
        return next((one for one in self.plugins if one.plugin.id == plugin), None)

    def same(self, plugins: Sequence[Applied]) -> bool:
        """Whether these plugins in this order are what the chain has already."""
        pairs = zip(self.plugins, plugins, strict=False)
        return len(self.plugins) == len(plugins) and all(old.same(new) for old, new in pairs)


@dataclass(frozen=True)
class Standing:
    """What is in force under one id.

    Parameters
    ----------
    newest : Applied
        What was applied last.
    pods : mapping of Proxy to Applied
        What each of them is to run; another than the newest on those that a rollout in steps has not come to yet.
    """

    newest: Applied
    pods: Mapping[Proxy, Applied]

    @classmethod
    def on(cls, applied: Applied, proxies: Iterable[Proxy], former: Standing | None = None) -> Standing:
        """Put a plugin on some proxies; on the others stays what the former standing has there."""
        return cls(applied, {**(former.pods if former else {}), **dict.fromkeys(proxies, applied)})

    def has(self, plugin: Plugin, proxies: Iterable[Proxy]) -> bool:
        """Whether each of these is to run this very plugin."""
        return all(proxy in self.pods and self.pods[proxy].plugin == plugin for proxy in proxies)


class Proxy:
    """One Envoy.

    Parameters
    ----------
    site : Site
    labels : mapping of str to str
        What selectors see.
    service : Question or None
        How to find out whether the service behind it answers; None when there is none (the canary).
    """

    def __init__(self, site: Site, labels: Mapping[str, str], service: Question | None) -> None:
        self.site = site
        self.name = site.name
        self.labels = dict(labels)
        self.service = service
        self.folder = Path(site.folder)
        self.admin = Admin(self.folder / "admin.sock")
        self.tapping = threading.Lock()
        self.log = Log(self.folder / "log")
        self.health = Question(str(self.folder / "health.sock"))
        self.chain = Chain(0)
        self.asked_restarts = 0
        # How often it was handed a chain, and how often when it had taken over the last one: another number until then.
        self.written, self.taken = 0, -1
        self._bootstrap: dict[str, Any] = {}
        self.ahead: tuple[str, ...] = ()
        # While it compiles what it loads ahead, its main thread answers nothing.
        self.compiles_ahead = False
        # The process that does, how often it had been handed a chain, and what it had accepted before: until it has
        # done, it accepts nothing else.
        self.accepted: tuple[int, int, Discovery] | None = None
        self._ahead_lock = threading.Lock()
        self._writes: Counter[str] = Counter()
        self.reloads: dict[str, tuple[int, int]] = {}
        self.crashes: dict[str, tuple[Applied, Trap]] = {}
        self.own = OwnRequests()

    @property
    def address(self) -> str:
        """``host:port`` where others reach it; empty for the canary."""
        return "{}:{}".format(*self.site.inbound) if self.site.inbound else ""

    def prepare(self, envoy: str, routes: Sequence[Route], level: str) -> dict[str, Any]:
        """Write what the Envoy starts with; give the process for the supervisor."""
        for name in ("chain", "network", AHEAD_NAME):
            (self.folder / name).mkdir(parents=True)
        self.write(Chain(1))
        self.load_ahead(())
        self.log.traced = level == "trace"
        self._bootstrap = bootstrap(self.site, routes)
        config = self.folder / _BOOTSTRAP
        config.write_text(json.dumps(self._bootstrap), "utf-8")
        argv = command(envoy, str(config), level)
        return {"name": self.name, "argv": argv, "log": str(self.log.path), "keep": LASTING}

    def write(self, chain: Chain) -> bool:
        """Hand a chain to the Envoy: it sees the old file or the new one, never a half.

        Returns
        -------
        bool
            Whether it must be started again to have it: a singleton service of the chain comes, changes or goes.
        """
        services, former = ([one.filter for one in known.plugins if one.singleton] for known in (chain, self.chain))
        filters = [one.filter for one in chain.plugins if not (one.network or one.singleton)]
        if not self.site.inbound:
            # What only tries modules takes a service as well, without a start of its own.
            filters += [idle_filter(one) for one in services]
        elif services != former:
            self._bootstrap["bootstrap_extensions"] = services
            temporary = self.folder / f"{_BOOTSTRAP}.part"
            temporary.write_text(json.dumps(self._bootstrap), "utf-8")
            temporary.replace(self.folder / _BOOTSTRAP)
        self._write("network", network_resource(chain.version, [one.filter for one in chain.plugins if one.network]))
        self._write("chain", chain_resource(chain.version, filters))
        # Last: who reads it before the chain knows that this chain is another one.
        self.chain = chain
        self.written += 1
        return bool(self.site.inbound) and services != former

    def load_ahead(self, filenames: Sequence[str]) -> None:
        """Have the Envoy load modules, and let go of others, where nothing of them acts."""
        # One that ends is told by the thread that sees it end, whoever else is at it.
        with self._ahead_lock:
            self.ahead = tuple(filenames)
            self._write(AHEAD_NAME, ahead_resource(str(self._writes[AHEAD_NAME] + 1), self.ahead))

    @property
    def ahead_version(self) -> str:
        """What Envoy is to report once it has loaded what `load_ahead` was given last."""
        return str(self._writes[AHEAD_NAME])

    def _write(self, name: str, resource: dict[str, Any]) -> None:
        self._writes[name] += 1
        number = self._writes[name]
        # A symbolic link is what is renamed: over a regular file, ext4 first writes the new one's data out, which
        # takes up to 10 ms. The file before stays for an Envoy that is just opening it.
        # Of every deployment, several times: os is faster than pathlib at this.
        folder = str(self.folder)
        file, link = f"{folder}/{name}-{number}.json", f"{folder}/{name}.next"
        with open(file, "wb") as opened:  # noqa: PTH123
            opened.write(json.dumps(resource, ensure_ascii=False).encode())
        with suppress(FileNotFoundError):
            os.unlink(link)  # noqa: PTH108
        os.symlink(file, link)  # noqa: PTH211
        os.replace(link, f"{folder}/{name}/{name}.json")  # noqa: PTH105
        with suppress(FileNotFoundError):
            os.unlink(f"{folder}/{name}-{number - 2}.json")  # noqa: PTH108
