"""How good are the cases of the templates? Their sources are changed at random, and the cases must notice."""
