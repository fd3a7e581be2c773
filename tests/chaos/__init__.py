"""Chaos: whatever breaks, in random order, and each verdict compared with what requests on every pod show.

::

    seed ──► world ──► faults ──► look = truth, verdicts, truth ──► report
             a filter   up to        compared where both truths
             on pods    three        are the same

The kinds of meshes are `grounds`: the embedded one, and the tests' cluster with its real Istio, where truth comes from
requests that pass everything by which the product asks. ``make chaos`` runs it for long on both; `test_chaos` runs a
short part with a fixed seed.
"""
