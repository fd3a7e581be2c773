"""The same twelve behaviours and the same headers, from a filter in each language, on a real Envoy."""
