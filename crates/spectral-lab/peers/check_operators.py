"""Checks that the networks of `operators.py` compute the same with the same weights, in float64."""

import torch

from operators import PlainFno, packaged

# neuraloperator keeps the spectra of its results in complex64, whatever the weights.
LIMIT = 1e-6


def copy(source, target):
    """Copies the weights of neuraloperator's FNO into the plain one."""

    def perceptron(theirs, ours):
        for index, layer in zip((0, 2), theirs.fcs):
            ours[index].weight.copy_(layer.weight[..., None])
            ours[index].bias.copy_(layer.bias)

    perceptron(source.lifting, target.lifting)
    perceptron(source.projection, target.projection)
    blocks = source.fno_blocks
    for index, block in enumerate(target.blocks):
        weight = blocks.convs[index].weight.tensor.transpose(0, 1)
        rows = weight.shape[2] // 2
        # Frequencies ascend there; here those of 0 and above come first.
        block.spectral.weight.copy_(torch.stack([weight[:, :, rows:], weight[:, :, :rows]]))
        block.bias.copy_(blocks.convs[index].bias)
        block.skip.weight.copy_(blocks.fno_skips[index].conv.weight[..., None])
        block.gate.copy_(blocks.channel_mlp_skips[index].weight[0])
        perceptron(blocks.channel_mlp[index], block.mlp)


def main():
    torch.manual_seed(0)
    sizes = {"channels": 1, "hidden": 6, "layers": 3, "modes": (8, 6)}
    theirs, ours = packaged(**sizes).double(), PlainFno(**sizes).double()
    for module in (theirs, ours):
        for layer in module.modules():
            for name, parameter in list(layer.named_parameters(recurse=False)):
                if parameter.is_complex():
                    layer.register_parameter(name, torch.nn.Parameter(parameter.detach().to(torch.cdouble)))
    with torch.no_grad():
        copy(theirs, ours)
    x = torch.randn(2, 1, 16, 12, dtype=torch.double)
    with torch.no_grad():
        difference = (theirs(x) - ours(x)).abs().max().item()
    print(f"plain_fno: {difference:.1e}")
    if not difference <= LIMIT:
        raise SystemExit(f"a difference is above {LIMIT}")


if __name__ == "__main__":
    main()
