import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.close)

    def test_headers_of_the_configuration_and_of_the_code(self):
        with harness.Proxy({"name": "x-team", "value": "blue"}, self.server) as proxy:
            answer = proxy.raw()
        self.assertIn("x-team: blue", answer)
        self.assertIn("你好: 六翁", answer)
        self.assertIn("the service's own answer", answer)

    def test_without_a_member_its_default_counts(self):
        with harness.Proxy({}, self.server) as proxy:
            self.assertIn("hello: world", proxy.raw())
