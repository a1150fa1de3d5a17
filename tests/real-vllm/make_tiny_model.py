#!/usr/bin/env python3
"""make_tiny_model.py OUT [--vision]: a model directory of 1 MB that a real vLLM loads, and whose text is known. Needs numpy and tokenizers.

The output projections of attention and MLP are zero, so what reaches the head is the embedding of the last token. The head's row of a
token's successor is that embedding: greedy decoding follows the scripts of scripts.py. OUT/puppet.json tells them with token ids.
"""

import argparse
import json
import os

import numpy
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from scripts import CHAT_TEMPLATE, MARKERS, PROMPT_WORDS, SPECIAL, SPOKEN, WRITTEN

HIDDEN, LAYERS, HEAD = 128, 2, 32
LONGEST = 32768
# the logit of a successor; the others come to a fifth of it, over the root of the width, at most a few times
SHARPNESS = 12.0
# how Qwen splits text before merging bytes
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--vision", action="store_true", help="a Qwen2.5-VL instead of a Qwen2")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    tokenizer = trained()
    plan = Plan(tokenizer)
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    padded = -size % 64 + size
    tensors = weights(plan.successor, padded, arguments.vision)
    end, nothing = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    write_tokenizer(tokenizer, arguments.out)
    write_tensors(tensors, f"{arguments.out}/model.safetensors")
    write(arguments.out, "config.json", config(tokenizer, padded, arguments.vision))
    write(arguments.out, "generation_config.json", {"bos_token_id": nothing, "eos_token_id": [end, nothing], "pad_token_id": nothing})
    if arguments.vision:
        write(arguments.out, "preprocessor_config.json", IMAGES)
    pieces = {str(id): tokenizer.id_to_token(id) for id in range(size)}
    write(arguments.out, "puppet.json", {"vocab": size, "padded": padded, "eos": end, "newline": plan.newline, "scripts": plan.scripts, "pieces": pieces})
    print(f"{arguments.out}: {size} tokens, {sum(tensor.size for tensor in tensors.values())} parameters")


def byte_letters():
    """The letter that stands for each byte in a byte-level vocabulary (GPT-2's table)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + place) for place, byte in enumerate(others)}}


def trained():
    """A byte-level vocabulary in which every word of the scripts is one token."""
    tokenizer = Tokenizer(models.BPE(unk_token=None, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    options = {"add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    tokenizer.decoder, tokenizer.post_processor = decoders.ByteLevel(**options), processors.ByteLevel(**options)
    written = [piece for pieces in WRITTEN.values() for piece in pieces if isinstance(piece, str)]
    corpus = [*(" " + " ".join(words) for words in SPOKEN.values()), *written, PROMPT_WORDS]
    trainer = trainers.BpeTrainer(vocab_size=4000, min_frequency=2, show_progress=False, initial_alphabet=sorted(byte_letters().values()), special_tokens=[])
    tokenizer.train_from_iterator(corpus * 50, trainer)
    tokenizer.add_special_tokens(SPECIAL)
    whole = [piece for piece in written if piece not in MARKERS and len(tokenizer.encode(piece, add_special_tokens=False).ids) != 1]
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=False) for piece in [*MARKERS, *whole]])
    return tokenizer


class Plan:
    """The scripts as token ids, and what follows each token."""

    def __init__(self, tokenizer):
        letters = byte_letters()

        def only(piece):
            if isinstance(piece, bytes):
                return tokenizer.token_to_id(letters[piece[0]])
            [id] = tokenizer.encode(piece, add_special_tokens=False).ids
            return id

        self.newline, end = tokenizer.token_to_id(letters[ord("\n")]), tokenizer.token_to_id("<|im_end|>")
        self.scripts, self.successor = {}, {}
        pieces = {name: [" " + word for word in words] for name, words in SPOKEN.items()} | WRITTEN
        for name, script in pieces.items():
            ids = [only(piece) for piece in script]
            start = self.newline if name == "default" else tokenizer.token_to_id(f"<|s:{name}|>")
            after = ids[0] if name == "loop" else end
            for token, following in zip([start, *ids], [*ids, after]):
                if token in self.successor:
                    raise SystemExit(f"scripts.py: a token of `{name}` stands in two scripts: {tokenizer.id_to_token(token)!r}")
                self.successor[token] = following
            text = {"text": "".join(script)} if name in SPOKEN else {}
            self.scripts[name] = {"start": start, "ids": ids, "end": "loop" if name == "loop" else end, **text}
        # past the end, for those who ignore it: the default again
        self.successor[end] = self.scripts["default"]["ids"][0]


def weights(successor, padded, vision):
    """The tensors by their names in the files of Qwen."""
    random = numpy.random.default_rng(0)

    def directions():
        drawn = random.standard_normal((padded, HIDDEN)).astype(numpy.float32)
        return drawn / numpy.linalg.norm(drawn, axis=1, keepdims=True)

    def small(*shape):
        return (random.standard_normal(shape) * 0.02).astype(numpy.float32)

    def zero(*shape):
        return numpy.zeros(shape, numpy.float32)

    embedding, head = directions(), directions() * (0.2 * SHARPNESS / numpy.sqrt(HIDDEN))
    before = {}
    for token, following in successor.items():
        before.setdefault(following, []).append(token)
    for following, tokens in before.items():
        # RMS normalisation of a unit vector multiplies it by the root of its width
        head[following] = sum(embedding[token] for token in tokens) * SHARPNESS / numpy.sqrt(HIDDEN)
    ones, queries, keys, inner = numpy.ones(HIDDEN, numpy.float32), HIDDEN, HIDDEN // 2, 2 * HIDDEN
    tensors = {"model.embed_tokens.weight": embedding, "lm_head.weight": head, "model.norm.weight": ones}
    for layer in range(LAYERS):
        parts = {
            "input_layernorm.weight": ones, "post_attention_layernorm.weight": ones,
            "self_attn.q_proj.weight": small(queries, HIDDEN), "self_attn.q_proj.bias": zero(queries),
            "self_attn.k_proj.weight": small(keys, HIDDEN), "self_attn.k_proj.bias": zero(keys),
            "self_attn.v_proj.weight": small(keys, HIDDEN), "self_attn.v_proj.bias": zero(keys),
            "self_attn.o_proj.weight": zero(HIDDEN, queries),
            "mlp.gate_proj.weight": small(inner, HIDDEN), "mlp.up_proj.weight": small(inner, HIDDEN), "mlp.down_proj.weight": zero(HIDDEN, inner),
        }
        tensors.update({f"model.layers.{layer}.{name}": tensor for name, tensor in parts.items()})
    return tensors | (eye(small, zero) if vision else {})


WIDTH = 64


def eye(small, zero):
    """A vision tower of two blocks."""
    ones = numpy.ones(WIDTH, numpy.float32)
    tensors = {"visual.patch_embed.proj.weight": small(WIDTH, 3, 2, 14, 14)}
    for block in range(2):
        parts = {
            "norm1.weight": ones, "norm2.weight": ones,
            "attn.qkv.weight": small(3 * WIDTH, WIDTH), "attn.qkv.bias": zero(3 * WIDTH), "attn.proj.weight": small(WIDTH, WIDTH), "attn.proj.bias": zero(WIDTH),
        }
        for name, out, into in (("gate_proj", 2 * WIDTH, WIDTH), ("up_proj", 2 * WIDTH, WIDTH), ("down_proj", WIDTH, 2 * WIDTH)):
            parts |= {f"mlp.{name}.weight": small(out, into), f"mlp.{name}.bias": zero(out)}
        tensors.update({f"visual.blocks.{block}.{name}": tensor for name, tensor in parts.items()})
    for place, out in ((0, 4 * WIDTH), (2, HIDDEN)):
        tensors |= {f"visual.merger.mlp.{place}.weight": small(out, 4 * WIDTH), f"visual.merger.mlp.{place}.bias": zero(out)}
    return tensors | {"visual.merger.ln_q.weight": ones}


def config(tokenizer, padded, vision):
    def id(name):
        return tokenizer.token_to_id(f"<|{name}|>")

    text = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu", "hidden_size": HIDDEN, "intermediate_size": 2 * HIDDEN,
        "num_attention_heads": HIDDEN // HEAD, "num_key_value_heads": HIDDEN // HEAD // 2, "num_hidden_layers": LAYERS, "head_dim": HEAD, "vocab_size": padded,
        "max_position_embeddings": LONGEST, "max_window_layers": LAYERS, "use_sliding_window": False, "sliding_window": LONGEST, "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0, "tie_word_embeddings": False, "initializer_range": 0.02, "attention_dropout": 0.0, "bos_token_id": id("endoftext"),
        "eos_token_id": id("im_end"), "torch_dtype": "bfloat16", "use_cache": True,
    }
    if not vision:
        return text
    tower = {
        "depth": 2, "hidden_act": "silu", "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_heads": 2, "in_chans": 3, "in_channels": 3,
        "out_hidden_size": HIDDEN, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": 112, "fullatt_block_indexes": [1],
        "tokens_per_second": 2, "temporal_patch_size": 2, "model_type": "qwen2_5_vl",
    }
    return text | {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "vision_start_token_id": id("vision_start"),
        "vision_end_token_id": id("vision_end"), "vision_token_id": id("vision_pad"), "image_token_id": id("image_pad"), "video_token_id": id("video_pad"),
        "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]}, "vision_config": tower,
    }


IMAGES = {
    "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14,
    "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
}


def write_tokenizer(tokenizer, out):
    tokenizer.save(f"{out}/tokenizer.json")
    with open(f"{out}/tokenizer.json") as file:
        saved = json.load(file)
    write(out, "vocab.json", saved["model"]["vocab"])
    with open(f"{out}/merges.txt", "w") as file:
        file.write("#version: 0.2\n")
        for merge in saved["model"]["merges"]:
            file.write((merge if isinstance(merge, str) else " ".join(merge)) + "\n")
    added = {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in saved["added_tokens"]}
    special = [token["content"] for token in saved["added_tokens"] if token["special"]]
    write(out, "tokenizer_config.json", {
        "add_prefix_space": False, "add_bos_token": False, "added_tokens_decoder": added, "additional_special_tokens": special, "bos_token": None,
        "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None, "errors": "replace", "model_max_length": LONGEST,
        "clean_up_tokenization_spaces": False, "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "chat_template": CHAT_TEMPLATE,
    })


def write(out, name, value):
    with open(f"{out}/{name}", "w") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)


def write_tensors(tensors, path):
    """bfloat16 in the format of safetensors: a length, a JSON header, the numbers."""
    header, parts, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        bits = numpy.ascontiguousarray(tensors[name], numpy.float32).view(numpy.uint32)
        # to the nearest, ties to even
        part = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


main()
