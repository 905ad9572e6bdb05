"""Stops the embedded server when its last client has gone, however that client ended.

Runs as a script of its own with the standard library only, so that it costs little and outlives the
console: every client holds a shared lock on ``clients.lock`` that the kernel drops with the process.
It keeps ``watchdog.lock``, inherited from whoever started it, so that there is only one.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time


def watch(folder: str, idle_seconds: float, stop: list[str], account: tuple[int, int] | None) -> None:
    """Wait until nobody holds the client lock for ``idle_seconds``, then run ``stop`` and return.

    A client that comes while the server is being stopped waits at ``start.lock``; it is left locked,
    so that it opens with the end of this process, after ``watchdog.lock``.
    """
    clients = os.open(os.path.join(folder, "clients.lock"), os.O_RDWR)
    start = os.open(os.path.join(folder, "start.lock"), os.O_RDWR)
    while True:
        fcntl.flock(clients, fcntl.LOCK_EX)
        fcntl.flock(clients, fcntl.LOCK_UN)
        time.sleep(idle_seconds)
        fcntl.flock(start, fcntl.LOCK_EX)
        if _nobody_holds(clients):
            run_as(stop, account)
            return
        fcntl.flock(start, fcntl.LOCK_UN)


def _nobody_holds(clients: int) -> bool:
    try:
        fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def run_as(command: list[str], account: tuple[int, int] | None) -> None:
    """Run the command, as another user and group if an account is given."""
    uid, gid = account or (None, None)
    groups: list[int] | None = None if account is None else []
    subprocess.run(command, cwd="/", user=uid, group=gid, extra_groups=groups, check=False)


def main(arguments: list[str]) -> None:
    """Leave the starter's process tree, then watch.

    Arguments: the descriptor of watchdog.lock, folder, idle seconds, "uid:gid" or "-", the command.
    """
    lock, folder, idle, who, *stop = arguments
    if os.fork():
        os._exit(0)
    os.set_inheritable(int(lock), False)
    uid, _, gid = who.partition(":")
    watch(folder, float(idle), stop, None if who == "-" else (int(uid), int(gid)))
    os.close(int(lock))


if __name__ == "__main__":
    main(sys.argv[1:])
