"""The roles that `%wasm_doctor --rbac` prints, bound to an account of a real cluster."""

from __future__ import annotations

import pytest
import yaml

from tests.worded import in_cell
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.bookinfo.bookinfo_manifest import DEPLOYMENTS
from wasmnb.mesh.istio.doctor import rbac
from wasmnb.session import Session


def printed(namespace):
    """Read the roles, by kind, name and namespace."""
    roles = yaml.safe_load_all(rbac(namespace, "istio-system"))
    return {(one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", "")): one["rules"] for one in roles}


def writes(rules):
    reading = {"get", "list", "watch"}
    return {resource for rule in rules if set(rule["verbs"]) - reading for resource in rule["resources"]}


def test_only_the_role_for_bookinfo_may_write_what_bookinfo_is_made_of():
    roles = printed("team")
    assert list(roles) == [
        ("Role", "wasmnb", "team"),
        ("Role", "wasmnb", "istio-system"),
        ("ClusterRole", "wasmnb", ""),
        ("Role", "wasmnb-shares", "team"),
        ("ClusterRole", "wasmnb-shares", ""),
        ("Role", "wasmnb-bookinfo", "team"),
    ]
    assert writes(roles["ClusterRole", "wasmnb-shares", ""]) == set()
    routes = {"virtualservices", "destinationrules"}
    assert writes(roles.pop(("Role", "wasmnb-shares", "team"))) == routes
    own = {"services", "serviceaccounts", "deployments", "namespaces"}
    assert writes(roles.pop(("Role", "wasmnb-bookinfo", "team"))) == own
    assert not any(writes(rules) & (own | routes) for rules in roles.values())
    text = Session().doctor(rbac=True).text
    assert text == rbac("default")
    assert text.rpartition("---\n")[2].startswith("# For %wasm_bookinfo alone")


def test_with_its_role_bookinfo_is_applied_and_deleted_and_without_it_refused(bare, session, cluster):
    roles = printed(bare)
    usual, more = roles["Role", "wasmnb", bare], roles["Role", "wasmnb-bookinfo", bare]
    with pytest.raises(ForbiddenError, match="may not") as caught:
        session(bare, cluster.account(bare, "plain", usual)).bookinfo("apply")
    assert "%wasm_doctor --rbac" in in_cell(caught.value).hint

    mine = session(bare, cluster.account(bare, "teacher", [*usual, *more]))
    done = mine.bookinfo("apply")
    assert {pod.workload for pod in done.pods if pod.ready == "2/2"} == set(DEPLOYMENTS)
    assert f"the namespace {bare} was labelled istio-injection=enabled, so that its pods get a proxy" in done.notes
    gone = mine.bookinfo("delete")
    assert gone.pods == ()
    assert f"the label istio-injection=enabled of the namespace {bare} was taken back" in gone.notes
    assert cluster.kubectl("-n", bare, "get", "deployments,services,pods", "-o", "name") == ""
