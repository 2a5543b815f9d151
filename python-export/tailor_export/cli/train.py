"""`train`: one stage-1 run."""

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tailor_export.catalogue import DATASETS, FAMILIES, METHODS, MODELS
from tailor_export.cli.texts import HELP_OF_DATA
from tailor_export.prepare import prepare
from tailor_export.recipe import settings_from
from tailor_export.run import RunFolder
from tailor_export.settings import OPTIMIZERS, PRECISIONS, Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "train",
        help="train an extractor with its head; goes on where it was stopped",
        description="Trains an extractor with its head; goes on where it was stopped. In brackets: "
        "what is taken where nothing is given. Data sets and methods may have other values of "
        "their own, which the README lists.",
    )
    add_settings(parser)
    parser.add_argument("--data", type=Path, required=True, help=HELP_OF_DATA)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of the run; one that holds a run with these settings is gone on with",
    )
    parser.set_defaults(run=run)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """An option for every field of Settings; what is not given is left to the recipe."""
    default = Settings()
    families = [f"{name}:FILE" for name in FAMILIES.names()]
    names: dict[str, Sequence[str]] = {
        "model": MODELS.names(),
        "method": METHODS.names(),
        "optimizer": OPTIMIZERS,
        "precision": PRECISIONS,
    }
    texts = {
        "dataset": f"what to train on: {', '.join([*DATASETS.names(), *families])}",
        "model": "what to train",
        "method": "how to train it",
        "imbalance_factor": "largest class over smallest class; 0 cuts nothing",
        "validation_per_class": "taken out before the tail is cut",
        "test_per_class": "taken out too, of data that come without a test set",
        "split_seed": "chooses validation and the long-tailed subset",
        "seed": "of initial weights, order and augmentation",
        "epochs": "learning rate falls to 0 over them",
        "batch": "samples a step",
        "optimizer": "what takes the steps",
        "precision": "bf16 computes in bfloat16 where that is safe",
        "learning_rate": "of the first epoch",
        "momentum": "of SGD",
        "weight_decay": "λ",
        "decay_head_bias": "whether λ applies to the bias of the head",
        "beta": "of the class-balanced loss; 1 weights by the inverse of the class size",
        "feature_regularization": "ζ of wd-fr-etf",
        "bn_scale": "γ of every batch normalisation in wd-fixed-bn",
        "dropout": "share of the outputs of a layer of table-mlp that a step drops",
        "etf_bias": "whether a bias is trained beside a fixed ETF head",
        "device": "cpu, cuda or cuda:N",
        "threads": "of the CPU",
    }
    for field in fields(Settings):
        value = getattr(default, field.name)
        shown = _ELSEWHERE.get(field.name, value)
        option: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction}
            if isinstance(value, bool)
            else {
                "type": type(value),
                "choices": names.get(field.name),
                "metavar": _METAVARS[type(value)],
            }
        )
        choices = f": {', '.join(names[field.name])}" if field.name in names else ""
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            help=f"{texts[field.name]}{choices} ({shown})",
            **option,
        )


_METAVARS = {str: "NAME", int: "N", float: "X"}
_ELSEWHERE = {"weight_decay": "the method's", "feature_regularization": "the method's"}


def run(options: argparse.Namespace) -> None:
    from tailor_export.train import train

    given = {
        field.name: getattr(options, field.name)
        for field in fields(Settings)
        if hasattr(options, field.name)
    }
    settings = settings_from(given)
    command = shlex.join(["python", "-m", "tailor_export", *options.given])
    train(settings, prepare(settings, options.data), RunFolder(options.out), command=command)
