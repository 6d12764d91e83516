"""What this machine can do for draglive, and what to install.

`examine` looks, `render` and `to_json` tell. Nothing heavy is imported before it is examined, each
look is guarded, and Dear PyGui, which can abort a process, is imported in another one: the doctor
always answers.
"""

from __future__ import annotations

import importlib.util
import io
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

State = Literal["ok", "warn", "missing"]

OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 1 << 30  # of the cache: compiled code of one model takes a tenth of it
PATIENCE_S = 30.0  # for a child process
SIGNS: dict[State, str] = {"ok": "ok", "warn": "!", "missing": "MISSING"}
# The CPU's flags that decide how fast convolutions are, by the name that they go by.
CPU_FLAGS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "bfloat16",
    "amx_bf16": "AMX",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: the thing.
        state: 'ok'; 'warn': works with less; 'missing': something needed is not there.
        found: what is there, in a line.
        advice: what to install or do, in a line; empty when nothing is to be done.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Check]:
    """Look at everything; never raises. Takes a few seconds, most of them to import torch."""
    probes: dict[str, Callable[[], Check]] = {
        "Python": _python,
        "PyTorch": _torch,
        "CPU": _cpu,
        "GPU": _gpu,
        "Triton": _triton,
        "C++ compiler": _compiler,
        "Python headers": _headers,
        "Display": _display,
        "Window": _window,
        "Video": _video,
        "OpenCV": _opencv,
        "Cache": _cache,
        "Default model": _model,
        "Back-ends": _backends,
    }
    return [_guarded(name, probe) for name, probe in probes.items()]


def render(checks: Iterable[Check]) -> str:
    """The checks as a table: state, name and what was found; advice on a line of its own."""
    checks = list(checks)
    width = max((len(check.name) for check in checks), default=0)
    return "\n".join(line for check in checks for line in _lines(check, width))


def _lines(check: Check, width: int) -> Iterator[str]:
    yield f"{SIGNS[check.state]:>7}  {check.name:<{width}}  {check.found}"
    if check.advice:
        yield f"{'':7}  {'':{width}}  -> {check.advice}"


def to_json(checks: Iterable[Check]) -> dict[str, object]:
    """The checks for a report: `ok` is whether nothing is missing."""
    checks = list(checks)
    return {
        "ok": all(check.state != "missing" for check in checks),
        "checks": [asdict(check) for check in checks],
    }


def _guarded(name: str, probe: Callable[[], Check]) -> Check:
    try:
        return probe()
    except Exception as error:  # a doctor that crashes helps nobody
        return Check(name, "missing", f"cannot be examined: {_one_line(error)}")


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _python() -> Check:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return Check("Python", "missing", found, f"install Python {oldest} or newer")
    return Check("Python", "ok", found)


def _torch() -> Check:
    try:
        import torch
    except ImportError as error:
        return Check("PyTorch", "missing", _one_line(error), "make setup, or pip install draglive")
    cuda = f"CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    return Check("PyTorch", "ok", f"{torch.__version__}, {cuda}")


def _cpu() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model, flags = _cpu_description()
    fast = [name for flag, name in CPU_FLAGS.items() if flag in flags]
    found = f"{model}, {cores} cores" + (f", {', '.join(fast)}" if fast else "")
    return Check("CPU", "ok", found)


def _cpu_description() -> tuple[str, frozenset[str]]:
    """The model's name and its flags; on systems that do not tell, the architecture and none."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        pairs = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        fields = {key.strip(): value.strip() for key, _, value in pairs}
        flags = frozenset(fields.get("flags", fields.get("Features", "")).split())
        return fields.get("model name", platform.machine()), flags
    if sys.platform == "darwin":
        return _output(["sysctl", "-n", "machdep.cpu.brand_string"]), frozenset()
    return platform.processor() or platform.machine(), frozenset()


def _gpu() -> Check:
    import torch

    if torch.cuda.is_available():
        cards = (torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count()))
        found = ", ".join(f"{card.name} {card.total_memory / 2**30:.0f} GiB" for card in cards)
        return Check("GPU", "ok", found)
    if torch.backends.mps.is_available():
        return Check("GPU", "ok", f"Apple {platform.machine()} (MPS)")
    if shutil.which("nvidia-smi"):
        advice = "a driver for its CUDA version, or a PyTorch built for this driver"
        return Check("GPU", "warn", "an NVIDIA driver, but PyTorch finds no GPU", advice)
    return Check("GPU", "ok", "none: the CPU computes")


def _triton() -> Check:
    if importlib.util.find_spec("triton"):
        return Check("Triton", "ok", metadata.version("triton"))
    import torch

    if torch.cuda.is_available():
        return Check("Triton", "warn", "none: torch.compile cannot be used", "pip install triton")
    return Check("Triton", "ok", "none; only NVIDIA GPUs need it")


def _compiler() -> Check:
    for name in filter(None, (os.environ.get("CXX"), "g++", "clang++", "cl")):
        if shutil.which(name):
            version = _output([name, "--version"]).partition("\n")[0]
            return Check("C++ compiler", "ok", version or name)
    advice = "xcode-select --install" if sys.platform == "darwin" else "apt-get install g++"
    found = "none: the CPU's own kernels cannot be built, which are several times as fast"
    return Check("C++ compiler", "warn", found, advice)


def _headers() -> Check:
    """Debian leaves them out of `python3`; torch.compile builds its CPU code against them."""
    header = Path(sysconfig.get_path("include"), "Python.h")
    if header.exists():
        return Check("Python headers", "ok", str(header.parent))
    version = ".".join(map(str, sys.version_info[:2]))
    found = "none: torch.compile cannot be used on the CPU"
    return Check("Python headers", "warn", found, f"apt-get install libpython{version}-dev")


def _display() -> Check:
    if sys.platform in ("darwin", "win32"):
        return Check("Display", "ok", "the system's own")
    display = os.environ.get("DISPLAY", "")
    if display and display_answers(display):
        return Check("Display", "ok", f"DISPLAY={display}")
    found = f"DISPLAY={display}, but no X server there" if display else "none: DISPLAY is not set"
    advice = "draglive drag and draglive demo --headless need none"
    if not shutil.which("Xvfb"):
        advice += "; for tests: apt-get install xvfb xauth"
    return Check("Display", "warn", found, advice)


def display_answers(display: str) -> bool:
    """Whether a local display's socket is there; a remote display is believed."""
    host, _, number = display.rpartition(":")
    if host not in ("", "unix"):
        return True
    number = number.partition(".")[0]
    if Path(f"/tmp/.X11-unix/X{number}").exists():
        return True
    unix = Path("/proc/net/unix")  # an X server may listen on an abstract socket alone
    return unix.exists() and f"@/tmp/.X11-unix/X{number}\n" in unix.read_text()


def _window() -> Check:
    done = _run([sys.executable, "-c", "import dearpygui.dearpygui"])
    if done.returncode == 0:
        return Check("Window", "ok", f"Dear PyGui {metadata.version('dearpygui')}")
    lines = done.stderr.strip().splitlines()
    found = lines[-1] if lines else f"importing Dear PyGui ended with {done.returncode}"
    advice = "pip install dearpygui"
    if "libGL" in found:
        advice = "apt-get install libgl1"
    return Check("Window", "missing", found, advice)


def _video() -> Check:
    """Encode a few pictures in memory, as a recording does."""
    try:
        import av
    except ImportError as error:
        return Check("Video", "missing", _one_line(error), "pip install av")
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for frame in (av.VideoFrame(64, 64, "yuv420p"), None):
                container.mux(stream.encode(frame))
    except (av.FFmpegError, ValueError) as error:
        advice = "a PyAV with libx264: pip install --force-reinstall av"
        return Check("Video", "missing", f"no H.264: {_one_line(error)}", advice)
    return Check("Video", "ok", f"H.264 by PyAV {av.__version__}")


def _opencv() -> Check:
    try:
        import cv2
    except ImportError as error:
        advice = "pip install opencv-python-headless"
        return Check("OpenCV", "missing", _one_line(error), advice)
    builds = [name for name in ("opencv-python", "opencv-python-headless") if _installed(name)]
    if len(builds) > 1:
        found = f"{cv2.__version__}; {' and '.join(builds)} overwrite each other's files"
        advice = f"pip uninstall {' '.join(builds)}; pip install opencv-python-headless"
        return Check("OpenCV", "warn", found, advice)
    return Check("OpenCV", "ok", cv2.__version__)


def _cache() -> Check:
    """Where verdicts on back-ends and compiled code are kept."""
    import platformdirs

    folder = platformdirs.user_cache_path("draglive")
    compiled = Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR") or tempfile.gettempdir())
    for place in (folder, compiled):
        existing = next(p for p in (place, *place.parents) if p.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            return Check("Cache", "warn", f"{place} cannot be written to", "make it writable")
        free = shutil.disk_usage(existing).free
        if free < NEEDED_BYTES:
            found = f"{place}: only {free / 2**30:.1f} GiB free"
            return Check("Cache", "warn", found, f"free {NEEDED_BYTES / 2**30:.0f} GiB there")
    return Check(
        "Cache", "ok", f"{folder}, {shutil.disk_usage(existing).free / 2**30:.0f} GiB free"
    )


def _model() -> Check:
    from draglive.stylegan2_jit.checkpoints import DEFAULT_MODEL, CheckpointError, load_checkpoint

    try:
        model = load_checkpoint()
    except (CheckpointError, OSError) as error:
        return Check("Default model", "missing", _one_line(error), "install draglive again")
    mib = DEFAULT_MODEL.stat().st_size / 2**20
    return Check("Default model", "ok", f"{model.name}, {mib:.0f} MiB")


def _backends() -> Check:
    """A drag step and a picture of the default model on each back-end, measured now."""
    from draglive.app.engine.engine import EngineOptions, load_editor

    editor, chooser = load_editor(EngineOptions(backend="eager", background=False))
    found = chooser.survey(editor.cut)
    times = {name: ms for name, ms in found.items() if isinstance(ms, float)}
    ranked = [f"{name} {times[name]:.1f} ms" for name in sorted(times, key=lambda n: times[n])]
    refused = [f"{name}: {why}" for name, why in found.items() if isinstance(why, str)]
    line = f"{', '.join(ranked)} a step and picture ({editor.device.dtype_name})"
    return Check("Back-ends", "ok", "; ".join([line, *refused]))


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, errors="replace"
    )


def _output(command: Sequence[str]) -> str:
    return _run(command).stdout.strip()
