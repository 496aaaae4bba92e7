/* The engine inside a C program: embed_c MODEL.slm [ADAPTER]. What embed.cc does,
 * by the C interface. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/c_api/pedigree.h"

/* Ends the program when a call has failed. */
static void check(pedigree_code code) {
  if (code == PEDIGREE_OK) return;
  fprintf(stderr, "embed_c: %s: %s\n", pedigree_code_name(code),
          pedigree_last_error());
  exit(2);
}

static int print(void* user, const char* bytes, size_t length) {
  fwrite(bytes, 1, length, user);
  return 0; /* anything else would end it */
}

static void generate(pedigree_session* session, const char* prompt) {
  static const char* const reasons[] = {
      "",           "stop-token",   "token-limit",
      "context-end", "output-limit", "cancelled"};
  pedigree_generation generation;
  check(pedigree_generation_init(&generation));
  fputs(prompt, stdout);
  check(pedigree_generate(session, prompt, strlen(prompt), 8, print, stdout,
                          &generation));
  printf(" (%s)\n", reasons[generation.stop]);
}

enum { kMaxTokens = 64 };

/* A session's prompt and what came behind it. */
typedef struct sequence {
  uint32_t tokens[kMaxTokens];
  size_t count;
} sequence;

static void decode_together(pedigree_model* model,
                            pedigree_session* const* sessions) {
  const char* const prompts[] = {"ab", "abcd"};
  sequence sequences[2];
  uint32_t next[2];
  for (int i = 0; i < 2; ++i) {
    sequence* s = &sequences[i];
    size_t shared = 0;
    check(pedigree_encode(model, prompts[i], strlen(prompts[i]), s->tokens,
                          kMaxTokens, &s->count));
    /* What the session has run of them already is kept. */
    check(pedigree_session_rewind_to_shared(sessions[i], s->tokens, s->count,
                                            &shared));
    check(pedigree_session_run(sessions[i], s->tokens + shared,
                               s->count - shared));
    check(pedigree_session_sample(sessions[i], &next[i]));
  }
  for (int step = 0; step < 3; ++step) {
    check(pedigree_decode_together(sessions, next, 2));
    for (int i = 0; i < 2; ++i) {
      sequences[i].tokens[sequences[i].count++] = next[i];
      check(pedigree_session_sample(sessions[i], &next[i]));
    }
  }
  for (int i = 0; i < 2; ++i) {
    char text[256];
    size_t length = 0;
    check(pedigree_decode(model, sequences[i].tokens, sequences[i].count,
                          PEDIGREE_NO_TOKEN, text, sizeof(text), &length));
    printf("together: %.*s\n", (int)length, text);
  }
}

/* Applies an adapter's file. */
static void apply(pedigree_model* model, const char* path) {
  static char bytes[1 << 20];
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "embed_c: cannot open %s\n", path);
    exit(2);
  }
  const size_t length = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  check(pedigree_adapter_apply(model, bytes, length));
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: embed_c MODEL.slm [ADAPTER]\n");
    return 2;
  }
  pedigree_options options;
  check(pedigree_options_init(&options));
  options.threads = 2;
  options.sequences = 2;
  pedigree_memory planned;
  check(pedigree_memory_init(&planned));
  check(pedigree_preflight_file(argv[1], &options, &planned));

  pedigree_model* model = NULL;
  pedigree_session* sessions[2] = {NULL, NULL};
  check(pedigree_model_open(argv[1], &options, &model));
  for (int i = 0; i < 2; ++i) check(pedigree_session_new(model, &sessions[i]));
  pedigree_memory memory;
  check(pedigree_memory_init(&memory));
  check(pedigree_model_get_memory(model, &memory));
  printf("preflight: %s\n",
         memory.total_bytes == planned.total_bytes ? "as it was" : "wrong");

  generate(sessions[0], "abc");
  decode_together(model, sessions);
  if (argc == 3) {
    apply(model, argv[2]);
    generate(sessions[0], "1");
    check(pedigree_adapter_reset(model));
    generate(sessions[0], "x");
  }
  for (int i = 0; i < 2; ++i) pedigree_session_free(sessions[i]);
  pedigree_model_free(model);
  return 0;
}
