"""Runs that begin at once: a process that has imported Prefect stands by, and each run is a fork of it.

A run of its own process costs seconds of imports before it does anything, on a small machine more than a refresh in
which nothing is new. `python -m infra.standby` is the command of our deployments: it takes a fork of the process that
listens where DATAZONES_STANDBY says, hands it its own files, environment and folder, passes signals on and ends as the
fork ends; where nobody listens it becomes `python -m prefect.engine`, which is what Prefect would have started.

Nothing is imported here, for this is on the way of every run.
"""
