"""``make binder``: what a Binder would do with this checkout, without Docker; then every notebook in it, cut off.

First the Dockerfile that repo2docker makes of ``binder/`` is rendered and looked through. Then its steps are done by a
user without rights and with an empty home: packages, a copy of the tree, ``postBuild``. Then ``start`` runs each
notebook on one CPU and without a network. It prints what that took, and fails where a Binder (2 GB) would. With
``--look`` it stops after the first step.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import tomllib
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
#: What a cluster, or a mesh of another process, is needed for.
_ELSEWHERE = {"istio.ipynb", "a-filter-is-not-live.ipynb", "roll-back-now.ipynb", "roll-out-a-filter.ipynb"}
#: What the workspace opens.
_FIRST = "00-a-request-through-two-proxies.ipynb"
_MIB = 2**20
_LIMIT_MIB = 2048
_USER = 1000
#: How this machine reaches registries, where a proxy of its own stands in between.
_NETWORK = {"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
#: What repo2docker's own environment has, as far as we use it.
_BASE = ("jupyterlab==4.4.9", "ipykernel==7.0.1", "setuptools", "wheel")


def rendered() -> str:
    """Give the Dockerfile that repo2docker makes."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--user-id", str(_USER), "--user-name", "jovyan"]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=True)
    return done.stderr + done.stdout


def look(dockerfile: str) -> list[str]:
    """Say what is wrong with a rendered Dockerfile and with the pins."""
    wanted = {
        "the Python": "python=" + (BINDER / "runtime.txt").read_text().strip().removeprefix("python-"),
        "packages before the tree": 'pip install --no-cache-dir -r "binder/requirements.txt"',
        "postBuild": "RUN ./binder/postBuild",
        "start": 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    }
    problems = [f"repo2docker does not see {what}" for what, text in wanted.items() if text not in dockerfile]
    problems += [
        f"{name} is not executable" for name in ("postBuild", "start") if not os.access(BINDER / name, os.X_OK)
    ]
    there = {"python_version": (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")}
    pins = {pin.name.lower(): pin for pin in map(Requirement, _lines(BINDER / "requirements.txt"))}
    for asked in map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
        if asked.marker and not asked.marker.evaluate(there):
            continue
        pin = pins.get(asked.name.lower())
        version = next(iter(pin.specifier)).version if pin else ""
        if not version or not asked.specifier.contains(version):
            problems.append(f"binder/requirements.txt does not pin {asked}")
    return problems


def build(home: Path) -> Path:
    """Do the Dockerfile's steps in a home; gives the tree."""
    tree = home / "repository"
    tree.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    # The interpreter in use may stand where a user without rights does not come.
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    python = shutil.which(f"python{version}", path=os.defpath) or sys.executable
    command = [sys.executable, "-m", "virtualenv", "--quiet", "--python", python, str(home / "environment")]
    subprocess.run(command, check=True)
    _own(home)
    _run(home, ["pip", "install", "--quiet", "--no-cache-dir", *_BASE])
    _run(home, ["pip", "install", "--quiet", "--no-cache-dir", "-r", str(tree / "binder" / "requirements.txt")])
    _run(home, ["./binder/postBuild"], cwd=tree)
    return tree


def execute(home: Path, tree: Path, notebook: Path) -> tuple[float, float, float]:
    """Run a notebook through ``start``: seconds to the first cell's end, CPU seconds, and the most MiB at once."""
    client = home / "client.py"
    client.write_text(_CLIENT)
    command = _alone(["./binder/start", "python", str(client), str(notebook)])
    before = time.time()
    process = subprocess.Popen(command, cwd=tree, env=_environment(home), stdout=subprocess.PIPE, text=True)
    peak = _Peak(process.pid)
    said, _ = process.communicate(timeout=1200)
    most = peak.stop()
    if process.returncode:
        sys.exit(f"{notebook.name} failed in what a Binder would be")
    first, cpu = re.findall(r"^first (\S+) cpu (\S+)$", said, re.MULTILINE)[-1]
    return float(first) - before, float(cpu), most


#: What runs inside: a notebook, cell by cell, in a kernel of its own.
_CLIENT = """
import asyncio, resource, sys, time
import nbformat
from nbclient import NotebookClient


class Client(NotebookClient):
    first = 0.0

    async def async_execute_cell(self, cell, index, **more):
        done = await super().async_execute_cell(cell, index, **more)
        if cell.cell_type == "code" and not self.first:
            Client.first = time.time()
        return done


if __name__ == "__main__":
    path = sys.argv[1]
    book = nbformat.read(path, as_version=4)
    folder = path.rpartition("/")[0]
    if folder.endswith("/workshop"):
        from wasmnb.exercises import chapters, solved

        book = nbformat.from_dict(solved(book, chapters(folder)))
    place = {"metadata": {"path": folder}}
    Client(book, timeout=300, kernel_name="python3", resources=place).execute()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"first {Client.first} cpu {sum(one.ru_utime + one.ru_stime for one in used):.1f}")
"""


class _Peak:
    """The most memory that a process and its descendants had at once, shared pages counted once."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._end = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._end.wait(0.5):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        total = 0
        try:
            whole = [psutil.Process(self._pid), *psutil.Process(self._pid).children(recursive=True)]
        except psutil.Error:
            return 0
        for one in whole:
            with contextlib.suppress(psutil.Error):
                total += one.memory_full_info().pss
        return total

    def stop(self) -> float:
        self._end.set()
        self._thread.join()
        return self._most / _MIB


def _alone(command: list[str]) -> list[str]:
    """One CPU, no rights, and no network but the loopback."""
    inner = ["taskset", "-c", "0", *command]
    if os.geteuid() == 0:
        user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--no-new-privs"]
        return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *user, *inner]
    own = ["unshare", "--user", "--map-root-user", "--net"]
    return [*own, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *inner]


def _run(home: Path, command: list[str], cwd: Path | None = None) -> None:
    drop = {"user": _USER, "group": _USER, "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(command, cwd=cwd or home, env=_environment(home), check=True, **drop)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or name in _NETWORK}
    kept |= {name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "npm_config_"))}
    path = os.pathsep.join([str(home / "environment" / "bin"), os.defpath])
    return {**kept, "PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TMPDIR": str(home / "tmp")}


def _own(home: Path) -> None:
    (home / "tmp").mkdir(exist_ok=True)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{_USER}:{_USER}", str(home)], check=True)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def main() -> int:
    """Do it, and print the figures."""
    problems = look(rendered())
    if problems or "--look" in sys.argv:
        print("\n".join(problems) or "repo2docker takes binder/ as it is meant")
        return len(problems)
    home = Path(tempfile.mkdtemp(prefix="binder-"))
    home.chmod(0o755)
    try:
        start = time.monotonic()
        tree = build(home)
        print(f"binder_build_s {time.monotonic() - start:.0f}")
        size = sum(path.lstat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
        print(f"binder_installed_mib {size / _MIB:.0f}")
        taken = {}
        for notebook in sorted((tree / "notebooks").rglob("*.ipynb")):
            if notebook.name not in _ELSEWHERE:
                taken[notebook.name] = execute(home, tree, notebook)
                first, cpu, most = taken[notebook.name]
                print(f"{notebook.name}: first cell after {first:.1f} s, {cpu:.1f} s of CPU, {most:.0f} MiB")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    most = max(one[2] for one in taken.values())
    print(f"binder_start_s {taken[_FIRST][0]:.1f}")
    print(f"binder_peak_mib {most:.0f}")
    print(f"binder_cpu_s {sum(one[1] for one in taken.values()):.0f}")
    print(f"binder_workshop_cpu_s {sum(one[1] for name, one in taken.items() if name[:2].isdigit()):.0f}")
    return int(most > _LIMIT_MIB)


if __name__ == "__main__":
    sys.exit(main())
