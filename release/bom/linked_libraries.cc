#include "release/bom/linked_libraries.h"

#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "release/layer.h"

namespace pedigree {
namespace {

using release::LinkedLibrary;

bool IsSafeName(std::string_view name) {
  return IsSafeFilePath(name) && !absl::StrContains(name, '/');
}

class Checker {
 public:
  explicit Checker(const PacketContents& contents) : contents_(contents) {
    for (const release::ToolchainPin& pin : contents.toolchain_pins) {
      pins_.insert(pin.name());
    }
    for (const RuntimeBlob& runtime : contents.runtimes) {
      targets_.insert(runtime.target);
    }
    for (const HashedBlob& notice : contents.notices) {
      texts_.insert(notice.digest.ToString());
    }
    for (const LicenseBlob& license : contents.licenses) {
      texts_.insert(license.blob.digest.ToString());
    }
  }

  std::vector<std::string> Check() {
    const LinkedLibrary* previous = nullptr;
    for (const LinkedLibrary& library : contents_.linked_libraries) {
      CheckLibrary(library);
      if (previous != nullptr &&
          std::tie(previous->name(), previous->pin()) >=
              std::tie(library.name(), library.pin())) {
        Fault(library, absl::StrCat("comes after ", previous->name(),
                                    " (expected ascending names and pins)"));
      }
      previous = &library;
    }
    CheckNoticesBelong();
    return std::move(faults_);
  }

 private:
  void Fault(const LinkedLibrary& library, std::string_view what) {
    faults_.push_back(absl::StrCat("Invalid linked library ", library.name(),
                                   ": ", what));
  }

  void CheckLibrary(const LinkedLibrary& library) {
    if (!IsSafeName(library.name())) Fault(library, "unsafe name");
    if (library.license().empty()) Fault(library, "license is empty");
    CheckPin(library);
    CheckTargets(library);
    if (library.notices().empty()) Fault(library, "it has no notice");
    for (const release::License& notice : library.notices()) {
      CheckNotice(library, notice);
    }
  }

  // Only this project's own code is not pinned.
  void CheckPin(const LinkedLibrary& library) {
    if (library.pin().empty()) {
      if (library.name() != "pedigree") Fault(library, "pin is empty");
      return;
    }
    if (pins_.count(library.pin()) == 0) {
      Fault(library, absl::StrCat("no toolchain pin is named \"",
                                  library.pin(), "\""));
    }
    if (library.version().empty()) Fault(library, "version is empty");
  }

  void CheckTargets(const LinkedLibrary& library) {
    if (library.targets().empty()) Fault(library, "it is in no runtime");
    std::string previous;
    for (const std::string& target : library.targets()) {
      if (targets_.count(target) == 0) {
        Fault(library, absl::StrCat("the packet has no runtime for \"", target,
                                    "\""));
      }
      if (target <= previous) {
        Fault(library, absl::StrCat("target ", target, " comes after ",
                                    previous, " (expected ascending)"));
      }
      previous = target;
    }
  }

  void CheckNotice(const LinkedLibrary& library,
                   const release::License& notice) {
    named_.insert(notice.digest());
    if (!IsSafeName(notice.name())) Fault(library, "unsafe name of a notice");
    if (texts_.count(notice.digest()) == 0) {
      Fault(library, absl::StrCat("its notice ", notice.name(), " (",
                                  notice.digest(), ") is not in the packet"));
    }
  }

  void CheckNoticesBelong() {
    for (const HashedBlob& notice : contents_.notices) {
      const std::string digest = notice.digest.ToString();
      if (named_.count(digest) == 0) {
        faults_.push_back(absl::StrCat("Invalid packet: notice ", digest,
                                       " belongs to no linked library"));
      }
    }
  }

  const PacketContents& contents_;
  std::set<std::string> pins_;
  std::set<std::string> targets_;
  // Digests of the licence texts and notices in the packet.
  std::set<std::string> texts_;
  // Digests of notices that a library names.
  std::set<std::string> named_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckLinkedLibraries(const PacketContents& contents) {
  return Checker(contents).Check();
}

}  // namespace pedigree
