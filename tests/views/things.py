"""One of each thing that is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from wasmnb.check import Check
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.mesh import Pod, PodVerdict, Verdict
from wasmnb.mesh.results import Verdicts
from wasmnb.plugin import Plugin
from wasmnb.rollout.deployment import Deployment
from wasmnb.traffic import Exchange, Headers, Request, Response
from wasmnb.views import record_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
DIGEST, OTHER = "sha256:" + "ab12cd34" * 8, "sha256:" + "99887766" * 8
EVIL = '<script>alert("1")</script>\x1b[31m\u202e&amp;'


@dataclass(frozen=True)
class Picture:
    """Stands for an image: what a record reads of one."""

    reference: str = "registry.test/user/header-filter:v0.2"
    digest: str = DIGEST
    module: None = None


def pod(name="details-v1", ready="2/2", status="Running", reason=""):
    labels = {"app": name.partition("-")[0], "version": "v1"}
    return Pod(name, labels["app"], labels, ready, status, 0, NOW - timedelta(seconds=40), "127.0.0.1:1", reason)


def verdict(what=Verdict.LIVE, name="details-v1", reason="", evidence=(), running=DIGEST):
    return PodVerdict(name, "header-filter", what, DIGEST, running, reason, tuple(evidence), NOW)


def plugin(**changes):
    made = Plugin("header-filter", Picture(), {"app": "details"}, {"name": "hello", "apiKey": "s3cr3t-value"})
    return replace(made, **changes)


def verdicts(*items):
    return Verdicts(items, at=NOW)


def deployment(*items, unchanged=False, stages=()):
    return Deployment(plugin(), items, unchanged, stages, at=NOW)


def shown(result):
    """Give a record as it is when it is shown at once."""
    return record_of(result, at=NOW)


def exchange(*lines, status=200, body=b'{"id":123}', pod="details-v1", notes=()):
    request = Request("GET", "details:9080", "/details/123")
    response = Response(status, "OK", Headers(tuple(lines)), body)
    return Exchange(request, response, "productpage", pod, "proxy", 0.0031, NOW, tuple(notes))


def diagnostic(
    severity="warning", message="unused variable", line=12, column=6, quote="\tint 六翁 = 1; // <b>", **more
):
    return Diagnostic(severity, message, line, column, quote, **more)


def check(ok=True):
    return Check("Envoy", ok, "1.40.0" if ok else "no wheel for this platform", "" if ok else "pip install x")
