"""Modules of PyTorch as flat functions, against the networks of this package."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
torch.set_num_threads(1)  # threads cost more than they save on layers this small

SIZES = [6, 5, 4, 3]


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    return rng.standard_normal((9, 6)), rng.integers(0, 3, 9)


def perceptron(activation=torch.nn.ReLU):
    nn = torch.nn
    return nn.Sequential(
        *(nn.Linear(6, 5), activation(), nn.Linear(5, 4), activation()),
        nn.Linear(4, 3),
    ).double()


def convolutional():
    nn, same = torch.nn, {"padding_mode": "circular", "padding": 1, "stride": 2}
    return nn.Sequential(
        *(nn.Unflatten(1, (2, 5, 4)), nn.Conv2d(2, 3, 3, **same), nn.ReLU()),
        *(nn.Conv2d(3, 4, 3, **same), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)),
    ).double()


CASES = {
    "relu": (st.mlp(SIZES), perceptron),
    "tanh": (st.mlp(SIZES, activation="tanh"), lambda: perceptron(torch.nn.Tanh)),
    "convolutions": (st.convnet((5, 4), [2, 3, 4], 3), convolutional),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("squares", [False, True])
def test_a_module_and_a_network_have_the_same_derivatives(case, squares, rng):
    network, make = CASES[case]
    w, v = rng.standard_normal((2, network.n))
    X = rng.standard_normal((9, network.inputs))
    y = rng.standard_normal((9, 3)) if squares else rng.integers(0, 3, 9)
    ours = st.squared_error if squares else st.cross_entropy
    theirs = (lambda o, t: 0.5 * ((o - t) ** 2).sum(1).mean()) if squares else None
    model = st.torch_model(make(), X, y, loss=theirs)
    assert model.w.size == network.n
    assert_allclose(model.outputs(w), network.outputs(w, X), atol=1e-12)
    assert_allclose(model.loss(w), network.loss(w, X, y, loss=ours), rtol=1e-12)
    gradient = network.gradient(w, X, y, loss=ours)
    assert_allclose(model.gradient(w), gradient, atol=1e-12)
    hvp = network.hvp(w, v, X, y, loss=ours)
    assert_allclose(model.hvp(w, v), hvp, atol=1e-11)
    assert_allclose(model.jvp(w, v), network.jvp(w, v, X), atol=1e-11)
    u = rng.standard_normal((9, 3))
    assert_allclose(model.vjp(w, u), network.vjp(w, u, X), atol=1e-11)
    A = model.jacobian_operator(w)
    J = network.jacobian(w, X)
    assert_allclose(A @ v, J @ v, atol=1e-11)
    assert_allclose(A.T @ u.ravel(), J.T @ u.ravel(), atol=1e-11)


def test_a_view_leaves_the_module_as_it_is(data):
    module = torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.BatchNorm1d(3))
    before = {k: v.clone() for k, v in module.state_dict().items()}
    model = st.torch_model(module, *data)
    model.gradient(model.w + 1)
    model.outputs(model.w + 1)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in module.parameters())


def test_weights_go_there_and_back():
    module = perceptron()
    w = np.arange(float(st.mlp(SIZES).n))
    st.set_torch_weights(module, w)
    assert_allclose(st.torch_weights(module), w)
    assert_allclose(module[0].weight.detach().numpy(), w[:30].reshape(5, 6))


DESCENTS = {
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
}
OURS = {
    "momentum": st.SGD(0.1, 0.9, 0.1),
    "adam": st.Adam(0.01, 0.1),
    "adamw": st.Adam(0.01, 0.1, decoupled=True),
}


def descend(module, descent, X, y, steps):
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    for _ in range(steps):
        descent.zero_grad()
        torch.nn.functional.cross_entropy(module(X), y).backward()
        descent.step()


@pytest.mark.parametrize("kind", DESCENTS)
def test_pruned_parameters_stay_zero_and_training_is_that_of_this_package(kind, data):
    network, module = st.mlp(SIZES), perceptron()
    w0 = st.initial_weights(network, 0)
    mask = np.random.default_rng(0).random(network.n) < 0.6
    st.set_torch_weights(module, w0)
    descent = DESCENTS[kind](module.parameters())
    with st.keep_torch_mask(module, descent, mask):
        for _ in range(20):
            descend(module, descent, *data, 1)
            assert not st.torch_weights(module)[~mask].any()
    run = st.train(
        network, w0, *data, steps=20, batch=9, mask=mask, optimiser=OURS[kind]
    )
    assert_allclose(st.torch_weights(module), run.w, atol=1e-10)


def test_what_momentum_remembered_is_cleared_with_the_mask(data):
    module = perceptron()
    descent = DESCENTS["momentum"](module.parameters())
    descend(module, descent, *data, 3)
    mask = np.arange(st.mlp(SIZES).n) % 2 == 0
    with st.keep_torch_mask(module, descent, mask):
        kept = [s["momentum_buffer"] for s in descent.state.values()]
        assert not np.concatenate([b.numpy().ravel() for b in kept])[~mask].any()
        assert not st.torch_weights(module)[~mask].any()
    descend(module, descent, *data, 1)
    assert st.torch_weights(module)[~mask].any()  # the mask ends with the block


def closure_of(module, descent, X, y, see=lambda: None):
    X, y = torch.as_tensor(X), torch.as_tensor(y)

    def closure():
        descent.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(X), y)
        loss.backward()
        see()
        return loss

    return closure


def gradients(module):
    return np.concatenate([p.grad.numpy().ravel() for p in module.parameters()])


def test_gradients_of_pruned_parameters_are_zero_as_soon_as_they_are_there(data):
    module = perceptron()
    descent = DESCENTS["adam"](module.parameters())
    mask = np.arange(st.mlp(SIZES).n) % 2 == 0
    seen = []
    closure = closure_of(
        module, descent, *data, see=lambda: seen.append(gradients(module))
    )
    with st.keep_torch_mask(module, descent, mask):
        closure()
        descent.step(closure)
    assert len(seen) == 2
    assert not np.array(seen)[:, ~mask].any()
    assert np.array(seen)[:, mask].all(axis=0).any()
    closure()
    assert seen[2][~mask].any()  # the mask ends with the block


@pytest.mark.parametrize("before", [0, 2])
def test_line_searches_never_leave_the_mask(before, data):
    module = perceptron(torch.nn.Tanh)
    descent = torch.optim.LBFGS(module.parameters(), line_search_fn="strong_wolfe")
    mask = np.arange(st.mlp(SIZES).n) % 2 == 0
    seen, losses = [], []
    closure = closure_of(
        module, descent, *data, see=lambda: seen.append(st.torch_weights(module))
    )
    for _ in range(before):  # what it remembers then is of all entries
        descent.step(closure)
    seen.clear()
    with st.keep_torch_mask(module, descent, mask):
        for _ in range(3):
            losses.append(float(descent.step(closure).detach()))
    assert len(seen) > 10
    assert not np.array(seen)[:, ~mask].any()
    assert losses[-1] < 0.5 * losses[0]


def test_clipping_sees_the_norm_of_the_gradient_of_the_masked_loss(data):
    network, module = st.mlp(SIZES, activation="tanh"), perceptron(torch.nn.Tanh)
    mask = np.arange(network.n) % 2 == 0
    w = np.where(mask, st.initial_weights(network, 0), 0)
    st.set_torch_weights(module, w)
    descent = torch.optim.SGD(module.parameters(), 1.0)
    closure = closure_of(module, descent, *data)
    with st.keep_torch_mask(module, descent, mask):
        for _ in range(5):
            closure()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 0.1)
            descent.step()
            g = mask * network.gradient(w, *data)
            assert np.linalg.norm(g) > 0.1
            w = w - 0.1 * g / (np.linalg.norm(g) + 1e-6)  # PyTorch's guard
    assert_allclose(st.torch_weights(module), w, atol=1e-12)


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("closed", [False, True])
def test_factored_second_moments_are_those_of_the_masked_loss(before, closed, data):
    mask = np.arange(st.mlp(SIZES).n) % 2 == 0
    w0 = np.where(mask, st.initial_weights(st.mlp(SIZES), 0), 0)
    ends = []
    for masked_by_hand in (False, True):
        module = perceptron()
        descent = torch.optim.Adafactor(module.parameters(), 0.1)
        closure = closure_of(module, descent, *data)
        st.set_torch_weights(module, w0)
        descend(module, descent, *data, before)
        st.set_torch_weights(module, w0)
        if not masked_by_hand:
            with st.keep_torch_mask(module, descent, mask):
                for _ in range(5):
                    if not closed:
                        closure()
                    descent.step(*[closure] * closed)
        else:
            for p in module.parameters():
                if p.dim() == 2:  # what is remembered of biases has their entries
                    descent.state.pop(p, None)
            for _ in range(5):
                closure()
                g, start = torch.as_tensor(gradients(module) * mask), 0
                for p in module.parameters():
                    p.grad.copy_(g[start : start + p.numel()].view(p.shape))
                    start += p.numel()
                descent.step()
        ends.append(st.torch_weights(module))
    assert not ends[0][~mask].any()
    assert_allclose(*ends, atol=1e-12)


def test_parameters_that_do_not_learn_may_be_pruned_too(data):
    module = perceptron()
    module[0].weight.requires_grad_(False)
    mask = np.arange(st.mlp(SIZES).n) % 2 == 0
    descent = DESCENTS["adam"](module.parameters())
    with st.keep_torch_mask(module, descent, mask):
        descend(module, descent, *data, 2)
    assert not st.torch_weights(module)[~mask].any()


def test_a_layer_is_the_matrix_that_it_applies(rng):
    options = {"padding": 2, "padding_mode": "circular", "dilation": 2, "stride": 2}
    layer = torch.nn.Conv2d(4, 6, 3, groups=2, bias=False, **options).double()
    A = st.torch_conv_operator(layer, (6, 8))
    x = rng.standard_normal((4, 6, 8))
    with torch.no_grad():
        y = layer(torch.as_tensor(x)[None]).numpy().ravel()
    assert_allclose(A @ x.ravel(), y, atol=1e-12)


def test_bad_input_is_named():
    module = perceptron()
    with pytest.raises(ValueError, match="circular"):
        st.torch_conv_operator(torch.nn.Conv2d(1, 1, 3, padding=1), 8)
    with pytest.raises(TypeError, match="Linear"):
        st.torch_conv_operator(module[0], 8)
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        st.torch_weights([1.0])
    with pytest.raises(ValueError, match="must have parameters"):
        st.torch_weights(torch.nn.ReLU())
    with pytest.raises(ValueError, match="of one kind"):
        st.torch_weights(torch.nn.Sequential(module, torch.nn.Linear(3, 1)))
    model = st.torch_model(module, np.ones((2, 6)))
    with pytest.raises(ValueError, match="y must be given"):
        model.gradient(model.w)
    with pytest.raises(ValueError, match=r"\(74,\)"):
        model.outputs(np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        model.vjp(model.w, np.ones(6))
    descent = DESCENTS["adam"](module.parameters())
    with (
        pytest.raises(ValueError, match="mask must have shape"),
        st.keep_torch_mask(module, descent, [True]),
    ):
        pass


def test_what_can_not_be_looked_at_is_named():
    nn = torch.nn
    half = nn.Linear(3, 2).to(torch.bfloat16)
    with pytest.raises(TypeError, match="a precision of NumPy, got bfloat16"):
        st.torch_weights(half)
    with pytest.raises(TypeError, match="a precision of NumPy, got bfloat16"):
        st.torch_model(half, np.ones((1, 3))).outputs(np.ones(8))
    descent = torch.optim.SGD(half.parameters(), 0.1, momentum=0.9)
    with st.keep_torch_mask(half, descent, np.arange(8) % 2 == 0):
        half(torch.ones(3, dtype=torch.bfloat16)).sum().backward()
        descent.step()
    flat = torch.nn.utils.parameters_to_vector(half.parameters())
    assert not flat[1::2].any()
    assert flat[::2].all()
    model = st.torch_model(nn.RNN(3, 2), np.ones((1, 3)))
    for call in (model.outputs, model.jacobian_operator):
        with pytest.raises(TypeError, match="must return a tensor, got tuple"):
            call(model.w)


def test_a_jacobian_needs_outputs_that_are_the_same_again(rng):
    module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Dropout(0.5)).double()
    model = st.torch_model(module, rng.standard_normal((9, 6)))
    with pytest.raises(ValueError, match=r"dropout need module\.eval\(\)"):
        model.jacobian_operator(model.w)
    module.eval()
    assert st.adjoint_mismatch(model.jacobian_operator(model.w)) < 1e-15
