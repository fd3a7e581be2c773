"""What Envoy 1.40 offers to a module, and what it expects of one.

Measured, not copied: ``tests/module/test_host.py`` imports every function, with every ABI version, into a real Envoy
and compares names and types with these tables. A signature has one letter per value, ``i`` for i32 and ``l`` for i64,
and its result behind a colon.
"""

from __future__ import annotations

from functools import cache

from wasmnb.module.wasm_types import FuncType

__all__ = ["ABIS", "ALLOCATORS", "ENVOY", "HIGRESS", "HIGRESS_ABI", "MARKER", "callbacks", "functions"]

#: ABI versions that Envoy accepts, oldest first.
ABIS = ("0.1.0", "0.2.0", "0.2.1")

#: The ABI that Higress's Envoy has besides, for calls to Redis. Its tables are of its SDK, not measured here.
HIGRESS_ABI = "0.2.100"

#: Whose Envoy runs a module.
ENVOY, HIGRESS = "Envoy", "Higress"

#: A function of this name, with the version behind it, says which ABI a module speaks.
MARKER = "proxy_abi_version_"

#: The exports that give memory to the host; Envoy takes the first that it finds.
ALLOCATORS = ("malloc", "proxy_on_memory_allocate")

_PROXY = {
    ":i": "done",
    "i:i": "set_effective_context get_current_time_nanoseconds set_tick_period_milliseconds grpc_cancel grpc_close",
    "il:i": "record_metric increment_metric",
    "ii:i": "get_header_map_size get_metric",
    "iii:i": "log get_buffer_status get_header_map_pairs set_header_map_pairs remove_header_map_value get_status"
    " register_shared_queue enqueue_shared_queue dequeue_shared_queue",
    "iiii:i": "grpc_send define_metric get_property set_property",
    "iiiii:i": "get_buffer_bytes set_buffer_bytes get_header_map_value add_header_map_value replace_header_map_value"
    " get_shared_data set_shared_data resolve_shared_queue",
    "iiiiii:i": "call_foreign_function",
    "iiiiiiii:i": "send_local_response",
    "iiiiiiiii:i": "grpc_stream",
    "iiiiiiiiii:i": "http_call",
    "iiiiiiiiiiii:i": "grpc_call",
}
_PROXY_OF = {
    "0.1.0": {":i": "continue_request continue_response clear_route_cache", "ii:i": "get_configuration"},
    "0.2.0": {"i:i": "continue_stream close_stream"},
    "0.2.1": {"i:i": "continue_stream close_stream get_log_level"},
    HIGRESS_ABI: {
        "i:i": "continue_stream close_stream get_log_level",
        "iiiiiii:i": "redis_init",
        "iiiii:i": "redis_call",
    },
}
_ENV = {"ii:i": "pthread_equal", "i:": "emscripten_notify_memory_growth"}
_WASI = {
    "i:": "proc_exit",
    ":i": "sched_yield",
    "i:i": "fd_close fd_datasync fd_sync",
    "il:i": "fd_filestat_set_size",
    "ill:i": "fd_allocate fd_fdstat_set_rights",
    "ili:i": "clock_time_get",
    "illi:i": "fd_advise fd_filestat_set_times",
    "ilii:i": "fd_seek",
    "ii:i": "args_get args_sizes_get clock_res_get environ_get environ_sizes_get fd_fdstat_get fd_fdstat_set_flags"
    " fd_filestat_get fd_prestat_get fd_renumber fd_tell random_get sock_shutdown",
    "iii:i": "fd_prestat_dir_name path_create_directory path_remove_directory path_unlink_file sock_accept",
    "iiii:i": "fd_read fd_write path_symlink poll_oneoff",
    "iiiii:i": "path_filestat_get sock_send",
    "iiiiii:i": "path_link path_readlink path_rename sock_recv",
    "iiili:i": "fd_pread fd_pwrite fd_readdir",
    "iiiilli:i": "path_filestat_set_times",
    "iiiiillii:i": "path_open",
}
_CALLBACKS = {
    ":": "_initialize",
    ":i": "__main_void",
    "i:": "proxy_on_delete proxy_on_log proxy_on_tick",
    "i:i": "malloc proxy_on_memory_allocate proxy_on_done proxy_on_new_connection",
    "ii:": "proxy_on_context_create proxy_on_downstream_connection_close proxy_on_upstream_connection_close"
    " proxy_on_queue_ready",
    "ii:i": "main proxy_on_vm_start proxy_on_configure proxy_validate_configuration proxy_on_request_metadata"
    " proxy_on_request_trailers proxy_on_response_metadata proxy_on_response_trailers",
    "iii:": "proxy_on_grpc_close proxy_on_grpc_receive proxy_on_grpc_receive_initial_metadata"
    " proxy_on_grpc_receive_trailing_metadata",
    "iii:i": "proxy_on_downstream_data proxy_on_upstream_data proxy_on_request_body proxy_on_response_body",
    "iiiii:": "proxy_on_http_call_response",
}
_HEADERS = "proxy_on_request_headers proxy_on_response_headers"
_VALUES = {"i": "i32", "l": "i64"}


@cache
def functions(abi: str) -> dict[str, FuncType]:
    """Give the host functions of an ABI version.

    Parameters
    ----------
    abi : str
        One of `ABIS`, or `HIGRESS_ABI`.

    Returns
    -------
    dict of str to FuncType
        By ``module.name``, such as ``env.proxy_log``. ``wasi_unstable`` has the same functions as
        ``wasi_snapshot_preview1``; most of those that concern files only give an error number.
    """
    found = {f"env.proxy_{name}": type_ for table in (_PROXY, _PROXY_OF[abi]) for name, type_ in _read(table)}
    found |= {f"env.{name}": type_ for name, type_ in _read(_ENV)}
    for module in ("wasi_snapshot_preview1", "wasi_unstable"):
        found |= {f"{module}.{name}": type_ for name, type_ in _read(_WASI)}
    return found


@cache
def callbacks(abi: str, *, reactor: bool) -> dict[str, FuncType]:
    """Give the exports whose type Envoy checks.

    Parameters
    ----------
    abi : str
        One of `ABIS`, or `HIGRESS_ABI`.
    reactor : bool
        The module exports ``_initialize``; ``main`` is looked at only then, and ``_start`` only otherwise.

    Returns
    -------
    dict of str to FuncType
        By name. Any other export may have any type.
    """
    found = dict(_read(_CALLBACKS))
    found |= dict(_read({"ii:i" if abi == "0.1.0" else "iii:i": _HEADERS}))
    if abi != "0.1.0":
        found |= dict(_read({"iii:": "proxy_on_foreign_function"}))
    if abi == HIGRESS_ABI:
        found |= dict(_read({"iiii:": "proxy_on_redis_call_response"}))
    if not reactor:
        found["_start"] = FuncType()
        for name in ("_initialize", "main", "__main_void"):
            del found[name]
    return found


def _read(table: dict[str, str]) -> list[tuple[str, FuncType]]:
    return [(name, _type(signature)) for signature, names in table.items() for name in names.split()]


def _type(signature: str) -> FuncType:
    params, _, results = signature.partition(":")
    return FuncType(tuple(_VALUES[value] for value in params), tuple(_VALUES[value] for value in results))
