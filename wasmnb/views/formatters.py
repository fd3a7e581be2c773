"""How results look, by the name of their type: a notebook asks, and what makes the record is imported then.

Nothing is imported for a type that nobody shows; IPython is given names, and looks at no type before there is one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from wasmnb.display import Record

__all__ = ["HTML", "RECORDS", "html_of", "record_of", "register", "unregister"]

RECORDS = {
    "wasmnb.cases.bench.Costs": "cases.costs_record",
    "wasmnb.cases.results.CaseResult": "cases.case_record",
    "wasmnb.cases.results.TestResults": "cases.results_record",
    "wasmnb.check.Checks": "session.doctor_record",
    "wasmnb.exercises.progress.Progress": "exercises.progress_record",
    "wasmnb.exercises.results.Advice": "exercises.advice_record",
    "wasmnb.exercises.results.Checked": "exercises.checked_record",
    "wasmnb.image.inspection.Inspection": "image.inspection_record",
    "wasmnb.image.listing.Listing": "image.listing_record",
    "wasmnb.image.registry.login.LoggedOut": "image.logout_record",
    "wasmnb.image.registry.login.Login": "image.login_record",
    "wasmnb.image.registry.server.served.ServedRegistry": "image.served_record",
    "wasmnb.image.results.Built": "image.built_record",
    "wasmnb.image.results.Removed": "image.removed_record",
    "wasmnb.image.results.Tagged": "image.tagged_record",
    "wasmnb.image.results.Transfer": "image.transfer_record",
    "wasmnb.mesh.results.Counts": "mesh.counts_record",
    "wasmnb.mesh.results.Logs": "mesh.logs_record",
    "wasmnb.mesh.results.Metrics": "mesh.metrics_record",
    "wasmnb.mesh.results.Properties": "mesh.properties_record",
    "wasmnb.mesh.results.Pods": "mesh.pods_record",
    "wasmnb.mesh.results.Verdicts": "mesh.verdicts_record",
    "wasmnb.mesh.running.results.RunningMeshes": "mesh.running_record",
    "wasmnb.plugin.plugins.Plugins": "mesh.plugins_record",
    "wasmnb.project.init.Project": "project.project_record",
    "wasmnb.rollout.deployment.Deployment": "mesh.deploy_record",
    "wasmnb.rollout.deployment.Removal": "mesh.undeploy_record",
    "wasmnb.rollout.dry_run.DryRun": "dryrun.dry_run_record",
    "wasmnb.rollout.result.Rollout": "rollout.rollout_record",
    "wasmnb.session.results.Bookinfo": "mesh.bookinfo_record",
    "wasmnb.compile.go.migration.Migration": "build.migration_record",
    "wasmnb.session.gitops.Exported": "rendering.exported_record",
    "wasmnb.session.gitops.FolderStatus": "rendering.folder_record",
    "wasmnb.session.files.FileResult": "build.file_record",
    "wasmnb.session.rendering.Rendered": "rendering.rendered_record",
    "wasmnb.session.rendering.RenderedAgent": "rendering.agent_record",
    "wasmnb.session.results.BuildTimes": "plots.times_record",
    "wasmnb.session.results.FilterResult": "build.filter_record",
    "wasmnb.session.results.MeshState": "mesh.mesh_record",
    "wasmnb.session.results.Roles": "session.roles_record",
    "wasmnb.session.results.Settings": "session.config_record",
    "wasmnb.session.secrets.KeptSecret": "session.secret_record",
    "wasmnb.traffic.header_diff.Capture": "traffic.headers_record",
    "wasmnb.traffic.measure.Comparison": "plots.compare_record",
    "wasmnb.traffic.pod_diff.PodCaptures": "traffic.pod_headers_record",
}
"""What makes the record of a type: module and function below ``wasmnb.views``."""

HTML = {
    "wasmnb.compile.filter.Filter": "nouns.filter_record",
    "wasmnb.error_pages.Explanation": "nouns.explanation_html",
    "wasmnb.image.image.Image": "nouns.image_html",
    "wasmnb.module.facts.ModuleFacts": "nouns.facts_html",
    "wasmnb.module.module.Module": "nouns.module_html",
    "wasmnb.plugin.plugin.Plugin": "nouns.plugin_html",
    "wasmnb.traffic.exchange.Exchange": "nouns.exchange_html",
    "wasmnb.traffic.exchange.Headers": "nouns.headers_html",
}
"""What makes the HTML of a noun, whose plain text is its ``repr``; or a record, which has a text of its own."""

_PRESENT = 10.0  # seconds for which what is shown is of now


def record_of(result: object, *, at: datetime | None = None) -> Record:
    """Give what a notebook shows of a result.

    Parameters
    ----------
    result : object
        Of one of the types in `RECORDS`.
    at : datetime, optional
        When it is shown; now. What is older than a moment says of what time it is.

    Raises
    ------
    TypeError
        Nobody has said how such an object looks.
    """
    from wasmnb.display.result import Dated, now  # noqa: PLC0415 - loading the extension needs names only

    record: Record = _maker(result, RECORDS)(result)
    of = result.at if isinstance(result, Dated) else None
    shown = at or now()
    if of is None or (shown - of).total_seconds() < _PRESENT:
        return record
    day = "" if of.date() == shown.date() else f"{of:%Y-%m-%d} "
    return record.noting(f"as of {day}{of:%H:%M:%S} UTC")


def html_of(noun: object) -> str:
    """Give the HTML that a notebook shows of a noun of the pipeline.

    Raises
    ------
    TypeError
        Nobody has said how such an object looks.
    """
    page: str | Record = _maker(noun, HTML)(noun)
    return page if isinstance(page, str) else page._repr_html_()


def register(shell: Any) -> None:
    """Have a shell of IPython show every type in `RECORDS` and `HTML`; none of them is imported for it."""
    bundles = shell.display_formatter.mimebundle_formatter
    # What a kernel shows is saved; a terminal's text is read once.
    record = _saved_bundle if hasattr(shell, "kernel") else _record_bundle
    for names, show in ((RECORDS, record), (HTML, _html_bundle)):
        for name in names:
            bundles.for_type_by_name(*name.rsplit(".", 1), show)


def unregister(shell: Any) -> None:
    """Take away what `register` gave."""
    bundles = shell.display_formatter.mimebundle_formatter
    for name in (*RECORDS, *HTML):
        bundles.pop(name, None)


def _maker(shown: object, names: dict[str, str]) -> Callable[[Any], Any]:
    for kind in type(shown).__mro__:
        name = names.get(f"{kind.__module__}.{kind.__qualname__}")
        if name is not None:
            module, _, function = name.rpartition(".")
            maker: Callable[[Any], Any] = getattr(import_module(f"wasmnb.views.{module}"), function)
            return maker
    raise TypeError(f"how a {type(shown).__name__} looks is not known")


def _record_bundle(result: object) -> dict[str, str]:
    with words_for(Front.NOTEBOOK):
        return record_of(result)._repr_mimebundle_()


def _saved_bundle(result: object) -> dict[str, str]:
    with words_for(Front.NOTEBOOK):
        record = record_of(result)
        return {**record._repr_mimebundle_(), "text/plain": record.saved()}


def _html_bundle(noun: object) -> dict[str, str]:
    made: str | Record = _maker(noun, HTML)(noun)
    return {"text/html": made} if isinstance(made, str) else made._repr_mimebundle_()
