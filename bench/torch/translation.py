"""Time of one training step of a Transformer on [143, 14] tokens: /usr/bin/python3 bench/torch/translation.py [threads]

The peer of normwise's translation step: 3 + 3 pre-norm layers of width 256, feed-forward 512, 4 heads, a tied embedding of
4,100 tokens, dropout on embeddings and sublayers, smoothed cross-entropy, Adam.
"""

import sys
import time

import torch
from torch import nn

ROWS, LENGTH, VOCABULARY, WIDTH = 143, 14, 4100, 256
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)

# PyTorch's layers also drop inside attention and feed-forward, which ours do not.
table = nn.Embedding(VOCABULARY, WIDTH)
network = nn.Transformer(WIDTH, 4, 3, 3, 512, dropout=0.1, batch_first=True, norm_first=True)
for module in network.modules():
    if isinstance(module, nn.MultiheadAttention):
        module.dropout = 0.0
    if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        module.dropout.p = 0.0
drop = nn.Dropout(0.1)
optimizer = torch.optim.Adam([*table.parameters(), *network.parameters()], lr=1e-3, betas=(0.9, 0.98), eps=1e-9)
loss_of = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1)
later = torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), diagonal=1)
positions = torch.randn(LENGTH, WIDTH)
source, target, expected = (torch.randint(3, VOCABULARY, (ROWS, LENGTH)) for _ in range(3))


def step():
    embed = lambda tokens: drop(table(tokens) * WIDTH**0.5 + positions)
    padding = source == 0
    hidden = network(
        embed(source), embed(target), tgt_mask=later, src_key_padding_mask=padding, memory_key_padding_mask=padding
    )
    loss = loss_of((hidden @ table.weight.T).reshape(-1, VOCABULARY), expected.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


step()
walls, processor = [], []
for _ in range(8):
    wall, own = time.perf_counter(), time.process_time()
    step()
    walls.append(time.perf_counter() - wall)
    processor.append(time.process_time() - own)
tokens = ROWS * LENGTH
print(f"torch {torch.__version__}, {torch.get_num_threads()} threads: {1000 * min(walls):.0f} ms, "
      f"{tokens / min(walls):.0f} target tokens/s, {1000 * min(processor):.0f} ms of processor time")
