#include "packager/siblings.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "packager/operators.h"
#include "packager/receipt.h"
#include "packager/records.pb.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// What one receipt says: `output` is `input`, quantized.
struct Link {
  Digest receipt;
  Digest input;
  Digest output;
};

// The receipts on the way to each model.
using Ways = std::map<Digest, std::vector<Digest>>;

absl::Status ReceiptError(std::string_view field, std::string_view found,
                          std::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid receipt: ", field, " is \"", found,
                   "\" (expected \"", expected, "\")"));
}

absl::StatusOr<Link> ReadLink(std::string_view text) {
  PEDIGREE_ASSIGN_OR_RETURN(const packager::Receipt receipt,
                            ParseReceipt(text));
  if (receipt.operator_() != "quantize") {
    return ReceiptError("operator", receipt.operator_(), "quantize");
  }
  const std::string config_digest = ConfigDigest(receipt.config()).ToString();
  if (receipt.config_digest() != config_digest) {
    return ReceiptError("config_digest", receipt.config_digest(),
                        config_digest);
  }
  if (receipt.inputs_size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid receipt: ", receipt.inputs_size(), " inputs (expected 1)"));
  }
  for (const packager::FileReference* reference :
       {&receipt.inputs(0), &receipt.output()}) {
    if (reference->role() == "model") continue;
    return ReceiptError("role", reference->role(), "model");
  }
  Link link;
  link.receipt = Sha256(text);
  PEDIGREE_ASSIGN_OR_RETURN(link.input,
                            ParseDigest(receipt.inputs(0).digest()));
  PEDIGREE_ASSIGN_OR_RETURN(link.output,
                            ParseDigest(receipt.output().digest()));
  return link;
}

// Adds the models that links lead to, from one end to the other, from those
// that are reached.
void Follow(const std::vector<Link>& links, Digest Link::*from,
            Digest Link::*to, Ways& ways) {
  std::deque<Digest> open;
  for (const auto& [model, way] : ways) open.push_back(model);
  for (; !open.empty(); open.pop_front()) {
    for (const Link& link : links) {
      if (link.*from != open.front()) continue;
      std::vector<Digest> way = ways.at(link.*from);
      way.push_back(link.receipt);
      if (ways.emplace(link.*to, std::move(way)).second) {
        open.push_back(link.*to);
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<Sibling>> FindSiblings(
    const Digest& model, absl::Span<const ReceiptFile> receipts) {
  std::vector<Link> links;
  for (const ReceiptFile& file : receipts) {
    const absl::StatusOr<Link> link = ReadLink(file.text);
    if (!link.ok()) return AnnotateWithPath(link.status(), file.path);
    links.push_back(*link);
  }
  // In an order of their own, so that evidence doesn't depend on the caller's.
  std::vector<Link> ordered = links;
  std::sort(ordered.begin(), ordered.end(), [](const Link& a, const Link& b) {
    return a.receipt < b.receipt;
  });
  Ways ways = {{model, {}}};
  Follow(ordered, &Link::output, &Link::input, ways);
  Follow(ordered, &Link::input, &Link::output, ways);
  for (size_t i = 0; i < links.size(); ++i) {
    if (ways.count(links[i].input) > 0) continue;
    return AnnotateWithPath(
        absl::FailedPreconditionError(absl::StrCat(
            "Receipt is no part of a chain: its input ",
            links[i].input.ToString(), " is no sibling of model ",
            model.ToString())),
        receipts[i].path);
  }
  ways.erase(model);
  std::vector<Sibling> siblings;
  for (auto& [digest, way] : ways) siblings.push_back({digest, std::move(way)});
  return siblings;
}

absl::StatusOr<std::vector<Sibling>> FindSiblingsInFiles(
    const Digest& model, const std::vector<std::string>& paths) {
  std::vector<ReceiptFile> receipts;
  for (const std::string& path : paths) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    receipts.push_back({path, std::move(text)});
  }
  return FindSiblings(model, receipts);
}

}  // namespace pedigree
