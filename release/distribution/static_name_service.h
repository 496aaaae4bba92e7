// Host names in programs that hold the C library.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_STATIC_NAME_SERVICE_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_STATIC_NAME_SERVICE_H_

namespace pedigree {

// Looks host names up in /etc/hosts and then by DNS, both of which the C library has
// inside, whatever /etc/nsswitch.conf says: modules that it names are shared
// libraries, which a static program can load only on a machine with the very C
// library that it was linked with. A program that is linked with this file does so
// before `main`. Returns whether the C library agreed.
bool UseBuiltInNameServices();

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_STATIC_NAME_SERVICE_H_
