"""ResNet for 32 x 32 images (He et al. 2016, section 4.2).

A 3 x 3 stem, three stages of 16, 32 and 64 channels, global average pooling: 6n + 2 layers with n
blocks per stage. Where a block changes the shape, its shortcut is a 1 x 1 convolution with batch
normalisation (option B of the paper), which stays a plain Conv + BatchNormalization in ONNX.
"""

from torch import Tensor, nn
from torch.nn import functional

from tailor_export.models.extractor import Architecture, Classifier, Shape, channels_of

WIDTHS = (16, 32, 64)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The input itself, or a 1 x 1 convolution of it where a block changes the shape."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


def resnet_cifar(
    shape: Shape, classes: int, blocks: int, widths: tuple[int, ...] = WIDTHS
) -> Classifier:
    """A model of 2 * len(widths) * blocks + 2 layers."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels_of(shape, "ResNet"), widths[0], 3, 1, 1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
    ]
    residual: list[nn.Module] = []
    inputs = widths[0]
    for stage, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            residual.append(BasicBlock(inputs, width, stride))
            inputs = width
    layers += [*residual, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    model = Classifier(nn.Sequential(*layers), widths[-1], classes, residual)
    initialise(model)
    return model


def initialise(model: nn.Module) -> None:
    """He initialisation of every convolution."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


RESNET20 = Architecture(
    name="resnet20",
    title="ResNet-20 for 32 x 32 images",
    build=lambda shape, classes: resnet_cifar(shape, classes, blocks=3),
)
