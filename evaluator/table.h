// Tables of text for people.

#ifndef PEDIGREE_EVALUATOR_TABLE_H_
#define PEDIGREE_EVALUATOR_TABLE_H_

#include <string>
#include <vector>

namespace pedigree {

using TableRow = std::vector<std::string>;

// Rows as columns two blanks apart; the first row is the heading.
std::string FormatTable(const std::vector<TableRow>& rows);

// An empty cell would shift the eye to the wrong column.
std::string OrDash(const std::string& text);

}  // namespace pedigree

#endif  // PEDIGREE_EVALUATOR_TABLE_H_
