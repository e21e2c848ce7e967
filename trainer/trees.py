"""Writes boosted trees down as one operator of ONNX's own.

The rule kept here: only what scikit-learn says of its trees in public is read, and what is written
says the same of the same figures, which are 32-bit numbers on both sides.
"""

from typing import Any

import numpy as np
import onnx
from onnx import helper
from sklearn.ensemble import GradientBoostingClassifier

DOMAIN, VERSION = "ai.onnx.ml", 3
BRANCH, LEAF = "BRANCH_LEQ", "LEAF"
NONE = -1  # a leaf's children


def as_node(trees: GradientBoostingClassifier, reads: str, says: str) -> onnx.NodeProto:
    """Trees that tell two kinds apart, as an operator: (n, figures) as odds in nats, (n, 1)."""
    nodes: dict[str, list[Any]] = {
        name: []
        for name in (
            "nodes_treeids",
            "nodes_nodeids",
            "nodes_featureids",
            "nodes_modes",
            "nodes_values",
            "nodes_truenodeids",
            "nodes_falsenodeids",
        )
    }
    leaves: dict[str, list[Any]] = {
        name: [] for name in ("target_treeids", "target_nodeids", "target_ids", "target_weights")
    }
    for number, (regressor,) in enumerate(trees.estimators_):
        tree = regressor.tree_
        is_leaf = tree.children_left == NONE
        places = np.arange(tree.node_count)
        nodes["nodes_treeids"] += [number] * tree.node_count
        nodes["nodes_nodeids"] += places.tolist()
        nodes["nodes_featureids"] += np.where(is_leaf, 0, tree.feature).tolist()
        nodes["nodes_modes"] += np.where(is_leaf, LEAF, BRANCH).tolist()
        nodes["nodes_values"] += np.where(is_leaf, 0.0, below(tree.threshold)).tolist()
        nodes["nodes_truenodeids"] += np.where(is_leaf, 0, tree.children_left).tolist()
        nodes["nodes_falsenodeids"] += np.where(is_leaf, 0, tree.children_right).tolist()
        count = int(is_leaf.sum())
        leaves["target_treeids"] += [number] * count
        leaves["target_nodeids"] += places[is_leaf].tolist()
        leaves["target_ids"] += [0] * count
        leaves["target_weights"] += (trees.learning_rate * tree.value[is_leaf, 0, 0]).tolist()
    node = helper.make_node("TreeEnsembleRegressor", [reads], [says], domain=DOMAIN, n_targets=1)
    told = {"base_values": [odds_before(trees)], **nodes, **leaves}
    node.attribute.extend(helper.make_attribute(name, values) for name, values in told.items())
    return node


def below(thresholds: np.ndarray) -> np.ndarray:
    """The largest 32-bit numbers that are no more than some of 64 bits: the same lie on each side.

    >>> bool(below(np.array([0.1]))[0] <= 0.1)
    True
    """
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)


def odds_before(trees: GradientBoostingClassifier) -> float:
    """The odds in nats before any tree is asked."""
    share = float(trees.init_.class_prior_[1])
    return float(np.log(share / (1 - share)))
