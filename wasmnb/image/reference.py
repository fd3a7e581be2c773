"""Names of images, read as Docker reads them.

The grammar is that of the ``distribution`` reference (OCI distribution specification v1.1, "Pulling manifests"):
``[host[:port]/]path[:tag][@digest]``. The first part is a host when it has a dot, a colon or a capital letter, or is
``localhost``; without a host the image is one of ``docker.io``, and of its ``library`` when the path has a single part.
References under ``local/`` name images of the store on this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, Place
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from wasmnb.wording import Text

__all__ = ["DOCKER_HUB", "HUB_NAMES", "HUB_SERVER", "LOCAL", "Reference", "as_name", "host_of", "split_target"]

#: The host of references that never leave this machine.
LOCAL = "local"

#: The host of references that name none, the server behind it, and every name that it goes by.
DOCKER_HUB = "docker.io"
HUB_SERVER = "registry-1.docker.io"
HUB_NAMES = (DOCKER_HUB, "index.docker.io", HUB_SERVER)

_DEFAULT_PATH = "library"
_MAX = 4096
_MAX_PATH = 255
_QUOTED = 200
_PATHS = ("/", "./", "../", "~")
_NO_PATH = Wording(
    "a name is like local/header-filter:v1; {} makes an image of a file or a folder",
    Verb("build", ("PATH",), (Option("tag", "NAME", "-t"),)),
)
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True)
class Reference:
    """The name of an image.

    Parameters
    ----------
    host : str
        Registry with its port, ``docker.io`` when the user named none, ``local`` for this machine's store.
    path : str
        Repository on it.
    tag : str
        Empty when there is none.
    digest : str
        ``sha256:...``; empty when there is none. A tag and a digest may stand together: then the digest decides.
    """

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference.

        Parameters
        ----------
        text : str
            ``header-filter``, ``team/header-filter:v1``, ``localhost:5000/a/b@sha256:...``, ``local/header-filter``.

        Returns
        -------
        Reference

        Raises
        ------
        BadNameError
            It is not a reference; the message points at the part that is wrong.
        """
        if not text or text.isspace():
            raise _bad(text, "it is empty", "give a name such as team/header-filter:v1")
        if len(text) > _MAX:
            raise _bad(text[:80], f"it has more than {_MAX} characters", "shorten it")
        if text.startswith(_PATHS):
            raise _bad(text, "it is a path", _NO_PATH)
        if "://" in text:
            raise _bad(text, "it is a URL", f"leave the scheme out: {text.partition('://')[2]}", text.index("://"))
        rest, at, digest = text.partition("@")
        if at and not _DIGEST.fullmatch(digest):
            hint = "a digest is 'sha256:' and 64 hexadecimal digits in lower case"
            raise _bad(text, f"{digest[:100]!r} is not a digest", hint, len(rest) + 1)
        name, tag = _split_tag(rest)
        if tag is not None and not _TAG.fullmatch(tag):
            hint = "a tag has at most 128 letters, digits, '_', '.' and '-', and starts with none of the last two"
            raise _bad(text, f"{tag[:150]!r} is not a tag", hint, len(name) + 1)
        return cls(*_split_host(text, name), tag or "", digest)

    @property
    def is_local(self) -> bool:
        """Whether the image lives in the store on this machine."""
        return self.host == LOCAL

    @property
    def repository(self) -> str:
        """``host/path``, without tag and digest."""
        return f"{self.host}/{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path: what the image is called."""
        return self.path.rpartition("/")[2]

    @property
    def short(self) -> str:
        """The shortest text that means the same: without Docker's default host and ``library``."""
        first, _, rest = self.path.partition("/")
        if self.host != DOCKER_HUB or _is_host(first):
            return str(self)
        return (rest if first == _DEFAULT_PATH and "/" not in rest else self.path) + self._end

    @property
    def tag_or_latest(self) -> str:
        """The tag that a registry is asked for: ``latest`` when there is neither a tag nor a digest."""
        return self.tag or ("" if self.digest else "latest")

    def with_digest(self, digest: str) -> Reference:
        """Give the same reference pinned to a digest."""
        return Reference.parse(str(replace(self, digest=digest)))

    @property
    def _end(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.repository + self._end


def host_of(text: str) -> str:
    """Give the host that a user means by ``https://registry.example/v2/``, ``registry.example`` or ``docker.io``.

    Raises
    ------
    BadNameError
        It holds a user name or a password, or no host.
    """
    rest = text.strip().partition("://")[2] or text.strip()
    host = rest.partition("/")[0]
    if "@" in host:
        raise BadNameError(
            "A registry's name holds no user name and no password.",
            hint=Wording("log in with {}", Verb("login", (host.rpartition("@")[2],))),
        )
    if not host or any(letter.isspace() for letter in host):
        raise BadNameError(f"{text!r} names no registry.", hint="give a host such as registry.example:5000")
    return DOCKER_HUB if host in HUB_NAMES else host


def split_target(target: str) -> tuple[str, str]:
    """Split a registry, a namespace or a repository into host and path; a single word is a host.

    Parameters
    ----------
    target : str
        ``registry.example:5000``, ``registry.example/team``; ``https://`` before it is left out.

    Raises
    ------
    BadNameError
    """
    rest = (target.strip().partition("://")[2] or target.strip()).rstrip("/")
    first, slash, path = rest.partition("/")
    if not slash:
        return host_of(first), ""
    where = Reference.parse(f"{host_of(first)}/{path}" if "://" in target else rest)
    return where.host, where.path


def as_name(text: str) -> str:
    """Give a name as near as an image's may be to that of a folder or a file; empty where nothing of it may stand."""
    return text if _PART.fullmatch(text) else re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _split_tag(text: str) -> tuple[str, str | None]:
    """Split off a tag: what stands behind a colon that no slash follows."""
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part in ("localhost", LOCAL) or part != part.lower()


def _split_host(text: str, name: str) -> tuple[str, str]:
    first, slash, path = name.partition("/")
    if slash and _is_host(first):
        if not _HOST.fullmatch(first):
            hint = "a host is a name or an address, with a port when it is not 443, such as registry.example:5000"
            raise _bad(text, f"{first[:100]!r} is not a host", hint, 0)
        host, start = (DOCKER_HUB if first == "index.docker.io" else first), len(first) + 1
    else:
        host, path, start = DOCKER_HUB, name, 0
    for part in path.split("/"):
        if not _PART.fullmatch(part):
            proposal = as_name(part)
            hint = "use lower-case letters, digits and single '.', '_' or '-' between them"
            hint += f", for instance {proposal!r}" if proposal else ""
            raise _bad(text, f"{part[:100]!r} cannot be a part of its name", hint, start)
        start += len(part) + 1
    if host == DOCKER_HUB and "/" not in path:
        path = f"{_DEFAULT_PATH}/{path}"
    if len(path) > _MAX_PATH:
        raise _bad(text, f"its path has more than {_MAX_PATH} characters", "shorten it")
    return host, path


def _bad(text: str, why: str, hint: Text, at: int = -1) -> BadNameError:
    shown = text if len(text) <= _QUOTED else text[:_QUOTED] + "..."
    line = shown.splitlines()[0] if shown.splitlines() else ""
    column = at + 1 if 0 <= at <= len(line) else 0
    place = Place("the image reference", line=1 if column else 0, column=column, quote=line)
    return BadNameError(f"{shown!r} names no image: {why}.", where=place, hint=hint)
