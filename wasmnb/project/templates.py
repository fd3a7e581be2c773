"""What a filter can begin as: one folder per template, with a source for each language, a test and a schema.

A template is one `Template`, registered in the group ``wasmnb.templates``; docs/templates.md tells how one is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from wasmnb.compile.languages import LANGUAGES
from wasmnb.plugin.enums import Phase
from wasmnb.registered import Group, load

if TYPE_CHECKING:
    from wasmnb.project.layouts import Layout

__all__ = ["TEMPLATES", "Template", "layout"]

_KINDS = Path(__file__).parent / "templates" / "kinds"


@dataclass(frozen=True)
class Template:
    """One template.

    Parameters
    ----------
    word : str
        The name that it is registered by, which ``--template`` takes.
    about : str
        What its filter does, one phrase.
    folder : pathlib.Path
        Holds ``about.md`` (a paragraph), ``limits.md`` if it has some, ``config.json``, ``schema.json``, cases
        (``cases.wasmtest.yaml``; one such as ``keys.go.wasmtest.yaml`` for a language alone), tests in Python if it
        has some (``test_*.py``), and a source for each language: ``filter.cc``, ``filter.rs``, ``filter.go``,
        ``filter.ts``.
    phase : Phase
        Where in the filter chain it belongs.
    """

    word: str
    about: str
    folder: Path
    phase: Phase = Phase.UNSPECIFIED

    @property
    def root_id(self) -> str:
        """The root id that its filter registers: the word, with ``_`` for ``-``."""
        return self.word.replace("-", "_")

    def source(self, language: str) -> Path | None:
        """Give the file of its source in a language; None when it has none."""
        where = layout(language)
        path = self.folder / f"filter{PurePath(where.source).suffix}" if where else None
        return path if path and path.is_file() else None

    def languages(self) -> list[str]:
        """List the languages that it has a source in."""
        return [word for word in LANGUAGES.names() if self.source(word)]


def layout(language: str) -> Layout | None:
    """Give the layout of projects in a language; None when it has none."""
    named = LANGUAGES.load(language).layout
    found: Layout | None = load(named) if named else None
    return found


#: Every template by its word, ours and those that other packages register.
TEMPLATES: Group[Template] = Group(
    "wasmnb.templates",
    "template",
    {
        "add-header": f"{__name__}:ADD_HEADER",
        "auth": f"{__name__}:AUTH",
        "rate-limit": f"{__name__}:RATE_LIMIT",
        "body-rewrite": f"{__name__}:BODY_REWRITE",
        "http-callout": f"{__name__}:HTTP_CALLOUT",
        "metrics": f"{__name__}:METRICS",
        "request-id": f"{__name__}:REQUEST_ID",
        "security-headers": f"{__name__}:SECURITY_HEADERS",
        "cors": f"{__name__}:CORS",
        "maintenance": f"{__name__}:MAINTENANCE",
        "jwt": f"{__name__}:JWT",
        "header-rewrite": f"{__name__}:HEADER_REWRITE",
        "redaction": f"{__name__}:REDACTION",
        "ab-routing": f"{__name__}:AB_ROUTING",
        "circuit-breaker": f"{__name__}:CIRCUIT_BREAKER",
        "access-log": f"{__name__}:ACCESS_LOG",
        "callout-cache": f"{__name__}:CALLOUT_CACHE",
    },
    Template,
)

ADD_HEADER = Template("add-header", "adds headers to every response", _KINDS / "add-header")
AUTH = Template("auth", "rejects requests without a token", _KINDS / "auth", Phase.AUTHN)
RATE_LIMIT = Template(
    "rate-limit", "lets so many requests pass in each span of time", _KINDS / "rate-limit", Phase.AUTHZ
)
BODY_REWRITE = Template("body-rewrite", "replaces a text in the bodies of responses", _KINDS / "body-rewrite")
HTTP_CALLOUT = Template("http-callout", "asks another service about each request", _KINDS / "http-callout", Phase.AUTHZ)
METRICS = Template(
    "metrics", "counts responses and measures them, in the proxy's stats", _KINDS / "metrics", Phase.STATS
)
REQUEST_ID = Template("request-id", "gives every request an id", _KINDS / "request-id", Phase.AUTHN)
SECURITY_HEADERS = Template(
    "security-headers", "gives responses the headers that keep browsers safe", _KINDS / "security-headers"
)
CORS = Template("cors", "lets the pages of one other origin read responses", _KINDS / "cors", Phase.AUTHN)
MAINTENANCE = Template("maintenance", "answers with a page that says when the service is back", _KINDS / "maintenance")
JWT = Template(
    "jwt", "wants a JSON Web Token that is signed, in its time, and meant for the service", _KINDS / "jwt", Phase.AUTHN
)
HEADER_REWRITE = Template(
    "header-rewrite", "sets and removes headers of requests and responses", _KINDS / "header-rewrite"
)
REDACTION = Template("redaction", "hides the numbers of payment cards in responses", _KINDS / "redaction")
AB_ROUTING = Template("ab-routing", "gives each user one of two variants, for routes to match", _KINDS / "ab-routing")
CIRCUIT_BREAKER = Template(
    "circuit-breaker", "answers for a service that fails again and again", _KINDS / "circuit-breaker"
)
ACCESS_LOG = Template(
    "access-log", "writes a line about each request, without secrets", _KINDS / "access-log", Phase.STATS
)
CALLOUT_CACHE = Template(
    "callout-cache", "asks another service about a token, and remembers a yes", _KINDS / "callout-cache", Phase.AUTHZ
)
