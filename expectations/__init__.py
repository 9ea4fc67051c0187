"""What must hold before a zone is published. Only this package knows Great Expectations.

Others use `expectations.examiner` alone: it runs the rules in a process of its own and never imports Great
Expectations itself. A new rule is one function in `suites/`, a new subject one file there.
"""
