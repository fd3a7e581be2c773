import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.close)

    def test_requests_beyond_the_limit_are_refused_on_all_threads(self):
        # An hour does not end twice during a test.
        with harness.Proxy({"requests": 3, "seconds": 3600}, self.server) as proxy:
            answers = [proxy.get() for _ in range(10)]
        self.assertEqual(sorted(status for status, _, _ in answers)[-4:], [429] * 4)
        self.assertIn(len(self.server.requests), (3, 4, 5, 6), "three in a window, and no test meets more than two")
        self.assertEqual(answers[-1][1]["retry-after"], "3600")

    def test_the_next_window_begins_anew(self):
        with harness.Proxy({"requests": 1, "seconds": 1}, self.server) as proxy:
            proxy.wait(lambda: proxy.get()[0] == 429)
            proxy.wait(lambda: proxy.get()[0] == 200)
