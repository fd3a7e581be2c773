"""The nouns of the pipeline as tables of facts: filters, modules, images, plugins, exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.display import Block, Column, Record
from wasmnb.display.facts import facts_table
from wasmnb.display.text import several
from wasmnb.module.facts import facts_rows
from wasmnb.plugin.enums import Kind, PluginType, PullPolicy
from wasmnb.traffic import masking

if TYPE_CHECKING:
    from wasmnb.compile import Filter
    from wasmnb.error_pages import Explanation
    from wasmnb.image import Image
    from wasmnb.module import Module
    from wasmnb.module.facts import ModuleFacts
    from wasmnb.plugin import Plugin
    from wasmnb.traffic import Exchange, Headers

__all__ = [
    "exchange_html",
    "explanation_html",
    "facts_html",
    "filter_record",
    "headers_html",
    "image_html",
    "module_html",
    "plugin_html",
]


def filter_record(made: Filter) -> Record:
    """Show a filter: its source, and what it is compiled with."""
    source = tuple(made.source.strip("\n").splitlines())
    facts = [
        ("flags", " ".join(made.flags) or None),
        ("files", ", ".join(path for path, _ in made.files) or None),
    ]
    columns = tuple(Column(name, shown=value is not None, code=True) for name, value in facts)
    row = tuple(value for _, value in facts)
    status = f"{made.language}, {several(len(source), 'line')}"
    return Record(
        f"Filter {made.name}", status, columns=columns, rows=(row,), blocks=(Block("source", source),), tall=True
    )


def module_html(module: Module) -> str:
    """Show what a module says about itself, and its digest."""
    return facts_table(f"Module {module.name}", [*facts_rows(module.facts), ("wasm digest", module.digest)])


def facts_html(facts: ModuleFacts) -> str:
    """Show what a module says about itself."""
    return facts_table("What the module says", facts_rows(facts))


def image_html(image: Image) -> str:
    """Show an image: its name, its layers and its annotations."""
    rows = [
        ("reference", image.reference),
        ("digest", image.digest),
        ("size", f"{image.size:,} bytes"),
        *((f"layer {layer.title}".strip(), f"{layer.media_type}, {layer.size:,} bytes") for layer in image.layers),
        *image.annotations.items(),
    ]
    return facts_table(f"Image of {image.module.name}", rows)


def explanation_html(page: Explanation) -> str:
    """Show the page of a code."""
    rows = [("meaning", page.meaning), ("how it comes about", page.origin), ("what to do", page.remedy)]
    return facts_table(f"{page.code} {page.name}: {page.title}", rows, sentences=True)


def plugin_html(plugin: Plugin) -> str:
    """Show all that is said of a plugin, secrets masked."""
    variables = [f"{name}={value}" for name, value in redact.config(plugin.env).items()]
    rows = [
        ("image", plugin.image.reference),
        ("digest", plugin.image.digest),
        ("targets" if plugin.targets else "selector", plugin.scope),
        *([("configuration", redact.config(plugin.config_text))] if plugin.config is not None else []),
        ("root id", plugin.root_id if plugin.root_id is not None else "the only one"),
        ("phase", plugin.phase.value),
        ("priority", str(plugin.priority)),
        ("fail policy", plugin.fail_policy.value),
    ]
    said = [
        ("listeners", ", ".join(str(one) for one in plugin.match)),
        ("environment", ", ".join([*variables, *(f"{name} (the proxy's)" for name in plugin.host_env)])),
        ("VM configuration", str(redact.config(plugin.vm_config_text))),
        ("VM id", plugin.vm_id),
        ("pull policy", plugin.pull_policy.value if plugin.pull_policy is not PullPolicy.UNSPECIFIED else ""),
        ("pull secret", plugin.pull_secret),
        ("type", plugin.type.value if plugin.type is not PluginType.HTTP else ""),
        ("becomes", plugin.kind.value if plugin.kind is not Kind.AUTO else ""),
    ]
    return facts_table(f"Plugin {plugin.id}", [*rows, *((name, value) for name, value in said if value)])


def exchange_html(taken: Exchange) -> str:
    """Show the header lines of a response, credentials and cookies masked."""
    shown = masking.exchange(taken)
    status = f"{shown.response.status} {shown.response.reason}".strip()
    caption = f"{shown.source} \N{RIGHTWARDS ARROW} {shown.request.url}: {status} from {shown.pod}"
    lines = [*shown.response.headers, *shown.response.trailers]
    return facts_table(caption, [*lines, *(("note", note) for note in shown.notes)])


def headers_html(headers: Headers) -> str:
    """Show header lines as they came, credentials and cookies masked."""
    return facts_table("Headers", masking.headers(headers))
