"""Commands that take a while. Each has a session of its own, which is ended as a whole: compilers and builds have programs of their own
at work, and remove their files when they are told to end."""
import contextlib
import os
import signal
import subprocess

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)  # that interrupt
PATIENCE = 10  # seconds, for what is told to end


@contextlib.contextmanager
def signals_put_off():
    """Calls the handlers of SIGNALS at the end: a program that is being started would not be known, and stay."""
    caught, handlers = [], {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda *signal_and_frame: caught.append(signal_and_frame))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if caught:
        handlers[caught[0][0]](*caught[0])


def end(process):
    """Ends the leader of a session, and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(*command, **options):
    """Runs a command to its end, or ends it if this program is interrupted. Returns the exit status."""
    process = None
    try:
        with signals_put_off():
            process = subprocess.Popen(command, start_new_session=True, **options)
        return process.wait()
    except BaseException:
        if process:
            end(process)
        raise
