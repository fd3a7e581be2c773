import functools
import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server({"/gone": functools.partial(harness.plain, status=404)})
        self.addCleanup(self.server.close)

    def test_the_proxy_shows_what_was_counted(self):
        with harness.Proxy({"name": "shop"}, self.server) as proxy:
            for path in ("/", "/", "/gone"):
                proxy.get(path)
            stats = proxy.wait(lambda: self.counted(proxy))
        self.assertEqual(stats["wasmcustom.shop.responses.2xx"], "2")
        self.assertEqual(stats["wasmcustom.shop.responses.4xx"], "1")

    @staticmethod
    def counted(proxy):
        stats = proxy.stats("wasmcustom.shop")
        # A histogram is shown when it has been flushed.
        return stats if "P50" in stats.get("wasmcustom.shop.milliseconds", "") else None
