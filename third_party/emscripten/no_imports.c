// What a module would import from its host, defined inside the module.
//
// A Pedigree module runs with an empty imports object: it computes, and has no
// files, clock, entropy, arguments or environment. The system libraries still
// refer to WASI functions where a program could print or exit. Each of them is
// defined here, so that it is an ordinary function and no import:
//
//   output               accepted and dropped, so a warning harms nothing
//   files                EBADF, there are none
//   arguments, variables there are none
//   clock                stands still at zero: no result can depend on time
//   exit                 trap: the host owns the process
//   JavaScript in C++    not run, gives 0; Abseil asks it for stack traces
//
// What is not defined here stays an import and the build refuses the module.
// The linker drops the functions that a module does not reach.

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef long long int64_t;
typedef uint16_t wasi_errno_t;

enum { kSuccess = 0, kBadf = 8 };

typedef struct {
  const uint8_t* buf;
  uint32_t buf_len;
} wasi_ciovec_t;

typedef struct {
  uint8_t* buf;
  uint32_t buf_len;
} wasi_iovec_t;

// Runs the static constructors, once however often it is called: hosts call it
// after instantiation, and an export that must work without may call it too.
void __wasm_call_ctors(void);
__attribute__((export_name("_initialize"))) void _initialize(void) {
  static uint8_t initialized;
  if (initialized) return;
  initialized = 1;
  __wasm_call_ctors();
}

static wasi_errno_t Drop(const wasi_ciovec_t* iovs, uint32_t iovs_len,
                         uint32_t* nwritten) {
  uint32_t size = 0;
  for (uint32_t i = 0; i < iovs_len; ++i) size += iovs[i].buf_len;
  *nwritten = size;
  return kSuccess;
}

wasi_errno_t __wasi_fd_write(uint32_t fd, const wasi_ciovec_t* iovs,
                             uint32_t iovs_len, uint32_t* nwritten) {
  return fd == 1 || fd == 2 ? Drop(iovs, iovs_len, nwritten) : kBadf;
}

wasi_errno_t imported__wasi_fd_write(uint32_t fd, const wasi_ciovec_t* iovs,
                                     uint32_t iovs_len, uint32_t* nwritten) {
  return __wasi_fd_write(fd, iovs, iovs_len, nwritten);
}

wasi_errno_t __wasi_fd_pwrite(uint32_t fd, const wasi_ciovec_t* iovs,
                              uint32_t iovs_len, uint64_t offset,
                              uint32_t* nwritten) {
  return kBadf;
}

wasi_errno_t __wasi_fd_read(uint32_t fd, const wasi_iovec_t* iovs,
                            uint32_t iovs_len, uint32_t* nread) {
  return kBadf;
}

wasi_errno_t imported__wasi_fd_read(uint32_t fd, const wasi_iovec_t* iovs,
                                    uint32_t iovs_len, uint32_t* nread) {
  return kBadf;
}

wasi_errno_t __wasi_fd_pread(uint32_t fd, const wasi_iovec_t* iovs,
                             uint32_t iovs_len, uint64_t offset,
                             uint32_t* nread) {
  return kBadf;
}

wasi_errno_t __wasi_fd_close(uint32_t fd) { return kBadf; }

wasi_errno_t __wasi_fd_sync(uint32_t fd) { return kBadf; }

wasi_errno_t __wasi_fd_seek(uint32_t fd, int64_t offset, uint8_t whence,
                            uint64_t* newoffset) {
  return kBadf;
}

wasi_errno_t __wasi_fd_fdstat_get(uint32_t fd, void* stat) { return kBadf; }

static wasi_errno_t None(uint32_t* count, uint32_t* size) {
  *count = 0;
  *size = 0;
  return kSuccess;
}

wasi_errno_t __wasi_args_sizes_get(uint32_t* argc, uint32_t* size) {
  return None(argc, size);
}

wasi_errno_t __wasi_args_get(uint8_t** argv, uint8_t* buf) { return kSuccess; }

wasi_errno_t __wasi_environ_sizes_get(uint32_t* count, uint32_t* size) {
  return None(count, size);
}

wasi_errno_t __wasi_environ_get(uint8_t** environ, uint8_t* buf) {
  return kSuccess;
}

wasi_errno_t __wasi_clock_res_get(uint32_t id, uint64_t* resolution) {
  *resolution = 1;
  return kSuccess;
}

wasi_errno_t __wasi_clock_time_get(uint32_t id, uint64_t precision,
                                   uint64_t* time) {
  *time = 0;
  return kSuccess;
}

int emscripten_asm_const_int(const char* code, const char* signature, ...) {
  return 0;
}

_Bool HaveOffsetConverter(void) { return 0; }

_Noreturn void __wasi_proc_exit(uint32_t code) { __builtin_trap(); }
