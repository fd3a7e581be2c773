"""A way into a cluster: the user's own context, plain JSON in and out, and errors in words."""

from __future__ import annotations

import json
import threading
import time
import weakref
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from wasmnb.errors import MeshError, did_you_mean
from wasmnb.mesh.istio.api import kubeconfig
from wasmnb.mesh.istio.api.api_errors import NO_CLUSTER, ForbiddenError, refused, unreachable
from wasmnb.mesh.istio.api.clock_skew import clock_skew
from wasmnb.mesh.istio.api.kept_connections import KeptConnections
from wasmnb.mesh.istio.api.plain_config import PlainConfiguration, own_account, own_namespace
from wasmnb.mesh.istio.api.rbac import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kubernetes.client import ApiException, Configuration
    from urllib3 import BaseHTTPResponse, PoolManager

    from wasmnb.mesh.istio.api.port_forward import Forward
    from wasmnb.mesh.istio.api.websockets import UnopenedError

__all__ = ["APPLY", "IN_CLUSTER", "MERGE", "PATCH", "Cluster", "Executed"]

APPLY = "application/apply-patch+yaml"
"""Server-side apply (Kubernetes API conventions)."""
MERGE = "application/merge-patch+json"
PATCH = "application/json-patch+json"

IN_CLUSTER = "in-cluster"
"""What ``--context`` calls the service account of the pod that one is in."""

_CONNECT, _READ = 5.0, 30.0  # seconds
_NO_LASTS = 10.0  # seconds: a right may be granted meanwhile
_CONNECTIONS = 32
_TIMES = 2  # that a server is asked that is silent, until it is said not to answer
_AUTHORIZED = 1.0  # seconds: to see that a token is still good takes longer than a request


@dataclass(frozen=True)
class Executed:
    """What a command in a container gave; ``code`` is its exit code."""

    stdout: bytes
    stderr: str
    code: int


class Cluster:
    """A Kubernetes API server, as one user of it. Every method may be called from any thread.

    Parameters
    ----------
    configuration : kubernetes.client.Configuration or PlainConfiguration
    context : str
    namespace : str
        The one that the context names; ``default`` when it names none.
    """

    def __init__(
        self,
        configuration: Configuration | PlainConfiguration,
        context: str,
        namespace: str,
        *,
        let_go: Callable[[], None] | None = None,
    ) -> None:
        self.context = context
        self.namespace = namespace
        self._configuration = configuration
        self._pool = _pool(configuration)
        self._kept = KeptConnections(configuration, _CONNECTIONS, _CONNECT)
        self._rights: dict[Right, tuple[bool, float]] = {}
        # How far the API server's clock is ahead of this machine's.
        self.skew = timedelta(0)
        self._authorized: dict[str, str] = {}
        self._authorized_until = float("-inf")
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, let_go) if let_go is not None else None

    def close(self) -> None:
        """Close the connections, and delete the files that hold keys."""
        self.renew()
        if self._end is not None:
            self._end()

    def renew(self) -> None:
        """Let go of idle connections: where one leads nowhere any more, so may the others."""
        self._pool.clear()
        self._kept.close()

    def answers(self, seconds: float) -> bool:
        """Say whether the API server answers at all, be it with a refusal."""
        import urllib3  # noqa: PLC0415 - for users of a cluster only

        waits = urllib3.Timeout(connect=seconds, read=seconds)
        try:
            # Anybody may ask this (Kubernetes, the role ``system:public-info-viewer``).
            self._pool.request("GET", f"{self.server}/version", timeout=waits, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return True

    @classmethod
    def connect(cls, context: str | None = None) -> Cluster:
        """Read the kubeconfig, or the pod's own service account, and see that the API server answers.

        Nothing is written, not even a token that was refreshed.

        Parameters
        ----------
        context : str, optional
            Of the kubeconfig; `IN_CLUSTER`; without it the current one, or the service account where there is no
            kubeconfig.

        Raises
        ------
        MeshError
            There is no such context, or nobody answers.
        """
        cluster = cls.named(context)
        try:
            cluster.request("GET", "/version")
        except BaseException:
            cluster.close()
            raise
        return cluster

    @classmethod
    def named(cls, context: str | None = None) -> Cluster:
        """Read the kubeconfig as `connect` does, and ask nobody."""
        return _plainly(context) or cls._by_library(context)

    @classmethod
    def _by_library(cls, context: str | None) -> Cluster:
        from kubernetes import client, config  # noqa: PLC0415 - over a second to import

        configuration = client.Configuration()
        known, current = kubeconfig.contexts() if context != IN_CLUSTER else ([], "")
        if context in (None, "", IN_CLUSTER) and not current:
            try:
                config.load_incluster_config(configuration)
            except config.ConfigException as error:
                raise MeshError(
                    "There is no cluster: no kubeconfig with a current context, and this is not a pod of one.",
                    why=[str(error)],
                    hint=NO_CLUSTER,
                    code="WNB4018",
                ) from None
            return cls(configuration, IN_CLUSTER, own_namespace())
        name = context or current
        if name not in known:
            raise MeshError(
                f"The kubeconfig has no context called {name!r}.",
                why=[f"it has: {', '.join(known)}" if known else "it has none"],
                hint=(did_you_mean(name, known) or "name one of these") if known else NO_CLUSTER,
                code="WNB4018",
            )
        let_go = kubeconfig.load(name, configuration)
        return cls(configuration, name, kubeconfig.namespace_of(name), let_go=let_go)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return str(self._configuration.host)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        kind: str = "application/json",
        right: Right | None = None,
        timeout: float = _READ,
        compressed: bool = False,
        read: Callable[[bytes], Any] = json.loads,
    ) -> Any:
        """Ask the API server; give its answer as JSON values, and text where it is none.

        Parameters
        ----------
        method, path : str
        query : mapping, optional
        body : object, optional
            Sent as JSON, which is YAML too.
        kind : str
            Media type of the body.
        right : Right, optional
            What the user must be allowed, for the message when it is not.
        timeout : float
            Seconds between two pieces of the answer.
        compressed : bool
            Let the answer come compressed: for lists, in which most is said again and again.
        read : callable
            Makes values of JSON; see `typed_json.decoder`.

        Raises
        ------
        ForbiddenError, MissingError, ConflictError, MeshError
        """
        small = method == "GET" and body is None and not compressed
        found, times = None, _TIMES
        try:
            found = self._kept_answer(path, query, right, timeout) if small and self._kept.usual else None
        except TimeoutError:
            times -= 1
        if found is None:
            answer = self.open(
                method,
                path,
                query=query,
                body=body,
                kind=kind,
                right=right,
                timeout=timeout,
                compressed=compressed,
                times=times,
            )
            found = self._read(answer), answer.headers.get("content-type", "")
        data, type_ = found
        if "json" in type_:
            return read(data)
        return data.decode("utf-8", "replace")

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        kind: str = "application/json",
        right: Right | None = None,
        timeout: float = _READ,
        compressed: bool = False,
        times: int = _TIMES,
    ) -> BaseHTTPResponse:
        """Ask, and give an answer whose body is still to be read; as `request` otherwise.

        A server that is silent is asked so many ``times``; what may change something, once.
        """
        import urllib3  # noqa: PLC0415 - for users of a cluster only

        asked = datetime.now(timezone.utc)
        url = self.server + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = self._headers()
        if compressed:
            headers["accept-encoding"] = "gzip"
        data = None
        if body is not None:
            headers["content-type"] = kind
            # Sent as YAML too, which knows no pairs of escapes for what stands beyond the basic plane.
            data = json.dumps(body, ensure_ascii=False).encode()
        try:
            answer: BaseHTTPResponse = self._pool.request(
                method,
                url,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=_CONNECT, read=timeout),
                retries=urllib3.Retry(
                    times - 1, connect=times - 1, read=times - 1 if method == "GET" else 0, redirect=0, status=0
                ),
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error
        self.skew = clock_skew(answer.headers.get("date"), asked, self.skew)
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            raise refused(answer.status, self._read(answer).decode("utf-8", "replace"), f"{method} {path}", right)
        return answer

    def _kept_answer(
        self, path: str, query: Mapping[str, Any] | None, right: Right | None, timeout: float
    ) -> tuple[bytes, str] | None:
        """Ask over a connection that is kept; give the body and its media type. None where `open` is to ask.

        A `TimeoutError` where nobody answers in time.
        """
        asked = datetime.now(timezone.utc)
        answer = self._kept.get(path, query, self._headers(), timeout)
        if answer is None:
            return None
        self.skew = clock_skew(answer.headers.get("date"), asked, self.skew)
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            raise refused(answer.status, answer.body.decode("utf-8", "replace"), f"GET {path}", right)
        return answer.body, answer.headers.get("content-type", "") or ""

    def _headers(self) -> dict[str, str]:
        return {**self._authorization(), "accept": "application/json", "user-agent": "wasmnb"}

    def now(self) -> datetime:
        """Give the time by the cluster's clock, by which pods, logs and proxies say theirs."""
        return datetime.now(timezone.utc) + self.skew

    def _read(self, answer: BaseHTTPResponse) -> bytes:
        import urllib3  # noqa: PLC0415 - for users of a cluster only

        try:
            return answer.data
        except urllib3.exceptions.HTTPError as error:  # it broke off in the middle
            raise unreachable(self.server, error) from error
        finally:
            answer.release_conn()

    def may(self, right: Right) -> bool:
        """Tell whether the user has a right, as the API server says; a yes is asked for once, a no again and again."""
        known, asked = self._rights.get(right, (False, float("-inf")))
        if not known and time.monotonic() - asked > _NO_LASTS:
            path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            try:
                answer = self.request("POST", path, body=right.review())
                allowed = bool(answer.get("status", {}).get("allowed"))
            except ForbiddenError:
                # One who may not even ask finds out by doing.
                allowed = True
            self._rights[right] = (allowed, time.monotonic())
        return self._rights[right][0]

    def namespaces(self) -> list[str]:
        """List the namespaces.

        Raises
        ------
        ForbiddenError, MeshError
        """
        answer = self.request("GET", "/api/v1/namespaces", right=Right("list", "namespaces"))
        return [str(item["metadata"]["name"]) for item in answer["items"]]

    def forward(self, namespace: str, pod: str, ports: Sequence[int]) -> Forward:
        """Connect to ports of a pod, as they are on the pod's own loopback interface.

        Raises
        ------
        ForbiddenError, MeshError
        """
        from wasmnb.mesh.istio.api.port_forward import forwarded  # noqa: PLC0415 - the websocket client
        from wasmnb.mesh.istio.api.websockets import UnopenedError  # noqa: PLC0415

        url = f"{self.server}/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
        right = Right("get", "pods/portforward", "", namespace)
        try:
            return forwarded(self._configuration, url, ports, self._authorization())
        except UnopenedError as error:
            raise self._unopened(error, right) from None

    def execute(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Iterable[str],
        *,
        stdin: bytes = b"",
        timeout: float,
        over: Callable[[bytes, str], bool] | None = None,
    ) -> Executed:
        """Run a command in a container.

        Parameters
        ----------
        namespace, pod, container : str
        command : iterable of str
            Program and arguments; no shell is involved.
        stdin : bytes
        timeout : float
            Seconds for everything.
        over : callable, optional
            See `execution.run`.

        Raises
        ------
        ForbiddenError
        NoProgramError
            The container does not have the program.
        MeshError
            The container does not run, or time is up.
        """
        from wasmnb.mesh.istio.api.execution import run  # noqa: PLC0415 - the websocket client

        query = [("command", word) for word in command]
        query += [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "true")] if stdin else []
        path = f"{self.server}/api/v1/namespaces/{namespace}/pods/{pod}/exec"
        right = Right("get", "pods/exec", "", namespace)
        return run(lambda call: self._upgrade(call, path, query, right), stdin, timeout, pod, over)

    def _upgrade(self, call: Any, url: str, query: list[tuple[str, str]], right: Right) -> Any:
        from kubernetes.client import ApiException  # noqa: PLC0415

        try:
            return call(
                self._configuration,
                "GET",
                url,
                query_params=query,
                headers=self._authorization(),
                _preload_content=False,
                binary=True,
            )
        except ApiException as error:
            raise self._unopened(error, right) from None

    def _unopened(self, error: ApiException | UnopenedError, right: Right) -> MeshError:
        # Without a status there was no answer, be it a refusal.
        status = _status(error)
        return refused(status, str(error.reason), str(right), right) if status else unreachable(self.server, error)

    def _authorization(self) -> dict[str, str]:
        with self._lock:  # a token may be fetched anew
            if time.monotonic() > self._authorized_until:
                found: dict[str, Any] = self._configuration.auth_settings()
                given = [one for one in found.values() if one["in"] == "header" and one["value"]]
                self._authorized = {one["key"].lower(): one["value"] for one in given}
                self._authorized_until = time.monotonic() + _AUTHORIZED
            return self._authorized


def _pool(configuration: Configuration | PlainConfiguration) -> PoolManager:
    if isinstance(configuration, PlainConfiguration):
        return configuration.pool(_CONNECTIONS)
    from kubernetes.client.rest import RESTClientObject  # noqa: PLC0415 - over a second to import

    configuration.connection_pool_maxsize = _CONNECTIONS
    pool: PoolManager = RESTClientObject(configuration).pool_manager
    return pool


def _plainly(context: str | None) -> Cluster | None:
    configuration = kubeconfig.plain(context) if context != IN_CLUSTER else own_account(IN_CLUSTER)
    if configuration is None:
        return None
    return Cluster(configuration, configuration.context, configuration.namespace, let_go=configuration.close)


def _status(error: Any) -> int:
    # "Handshake status 403 Forbidden -+-+- ..." is how the websocket client says it.
    words = str(error.reason).split()
    number = words[2] if words[:2] == ["Handshake", "status"] and len(words) > 2 else ""  # noqa: PLR2004
    return int(number) if number.isdigit() else int(error.status or 0)
