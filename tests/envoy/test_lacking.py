"""What a filter asked of an Envoy that it did not have: by the trace of its VM."""

from tests.module.builder import good
from wasmnb.envoy.lacking import refused
from wasmnb.module import Module


def test_a_call_for_memory_is_not_the_callback_that_asked():
    lines = [
        "[host->vm] proxy_on_request_headers(2, 9, 1)",
        "[vm->host] env.proxy_get_header_map_pairs(0, 1, 2)",
        "[host->vm] proxy_on_memory_allocate(64)",
        "[host<-vm] proxy_on_memory_allocate return: 8",
        "[vm<-host] env.proxy_http_call return: 2",
    ]
    assert refused(lines, Module("m", bytes(good())))[0].startswith(
        "an HTTP call in proxy_on_request_headers got BadArgument"
    )
