#include "release/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "runtime/base/status_macros.h"

extern char** environ;

namespace pedigree {
namespace {

// A file descriptor that is closed in the end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

std::string Failure(const std::string& program, std::string_view why) {
  return absl::StrCat("Program ", program, " failed: ", why);
}

absl::Status SystemFailure(const std::string& program, int error) {
  return absl::Status(absl::ErrnoToStatusCode(error),
                      Failure(program, std::strerror(error)));
}

// "2s" or "1500ms"; absl::FormatDuration needs a function of libm.
std::string DurationText(absl::Duration duration) {
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  if (milliseconds % 1000 != 0) return absl::StrCat(milliseconds, "ms");
  return absl::StrCat(milliseconds / 1000, "s");
}

// Two connected ends, not inherited by other programs. A socket, since writing
// to one whose other end is gone can be an error instead of a signal.
bool Connect(Descriptor& ours, Descriptor& theirs) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return false;
  }
  ours = Descriptor(ends[0]);
  theirs = Descriptor(ends[1]);
  return true;
}

// A started program. Killed, with what it started, unless Wait saw it end.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  absl::Status Start(const std::vector<std::string>& arguments, int input,
                     int output) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error = posix_spawnp(&pid_, argv[0], &actions, &attributes,
                                   argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error == 0) return absl::OkStatus();
    pid_ = -1;
    return absl::Status(
        absl::ErrnoToStatusCode(error),
        Failure(arguments[0],
                absl::StrCat("cannot be run: ", std::strerror(error))));
  }

  // The wait status, once it has ended; -1 before.
  int Poll() {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return -1;
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

// Moves bytes both ways until the program closes its output.
class Exchange {
 public:
  Exchange(const std::vector<std::string>& arguments, std::string_view input,
           const HelperLimits& limits)
      : arguments_(arguments),
        input_(input),
        limits_(limits),
        deadline_(absl::Now() + limits.time) {}

  absl::StatusOr<HelperResult> Run() {
    Descriptor their_input, their_output;
    if (!Connect(to_, their_input) || !Connect(from_, their_output)) {
      return SystemFailure(arguments_[0], errno);
    }
    fcntl(to_.get(), F_SETFL, O_NONBLOCK);
    Program program;
    PEDIGREE_RETURN_IF_ERROR(
        program.Start(arguments_, their_input.get(), their_output.get()));
    their_input.Close();
    their_output.Close();
    while (from_.get() >= 0) PEDIGREE_RETURN_IF_ERROR(Step());
    PEDIGREE_RETURN_IF_ERROR(AwaitEnd(program));
    return std::move(result_);
  }

 private:
  absl::Status Late() const {
    return absl::DeadlineExceededError(Failure(
        arguments_[0],
        absl::StrCat("still running after ", DurationText(limits_.time))));
  }

  int MillisecondsLeft() const {
    const int64_t left = absl::ToInt64Milliseconds(deadline_ - absl::Now());
    return static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30));
  }

  absl::Status Step() {
    if (input_.empty()) to_.Close();
    pollfd fds[] = {{from_.get(), POLLIN, 0}, {to_.get(), POLLOUT, 0}};
    const int left = MillisecondsLeft();
    if (left == 0) return Late();
    if (poll(fds, 2, left) < 0) {
      if (errno == EINTR) return absl::OkStatus();
      return SystemFailure(arguments_[0], errno);
    }
    if (fds[1].revents != 0) Write();
    if (fds[0].revents != 0) return Read();
    return absl::OkStatus();
  }

  // A program need not read its input.
  void Write() {
    const ssize_t size =
        send(to_.get(), input_.data(), input_.size(), MSG_NOSIGNAL);
    if (size > 0) return input_.remove_prefix(static_cast<size_t>(size));
    if (errno != EAGAIN && errno != EINTR) to_.Close();
  }

  absl::Status Read() {
    char buffer[4096];
    const ssize_t size = read(from_.get(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) return absl::OkStatus();
    if (size <= 0) {
      from_.Close();
      to_.Close();
      return absl::OkStatus();
    }
    result_.output.append(buffer, static_cast<size_t>(size));
    if (result_.output.size() <= limits_.output_bytes) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        Failure(arguments_[0], absl::StrCat("wrote more than ",
                                            limits_.output_bytes, " bytes")));
  }

  // A program that has closed its output is about to end.
  absl::Status AwaitEnd(Program& program) {
    int status = program.Poll();
    while (status == -1) {
      if (MillisecondsLeft() == 0) return Late();
      poll(nullptr, 0, 1);
      status = program.Poll();
    }
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    result_.exit_code =
        WIFSIGNALED(status) ? 128 + result_.signal : WEXITSTATUS(status);
    return absl::OkStatus();
  }

  const std::vector<std::string>& arguments_;
  std::string_view input_;
  const HelperLimits& limits_;
  const absl::Time deadline_;
  Descriptor to_;
  Descriptor from_;
  HelperResult result_;
};

}  // namespace

absl::StatusOr<HelperResult> RunHelper(
    const std::vector<std::string>& arguments, std::string_view input,
    const HelperLimits& limits) {
  return Exchange(arguments, input, limits).Run();
}

}  // namespace pedigree
