"""`train`: one stage-1 run."""

import argparse
import shlex
from dataclasses import fields
from pathlib import Path

from tailor_export.catalogue import DATASETS, METHODS, MODELS
from tailor_export.prepare import prepare
from tailor_export.run import RunFolder
from tailor_export.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "train",
        help="train an extractor with its head; goes on where it was stopped",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_settings(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.set_defaults(run=run)


def add_settings(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.add_argument("--dataset", choices=DATASETS.names(), default=default.dataset)
    parser.add_argument("--model", choices=MODELS.names(), default=default.model)
    parser.add_argument("--method", choices=METHODS.names(), default=default.method)
    for name, text in {
        "imbalance_factor": "largest class over smallest class",
        "validation_per_class": "taken out before the tail is cut",
        "split_seed": "chooses validation and the long-tailed subset",
        "seed": "of initial weights, order and augmentation",
        "epochs": "learning rate falls to 0 over them",
        "batch": "images a step",
        "learning_rate": "of the first epoch",
        "momentum": "of SGD",
        "threads": "of the CPU",
    }.items():
        value = getattr(default, name)
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=type(value), default=value, help=text)
    parser.add_argument(
        "--weight-decay", type=float, help="the method's own unless given", default=None
    )
    parser.add_argument("--device", default=default.device, help="cpu, cuda or cuda:N")


def settings_from(options: argparse.Namespace) -> Settings:
    values = {field.name: getattr(options, field.name) for field in fields(Settings)}
    if values["weight_decay"] is None:
        values["weight_decay"] = METHODS.get(options.method).weight_decay
    return Settings(**values)


def run(options: argparse.Namespace) -> None:
    from tailor_export.train import train

    settings = settings_from(options)
    command = shlex.join(["python", "-m", "tailor_export", *options.given])
    train(settings, prepare(settings, options.data), RunFolder(options.out), command=command)
