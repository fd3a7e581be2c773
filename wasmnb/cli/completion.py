"""Tab in bash, zsh and fish: what makes them ask, and the answer.

The answer imports next to nothing: words come from a table in the package, names from the index of the store and from
the files of running meshes, pods and plugins from the mesh's own process. Only a line that is about a cluster asks one.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCRIPTS", "complete", "script"]

_PATHS = ("", "path", "files", "folders")
_QUOTES = "'\""

_BASH = """\
_wasmnb() {
  local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" word cut
  local found=($(wasmnb __complete "$line" 2>/dev/null))
  if [[ ${found[0]} == files ]]; then
    compopt -o default
    COMPREPLY=()
    return
  fi
  # readline replaces what stands behind the last of these signs only
  word="${line##*[[:space:]]}"
  cut="${word%"${word##*[:=@]}"}"
  COMPREPLY=("${found[@]:1}")
  COMPREPLY=("${COMPREPLY[@]#"$cut"}")
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace
}
complete -F _wasmnb wasmnb
"""
_ZSH = """\
#compdef wasmnb
_wasmnb() {
  local -a found
  found=("${(@f)$(wasmnb __complete "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)}")
  if [[ $found[1] == files ]]; then
    _files
    return
  fi
  shift found
  compadd -S '' -- ${(M)found:#*[=/]}
  compadd -- ${found:#*[=/]}
}
compdef _wasmnb wasmnb
"""
_FISH = """\
function __wasmnb_complete
  set -l found (wasmnb __complete (commandline -cp) 2>/dev/null)
  if test "$found[1]" = files
    __fish_complete_path (commandline -ct)
  else if set -q found[2]
    printf '%s\\n' $found[2..-1]
  end
end
complete -c wasmnb -f -a '(__wasmnb_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str | None:
    """Give what a shell reads so that Tab works; None for a shell that is not known."""
    return SCRIPTS.get(shell)


def complete(line: str) -> list[str]:
    """Answer at Tab.

    Parameters
    ----------
    line : str
        The command line up to the cursor, the program's name included.

    Returns
    -------
    list of str
        ``files`` where the shell is to offer files; else ``words``, and behind it the words that may stand in place of
        the one that is typed.
    """
    from wasmnb.cli.completion_table import table  # noqa: PLC0415

    words, typed = _split(line)
    return _Answer(table(), words[1:], typed).give()


class _Answer:
    """What may stand at a place of a line."""

    def __init__(self, table: dict[str, Any], words: list[str], typed: str) -> None:
        self.table, self.words, self.typed = table, words, typed
        self.verb: Any = table["verbs"].get(words[0]) if words else None

    def give(self) -> list[str]:
        """Answer."""
        if not self.words:
            return self._words([*self.table["verbs"], "completion", "help", "--version", "--help"])
        if self.verb is None:
            return self._words({"completion": SCRIPTS, "help": self.table["verbs"]}.get(self.words[0], ()))
        return self._of_verb()

    def _of_verb(self) -> list[str]:
        flag, equals, value = self.typed.partition("=")
        option = self._option(flag) if equals else None
        if option is not None:
            return self._values(option[2], value, before=f"{flag}=")
        waiting = self._option(self.words[-1])
        if waiting is not None and waiting[1]:
            return self._values(waiting[2], self.typed)
        if self.typed.startswith("-"):
            used = {word.partition("=")[0] for word in self.words}
            left = [one[0] for one in self.verb["options"] if one[3] or not used.intersection(one[0])]
            return self._words([flags[0] for flags in left])
        if self.verb["free"]:
            return self._key(flag, equals, value)
        return self._place()

    def _key(self, key: str, equals: str, value: str) -> list[str]:
        if not equals:
            return self._words([f"{one}=" for one in self.table["keys"]])
        if key == "selector":
            return self._values("selector", value, before="selector=")
        return self._words([f"{key}={word}" for word in self.table["keys"].get(key, ()) if word.startswith(value)])

    def _place(self) -> list[str]:
        arguments, at, skip = self.verb["arguments"], 0, False
        for word in self.words[1:]:
            option = self._option(word.partition("=")[0])
            if skip or option is not None:
                skip = not skip and option is not None and option[1] and "=" not in word
            else:
                at += 1
        if arguments and arguments[-1][1]:
            at = min(at, len(arguments) - 1)
        if at < len(arguments):
            return self._values(arguments[at][0], self.typed)
        return self._words([one[0][0] for one in self.verb["options"]])

    def said(self, *flags: str) -> str | None:
        """Give the value of an option that stands on the line already."""
        words = [part for word in self.words for part in word.split("=", 1)]
        return next((value for flag, value in pairwise(words) if flag in flags), None)

    def _option(self, flag: str) -> list[Any] | None:
        return next((one for one in self.verb["options"] if flag in one[0]), None)

    def _registered(self, kind: str) -> list[str]:
        if kind not in self.table["groups"]:
            return []
        from wasmnb.cli.completion_table import registered  # noqa: PLC0415

        return registered(self.table["groups"][kind])

    def _words(self, words: Any) -> list[str]:
        return ["words", *(word for word in words if word.startswith(self.typed))]

    def _values(self, kind: str, typed: str, before: str = "") -> list[str]:
        if kind in _PATHS:
            return ["files"]
        head = ""
        if kind in ("selector", "steps"):
            at = max(typed.rfind(sign) for sign in (",+" if kind == "steps" else ","))
            head, typed = typed[: at + 1], typed[at + 1 :]
        if "|" in kind:
            known = kind.split("|")
        elif kind in self.table["lists"]:
            known = [*self.table["lists"][kind], *self._registered(kind)]
        else:
            known = _ASKED.get(kind, _nothing)(self)
        found = [f"{before}{head}{word}" for word in known if word.lower().startswith(typed.lower())]
        # A module, a source or a folder is as good as an image.
        return ["files"] if not found and kind in ("deployable", "builds") else ["words", *found]


def _split(line: str) -> tuple[list[str], str]:
    """Split a line as a shell does; its last word is being typed, and its quote may be open."""
    words: list[str] = []
    word, quote, begun, escaped = "", "", False, False
    for sign in line:
        if escaped:
            word, escaped = word + sign, False
        elif sign == "\\" and quote != "'":
            escaped = begun = True
        elif quote:
            word, quote = (word, "") if sign == quote else (word + sign, quote)
        elif sign in _QUOTES:
            quote, begun = sign, True
        elif sign.isspace():
            words += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + sign, True
    return words, word


def _nothing(_: _Answer) -> list[str]:
    return []


def _images(_: _Answer) -> list[str]:
    from wasmnb.paths import data_dir  # noqa: PLC0415

    root = os.environ.get("WASMNB_STORE") or str(data_dir("store"))
    try:
        entries = json.loads(Path(root, "index.json").read_text("utf-8")).get("manifests", [])
    except (OSError, ValueError):
        return []
    names = (entry.get("annotations", {}).get("org.opencontainers.image.ref.name") for entry in entries)
    return sorted({name for name in names if name})


def _repositories(answer: _Answer) -> list[str]:
    return sorted({name.rpartition(":")[0] for name in _images(answer)})


def _registrations() -> list[dict[str, Any]]:
    from wasmnb.paths import runtime_dir  # noqa: PLC0415

    found = []
    with suppress(OSError):
        for path in sorted(runtime_dir().glob("*.mesh.json")):
            with suppress(OSError, ValueError):
                found.append(json.loads(path.read_text("utf-8")))
    return found


def _running(_: _Answer) -> list[str]:
    return [one["name"] for one in _registrations()]


def _usable(answer: _Answer) -> list[str]:
    return [*_running(answer), "istio"]


def _mesh(answer: _Answer) -> dict[str, Any]:
    """Ask the mesh of this machine that the line is about for names."""
    from multiprocessing.connection import Client  # noqa: PLC0415
    from multiprocessing.context import AuthenticationError  # noqa: PLC0415

    named = answer.said("--mesh", "-m")
    for one in _registrations():
        if named in (None, one["name"]):
            try:
                connection = Client(one["socket"], "AF_UNIX", authkey=bytes.fromhex(one["key"]))
            except (OSError, EOFError, AuthenticationError):
                continue  # it is gone
            with connection, suppress(OSError, EOFError):
                connection.send(("names", (), {}, None, False))
                what, value = connection.recv()
                return value if what == "result" else {}
    return {}


def _of_mesh(key: str) -> Callable[[_Answer], list[str]]:
    def give(answer: _Answer) -> list[str]:
        named, cluster = answer.said("--mesh", "-m"), answer.said("--context", "--namespace", "-n")
        if (named or ("istio" if cluster else os.environ.get("WASMNB_MESH"))) == "istio":
            return _of_cluster(key, answer)
        return list(_mesh(answer).get(key, []))

    return give


def _contexts(_: _Answer) -> list[str]:
    import yaml  # noqa: PLC0415

    found: list[str] = []
    for name in (os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")).split(os.pathsep):  # noqa: PTH111
        with suppress(OSError, yaml.YAMLError, AttributeError, TypeError, KeyError):
            text = Path(name).read_text("utf-8")
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            found += [one["name"] for one in yaml.load(text, loader).get("contexts") or []]  # noqa: S506 - a safe one
    return list(dict.fromkeys(found))


def _namespaces(answer: _Answer) -> list[str]:
    return _of_cluster("namespaces", answer)


def _of_cluster(what: str, answer: _Answer) -> list[str]:
    from wasmnb.cli.cluster_names import names  # noqa: PLC0415 - for lines that are about a cluster

    return names(what, answer.said("--context"), answer.said("--namespace", "-n"))


_ASKED: dict[str, Callable[[_Answer], list[str]]] = {
    "builds": _nothing,
    "contexts": _contexts,
    "deployable": _images,
    "images": _images,
    "namespaces": _namespaces,
    "plugins": _of_mesh("plugins"),
    "pods": _of_mesh("pods"),
    "running": _running,
    "selector": _of_mesh("labels"),
    "senders": _of_mesh("senders"),
    "steps": _of_mesh("labels"),
    "targets": _repositories,
    "urls": _of_mesh("urls"),
    "usable": _usable,
}
