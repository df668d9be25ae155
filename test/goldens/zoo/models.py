"""The models of this folder: torchvision's and two small transformers, with generated weights in which nothing is 0 or 1."""

import math

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

TORCHVISION = (
    "resnet18",
    "resnet50",
    "vgg11_bn",
    "densenet121",
    "mobilenet_v2",
    "shufflenet_v2_x1_0",
    "convnext_tiny",
    "vit_b_16",
    "swin_t",
    "efficientnet_b0",
)
NAMES = (*TORCHVISION, "bert", "gpt")
TOKENS, WIDTH, HEADS, DEPTH, LENGTH = 96, 64, 4, 2, 12


def gelu(x):
    """A function that PyTorch does not know, so that its encoder takes no fused path, which does not export."""
    return F.gelu(x)


class Bert(nn.Module):
    """Token and position embeddings, a post-norm encoder, an untied head."""

    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(TOKENS, WIDTH)
        self.position = nn.Embedding(LENGTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation=gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, DEPTH, enable_nested_tensor=False)
        for parameter in self.encoder.parameters():  # the layers are copies, and an exporter makes equal tensors one
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.head = nn.Linear(WIDTH, TOKENS)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.encoder(self.norm(self.token(tokens) + self.position(places))))


class GptBlock(nn.Module):
    """A pre-norm block as in GPT-2: one linear layer for queries, keys and values."""

    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.project = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.register_buffer("mask", torch.tril(torch.ones(LENGTH, LENGTH)).view(1, 1, LENGTH, LENGTH))

    def forward(self, x):
        n, t, _ = x.shape
        split = lambda v: v.view(n, t, HEADS, WIDTH // HEADS).transpose(1, 2)
        q, k, v = (split(part) for part in self.qkv(self.ln_1(x)).split(WIDTH, dim=2))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        mixed = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(n, t, WIDTH)
        x = x + self.project(mixed)
        return x + self.down(F.gelu(self.up(self.ln_2(x))))


class Gpt(nn.Module):
    """A causal decoder whose head is its token embedding."""

    def __init__(self):
        super().__init__()
        self.token, self.position = nn.Embedding(TOKENS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.ModuleList(GptBlock() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens):
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.token.weight)


def build(name, seed=1, **options):
    """The model in training mode without dropout; its gains near 1, its shifts and biases near 0, but none equal to it."""
    torch.manual_seed(seed)
    net = {"bert": Bert, "gpt": Gpt}[name]() if name in ("bert", "gpt") else getattr(torchvision.models, name)(**options)
    for module in net.modules():
        if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
    with torch.no_grad():
        for key, value in (*net.named_parameters(), *net.named_buffers()):
            if key.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif key.endswith("running_mean"):
                value.normal_(0, 0.1)
            elif key.endswith("layer_scale"):
                value.normal_(0.5, 0.1)
            elif key.endswith("bias"):
                value.normal_(0, 0.1)
            elif key.endswith("weight") and value.dim() == 1:
                value.normal_(1, 0.1)
            elif key.endswith(("class_token", "pos_embedding", "relative_position_bias_table")):
                value.normal_(0, 0.2)
            elif not value.any():  # the head of torchvision's vision transformers
                value.normal_(0, 0.05)
    return net.train()


def example(name, size=224, batch=2, dtype=torch.float32, seed=2):
    """An input: images of the given size, or tokens."""
    random = torch.Generator().manual_seed(seed)
    if name in ("bert", "gpt"):
        return torch.randint(0, TOKENS, (batch, LENGTH), generator=random)
    return torch.randn((batch, 3, size, size), generator=random, dtype=torch.float64).to(dtype)
