# SPDX-License-Identifier: Apache-2.0
"""A GGUF file in memory: its vocabulary and what its metadata says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from steelyard.core.digest import Digest, digest_of
from steelyard.core.engine import Tokens
from steelyard.core.errors import EngineError
from steelyard.engines.encoding import Remembering
from steelyard.engines.llama.library import Library

_TOKENIZER_KEYS = ("tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.add_bos_token")
_MANY_HEADS = 64
_LONGEST_VALUE = 1 << 20  # bytes of a metadata text that is read


class Model:
    """The weights and the vocabulary.

    Attributes:
        handle: The model, as the library knows it.
        vocabulary: How many tokens there are.
        context: Tokens of the longest sequence it was trained on.
        ends: Tokens that end a text.
        begin: The token of the beginning, else of the end, else None.
        begin_text: The text of that token.

    Raises:
        EngineError: The library cannot load the file, or it holds another kind of model.
    """

    def __init__(self, path: Path, library: Library) -> None:
        self._library = library
        lib = library.lib
        settings = lib.llama_model_default_params()
        settings.n_gpu_layers = 0
        settings.use_extra_bufts = False  # repacked weights treat the last rows of a batch apart
        self.handle: Any = lib.llama_model_load_from_file(str(path).encode(), settings)
        if not self.handle:
            raise EngineError(
                f"llama.cpp cannot load {str(path)!r}: {library.complaint() or 'no reason given'}",
                hint="steelyard check tells what the file holds",
            )
        self._vocab = lib.llama_model_get_vocab(self.handle)
        self.vocabulary = int(lib.llama_vocab_n_tokens(self._vocab))
        self.context = int(lib.llama_model_n_ctx_train(self.handle))
        self.ends = frozenset(
            token for token in range(self.vocabulary) if lib.llama_vocab_is_eog(self._vocab, token)
        )
        first = lib.llama_vocab_bos(self._vocab), lib.llama_vocab_eos(self._vocab)
        self.begin: int | None = next((int(token) for token in first if token >= 0), None)
        self.begin_text = "" if self.begin is None else self._text(self.begin)
        by_pattern = self.metadata("tokenizer.ggml.model") == "gpt2"
        self._encode = Remembering(self._encoded).encode if by_pattern else self._encoded

    @property
    def keeps_state(self) -> bool:
        """Tell whether a token changes more than its own keys and values."""
        lib = self._library.lib
        return any(
            of(self.handle)
            for of in (
                lib.llama_model_is_recurrent,
                lib.llama_model_is_hybrid,
                lib.llama_model_has_encoder,
            )
        )

    def encode(self, text: str, *, special: bool) -> Tokens:
        """Return the tokens of a text; special tokens written out are recognised."""
        if special and self.begin_text and text.startswith(self.begin_text):
            special = False
        return self._encode(text, special)

    def _encoded(self, text: str, special: bool) -> Tokens:
        ffi, lib = self._library.ffi, self._library.lib
        data = text.encode()
        room = len(data) + 8
        buffer = ffi.new("llama_token[]", room)
        count = lib.llama_tokenize(self._vocab, data, len(data), buffer, room, special, True)
        if count < 0:
            raise EngineError(f"llama.cpp cannot encode a text of {len(data):,} bytes")
        return tuple(ffi.unpack(buffer, count)) if count else ()

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, special ones left out."""
        ffi, lib = self._library.ffi, self._library.lib
        room = 16 * len(tokens) + 64
        given = ffi.new("llama_token[]", list(tokens))
        for size in (room, 64 * room):
            buffer = ffi.new("char[]", size)
            count = lib.llama_detokenize(
                self._vocab, given, len(tokens), buffer, size, False, False
            )
            if count >= 0:
                return bytes(ffi.buffer(buffer, count)).decode(errors="replace")
        raise EngineError(f"llama.cpp cannot decode {len(tokens):,} tokens")

    def template(self) -> str:
        """Return the chat template of the model; empty when it has none."""
        found = self._library.lib.llama_model_chat_template(self.handle, self._library.ffi.NULL)
        return str(self._library.ffi.string(found).decode(errors="replace")) if found else ""

    def special(self) -> dict[str, str]:
        """Return the texts of special tokens, as chat templates name them."""
        lib = self._library.lib
        named = {
            "bos_token": lib.llama_vocab_bos(self._vocab),
            "eos_token": lib.llama_vocab_eos(self._vocab),
        }
        return {name: self._text(token) for name, token in named.items() if token >= 0}

    def tokenizer_digest(self) -> Digest:
        """Return a digest of the vocabulary: texts and kinds of tokens, and the rules' names."""
        lib = self._library.lib
        tokens = range(self.vocabulary)
        return digest_of(
            {
                "texts": [self._text(token) for token in tokens],
                "kinds": [int(lib.llama_vocab_get_attr(self._vocab, token)) for token in tokens],
                "rules": [self.metadata(key) for key in _TOKENIZER_KEYS],
            }
        )

    def metadata(self, key: str) -> str:
        """Return a text of the metadata; empty when it is not there."""
        ffi, lib = self._library.ffi, self._library.lib
        size = lib.llama_model_meta_val_str(self.handle, key.encode(), ffi.NULL, 0)
        if not 0 < size < _LONGEST_VALUE:
            return ""
        buffer = ffi.new("char[]", size + 1)
        lib.llama_model_meta_val_str(self.handle, key.encode(), buffer, size + 1)
        return str(ffi.string(buffer).decode(errors="replace"))

    @property
    def heads(self) -> int:
        """Return how many heads look at each token; many where the file does not say."""
        return self._size("attention.head_count") or _MANY_HEADS

    @property
    def token_bytes(self) -> int | None:
        """Return the bytes of keys and values of a token as f16; None where nobody can tell."""
        layers, width = self._size("block_count"), self._size("embedding_length")
        if not layers or not width:
            return None
        own = width // self.heads
        key = self._size("attention.key_length") or own
        value = self._size("attention.value_length") or own
        shared = self._size("attention.head_count_kv") or self.heads
        return 2 * layers * shared * (key + value)

    def _size(self, name: str) -> int:
        """Return a number of the metadata; 0 where there is none, or one for each layer."""
        text = self.metadata(f"{self.metadata('general.architecture')}.{name}")
        return int(text) if text.isdecimal() else 0

    def close(self) -> None:
        """Let go of the weights."""
        if self.handle:
            self._library.lib.llama_model_free(self.handle)
            self.handle = None

    def _text(self, token: int) -> str:
        found = self._library.lib.llama_vocab_get_text(self._vocab, token)
        return str(self._library.ffi.string(found).decode(errors="replace"))
