"""`export`: a finished run to ONNX, with its model card and its log beside it."""

import argparse
import shlex
from pathlib import Path

from tailor_export.cli.texts import HELP_OF_DATA
from tailor_export.errors import RunError
from tailor_export.evaluate import tables


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("export", help="write a finished run as .onnx, card and log")
    parser.add_argument(
        "--run", type=Path, required=True, dest="folder", help="folder of a finished run"
    )
    parser.add_argument("--data", type=Path, required=True, help=HELP_OF_DATA)
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument(
        "--features-of-blocks", action="store_true", help="every block's output is an output too"
    )
    parser.add_argument(
        "--half-weights",
        action="store_true",
        help="round the weights of hidden layers to float16: half the file; the card tells what "
        "that changed",
    )
    parser.add_argument("--force", action="store_true", help="replace existing files")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from tailor_export.publish import publish

    if options.out.suffix != ".onnx":
        raise RunError(f"--out must end with .onnx: {options.out}")
    arguments = [argument for argument in options.given if argument != "--force"]
    command = shlex.join(["python", "-m", "tailor_export", *arguments])
    card = publish(
        options.folder,
        options.data,
        options.out,
        command,
        force=options.force,
        blocks=options.features_of_blocks,
        half_weights=options.half_weights,
    )
    check = card.verification
    print(
        f"{options.out}: {len(card.exported.content):,} bytes; against PyTorch on "
        f"{check.samples} {card.evaluation.noun}s: logits differ by {check.logits:.1e}, "
        f"features by {check.features:.1e}, classes agree on {check.argmax_agreement:.0%}\n"
    )
    print(tables(card.evaluation))
