"""`evaluate`: what an exported file reaches, from the file and the data alone."""

import argparse
from pathlib import Path

from tailor_export.cli.texts import HELP_OF_DATA


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("evaluate", help="print the accuracy of an exported .onnx file")
    parser.add_argument("model", type=Path, help="the .onnx file that export wrote")
    parser.add_argument("--data", type=Path, required=True, help=HELP_OF_DATA)
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (1)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from tailor_export.evaluate import evaluate, load_data, tables
    from tailor_export.exported import ExportedModel

    exported = ExportedModel(options.model, options.threads)
    print(tables(evaluate(exported, load_data(exported, options.data))))
