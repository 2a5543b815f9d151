"""Trains the extractors of onnx-tailor in PyTorch and exports them to ONNX."""

import os

# onnxruntime's official builds report to their maker from 1.29 on; it reads this with its first session.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
