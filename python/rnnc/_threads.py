"""The threads of OpenMP that calls of compiled networks have."""

import os
from ctypes import c_int


class Threads:
    """Limits the threads of OpenMP that the calls within have."""

    forked = False  # OpenMP has lost its threads to os.fork, and would wait for them

    def __init__(self, library, threads):
        self._library, self._threads = library, 1 if Threads.forked else threads

    def __enter__(self):
        self._before = self._library.omp_get_max_threads() if self._threads else None
        if self._before != self._threads:
            self._library.omp_set_num_threads(c_int(self._threads))

    def __exit__(self, *_):
        if self._before != self._threads:
            self._library.omp_set_num_threads(c_int(self._before))


os.register_at_fork(after_in_child=lambda: setattr(Threads, "forked", True))
