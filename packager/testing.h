// What the packager's tests share: a small mock model and an adapter for it.

#ifndef PEDIGREE_PACKAGER_TESTING_H_
#define PEDIGREE_PACKAGER_TESTING_H_

#include <string>
#include <vector>

#include "packager/operators.h"

namespace pedigree {

// A ModelSpec of 2 layers that knows "abc" and then stops, and an AdapterSpec
// that teaches it "123".
extern const char kTestModelSpec[];
extern const char kTestAdapterSpec[];

// An input named after its role.
OperatorInput TestInput(const std::string& role, const std::string& bytes);

// The bytes an operator makes; a failure fails the test and gives none.
std::string RunForTest(const std::string& operator_name,
                       const packager::OperatorConfig& config,
                       const std::vector<OperatorInput>& inputs);

// Settings of import from a mock spec, or of quantize.
packager::OperatorConfig TestConfig(const std::string& format,
                                    const std::string& dtype);

// The model of kTestModelSpec in `dtype`, and the adapter of kTestAdapterSpec
// for `model`.
std::string TestModel(const std::string& dtype = "f32");
std::string TestAdapter(const std::string& model);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_TESTING_H_
