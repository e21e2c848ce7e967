"""Writes the flagship down as one ONNX graph that plays one note.

The rule kept here: the last note, the state and the random numbers go in; the next note, how likely
it was, and the new state come out. So nothing is hidden, an answer can be taken back to an earlier
note, and the same numbers draw the same note. As in `graph`: text, old operators, one file. The
layers are written as products and gates, so that their weights can be whole numbers of eight bits:
ONNX's own LSTM knows only real ones.

Each link of the chain is drawn inside the graph: what is not allowed is left out, the temperature
flattens or sharpens, top-p keeps the likeliest, and the random number picks; a part that is forced
is taken as it is, be it unknown, whose odds then mean nothing.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from performer.codec import PITCHES
from performer.touch import CHORD_STEPS, PARTS, PITCH, SIZES
from trainer.grand import EXACT, FADING, HEADS, LEAST, MOVED, NEVER, TAIL, Grand
from trainer.graph import IR_VERSION, OPSET, Array

WHOLE = """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
grand (
    int64[{parts}] note, int64[1] kind,
    float[{layers}, 1, {width}] hidden, float[{layers}, 1, {width}] cell,
    float[{tail}, {embedding}] tail, float[{heads}, {depth}] key,
    float[{heads}, {memory}, {depth}] keys, float[{heads}, {memory}, {gathered}] values,
    int64[{memory}] pitches, int64[{memory}] intervals, int64[1] last,
    float[{parts}] numbers, float[{parts}] temperatures, float[{parts}] top_p,
    bool[{symbols}] allowed, bool[{pitch_count}] allowed_in_chord, int64[{parts}] forced
) => (
    int64[{parts}] next_note, float[{parts}] log_odds,
    float[{layers}, 1, {width}] next_hidden, float[{layers}, 1, {width}] next_cell,
    float[{tail}, {embedding}] next_tail, float[{heads}, {depth}] next_key,
    float[{heads}, {memory}, {depth}] next_keys, float[{heads}, {memory}, {gathered}] next_values,
    int64[{memory}] next_pitches, int64[{memory}] next_intervals, int64[1] next_last,
    float[1, {context}] context
) {{
    {reading}
    {lstm}
    {remembering}
    {links}
    next_note = Concat<axis = 0>({drawn})
    log_odds = Concat<axis = 0>({log_odds})
}}
"""
READING = """
    next_last = Gather(note, at_pitch)
    is_first = Less(last, nought_index)
    jump = Sub(next_last, last)
    interval = Where(is_first, nought_index, jump)
    interval_row = Add(interval, middle)
    sum_interval = Gather(interval_embedding, interval_row)
    sum_kind = Gather(kind_embedding, kind)
    sum_start = Add(sum_interval, sum_kind)
    {embedded}
    heard = LayerNormalization<axis = -1, epsilon = 1e-5>(sum_{last_part}, norm_scale, norm_bias)
"""
EMBEDDED = """
    note_{part} = Gather(note, at_{part})
    row_{part} = Gather({part}_embedding, note_{part})
    sum_{part} = Add(sum_{before}, row_{part})
"""
LAYER = """
    hidden_{layer}_whole = Slice(hidden, layer_{layer}_from, layer_{layer}_to, axis_0)
    hidden_{layer} = Squeeze(hidden_{layer}_whole, axis_0)
    cell_{layer}_whole = Slice(cell, layer_{layer}_from, layer_{layer}_to, axis_0)
    cell_{layer} = Squeeze(cell_{layer}_whole, axis_0)
    heard_{layer} = Gemm<transB = 1>(sequence_{layer}, input_{layer}, input_bias_{layer})
    kept_on_{layer} = Gemm<transB = 1>(hidden_{layer}, recurrent_{layer}, recurrent_bias_{layer})
    gates_{layer} = Add(heard_{layer}, kept_on_{layer})
    let_in_{layer}_raw, kept_{layer}_raw, new_{layer}_raw, let_out_{layer}_raw =
        Split<axis = 1>(gates_{layer}, quarters)
    let_in_{layer} = Sigmoid(let_in_{layer}_raw)
    kept_{layer} = Sigmoid(kept_{layer}_raw)
    new_{layer} = Tanh(new_{layer}_raw)
    let_out_{layer} = Sigmoid(let_out_{layer}_raw)
    cell_{layer}_old = Mul(kept_{layer}, cell_{layer})
    cell_{layer}_new = Mul(let_in_{layer}, new_{layer})
    cell_{layer}_row = Add(cell_{layer}_old, cell_{layer}_new)
    cell_{layer}_shown = Tanh(cell_{layer}_row)
    sequence_{next} = Mul(let_out_{layer}, cell_{layer}_shown)
    hidden_after_{layer} = Unsqueeze(sequence_{next}, axis_0)
    cell_after_{layer} = Unsqueeze(cell_{layer}_row, axis_0)
"""
REMEMBERING = """
    next_keys_line = Unsqueeze(key, axis_1)
    keys_before = Slice(keys, one_from, to_end, axis_1)
    next_keys = Concat<axis = 1>(keys_before, next_keys_line)
    value_flat = Gemm<transB = 1>(heard, value_weight, value_bias)
    value = Reshape(value_flat, value_shape)
    values_before = Slice(values, one_from, to_end, axis_1)
    next_values = Concat<axis = 1>(values_before, value)
    pitches_before = Slice(pitches, one_from, to_end, axis_0)
    next_pitches = Concat<axis = 0>(pitches_before, next_last)
    intervals_before = Slice(intervals, one_from, to_end, axis_0)
    next_intervals = Concat<axis = 0>(intervals_before, interval)
    line = Concat<axis = 0>(tail, heard)
    next_tail = Slice(line, one_from, to_end, axis_0)
    line_flat = Reshape(line, line_shape)
    moment_heard = Gemm<transB = 1>(line_flat, heard_weight, heard_bias)
    moment_felt = Gemm<transB = 1>(felt, felt_weight, felt_bias)
    moment_flat = Add(moment_heard, moment_felt)
    moment = Reshape(moment_flat, moment_shape)
    query_scaled, key_now = Split<axis = 2>(moment, moment_halves)
    next_key = Squeeze(key_now, axis_1)
    keys_turned = Transpose<perm = [0, 2, 1]>(next_keys)
    query = Mul(query_scaled, scale)
    likeness = MatMul(query, keys_turned)
    is_missing = Less(next_pitches, nought_index)
    absence = Where(is_missing, never, nought)
    nearness = Add(fading, absence)
    score = Add(likeness, nearness)
    shares = Softmax<axis = -1>(score)
    gathered_heads = MatMul(shares, next_values)
    gathered = Reshape(gathered_heads, gathered_shape)
    exact_heads = Gather<axis = 0>(shares, exact)
    exact_shares = Squeeze(exact_heads, axis_0)
    exact_odds = ScatterElements<axis = 0, reduction = "add">(no_odds, next_pitches, exact_shares)
    moved_heads = Gather<axis = 0>(shares, moved)
    moved_all = Squeeze(moved_heads, axis_0)
    landing = Add(next_intervals, next_last)
    landing_low = Clip(landing, nought_whole, highest_whole)
    is_on = Equal(landing, landing_low)
    moved_shares = Where(is_on, moved_all, nought)
    moved_odds = ScatterElements<axis = 0, reduction = "add">(no_odds, landing_low, moved_shares)
"""
LINK = """
    {part}_context = Gemm<transB = 1>(context, {part}_before_weight, {part}_before_bias)
    {known}
    {part}_part = Div({part}_known, root_of_two)
    {part}_erf = Erf({part}_part)
    {part}_grown = Add({part}_erf, unit)
    {part}_doubled = Mul({part}_known, {part}_grown)
    {part}_inner = Mul({part}_doubled, half)
    {part}_logits_row = Gemm<transB = 1>({part}_inner, {part}_says_weight, {part}_says_bias)
    {part}_logits = Squeeze({part}_logits_row, axis_0)
    {mixed}
    {part}_sure = LogSoftmax<axis = 0>({part}_scores)
    {part}_allowed_anyhow = Slice(allowed, {part}_from, {part}_to, axis_0)
    {allowed}
    {part}_open = Where({part}_allowed, {part}_scores, never)
    {part}_temperature = Gather(temperatures, at_{part})
    {part}_bent = Div({part}_open, {part}_temperature)
    {part}_odds = Softmax<axis = 0>({part}_bent)
    {part}_ranked, {part}_order = TopK<axis = 0>({part}_odds, {part}_count)
    {part}_above = CumSum<exclusive = 1>({part}_ranked, axis_scalar)
    {part}_most_odds = Gather(top_p, at_{part})
    {part}_is_kept = Less({part}_above, {part}_most_odds)
    {part}_kept = Where({part}_is_kept, {part}_ranked, nought)
    {part}_heights = CumSum({part}_kept, axis_scalar)
    {part}_whole = ReduceMax<keepdims = 1>({part}_heights)
    {part}_number = Gather(numbers, at_{part})
    {part}_mark = Mul({part}_whole, {part}_number)
    {part}_is_below = LessOrEqual({part}_heights, {part}_mark)
    {part}_counts_below = Cast<to = 7>({part}_is_below)
    {part}_passed = ReduceSum({part}_counts_below, axis_0)
    {part}_counts_kept = Cast<to = 7>({part}_is_kept)
    {part}_all_kept = ReduceSum({part}_counts_kept, axis_0)
    {part}_last_kept = Sub({part}_all_kept, one_index)
    {part}_rank = Min({part}_passed, {part}_last_kept)
    {part}_picked = Gather({part}_order, {part}_rank)
    {part}_forced = Gather(forced, at_{part})
    {part}_is_free = Less({part}_forced, nought_index)
    {part}_drawn = Where({part}_is_free, {part}_picked, {part}_forced)
    {part}_said = Min({part}_drawn, {part}_most)
    {part}_log_odds = Gather({part}_sure, {part}_said)
"""
KNOWN = """
    {part}_row_of_{earlier} = Gather({part}_link_{earlier}, {earlier}_drawn)
    {part}_knows_{earlier} = Add({part}_knows_{before}, {part}_row_of_{earlier})
"""
MIXED = """
    mixing_row = Gemm<transB = 1>(pitch_inner, mixing_weight, mixing_bias)
    mixing_shares = Softmax<axis = -1>(mixing_row)
    mixing = Squeeze(mixing_shares, axis_0)
    own_share, exact_share, moved_share = Split<axis = 0>(mixing, thirds)
    own_odds = Softmax<axis = 0>(pitch_logits)
    own_part = Mul(own_odds, own_share)
    exact_part = Mul(exact_odds, exact_share)
    moved_part = Mul(moved_odds, moved_share)
    mixed_some = Add(own_part, exact_part)
    mixed_all = Add(mixed_some, moved_part)
    mixed = Add(mixed_all, least)
    pitch_scores = Log(mixed)
"""
IN_CHORD = """
    is_chord = Less(step_drawn, chord_steps)
    is_apart = Not(is_chord)
    is_no_double = Or(allowed_in_chord, is_apart)
    pitch_allowed = And(pitch_allowed_anyhow, is_no_double)
"""


def written(network: Grand) -> onnx.ModelProto:
    """The network as one model that plays a note. It needs the memory and the skip."""
    shape = network.shape
    text = WHOLE.format(
        ir_version=IR_VERSION,
        opset=OPSET,
        parts=len(PARTS),
        layers=shape.layers,
        width=shape.width,
        tail=TAIL - 1,
        embedding=shape.embedding,
        heads=HEADS,
        depth=shape.depth,
        gathered=shape.gathered,
        memory=shape.memory,
        symbols=sum(SIZES),
        pitch_count=PITCHES,
        context=context_width(network),
        reading=READING.format(embedded=embedded(), last_part=PARTS[-1]),
        lstm=lstm(network),
        remembering=REMEMBERING,
        links="".join(link(part) for part in range(len(PARTS))),
        drawn=", ".join(f"{part}_drawn" for part in PARTS),
        log_odds=", ".join(f"{part}_log_odds" for part in PARTS),
    )
    model = onnx.parser.parse_model(text)
    constants = shared(network) | weights(network)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, order="C"), name)
        for name, value in constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def context_width(network: Grand) -> int:
    """How much is known before a note is said: numbers of the last hidden layer."""
    shape = network.shape
    return shape.width + shape.embedding + HEADS * shape.gathered


def embedded() -> str:
    """The text that sums a note's embeddings."""
    befores = ("start", *PARTS)
    return "".join(
        EMBEDDED.format(part=part, before=before)
        for part, before in zip(PARTS, befores[:-1], strict=True)
    )


def lstm(network: Grand) -> str:
    """The text of the layers."""
    shape = network.shape
    layers = "".join(LAYER.format(layer=layer, next=layer + 1) for layer in range(shape.layers))
    hidden = ", ".join(f"hidden_after_{layer}" for layer in range(shape.layers))
    cell = ", ".join(f"cell_after_{layer}" for layer in range(shape.layers))
    return (
        f"sequence_0 = Identity(heard)\n{layers}felt = Identity(sequence_{shape.layers})\n"
        f"next_hidden = Concat<axis = 0>({hidden})\nnext_cell = Concat<axis = 0>({cell})"
    )


def link(part: int) -> str:
    """The text of one link of the chain."""
    name, earlier = PARTS[part], PARTS[:part]
    known = f"    {name}_knows_nothing = Identity({name}_context)\n" + "".join(
        KNOWN.format(part=name, earlier=one, before=before)
        for one, before in zip(earlier, ("nothing", *earlier), strict=False)
    )
    known += f"    {name}_known = Identity({name}_knows_{(('nothing', *earlier))[-1]})"
    is_pitch = part == PITCH
    return (CONTEXT if part == 0 else "") + LINK.format(
        part=name,
        known=known,
        mixed=MIXED if is_pitch else f"    {name}_scores = Identity({name}_logits)",
        allowed=IN_CHORD if is_pitch else f"    {name}_allowed = Identity({name}_allowed_anyhow)",
    )


CONTEXT = """
    context = Concat<axis = 1>(felt, heard, gathered)
"""


def shared(network: Grand) -> dict[str, Array]:
    """The constants that are no weights."""
    shape = network.shape
    age = np.arange(shape.memory)[::-1]
    ends = np.cumsum(SIZES)
    constants: dict[str, Array] = {
        "axis_0": np.array([0]),
        "axis_1": np.array([1]),
        "axis_scalar": np.array(0),
        "one_from": np.array([1]),
        "to_end": np.array([np.iinfo(np.int64).max]),
        "nought": np.array(0, np.float32),
        "unit": np.array(1, np.float32),
        "half": np.array(0.5, np.float32),
        "root_of_two": np.array(np.sqrt(2), np.float32),
        "never": np.array(NEVER, np.float32),
        "least": np.array(LEAST, np.float32),
        "scale": np.array(shape.depth**-0.5, np.float32),
        "nought_index": np.array([0]),
        "one_index": np.array([1]),
        "middle": np.array([PITCHES]),
        "nought_whole": np.array(0),
        "highest_whole": np.array(PITCHES - 1),
        "exact": np.array(EXACT),
        "moved": np.array(MOVED),
        "fading": (-FADING * np.log1p(age)).astype(np.float32),
        "no_odds": np.zeros(PITCHES, np.float32),
        "value_shape": np.array([HEADS, 1, shape.gathered]),
        "line_shape": np.array([1, TAIL * shape.embedding]),
        "moment_shape": np.array([HEADS, 1, 2 * shape.depth]),
        "moment_halves": np.array([shape.depth, shape.depth]),
        "gathered_shape": np.array([1, HEADS * shape.gathered]),
        "thirds": np.array([1, 1, 1]),
        "quarters": np.full(4, shape.width),
        "chord_steps": np.array([CHORD_STEPS]),
    }
    for layer in range(shape.layers):
        constants |= {
            f"layer_{layer}_from": np.array([layer]),
            f"layer_{layer}_to": np.array([layer + 1]),
        }
    for part, name in enumerate(PARTS):
        constants |= {
            f"at_{name}": np.array([part]),
            f"{name}_from": np.array([ends[part] - SIZES[part]]),
            f"{name}_to": np.array([ends[part]]),
            f"{name}_count": np.array([SIZES[part]]),
            f"{name}_most": np.array([SIZES[part] - 1]),
        }
    return constants


def weights(network: Grand) -> dict[str, Array]:
    """The weights, by the names that the text gives them."""
    own = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    constants: dict[str, Array] = {
        "interval_embedding": own["interval.weight"],
        "kind_embedding": own["kind.weight"],
        "norm_scale": own["norm.weight"],
        "norm_bias": own["norm.bias"],
        "value_weight": own["value.weight"],
        "value_bias": own["value.bias"],
        "felt_weight": own["felt.weight"],
        "felt_bias": own["felt.bias"],
        "heard_weight": np.concatenate(np.split(own["heard.weight"], TAIL)[::-1], axis=1),
        "heard_bias": own["heard.bias"].reshape(TAIL, -1).sum(0),
        "mixing_weight": own["mixing.weight"],
        "mixing_bias": own["mixing.bias"],
    }
    for layer in range(network.shape.layers):
        constants |= {
            f"input_{layer}": own[f"lstm.weight_ih_l{layer}"],
            f"input_bias_{layer}": own[f"lstm.bias_ih_l{layer}"],
            f"recurrent_{layer}": own[f"lstm.weight_hh_l{layer}"],
            f"recurrent_bias_{layer}": own[f"lstm.bias_hh_l{layer}"],
        }
    for part, name in enumerate(PARTS):
        constants |= {
            f"{name}_embedding": own[f"parts.{part}.weight"],
            f"{name}_before_weight": own[f"before.{part}.weight"],
            f"{name}_before_bias": own[f"before.{part}.bias"],
            f"{name}_says_weight": own[f"says.{part}.weight"],
            f"{name}_says_bias": own[f"says.{part}.bias"],
        }
        for earlier in range(part):
            constants[f"{name}_link_{PARTS[earlier]}"] = own[f"links.{part}.{earlier}.weight"]
    return constants
