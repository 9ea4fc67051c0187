"""A stand-in for the providers: a real HTTP server on loopback that speaks their wire formats over published facts.

The world it shows has a clock: what had not been published at that moment is not there. See facts/README.md for where
the figures come from, formats/ for what is spoken, and faults.py for what goes wrong when it is told to.

    GET /<host>/<path>?<query>     what that provider would answer; X-Sim-Now: <moment> asks as of another moment
    GET, POST /_clock              {"now": "2020-12-01T00:00:00Z"}
    GET /_requests                 how many provider calls there were, and the last of them
    GET, POST /_script             [{"match": "page=2", "fault": "cut", "at": 100, "times": 1}], replacing the rules
"""
