import unittest

import harness


class FilterTest(unittest.TestCase):
    def setUp(self):
        answers = {
            "/chunks": harness.chunked(b"it is a sec", b"ret, and sec", b"ret", b" it stays"),
            "/compressed": self.compressed,
        }
        self.server = harness.Server(answers)
        self.addCleanup(self.server.close)

    @staticmethod
    def compressed(handler):
        handler.send_response(200)
        handler.send_header("content-encoding", "gzip")
        handler.send_header("content-length", "6")
        handler.end_headers()
        handler.wfile.write(b"secret")

    def test_a_text_that_lies_in_two_chunks(self):
        with harness.Proxy({"find": "secret", "replace": "***"}, self.server) as proxy:
            self.assertEqual(proxy.get("/chunks")[2], "it is a ***, and *** it stays")

    def test_an_answer_of_known_length(self):
        with harness.Proxy({"find": "own", "replace": "very own"}, self.server) as proxy:
            self.assertEqual(proxy.get()[2], "the service's very own answer\n")

    def test_what_is_compressed_stays_as_it_is(self):
        with harness.Proxy({"find": "secret", "replace": "***"}, self.server) as proxy:
            _, headers, body = proxy.get("/compressed")
        self.assertEqual((headers["content-length"], body), ("6", "secret"))
