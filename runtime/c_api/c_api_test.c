/* Drives every function of pedigree.h, and every error code that it can give, from
 * C. Compiled as C, and linked with the static and with the shared library. */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/c_api/pedigree.h"

static int failures = 0;

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) {                                                   \
      fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, \
              #condition, pedigree_last_error());                         \
      ++failures;                                                         \
    }                                                                     \
  } while (0)

/* The call gives this code, and when it is an error, a message that has `phrase`. */
#define EXPECT_CODE(call, code, phrase)                                       \
  do {                                                                        \
    const pedigree_code got = (call);                                         \
    if (got != (code)) {                                                      \
      fprintf(stderr, "%s:%d: %s gives %u (expected %u; last error: %s)\n",   \
              __FILE__, __LINE__, #call, got, (pedigree_code)(code),          \
              pedigree_last_error());                                         \
      ++failures;                                                             \
    } else if (got != PEDIGREE_OK &&                                          \
               strstr(pedigree_last_error(), (phrase)) == NULL) {             \
      fprintf(stderr, "%s:%d: %s says \"%s\" (expected \"%s\")\n", __FILE__,  \
              __LINE__, #call, pedigree_last_error(), (phrase));              \
      ++failures;                                                             \
    }                                                                         \
  } while (0)

#define EXPECT_OK(call) EXPECT_CODE(call, PEDIGREE_OK, "")

/* ---- Files ---------------------------------------------------------------- */

static const char* folder = "runtime/c_api";

static const char* path_of(const char* name) {
  static char path[512];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return path;
}

typedef struct bytes {
  void* data;
  size_t length;
} bytes;

/* A whole file, at an address of malloc. */
static bytes read_file(const char* path) {
  bytes file = {NULL, 0};
  FILE* stream = fopen(path, "rb");
  if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  file.length = (size_t)ftell(stream);
  file.data = malloc(file.length == 0 ? 1 : file.length);
  rewind(stream);
  if (file.data == NULL ||
      fread(file.data, 1, file.length, stream) != file.length) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  fclose(stream);
  return file;
}

static pedigree_options options_of(uint32_t sequences) {
  pedigree_options options;
  CHECK(pedigree_options_init(&options) == PEDIGREE_OK);
  options.sequences = sequences;
  return options;
}

static pedigree_model* open_model(uint32_t sequences) {
  const pedigree_options options = options_of(sequences);
  pedigree_model* model = NULL;
  EXPECT_OK(pedigree_model_open(path_of("model.slm"), &options, &model));
  return model;
}

static pedigree_session* new_session(pedigree_model* model) {
  pedigree_session* session = NULL;
  EXPECT_OK(pedigree_session_new(model, &session));
  return session;
}

static size_t length_of(pedigree_session* session) {
  size_t length = 999;
  EXPECT_OK(pedigree_session_get_length(session, &length, NULL));
  return length;
}

/* A copy of the logits, which the caller frees. */
static float* copy_logits(pedigree_session* session, size_t* count) {
  const float* logits = NULL;
  EXPECT_OK(pedigree_session_get_logits(session, &logits, count));
  float* copy = malloc(*count * sizeof(float));
  if (copy == NULL) exit(1);
  memcpy(copy, logits, *count * sizeof(float));
  return copy;
}

static int same_logits(pedigree_session* session, const float* expected) {
  const float* logits = NULL;
  size_t count = 0;
  EXPECT_OK(pedigree_session_get_logits(session, &logits, &count));
  return memcmp(logits, expected, count * sizeof(float)) == 0;
}

/* ---- Tests ---------------------------------------------------------------- */

static void test_names_and_inits(void) {
  CHECK(pedigree_abi_version() == 1);
  CHECK(strcmp(pedigree_code_name(PEDIGREE_OK), "Ok") == 0);
  CHECK(strcmp(pedigree_code_name(PEDIGREE_INVALID_TOKENIZER),
               "InvalidTokenizer") == 0);
  CHECK(strcmp(pedigree_code_name(23), "Unknown") == 0);
  CHECK(strcmp(pedigree_last_error(), "") == 0);
  pedigree_options options;
  EXPECT_OK(pedigree_options_init(&options));
  CHECK(options.struct_size == sizeof(options));
  CHECK(options.threads == 1 && options.repack == 0 && options.sequences == 1);
  CHECK(options.context_tokens == 0 && options.batch_tokens == 64);
  CHECK(options.expected_digest == NULL);
  pedigree_sampling sampling;
  EXPECT_OK(pedigree_sampling_init(&sampling));
  CHECK(sampling.temperature == 0 && sampling.top_k == 1);
  CHECK(sampling.top_p == 1 && sampling.seed == 1);
  EXPECT_CODE(pedigree_options_init(NULL), PEDIGREE_NULL_POINTER, "options");
  EXPECT_CODE(pedigree_sampling_init(NULL), PEDIGREE_NULL_POINTER, "sampling");
  EXPECT_CODE(pedigree_memory_init(NULL), PEDIGREE_NULL_POINTER, "memory");
  EXPECT_CODE(pedigree_model_info_init(NULL), PEDIGREE_NULL_POINTER, "info");
  EXPECT_CODE(pedigree_generation_init(NULL), PEDIGREE_NULL_POINTER,
              "generation");
}

static void test_preflight(void) {
  pedigree_memory memory;
  EXPECT_OK(pedigree_memory_init(&memory));
  pedigree_options options = options_of(2);
  options.repack = 1;
  EXPECT_OK(
      pedigree_preflight_file(path_of("model.slm"), &options, &memory));
  CHECK(memory.repacked == 1 && memory.context_tokens == 48);
  CHECK(memory.total_bytes ==
        memory.mapped_bytes + memory.packed_bytes + memory.tokenizer_bytes +
            memory.kv_cache_bytes + memory.scratch_bytes +
            memory.session_bytes);

  const bytes file = read_file(path_of("model.slm"));
  CHECK(memory.file_bytes == file.length);
  pedigree_memory again;
  EXPECT_OK(pedigree_memory_init(&again));
  EXPECT_OK(pedigree_preflight(file.data, file.length, &options, &again));
  CHECK(memcmp(&again, &memory, sizeof(memory)) == 0);
  EXPECT_CODE(pedigree_preflight(file.data, file.length - 1, NULL, &again),
              PEDIGREE_INVALID_TENSOR_DIRECTORY, "file size");
  EXPECT_CODE(pedigree_preflight(NULL, 1, NULL, &again), PEDIGREE_NULL_POINTER,
              "bytes");
  EXPECT_CODE(pedigree_preflight(NULL, 0, NULL, &again),
              PEDIGREE_INVALID_MODEL_MAGIC, "magic");

  /* What is allocated is what was said. */
  pedigree_model* model = NULL;
  EXPECT_OK(pedigree_model_open(path_of("model.slm"), &options, &model));
  pedigree_session* a = new_session(model);
  pedigree_session* b = new_session(model);
  EXPECT_OK(pedigree_model_get_memory(model, &again));
  CHECK(memcmp(&again, &memory, sizeof(memory)) == 0);
  EXPECT_CODE(pedigree_model_get_memory(model, NULL), PEDIGREE_NULL_POINTER,
              "out");
  EXPECT_CODE(pedigree_model_get_memory(NULL, &again), PEDIGREE_NULL_POINTER,
              "model");
  pedigree_session_free(a);
  pedigree_session_free(b);
  pedigree_model_free(model);

  EXPECT_CODE(pedigree_preflight_file(NULL, NULL, &memory),
              PEDIGREE_NULL_POINTER, "path");
  EXPECT_CODE(pedigree_preflight_file(path_of("model.slm"), NULL, NULL),
              PEDIGREE_NULL_POINTER, "out");
  EXPECT_CODE(pedigree_preflight_file(path_of("missing"), NULL, &memory),
              PEDIGREE_MODEL_NOT_LOADED, "missing");
  EXPECT_CODE(
      pedigree_preflight_file(path_of("long_context.slm"), NULL, &memory),
      PEDIGREE_RESOURCE_LIMIT, "max_context");
  memory.struct_size = 8;
  EXPECT_CODE(pedigree_preflight_file(path_of("model.slm"), NULL, &memory),
              PEDIGREE_INVALID_LENGTH, "struct_size is 8");
  free(file.data);
}

/* Each code that loading can give, from files of fixtures/slm and our own. */
static void test_refused_models(void) {
  static const struct {
    const char* path;
    pedigree_code code;
    const char* phrase;
  } files[] = {
      {"fixtures/slm/malformed/bad-magic.slm", PEDIGREE_INVALID_MODEL_MAGIC,
       "magic"},
      {"fixtures/slm/malformed/bad-version.slm",
       PEDIGREE_UNSUPPORTED_MODEL_VERSION, "version"},
      {"fixtures/slm/malformed/bad-flags.slm", PEDIGREE_INVALID_HEADER,
       "flags"},
      {"fixtures/slm/malformed/bad-reserved.slm",
       PEDIGREE_INVALID_TENSOR_DIRECTORY, "reserved"},
      {"fixtures/slm/malformed/bad-name-hash-unknown.slm",
       PEDIGREE_MISSING_TENSOR, "name hash"},
      {"fixtures/slm/malformed/bad-dims-wrong.slm", PEDIGREE_SHAPE_MISMATCH,
       "shape"},
      {"fixtures/slm/malformed/bad-dtype-unknown.slm",
       PEDIGREE_UNSUPPORTED_DTYPE, "dtype"},
      {"fixtures/slm/malformed/bad-checksum.slm", PEDIGREE_CHECKSUM_MISMATCH,
       "checksum"},
      {"runtime/c_api/no_tokenizer.slm", PEDIGREE_INVALID_TOKENIZER,
       "tokenizer"},
      {"runtime/c_api/long_context.slm", PEDIGREE_RESOURCE_LIMIT,
       "max_context"},
      {"runtime/c_api/missing.slm", PEDIGREE_MODEL_NOT_LOADED, "missing.slm"},
      {"runtime/c_api", PEDIGREE_MODEL_NOT_LOADED, "not a regular file"},
  };
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
    pedigree_model* model = NULL;
    EXPECT_CODE(pedigree_model_open(files[i].path, NULL, &model),
                files[i].code, files[i].phrase);
    CHECK(model == NULL);
  }
  pedigree_model* model = NULL;
  EXPECT_CODE(pedigree_model_open(NULL, NULL, &model), PEDIGREE_NULL_POINTER,
              "path");
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), NULL, NULL),
              PEDIGREE_NULL_POINTER, "out");
  EXPECT_CODE(pedigree_model_load(NULL, 8, NULL, &model),
              PEDIGREE_NULL_POINTER, "bytes");
  EXPECT_CODE(pedigree_model_load("", 0, NULL, NULL), PEDIGREE_NULL_POINTER,
              "out");
  EXPECT_CODE(pedigree_model_load(NULL, 0, NULL, &model),
              PEDIGREE_INVALID_MODEL_MAGIC, "magic");
}

static void test_options(void) {
  pedigree_model* model = NULL;
  pedigree_options options = options_of(1);
  options.struct_size = 4;
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "struct_size is 4");
  options = options_of(1);
  options.threads = 0;
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "threads is 0");
  options.threads = 0x80000001u;
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "threads is 2147483649");
  options = options_of(65);
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "65");
  options = options_of(1);
  options.context_tokens = 49;
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "49");
  options = options_of(1);
  options.expected_digest = "sha256:12";
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_INVALID_LENGTH, "Invalid digest");
  options.expected_digest =
      "sha256:"
      "0000000000000000000000000000000000000000000000000000000000000000";
  EXPECT_CODE(pedigree_model_open(path_of("model.slm"), &options, &model),
              PEDIGREE_MODEL_NOT_LOADED, "expected sha256:0000");
  CHECK(model == NULL);

  /* The digest that it has, from bytes, by two threads. */
  pedigree_model* first = open_model(1);
  pedigree_model_info info;
  EXPECT_OK(pedigree_model_info_init(&info));
  EXPECT_OK(pedigree_model_get_info(first, &info));
  CHECK(info.vocab_size == 260 && info.max_context == 48);
  CHECK(info.hidden_size == 32 && info.layer_count == 2);
  CHECK(info.bos == 256 && info.eos == 257 && info.threads == 1);
  CHECK(info.adapter_count == 0 && info.parameter_count > 20000);
  CHECK(strncmp(info.model_digest, "sha256:", 7) == 0);
  CHECK(strlen(info.model_digest) == 71 && strlen(info.assembly_digest) == 71);
  options.expected_digest = info.model_digest;
  options.threads = 2;
  options.repack = 1;
  const bytes file = read_file(path_of("model.slm"));
  EXPECT_OK(pedigree_model_load(file.data, file.length, &options, &model));
  pedigree_model_info same;
  EXPECT_OK(pedigree_model_info_init(&same));
  EXPECT_OK(pedigree_model_get_info(model, &same));
  CHECK(strcmp(same.model_digest, info.model_digest) == 0);
  EXPECT_CODE(pedigree_model_get_info(NULL, &same), PEDIGREE_NULL_POINTER,
              "model");
  EXPECT_CODE(pedigree_model_get_info(model, NULL), PEDIGREE_NULL_POINTER,
              "out");
  same.struct_size = 0;
  EXPECT_CODE(pedigree_model_get_info(model, &same), PEDIGREE_INVALID_LENGTH,
              "struct_size is 0");
  pedigree_model_free(model);
  pedigree_model_free(first);
  pedigree_model_free(NULL);
  free(file.data);
}

static void test_tokens_and_texts(void) {
  pedigree_model* model = open_model(1);
  uint32_t ids[16];
  size_t count = 0;
  EXPECT_OK(pedigree_encode(model, "hello", 5, ids, 16, &count));
  CHECK(count == 6 && ids[0] == 256 && ids[1] == 'h' && ids[5] == 'o');
  count = 0;
  EXPECT_CODE(pedigree_encode(model, "hello", 5, ids, 5, &count),
              PEDIGREE_OUTPUT_BUFFER_EXCEEDED, "6 elements exceeds capacity 5");
  CHECK(count == 6);
  EXPECT_CODE(pedigree_encode(model, "hello", 5, NULL, 0, &count),
              PEDIGREE_OUTPUT_BUFFER_EXCEEDED, "capacity 0");
  EXPECT_OK(pedigree_encode(model, NULL, 0, ids + 8, 8, &count));
  CHECK(count == 1 && ids[8] == 256);
  EXPECT_CODE(pedigree_encode(model, "\xff", 1, ids + 8, 8, &count),
              PEDIGREE_INVALID_UTF8, "not valid UTF-8");
  EXPECT_CODE(pedigree_encode(NULL, "a", 1, ids, 16, &count),
              PEDIGREE_NULL_POINTER, "model");
  EXPECT_CODE(pedigree_encode(model, NULL, 1, ids, 16, &count),
              PEDIGREE_NULL_POINTER, "text");
  EXPECT_CODE(pedigree_encode(model, "a", 1, NULL, 16, &count),
              PEDIGREE_NULL_POINTER, "out");
  EXPECT_CODE(pedigree_encode(model, "a", 1, ids, 16, NULL),
              PEDIGREE_NULL_POINTER, "count");

  char text[8];
  size_t length = 0;
  EXPECT_OK(pedigree_decode(model, ids, 6, PEDIGREE_NO_TOKEN, text, 8,
                            &length));
  CHECK(length == 5 && memcmp(text, "hello", 5) == 0);
  EXPECT_OK(pedigree_decode(model, ids + 1, 5, 256, text, 8, &length));
  CHECK(length == 5);
  EXPECT_CODE(pedigree_decode(model, ids, 6, PEDIGREE_NO_TOKEN, text, 4,
                              &length),
              PEDIGREE_OUTPUT_BUFFER_EXCEEDED, "5 elements");
  CHECK(length == 5);
  EXPECT_OK(pedigree_decode(model, NULL, 0, PEDIGREE_NO_TOKEN, NULL, 0,
                            &length));
  CHECK(length == 0);
  const uint32_t past = 260;
  EXPECT_CODE(pedigree_decode(model, &past, 1, PEDIGREE_NO_TOKEN, text, 8,
                              &length),
              PEDIGREE_INVALID_LENGTH, "Token 260 is past vocab_size 260");
  EXPECT_CODE(pedigree_decode(model, ids, 1, past, text, 8, &length),
              PEDIGREE_INVALID_LENGTH, "Token 260");
  EXPECT_CODE(pedigree_decode(NULL, ids, 1, 256, text, 8, &length),
              PEDIGREE_NULL_POINTER, "model");
  EXPECT_CODE(pedigree_decode(model, NULL, 1, 256, text, 8, &length),
              PEDIGREE_NULL_POINTER, "ids");
  EXPECT_CODE(pedigree_decode(model, ids, 1, 256, NULL, 8, &length),
              PEDIGREE_NULL_POINTER, "out");
  EXPECT_CODE(pedigree_decode(model, ids, 1, 256, text, 8, NULL),
              PEDIGREE_NULL_POINTER, "count");
  pedigree_model_free(model);
}

static void test_sessions(void) {
  pedigree_model* model = open_model(2);
  pedigree_session* a = new_session(model);
  pedigree_session* b = new_session(model);
  pedigree_session* c = NULL;
  EXPECT_CODE(pedigree_session_new(model, &c), PEDIGREE_RESOURCE_LIMIT,
              "2 sessions already");
  EXPECT_CODE(pedigree_session_new(NULL, &c), PEDIGREE_NULL_POINTER, "model");
  EXPECT_CODE(pedigree_session_new(model, NULL), PEDIGREE_NULL_POINTER, "out");
  size_t length = 9;
  size_t capacity = 0;
  EXPECT_OK(pedigree_session_get_length(a, &length, &capacity));
  CHECK(length == 0 && capacity == 48);
  EXPECT_OK(pedigree_session_get_length(a, NULL, NULL));
  EXPECT_CODE(pedigree_session_get_length(NULL, &length, NULL),
              PEDIGREE_NULL_POINTER, "session");

  const float* logits = NULL;
  size_t count = 0;
  uint32_t id = 0;
  EXPECT_CODE(pedigree_session_get_logits(a, &logits, &count),
              PEDIGREE_INVALID_LENGTH, "no logits");
  EXPECT_CODE(pedigree_session_sample(a, &id), PEDIGREE_INVALID_LENGTH,
              "no logits");
  const uint32_t prompt[] = {256, 10, 20, 30};
  EXPECT_OK(pedigree_session_run(a, prompt, 3));
  EXPECT_OK(pedigree_session_run(a, prompt + 3, 1));
  EXPECT_OK(pedigree_session_run(a, NULL, 0));
  CHECK(length_of(a) == 4);
  float* whole = copy_logits(a, &count);
  CHECK(count == 260);
  EXPECT_CODE(pedigree_session_get_logits(NULL, &logits, &count),
              PEDIGREE_NULL_POINTER, "session");
  EXPECT_CODE(pedigree_session_get_logits(a, NULL, &count),
              PEDIGREE_NULL_POINTER, "logits");
  EXPECT_CODE(pedigree_session_get_logits(a, &logits, NULL),
              PEDIGREE_NULL_POINTER, "count");
  EXPECT_OK(pedigree_session_sample(a, &id));
  CHECK(id < 260);
  EXPECT_CODE(pedigree_session_sample(a, NULL), PEDIGREE_NULL_POINTER, "id");
  EXPECT_CODE(pedigree_session_sample(NULL, &id), PEDIGREE_NULL_POINTER,
              "session");

  /* Together is each by itself. */
  EXPECT_OK(pedigree_session_rewind(a, 3));
  EXPECT_OK(pedigree_session_run(b, prompt, 1));
  pedigree_session* both[] = {a, b};
  const uint32_t next[] = {30, 10};
  EXPECT_OK(pedigree_decode_together(both, next, 2));
  CHECK(same_logits(a, whole) && length_of(b) == 2);
  EXPECT_CODE(pedigree_decode_together(NULL, next, 2), PEDIGREE_NULL_POINTER,
              "sessions");
  EXPECT_CODE(pedigree_decode_together(both, NULL, 2), PEDIGREE_NULL_POINTER,
              "ids");
  EXPECT_CODE(pedigree_decode_together(both, next, 0), PEDIGREE_INVALID_LENGTH,
              "0 sessions");
  pedigree_session* twice[] = {a, a};
  EXPECT_CODE(pedigree_decode_together(twice, next, 2),
              PEDIGREE_INVALID_LENGTH, "twice");
  pedigree_session* hole[] = {a, NULL};
  EXPECT_CODE(pedigree_decode_together(hole, next, 2), PEDIGREE_NULL_POINTER,
              "sessions[i]");
  pedigree_model* other = open_model(1);
  pedigree_session* foreign[] = {a, new_session(other)};
  EXPECT_CODE(pedigree_decode_together(foreign, next, 2),
              PEDIGREE_INVALID_LENGTH, "another engine's");
  pedigree_session_free(foreign[1]);
  pedigree_model_free(other);
  CHECK(length_of(a) == 4);

  /* A shared start. */
  const uint32_t branch[] = {256, 10, 99, 98};
  size_t shared = 0;
  EXPECT_OK(pedigree_session_rewind_to_shared(a, branch, 4, &shared));
  CHECK(shared == 2 && length_of(a) == 2);
  EXPECT_OK(pedigree_session_run(a, branch + shared, 4 - shared));
  EXPECT_CODE(pedigree_session_rewind_to_shared(NULL, branch, 4, &shared),
              PEDIGREE_NULL_POINTER, "session");
  EXPECT_CODE(pedigree_session_rewind_to_shared(a, NULL, 4, &shared),
              PEDIGREE_NULL_POINTER, "ids");
  EXPECT_CODE(pedigree_session_rewind_to_shared(a, branch, 4, NULL),
              PEDIGREE_NULL_POINTER, "shared");
  EXPECT_CODE(pedigree_session_rewind(a, 5), PEDIGREE_INVALID_LENGTH,
              "Cannot rewind to 5");
  EXPECT_CODE(pedigree_session_rewind(NULL, 0), PEDIGREE_NULL_POINTER,
              "session");

  /* Tokens and lengths that can't be run leave the session alone. */
  const uint32_t past = 260;
  EXPECT_CODE(pedigree_session_run(a, &past, 1), PEDIGREE_INVALID_LENGTH,
              "Token 260");
  EXPECT_CODE(pedigree_session_run(a, NULL, 1), PEDIGREE_NULL_POINTER, "ids");
  EXPECT_CODE(pedigree_session_run(NULL, prompt, 1), PEDIGREE_NULL_POINTER,
              "session");
  uint32_t many[45] = {0};
  EXPECT_CODE(pedigree_session_run(a, many, 45), PEDIGREE_CONTEXT_EXCEEDED,
              "49 tokens exceeds its context of 48");
  CHECK(length_of(a) == 4);

  free(whole);
  /* The model's handle may go first. */
  pedigree_model_free(model);
  CHECK(length_of(a) == 4);
  EXPECT_OK(pedigree_session_run(a, prompt, 1));
  pedigree_session_free(a);
  pedigree_session_free(b);
  pedigree_session_free(NULL);
}

static void test_sampling(void) {
  pedigree_model* model = open_model(1);
  pedigree_session* session = new_session(model);
  pedigree_sampling sampling;
  EXPECT_OK(pedigree_sampling_init(&sampling));
  sampling.temperature = 2;
  sampling.top_k = 200;
  sampling.seed = 5;
  EXPECT_OK(pedigree_session_set_sampling(session, &sampling));
  const uint32_t prompt[] = {256, 10, 20, 30};
  EXPECT_OK(pedigree_session_run(session, prompt, 4));
  uint32_t first[8];
  uint32_t second[8];
  for (int i = 0; i < 8; ++i) {
    EXPECT_OK(pedigree_session_sample(session, &first[i]));
  }
  EXPECT_OK(pedigree_session_set_sampling(session, &sampling));
  for (int i = 0; i < 8; ++i) {
    EXPECT_OK(pedigree_session_sample(session, &second[i]));
  }
  CHECK(memcmp(first, second, sizeof(first)) == 0);
  int different = 0;
  for (int i = 1; i < 8; ++i) different |= first[i] != first[0];
  CHECK(different);
  sampling.top_p = 0;
  EXPECT_CODE(pedigree_session_set_sampling(session, &sampling),
              PEDIGREE_INVALID_LENGTH, "top_p");
  sampling.struct_size = 1;
  EXPECT_CODE(pedigree_session_set_sampling(session, &sampling),
              PEDIGREE_INVALID_LENGTH, "struct_size is 1");
  EXPECT_CODE(pedigree_session_set_sampling(session, NULL),
              PEDIGREE_NULL_POINTER, "sampling");
  EXPECT_CODE(pedigree_session_set_sampling(NULL, &sampling),
              PEDIGREE_NULL_POINTER, "session");
  pedigree_session_free(session);
  pedigree_model_free(model);
}

/* What a callback saw, and what it shall do. */
typedef struct stream {
  char text[256];
  size_t length;
  int calls;
  int stop_after;   /* calls, or 0 */
  int cancel_after; /* calls, or 0 */
  pedigree_session* session;
  pedigree_code inside; /* of a call from inside */
} stream;

static int on_text(void* user, const char* piece, size_t length) {
  stream* seen = user;
  if (seen->length + length <= sizeof(seen->text)) {
    memcpy(seen->text + seen->length, piece, length);
    seen->length += length;
  }
  ++seen->calls;
  if (seen->session != NULL) {
    seen->inside = pedigree_session_get_length(seen->session, NULL, NULL);
    if (seen->calls == seen->cancel_after) {
      EXPECT_OK(pedigree_session_cancel(seen->session));
    }
  }
  return seen->calls == seen->stop_after;
}

static void test_generate(void) {
  pedigree_model* model = open_model(1);
  pedigree_session* session = new_session(model);
  pedigree_generation generation;
  EXPECT_OK(pedigree_generation_init(&generation));
  stream seen;
  memset(&seen, 0, sizeof(seen));
  EXPECT_OK(pedigree_generate(session, "hello", 5, 12, on_text, &seen,
                              &generation));
  CHECK(generation.stop == PEDIGREE_STOP_TOKEN_LIMIT);
  CHECK(generation.prompt_tokens == 6 && generation.generated_tokens == 12);
  CHECK(generation.reused_tokens == 0 && seen.calls == 12);
  CHECK(generation.output_length == seen.length);
  CHECK(memcmp(generation.output, seen.text, seen.length) == 0);
  CHECK(generation.output[generation.output_length] == 0);
  const size_t length = seen.length;

  /* The same again: the prompt's start is kept. */
  EXPECT_OK(pedigree_generate(session, "hello", 5, 12, NULL, NULL,
                              &generation));
  CHECK(generation.reused_tokens == 5 && generation.output_length == length);
  CHECK(memcmp(generation.output, seen.text, length) == 0);
  EXPECT_OK(pedigree_generate(session, "hello", 5, 1, NULL, NULL, NULL));

  /* And step by step. */
  EXPECT_OK(pedigree_generation_begin(session, "hello", 5, 12));
  const char* piece = NULL;
  size_t piece_length = 0;
  size_t total = 0;
  while (1) {
    EXPECT_OK(pedigree_generation_next(session, &piece, &piece_length));
    if (piece == NULL) break;
    CHECK(memcmp(piece, seen.text + total, piece_length) == 0);
    total += piece_length;
  }
  CHECK(total == length && piece_length == 0);

  /* To the context's end; stopped by the callback. */
  EXPECT_OK(pedigree_generate(session, "hello", 5, 0, NULL, NULL,
                              &generation));
  CHECK(generation.stop == PEDIGREE_STOP_CONTEXT_END ||
        generation.stop == PEDIGREE_STOP_TOKEN);
  memset(&seen, 0, sizeof(seen));
  seen.stop_after = 3;
  EXPECT_OK(pedigree_generate(session, "hello", 5, 12, on_text, &seen,
                              &generation));
  CHECK(generation.stop == PEDIGREE_STOP_CANCELLED && seen.calls == 3);

  /* A callback may cancel, and nothing else. */
  memset(&seen, 0, sizeof(seen));
  seen.session = session;
  seen.cancel_after = 2;
  EXPECT_CODE(pedigree_generate(session, "hello", 5, 12, on_text, &seen, NULL),
              PEDIGREE_CANCELLED, "cancelled");
  CHECK(seen.calls == 2 && seen.inside == PEDIGREE_GENERATION_FAILED);
  EXPECT_OK(pedigree_generation_next(session, &piece, &piece_length));
  CHECK(piece == NULL);

  /* A prompt that is refused leaves the generation in progress alone. */
  EXPECT_OK(pedigree_generation_begin(session, "hello", 5, 2));
  char long_prompt[64];
  memset(long_prompt, 'a', sizeof(long_prompt));
  EXPECT_CODE(pedigree_generation_begin(session, long_prompt, 64, 2),
              PEDIGREE_CONTEXT_EXCEEDED, "65 tokens");
  EXPECT_CODE(pedigree_generate(session, "\xc0", 1, 2, NULL, NULL, NULL),
              PEDIGREE_INVALID_UTF8, "UTF-8");
  EXPECT_CODE(pedigree_generation_begin(session, "\xc0", 1, 2),
              PEDIGREE_INVALID_UTF8, "UTF-8");
  EXPECT_CODE(pedigree_generate(session, NULL, 1, 2, NULL, NULL, NULL),
              PEDIGREE_NULL_POINTER, "prompt");
  EXPECT_CODE(pedigree_generation_begin(session, NULL, 1, 2),
              PEDIGREE_NULL_POINTER, "prompt");
  EXPECT_CODE(pedigree_generate(NULL, "a", 1, 2, NULL, NULL, NULL),
              PEDIGREE_NULL_POINTER, "session");
  EXPECT_CODE(pedigree_generation_begin(NULL, "a", 1, 2),
              PEDIGREE_NULL_POINTER, "session");
  EXPECT_CODE(pedigree_generation_next(NULL, &piece, &piece_length),
              PEDIGREE_NULL_POINTER, "session");
  EXPECT_CODE(pedigree_generation_next(session, NULL, &piece_length),
              PEDIGREE_NULL_POINTER, "bytes");
  EXPECT_CODE(pedigree_generation_next(session, &piece, NULL),
              PEDIGREE_NULL_POINTER, "length");
  generation.struct_size = 2;
  EXPECT_CODE(pedigree_generate(session, "a", 1, 2, NULL, NULL, &generation),
              PEDIGREE_INVALID_LENGTH, "struct_size is 2");
  EXPECT_OK(pedigree_generation_next(session, &piece, &piece_length));
  CHECK(piece != NULL);
  pedigree_session_free(session);
  pedigree_model_free(model);

  /* Activations that leave the range of f32. */
  EXPECT_OK(pedigree_model_open(path_of("overflow.slm"), NULL, &model));
  session = new_session(model);
  EXPECT_CODE(pedigree_generate(session, "hello", 5, 12, NULL, NULL, NULL),
              PEDIGREE_GENERATION_FAILED, "not finite");
  const uint32_t ids[] = {1};
  EXPECT_CODE(pedigree_session_run(session, ids, 1),
              PEDIGREE_GENERATION_FAILED, "not finite");
  pedigree_session_free(session);
  pedigree_model_free(model);
}

static void* cancel_soon(void* session) {
  /* No matter when it comes: it ends a generation that goes on or the next. */
  EXPECT_OK(pedigree_session_cancel(session));
  return NULL;
}

static void* generate_some(void* session) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(pedigree_generate(session, "hello", 5, 8, NULL, NULL, NULL));
  }
  return NULL;
}

static void test_threads(void) {
  pedigree_model* model = open_model(3);
  pedigree_session* session = new_session(model);
  EXPECT_CODE(pedigree_session_cancel(NULL), PEDIGREE_NULL_POINTER, "session");
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, cancel_soon, session) == 0);
  pedigree_code code = PEDIGREE_OK;
  for (int i = 0; i < 1000000 && code == PEDIGREE_OK; ++i) {
    code = pedigree_generate(session, "hello", 5, 8, NULL, NULL, NULL);
  }
  CHECK(code == PEDIGREE_CANCELLED);
  pthread_join(thread, NULL);

  /* Sessions of one model on threads of their own. */
  pedigree_session* others[] = {new_session(model), new_session(model)};
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i) {
    CHECK(pthread_create(&threads[i], NULL, generate_some, others[i]) == 0);
  }
  generate_some(session);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < 2; ++i) pedigree_session_free(others[i]);
  pedigree_session_free(session);
  pedigree_model_free(model);
}

static void test_adapters(void) {
  pedigree_model* model = open_model(1);
  pedigree_session* session = new_session(model);
  const uint32_t prompt[] = {256, 10};
  EXPECT_OK(pedigree_session_run(session, prompt, 2));
  size_t count = 0;
  float* base = copy_logits(session, &count);
  const bytes adapter = read_file(path_of("model.adp1"));
  EXPECT_OK(pedigree_adapter_validate(model, adapter.data, adapter.length));
  CHECK(length_of(session) == 2);
  EXPECT_OK(pedigree_adapter_apply(model, adapter.data, adapter.length));
  CHECK(length_of(session) == 0);
  EXPECT_OK(pedigree_session_run(session, prompt, 2));
  CHECK(!same_logits(session, base));
  pedigree_model_info info;
  EXPECT_OK(pedigree_model_info_init(&info));
  EXPECT_OK(pedigree_model_get_info(model, &info));
  CHECK(info.adapter_count == 1);

  /* None of these changes anything. */
  EXPECT_CODE(pedigree_adapter_apply(model, adapter.data, adapter.length),
              PEDIGREE_INVALID_ADAPTER, "applied already");
  EXPECT_CODE(pedigree_adapter_validate(model, adapter.data, adapter.length),
              PEDIGREE_INVALID_ADAPTER, "applied already");
  EXPECT_CODE(pedigree_adapter_apply(model, "ADP1", 4),
              PEDIGREE_INVALID_ADAPTER, "Invalid adapter");
  EXPECT_CODE(pedigree_adapter_apply(model, NULL, 0),
              PEDIGREE_INVALID_ADAPTER, "Invalid adapter");
  const bytes other = read_file(path_of("other.adp1"));
  EXPECT_CODE(pedigree_adapter_apply(model, other.data, other.length),
              PEDIGREE_ADAPTER_IDENTITY_MISMATCH, "sha256:");
  const bytes huge = read_file(path_of("overflow.asp1"));
  const bytes more = read_file(path_of("overflow_more.asp1"));
  ((char*)huge.data)[huge.length - 1] ^= 1;
  EXPECT_CODE(pedigree_adapter_apply(model, huge.data, huge.length),
              PEDIGREE_INVALID_ADAPTER, "padding");
  ((char*)huge.data)[huge.length - 1] ^= 1;
  ((char*)huge.data)[104] ^= 1;
  EXPECT_CODE(pedigree_adapter_apply(model, huge.data, huge.length),
              PEDIGREE_CHECKSUM_MISMATCH, "checksum");
  ((char*)huge.data)[104] ^= 1;
  CHECK(length_of(session) == 2);

  /* At an address of any alignment. */
  char* odd = malloc(huge.length + 1);
  if (odd == NULL) exit(1);
  memcpy(odd + 1, huge.data, huge.length);
  EXPECT_OK(pedigree_adapter_apply(model, odd + 1, huge.length));
  EXPECT_CODE(pedigree_adapter_apply(model, more.data, more.length),
              PEDIGREE_ADAPTER_PAYLOAD_INVALID, "is inf");
  EXPECT_OK(pedigree_adapter_reset(model));
  EXPECT_OK(pedigree_session_run(session, prompt, 2));
  CHECK(same_logits(session, base));

  EXPECT_CODE(pedigree_adapter_validate(NULL, adapter.data, adapter.length),
              PEDIGREE_NULL_POINTER, "model");
  EXPECT_CODE(pedigree_adapter_validate(model, NULL, 1),
              PEDIGREE_NULL_POINTER, "bytes");
  EXPECT_CODE(pedigree_adapter_apply(NULL, adapter.data, adapter.length),
              PEDIGREE_NULL_POINTER, "model");
  EXPECT_CODE(pedigree_adapter_apply(model, NULL, 1), PEDIGREE_NULL_POINTER,
              "bytes");
  EXPECT_CODE(pedigree_adapter_reset(NULL), PEDIGREE_NULL_POINTER, "model");
  free(base);
  free(odd);
  free(adapter.data);
  free(other.data);
  free(huge.data);
  free(more.data);
  pedigree_session_free(session);
  pedigree_model_free(model);
}

int main(void) {
  test_names_and_inits();
  test_preflight();
  test_refused_models();
  test_options();
  test_tokens_and_texts();
  test_sessions();
  test_sampling();
  test_generate();
  test_threads();
  test_adapters();
  if (failures > 0) fprintf(stderr, "%d failures\n", failures);
  return failures > 0;
}
