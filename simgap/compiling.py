"""How the rules are compiled: two decorators, and a cache folder that never serves a stale rule.

numba's own cache looks at one source file at a time, so it does not see an edit of a rule in another
module and goes on computing with the old one. Here the cache folder is named after a digest of every
source that compiled code can call, of the numba version and of the processor.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

# A vector library rounds otherwise than the scalar functions that the reference engine calls.
os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"
import numba  # reads the line above

SOURCES = ("compiling.py", "sampling", "model", "engines", "economics")

F = TypeVar("F", bound=Callable[..., Any])


def _user_cache() -> Path:
    """Return the user's cache directory."""
    if "SIMGAP_CACHE" in os.environ:
        return Path(os.environ["SIMGAP_CACHE"])
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local")))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", str(home / ".cache")))
    return base / "simgap"


def source_digest(package: Path) -> str:
    """Return a digest of all sources of compiled code under `package`, of numba and of the processor.

    Parameters
    ----------
    package : Path
        The folder of the simgap package.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=8)
    machine = (
        numba.__version__,
        sys.version,
        platform.machine(),
        str(numba.config.CPU_NAME),
        str(numba.config.USING_SVML),  # where numba was there before
    )
    digest.update(repr(machine).encode())
    for name in SOURCES:
        place = package / name
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(source.relative_to(package).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _choose_cache() -> str:
    """Return the cache folder; where there can be none, one for this process and those that it starts."""
    folder = _user_cache() / source_digest(Path(__file__).parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return str(folder)
    except OSError:
        pass
    temporary = tempfile.mkdtemp(prefix="simgap-cache-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = temporary  # else every worker process would compile for itself
    return temporary


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = _choose_cache()


def is_warm(loop: str = "loop.advance") -> bool:
    """Return whether a loop has been compiled before, so that no time is spent on it now.

    Parameters
    ----------
    loop : str
        Module and name of its function: by default the event loop, ``flow.follow`` the fluid model.
    """
    if numba.config.DISABLE_JIT:
        return True
    return any(Path(numba.config.CACHE_DIR).rglob(f"{loop}-*.nbc"))


# Division by zero gives infinity and not an exception, which would keep the compiler from taking several
# items at once. No rule makes an array, so none counts references to those it is given (`_nrt`): that costs
# more than most rules. No `fastmath`: the same bits everywhere.
_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def rule(function: F) -> F:
    """Compile a flat, pure, scalar function of the model with numba.

    The function may use scalars, ``math``, and preallocated arrays only, so that it also runs interpreted
    (``NUMBA_DISABLE_JIT=1``) and can be built for a GPU.
    """
    return cast(F, numba.njit(**_OPTIONS)(function))


def part(function: F) -> F:
    """Compile a part of one long function only where it is called: it takes too much to be passed."""
    return cast(F, numba.njit(inline="always", **_OPTIONS)(function))


def small(function: F) -> F:
    """Compile a rule that is copied into what calls it, since a call would cost more than its work."""
    return cast(F, numba.njit(forceinline=True, **_OPTIONS)(function))
