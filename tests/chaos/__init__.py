"""Chaos: whatever breaks, in random order, and each verdict compared with what requests on every pod show.

::

    seed ──► world ──► faults ──► look = truth, verdicts, truth ──► report
             a filter   up to        compared where both truths
             on pods    three        are the same

``make chaos`` runs it for long; `test_chaos` runs a short part with a fixed seed.
"""
