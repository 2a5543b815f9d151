"""The machine in words, and the versions and the commit that a result depends on."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

import torch


def describe(device: str, threads: int) -> str:
    """For example '1 thread of an Intel Xeon Processor'."""
    if device != "cpu":
        return torch.cuda.get_device_name(torch.device(device))
    name = _processor()
    article = "an" if name[:1].upper() in "AEIOU" else "a"
    return f"{threads} {'thread' if threads == 1 else 'threads'} of {article} {name}"


def versions() -> dict[str, str]:
    """Of Python and of the packages at work."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("torch", "numpy", "onnx", "onnxscript")},
    }


def commit(folder: Path = Path(__file__).parent) -> str | None:
    """The git commit of this program, with '-dirty' where its files differ from it.

    None for a copy outside version control, such as an installed package.
    """
    try:
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        changed = _git(folder, "status", "--porcelain", "--", ".")
        return _git(folder, "rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1] for line in lines if line.startswith("model name"))
    name = next(names, platform.machine())
    return " ".join(name.replace("(R)", "").replace("(TM)", "").split())
