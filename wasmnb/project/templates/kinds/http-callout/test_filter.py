import functools
import time
import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.close)
        self.decider = harness.Server(
            {
                "/yes": harness.plain,
                "/no": functools.partial(harness.plain, status=403),
                "/slow": self.slow,
            }
        )
        self.addCleanup(self.decider.close)

    @staticmethod
    def slow(handler):
        time.sleep(3)
        harness.plain(handler)

    def ask(self, path, **options):
        config = {"cluster": "decider", "path": path, **options}
        with harness.Proxy(config, self.server, decider=self.decider, nobody=1) as proxy:
            return proxy.get("/shop?item=1", authorization="Bearer me")[0]

    def test_a_yes_lets_the_request_pass(self):
        self.assertEqual(self.ask("/yes"), 200)
        path, headers = self.decider.requests[0]
        self.assertEqual(path, "/yes")
        self.assertEqual({name.lower(): value for name, value in headers.items()}["x-original-path"], "/shop?item=1")

    def test_a_no_refuses_it(self):
        self.assertEqual(self.ask("/no"), 403)
        self.assertEqual(self.server.requests, [])

    def test_no_answer_in_time(self):
        began = time.monotonic()
        self.assertEqual(self.ask("/slow", timeout_ms=100), 503)
        self.assertLess(time.monotonic() - began, harness.PATIENCE)

    def test_nobody_there(self):
        self.assertEqual(self.ask("/yes", cluster="nobody"), 503)

    def test_a_cluster_that_the_proxy_does_not_know(self):
        self.assertEqual(self.ask("/yes", cluster="unheard-of"), 503)
