#include "release/distribution/static_name_service.h"

#include <nss.h>

namespace pedigree {

bool UseBuiltInNameServices() {
  return __nss_configure_lookup("hosts", "files dns") == 0;
}

namespace {

[[maybe_unused]] const bool built_in_name_services = UseBuiltInNameServices();

}  // namespace
}  // namespace pedigree
