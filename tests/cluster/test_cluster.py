"""The cluster itself: what runs on it is real, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import bookinfo, groups
from tests.cluster.cluster import Cluster, ClusterError
from tests.cluster.life import down, find, unfit, up
from tests.cluster.places import Home
from tests.cluster.tools import ToolError, output
from tests.mesh.test_protocol import BOOK
from tests.mesh.tiny import tag
from wasmnb.image import package

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parent.parent.parent
BOTH = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


@pytest.fixture(scope="module")
def shop(cluster: Cluster) -> Iterator[str]:
    """Give a namespace with the article's application."""
    with cluster.namespace() as name:
        bookinfo.install(cluster, name)
        yield name


@pytest.fixture
def own() -> Iterator[str]:
    """Give the name of a cluster of the test's own."""
    if reason := unfit():
        pytest.skip(reason)
    name = f"tests-own-{os.getpid()}"
    yield name
    down(name)


def ask(cluster: Cluster, shop: str, path: str, *, via: str = "istio-proxy", app: str = "productpage") -> str:
    """Send a request from a pod's proxy or, through it, from its application."""
    command = ["curl", "-sSi"] if via == "istio-proxy" else ["wget", "-qSO-"]
    return cluster.kubectl("-n", shop, "exec", f"deploy/{app}-v1", "-c", via, "--", *command, f"http://{path}")


def plug(cluster: Cluster, shop: str, name: str, url: str, **more: str) -> None:
    spec = {"selector": {"matchLabels": {"app": "details"}}, "url": f"oci://{url}", **more}
    kind = {"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin"}
    cluster.apply({**kind, "metadata": {"name": name}, "spec": spec}, namespace=shop)


def test_the_article_s_application_runs_with_its_sidecars(cluster, shop):
    pods = cluster.get(shop, "pods")["items"]
    assert sorted(pod["metadata"]["labels"]["app"] for pod in pods) == [
        "details",
        "productpage",
        "ratings",
        "reviews",
        "reviews",
        "reviews",
    ]
    listed = cluster.kubectl("-n", shop, "get", "pods", "--no-headers")
    assert [line.split()[1:3] for line in listed.splitlines()] == [["2/2", "Running"]] * 6
    # A pod that is ready is known to kube-proxy, and to the other pods' proxies, a moment later.
    response = cluster.until("the service details", lambda: ask(cluster, shop, "details:9080/details/123"))
    assert response.startswith("HTTP/1.1 200")
    assert "server: istio-envoy" in response
    assert f"x-envoy-decorator-operation: details.{shop}.svc.cluster.local:9080/*" in response
    assert response.endswith(BOOK)
    through = cluster.until("details", lambda: ask(cluster, shop, "details:9080/details/123", via="productpage"))
    assert through == BOOK
    cluster.until("stars", lambda: "★" in ask(cluster, shop, "productpage:9080/productpage"))
    # Which version of reviews answers is the proxy's choice, and it chooses at random.
    pages: set[int] = set()

    def all_versions():
        pages.add(ask(cluster, shop, "productpage:9080/productpage").count("★"))
        return len(pages) > 1

    cluster.until("pages with stars and without", all_versions)
    assert pages == {0, 9}


def test_a_filter_from_the_registry_answers_and_goes(cluster, shop):
    plug(cluster, shop, "one", cluster.push(package(tag("one")), "tests/one"))
    cluster.until("the filter", lambda: "x-tag: one" in ask(cluster, shop, "details:9080/details/1"))
    cluster.kubectl("-n", shop, "delete", "wasmplugins.extensions.istio.io", "one")
    cluster.until("no filter", lambda: "x-tag" not in ask(cluster, shop, "details:9080/details/1"))


def test_the_private_registry_wants_a_secret(cluster, shop):
    url = cluster.push(package(tag("private")), "tests/private", private=True)
    plug(cluster, shop, "barred", url)
    cluster.until("a refusal", lambda: "HTTP/1.1 403" in ask(cluster, shop, "details:9080/details/1"))
    cluster.kubectl("-n", shop, "delete", "wasmplugins.extensions.istio.io", "barred")
    cluster.pull_secret(shop, "pull")
    plug(cluster, shop, "let-in", url, imagePullSecret="pull")
    cluster.until("the filter", lambda: "x-tag: private" in ask(cluster, shop, "details:9080/details/1"))
    cluster.kubectl("-n", shop, "delete", "wasmplugins.extensions.istio.io", "let-in")
    cluster.until("no filter", lambda: "x-tag" not in ask(cluster, shop, "details:9080/details/1"))


def test_an_account_may_do_what_its_role_says_and_no_more(cluster, shop):
    kubeconfig = cluster.account(shop, "reader", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    limited = f"--kubeconfig={kubeconfig}"
    assert "details-v1" in cluster.kubectl(limited, "get", "pods")
    for barred in (["get", "secrets"], ["get", "pods", "-n", "kube-system"]):
        with pytest.raises(ToolError, match="Forbidden"):
            cluster.kubectl(limited, *barred)


def test_a_namespace_without_injection_gets_no_sidecars(cluster):
    with cluster.namespace(injected=False) as bare:
        bookinfo.install(cluster, bare, ["details-v1"], replicas={"details-v1": 3})
        pods = cluster.kubectl("-n", bare, "get", "pods", "--no-headers").splitlines()
        assert [line.split()[1] for line in pods] == ["1/1"] * 3
        cluster.scale(bare, "details-v1", 1)
        assert len(cluster.pods(bare)) == 1


def test_strict_refuses_plain_text_and_passes_applications(cluster):
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ["details-v1", "productpage-v1"])
        cluster.strict(name)

        def refused() -> bool:
            # First the service has no endpoint that refuses anything, then perhaps a proxy without the policy.
            try:
                ask(cluster, name, "details:9080/details/1")
            except ToolError as error:
                return "reset" in str(error)
            return False

        cluster.until("a refusal", refused)
        assert ask(cluster, name, "details:9080/details/123", via="productpage") == BOOK


def test_a_sidecar_of_the_old_form_and_more_statistics_when_asked(cluster):
    wanted = {
        "sidecar.istio.io/nativeSidecar": "false",
        "sidecar.istio.io/statsInclusionPrefixes": "extension_config_discovery",
    }
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ["details-v1"], annotations=wanted)
        (pod,) = cluster.get(name, "pods")["items"]
        assert {one["name"] for one in pod["spec"]["containers"]} == {"istio-proxy", "details"}
        plug(cluster, name, "counted", cluster.push(package(tag("counted")), "tests/counted"))
        look = ["exec", "deploy/details-v1", "-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "stats"]
        cluster.until("statistics", lambda: "extension_config_discovery" in cluster.kubectl("-n", name, *look))


def test_logs_can_be_forgotten(cluster, shop):
    (pod,) = cluster.pods(shop, "app=ratings")
    logs = ["-n", shop, "logs", pod, "-c", "istio-proxy"]
    assert cluster.kubectl(*logs)
    cluster.forget_logs(shop, pod)
    assert not cluster.kubectl(*logs)


def test_the_machine_is_not_changed(cluster):
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(cluster.home.folder) not in mounts
    assert Path("/sys/class/net", cluster.link).exists()
    seen = output(*cluster.inside("cat", "/proc/sys/kernel/panic", "/proc/sys/vm/overcommit_memory"))
    assert seen.split() == ["10", "1"]
    assert "KUBE-SERVICES" in output(*cluster.inside("iptables-save"))
    assert cluster.address not in output("iptables-save")


def test_a_command_for_people_says_how_to_use_it(cluster):
    command = [sys.executable, "-m", "tests.cluster", "--name", cluster.home.name]
    run = [*command, "run", "--", "ctr", "-n", "k8s.io", "images", "ls", "-q"]
    assert "localhost/istio/proxyv2:test" in subprocess.check_output(run, cwd=ROOT, text=True)
    status = subprocess.check_output([*command, "status"], cwd=ROOT, text=True)
    assert f"KUBECONFIG={cluster.kubeconfig}" in status
    shell = subprocess.run([*command, "shell"], input="kubectl get nodes", cwd=ROOT, text=True, capture_output=True)
    assert "Ready" in shell.stdout
    absent = subprocess.run([*command[:-1], "absent", "status"], cwd=ROOT, text=True, capture_output=True)
    assert absent.returncode == 1
    assert "'absent'" in absent.stderr


def init(name: str) -> int:
    """Give the first process of a cluster that need not be up yet."""
    guard = int(Home(name).lock.read_text())
    return int(Path(f"/proc/{guard}/task/{guard}/children").read_text())


def namespace_of(pid: int) -> str:
    """Name the namespace of processes that a process is in."""
    return str(Path(f"/proc/{pid}/ns/pid").readlink())


def processes(namespace: str) -> dict[int, str]:
    """Give the processes in a namespace of processes, and their names."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if namespace_of(int(path.name)) == namespace:
                found[int(path.name)] = (path / "comm").read_text().strip()
        except OSError:
            continue
    return found


def gone(home: Home, namespace: str, link: str) -> bool:
    """Whether nothing is left that costs anything: processes, the link, control groups."""
    return not processes(namespace) and not Path("/sys/class/net", link).exists() and not groups.left(home.group)


def soon(home: Home, namespace: str, link: str) -> None:
    deadline = time.monotonic() + 20
    while not gone(home, namespace, link):
        assert time.monotonic() < deadline, (processes(namespace), groups.left(home.group))
        time.sleep(0.1)


def test_nothing_stays_of_a_cluster_that_ends_however_it_ends(own):
    home = Home(own)
    cluster = up(own, owned=True)
    namespace = namespace_of(cluster.pid)
    assert {"kube-apiserver", "kubelet", "etcd"} <= set(processes(namespace).values())
    with pytest.raises(ClusterError, match="running already"):
        up(own)
    os.kill(cluster.guard, signal.SIGKILL)
    soon(home, namespace, cluster.link)
    assert find(own) is None

    # Whatever reads what the command says, comes to an end: the cluster holds on to nothing of its caller's.
    said = subprocess.run([sys.executable, "-m", "tests.cluster", "--name", own, "up"], cwd=ROOT, **BOTH)
    assert "ready" in said.stdout, said.stdout
    again = find(own)
    assert again is not None
    namespace = namespace_of(again.pid)
    assert again.kubectl("get", "namespaces", "istio-system", "-o", "name")
    down(own)
    assert gone(home, namespace, again.link)
    assert not home.folder.exists()
    assert not home.lock.exists()
    down(own)


def test_a_start_that_is_interrupted_leaves_nothing(own):
    seen = {}

    def interrupt(text: str) -> None:
        if text.startswith("control plane"):
            seen["namespace"] = namespace_of(init(own))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        up(own, say=interrupt)
    soon(Home(own), seen["namespace"], "wasmnb")
    assert find(own) is None


def test_a_cluster_that_a_process_owns_ends_with_it(own):
    script = (
        "import os, signal; from tests.cluster.life import up\n"
        "def say(text): text.startswith('control plane') and (print('killed', flush=True), os.kill(os.getpid(), 9))\n"
        f"up({own!r}, owned=True, say=say)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with owner:
        assert owner.stdout.read() == "killed\n"
    assert owner.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while Home(own).folder.exists() or groups.left(Home(own).group):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert find(own) is None


@pytest.mark.parametrize(("part", "words"), [("etcd", "etcd ended with -9"), ("", "killed by signal 9")])
def test_a_part_that_ends_ends_the_start_and_is_named(own, part, words):
    def kill(text: str) -> None:
        if text.startswith("control plane"):
            first = init(own)
            found = [pid for pid, comm in processes(namespace_of(first)).items() if comm == part]
            os.kill(*found or [first], signal.SIGKILL)

    with pytest.raises(ClusterError, match=words):
        up(own, say=kill)
    assert not groups.left(Home(own).group)
    assert Home(own).logs.exists()
