"""A whole installation on one machine, kept up: what `datazones up` starts and `datazones down` ends.

`parts` says what it is made of, `supervisor` is the process that keeps the parts running, `place` the files by which
others find it. Production has its own supervisor (systemd, Kubernetes); the parts are the same.
"""
