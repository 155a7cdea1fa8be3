"""The devices of this machine, as both ends must see them: how a model is spread over them, and what
NVIDIA's driver tells of its GPUs. The only pynvml, imported where a GPU may be in use.
"""

from collections.abc import Callable

GPU_UBATCH = 512
"""Tokens a physical batch on a GPU: llama.cpp's own default."""
CPU_UBATCH = 128
"""On a CPU: most prompts are read in one, 100 tokens 1.1 to 1.2 times as fast as in batches of 64 (SmolLM2,
SOLAR); 256 and 512 are as fast within 2 %."""
_LONG = 4096
"""Tokens of context beyond which batches are halved: attention computes heads * context * batch floats at
once, 77 MB for SOLAR."""


def ubatch(n_ctx: int, gpu: bool) -> int:
    """Tokens of a physical batch in a context of so many."""
    return GPU_UBATCH if gpu else CPU_UBATCH if n_ctx <= _LONG else CPU_UBATCH // 2


def on_gpu(device: str) -> bool:
    """Whether a device of llama.cpp's log has memory of its own: `CUDA0`, but not `CUDA_Host` or `CPU`."""
    return not device.startswith(("CPU", "BLAS", "AMX")) and not device.endswith("_Host")


class Gpus:
    """NVIDIA's GPUs, as their driver tells of them. `nvml`: pynvml, or what speaks like it."""

    def __init__(self, nvml=None):
        self.nvml = nvml or _driver()

    def free_bytes(self) -> int | None:
        """Free on all GPUs together; None where the driver can't tell."""
        return self.together(lambda device: self.nvml.nvmlDeviceGetMemoryInfo(device).free)

    def totals(self) -> tuple[int, ...]:
        """What each GPU has; none where the driver can't tell."""
        return self.each(lambda device: self.nvml.nvmlDeviceGetMemoryInfo(device).total) or ()

    def together(self, of: Callable) -> int | None:
        found = self.each(of)
        return None if found is None else sum(found)

    def each(self, of: Callable) -> tuple[int, ...] | None:
        """Of all devices; None where there is no driver, or it is gone."""
        if self.nvml is None:
            return None
        try:
            count = self.nvml.nvmlDeviceGetCount()
            return tuple(of(self.nvml.nvmlDeviceGetHandleByIndex(n)) for n in range(count))
        except self.nvml.NVMLError:
            return None


def _driver():
    """pynvml with its library loaded, or None."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except (ImportError, OSError):
        return None
    except pynvml.NVMLError:
        return None
    return pynvml
