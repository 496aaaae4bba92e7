#include "release/rederive/subprocess.h"

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "absl/status/status.h"

namespace pedigree {
namespace {

constexpr int kCannotStart = 127;
constexpr int kKilled = 128;

// Ignores interrupts as long as it lives.
class InterruptsIgnored {
 public:
  InterruptsIgnored()
      : interrupt_(std::signal(SIGINT, SIG_IGN)),
        terminate_(std::signal(SIGTERM, SIG_IGN)) {}
  ~InterruptsIgnored() { Restore(); }

  // Async-signal-safe, for the child.
  void Restore() const {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
  }

 private:
  void (*interrupt_)(int);
  void (*terminate_)(int);
};

// In the child; must not allocate.
bool Redirect(const char* path, int fd) {
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  return file >= 0 && dup2(file, fd) == fd && (file == fd || close(file) == 0);
}

[[noreturn]] void BecomeProgram(const Subprocess& subprocess,
                                char* const* arguments) {
  const int input = open("/dev/null", O_RDONLY);
  if (input >= 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO &&
      Redirect(subprocess.stdout_path.c_str(), STDOUT_FILENO) &&
      Redirect(subprocess.stderr_path.c_str(), STDERR_FILENO) &&
      chdir(subprocess.working_directory.c_str()) == 0) {
    execvp(arguments[0], arguments);
  }
  _exit(kCannotStart);
}

int ExitCode(int status) {
  return WIFSIGNALED(status) ? kKilled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

absl::StatusOr<int> RunSubprocess(const Subprocess& subprocess) {
  std::vector<char*> arguments;
  for (const std::string& argument : subprocess.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const InterruptsIgnored ignored;
  const pid_t child = fork();
  if (child < 0) {
    return absl::ErrnoToStatus(errno, "Cannot start a process");
  }
  if (child == 0) {
    ignored.Restore();
    BecomeProgram(subprocess, arguments.data());
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "Cannot wait for a process");
    }
  }
  return ExitCode(status);
}

}  // namespace pedigree
