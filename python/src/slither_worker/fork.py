"""Making a process that is a copy of this one, and its own from its first moment on."""

from __future__ import annotations

import errno
import os
import re
import sys
import warnings

from slither_worker.birth import Birth
from slither_worker.errors import CallFailure
from slither_worker.lifetime import die_with_parent, wait_for_adoption
from slither_worker.streams import flush_streams


def fork_without_warnings() -> None:
    """Have Python 3.12 and newer not warn of threads of libraries: the safety of a fork is judged here."""
    warnings.filterwarnings("ignore", "This process", DeprecationWarning, re.escape(__name__))


def fork_child(birth: Birth) -> bool:
    """Fork; true in the new process, which has said HELLO; fails with `fork_refused`."""
    if _fork(birth) != 0:
        return False
    birth.say_hello()
    return True


def fork_adopted(parent: int, birth: Birth) -> bool:
    """Fork a process that `parent` adopts; else as `fork_child`.

    `parent` must be a child subreaper, and the parent of this process. A child of this process, with a death
    signal, would die together with it.
    """
    middle = _fork(birth)
    if middle == 0:
        try:
            child = os.fork()
        except OSError as error:
            os._exit(error.errno or errno.EAGAIN)
        if child != 0:
            os._exit(0)
        wait_for_adoption(parent)
        birth.say_hello()
        return True
    failure = _exit_code(middle)
    if failure != 0:
        raise _refused(failure)
    return False


def become_own_process(parent: int) -> None:
    """Keep no children of the original, and die with `parent`."""
    die_with_parent(parent)
    _forget_children()


def _fork(birth: Birth) -> int:
    """Return the id of the child, and 0 in the child, which alone keeps its connections."""
    try:
        flush_streams()  # Else both would print what is not written yet.
        child = os.fork()
    except OSError as error:
        birth.let_go()
        raise _refused(error.errno) from None
    if child != 0:
        birth.let_go()
    return child


def _exit_code(child: int) -> int:
    try:
        _, status = os.waitpid(child, 0)
    except ChildProcessError:  # User code has it waited for by something else; it surely has ended.
        return 0
    code = os.waitstatus_to_exitcode(status)
    # Killed: together with this process, or because there was no memory left.
    return code if code >= 0 else errno.ENOMEM


def _refused(code: int | None) -> CallFailure:
    reason = os.strerror(code or errno.EAGAIN)
    return CallFailure("fork_refused", f"the system refused to make a process: {reason}")


def _forget_children() -> None:
    # multiprocessing would end the children of the original when this process ends.
    module = sys.modules.get("multiprocessing.process")
    children = getattr(module, "_children", None)
    if isinstance(children, set):
        children.clear()
