#include "evaluator/mcnemar.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/evaluation/statistics.h"

namespace pedigree {
namespace {

constexpr uint32_t kMillion = 1000000;

// An unsigned integer of any size, least significant word first, without
// leading zero words.
class BigInt {
 public:
  explicit BigInt(uint32_t value) {
    if (value != 0) words_.push_back(value);
  }

  // 2^exponent.
  static BigInt PowerOfTwo(uint32_t exponent) {
    BigInt power(0);
    power.words_.assign(exponent / 32 + 1, 0);
    power.words_.back() = uint32_t{1} << (exponent % 32);
    return power;
  }

  void Add(const BigInt& other) {
    words_.resize(std::max(words_.size(), other.words_.size()));
    uint64_t carry = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      carry += words_[i];
      if (i < other.words_.size()) carry += other.words_[i];
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
  }

  // `other` must not be greater.
  void Subtract(const BigInt& other) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      const uint64_t right =
          (i < other.words_.size() ? other.words_[i] : 0) + borrow;
      borrow = words_[i] < right ? 1 : 0;
      words_[i] = static_cast<uint32_t>(words_[i] - right);
    }
    Trim();
  }

  void Multiply(uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t& word : words_) {
      carry += uint64_t{word} * factor;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
    Trim();
  }

  // Drops the remainder.
  void Divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = words_.size(); i-- > 0;) {
      rest = rest << 32 | words_[i];
      words_[i] = static_cast<uint32_t>(rest / divisor);
      rest %= divisor;
    }
    Trim();
  }

  // Negative, zero or positive as this is less than, equal to or greater than
  // `other`.
  int Compare(const BigInt& other) const {
    if (words_.size() != other.words_.size()) {
      return words_.size() < other.words_.size() ? -1 : 1;
    }
    for (size_t i = words_.size(); i-- > 0;) {
      if (words_[i] != other.words_[i]) {
        return words_[i] < other.words_[i] ? -1 : 1;
      }
    }
    return 0;
  }

 private:
  void Trim() {
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }

  std::vector<uint32_t> words_;
};

// The number of ways to throw at most `most` heads in `throws`.
BigInt WaysOfAtMost(uint32_t most, uint32_t throws) {
  BigInt term(1);
  BigInt sum(1);
  for (uint32_t heads = 1; heads <= most; ++heads) {
    term.Multiply(throws - heads + 1);
    term.Divide(heads);
    sum.Add(term);
  }
  return sum;
}

// The number of ways to throw `least` heads or more.
BigInt WaysOfAtLeast(uint32_t least, uint32_t throws) {
  if (least == 0) return BigInt::PowerOfTwo(throws);
  if (least > throws - least) return WaysOfAtMost(throws - least, throws);
  BigInt ways = BigInt::PowerOfTwo(throws);
  ways.Subtract(WaysOfAtMost(least - 1, throws));
  return ways;
}

// ways / 2^throws in millionths, rounded half to even. Finds the number of half
// millionths in it bit by bit, since BigInt cannot divide by a BigInt.
uint32_t RoundToMillionths(BigInt ways, uint32_t throws) {
  ways.Multiply(2 * kMillion);
  uint32_t halves = 0;
  for (uint32_t step = uint32_t{1} << 21; step != 0; step /= 2) {
    BigInt tried = BigInt::PowerOfTwo(throws);
    tried.Multiply(halves + step);
    if (tried.Compare(ways) <= 0) halves += step;
  }
  BigInt exact = BigInt::PowerOfTwo(throws);
  exact.Multiply(halves);
  const bool tie = exact.Compare(ways) == 0;
  const uint32_t millionths = halves / 2;
  const bool up = halves % 2 == 1 && (!tie || millionths % 2 == 1);
  return millionths + (up ? 1 : 0);
}

}  // namespace

PValue McNemarPValue(uint32_t lost, uint32_t gained,
                     uint32_t limit_millionths) {
  const uint32_t throws = lost + gained;
  PEDIGREE_CHECK(throws < uint32_t{1} << 17 && limit_millionths <= kMillion);
  const BigInt ways = WaysOfAtLeast(lost, throws);
  BigInt scaled = ways;
  scaled.Multiply(kMillion);
  BigInt limit = BigInt::PowerOfTwo(throws);
  limit.Multiply(limit_millionths);
  return {FormatMillionths(RoundToMillionths(ways, throws)),
          scaled.Compare(limit) <= 0};
}

}  // namespace pedigree
