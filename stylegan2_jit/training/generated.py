"""The renderer as generated code: one CUDA kernel, or a C++ library for a CPU.

The arithmetic comes from `tracing`; here stand the loops around it. A ray is marched until it meets
the surface, four taps give its normal, three the occlusion, a short march its shadow. On a card
one thread does one ray; on a CPU sixteen neighbours go in step, so that the compiler can put them
into vector registers.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import platformdirs
import torch
from torch import Tensor

from .anatomy import LAYOUT, WIDTH, Creature
from .distance import length3
from .keypoints import KEYPOINTS, MARCHING_STEPS, ON_SURFACE, places, projected, settled
from .lighting import T_FAR, T_NEAR, Hit, along_ray, directions, shade
from .shapes import field
from .surface import part_and_place
from .tracing import traced

Output = str  # "colour" or "map"
TILE: Final = (16, 8)  # threads of a block
_HIT: Final = ("t", "nx", "ny", "nz", "residue", "open_sky", "lit")


class CompilerError(RuntimeError):
    """Generated code cannot be built here: why, in one line."""


def _functions() -> str:
    """The traced functions: field, ray, picture, map, settle, project, depth."""
    pixel = (*_HIT, "gx", "gy")

    def picture(*a: Tensor) -> tuple[Tensor, ...]:
        return shade(Hit(*a[:7]), a[7], a[8], a[9])

    def dense(*a: Tensor) -> tuple[Tensor, ...]:
        return part_and_place(Hit(*a[:7]), a[7], a[8], a[9])

    def settle(*a: Tensor) -> tuple[Tensor, ...]:
        return settled(a[0], a[1], a[2], a[4], a[3])

    def project(*a: Tensor) -> tuple[Tensor, ...]:
        return projected(a[0], a[1], a[2], Creature(a[3]))

    def depth(*a: Tensor) -> Tensor:
        ox, oy, oz = Creature(a[3]).vector("camera")
        return length3(a[0] - ox, a[1] - oy, a[2] - oz)

    def ray(gx: Tensor, gy: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        return directions(gx, gy, Creature(q))

    def at(t: Tensor, gx: Tensor, gy: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        return along_ray(t, gx, gy, Creature(q))

    xyz = ("x", "y", "z")
    return "".join(
        (
            traced("field_at", field, xyz, ("d",)),
            traced("ray", ray, ("gx", "gy"), ("dx", "dy", "dz")),
            traced("at", at, ("t", "gx", "gy"), ("x", "y", "z")),
            traced("colour", picture, pixel, ("a", "b", "c")),
            traced("map", dense, pixel, ("a", "b", "c")),
            traced("settle", settle, (*xyz, "snap"), ("sx", "sy", "sz")),
            traced("project", project, xyz, ("u", "v")),
            traced("depth", depth, xyz, ("d",)),
        )
    )


_RAY = """
#define NEAR %(near)rf
#define FAR %(far)rf
#define MARCHING %(marching)d
/* The one copy of the field: L points in step. */
APART void distances(const float* x, const float* y, const float* z, const float* q, float* d) {
  LANES field_at(x[l], y[l], z[l], q, &d[l]);
}
APART float distance_at(float x, float y, float z, const float* q) {
  float d; field_at(x, y, z, q, &d); return d;
}
/* One point: settled, projected, and whether a ray reaches it. */
INLINE void point(float x, float y, float z, float snap, const float* q, float* out) {
  float u, v, away, t = NEAR;
  settle(x, y, z, snap, q, &x, &y, &z);
  project(x, y, z, q, &u, &v);
  depth(x, y, z, q, &away);
  for (int i = 0; i < MARCHING; i++) {
    float px, py, pz;
    at(t, u, v, q, &px, &py, &pz);
    t = fminf(t + distance_at(px, py, pz, q) * 0.92f, FAR);
  }
  out[0] = u; out[1] = v;
  out[2] = t > away - 0.09f && fabsf(u) < 1.0f && fabsf(v) < 1.0f ? 1.0f : 0.0f;
}
"""

# L rays in step; on a card L is 1 and the loops vanish.
_PIXELS = """
INLINE void pixels(const float* gx, const float* gy, const float* q, float out[3][L], int kind) {
  float t[L], dx[L], dy[L], dz[L], x[L], y[L], z[L], f[L], g[4][L], nx[L], ny[L], nz[L];
  float residue[L], sky[L], lit[L], s[L];
  const float ox = q[%(camera)d], oy = q[%(camera)d + 1], oz = q[%(camera)d + 2];
  const float lx = q[%(light)d], ly = q[%(light)d + 1], lz = q[%(light)d + 2];
  LANES { ray(gx[l], gy[l], q, &dx[l], &dy[l], &dz[l]); t[l] = NEAR; nx[l] = ny[l] = 0.0f;
    nz[l] = residue[l] = sky[l] = lit[l] = 1.0f; s[l] = 0.06f; }
  for (int i = 0; i < 64; i++) {
    int busy = 0;
    LANES { x[l] = ox + t[l] * dx[l]; y[l] = oy + t[l] * dy[l]; z[l] = oz + t[l] * dz[l]; }
    distances(x, y, z, q, f);
    for (int l = 0; l < L; l++) {
      busy += fabsf(f[l]) > 0.0004f && t[l] < FAR;
      t[l] = fminf(t[l] + f[l] * 0.92f, FAR);
    }
    if (!busy) break;
  }
  int hits = 0;
  for (int l = 0; l < L; l++) hits += t[l] < FAR - 0.04f;
  if (hits) {
    for (int i = 0; i < 4; i++) {
      const float e = 0.008f;
      const float ex = i == 0 || i == 3 ? e : -e, ey = i >= 2 ? e : -e, ez = i & 1 ? e : -e;
      LANES { x[l] = ox + t[l] * dx[l] + ex; y[l] = oy + t[l] * dy[l] + ey;
              z[l] = oz + t[l] * dz[l] + ez; }
      distances(x, y, z, q, g[i]);
    }
    LANES {
      const float a = g[0][l] - g[1][l] - g[2][l] + g[3][l];
      const float b = g[3][l] + g[2][l] - g[0][l] - g[1][l];
      const float c = g[1][l] + g[3][l] - g[0][l] - g[2][l];
      const float n = 1.0f / sqrtf(a * a + b * b + c * c + 1e-16f);
      nx[l] = a * n; ny[l] = b * n; nz[l] = c * n;
      residue[l] = (g[0][l] + g[1][l] + g[2][l] + g[3][l]) * 0.25f;
    }
    for (int i = 0; i < 3; i++) {
      const float h = i == 0 ? 0.05f : i == 1 ? 0.14f : 0.30f;
      const float w = (i == 0 ? 1.0f : i == 1 ? 0.85f : 0.60f) * 0.42f / h;
      LANES { x[l] = ox + t[l] * dx[l] + nx[l] * h; y[l] = oy + t[l] * dy[l] + ny[l] * h;
              z[l] = oz + t[l] * dz[l] + nz[l] * h; }
      distances(x, y, z, q, f);
      LANES { sky[l] -= fmaxf(h - f[l], 0.0f) * w; }
    }
    for (int i = 0; i < 8; i++) {
      LANES { x[l] = ox + t[l] * dx[l] + nx[l] * 0.03f + lx * s[l];
              y[l] = oy + t[l] * dy[l] + ny[l] * 0.03f + ly * s[l];
              z[l] = oz + t[l] * dz[l] + nz[l] * 0.03f + lz * s[l]; }
      distances(x, y, z, q, f);
      LANES { lit[l] = fminf(lit[l], 0.5f + 0.5f * (f[l] * 7.0f / s[l]));
              s[l] += fminf(fmaxf(f[l], 0.05f), 0.30f); }
    }
  }
  LANES { sky[l] = fminf(fmaxf(sky[l], 0.0f), 1.0f); }
  if (kind == 0) {
    LANES { colour(t[l], nx[l], ny[l], nz[l], residue[l], sky[l], lit[l], gx[l], gy[l], q,
                   &out[0][l], &out[1][l], &out[2][l]); }
  } else {
    LANES { map(t[l], nx[l], ny[l], nz[l], residue[l], sky[l], lit[l], gx[l], gy[l], q,
                &out[0][l], &out[1][l], &out[2][l]); }
  }
}
"""

_CUDA = """
extern "C" __global__ void draw(const float* Q, float* out, int M, int n, int kind) {
  __shared__ float q[256];
  const int tid = threadIdx.y * blockDim.x + threadIdx.x, b = blockIdx.z;
  for (int i = tid; i < M; i += blockDim.x * blockDim.y) q[i] = Q[(size_t)b * M + i];
  __syncthreads();
  const int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  if (px >= n || py >= n) return;
  float value[3][L];
  const float gx = (px + 0.5f) / n * 2.f - 1.f, gy = 1.f - (py + 0.5f) / n * 2.f;
  pixels(&gx, &gy, q, value, kind);
  const size_t hw = (size_t)n * n, o = (size_t)b * 3 * hw + (size_t)py * n + px;
  for (int i = 0; i < 3; i++) out[o + i * hw] = value[i][0];
}
"""
_CUDA_POINTS = """
extern "C" __global__ void points(const float* Q, const float* places, const float* snap,
                                  float* out, int M, int count, int total) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= total) return;
  point(places[3 * i], places[3 * i + 1], places[3 * i + 2], snap[i % count],
        Q + (size_t)(i / count) * M, out + 3 * i);
}
"""
_CPU = """
extern "C" void draw(const float* Q, float* out, int first, int last, int M, int n, int kind) {
  for (int row = first; row < last; row++) {
    const int b = row / n, py = row % n;
    for (int px = 0; px < n; px += L) {
      float gx[L], gy[L], value[3][L];
      for (int l = 0; l < L; l++) {
        gx[l] = (px + l + 0.5f) / n * 2.f - 1.f;
        gy[l] = 1.f - (py + 0.5f) / n * 2.f;
      }
      pixels(gx, gy, Q + (size_t)b * M, value, kind);
      for (int i = 0; i < 3; i++)
        for (int l = 0; l < L && px + l < n; l++)
          out[((size_t)(b * 3 + i) * n + py) * n + px + l] = value[i][l];
    }
  }
}
extern "C" void points(const float* Q, const float* places, const float* snap, float* out, int M,
                       int count, int total) {
  for (int i = 0; i < total; i++)
    point(places[3 * i], places[3 * i + 1], places[3 * i + 2], snap[i % count],
          Q + (size_t)(i / count) * M, out + 3 * i);
}
"""


@functools.cache
def _body() -> str:
    numbers = {
        "near": T_NEAR,
        "far": T_FAR,
        "marching": MARCHING_STEPS,
        "camera": LAYOUT["camera"][0],
        "light": LAYOUT["light_head"][0],
    }
    return _functions() + _RAY % numbers + _PIXELS % numbers


def cuda_source() -> str:
    """All of the CUDA code."""
    head = "#define INLINE __device__ __forceinline__\n#define APART __device__ __noinline__\n"
    lanes = "#define L 1\n#define LANES for (int l = 0; l < L; l++)\n"
    return head + lanes + _body() + _CUDA + _CUDA_POINTS


def cpu_source() -> str:
    """All of the C++ code."""
    head = "#include <cmath>\n#define INLINE static inline __attribute__((always_inline))\n"
    head += "#define APART static __attribute__((noinline))\n#define L 16\n"
    lanes = '#define LANES _Pragma("omp simd") for (int l = 0; l < L; l++)\n'
    return head + lanes + _body() + _CPU


class CpuCode:
    """The library for this CPU, built at first use by the machine's compiler and kept on disk.

    Raises:
        CompilerError: there is no compiler, or it failed.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(str(_build_library()))

    def draw(self, packed: Tensor, size: int, kind: int) -> Tensor:
        """Packed parameters [N, WIDTH] to float32 [N, 3, size, size]; kind 0 colours, 1 map."""
        packed = packed.contiguous()
        out = torch.empty(len(packed), 3, size, size)
        rows, threads = len(packed) * size, torch.get_num_threads()
        chunk = -(-rows // (4 * threads))

        def part(first: int) -> None:
            self._library.draw(
                *(ctypes.c_void_p(packed.data_ptr()), ctypes.c_void_p(out.data_ptr()), first),
                *(min(first + chunk, rows), WIDTH, size, kind),
            )

        _in_threads(part, range(0, rows, chunk), threads)
        return out

    def points(self, packed: Tensor) -> Tensor:
        """Key points as `keypoints_with_torch` gives them."""
        packed, start = packed.contiguous(), places(packed).contiguous()
        snap, out = torch.tensor(ON_SURFACE, dtype=torch.float32), torch.empty_like(start)
        pointers = [ctypes.c_void_p(t.data_ptr()) for t in (packed, start, snap, out)]
        self._library.points(*pointers, WIDTH, len(KEYPOINTS), len(packed) * len(KEYPOINTS))
        return out


def _in_threads(action: Callable[[int], None], items: range, threads: int) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - ctypes lets the lock go

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(action, items))


# What -ffast-math means, one by one: by its name the linker would add a start-up that flushes the
# whole process's small numbers to zero. The definition opens the C library's vector functions,
# without which a picture takes seven times as long.
ARITHMETIC = (
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffinite-math-only",
    "-fno-signed-zeros",
    "-fassociative-math",
    "-freciprocal-math",
    "-D__FAST_MATH__",
)


def _build_library() -> Path:
    """Path of the library; compiled under a temporary name first, if it is not there yet."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise CompilerError("no C++ compiler (g++ or clang++) is on the path")
    flags = ["-O3", "-march=native", *ARITHMETIC, "-fopenmp-simd", "-shared", "-fPIC"]
    source, machine = cpu_source(), _cpu_name()
    digest = hashlib.sha256(f"{compiler}{flags}{machine}{source}".encode()).hexdigest()[:16]
    folder = Path(platformdirs.user_cache_dir("draglive"))
    path = folder / f"creatures-{digest}.so"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{path.name}.{os.getpid()}.part"
    try:
        subprocess.run(
            [compiler, *flags, "-x", "c++", "-", "-o", str(partial)],
            input=source.encode(),
            check=True,
            capture_output=True,
            timeout=300,
        )
        partial.replace(path)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["nothing said"]
        raise CompilerError(f"{compiler} failed on the renderer: {said[0]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilerError(f"{compiler} cannot be run: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _cpu_name() -> str:
    """What `-march=native` means here."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    return next((line for line in text.splitlines() if line.startswith("flags")), "")


class CudaCode:
    """The kernels on a card, compiled at run time by NVRTC (a second)."""

    def __init__(self) -> None:
        source, options = cuda_source(), ["--use_fast_math"]
        compile_kernel: Any = torch.cuda._compile_kernel  # torch's own road to NVRTC
        try:
            self._draw = compile_kernel(source, "draw", nvcc_options=options)
            self._points = compile_kernel(source, "points", nvcc_options=options)
        except RuntimeError as error:
            raise CompilerError(f"NVRTC failed on the renderer: {error}") from error

    def draw(self, packed: Tensor, size: int, kind: int) -> Tensor:
        """As `CpuCode.draw`, on the card."""
        packed = packed.contiguous()
        out = torch.empty(len(packed), 3, size, size, device=packed.device)
        grid = (-(-size // TILE[0]), -(-size // TILE[1]), len(packed))
        self._draw(grid=grid, block=(*TILE, 1), args=[packed, out, WIDTH, size, kind])
        return out

    def points(self, packed: Tensor) -> Tensor:
        """Key points as `keypoints_with_torch` gives them."""
        packed, start = packed.contiguous(), places(packed).contiguous()
        snap = torch.tensor(ON_SURFACE, dtype=torch.float32, device=packed.device)
        out, total = torch.empty_like(start), len(packed) * len(KEYPOINTS)
        args = [packed, start, snap, out, WIDTH, len(KEYPOINTS), total]
        self._points(grid=(-(-total // 128), 1, 1), block=(128, 1, 1), args=args)
        return out
