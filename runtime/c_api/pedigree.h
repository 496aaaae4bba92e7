/* Pedigree's runtime for programs in C, and in whatever can call C.
 *
 * One model is a file, what is on top of it (adapters) and memory to run it. Any
 * number of sessions, planned when it is loaded, hold one sequence of tokens each.
 *
 *   pedigree_model* model = NULL;
 *   pedigree_session* session = NULL;
 *   pedigree_code code = pedigree_model_open("model.slm", NULL, &model);
 *   if (code == PEDIGREE_OK) code = pedigree_session_new(model, &session);
 *   if (code == PEDIGREE_OK) code = pedigree_generate(session, ...);
 *   if (code != PEDIGREE_OK) fprintf(stderr, "%s\n", pedigree_last_error());
 *   pedigree_session_free(session);
 *   pedigree_model_free(model);
 *
 * examples/embed has whole programs. These conventions hold for every function:
 *
 * Results. A function that can fail returns a pedigree_code; 0 is success. What it
 *   gives otherwise goes to out parameters, which are written on success only. A
 *   call that fails leaves everything as it was, unless its comment says otherwise.
 *   No C++ exception leaves the library.
 * Arguments. A pointer that must not be null and is gives PEDIGREE_NULL_POINTER.
 *   Lengths count elements, of char for text. A null pointer with length 0 is an
 *   empty array. Text is UTF-8 without a terminating zero, unless it is a path or a
 *   string that the library gives. Structs with a `struct_size` are to be filled in
 *   by their _init function first; another size is PEDIGREE_INVALID_LENGTH.
 * Ownership. What the caller passes stays the caller's and is not kept, but for the
 *   bytes of pedigree_model_load. Handles are the caller's to free. All other
 *   pointers that the library gives are its own and live as long as their comment
 *   says.
 * Threads. Calls on one model and its sessions wait for each other, so any thread may
 *   make them; different models run side by side. pedigree_session_cancel does not
 *   wait. Freeing a handle that another thread is using is an error that is not
 *   noticed. A callback that calls the library on its own model gets
 *   PEDIGREE_GENERATION_FAILED, but for pedigree_session_cancel; it must not free
 *   the session that runs.
 * Numbers. Whatever the options say, the same model, adapters, prompt and sampling
 *   give the same tokens and the same logits, bit for bit, on every machine. */

#ifndef PEDIGREE_RUNTIME_C_API_PEDIGREE_H_
#define PEDIGREE_RUNTIME_C_API_PEDIGREE_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PEDIGREE_API __attribute__((visibility("default")))
#else
#define PEDIGREE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors --------------------------------------------------------------- */

/* The codes of docs/formats/wasm_abi.md, "Error codes". They never change; more may
 * be added. */
typedef uint32_t pedigree_code;
enum {
  PEDIGREE_OK = 0,
  PEDIGREE_NULL_POINTER = 1,
  PEDIGREE_INVALID_LENGTH = 2, /* a length, option or setting is out of range */
  PEDIGREE_INVALID_UTF8 = 3,
  PEDIGREE_INVALID_MODEL_MAGIC = 4,
  PEDIGREE_UNSUPPORTED_MODEL_VERSION = 5,
  PEDIGREE_INVALID_HEADER = 6,
  PEDIGREE_INVALID_TENSOR_DIRECTORY = 7,
  PEDIGREE_MISSING_TENSOR = 8,
  PEDIGREE_SHAPE_MISMATCH = 9,
  PEDIGREE_UNSUPPORTED_DTYPE = 10,
  PEDIGREE_CONTEXT_EXCEEDED = 11,
  PEDIGREE_MODEL_NOT_LOADED = 12, /* no such file, or not the expected one */
  PEDIGREE_GENERATION_FAILED = 13,
  PEDIGREE_OUTPUT_BUFFER_EXCEEDED = 14, /* the caller's buffer is too small */
  PEDIGREE_INVALID_ADAPTER = 15,
  PEDIGREE_ADAPTER_IDENTITY_MISMATCH = 16,
  PEDIGREE_ADAPTER_PAYLOAD_INVALID = 17,
  PEDIGREE_RESOURCE_LIMIT = 18,
  PEDIGREE_INVALID_EVAL_CASES = 19, /* not given by any function here */
  PEDIGREE_CANCELLED = 20,
  PEDIGREE_CHECKSUM_MISMATCH = 21,
  PEDIGREE_INVALID_TOKENIZER = 22
};

/* The version of this interface: 1. A library of another version keeps neither the
 * structs nor the functions below. */
PEDIGREE_API uint32_t pedigree_abi_version(void);

/* The name of a code, as "InvalidHeader"; "Unknown" for others. Lives for ever. */
PEDIGREE_API const char* pedigree_code_name(pedigree_code code);

/* What was wrong with the last call of this thread that failed: one line, with the
 * place and both values. Empty when none has failed. Lives until this thread's next
 * call that fails. */
PEDIGREE_API const char* pedigree_last_error(void);

/* ---- What a model takes --------------------------------------------------- */

/* How a model is run. */
typedef struct pedigree_options {
  uint32_t struct_size;
  /* 1..256. By _init: 1. */
  uint32_t threads;
  /* Whether matrices are copied into the order in which kernels read them and into
   * huge pages, where memory has room for it beside all else: faster, and the copy
   * is memory that the system can't take back, as it can the pages of a file. By
   * _init: 0, no. */
  uint32_t repack;
  /* Positions of each session, 1..max_context; 0 stands for max_context. By _init:
   * 0. */
  uint32_t context_tokens;
  /* Sessions at a time, which may be decoded together, 1..batch_tokens. By _init:
   * 1. */
  uint32_t sequences;
  /* Tokens of a prompt run at once, 1..64. By _init: 64. */
  uint32_t batch_tokens;
  /* "sha256:" and 64 lowercase hex digits that the file must have, checked before
   * anything in it is read; or null. By _init: null. Terminated by a zero. */
  const char* expected_digest;
} pedigree_options;

PEDIGREE_API pedigree_code pedigree_options_init(pedigree_options* options);

/* Bytes by use, as allocated; see docs/formats/diagnostics.md, "Memory". */
typedef struct pedigree_memory {
  uint32_t struct_size;
  /* Whether a repacked copy is read: with `repack`, and, once loaded, if memory had
   * room. */
  uint32_t repacked;
  /* Positions of each session. */
  uint32_t context_tokens;
  uint32_t reserved; /* 0 */
  uint64_t file_bytes;
  /* Of the file, what is read where it lies: pages of the system's cache. */
  uint64_t mapped_bytes;
  /* Of the copy. */
  uint64_t packed_bytes;
  uint64_t tokenizer_bytes;
  uint64_t kv_cache_bytes;
  uint64_t scratch_bytes;
  uint64_t session_bytes;
  uint64_t adapter_bytes;
  uint64_t side_scratch_bytes;
  /* The sum of all but file_bytes. */
  uint64_t total_bytes;
} pedigree_memory;

PEDIGREE_API pedigree_code pedigree_memory_init(pedigree_memory* memory);

/* What the model of a file takes with all its sessions. Reads and checks header,
 * tensor directory and tokenizer; with `repack`, reads scales that stand for blocks
 * of a row, whose values decide how they are packed; and nothing else.
 *
 * path: terminated by a zero. options: null stands for those of _init. */
PEDIGREE_API pedigree_code pedigree_preflight_file(
    const char* path, const pedigree_options* options, pedigree_memory* out);

/* The same of a file's bytes, at an address that is a multiple of 4. */
PEDIGREE_API pedigree_code pedigree_preflight(const void* bytes, size_t length,
                                              const pedigree_options* options,
                                              pedigree_memory* out);

/* ---- Models --------------------------------------------------------------- */

typedef struct pedigree_model pedigree_model;

/* Maps a file, which must not change while the model lives, checks and loads it.
 * Free it with pedigree_model_free. */
PEDIGREE_API pedigree_code pedigree_model_open(const char* path,
                                               const pedigree_options* options,
                                               pedigree_model** out);

/* The same of a file's bytes, at an address that is a multiple of 4. They are not
 * copied and must stay as they are until the model is freed. */
PEDIGREE_API pedigree_code pedigree_model_load(const void* bytes, size_t length,
                                               const pedigree_options* options,
                                               pedigree_model** out);

/* Gives up the handle. What it stands for is freed once its last session is, too.
 * Null is ignored. */
PEDIGREE_API void pedigree_model_free(pedigree_model* model);

typedef struct pedigree_model_info {
  uint32_t struct_size;
  uint32_t vocab_size;
  uint32_t max_context;
  uint32_t hidden_size;
  uint32_t layer_count;
  uint32_t bos; /* token ids */
  uint32_t eos;
  uint32_t threads; /* fewer than asked for when the system gives no more */
  uint32_t adapter_count;
  uint32_t reserved; /* 0 */
  uint64_t parameter_count;
  /* SHA-256 of the file, and of the assembly of the model with its adapters, as
   * "sha256:..", terminated by a zero. */
  char model_digest[72];
  char assembly_digest[72];
} pedigree_model_info;

PEDIGREE_API pedigree_code pedigree_model_info_init(pedigree_model_info* info);
PEDIGREE_API pedigree_code pedigree_model_get_info(pedigree_model* model,
                                                   pedigree_model_info* out);

/* What is allocated now: with all sessions made, what preflight said. */
PEDIGREE_API pedigree_code pedigree_model_get_memory(pedigree_model* model,
                                                     pedigree_memory* out);

/* ---- Adapters ------------------------------------------------------------- */

/* Whether an adapter, a whole file, could be applied now. Changes nothing. */
PEDIGREE_API pedigree_code pedigree_adapter_validate(pedigree_model* model,
                                                     const void* bytes,
                                                     size_t length);
/* Applies it on top of the others: all of it, or nothing. Empties all sessions. */
PEDIGREE_API pedigree_code pedigree_adapter_apply(pedigree_model* model,
                                                  const void* bytes,
                                                  size_t length);
/* Back to the model as loaded, exactly. Empties all sessions. */
PEDIGREE_API pedigree_code pedigree_adapter_reset(pedigree_model* model);

/* ---- Tokens and texts ----------------------------------------------------- */

/* The tokens that a prompt of this text starts with: BOS where the tokenizer adds
 * it, and no EOS. Writes at most `capacity` ids; `count`, which is always written on
 * success and on PEDIGREE_OUTPUT_BUFFER_EXCEEDED, is how many there are.
 *
 * ids: may be null when capacity is 0. */
PEDIGREE_API pedigree_code pedigree_encode(pedigree_model* model,
                                           const char* text, size_t length,
                                           uint32_t* ids, size_t capacity,
                                           size_t* count);

/* There is no token before the first. */
#define PEDIGREE_NO_TOKEN UINT32_C(0xffffffff)

/* The raw bytes that tokens stand for, which may end inside a character. `previous`
 * is the token before them, or PEDIGREE_NO_TOKEN. Writes at most `capacity` bytes
 * and no zero; `length` as `count` above. A token past the vocabulary is
 * PEDIGREE_INVALID_LENGTH. */
PEDIGREE_API pedigree_code pedigree_decode(pedigree_model* model,
                                           const uint32_t* ids, size_t count,
                                           uint32_t previous, char* text,
                                           size_t capacity, size_t* length);

/* ---- Sessions ------------------------------------------------------------- */

/* One sequence of tokens on a model: its tokens, their keys and values, and the
 * logits behind the last. */
typedef struct pedigree_session pedigree_session;

/* An empty session. PEDIGREE_RESOURCE_LIMIT when there are as many as planned, or
 * memory lacks. Free it with pedigree_session_free. */
PEDIGREE_API pedigree_code pedigree_session_new(pedigree_model* model,
                                                pedigree_session** out);
/* Frees a session, whether before or after its model. Null is ignored. */
PEDIGREE_API void pedigree_session_free(pedigree_session* session);

/* How tokens are chosen. */
typedef struct pedigree_sampling {
  uint32_t struct_size;
  /* 0 takes the likeliest token; finite, not negative. By _init: 0. */
  float temperature;
  /* Candidates kept, 1..1024. By _init: 1. */
  uint32_t top_k;
  /* Share of the candidates' mass kept, above 0, at most 1. By _init: 1. */
  float top_p;
  /* Start of the random numbers. By _init: 1. */
  uint64_t seed;
} pedigree_sampling;

PEDIGREE_API pedigree_code pedigree_sampling_init(pedigree_sampling* sampling);

/* For pedigree_session_sample, whose random numbers start anew, and for generations
 * that begin from now on. */
PEDIGREE_API pedigree_code pedigree_session_set_sampling(
    pedigree_session* session, const pedigree_sampling* sampling);

/* Runs tokens behind those of the session: a prompt, or what goes on from it. Ends a
 * generation in progress. PEDIGREE_CONTEXT_EXCEEDED when they don't fit. After
 * PEDIGREE_CANCELLED and PEDIGREE_GENERATION_FAILED the session ends where the batch
 * that failed began, without logits. */
PEDIGREE_API pedigree_code pedigree_session_run(pedigree_session* session,
                                                const uint32_t* ids,
                                                size_t count);

/* Runs one more token of each session, all in one batch: sessions of one model, each
 * once. The bits are those of running each by itself. After
 * PEDIGREE_GENERATION_FAILED no session has changed, but for its logits, which are
 * gone. */
PEDIGREE_API pedigree_code pedigree_decode_together(
    pedigree_session* const* sessions, const uint32_t* ids, size_t count);

/* Forgets all but the first `length` tokens, and the logits. Ends a generation in
 * progress. */
PEDIGREE_API pedigree_code pedigree_session_rewind(pedigree_session* session,
                                                   size_t length);
/* Rewinds to the longest start that the session shares with these tokens, but for
 * the last of them, so that running the rest gives logits. `shared` is its length. */
PEDIGREE_API pedigree_code pedigree_session_rewind_to_shared(
    pedigree_session* session, const uint32_t* ids, size_t count,
    size_t* shared);

/* Tokens of the session, and how many it can have. Either may be null. */
PEDIGREE_API pedigree_code pedigree_session_get_length(
    pedigree_session* session, size_t* length, size_t* capacity);

/* The logits behind the last token; count is vocab_size. They live until the next
 * call that changes the session. PEDIGREE_INVALID_LENGTH when there are none. */
PEDIGREE_API pedigree_code pedigree_session_get_logits(
    pedigree_session* session, const float** logits, size_t* count);

/* The next token by the logits. It is for the caller to run it, and to end at a stop
 * token. PEDIGREE_INVALID_LENGTH without logits. */
PEDIGREE_API pedigree_code pedigree_session_sample(pedigree_session* session,
                                                   uint32_t* id);

/* The call in progress that runs this session's tokens, or else the next one, gives
 * PEDIGREE_CANCELLED. Any thread, and any callback, may call it; it does not wait. */
PEDIGREE_API pedigree_code pedigree_session_cancel(pedigree_session* session);

/* ---- Generating texts ----------------------------------------------------- */

/* Why a generation ended. */
typedef uint32_t pedigree_stop;
enum {
  PEDIGREE_STOP_NONE = 0,         /* it has not */
  PEDIGREE_STOP_TOKEN = 1,        /* the model chose a stop token */
  PEDIGREE_STOP_TOKEN_LIMIT = 2,  /* max_new_tokens were put out */
  PEDIGREE_STOP_CONTEXT_END = 3,  /* prompt and output fill the context */
  PEDIGREE_STOP_OUTPUT_LIMIT = 4, /* the next token would pass 64 KiB */
  PEDIGREE_STOP_CANCELLED = 5     /* the callback said so */
};

/* Gets each piece of output as it comes: `length` bytes, perhaps none, that may end
 * inside a character, and live until it returns. `user` is what was passed beside
 * it. Returns 0 to go on; anything else ends the generation, which is no error. Must
 * neither throw nor jump out. */
typedef int (*pedigree_on_text)(void* user, const char* bytes, size_t length);

typedef struct pedigree_generation {
  uint32_t struct_size;
  pedigree_stop stop;
  uint32_t prompt_tokens;
  uint32_t generated_tokens;
  /* Prompt tokens that were not run again. */
  uint32_t reused_tokens;
  uint32_t reserved; /* 0 */
  /* All output, and a zero behind it that does not count. Lives until the session's
   * next generation begins or the session is freed. */
  const char* output;
  size_t output_length;
} pedigree_generation;

PEDIGREE_API pedigree_code pedigree_generation_init(
    pedigree_generation* generation);

/* Starts the session anew with a prompt, and generates to the end. Tokens that the
 * session has run already, from its start on, are not run again: a conversation goes
 * on from its whole text. A prompt that is refused leaves the session as it was;
 * after PEDIGREE_CANCELLED and PEDIGREE_GENERATION_FAILED there is no generation.
 *
 * max_new_tokens: 0 stands for no limit but the context's. on_text: may be null.
 * out: may be null. */
PEDIGREE_API pedigree_code pedigree_generate(
    pedigree_session* session, const char* prompt, size_t length,
    uint32_t max_new_tokens, pedigree_on_text on_text, void* user,
    pedigree_generation* out);

/* The same step by step. _begin runs the prompt. */
PEDIGREE_API pedigree_code pedigree_generation_begin(pedigree_session* session,
                                                     const char* prompt,
                                                     size_t length,
                                                     uint32_t max_new_tokens);
/* One more piece of output; `bytes` is null once the generation has ended, or when
 * none has begun, and else lives until the session's next call. */
PEDIGREE_API pedigree_code pedigree_generation_next(pedigree_session* session,
                                                    const char** bytes,
                                                    size_t* length);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PEDIGREE_RUNTIME_C_API_PEDIGREE_H_ */
