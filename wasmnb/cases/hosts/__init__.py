"""The hosts that run cases: a real Envoy, which is the judge, and an emulator of the ABI for what Envoy cannot give."""
