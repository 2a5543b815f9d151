"""The command line, one command per file."""

import argparse
import sys
from collections.abc import Sequence

from tailor_export import __version__
from tailor_export.cli import evaluate, export, train
from tailor_export.errors import TailorExportError

ABOUT = (
    "Trains a classifier on long-tailed data, writes it as .onnx with its model card, and tells "
    "how accurate that file is. COMMAND --help has the options of a command."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: done; 1: could not do it; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tailor_export", description=ABOUT)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (train, export, evaluate):
        command.add_to(commands)
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    options.given = given
    try:
        options.run(options)
    except (TailorExportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last epoch", file=sys.stderr)
        return 130
    return 0
