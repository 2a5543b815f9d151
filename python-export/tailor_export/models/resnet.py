"""ResNet-34 (He et al. 2016) and ResNeXt-50 32x4d (Xie et al. 2017).

With the stem of ImageNet (7 x 7, stride 2, max pooling) for pictures of about 224 x 224, or with
that of CIFAR (3 x 3, stride 1, no pooling) for those of about 32 x 32. Four stages of 64, 128, 256
and 512 channels, four times as many out of a bottleneck; global average pooling.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from tailor_export.models.extractor import Architecture, Classifier, Shape, channels_of
from tailor_export.models.resnet_cifar import BasicBlock, initialise, shortcut

DEPTHS = (3, 4, 6, 3)
WIDTHS = (64, 128, 256, 512)

Block = Callable[[int, int, int], nn.Module]
"""(channels in, width of the stage, stride) to a block."""


class Bottleneck(nn.Module):
    """1 x 1, grouped 3 x 3 with the stride, 1 x 1 to four times the width, and a shortcut."""

    EXPANSION = 4
    GROUPS = 32
    GROUP_WIDTH = 4
    """Channels of a group in the first stage."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        inner = width * self.GROUP_WIDTH // WIDTHS[0] * self.GROUPS
        outputs = width * self.EXPANSION
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=self.GROUPS, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + self.shortcut(x))


def cifar_stem(channels: int) -> list[nn.Module]:
    """Keeps the size of the picture."""
    return [
        nn.Conv2d(channels, WIDTHS[0], 3, 1, 1, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        nn.ReLU(),
    ]


def imagenet_stem(channels: int) -> list[nn.Module]:
    """A quarter of the size of the picture."""
    return [
        nn.Conv2d(channels, WIDTHS[0], 7, 2, 3, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]


def resnet(
    shape: Shape,
    classes: int,
    stem: Callable[[int], list[nn.Module]],
    block: Block,
    expansion: int,
) -> Classifier:
    """Stem, four stages, global pooling, head."""
    residual: list[nn.Module] = []
    inputs = WIDTHS[0]
    for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True)):
        for number in range(depth):
            stride = 2 if stage > 0 and number == 0 else 1
            residual.append(block(inputs, width, stride))
            inputs = width * expansion
    layers = [
        *stem(channels_of(shape, "ResNet")),
        *residual,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]
    model = Classifier(nn.Sequential(*layers), inputs, classes, residual)
    initialise(model)
    return model


RESNET34 = Architecture(
    name="resnet34",
    title="ResNet-34 for 32 x 32 images",
    build=lambda shape, classes: resnet(shape, classes, cifar_stem, BasicBlock, 1),
)
RESNET34_IMAGENET = Architecture(
    name="resnet34-imagenet",
    title="ResNet-34 with the stem of ImageNet",
    build=lambda shape, classes: resnet(shape, classes, imagenet_stem, BasicBlock, 1),
)
RESNEXT50 = Architecture(
    name="resnext50",
    title="ResNeXt-50 (32x4d) for 32 x 32 images",
    build=lambda shape, classes: resnet(
        shape, classes, cifar_stem, Bottleneck, Bottleneck.EXPANSION
    ),
)
RESNEXT50_IMAGENET = Architecture(
    name="resnext50-imagenet",
    title="ResNeXt-50 (32x4d) with the stem of ImageNet",
    build=lambda shape, classes: resnet(
        shape, classes, imagenet_stem, Bottleneck, Bottleneck.EXPANSION
    ),
)
