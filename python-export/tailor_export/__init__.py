"""Trains the extractors of onnx-tailor in PyTorch and exports them to ONNX."""

__version__ = "0.1.0"
