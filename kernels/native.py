"""The CPU kernels of csrc/: built at run time by the machine's own C++ compiler, kept on disk.

    NativeError     one line: what is missing, or what the compiler said
     └─ raised by `load` and by the classes that use the library

Nothing here is ever needed: where it cannot be built, plain torch runs. The library speaks a plain
C interface through ctypes, which lets other Python threads run meanwhile. Its threads are its own
(csrc/pool.h says why not OpenMP's): they sleep while it has nothing to do.

Three levels of instructions: 'amx' (Linux, Intel's matrix unit: bfloat16 beside float32), 'avx512'
and 'portable' (float32; AVX2 where there is). ONEDNN_MAX_CPU_ISA, with which torch is told to leave
instructions out, holds here as well.

    python -m draglive.kernels.native     build it now; one line says what there is, or why not
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

Level = Literal["amx", "avx512", "portable"]

SOURCES = Path(__file__).parent / "csrc"
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=fast", "-pthread", "-fPIC")
BELOW_AVX512 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2")  # of ONEDNN_MAX_CPU_ISA
TIMEOUT_S = 300
# Linux: ask once a process for the matrix unit's registers (arch_prctl, ARCH_REQ_XCOMP_PERM, 18).
SYS_ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA = 158, 0x1023, 18


class NativeError(RuntimeError):
    """The native library cannot be had here: why, in one line."""


@dataclass(frozen=True, slots=True)
class Library:
    """The loaded library."""

    functions: ctypes.CDLL
    level: Level
    path: Path


@dataclass(frozen=True, slots=True)
class _Build:
    """How the library is built here, and where it is kept."""

    compiler: str
    flags: tuple[str, ...]
    level: Level
    path: Path


def load() -> Library:
    """The library, built first if it is not on disk (seconds).

    Raises:
        NativeError: no compiler, no fitting CPU, or the compiler failed.
    """
    return _load(_settings())


def is_built() -> bool:
    """Whether `load` needs no compiler run: the library is on disk."""
    try:
        return _plan(_settings()).path.exists()
    except NativeError:
        return False


def level() -> Level:
    """The best level of instructions that this CPU has and the environment allows."""
    return _plan(_settings()).level


def _settings() -> tuple[str, str]:
    """What of the environment a build depends on: the compiler, the allowed instructions."""
    return os.environ.get("CXX", ""), os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()


@functools.lru_cache(maxsize=4)
def _load(settings: tuple[str, str]) -> Library:
    build = _plan(settings)
    if not build.path.exists():
        _compile(build)
    try:
        functions = ctypes.CDLL(str(build.path))
    except OSError as error:
        raise NativeError(f"the built library {build.path} does not load: {error}") from error
    got = build.level
    if got == "amx" and not (functions.draglive_has_bfloat16() and _may_use_tiles()):
        got = "avx512"  # an older compiler, or a system that keeps the matrix unit to itself
    return Library(functions, got, build.path)


@functools.lru_cache(maxsize=4)
def _plan(settings: tuple[str, str]) -> _Build:
    """Choose compiler, flags and file name."""
    compiler = _find_compiler(settings[0])
    version = _run([compiler, "--version"])
    flags_of_cpu = _cpu_flags()
    chosen = _choose_level(flags_of_cpu, settings[1])
    flags = (*FLAGS, *_machine_flags(chosen, settings[1], flags_of_cpu))
    digest = hashlib.sha256()
    for file in sorted([*SOURCES.glob("*.cpp"), *SOURCES.glob("*.h")]):
        digest.update(file.name.encode() + file.read_bytes())
    about = (version, *flags, platform.machine(), " ".join(sorted(flags_of_cpu)))
    digest.update("\n".join(about).encode())
    folder = platformdirs.user_cache_path("draglive") / "native"
    path = folder / f"draglive-{chosen}-{digest.hexdigest()[:16]}.so"
    return _Build(compiler, flags, chosen, path)


def _find_compiler(wanted: str) -> str:
    if platform.system() == "Windows":
        raise NativeError("the native kernels are not built on Windows")
    for name in (wanted,) if wanted else ("c++", "g++", "clang++"):
        found = shutil.which(name)
        if found is not None:
            return found
    raise NativeError(f"no C++ compiler: {wanted or 'c++, g++, clang++'} not found")


@functools.cache
def _cpu_flags() -> frozenset[str]:
    """The CPU's features as Linux names them; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = [line for line in text.splitlines() if line.startswith("flags")]
    return frozenset(lines[0].partition(":")[2].split()) if lines else frozenset()


def _choose_level(cpu: frozenset[str], most: str) -> Level:
    if most in BELOW_AVX512:
        return "portable"
    allowed = most in ("", "ALL", "DEFAULT") or "AMX" in most
    if allowed and {"amx_bf16", "amx_tile", "avx512_bf16"} <= cpu:
        return "amx"
    return "avx512" if "avx512f" in cpu else "portable"


def _machine_flags(chosen: Level, most: str, cpu: frozenset[str]) -> tuple[str, ...]:
    if most in BELOW_AVX512 and platform.machine() in ("x86_64", "AMD64"):
        return ("-march=x86-64-v3",)
    if chosen == "avx512" and "amx_bf16" in cpu:
        return ("-march=native", "-mno-amx-bf16")
    return ("-march=native",)


def _compile(build: _Build) -> None:
    """Build under a temporary name, then rename: several processes may do so at once."""
    build.path.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(SOURCES.glob("*.cpp"))
    with tempfile.TemporaryDirectory(dir=build.path.parent) as name, ThreadPoolExecutor() as pool:
        folder = Path(name)
        objects = [str(folder / f"{source.stem}.o") for source in sources]
        commands = [
            [build.compiler, *build.flags, "-c", str(source), "-o", made]
            for source, made in zip(sources, objects, strict=True)
        ]
        list(pool.map(_run, commands))  # raises what the first of them raised
        library = folder / build.path.name
        _run([build.compiler, *build.flags, "-shared", *objects, "-o", str(library)])
        library.replace(build.path)


def _run(command: list[str]) -> str:
    """A command's output.

    Raises:
        NativeError: it could not run or failed; with the first line that says why.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NativeError(f"{command[0]} could not run: {error}") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no message"]
        raise NativeError(f"{command[0]} failed with code {done.returncode}: {lines[0]}")
    return done.stdout


def _may_use_tiles() -> bool:
    """Ask the system for the matrix unit (Linux gives it to processes that ask)."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(SYS_ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0)


def main() -> None:
    """Build the library and say so. Where it cannot be had, that is no error."""
    try:
        library = load()
    except NativeError as error:
        print(f"no native kernels: {error}")
    else:
        print(f"native kernels: {library.level}, {library.path}")


if __name__ == "__main__":
    main()
