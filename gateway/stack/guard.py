"""Stands between the stack and one server, so that no server outlives the process that started it.

Run as a plain file by an isolated interpreter, never imported by it as part of the package: it must start in
milliseconds and depend on nothing that could fail. Its standard input is a pipe that the stack holds open. When the
pipe ends, because the stack closed it or because its process is gone for whatever reason, the server is asked to end,
and killed after the grace. Standard output tells the stack `pid N`, then `exit N`, or `cannot REASON`.

Arguments: grace in seconds, the descriptor of the data directory's lock, a directory to remove once nobody holds the
lock any more (or nothing), and the server's command line. The server's output goes to the guard's standard error.
"""

import ctypes
import fcntl
import os
import select
import signal
import subprocess
import sys
import time

STDIN, STDOUT, STDERR = 0, 1, 2
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    grace_s, lock, remove, command = float(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    wake = _signals()
    try:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=STDERR, preexec_fn=_die_with_guard)  # noqa: PLW1509 - this process has one thread
    except OSError as error:
        _tell(f"cannot {error}")
        return
    _tell(f"pid {server.pid}")
    orphaned = _watch(server, wake, grace_s)
    _tell(f"exit {server.returncode}")
    if remove and orphaned:
        _remove_if_last(lock, remove)


def _signals() -> int:
    """Descriptor on which every signal of interest arrives as a byte: its number.

    Handlers, unlike ignored signals, are not inherited by the server."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return readable


def _die_with_guard() -> None:
    """If even the guard is killed: Linux then kills the server. The guard has one thread, so it is the creating one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(server: "subprocess.Popen[bytes]", wake: int, grace_s: float) -> bool:
    """Until the server has ended. True if the stack's end of the pipe is gone."""
    sources, kill_at, orphaned = [wake, STDIN], float("inf"), False
    while server.poll() is None:
        patience = None if kill_at == float("inf") else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(sources, [], [], patience)
        asked = wake in ready and signal.SIGTERM in os.read(wake, 512)
        if STDIN in ready and not os.read(STDIN, 512):
            sources, asked, orphaned = [wake], True, True
        if asked and kill_at == float("inf"):
            server.terminate()
            kill_at = time.monotonic() + grace_s
        elif time.monotonic() >= kill_at:
            server.kill()
            kill_at = float("inf")
    return orphaned


def _tell(text: str) -> None:
    try:
        os.write(STDOUT, f"{text}\n".encode())
    except BrokenPipeError:
        return


def _remove_if_last(lock: int, directory: str) -> None:
    """Whoever gets the lock is the last one: the stack's process, alive, would still hold it."""
    import shutil

    os.close(lock)
    try:
        lock = os.open(os.path.join(directory, "lock"), os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
