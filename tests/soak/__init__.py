"""Long races and polls against a real store: a small number of them in the suite, the full one by `make soak`."""
