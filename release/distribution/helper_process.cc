#include "release/distribution/helper_process.h"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { Close(); }

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// `input` as a file in memory: no program can block on it or break a pipe.
absl::StatusOr<Fd> InputFile(std::string_view input) {
  Fd file(memfd_create("input", MFD_CLOEXEC));
  if (file.get() < 0 ||
      write(file.get(), input.data(), input.size()) !=
          static_cast<ssize_t>(input.size()) ||
      lseek(file.get(), 0, SEEK_SET) != 0) {
    return absl::ErrnoToStatus(errno, "Cannot hand over input");
  }
  return file;
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& arguments, int input,
                            int output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return absl::ErrnoToStatus(error, absl::StrCat("Cannot run ", arguments[0]));
}

// Reads until the other end closes, the limit or the deadline.
absl::Status ReadOutput(const std::string& program, int fd, uint64_t max_bytes,
                        absl::Time deadline, std::string& output) {
  while (true) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    struct pollfd wait = {fd, POLLIN, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) == 0) {
      return absl::DeadlineExceededError(
          absl::StrCat(program, " did not end in time"));
    }
    char buffer[4096];
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, program);
    if (count == 0) return absl::OkStatus();
    output.append(buffer, static_cast<size_t>(count));
    if (output.size() > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          program, " printed more than ", max_bytes, " bytes"));
    }
  }
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

absl::StatusOr<HelperResult> RunHelper(
    const std::vector<std::string>& arguments, std::string_view input,
    uint64_t max_output_bytes, int timeout_seconds) {
  PEDIGREE_ASSIGN_OR_RETURN(const Fd input_file, InputFile(input));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "Cannot make a pipe");
  }
  const Fd from(ends[0]);
  Fd to(ends[1]);
  PEDIGREE_ASSIGN_OR_RETURN(const pid_t pid,
                            Spawn(arguments, input_file.get(), to.get()));
  to.Close();
  HelperResult result;
  const absl::Status status =
      ReadOutput(arguments[0], from.get(), max_output_bytes,
                 absl::Now() + absl::Seconds(timeout_seconds), result.output);
  if (!status.ok()) kill(pid, SIGKILL);
  result.exit_code = WaitFor(pid);
  if (!status.ok()) return status;
  return result;
}

}  // namespace pedigree
