import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.close)

    def test_only_the_right_token_passes(self):
        with harness.Proxy({"token": "s3cret"}, self.server) as proxy:
            status, headers, _ = proxy.get()
            self.assertEqual((status, headers["www-authenticate"]), (401, "Bearer"))
            self.assertEqual(proxy.get(authorization="Bearer wrong!")[0], 401)
            self.assertEqual(self.server.requests, [], "a refused request must not reach the service")
            self.assertEqual(proxy.get(authorization="Bearer s3cret")[0], 200)
