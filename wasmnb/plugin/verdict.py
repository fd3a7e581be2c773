"""The verdict about a plugin on a pod: what is true of it there, why, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Cause", "Handling", "PodVerdict", "Proof", "Verdict"]


class Verdict(str, Enum):
    """What is true of one plugin on one pod. Closed: when in doubt it is UNPROVEN, never LIVE.

    LIVE is what was seen to act on the pod; LOADED what the proxy says it runs, and nobody has seen to act; GONE is a
    removal that is proven.
    """

    LIVE = "LIVE"
    LOADED = "LOADED"
    GONE = "GONE"
    OLD = "OLD"
    WARMING = "WARMING"
    REJECTED = "REJECTED"
    DENY_ALL = "DENY_ALL"
    ALLOW_ALL = "ALLOW_ALL"
    TRAPPED = "TRAPPED"
    HUNG = "HUNG"
    NOT_SELECTED = "NOT_SELECTED"
    NO_SIDECAR = "NO_SIDECAR"
    UNPROVEN = "UNPROVEN"

    @property
    def final(self) -> bool:
        """Whether no waiting makes it LIVE: refused, not fetched, crashed, or no proxy to run it."""
        return self in (Verdict.REJECTED, Verdict.DENY_ALL, Verdict.ALLOW_ALL, Verdict.TRAPPED, Verdict.NO_SIDECAR)

    @property
    def code(self) -> str:
        """The stable code of it, such as ``WNB5001``; ``%wasm_explain`` shows the page of it."""
        return _VERDICT_CODES[self]


class Proof(str, Enum):
    """What the proof is that a plugin acts on a pod. Closed."""

    NONE = "NONE"
    """There is none."""
    CONFIG = "CONFIG"
    """What the proxy says: it accepted the plugin, and has it in force. That it acts is not proven by that."""
    TRACE = "TRACE"
    """Envoy's own trace of a request of ours, in which the plugin was called; or what a singleton service logged."""
    EFFECT = "EFFECT"
    """A change of a request or response that this plugin makes, and that was not there before it came."""


class Handling(str, Enum):
    """What happens to requests on a pod, as far as one plugin is concerned, from what was seen there. Closed."""

    UNKNOWN = "UNKNOWN"
    """Nobody has seen it."""
    FILTERED = "FILTERED"
    """They are filtered by this digest."""
    FILTERED_BY_OLD = "FILTERED_BY_OLD"
    """They are filtered by a build of before."""
    UNFILTERED = "UNFILTERED"
    """They pass without it."""
    ANSWERED_403 = "ANSWERED_403"
    """The proxy answers 403 itself."""
    ANSWERED_500 = "ANSWERED_500"
    """The proxy answers 500 itself."""
    ANSWERED_503 = "ANSWERED_503"
    """The proxy answers 503 itself."""
    HANGING = "HANGING"
    """Those that a worker which does not come back gets hang."""

    @property
    def words(self) -> str:
        """The same for people; empty where nobody has seen it."""
        return _HANDLING_WORDS[self]


class Cause(str, Enum):
    """Why a verdict is what it is, for a program to decide on; the verdict's reason says it to people. Closed."""

    NONE = "NONE"
    """There is nothing to say: it is LIVE, or the verdict itself says all."""

    # The proxy has not come to it yet, or no more.
    NOT_YET = "NOT_YET"
    """What was put in force is on its way to the proxy, or is being loaded."""
    PROXY_STARTING = "PROXY_STARTING"
    """The proxy is starting."""
    PROXY_RESTARTING = "PROXY_RESTARTING"
    """The proxy ended, and is being started again."""
    POD_PENDING = "POD_PENDING"
    """The pod does not run yet."""
    POD_STUCK = "POD_STUCK"
    """The pod cannot start, and waiting does not mend it: its image is missing, or its container crashes."""
    POD_ENDING = "POD_ENDING"
    """The pod is being deleted."""

    # The proxy does not answer, or may not be asked.
    PROXY_SILENT = "PROXY_SILENT"
    """The proxy does not answer at all."""
    WORKER_HUNG = "WORKER_HUNG"
    """A worker thread of the proxy does not come back: requests hang."""
    NO_PERMISSION = "NO_PERMISSION"
    """The user may not read what would prove it."""
    PROXY_UNASKED = "PROXY_UNASKED"
    """The proxy was not asked."""

    # Something else runs.
    OTHER_DIGEST = "OTHER_DIGEST"
    """The proxy runs another image."""
    OTHER_CONFIG = "OTHER_CONFIG"
    """The proxy runs this image with another configuration."""
    OBJECT_CHANGED = "OBJECT_CHANGED"
    """Somebody else has changed the object: what it names is not what was deployed."""
    GIVEN_BACK = "GIVEN_BACK"
    """The proxy was given back what it had, because another one did not take the new version."""

    # The proxy's agent could not fetch the module.
    FETCH_FAILED = "FETCH_FAILED"
    """The module could not be fetched, for a reason that is not known."""
    PULL_SECRET_ABSENT = "PULL_SECRET_ABSENT"  # noqa: S105 - no secret, a cause
    """The pull secret did not reach the proxy."""
    IMAGE_UNAUTHORIZED = "IMAGE_UNAUTHORIZED"
    """The registry wants a log-in."""
    IMAGE_DIGEST_MISMATCH = "IMAGE_DIGEST_MISMATCH"
    """What was fetched has another digest than the one that was named."""
    IMAGE_MISSING = "IMAGE_MISSING"
    """The registry does not have the image."""
    IMAGE_UNREADABLE = "IMAGE_UNREADABLE"
    """The image has a form that Istio does not read."""
    REGISTRY_UNTRUSTED = "REGISTRY_UNTRUSTED"
    """The proxy does not trust the registry's certificate."""
    REGISTRY_UNREACHABLE = "REGISTRY_UNREACHABLE"
    """The proxy does not reach the registry."""
    MODULE_EXPIRED = "MODULE_EXPIRED"
    """The agent's copy of the module has expired, and its file is gone."""

    # Envoy, or a controller, refused it.
    MODULE_REFUSED = "MODULE_REFUSED"
    """Envoy cannot load the module."""
    IMPORT_UNKNOWN = "IMPORT_UNKNOWN"
    """The module calls a function that this Envoy does not have."""
    CONFIG_REFUSED = "CONFIG_REFUSED"
    """The module refused its configuration, or crashed on it."""
    LISTENER_REFUSED = "LISTENER_REFUSED"
    """Envoy refused the listener that has the filter."""
    OBJECT_REFUSED = "OBJECT_REFUSED"
    """The controller of another gateway refused the object."""

    # It was accepted, and does not work.
    VM_CRASHED = "VM_CRASHED"
    """The module's VM crashed."""
    ROOT_ID_UNKNOWN = "ROOT_ID_UNKNOWN"
    """The module does not register the root id: nothing of it takes effect."""

    # It is not for the pod, or cannot be.
    LABELS_DIFFER = "LABELS_DIFFER"
    """The pod's labels do not match the selector."""
    LISTENER_DIFFERS = "LISTENER_DIFFERS"
    """The plugin is for other listeners than the pod's."""
    OTHER_TARGET = "OTHER_TARGET"
    """The plugin is attached to something else, such as a gateway."""
    NOT_REACHED = "NOT_REACHED"
    """A rollout in steps has not come to the pod."""
    SIDECAR_DECLINED = "SIDECAR_DECLINED"
    """The pod has no sidecar because it is marked so."""
    HOST_NETWORK = "HOST_NETWORK"
    """The pod has no sidecar because it is on the host's network."""
    NO_INJECTION = "NO_INJECTION"
    """The pod has no sidecar because its namespace is not injected."""
    NOT_INJECTED = "NOT_INJECTED"
    """The pod has no sidecar although its namespace is injected, perhaps only since the pod was made."""

    # Evidence is missing.
    NOT_ARRIVED = "NOT_ARRIVED"
    """Nothing of the plugin arrived at the proxy."""
    NO_HTTP_PORT = "NO_HTTP_PORT"
    """Nothing of the plugin arrived, because the proxy treats none of the pod's ports as HTTP."""
    IMAGE_UNNAMED = "IMAGE_UNNAMED"
    """What the proxy has does not name the image."""
    NOT_ACCEPTED = "NOT_ACCEPTED"
    """The proxy did not accept it within the time, and did not refuse it."""
    NOT_ACKNOWLEDGED = "NOT_ACKNOWLEDGED"
    """The proxy has not acknowledged what istiod sent last."""
    REFUSALS_HIDDEN = "REFUSALS_HIDDEN"
    """The proxy's log level hides refusals, and nothing else proves that it was accepted."""
    LISTENERS_UNREADABLE = "LISTENERS_UNREADABLE"
    """The proxy's listeners could not be read."""
    LISTENER_ABSENT = "LISTENER_ABSENT"
    """No listener that serves has the filter."""
    ROOT_ID_UNPROVEN = "ROOT_ID_UNPROVEN"
    """Whether the module registers the root id is not known: its image is not at hand."""
    CRASH_UNASSIGNED = "CRASH_UNASSIGNED"
    """A VM crashed, and the log does not say whose."""
    LOG_UNREADABLE = "LOG_UNREADABLE"
    """The proxy's log cannot be read."""
    LOG_ROTATED = "LOG_ROTATED"
    """A part of the proxy's log is gone, and with it whether the VM crashed."""
    LOG_TOO_LONG = "LOG_TOO_LONG"
    """So much was logged that not all of it was read."""
    OTHER_CONTROLLER = "OTHER_CONTROLLER"
    """The object is taken by the controller of another gateway, whose proxies are not looked at."""
    TRAFFIC_BYPASSES = "TRAFFIC_BYPASSES"
    """Requests reach the application without the proxy: annotations or capture rules leave its ports out."""
    LOG_SILENT = "LOG_SILENT"
    """The proxy's log does not tell of crashes: its level is too high, or nobody can say what it is."""
    LOG_FORMAT_UNKNOWN = "LOG_FORMAT_UNKNOWN"
    """The proxy's log has a format that is not known here."""
    WORKERS_UNKNOWN = "WORKERS_UNKNOWN"
    """The proxy does not keep the statistics that tell whether a worker hangs."""
    STILL_IN_FORCE = "STILL_IN_FORCE"
    """It was taken away, and the proxy still has it in force."""

    ENVIRONMENT_KEPT = "ENVIRONMENT_KEPT"
    """The proxy's Envoy may go on with a VM that has an earlier environment, or another plugin's."""

    # It is loaded, and was not seen to act.
    UNSEEN = "UNSEEN"
    """No effect was seen on the requests that were sent, and no trace shows it."""
    UNASKED = "UNASKED"
    """No request was sent to see it act."""
    CRASH_FORESEEN = "CRASH_FORESEEN"
    """Its VM crashed when it was tried before, so no request was sent through it."""

    @property
    def code(self) -> str:
        """The stable code of it, such as ``WNB6001``; ``%wasm_explain`` shows the page of it."""
        return _CAUSE_CODES[self]


@dataclass(frozen=True)
class PodVerdict:
    """The verdict about one plugin on one pod, with the evidence for it.

    Parameters
    ----------
    wanted, running : str
        Image digests (``sha256:...``); ``running`` is empty when nothing of the plugin runs.
    reason : str
        One sentence; empty when LIVE and there is nothing to add.
    evidence : tuple of str
        Quoted lines: Envoy's own words, a stat, a log line.
    at : datetime
        When it was observed (aware, UTC).
    cause : Cause
        Why, for a program to decide on.
    proof : Proof
        What shows that it acts there.
    observed : Handling
        What a request of ours showed there, where one was sent; see `requests`.
    hanging : tuple of (int, int) or None
        How many workers of how many do not come back, where that was counted.
    line : int
        The line of the filter's cell in which its VM crashed; 0 where there was no crash, or nobody can say.
    """

    pod: str
    plugin: str
    verdict: Verdict
    wanted: str
    running: str
    reason: str
    evidence: tuple[str, ...]
    at: datetime
    cause: Cause = Cause.NONE
    proof: Proof = Proof.NONE
    observed: Handling = Handling.UNKNOWN
    hanging: tuple[int, int] | None = None
    line: int = 0

    @property
    def requests(self) -> Handling:
        """What happens to requests on the pod: as one of ours showed, else as the verdict says."""
        if self.observed is not Handling.UNKNOWN:
            return self.observed
        if self.cause is Cause.WORKER_HUNG:
            return Handling.HANGING
        if self.cause is Cause.TRAFFIC_BYPASSES:
            return Handling.UNFILTERED
        return _HANDLING.get(self.verdict, Handling.UNKNOWN)

    def good(self, wanted: Proof | None = None) -> bool:
        """Say whether the plugin is where it was put, as well proven as is wanted.

        LIVE is good; LOADED only where what the proxy says (CONFIG) is enough.
        """
        return self.verdict is Verdict.LIVE or (self.verdict is Verdict.LOADED and wanted is Proof.CONFIG)

    def noted(self, note: str) -> PodVerdict:
        """Give the verdict with a note behind its reason."""
        return replace(self, reason="; ".join(filter(None, (self.reason, note)))) if note else self

    def to_dict(self) -> dict[str, Any]:
        """Give the verdict as plain JSON values."""
        return {
            "pod": self.pod,
            "plugin": self.plugin,
            "verdict": self.verdict.value,
            "cause": self.cause.value,
            "proof": self.proof.value,
            "requests": self.requests.value,
            "hanging": None if self.hanging is None else {"workers": self.hanging[0], "of": self.hanging[1]},
            "wanted": self.wanted,
            "running": self.running,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "line": self.line,
            "at": self.at.isoformat(),
        }


_HANDLING = {
    Verdict.LIVE: Handling.FILTERED,
    Verdict.GONE: Handling.UNFILTERED,
    Verdict.DENY_ALL: Handling.ANSWERED_403,
    Verdict.ALLOW_ALL: Handling.UNFILTERED,
    Verdict.NO_SIDECAR: Handling.UNFILTERED,
    Verdict.NOT_SELECTED: Handling.UNFILTERED,
}
_HANDLING_WORDS = {
    Handling.UNKNOWN: "",
    Handling.FILTERED: "filtered",
    Handling.FILTERED_BY_OLD: "filtered by the old one",
    Handling.UNFILTERED: "unfiltered",
    Handling.ANSWERED_403: "answered 403",
    Handling.ANSWERED_500: "answered 500",
    Handling.ANSWERED_503: "answered 503",
    Handling.HANGING: "hanging",
}
# Never renumbered, never reused: runbooks, alerts and pages name them.
_VERDICT_CODES = {
    Verdict.LIVE: "WNB5001",
    Verdict.OLD: "WNB5002",
    Verdict.WARMING: "WNB5003",
    Verdict.REJECTED: "WNB5004",
    Verdict.DENY_ALL: "WNB5005",
    Verdict.ALLOW_ALL: "WNB5006",
    Verdict.TRAPPED: "WNB5007",
    Verdict.HUNG: "WNB5008",
    Verdict.NOT_SELECTED: "WNB5009",
    Verdict.NO_SIDECAR: "WNB5010",
    Verdict.UNPROVEN: "WNB5011",
    Verdict.LOADED: "WNB5012",
    Verdict.GONE: "WNB5013",
}
_CAUSE_CODES = {
    Cause.NONE: "WNB6000",
    Cause.NOT_YET: "WNB6001",
    Cause.PROXY_STARTING: "WNB6002",
    Cause.PROXY_RESTARTING: "WNB6003",
    Cause.POD_PENDING: "WNB6004",
    Cause.POD_STUCK: "WNB6005",
    Cause.POD_ENDING: "WNB6006",
    Cause.PROXY_SILENT: "WNB6007",
    Cause.WORKER_HUNG: "WNB6008",
    Cause.NO_PERMISSION: "WNB6009",
    Cause.PROXY_UNASKED: "WNB6010",
    Cause.OTHER_DIGEST: "WNB6011",
    Cause.OTHER_CONFIG: "WNB6012",
    Cause.GIVEN_BACK: "WNB6013",
    Cause.FETCH_FAILED: "WNB6014",
    Cause.PULL_SECRET_ABSENT: "WNB6015",
    Cause.IMAGE_UNAUTHORIZED: "WNB6016",
    Cause.IMAGE_DIGEST_MISMATCH: "WNB6017",
    Cause.IMAGE_MISSING: "WNB6018",
    Cause.IMAGE_UNREADABLE: "WNB6019",
    Cause.REGISTRY_UNTRUSTED: "WNB6020",
    Cause.REGISTRY_UNREACHABLE: "WNB6021",
    Cause.MODULE_EXPIRED: "WNB6022",
    Cause.MODULE_REFUSED: "WNB6023",
    Cause.IMPORT_UNKNOWN: "WNB6024",
    Cause.CONFIG_REFUSED: "WNB6025",
    Cause.LISTENER_REFUSED: "WNB6026",
    Cause.OBJECT_REFUSED: "WNB6027",
    Cause.VM_CRASHED: "WNB6028",
    Cause.ROOT_ID_UNKNOWN: "WNB6029",
    Cause.LABELS_DIFFER: "WNB6030",
    Cause.LISTENER_DIFFERS: "WNB6031",
    Cause.OTHER_TARGET: "WNB6032",
    Cause.NOT_REACHED: "WNB6033",
    Cause.SIDECAR_DECLINED: "WNB6034",
    Cause.HOST_NETWORK: "WNB6035",
    Cause.NO_INJECTION: "WNB6036",
    Cause.NOT_INJECTED: "WNB6037",
    Cause.NOT_ARRIVED: "WNB6038",
    Cause.NO_HTTP_PORT: "WNB6039",
    Cause.IMAGE_UNNAMED: "WNB6040",
    Cause.NOT_ACCEPTED: "WNB6041",
    Cause.NOT_ACKNOWLEDGED: "WNB6042",
    Cause.REFUSALS_HIDDEN: "WNB6043",
    Cause.LISTENERS_UNREADABLE: "WNB6044",
    Cause.LISTENER_ABSENT: "WNB6045",
    Cause.ROOT_ID_UNPROVEN: "WNB6046",
    Cause.CRASH_UNASSIGNED: "WNB6047",
    Cause.LOG_UNREADABLE: "WNB6048",
    Cause.LOG_ROTATED: "WNB6049",
    Cause.LOG_TOO_LONG: "WNB6050",
    Cause.OTHER_CONTROLLER: "WNB6051",
    Cause.UNSEEN: "WNB6052",
    Cause.UNASKED: "WNB6053",
    Cause.CRASH_FORESEEN: "WNB6054",
    Cause.TRAFFIC_BYPASSES: "WNB6055",
    Cause.LOG_SILENT: "WNB6056",
    Cause.LOG_FORMAT_UNKNOWN: "WNB6057",
    Cause.WORKERS_UNKNOWN: "WNB6058",
    Cause.STILL_IN_FORCE: "WNB6059",
    Cause.OBJECT_CHANGED: "WNB6060",
    Cause.ENVIRONMENT_KEPT: "WNB6061",
}
