"""A step of a rollout held against what a Prometheus says: each query must have an answer, and none that is 0.

Source: Prometheus, *HTTP API*, ``/api/v1/query``. A comparison such as ``x < 0.05`` leaves out what it is not true of,
so that it has no answer where it is not fulfilled.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from wasmnb.errors import Place, UsageError
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.rollout.result import Step

__all__ = ["PrometheusCheck", "read_check"]

_PODS, _WINDOW = "<pods>", "<window>"
_ANSWER = 10.0  # seconds
_MOST = 2**20  # bytes of an answer
_QUOTE = 200
_SERVER, _QUERY = "http://localhost:9090", 'rate(errors_total{pod=~"<pods>"}[<window>]) < 0.05'


@dataclass(frozen=True)
class PrometheusCheck:
    """What a Prometheus must say of a step.

    Parameters
    ----------
    server : str
        Its URL.
    queries : tuple of str
        In PromQL; ``<pods>`` stands for a regular expression that matches the step's pods, ``<window>`` for the time
        for which the step was watched.
    window : float
        That time in seconds.
    """

    server: str
    queries: tuple[str, ...]
    window: float

    def __call__(self, step: Step) -> str | None:
        """Say which query is not fulfilled, and what it gives; None when all are."""
        found = (f"{query}: {no}" for query in self.queries if (no := _unfulfilled(self._ask(query, step.pods))))
        return next(found, None)

    def ready(self) -> None:
        """See that the server answers each query, whatever it says.

        Raises
        ------
        UsageError
            Nobody answers, or a query cannot be read.
        """
        for query in self.queries:
            self._ask(query, ())

    def _ask(self, query: str, pods: Sequence[str]) -> Any:
        import urllib3  # noqa: PLC0415 - for those who have a Prometheus

        # No backslashes: they would be escapes of the query's own texts.
        names = "|".join(pod.replace(".", "[.]") for pod in pods)
        meant = query.replace(_PODS, names).replace(_WINDOW, f"{math.ceil(self.window)}s")
        try:
            answer = urllib3.request(
                "POST",
                f"{self.server}/api/v1/query",
                body=urlencode({"query": meant}),
                headers={"content-type": "application/x-www-form-urlencoded"},
                timeout=_ANSWER,
                retries=False,
            )
            said = json.loads(answer.data[:_MOST])
            data = said["data"] if said["status"] == "success" else None
        except urllib3.exceptions.HTTPError as error:
            words = f"The Prometheus {self.server} does not answer."
            raise UsageError(words, why=[str(error)[:_QUOTE]], hint="`kubectl port-forward` makes one local") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.server} is not a Prometheus.", hint="give its URL") from None
        if data is None:
            raise UsageError(
                "Prometheus does not take a query.",
                where=Place(Option("promql"), quote=query),
                why=[str(said.get("error", ""))[:_QUOTE]],
            )
        return data


def read_check(server: str | None, queries: str | Sequence[str], window: float) -> PrometheusCheck | None:
    """Read which Prometheus is to be asked what; None where nothing is.

    Raises
    ------
    UsageError
        There is a server without a query, or a query without one; or the URL cannot be used.
    """
    texts = tuple([queries] if isinstance(queries, str) else queries)
    if not texts and server is None:
        return None
    if server is None or not texts:
        words = "A query needs a Prometheus." if texts else "A Prometheus needs a query."
        add = Option("promql", _QUERY) if texts == () else Option("prometheus", _SERVER)
        raise UsageError(words, hint=Wording("add {}", add))
    if "@" in server:
        raise UsageError("The URL of a Prometheus has no credentials: it is shown.", hint="leave them out")
    try:
        url = urlsplit(server)
        usable = url.scheme in ("http", "https") and url.hostname
    except ValueError:
        usable = None
    if not usable:
        raise UsageError(f"{server!r} is not the URL of a Prometheus.", hint=f"for instance {_SERVER}")
    return PrometheusCheck(server.rstrip("/"), texts, window)


def _unfulfilled(data: Any) -> str:
    """Say why a query's answer is a no; empty when it is a yes."""
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        values = [result[1]]
    elif kind == "vector":
        if any("value" not in one for one in result):
            return "it gives a histogram, not numbers of one moment"
        values = [one["value"][1] for one in result]
    else:
        return f"it gives a {kind}, not numbers of one moment"
    if not values:
        return "nothing fulfils it"
    wrong = [value for value in values if not float(value) or math.isnan(float(value))]
    return f"it is {wrong[0]}" if wrong else ""
