"""How models fit on hardware, as rows: what `fit --json` prints."""

from typing import Any

from compare.memory.fit import Fit


def row(fit: Fit) -> dict[str, Any]:
    """One model on one machine. `vram_bytes` of several GPUs is their sum. Unknown is None.

    `predicted_bytes`: RAM and VRAM together with `layers_that_fit` of `layers` on the GPU.
    """
    prediction = fit.prediction
    return {
        "model": fit.file.model,
        "quant": fit.file.quant,
        "n_ctx": fit.n_ctx,
        "kv_type": fit.settings.kv_type,
        "hardware": fit.hardware.name,
        "vram_bytes": fit.hardware.vram_bytes,
        "ram_bytes": fit.hardware.ram_bytes,
        "predicted_bytes": fit.total_bytes,
        "weights_bytes": prediction and prediction.weights_bytes,
        "kv_bytes": prediction and prediction.kv_bytes,
        "compute_bytes": prediction and prediction.compute_bytes,
        "approximate": fit.approximate,
        "layers": fit.layers,
        "layers_that_fit": fit.layers_that_fit,
        "fits": fit.fits,
    }
