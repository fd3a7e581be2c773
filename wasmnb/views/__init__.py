"""What a notebook shows: static records over the objects of the other packages."""

from wasmnb.display.record import Block, Cell, Column, Record
from wasmnb.views.build import build_record, diagnostic_lines, diagnostics_record, file_record
from wasmnb.views.dryrun import dry_run_record
from wasmnb.views.image import image_record, login_record, removed_record, tagged_record, transfer_record
from wasmnb.views.mesh import (
    deploy_record,
    logs_record,
    plugins_record,
    pods_record,
    undeploy_record,
    verdicts_record,
)
from wasmnb.views.progress import LiveProgress
from wasmnb.views.rendering import rendered_record
from wasmnb.views.rollout import rollout_record
from wasmnb.views.session import config_record, doctor_record, roles_record
from wasmnb.views.traffic import headers_record, pod_headers_record

__all__ = [
    "Block",
    "Cell",
    "Column",
    "LiveProgress",
    "Record",
    "build_record",
    "config_record",
    "deploy_record",
    "diagnostic_lines",
    "diagnostics_record",
    "doctor_record",
    "dry_run_record",
    "file_record",
    "headers_record",
    "image_record",
    "login_record",
    "logs_record",
    "plugins_record",
    "pod_headers_record",
    "pods_record",
    "removed_record",
    "rendered_record",
    "roles_record",
    "rollout_record",
    "tagged_record",
    "transfer_record",
    "undeploy_record",
    "verdicts_record",
]
