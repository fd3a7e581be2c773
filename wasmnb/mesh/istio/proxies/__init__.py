"""What the proxies of the mesh and istiod say, and the verdicts that follow from it."""
