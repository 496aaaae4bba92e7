#include "packager/file_digest.h"

#include <pthread.h>

#include <cstddef>
#include <mutex>
#include <utility>

#include "runtime/base/bytes.h"

namespace pedigree {

Digest DigestOf(const MappedFile& file) {
  constexpr size_t kPieceBytes = size_t{8} << 20;
  Sha256Stream stream;
  const ByteSpan bytes = file.bytes();
  for (size_t begin = 0; begin < bytes.size(); begin += kPieceBytes) {
    const ByteSpan piece = bytes.subspan(begin, kPieceBytes);
    stream.Update(piece);
    file.Release(piece);
  }
  return stream.Finish();
}

// Hashes on a thread, or when asked where the system gives none.
class LazyDigest::Work {
 public:
  explicit Work(const MappedFile& file) : file_(file) {
    started_ = pthread_create(&thread_, nullptr, &Work::Run, this) == 0;
  }
  ~Work() { Get(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  const Digest& Get() {
    std::call_once(joined_, [this] {
      if (started_) {
        pthread_join(thread_, nullptr);
      } else {
        digest_ = DigestOf(file_);
      }
    });
    return digest_;
  }

 private:
  static void* Run(void* self) {
    Work* const work = static_cast<Work*>(self);
    work->digest_ = DigestOf(work->file_);
    return nullptr;
  }

  const MappedFile& file_;
  Digest digest_;
  pthread_t thread_;
  bool started_ = false;
  std::once_flag joined_;
};

LazyDigest::LazyDigest(const Digest& digest) : digest_(digest) {}

LazyDigest::LazyDigest(std::shared_ptr<Work> work) : work_(std::move(work)) {}

LazyDigest LazyDigest::Start(const MappedFile& file) {
  // A small file is hashed before a thread would have started.
  constexpr size_t kLargeBytes = size_t{1} << 20;
  if (file.bytes().size() < kLargeBytes) return LazyDigest(DigestOf(file));
  return LazyDigest(std::make_shared<Work>(file));
}

const Digest& LazyDigest::Get() const {
  return work_ == nullptr ? digest_ : work_->Get();
}

}  // namespace pedigree
