"""Children for tests that race and kill: forks, which start at once with all that is loaded and open here."""

from __future__ import annotations

import os
import sys
import traceback
from multiprocessing.context import ForkProcess


class Fork(ForkProcess):
    """Ends with its work: 0, or 1 if that raised.

    What libraries of this process want done at its end (Prefect waits for threads, which a fork does not have) is not
    the child's to do.
    """

    def run(self) -> None:
        code = 1
        try:
            super().run()
            code = 0
        except BaseException:  # noqa: BLE001 - the exit code says so
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
