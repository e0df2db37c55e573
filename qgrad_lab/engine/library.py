"""Find PennyLane-Lightning, check versions, load the native library and register it with XLA.

Everything is checked before anything is registered: a custom call that XLA refuses takes the whole
CPU backend of JAX down with an unrelated message.
"""

import ctypes
import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import jax
import jaxlib.version

ENCODING_VERSION = 5
"""Version of the words that encode a Program: the one that ``native/ir/decode.cpp`` reads."""

FFI_TARGET = f"qgrad_lab_derivative_v{ENCODING_VERSION}"
"""Carries the version, so that an executable from JAX's persistent cache never meets a decoder that
reads other words."""

SHIFT_TARGET = f"qgrad_lab_shift_rule_v{ENCODING_VERSION}"
"""The custom call of first derivatives by a shift rule."""

TAKE_TARGET = "qgrad_lab_take_v1"
PUT_TARGET = "qgrad_lab_put_v1"
PARTS_TARGET = "qgrad_lab_parts_v1"
"""Elements of vectors at known positions, the transpose, and split vectors;
``engine/native/xla/elements.cpp``."""

RANDOM_TARGET = "qgrad_lab_random_v1"
"""Gives keys for JAX's generators of random numbers; ``engine/native/xla/random.cpp``."""

NUMBERS_TARGET = "qgrad_lab_numbers_v1"
"""Refuses what is not a number; ``engine/native/xla/numbers.cpp``."""

TARGETS = {
    FFI_TARGET: "qgrad_lab_derivative",
    SHIFT_TARGET: "qgrad_lab_shift_rule",
    TAKE_TARGET: "qgrad_lab_take",
    PUT_TARGET: "qgrad_lab_put",
    PARTS_TARGET: "qgrad_lab_parts",
    RANDOM_TARGET: "qgrad_lab_random",
    NUMBERS_TARGET: "qgrad_lab_numbers",
}
"""All custom calls, with the names of their handlers in the native library."""

_SUFFIX = ".dylib" if sys.platform == "darwin" else ".so"

_BUILT_FOR = re.compile(
    rb"qgrad_lab built for pennylane-lightning ([\w.+]+) and jaxlib ([\w.+]+)\0"
)
"""The mark in the file of the native library (``native/xla/ffi.cpp``)."""

_BUILD_AGAIN = "build qgrad_lab again (pip install --no-cache-dir --force-reinstall .)"
"""The fix, for a copy of the sources."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _lightning_library() -> Path:
    spec = importlib.util.find_spec("pennylane_lightning")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / f"liblightning_qubit_catalyst{_SUFFIX}"
        if path.exists():
            return path
    raise ImportError(
        "qgrad_lab runs circuits on PennyLane-Lightning's kernels and cannot find the library "
        f"liblightning_qubit_catalyst{_SUFFIX} of the package pennylane-lightning. "
        "Install it: pip install --force-reinstall pennylane-lightning"
    )


def own_library() -> Path:
    """Return the file of the native library.

    Raises
    ------
    ImportError
        If it is missing.
    """
    path = Path(__file__).parent / f"libqgrad_lab{_SUFFIX}"
    if not path.exists():
        raise ImportError(
            f"qgrad_lab is installed without its native library ({path} is missing). "
            "Install it again with a C++20 compiler on the machine: pip install ."
        )
    return path


def check_versions(
    built_lightning: str, built_jaxlib: str, lightning: str, jaxlib_version: str
) -> None:
    """Refuse a Lightning or jaxlib that the native library was not built for.

    Parameters
    ----------
    built_lightning, built_jaxlib
        Versions that the native library was compiled against.
    lightning, jaxlib_version
        Versions that are installed.

    Raises
    ------
    ImportError
        If Lightning's minor version differs (its kernels are C++ templates without a stable
        interface), or jaxlib is older than the one whose headers were used.

    Examples
    --------
    >>> check_versions("0.45.0", "0.7.1", lightning="0.45.1", jaxlib_version="0.10.2")
    """
    if _version(lightning)[:2] != _version(built_lightning)[:2]:
        minor = ".".join(built_lightning.split(".")[:2])
        raise ImportError(
            f"qgrad_lab was built for pennylane-lightning {built_lightning} and finds "
            f"{lightning}; it needs the same minor version. Either install "
            f"'pennylane-lightning=={minor}.*' or {_BUILD_AGAIN}"
        )
    if _version(jaxlib_version) < _version(built_jaxlib):
        raise ImportError(
            f"qgrad_lab was built for jaxlib {built_jaxlib} or newer and finds {jaxlib_version}. "
            f"Install a newer one: pip install 'jax>={built_jaxlib}'"
        )


def built_versions(library: Path) -> tuple[str, str]:
    """Return the versions of pennylane-lightning and jaxlib that ``library`` was compiled against.

    Read from the file: a library that does not fit may not load, or not without harm.

    Raises
    ------
    ImportError
        If the file does not tell, so it is none of ours.
    """
    found = _BUILT_FOR.search(library.read_bytes())
    if found is None:
        raise ImportError(f"{library} is not a native library of qgrad_lab: {_BUILD_AGAIN}")
    return found[1].decode(), found[2].decode()


def native_function(name: str, result: Any) -> Any:
    """Return a function of the native library; ``result`` is its ctypes type."""
    function = getattr(ctypes.CDLL(str(own_library())), name)
    function.restype = result
    return function


def load() -> None:
    """Load the native library and register its custom calls, once."""
    lightning = _lightning_library()
    own = own_library()
    built_lightning, built_jaxlib = built_versions(own)
    found = {
        "lightning": importlib.metadata.version("pennylane-lightning"),
        "jaxlib_version": jaxlib.version.__version__,
    }
    check_versions(built_lightning, built_jaxlib, **found)
    # Our library names Lightning's by its soname, which the loader finds loaded already.
    try:
        ctypes.CDLL(str(lightning))
        library = ctypes.CDLL(str(own))
    except OSError as error:  # such as a library of another machine
        raise ImportError(
            f"qgrad_lab's native library was built for pennylane-lightning {built_lightning} and "
            f"jaxlib {built_jaxlib}, and does not load with {found['lightning']} and "
            f"{found['jaxlib_version']}: {error}. If it comes from another machine, {_BUILD_AGAIN}"
        ) from error
    for name, symbol in TARGETS.items():
        handler = getattr(library, symbol)
        jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(handler), platform="cpu")


load()
