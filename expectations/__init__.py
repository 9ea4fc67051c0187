"""What must hold before a zone is published. Only this package knows Great Expectations.

Others use `expectations.examiner`, which runs the rules in a process of its own, and `expectations.told`, which tells
of them; neither imports Great Expectations. A new rule is one function in `suites/`, a new
subject one file there.
"""
