"""Trees written down say what scikit-learn's say."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.ensemble import GradientBoostingClassifier

from performer.model import graph_of
from trainer.trees import DOMAIN, VERSION, as_node


def grown(
    figures: int, seed: int = 0, steps: float = 0.1, around: tuple[float, ...] = ()
) -> GradientBoostingClassifier:
    """Trees that have learnt something of made-up figures, which lie around the given ones."""
    spread = noise(400, figures, seed, steps)
    weights = np.where(spread[:, 0] > 0, 3.0, 1.0)
    music = spread + (np.array(around, dtype=np.float32) if around else 0)
    trees = GradientBoostingClassifier(
        n_estimators=20, max_depth=None, max_leaf_nodes=6, subsample=0.5, random_state=seed
    )
    return trees.fit(music, spread.sum(axis=1) > 0, sample_weight=weights)


def noise(count: int, figures: int, seed: int, steps: float) -> np.ndarray:
    dice = np.random.default_rng(seed)
    rounded = np.round(dice.normal(size=(count, figures)) / steps) * steps
    return rounded.astype(np.float32)


@pytest.mark.parametrize("steps", [1e-6, 0.1, 1.0])
def test_the_file_says_what_the_trees_say_also_on_their_thresholds(steps: float) -> None:
    trees = grown(3, steps=steps)
    graph = helper.make_graph(
        [as_node(trees, "figures", "likeness")],
        "trees",
        [helper.make_tensor_value_info("figures", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("likeness", TensorProto.FLOAT, ["batch", 1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, VERSION)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    asked = noise(2000, 3, 1, steps)
    thresholds = np.concatenate([tree.tree_.threshold for tree in trees.estimators_[:, 0]])
    asked[: len(thresholds), 0] = thresholds.astype(np.float32)
    (said,) = graph_of(model.SerializeToString()).run(["likeness"], {"figures": asked})
    assert np.allclose(said[:, 0], trees.decision_function(asked), atol=1e-5)
