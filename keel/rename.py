"""Giving an environment another name or place: one rename, never a copy; then what names the old place is mended."""

import errno
import os

from .base import Base
from .building import destination
from .environments import Environment, check_inactive, check_own
from .errors import KeelError
from .mend import mend_environment
from .moves import Move
from .quoting import shell_word
from .staging import held


def rename(base: Base, environment: Environment, new: str) -> Environment:
    """Move `environment` to `new`, a name (in the same folder of environments) or a path. Raises KeelError, OSError.

    A keel that is killed in the middle leaves it in one of both places; the next command mends the rest.
    """
    _check_movable(base, environment)
    place = _destination(base, environment, new)
    parent = os.path.dirname(place.prefix)
    if not os.path.isdir(parent):
        raise KeelError(f"{parent} is not a folder", hint=f"make it first: mkdir -p {shell_word(parent)}")
    with held(environment.prefix, wait=False):
        _move(environment, place)
        try:
            mend_environment(base, Move(place.prefix, environment.prefix, base.prefix))
        except OSError as error:
            text = f"{environment.prefix} is {place.prefix} now, but not all in it that names its old place was mended"
            raise KeelError(f"{text}: {error}", hint="the next keel command goes on with it: keel env list") from error
    return place


def _move(environment: Environment, place: Environment) -> None:
    try:
        os.rename(environment.prefix, place.prefix)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise KeelError(
                f"{place.prefix} is on another file system, and rename never copies",
                hint=f"keel create -p {shell_word(place.prefix)} --clone {shell_word(environment.label)}, "
                f"then: keel env remove {environment.option}",
            ) from error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise KeelError(f"{place.prefix} came into being in the meantime", hint="choose another name") from error
        raise


def _check_movable(base: Base, environment: Environment) -> None:
    if environment.is_base(base):
        raise KeelError("the base cannot be renamed", hint="it can be moved as a folder: mv; keel mends what names it")
    if os.path.islink(environment.prefix):
        raise KeelError(
            f"{environment.prefix} is a symbolic link to {os.path.realpath(environment.prefix)}",
            hint="rename the environment by its own path: keel rename -p PATH NEW",
        )
    check_inactive(environment)
    check_own(environment, os.path.dirname(environment.prefix))


def _destination(base: Base, environment: Environment, new: str) -> Environment:
    if "/" in new:
        return destination(base, name=None, path=new)
    place = destination(base, name=new, path=None)
    if environment.name is not None:  # its own folder, even where new ones go to another
        return Environment(new, os.path.join(os.path.dirname(environment.prefix), new))
    return place
