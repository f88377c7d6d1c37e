# SPDX-License-Identifier: Apache-2.0
"""llama.cpp as a C library: the one inside the wheel of xllamacpp, and no other build of it.

Structures are passed by value, so a declaration that does not fit the build would corrupt memory:
the version of the wheel, and defaults at both ends of each structure, are checked before use.

Source:
    llama.cpp b11549, include/llama.h and ggml/include/ggml.h.
"""

import functools
import os
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from steelyard.core.errors import EngineError

PACKAGE = "xllamacpp"
VERSION = "2026.10.11549"  # the last number is the build of llama.cpp
_HINT = "pip install 'steelyard[llama]'"

_DECLARATIONS = """
struct llama_model;
struct llama_vocab;
struct llama_context;
typedef struct llama_memory_i * llama_memory_t;
typedef int32_t llama_pos;
typedef int32_t llama_token;
typedef int32_t llama_seq_id;
typedef void (*ggml_log_callback)(int level, const char * text, void * user_data);

struct llama_model_params {
    void * devices;
    const void * tensor_buft_overrides;
    int32_t n_gpu_layers;
    int split_mode;
    int load_mode;
    int lazy_mode;
    int32_t main_gpu;
    const float * tensor_split;
    void * progress_callback;
    void * progress_callback_user_data;
    const void * kv_overrides;
    bool vocab_only;
    bool check_tensors;
    bool use_extra_bufts;
    bool no_host;
    bool no_alloc;
    bool load_mtp;
};

struct llama_context_params {
    uint32_t n_ctx;
    uint32_t n_batch;
    uint32_t n_ubatch;
    uint32_t n_seq_max;
    uint32_t n_rs_seq;
    uint32_t n_outputs_max;
    uint32_t n_outputs_max_per_seq;
    int32_t n_threads;
    int32_t n_threads_batch;
    int ctx_type;
    int rope_scaling_type;
    int pooling_type;
    int attention_type;
    int flash_attn_type;
    float rope_freq_base;
    float rope_freq_scale;
    float yarn_ext_factor;
    float yarn_attn_factor;
    float yarn_beta_fast;
    float yarn_beta_slow;
    uint32_t yarn_orig_ctx;
    float defrag_thold;
    void * cb_eval;
    void * cb_eval_user_data;
    int type_k;
    int type_v;
    size_t moe_cache_size;
    void * abort_callback;
    void * abort_callback_data;
    bool embeddings;
    bool offload_kqv;
    bool no_perf;
    bool op_offload;
    bool swa_full;
    bool kv_unified;
    void * samplers;
    size_t n_samplers;
    struct llama_context * ctx_other;
};

struct llama_batch {
    int32_t n_tokens;
    llama_token * token;
    float * embd;
    llama_pos * pos;
    int32_t * n_seq_id;
    llama_seq_id ** seq_id;
    int8_t * logits;
};

struct llama_model_params llama_model_default_params(void);
struct llama_context_params llama_context_default_params(void);
void llama_backend_init(void);
void llama_log_set(ggml_log_callback log_callback, void * user_data);
size_t llama_max_parallel_sequences(void);

struct llama_model * llama_model_load_from_file(const char * path, struct llama_model_params params);
void llama_model_free(struct llama_model * model);
int32_t llama_model_n_ctx_train(const struct llama_model * model);
bool llama_model_has_encoder(const struct llama_model * model);
bool llama_model_is_recurrent(const struct llama_model * model);
bool llama_model_is_hybrid(const struct llama_model * model);
const char * llama_model_chat_template(const struct llama_model * model, const char * name);
int32_t llama_model_meta_val_str(const struct llama_model * model, const char * key, char * buf, size_t buf_size);

const struct llama_vocab * llama_model_get_vocab(const struct llama_model * model);
int32_t llama_vocab_n_tokens(const struct llama_vocab * vocab);
const char * llama_vocab_get_text(const struct llama_vocab * vocab, llama_token token);
int llama_vocab_get_attr(const struct llama_vocab * vocab, llama_token token);
bool llama_vocab_is_eog(const struct llama_vocab * vocab, llama_token token);
bool llama_vocab_get_add_bos(const struct llama_vocab * vocab);
llama_token llama_vocab_bos(const struct llama_vocab * vocab);
llama_token llama_vocab_eos(const struct llama_vocab * vocab);
int32_t llama_tokenize(const struct llama_vocab * vocab, const char * text, int32_t text_len,
    llama_token * tokens, int32_t n_tokens_max, bool add_special, bool parse_special);
int32_t llama_detokenize(const struct llama_vocab * vocab, const llama_token * tokens,
    int32_t n_tokens, char * text, int32_t text_len_max, bool remove_special, bool unparse_special);

struct llama_context * llama_init_from_model(struct llama_model * model, struct llama_context_params params);
void llama_free(struct llama_context * ctx);
uint32_t llama_n_ctx(const struct llama_context * ctx);
llama_memory_t llama_get_memory(const struct llama_context * ctx);
void llama_memory_clear(llama_memory_t mem, bool data);
bool llama_memory_seq_rm(llama_memory_t mem, llama_seq_id seq_id, llama_pos p0, llama_pos p1);
void llama_memory_seq_cp(llama_memory_t mem, llama_seq_id src, llama_seq_id dst, llama_pos p0, llama_pos p1);
struct llama_batch llama_batch_init(int32_t n_tokens, int32_t embd, int32_t n_seq_max);
void llama_batch_free(struct llama_batch batch);
int32_t llama_decode(struct llama_context * ctx, struct llama_batch batch);
float * llama_get_logits_ith(struct llama_context * ctx, int32_t i);
"""

_SIZES = {"llama_model_params": 80, "llama_context_params": 168, "llama_batch": 56}
_MODEL_DEFAULTS: dict[str, object] = {
    "n_gpu_layers": -1,
    "main_gpu": 0,
    "vocab_only": False,
    "check_tensors": False,
    "use_extra_bufts": True,
    "no_host": False,
    "no_alloc": False,
}
_CONTEXT_DEFAULTS: dict[str, object] = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "flash_attn_type": -1,
    "rope_scaling_type": -1,
    "yarn_ext_factor": -1.0,
    "type_k": 1,
    "type_v": 1,
    "embeddings": False,
    "offload_kqv": True,
    "op_offload": True,
    "swa_full": True,
    "kv_unified": False,
    "n_samplers": 0,
}


class Library:
    """The loaded library.

    Attributes:
        ffi: The interface of cffi, with the declarations.
        lib: The functions.
        complaints: The last few lines the library wrote as errors.
    """

    def __init__(self, path: Path) -> None:
        import cffi

        self.ffi: Any = cffi.FFI()
        self.ffi.cdef(_DECLARATIONS)
        self.complaints: deque[str] = deque(maxlen=4)
        # Threads that spin while they wait take the processor from those that work, tenfold on a
        # busy machine. OpenMP reads this once, when its library is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            self.lib: Any = self.ffi.dlopen(str(path))
            self._check()
        except (OSError, AttributeError) as error:
            raise EngineError(
                f"{str(path)!r} is no llama.cpp that can be used: {error}", hint=_HINT
            ) from error
        self._logger = self.ffi.callback("ggml_log_callback", self._log)
        self.lib.llama_log_set(self._logger, self.ffi.NULL)
        self.lib.llama_backend_init()

    def complaint(self) -> str:
        """Return what the library last complained of, for a message; then forget it."""
        text = "; ".join(self.complaints)
        self.complaints.clear()
        return text

    def _log(self, level: int, text: object, _user_data: object) -> None:
        if level == _ERROR:
            line = self.ffi.string(text).decode(errors="replace").strip()
            self.complaints.append(line)

    def _check(self) -> None:
        for name, size in _SIZES.items():
            _expect(f"size of {name}", self.ffi.sizeof(f"struct {name}"), size)
        model = self.lib.llama_model_default_params()
        for name, value in _MODEL_DEFAULTS.items():
            _expect(name, getattr(model, name), value)
        context = self.lib.llama_context_default_params()
        for name, value in _CONTEXT_DEFAULTS.items():
            _expect(name, getattr(context, name), value)


_ERROR = 4  # GGML_LOG_LEVEL_ERROR


@functools.cache
def library() -> Library:
    """Return the library of the installed wheel, loaded once a process.

    Raises:
        EngineError: It is not installed, or is another build than the declarations are of.
    """
    from importlib.metadata import version

    found = find_spec(PACKAGE)
    folders = found.submodule_search_locations if found else None
    paths = [path for folder in folders or () for path in Path(folder).glob(f"{PACKAGE}*.so")]
    if not paths or find_spec("cffi") is None:
        raise EngineError("the engine llama is not installed", hint=_HINT)
    _expect("version", version(PACKAGE), VERSION)
    return Library(paths[0])


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise EngineError(
            f"the installed {PACKAGE} does not fit: its {name} is {found!r}, not {expected!r}",
            hint=f"{_HINT}; it pins the version that fits",
        )
