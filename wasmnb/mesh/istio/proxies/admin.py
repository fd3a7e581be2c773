"""A proxy's admin interface, by whichever way the cluster allows: a forwarded port, exec, an ephemeral container."""

from __future__ import annotations

import math
import re
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.api.port_forward_pool import Question
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.api.transport import ClosedPortError, Transport
from wasmnb.mesh.istio.proxies.pods import PROXY
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import timedelta

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool

__all__ = ["LEVELS", "PORT", "WORKER", "Admin", "levels_of", "tries"]

PORT, WORKERS, READINESS = 15000, 15090, 15021
"""Istio, ``tools/packaging/common/envoy_bootstrap.json``: Envoy's admin port, and two that its workers serve.

Its agent asks the last one for us, and not the other (``pilot/cmd/pilot-agent/app/request.go``)."""
_PORTS = (PORT, WORKERS)
_NOWHERE, _LOGGING = "/", "/logging"
LEVELS, WORKER = Question(PORT, _LOGGING, "POST"), Question(WORKERS, _NOWHERE)
"""At which level each logger tells; and what any worker answers with "404"."""
_ANSWER = 2.0
_MISS = 1e-4
"""How likely one worker that hangs may be missed: new connections meet workers at random."""
_LEVEL = re.compile(r"^  (?P<logger>[\w.]+): (?P<level>\w+)$", re.MULTILINE)


class Admin:
    """Asks admin interfaces.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    tunnels : PortForwardPool
    """

    def __init__(self, cluster: Cluster, namespace: str, tunnels: PortForwardPool) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._tunnels = tunnels
        # A websocket is a GET; since Kubernetes 1.35 create is needed as well.
        self._forward = Right("get", "pods/portforward", "", namespace)
        self._exec = Right("get", "pods/exec", "", namespace)
        # Pods whose proxy has its admin interface elsewhere than on the usual port: their agent knows where.
        self._elsewhere: set[str] = set()

    @property
    def transport(self) -> Transport:
        """How proxies are asked.

        Raises
        ------
        ForbiddenError
            No way is allowed.
        """
        if self.cluster.may(self._forward):
            return Transport.PORT_FORWARD
        if self.cluster.may(self._exec):
            return Transport.EXEC
        raise ForbiddenError(
            f"You may neither {self._forward} nor {self._exec}, so no proxy can be asked.",
            hint=Wording(
                "a Role with the rule {} grants the better way; {} prints all",
                str(self._forward.rule),
                Verb("doctor", options=(Option("rbac", value=True),)),
            ),
            right=self._forward,
        )

    def keep(self, pods: Collection[str]) -> None:
        """Forget where the admin interface of others than these pods is."""
        self._elsewhere &= set(pods)

    def renew(self, pod: str) -> None:
        """Let go of connections to a pod in whose place another one of its name is."""
        self._elsewhere.discard(pod)
        self._tunnels.drop(self.namespace, pod, _PORTS)

    def get(self, pod: str, path: str, *, port: int = PORT) -> str:
        """Ask, and give the body.

        Raises
        ------
        ForbiddenError
        TimeoutError
            Nobody answers.
        MeshError
            The answer is no.
        """
        return self._ask(pod, path, port)

    def several(self, pod: str, *questions: Question) -> list[Callable[[], str]]:
        """Ask several things at once where ports are forwarded; give for each what `get` would, when it is called.

        Of one port no more than two: an Envoy takes no third before it has answered.
        """
        if self.transport is Transport.EXEC or pod in self._elsewhere:
            return [partial(self._ask, pod, one.path, one.port, one.method) for one in questions]
        found = self._tunnels.ask(self.cluster, self.namespace, pod, questions, ports=_PORTS, timeout=_ANSWER)

        def given(question: Question, answer: str | Exception) -> str:
            if isinstance(answer, MeshError) and isinstance(answer.__cause__, ClosedPortError):
                return self._ask(pod, question.path, question.port, question.method)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return [partial(given, *each) for each in zip(questions, found, strict=True)]

    def skew(self, pod: str) -> timedelta | None:
        """Say how far the clock of a pod's node is ahead of ours; None where its proxy did not say the time."""
        return self._tunnels.skew(self.namespace, pod, _PORTS)

    def levels(self, pod: str) -> Mapping[str, str]:
        """Ask at which level each of the proxy's loggers tells; empty under fine-grain logging, which names files.

        Raises
        ------
        ForbiddenError, TimeoutError, MeshError
        """
        return levels_of(self._ask(pod, _LOGGING, method="POST"))

    def set_level(self, pod: str, logger: str, level: str) -> None:
        """Have one of the proxy's loggers tell from a level on.

        Raises
        ------
        ForbiddenError, TimeoutError, MeshError
        """
        self._ask(pod, f"{_LOGGING}?{logger}={level}", method="POST")

    def _ask(self, pod: str, path: str, port: int = PORT, method: str = "GET") -> str:
        if self.transport is Transport.EXEC or (port == PORT and pod in self._elsewhere):
            return self._execute(pod, path, port, method)
        try:
            return self._tunnels.get(
                self.cluster, self.namespace, pod, port, path, ports=_PORTS, timeout=_ANSWER, method=method
            )
        except MeshError as error:
            if port != PORT or not isinstance(error.__cause__, ClosedPortError) or not self.cluster.may(self._exec):
                raise
            try:
                found = self._execute(pod, path, port, method)
            except (MeshError, TimeoutError):
                raise error from None
            self._elsewhere.add(pod)
            return found

    def worker(self, pod: str, *, workers: int, asked: Callable[[], str] | None = None) -> None:
        """See that workers answer: they serve a port whose routes lead nowhere but to statistics.

        Parameters
        ----------
        pod : str
        workers : int
            Try so often that each of so many is met; 1 asks any of them.
        asked : callable, optional
            Gives the answer to `WORKER`, which one of them was asked already: enough where any of them is meant.

        Raises
        ------
        TimeoutError
            One does not.
        ForbiddenError
            Their port is another one, and the proxy's agent does not ask them.
        """
        forwards = self.transport is Transport.PORT_FORWARD
        for _ in range(tries(workers)):
            if not forwards:
                self._agent_asks(pod)
                continue
            if workers > 1:
                self._tunnels.drop(self.namespace, pod, _PORTS)
            try:
                if asked is None or workers > 1:
                    self.get(pod, _NOWHERE, port=WORKERS)
                else:
                    asked()
            except ForbiddenError:
                raise
            except MeshError as error:
                # "404" is an answer. A port that is closed is none: Istio's envoyPrometheusPort says another.
                if isinstance(error.__cause__, ClosedPortError):
                    self._agent_asks(pod)
                # Who gives the answer keeps the error, and that would keep all that is known here: a cycle.
                error.with_traceback(None)

    def _agent_asks(self, pod: str) -> None:
        """Have the proxy's agent ask a worker, on a new connection; "404" is what it expects."""
        try:
            self._execute(pod, _NOWHERE, READINESS)
        except ForbiddenError:
            raise
        except MeshError as error:
            words = f"The agent of {pod} does not ask its proxy's workers."
            raise ForbiddenError(words, why=[error.what, *error.why], right=self._forward) from error

    def _execute(self, pod: str, path: str, port: int, method: str = "GET") -> str:
        words = ["pilot-agent", "request", method, path, *([] if port == PORT else ["--debug-port", str(port)])]
        try:
            done = self.cluster.execute(self.namespace, pod, PROXY, words, timeout=_ANSWER + 3)
        except MeshError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise TimeoutError(error.what) from error
            raise
        if done.code:
            raise MeshError(f"{pod} answers with an error to {path}.", why=done.stderr.strip().splitlines()[-2:])
        return done.stdout.decode("utf-8", "replace")


@lru_cache(maxsize=64)
def levels_of(text: str) -> Mapping[str, str]:
    """Read a list of loggers; proxies mostly have the same, and share what was read."""
    return MappingProxyType({found["logger"]: found["level"] for found in _LEVEL.finditer(text)})


def tries(workers: int) -> int:
    """Say how many connections meet each of so many workers, but for one case in ten thousand."""
    return 1 if workers <= 1 else math.ceil(math.log(_MISS / workers) / math.log(1 - 1 / workers))
