"""Writes the flagship down as one ONNX graph that plays one note.

The rule kept here: the last note, the state and the random numbers go in; the next note, how likely
it was, and the new state come out. So nothing is hidden, an answer can be taken back to an earlier
note, and the same numbers draw the same note. As in `graph`: text, old operators, one file. The
layers are written as products and gates, so that their weights can be whole numbers of eight bits:
ONNX's own LSTM knows only real ones.

Several lanes are played in one run: ways to go on from the same music, none of which hears another.
What they remember together stands in `keys` and `values`, which is read and not written; the late
notes of each lane are carried on, one more after each run, until the player puts them to the rest.

Each link of the chain is drawn inside the graph: what is not allowed is left out, the temperature
flattens or sharpens, top-p keeps the likeliest, and the random number picks; a part that is forced
is taken as it is, be it unknown, whose odds then mean nothing.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from performer.codec import PITCHES
from performer.touch import CHORD_STEPS, MOST_LATE, PARTS, PITCH, SIZES
from trainer.grand import EXACT, FADING, HEADS, LEAST, MOVED, NEVER, TAIL, Grand
from trainer.graph import IR_VERSION, OPSET, Array

WHOLE = """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
grand (
    int64[lanes, {parts}] note, int64[1] kind,
    float[lanes, {layers}, {width}] hidden, float[lanes, {layers}, {width}] cell,
    float[lanes, {tail}, {embedding}] tail, float[lanes, {heads}, {depth}] key,
    int64[lanes, 1] last,
    float[lanes, {heads}, late, {depth}] late_keys,
    float[lanes, {heads}, late, {gathered}] late_values,
    int64[lanes, late] late_pitches, int64[lanes, late] late_intervals,
    float[{heads}, {memory}, {depth}] keys, float[{heads}, {memory}, {gathered}] values,
    int64[{memory}] pitches, int64[{memory}] intervals,
    float[lanes, {parts}] numbers, float[lanes, {parts}] temperatures,
    float[lanes, {parts}] top_p, bool[lanes, {symbols}] allowed,
    bool[lanes, {pitch_count}] allowed_in_chord, int64[lanes, {parts}] forced
) => (
    int64[lanes, {parts}] next_note, float[lanes, {parts}] log_odds,
    float[lanes, {layers}, {width}] next_hidden, float[lanes, {layers}, {width}] next_cell,
    float[lanes, {tail}, {embedding}] next_tail, float[lanes, {heads}, {depth}] next_key,
    int64[lanes, 1] next_last,
    float[lanes, {heads}, later, {depth}] next_late_keys,
    float[lanes, {heads}, later, {gathered}] next_late_values,
    int64[lanes, later] next_late_pitches, int64[lanes, later] next_late_intervals,
    float[lanes, {context}] context
) {{
    {reading}
    {lstm}
    {remembering}
    {links}
    next_note = Concat<axis = 1>({drawn})
    log_odds = Concat<axis = 1>({log_odds})
}}
"""
READING = """
    {heard_parts} = Split<axis = 1>(note, ones)
    {numbers} = Split<axis = 1>(numbers, ones)
    {temperatures} = Split<axis = 1>(temperatures, ones)
    {top_p} = Split<axis = 1>(top_p, ones)
    {forced} = Split<axis = 1>(forced, ones)
    next_last = Identity(pitch_heard)
    is_first = Less(last, nought_index)
    jump = Sub(next_last, last)
    interval = Where(is_first, nought_index, jump)
    interval_place = Add(interval, middle)
    interval_row = Gather(interval_embedding, interval_place)
    kind_row = Gather(kind_embedding, kind)
    sum_start = Add(interval_row, kind_row)
    {embedded}
    heard_line =
        LayerNormalization<axis = -1, epsilon = 1e-5>(sum_{last_part}, norm_scale, norm_bias)
    heard = Squeeze(heard_line, axis_1)
"""
EMBEDDED = """
    {part}_row = Gather({part}_embedding, {part}_heard)
    sum_{part} = Add(sum_{before}, {part}_row)
"""
LAYER = """
    hidden_{layer} = Gather<axis = 1>(hidden, layer_{layer})
    cell_{layer} = Gather<axis = 1>(cell, layer_{layer})
    {heard}
    {kept_on}
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
    hidden_after_{layer} = Unsqueeze(sequence_{next}, axis_1)
    cell_after_{layer} = Unsqueeze(cell_{layer}_row, axis_1)
"""
REMEMBERING = """
    key_line = Unsqueeze(key, axis_2)
    next_late_keys = Concat<axis = 2>(late_keys, key_line)
    {value}
    value_line = Reshape(value, value_shape)
    next_late_values = Concat<axis = 2>(late_values, value_line)
    next_late_pitches = Concat<axis = 1>(late_pitches, next_last)
    next_late_intervals = Concat<axis = 1>(late_intervals, interval)
    line = Concat<axis = 1>(tail, heard_line)
    next_tail = Slice(line, one_from, to_end, axis_1)
    line_flat = Reshape(line, line_shape)
    {moment_heard}
    {moment_felt}
    moment_flat = Add(moment_heard, moment_felt)
    moment = Reshape(moment_flat, moment_shape)
    query_scaled, key_now = Split<axis = 3>(moment, moment_halves)
    next_key = Squeeze(key_now, axis_2)
    query = Mul(query_scaled, scale)
    keys_turned = Transpose<perm = [0, 2, 1]>(keys)
    likeness_anyhow = MatMul(query, keys_turned)
    is_missing = Less(pitches, nought_index)
    absence = Where(is_missing, never, nought)
    likeness_early = Add(likeness_anyhow, absence)
    late_keys_turned = Transpose<perm = [0, 1, 3, 2]>(next_late_keys)
    likeness_late = MatMul(query, late_keys_turned)
    likeness = Concat<axis = 3>(likeness_early, likeness_late)
    lanes_and_later = Shape(next_late_pitches)
    lanes, later = Split<axis = 0>(lanes_and_later, ones_twice)
    notes = Add(memory_size, later)
    notes_back = Neg(notes)
    nearness = Slice(fading, notes_back, to_end, axis_0)
    score = Add(likeness, nearness)
    shares = Softmax<axis = -1>(score)
    early_and_later = Concat<axis = 0>(memory_size, later)
    shares_early, shares_late = Split<axis = 3>(shares, early_and_later)
    gathered_early = MatMul(shares_early, values)
    gathered_late = MatMul(shares_late, next_late_values)
    gathered_heads = Add(gathered_early, gathered_late)
    gathered = Reshape(gathered_heads, gathered_shape)
    lanes_and_memory = Concat<axis = 0>(lanes, memory_size)
    early_pitches = Expand(pitches, lanes_and_memory)
    all_pitches = Concat<axis = 1>(early_pitches, next_late_pitches)
    early_intervals = Expand(intervals, lanes_and_memory)
    all_intervals = Concat<axis = 1>(early_intervals, next_late_intervals)
    lanes_and_pitches = Concat<axis = 0>(lanes, pitch_count)
    no_odds = Expand(nought, lanes_and_pitches)
    shares_flat = Squeeze(shares, axis_2)
    exact_shares = Gather<axis = 1>(shares_flat, exact)
    exact_odds = ScatterElements<axis = 1, reduction = "add">(no_odds, all_pitches, exact_shares)
    moved_all = Gather<axis = 1>(shares_flat, moved)
    landing = Add(all_intervals, next_last)
    landing_low = Clip(landing, nought_whole, highest_whole)
    is_on = Equal(landing, landing_low)
    moved_shares = Where(is_on, moved_all, nought)
    moved_odds = ScatterElements<axis = 1, reduction = "add">(no_odds, landing_low, moved_shares)
"""
LINK = """
    {context}
    {known}
    {part}_part = Div({part}_known, root_of_two)
    {part}_erf = Erf({part}_part)
    {part}_grown = Add({part}_erf, unit)
    {part}_doubled = Mul({part}_known, {part}_grown)
    {part}_inner = Mul({part}_doubled, half)
    {logits}
    {mixed}
    {part}_sure = LogSoftmax<axis = 1>({part}_scores)
    {part}_allowed_anyhow = Slice(allowed, {part}_from, {part}_to, axis_1)
    {allowed}
    {part}_open = Where({part}_allowed, {part}_scores, never)
    {part}_bent = Div({part}_open, {part}_temperature)
    {part}_odds = Softmax<axis = 1>({part}_bent)
    {part}_ranked, {part}_order = TopK<axis = 1>({part}_odds, {part}_count)
    {part}_above = CumSum<exclusive = 1>({part}_ranked, at_axis_1)
    {part}_is_kept = Less({part}_above, {part}_top_p)
    {part}_kept = Where({part}_is_kept, {part}_ranked, nought)
    {part}_heights = CumSum({part}_kept, at_axis_1)
    {part}_whole = ReduceMax<axes = [1], keepdims = 1>({part}_heights)
    {part}_mark = Mul({part}_whole, {part}_number)
    {part}_is_below = LessOrEqual({part}_heights, {part}_mark)
    {part}_counts_below = Cast<to = 7>({part}_is_below)
    {part}_passed = ReduceSum({part}_counts_below, axis_1)
    {part}_counts_kept = Cast<to = 7>({part}_is_kept)
    {part}_all_kept = ReduceSum({part}_counts_kept, axis_1)
    {part}_last_kept = Sub({part}_all_kept, one_index)
    {part}_rank = Min({part}_passed, {part}_last_kept)
    {part}_picked = GatherElements<axis = 1>({part}_order, {part}_rank)
    {part}_is_free = Less({part}_forced, nought_index)
    {part}_drawn = Where({part}_is_free, {part}_picked, {part}_forced)
    {part}_said = Min({part}_drawn, {part}_most)
    {part}_log_odds = GatherElements<axis = 1>({part}_sure, {part}_said)
    {part}_told = Squeeze({part}_drawn, axis_1)
"""
KNOWN = """
    {part}_row_of_{earlier} = Gather({part}_link_{earlier}, {earlier}_told)
    {part}_knows_{earlier} = Add({part}_knows_{before}, {part}_row_of_{earlier})
"""
MIXED = """
    {mixing}
    mixing_shares = Softmax<axis = -1>(mixing)
    own_share, exact_share, moved_share = Split<axis = 1>(mixing_shares, thirds)
    own_odds = Softmax<axis = 1>(pitch_logits)
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
PRODUCT = """
    {says} = Gemm({of}, {by}, {bias})
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
        reading=reading(),
        lstm=lstm(network),
        remembering=REMEMBERING.format(
            value=product("value", "heard", "value"),
            moment_heard=product("moment_heard", "line_flat", "heard"),
            moment_felt=product("moment_felt", "felt", "felt"),
        ),
        links="".join(link(part) for part in range(len(PARTS))),
        drawn=every("drawn"),
        log_odds=every("log_odds"),
    )
    model = onnx.parser.parse_model(text)
    for node in model.graph.node:
        node.name = node.output[0]
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


def product(says: str, of: str, name: str) -> str:
    """The text of a product with weights, and their bias."""
    return PRODUCT.format(says=says, of=of, by=f"{name}_weight", bias=f"{name}_bias")


def every(what: str) -> str:
    """The names of something that each part has."""
    return ", ".join(f"{part}_{what}" for part in PARTS)


def reading() -> str:
    """The text that takes the inputs apart, and sums the last note's embeddings."""
    befores = ("start", *PARTS)
    embedded = "".join(
        EMBEDDED.format(part=part, before=before)
        for part, before in zip(PARTS, befores[:-1], strict=True)
    )
    return READING.format(
        heard_parts=every("heard"),
        numbers=every("number"),
        temperatures=every("temperature"),
        top_p=every("top_p"),
        forced=every("forced"),
        embedded=embedded,
        last_part=PARTS[-1],
    )


def lstm(network: Grand) -> str:
    """The text of the layers."""
    count = network.shape.layers
    layers = "".join(
        LAYER.format(
            layer=layer,
            next=layer + 1,
            heard=product(f"heard_{layer}", f"sequence_{layer}", f"input_{layer}"),
            kept_on=product(f"kept_on_{layer}", f"hidden_{layer}", f"recurrent_{layer}"),
        )
        for layer in range(count)
    )
    hidden = ", ".join(f"hidden_after_{layer}" for layer in range(count))
    cell = ", ".join(f"cell_after_{layer}" for layer in range(count))
    return (
        f"sequence_0 = Identity(heard)\n{layers}felt = Identity(sequence_{count})\n"
        f"next_hidden = Concat<axis = 1>({hidden})\nnext_cell = Concat<axis = 1>({cell})"
    )


def link(part: int) -> str:
    """The text of one link of the chain."""
    name, earlier = PARTS[part], PARTS[:part]
    known = product(f"{name}_knows_nothing", "context", f"{name}_before") + "".join(
        KNOWN.format(part=name, earlier=one, before=before)
        for one, before in zip(earlier, ("nothing", *earlier), strict=False)
    )
    known += f"    {name}_known = Identity({name}_knows_{(('nothing', *earlier))[-1]})"
    is_pitch = part == PITCH
    mixed = MIXED.format(mixing=product("mixing", "pitch_inner", "mixing"))
    return LINK.format(
        part=name,
        context="    context = Concat<axis = 1>(felt, heard, gathered)" if part == 0 else "",
        known=known,
        logits=product(f"{name}_logits", f"{name}_inner", f"{name}_says"),
        mixed=mixed if is_pitch else f"    {name}_scores = Identity({name}_logits)",
        allowed=IN_CHORD if is_pitch else f"    {name}_allowed = Identity({name}_allowed_anyhow)",
    )


def shared(network: Grand) -> dict[str, Array]:
    """The constants that are no weights."""
    shape = network.shape
    age = np.arange(shape.memory + MOST_LATE)[::-1]
    fading = np.where(age < shape.memory, -FADING * np.log1p(age), NEVER)
    ends = np.cumsum(SIZES)
    constants: dict[str, Array] = {
        "axis_0": np.array([0]),
        "axis_1": np.array([1]),
        "axis_2": np.array([2]),
        "at_axis_1": np.array(1),
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
        "fading": fading.astype(np.float32),
        "memory_size": np.array([shape.memory]),
        "pitch_count": np.array([PITCHES]),
        "value_shape": np.array([-1, HEADS, 1, shape.gathered]),
        "line_shape": np.array([-1, TAIL * shape.embedding]),
        "moment_shape": np.array([-1, HEADS, 1, 2 * shape.depth]),
        "moment_halves": np.array([shape.depth, shape.depth]),
        "gathered_shape": np.array([-1, HEADS * shape.gathered]),
        "ones": np.ones(len(PARTS), np.int64),
        "ones_twice": np.array([1, 1]),
        "thirds": np.array([1, 1, 1]),
        "quarters": np.full(4, shape.width),
        "chord_steps": np.array([CHORD_STEPS]),
    }
    for layer in range(shape.layers):
        constants[f"layer_{layer}"] = np.array(layer)
    for part, name in enumerate(PARTS):
        constants |= {
            f"{name}_from": np.array([ends[part] - SIZES[part]]),
            f"{name}_to": np.array([ends[part]]),
            f"{name}_count": np.array([SIZES[part]]),
            f"{name}_most": np.array([SIZES[part] - 1]),
        }
    return constants


def weights(network: Grand) -> dict[str, Array]:
    """The weights, by the names that the text gives them: those of products by columns."""
    own = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    constants: dict[str, Array] = {
        "interval_embedding": own["interval.weight"],
        "kind_embedding": own["kind.weight"],
        "norm_scale": own["norm.weight"],
        "norm_bias": own["norm.bias"],
        "value_weight": own["value.weight"].T,
        "value_bias": own["value.bias"],
        "felt_weight": own["felt.weight"].T,
        "felt_bias": own["felt.bias"],
        "heard_weight": np.concatenate(np.split(own["heard.weight"], TAIL)[::-1], axis=1).T,
        "heard_bias": own["heard.bias"].reshape(TAIL, -1).sum(0),
        "mixing_weight": own["mixing.weight"].T,
        "mixing_bias": own["mixing.bias"],
    }
    for layer in range(network.shape.layers):
        constants |= {
            f"input_{layer}_weight": own[f"lstm.weight_ih_l{layer}"].T,
            f"input_{layer}_bias": own[f"lstm.bias_ih_l{layer}"],
            f"recurrent_{layer}_weight": own[f"lstm.weight_hh_l{layer}"].T,
            f"recurrent_{layer}_bias": own[f"lstm.bias_hh_l{layer}"],
        }
    for part, name in enumerate(PARTS):
        constants |= {
            f"{name}_embedding": own[f"parts.{part}.weight"],
            f"{name}_before_weight": own[f"before.{part}.weight"].T,
            f"{name}_before_bias": own[f"before.{part}.bias"],
            f"{name}_says_weight": own[f"says.{part}.weight"].T,
            f"{name}_says_bias": own[f"says.{part}.bias"],
        }
        for earlier in range(part):
            constants[f"{name}_link_{PARTS[earlier]}"] = own[f"links.{part}.{earlier}.weight"]
    return constants
