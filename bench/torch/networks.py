"""The networks of src/models, written for PyTorch with the same names of parameters and buffers."""

import torch
import torch.nn.functional as F
from torch import nn

VGG11_PLAN = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]


class VGG11(nn.Module):
    """VGG11 with batch-norm for 32x32 images: convolutions with bias, one linear layer at the end."""

    def __init__(self, width=1.0, classes=10):
        super().__init__()
        layers, channels = [], 3
        for step in VGG11_PLAN:
            if step == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            out = int(step * width)
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            channels = out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Block(nn.Module):
    """Basic residual block with the parameter-free shortcut (option A of He et al. 2016, arXiv 1512.03385)."""

    def __init__(self, channels, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.pad = stride, (planes - channels) // 2

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.stride != 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(out + x)


class ResNet20(nn.Module):
    """ResNet-20 for CIFAR: a stem, three stages of three blocks, global average pooling, one linear layer."""

    def __init__(self, width=1.0, classes=10):
        super().__init__()
        planes = [int(p * width) for p in (16, 32, 64)]
        self.conv1 = nn.Conv2d(3, planes[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        channels = planes[0]
        for stage, out in enumerate(planes):
            blocks = []
            for index in range(3):
                blocks.append(Block(channels, out, 2 if stage > 0 and index == 0 else 1))
                channels = out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def resnet18_cifar():
    """torchvision's ResNet-18 with the stem for small images: a 3x3 convolution, no pooling."""
    from torchvision.models import resnet18

    net = resnet18(num_classes=10)
    net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net


def resnet50():
    """torchvision's ResNet-50, 1,000 classes."""
    from torchvision.models import resnet50 as make

    return make(num_classes=1000)


NETWORKS = {"vgg11": VGG11, "resnet20": ResNet20, "resnet18": resnet18_cifar, "resnet50": resnet50}

TRANSFORMER_VOCABULARY, TRANSFORMER_LENGTH, TRANSFORMER_WIDTH = 4100, 14, 256


class Translator(nn.Module):
    """3 + 3 pre-norm layers of width 256, feed-forward 512, 4 heads, a tied embedding, dropout where ours is."""

    def __init__(self):
        super().__init__()
        width = TRANSFORMER_WIDTH
        self.embedding = nn.Embedding(TRANSFORMER_VOCABULARY, width)
        self.network = nn.Transformer(width, 4, 3, 3, 512, dropout=0.1, batch_first=True, norm_first=True)
        # PyTorch's layers also drop inside attention and feed-forward, which ours do not.
        for module in self.network.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
                module.dropout.p = 0.0
        self.drop = nn.Dropout(0.1)
        length = TRANSFORMER_LENGTH
        self.register_buffer("later", torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1))
        self.register_buffer("positions", torch.randn(length, width))

    def embed(self, tokens):
        return self.drop(self.embedding(tokens) * TRANSFORMER_WIDTH**0.5 + self.positions)

    def forward(self, source, target):
        padding = source == 0
        hidden = self.network(
            self.embed(source),
            self.embed(target),
            tgt_mask=self.later,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        return hidden @ self.embedding.weight.T


def normalize(images, mean=0.5, std=0.25):
    """Bytes to network input: (byte/255 - mean)/std."""
    return images.div(255).sub_(mean).div_(std)
