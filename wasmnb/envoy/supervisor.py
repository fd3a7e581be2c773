"""The process that keeps a local mesh running, and ends all of it when the kernel ends.

It runs as a script of its own (``python -S -E``), imports only what it needs, and knows nothing of Envoy: it is told
what to start. Its standard input is the life line: at its end (the kernel is gone, even by SIGKILL) everything ends.
On standard output it reports what happens, one JSON object a line.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STABLE = 10.0
_LOOK = 0.5
_MOST_KEPT = 300  # lines


class Keeper:
    """Starts processes, restarts those that end, and ends them all.

    Parameters
    ----------
    spec : dict
        ``folder`` (removed at the end), ``parent`` (pid of the kernel), ``log_bytes`` (bound of one log file) and
        ``processes``: dicts with ``name``, ``log``, and ``argv`` or ``module`` (a Python file with ``serve``) and
        ``options``; with ``keep``, texts of lines that stay in the log when older ones are let go.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.folder: str = spec["folder"]
        self.parent: int = spec["parent"]
        self.log_bytes: int = spec["log_bytes"]
        self.children: dict[int, str] = {}
        self.processes: dict[str, dict[str, Any]] = {}
        self.due: dict[str, float] = {}
        self.modules: dict[str, Any] = {}
        self.libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self.wake, wake_end = os.pipe()
        for end in (self.wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._stop)
        self.stopping = False
        self.pending = b""

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def tell(self, **event: Any) -> None:
        """Report something; a kernel that is gone is noticed elsewhere."""
        try:
            os.write(1, json.dumps(event).encode() + b"\n")
        except OSError:
            self.stopping = True

    def start(self, process: dict[str, Any]) -> None:
        """Start a process, now."""
        name = process["name"]
        process.setdefault("restarts", 0)
        process.setdefault("crashes", 0)
        self.processes[name] = process
        self.due.pop(name, None)
        module = self._module(process["module"]) if "module" in process else None
        log = os.open(process["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        own = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(process, module, log, own)
        os.close(log)
        process["pid"] = pid
        process["at"] = time.time()
        self.children[pid] = name
        self.tell(event="started", name=name, pid=pid, at=process["at"], restarts=process["restarts"])

    def _become(self, process: dict[str, Any], module: Any, log: int, supervisor: int) -> None:
        try:
            if self.libc is not None:
                self.libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:
                os._exit(1)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            if module is None:
                os.execv(process["argv"][0], process["argv"])  # noqa: S606
            module.serve(process["options"])
        except BaseException as error:  # noqa: BLE001 - nothing of it may reach the supervisor's own code
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(1)

    def _module(self, path: str) -> Any:
        if path not in self.modules:
            folder, file = os.path.split(path)
            if folder not in sys.path:
                sys.path.insert(0, folder)
            self.modules[path] = __import__(file.removesuffix(".py"))
        return self.modules[path]

    def reap(self) -> None:
        """Take note of every process that ended, and plan when it starts again."""
        while self.children:
            try:
                pid, code = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self.children.pop(pid, None)
            process = self.processes.get(name) if name else None
            if name is None or process is None:
                continue
            now = time.time()
            # As the kubelet does: at once for the first time, then later and later, until it has run for a while.
            stable = process.pop("asked", False) or now - process["at"] > _STABLE
            process["crashes"] = 0 if stable else process["crashes"]
            delay = 0.0 if process["crashes"] == 0 else min(0.25 * 2 ** process["crashes"], 5.0)
            process["crashes"] += 1
            process["restarts"] += 1
            self.due[name] = time.monotonic() + delay
            self.tell(event="ended", name=name, code=os.waitstatus_to_exitcode(code), at=now, delay=delay)

    def order(self, order: dict[str, Any]) -> None:
        """Do what the kernel asks."""
        if order["do"] == "start":
            self.start(order["process"])
        elif order["do"] == "restart":
            process = self.processes.get(order["name"], {})
            if process.get("pid") in self.children:
                process["asked"] = True
                os.kill(process["pid"], signal.SIGKILL)
            elif order["name"] in self.due:
                self.due[order["name"]] = time.monotonic()
        elif order["do"] == "stop":
            self.stopping = True

    def read_orders(self) -> None:
        """Read what stands in the life line; its end is the end of everything."""
        data = os.read(0, 65536)
        if not data:
            self.stopping = True
            return
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.order(json.loads(line))

    def rotate(self) -> None:
        """Bound the log files: keep one older file, and let the writer go on at the start of an empty one."""
        for process in self.processes.values():
            handle = os.open(process["log"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size > self.log_bytes:
                    self._set_aside(handle, process["log"] + ".old", process.get("keep", ()))
            finally:
                os.close(handle)

    def _set_aside(self, handle: int, path: str, keep: list[str]) -> None:
        old = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Only the newest part is kept of what came faster than it could be set aside.
            text = b"".join([os.pread(old, os.fstat(old).st_size, 0), os.pread(handle, os.fstat(handle).st_size, 0)])
            newest = max(0, len(text) - self.log_bytes)
            cut = text.find(b"\n", newest) + 1 or newest
            kept = records(text[:cut], [word.encode() for word in keep])
            os.truncate(old, 0)
            os.pwrite(old, kept + text[cut:], 0)
            os.truncate(handle, 0)
        finally:
            os.close(old)

    def run(self) -> None:
        """Keep everything running until told to stop."""
        looked = time.monotonic()
        while not self.stopping:
            now = time.monotonic()
            for name in [name for name, due in self.due.items() if due <= now]:
                self.start(self.processes[name])
            until = min([*self.due.values(), now + _LOOK])
            readable, _, _ = select.select([0, self.wake], [], [], max(0.0, until - time.monotonic()))
            if self.wake in readable:
                os.read(self.wake, 4096)
            if 0 in readable:
                self.read_orders()
            self.reap()
            # A process that the kernel forked may hold the life line open: the kernel's end is looked for as well.
            if os.getppid() != self.parent:
                self.stopping = True
            if now - looked > _LOOK:
                looked = now
                self.rotate()

    def end(self) -> None:
        """End every process, then remove the folder."""
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)
        for pid in self.children:
            os.waitpid(pid, 0)
        remove(self.folder)


def records(text: bytes, words: list[bytes]) -> bytes:
    """Give the lines that hold one of the words, each with the lines behind it that belong to it, the newest ones.

    Parameters
    ----------
    text : bytes
    words : list of bytes
    """
    kept: list[bytes] = []
    taking = False
    for line in text.splitlines(keepends=True):
        # A line that does not begin with a time goes on with the one before.
        taking = any(word in line for word in words) or (taking and not line.startswith(b"["))
        if taking:
            kept.append(line)
    return b"".join(kept[-_MOST_KEPT:])


def remove(folder: str) -> None:
    """Remove a folder with all that is in it."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            remove(entry.path)
        else:
            os.unlink(entry.path)  # noqa: PTH108 - pathlib would cost more than all of this
    os.rmdir(folder)  # noqa: PTH106


def main() -> None:
    """Read the specification from the first line of standard input, and keep it running."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    spec = json.loads(line)
    for handle in spec["held"]:
        fcntl.fcntl(handle, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    keeper = Keeper(spec)
    try:
        for process in spec["processes"]:
            keeper.start(process)
        keeper.run()
    finally:
        keeper.end()


if __name__ == "__main__":
    main()
