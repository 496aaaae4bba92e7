#include "release/distribution/static_name_service.h"

#include <netdb.h>
#include <sys/socket.h>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(StaticNameServiceTest, TheCLibraryHasTheServices) {
  EXPECT_TRUE(UseBuiltInNameServices());
}

TEST(StaticNameServiceTest, NumericAddressesNeedNoService) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  ASSERT_EQ(getaddrinfo("127.0.0.1", "443", &hints, &found), 0);
  EXPECT_EQ(found->ai_family, AF_INET);
  freeaddrinfo(found);
}

}  // namespace
}  // namespace pedigree
