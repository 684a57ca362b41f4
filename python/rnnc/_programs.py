"""The programs rnn and rnnc of this package, and the runtime that compiled networks need."""

import ctypes
import functools
import logging
import os
import subprocess
import sys
import tempfile

from ._errors import CompileError, Error

_PATIENCE = 2  # seconds until it is said that a network is being compiled


def _is_text(source):
    return isinstance(source, str) and ("{" in source or "\n" in source)


@functools.lru_cache(maxsize=None)
def prefix():
    """The folder with bin/rnn, bin/rnnc, lib/ and the headers: $RNNC_PREFIX, or what the package was installed with."""
    named = os.environ.get("RNNC_PREFIX")
    import rnnc

    folders = [os.path.abspath(named)] if named else [os.path.join(folder, "installed") for folder in rnnc.__path__]
    for folder in folders:
        if os.access(os.path.join(folder, "bin", "rnn"), os.X_OK):
            return folder
    raise Error(
        f"there is no program bin/rnn in {' or '.join(folders)}: install the package with pip, "
        "or set RNNC_PREFIX to the build folder of rnnc"
    )


@functools.lru_cache(maxsize=None)
def runtime():
    """The runtime's library. Its symbols are visible to the networks that are loaded behind it."""
    path = os.path.join(prefix(), "lib", "librnn_runtime_shared.so")
    try:
        return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise Error(
            f"cannot load the runtime: {error}; an installed build has it with "
            "`cmake --install build --component python`"
        ) from None


def _wait(process, name):
    """What a process writes to standard output and error. If it takes long, that is said."""
    try:
        return process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        _tell(f"compiling {name}, once: the network is kept in a cache")
        return process.communicate()


def _tell(text):
    """Logs what takes time, or where the program does not log prints it, if a person looks on."""
    log = logging.getLogger("rnnc")
    if log.hasHandlers() and log.isEnabledFor(logging.INFO):
        log.info(text)
    elif sys.stderr is not None and sys.stderr.isatty():
        print(f"rnnc: {text}", file=sys.stderr, flush=True)


class Program:
    """What a network is compiled from: a file or a text, and the options that rnn and rnnc have in common."""

    def __init__(self, source, options):
        if not isinstance(source, (str, os.PathLike)) or not os.fspath(source):
            what = "empty" if isinstance(source, str) else f"of type {type(source).__name__}"
            raise TypeError(f"the program is {what}; expected the path of a .rnn file, or the text of a program")
        self.is_text = _is_text(source)
        self._name = "<text>" if self.is_text else os.fspath(source)  # in messages
        self.source = source if self.is_text else os.path.abspath(self._name)
        self.options = tuple(options)

    def run(self, program, *more):
        """Runs rnn or rnnc on it; returns what is written to standard output."""
        if not self.is_text:
            return self._run(program, more, self.source, self._name)
        with tempfile.TemporaryDirectory(prefix="rnnc-") as folder:
            path = os.path.join(folder, "program.rnn")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.source)
            return self._run(program, more, path, self._name)

    def _run(self, program, more, path, name):
        words = [os.path.join(prefix(), "bin", program), *more, *self.options, "--", path]
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                out, errors = _wait(process, name)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            message = errors.replace(path, name).strip()
            raise CompileError(message or f"{program} ended with exit status {process.returncode}")
        return out

    def library(self, *more):
        """The path of the compiled network in rnn's cache."""
        return self.run("rnn", "compile", *more).rstrip("\n")
